package service_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/metrics"
	"handrail/sandbox"
)

// incident is something that went wrong at night, and that nobody was told of.
type incident struct {
	name string
	// play has it happen to a customer of its own, and returns what the log must name: the action, or the delivery or
	// other object where there is no action.
	play func(w *env, to customerOf) string
	// fault strikes what is sent to the customer.
	fault *sandbox.Fault
	// metric is a series that must grow.
	metric string
	// event is what the event log must tell, "" for what belongs to no workspace.
	event chat.EventType
	// says is what the line in the log must say, "" for its event.
	says string
}

// customerOf is the customer of one incident.
type customerOf struct {
	phone string
	chat  chat.ChatID
}

// Statuses of a send that a play may come to.
const (
	taken   = http.StatusOK
	waiting = http.StatusAccepted
	failed  = -1
)

// incidents are the seventeen of the night, in the order of N1 to N10, and one more that nobody was told of.
var incidents = []incident{
	{
		name:   "a send waits for an approval",
		play:   func(w *env, to customerOf) string { return w.sendCall(to, "refund") },
		metric: `handrail_events_total{type="approval.requested"}`,
		event:  chat.EventApprovalRequested,
	},
	{
		name:   "its approval expires",
		play:   func(w *env, to customerOf) string { return w.sendCall(to, "refund") },
		metric: `handrail_events_total{type="approval.decided"}`,
		event:  chat.EventApprovalDecided,
	},
	{
		name:   "a tool call may have had its effect",
		play:   func(w *env, to customerOf) string { return w.sendCall(to, "away") },
		metric: `handrail_tool_calls_open{state="unknown"}`,
		event:  chat.EventToolCallUnknown,
	},
	{
		name:   "a tool refuses",
		play:   func(w *env, to customerOf) string { return w.sendCall(to, "full") },
		metric: `handrail_tool_calls_total{kind="http",outcome="failed"}`,
		event:  chat.EventToolCallFailed,
	},
	{
		name:   "a colleague does not answer",
		play:   playSilentColleague,
		metric: `handrail_events_total{type="tool_call.failed"}`,
		event:  chat.EventToolCallFailed,
	},
	{
		name:   "the workflow of a delivery is terminated",
		play:   playTerminated,
		metric: `handrail_sweep_findings_total{kind="lost_workflow"}`,
		event:  chat.EventDeliverySettled,
	},
	{
		name:   "a message was sent twice",
		play:   playRetriedInReview,
		fault:  &sandbox.Fault{Kind: sandbox.FaultLate, Delay: 20 * time.Second, Times: 1},
		metric: `handrail_duplicates_confirmed_total{carrier="twilio"}`,
		event:  chat.EventChatNeedsResponse,
		says:   "a provider has taken a delivery twice",
	},
	{
		name:   "a message may have been sent twice",
		play:   playRetriedInReview,
		fault:  &sandbox.Fault{Kind: sandbox.FaultLate, Delay: time.Hour, Times: 1},
		metric: `handrail_duplicates_possible{carrier="twilio"}`,
		event:  chat.EventDeliveryNeedsReview,
	},
	{
		name:   "a bulk retry stops at its canary",
		play:   playBulkRetry,
		fault:  &sandbox.Fault{Kind: sandbox.FaultRefuse},
		metric: `handrail_bulk_retries_paused`,
		event:  chat.EventBulkRetryPaused,
	},
	{
		name:   "nobody knows whether a message was taken",
		play:   func(w *env, to customerOf) string { return w.sendTo(to, waiting) },
		fault:  &sandbox.Fault{Kind: sandbox.FaultLate, Delay: time.Hour},
		metric: `handrail_delivery_attempts_total{carrier="twilio",channel="phone-sms",code="connection_lost",outcome="unknown"}`,
		event:  chat.EventDeliveryUnknown,
	},
	{
		name:   "a person must decide",
		play:   func(w *env, to customerOf) string { return w.sendTo(to, waiting) },
		fault:  &sandbox.Fault{Kind: sandbox.FaultLate, Delay: time.Hour},
		metric: `handrail_deliveries{carrier="twilio",channel="phone-sms",status="needs_review"}`,
		event:  chat.EventDeliveryNeedsReview,
	},
	{
		name:   "the account is suspended",
		play:   playSuspended,
		metric: `handrail_breakers_open{carrier="sendgrid"}`,
		event:  chat.EventDeliveryBlocked,
	},
	{
		name:   "a message does not arrive",
		play:   func(w *env, to customerOf) string { return w.sendTo(to, taken) },
		fault:  &sandbox.Fault{Kind: sandbox.Undelivered},
		metric: `handrail_delivery_receipts_total{carrier="twilio",channel="phone-sms",code="twilio_30003",status="undelivered"}`,
		event:  chat.EventDeliveryUndelivered,
	},
	{
		name:   "the recipient has opted out",
		play:   func(w *env, to customerOf) string { return w.sendTo(to, failed) },
		fault:  &sandbox.Fault{Kind: sandbox.FaultOptedOut},
		metric: `handrail_delivery_attempts_total{carrier="twilio",channel="phone-sms",code="twilio_21610",outcome="suppressed"}`,
		event:  chat.EventDeliverySettled,
	},
	{
		name:   "the provider refuses a message for good",
		play:   func(w *env, to customerOf) string { return w.sendTo(to, failed) },
		fault:  &sandbox.Fault{Kind: sandbox.FaultRefuse},
		metric: `handrail_delivery_attempts_total{carrier="twilio",channel="phone-sms",code="twilio_21614",outcome="rejected"}`,
		event:  chat.EventDeliverySettled,
	},
	{
		name:   "a customer may have asked for no more messages",
		play:   playPossibleOptOut,
		metric: `handrail_events_total{type="chat.possible_opt_out"}`,
		event:  chat.EventChatPossibleOptOut,
	},
	{
		name:   "a webhook's signature is wrong",
		play:   playForgedWebhook,
		metric: `handrail_webhook_calls_total{carrier="twilio",kind="status",result="refused"}`,
		says:   "a webhook was not taken",
	},
	{
		name:   "a message is held, and nothing tries it again",
		play:   playMovedOn,
		fault:  &sandbox.Fault{Kind: "rate_limit", Delay: 2 * time.Second, Times: 1},
		metric: `handrail_events_total{type="delivery.needs_review"}`,
		event:  chat.EventDeliveryNeedsReview,
	},
}

// TestNobodyMissesWhatHappensAtNight plays the seventeen incidents of the night paper and one more, and holds that each makes a
// metric grow, an event, and a line in the log above INFO that names the action, or what there is instead.
func TestNobodyMissesWhatHappensAtNight(t *testing.T) {
	t.Parallel()
	require.Len(t, incidents, 18)

	d := newDesk(t)
	d.answers(answerAtNight)

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", allowHost(d.Server), withEncryption, atNight)
	for _, tool := range []string{"away", "full"} {
		w.defineTool(httpTool(d, tool))
	}

	w.defineTool(httpTool(d, "refund", map[string]any{"risk": "approval"}))

	// It is told of nothing: its metrics are there from the start.
	endpoint := map[string]any{"url": d.URL, "types": []string{"sender.restored"}}
	require.Equal(t, http.StatusCreated, w.call("POST", "/webhook-endpoints", endpoint).status)

	before := w.scrape()
	names := make([]string, len(incidents))

	customers := w.customersAtNight()
	for i, to := range customers {
		names[i] = incidents[i].play(w, to)
	}

	for i := range incidents {
		t.Run(incidents[i].name, func(t *testing.T) {
			one := w.within(t)
			one.checkEvent(&incidents[i], names[i], customers[i])
			one.checkWarning(&incidents[i], names[i])
			one.checkMetric(&incidents[i], before)
		})
	}

	t.Run("the table is what is served", func(t *testing.T) { w.within(t).checkTable() })
}

// atNight has things happen within seconds that take minutes and hours otherwise.
func atNight(c *config.Config) {
	c.LogLevel = "warn"
	c.Settle = time.Second
	c.StaleAfter = time.Second
	c.ApprovalWithin = 3 * time.Second
}

func answerAtNight(call deskCall, answer http.ResponseWriter) {
	switch {
	case strings.Contains(call.path, "away"):
		answer.WriteHeader(http.StatusBadGateway)
	case strings.Contains(call.path, "full"):
		http.Error(answer, `{"detail":"full"}`, http.StatusConflict)
	default:
		_, _ = io.WriteString(answer, `{}`)
	}
}

// nightPatience is how long the signs of an incident may take. Figures of the database are up to ten seconds old, and a
// busy machine takes its time.
const nightPatience = time.Minute

// checkEvent waits for the event of an incident.
func (w *env) checkEvent(i *incident, name string, of customerOf) {
	w.Helper()

	if i.event == "" {
		return
	}

	isTold := holdsWithin(nightPatience, func() bool {
		list := w.call("GET", fmt.Sprintf("/events?types=%s&limit=100", i.event), nil)
		items, _ := list.at("items").([]any)

		return strings.Contains(list.raw, name) || slices.ContainsFunc(items, func(item any) bool {
			return item.(map[string]any)["chat_id"] == float64(of.chat)
		})
	})
	assert.True(w, isTold, "no event %s of %s", i.event, name)
}

// checkWarning waits for the line above INFO that names an incident.
func (w *env) checkWarning(i *incident, name string) {
	w.Helper()

	says := i.says
	if says == "" {
		says = "event=" + string(i.event)
	}

	isLogged := holdsWithin(nightPatience, func() bool {
		for line := range strings.Lines(w.log.String()) {
			isLoud := strings.Contains(line, " WRN ") || strings.Contains(line, " ERR ")
			if isLoud && strings.Contains(line, says) && strings.Contains(line, name) {
				return true
			}
		}

		return false
	})
	assert.True(w, isLogged, "no warning of %s: %s", name, i.name)
}

// checkMetric waits until the series of an incident has grown: figures of the database are up to ten seconds old.
func (w *env) checkMetric(i *incident, before map[string]float64) {
	w.Helper()

	hasGrown := holdsWithin(nightPatience, func() bool { return w.scrape()[i.metric] > before[i.metric] })
	assert.True(w, hasGrown, "%s does not move", i.metric)
}

// checkTable compares what is served with the table that docs/metrics.md is written from.
func (w *env) checkTable() {
	w.Helper()

	families := w.families()

	for _, d := range metrics.All() {
		family, served := families[d.Name]
		if d == metrics.MissingKey {
			assert.False(w, served, "no key is missing")
			continue
		}

		if !assert.True(w, served, "%s is not served", d.Name) {
			continue
		}

		assert.Equal(w, strings.ToUpper(string(d.Kind)), family.GetType().String(), d.Name)
		assert.Equal(w, d.Help, family.GetHelp(), d.Name)

		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, label.GetName())
			}

			assert.ElementsMatch(w, d.Labels, labels, d.Name)
		}

		delete(families, d.Name)
	}

	for name := range families {
		assert.Regexp(w, "^(temporal|go|process|promhttp)_", name, "%s is not in the table", name)
	}

	for _, name := range []string{
		"temporal_workflow_task_schedule_to_start_latency_seconds",
		"temporal_num_pollers",
		"temporal_sticky_cache_size",
		"temporal_request_total",
		"go_goroutines",
		"process_open_fds",
	} {
		assert.Contains(w, families, name)
	}
}

// families reads all metrics that are served.
func (w *env) families() map[string]*dto.MetricFamily {
	w.Helper()

	request, err := http.NewRequestWithContext(w.Context(), http.MethodGet, "http://"+w.metrics+"/metrics", nil)
	require.NoError(w, err)

	answer, err := (&http.Client{}).Do(request)
	require.NoError(w, err)

	defer answer.Body.Close()

	parser := expfmt.NewTextParser(model.UTF8Validation)

	families, err := parser.TextToMetricFamilies(answer.Body)
	require.NoError(w, err)

	return families
}

// scrape reads all series, by name and labels as Prometheus writes them.
func (w *env) scrape() map[string]float64 {
	w.Helper()

	series := map[string]float64{}

	for name, family := range w.families() {
		for _, metric := range family.GetMetric() {
			labels := model.LabelSet{}
			for _, label := range metric.GetLabel() {
				labels[model.LabelName(label.GetName())] = model.LabelValue(label.GetValue())
			}

			full := name
			if len(labels) > 0 {
				full += strings.ReplaceAll(labels.String(), ", ", ",")
			}

			series[full] = metric.GetCounter().GetValue() + metric.GetGauge().GetValue() +
				float64(metric.GetHistogram().GetSampleCount())
		}
	}

	return series
}

// TestALineAboveInfoIsForAPerson holds that the log says nothing above INFO of a day on which nothing went wrong:
// messages by SMS and mail with tool calls, their receipts, answers, STOP and START, a summary, and the end.
func TestALineAboveInfoIsForAPerson(t *testing.T) {
	t.Parallel()

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", func(c *config.Config) { c.LogLevel = "warn" })

	for _, id := range []chat.ChatID{w.people.sms.ID, w.people.email.ID} {
		body := sendBody("On its way.", newToolCall("add_label", map[string]any{"label": "vip"}))
		r := w.call("POST", sendPath(id), body)
		require.Equal(t, http.StatusOK, r.status, r.raw)
		w.awaitSettled(r.at("action_id"))
	}

	for _, text := range []string{"Thank you!", "STOP", "START"} {
		w.replies("+14155550101", text)
	}

	summary := w.summarize("")
	require.Equal(t, http.StatusOK, summary.status, summary.raw)
	w.stopped()

	assert.Empty(t, w.log.String())
}
