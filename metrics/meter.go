package metrics

import (
	"regexp"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"handrail/chat"
)

// Meter counts what more than one part of Handrail does. It is safe for concurrent use, and each call costs
// less than a microsecond.
type Meter struct {
	workspaces bool

	attempts      *prometheus.CounterVec
	acceptance    *prometheus.HistogramVec
	receipts      *prometheus.CounterVec
	receiptDelay  *prometheus.HistogramVec
	segments      *prometheus.CounterVec
	toolCalls     *prometheus.CounterVec
	toolCallTime  *prometheus.HistogramVec
	summaries     *prometheus.CounterVec
	summaryTokens *prometheus.CounterVec
	findings      *prometheus.CounterVec
	events        *prometheus.CounterVec
	webhookPosts  *prometheus.CounterVec
	failedNotices *prometheus.CounterVec
}

// NewMeter makes the counters and registers them; each series that is known beforehand is there at 0. Attempts
// are counted by workspace as well where that is asked for.
func NewMeter(registry prometheus.Registerer, workspaces bool) *Meter {
	m := &Meter{
		workspaces:    workspaces,
		attempts:      Attempts.newCounter(registry, workspaces),
		acceptance:    Acceptance.NewHistogram(registry),
		receipts:      Receipts.NewCounter(registry),
		receiptDelay:  ReceiptDelay.NewHistogram(registry),
		segments:      Segments.NewCounter(registry),
		toolCalls:     ToolCalls.NewCounter(registry),
		toolCallTime:  ToolCallTime.NewHistogram(registry),
		summaries:     Summaries.NewCounter(registry),
		summaryTokens: SummaryTokens.NewCounter(registry),
		findings:      SweepFindings.NewCounter(registry),
		events:        Events.NewCounter(registry),
		webhookPosts:  WebhookPosts.NewCounter(registry),
		failedNotices: FailedNotices.NewCounter(registry),
	}

	m.startDeliveries()
	m.startOthers()

	return m
}

// startDeliveries makes the series of each channel that something can be sent by. Those of attempts begin
// without a workspace, whose id nobody knows yet.
func (m *Meter) startDeliveries() {
	for _, channel := range SendingChannels() {
		spec := channel.Spec()
		provider := string(spec.Provider)

		m.acceptance.WithLabelValues(provider, string(channel))
		m.segments.WithLabelValues(provider)

		for _, outcome := range outcomes {
			m.attempts.WithLabelValues(
				Attempts.Values("", m.workspaces, provider, string(channel), string(outcome), "")...,
			)
		}

		if !spec.HasReceipt() {
			continue
		}

		m.receiptDelay.WithLabelValues(provider, string(channel))

		for _, status := range finalStatuses {
			m.receipts.WithLabelValues(provider, string(channel), string(status), "")
		}
	}
}

func (m *Meter) startOthers() {
	for _, kind := range []chat.ToolKind{chat.ToolHTTP, chat.ToolMCP} {
		m.toolCallTime.WithLabelValues(string(kind))

		for _, outcome := range toolOutcomes {
			m.toolCalls.WithLabelValues(string(kind), string(outcome))
		}
	}

	for _, result := range []string{resultSucceeded, resultFailed} {
		m.summaries.WithLabelValues(result)
	}

	m.summaryTokens.WithLabelValues("input")
	m.summaryTokens.WithLabelValues("output")

	for _, kind := range chat.SweepFindings() {
		m.findings.WithLabelValues(string(kind))
	}

	m.webhookPosts.WithLabelValues(resultArrived)

	for _, fault := range chat.WebhookFaults() {
		m.webhookPosts.WithLabelValues(string(fault))
	}

	for _, channel := range []chat.Channel{chat.ChannelEmail, chat.ChannelSMS} {
		m.failedNotices.WithLabelValues(string(channel))
	}

	for _, text := range chat.EventTypes() {
		m.events.WithLabelValues(string(text.Type))
	}
}

// SendingChannels are the channels that something can be sent by.
func SendingChannels() []chat.Channel {
	return slices.DeleteFunc(
		slices.Clone(chat.Channels()),
		func(c chat.Channel) bool { return c.Spec().Provider == "" },
	)
}

var outcomes = []chat.SubmissionOutcome{
	chat.OutcomeAccepted,
	chat.OutcomeNotProcessed,
	chat.OutcomeRejected,
	chat.OutcomeBlocked,
	chat.OutcomeSuppressed,
	chat.OutcomeUnknown,
	chat.OutcomeAborted,
}

var finalStatuses = []chat.DeliveryStatus{
	chat.StatusUnconfirmed,
	chat.StatusDelivered,
	chat.StatusUndelivered,
	chat.StatusBounced,
	chat.StatusFailed,
	chat.StatusCanceled,
	chat.StatusRead,
}

var toolOutcomes = []chat.ToolOutcomeKind{
	chat.ToolSucceeded,
	chat.ToolFailed,
	chat.ToolNotRun,
	chat.ToolUnknown,
}

// Results of summaries, and that of a post which has arrived.
const (
	resultSucceeded = "succeeded"
	resultFailed    = "failed"
	resultArrived   = "arrived"
)

// CountAttempt counts a post of a delivery, and what the carrier has said at a moment.
func (m *Meter) CountAttempt(ws chat.WorkspaceID, d *chat.Delivery, said *chat.Submission, at time.Time) {
	carrier := string(d.Provider)
	channel := string(d.Channel)

	m.attempts.WithLabelValues(
		Attempts.Values(string(ws), m.workspaces, carrier, channel, string(said.Outcome), codeLabel(said.ErrorCode))...,
	).Inc()

	if said.Outcome != chat.OutcomeAccepted {
		return
	}

	m.segments.WithLabelValues(carrier).Add(float64(said.Segments))

	if !d.CreatedAt.IsZero() {
		m.acceptance.WithLabelValues(carrier, channel).Observe(at.Sub(d.CreatedAt).Seconds())
	}
}

// CountReport counts a report that has given a delivery its final status, or another one.
func (m *Meter) CountReport(reported *chat.Reported, at time.Time) {
	if !reported.Settled {
		return
	}

	d := &reported.Snapshot
	m.countReceipt(d)

	if reported.AcceptedAt != nil {
		m.receiptDelay.
			WithLabelValues(string(d.Provider), string(d.Channel)).
			Observe(max(at.Sub(*reported.AcceptedAt), 0).Seconds())
	}
}

// CountUnconfirmed counts a delivery of which no final report has come in time.
func (m *Meter) CountUnconfirmed(d *chat.DeliverySnapshot) { m.countReceipt(d) }

func (m *Meter) countReceipt(d *chat.DeliverySnapshot) {
	m.receipts.WithLabelValues(
		string(d.Provider),
		string(d.Channel),
		string(d.DeliveryStatus),
		codeLabel(d.ErrorCode),
	).Inc()
}

// CountToolCall counts one try of a tool outside.
func (m *Meter) CountToolCall(kind chat.ToolKind, outcome chat.ToolOutcomeKind, took time.Duration) {
	m.toolCalls.WithLabelValues(string(kind), string(outcome)).Inc()
	m.toolCallTime.WithLabelValues(string(kind)).Observe(took.Seconds())
}

// CountSummary counts a run that has ended.
func (m *Meter) CountSummary(succeeded bool) {
	result := resultFailed
	if succeeded {
		result = resultSucceeded
	}

	m.summaries.WithLabelValues(result).Inc()
}

// CountTokens counts what a model was paid for.
func (m *Meter) CountTokens(u chat.Usage) {
	m.summaryTokens.WithLabelValues("input").Add(float64(u.InputTokens))
	m.summaryTokens.WithLabelValues("output").Add(float64(u.OutputTokens))
}

// CountFinding counts what a sweep has found.
func (m *Meter) CountFinding(f chat.SweepFinding) { m.findings.WithLabelValues(string(f)).Inc() }

// CountEvent counts an event of the log.
func (m *Meter) CountEvent(t chat.EventType) { m.events.WithLabelValues(string(t)).Inc() }

// CountWebhookPost counts a post to a webhook endpoint.
func (m *Meter) CountWebhookPost(answer *chat.WebhookAnswer) {
	result := string(answer.Fault)
	if answer.Arrived() {
		result = resultArrived
	}

	m.webhookPosts.WithLabelValues(result).Inc()
}

// CountFailedNotice counts a notice that has not reached its member.
func (m *Meter) CountFailedNotice(channel chat.Channel) {
	m.failedNotices.WithLabelValues(string(channel)).Inc()
}

// OtherCode stands for error codes that are not known: providers make up new ones, and each would be a series.
const OtherCode = "other"

// statusCode is a code that is an HTTP status.
var statusCode = regexp.MustCompile(`^(twilio|sendgrid)_[1-5][0-9][0-9]$`)

// ownCodes are those that Handrail itself gives attempts and reports.
var ownCodes = map[string]bool{
	"":                       true,
	"carrier_not_configured": true,
	chat.ErrorDialFailed:     true,
	chat.ErrorTimeout:        true,
	chat.ErrorConnectionLost: true,
	chat.ErrorIDTaken:        true,
	chat.ErrorNoMessageID:    true,
	chat.ErrorLeaseExpired:   true,
	chat.ErrorUnconfirmed:    true,
	chat.ErrorNotShown:       true,
}

// codeLabel is an error code as a label.
func codeLabel(code string) string {
	if _, known := chat.FindProviderCode(code); known || ownCodes[code] || statusCode.MatchString(code) {
		return code
	}

	return OtherCode
}
