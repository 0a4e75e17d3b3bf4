package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/api"
	"handrail/chat"
)

const (
	twilioStatus    = "/webhooks/twilio/status"
	twilioInbound   = "/webhooks/twilio/inbound"
	sendgridEvents  = "/webhooks/sendgrid/events"
	sendgridInbound = "/webhooks/sendgrid/inbound"
)

var webhookPaths = []string{twilioStatus, twilioInbound, sendgridEvents, sendgridInbound}

// signedCall is a call as its provider makes it.
func signedCall(path, body string) request {
	r := request{
		method: http.MethodPost,
		path:   path,
		key:    "-",
		body:   body,
	}

	return r.with(signedTwilio, goodSignature, signedSendGrid, goodSignature)
}

// notified collects what workflows were told; its channel has one entry for each.
func (w *world) notified() <-chan string {
	told := make(chan string, 100)
	w.engine.notify = func(_ context.Context, workflowID string, r chat.DeliverySnapshot) error {
		told <- fmt.Sprintf("%s %s", workflowID, r.DeliveryStatus)
		return nil
	}

	return told
}

func (w *world) metrics(t *testing.T) string {
	t.Helper()

	answer := httptest.NewRecorder()
	scrape := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	promhttp.HandlerFor(w.registry, promhttp.HandlerOpts{}).ServeHTTP(answer, scrape)

	return answer.Body.String()
}

func TestWebhooksAreStoredAndAnswered(t *testing.T) {
	t.Parallel()

	for path, test := range map[string]struct {
		status  int
		changes []string
		count   string
	}{
		twilioStatus:    {204, []string{"RecordReport one"}, `carrier="twilio",kind="status",result="taken"`},
		twilioInbound:   {200, []string{"ReceiveInbound one"}, `carrier="twilio",kind="inbound",result="taken"`},
		sendgridEvents:  {204, []string{"RecordReport one"}, `carrier="sendgrid",kind="events",result="taken"`},
		sendgridInbound: {204, []string{"ReceiveInbound one"}, `carrier="sendgrid",kind="inbound",result="taken"`},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			a := w.do(t, signedCall(path, "one"))
			require.Equal(t, test.status, a.StatusCode, a.raw)
			assert.Equal(t, test.changes, w.store.changed())
			assert.NotEmpty(t, a.Header.Get("X-Request-Id"))
			assert.Contains(t, w.metrics(t), "handrail_webhook_calls_total{"+test.count+"} 1")

			if path == twilioInbound {
				assert.Equal(t, "text/xml; charset=utf-8", a.Header.Get("Content-Type"))
				assert.Contains(t, a.raw, "<Response/>")
			} else {
				assert.Empty(t, a.raw)
			}
		})
	}
}

func TestTwilioIsHandedTheTargetAsItWasCalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	target := twilioStatus + "?d=01934f6e-7f4a-7d11-8a2c-2e3f4a5b6c7d&a=1&x=%2B+%c3%BC&d=2"
	require.Equal(t, http.StatusNoContent, w.do(t, signedCall(target, "one")).StatusCode)
	assert.Equal(t, target, w.twilio.target)
}

func TestUnsignedWebhooksChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	for _, path := range webhookPaths {
		for _, signature := range []string{"", "wrong"} {
			r := signedCall(path, "secret body").with(signedTwilio, signature, signedSendGrid, signature)
			requireProblem(t, w.do(t, r), http.StatusForbidden, "invalid_signature", "")
		}
	}

	w.requireUntouched(t)
	assert.Contains(t, w.metrics(t), `handrail_webhook_calls_total{carrier="twilio",kind="status",result="refused"} 2`)
	assert.Contains(t, w.log.String(), "a webhook was not taken")
	assert.Contains(t, w.log.String(), "checked for https://handrail.example")
	assert.NotContains(t, w.log.String(), "secret body")
}

func TestWebhooksThatCanNotBeRead(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	for _, path := range []string{twilioStatus, twilioInbound, sendgridEvents} {
		requireProblem(t, w.do(t, signedCall(path, "nonsense")), http.StatusBadRequest, "invalid_request", "body")
	}

	a := w.do(t, signedCall(sendgridInbound, "nonsense"))
	assert.Equal(t, http.StatusNoContent, a.StatusCode, "SendGrid would repeat it for three days")
	w.requireUntouched(t)

	assert.Contains(
		t,
		w.metrics(t),
		`handrail_webhook_calls_total{carrier="sendgrid",kind="inbound",result="unreadable"} 1`,
	)

	assert.Equal(t, 4, strings.Count(w.log.String(), "a webhook was not taken"), w.log.String())
	assert.NotContains(t, w.log.String(), "nonsense")
}

func TestCarriersTryAgainWhatIsNotStored(t *testing.T) {
	t.Parallel()

	for _, failure := range []error{errors.New("database is gone"), chat.Errorf(chat.CodeConflict, "for good")} {
		w := newWorld(t)

		w.store.fail = failure
		for _, path := range webhookPaths {
			a := w.do(t, signedCall(path, "one"))
			requireProblem(t, a, http.StatusServiceUnavailable, "unavailable", "")
			assert.Equal(t, true, a.json["retryable"])
			assert.Equal(t, "5", a.Header.Get("Retry-After"))
			assert.NotContains(t, a.raw, "database is gone")
		}
	}
}

func TestWebhooksThatAreNotEnabled(t *testing.T) {
	t.Parallel()

	w := newWorld(t, func(c *api.Config) { c.Twilio, c.SendGrid = nil, nil })
	for path, carrier := range map[string]string{twilioStatus: "Twilio", twilioInbound: "Twilio", sendgridEvents: "SendGrid", sendgridInbound: "SendGrid"} {
		a := w.do(t, signedCall(path, "one"))
		requireProblem(t, a, http.StatusNotFound, "not_found", "")
		assert.Equal(t, "webhooks of "+carrier+" are not enabled; set HANDRAIL_PUBLIC_URL", a.json["detail"])
	}

	w.requireUntouched(t)
}

// Each event is stored for itself; one that fails makes SendGrid repeat the batch.
func TestABatchOfEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	failing := true
	w.store.report = func(_ context.Context, r chat.Report) (chat.Reported, error) {
		if r.Key == "two" && failing {
			return chat.Reported{}, errors.New("deadlock")
		}

		return chat.Reported{Known: true, Repeated: r.Key != "two"}, nil
	}

	all := []string{"RecordReport one", "RecordReport two", "RecordReport three"}

	requireProblem(
		t,
		w.do(t, signedCall(sendgridEvents, "one\ntwo\nthree")),
		http.StatusServiceUnavailable,
		"unavailable",
		"",
	)

	assert.Equal(t, all, w.store.changed())

	failing = false

	require.Equal(t, http.StatusNoContent, w.do(t, signedCall(sendgridEvents, "one\ntwo\nthree")).StatusCode)
	assert.Equal(t, append(all, all...), w.store.changed())
}

func TestWhatReportsAreCountedAs(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	for _, test := range []struct {
		reported chat.Reported
		counted  string
	}{
		{chat.Reported{}, `handrail_webhook_orphans_total{carrier="twilio"} 1`},
		{chat.Reported{Known: true, Repeated: true}, `handrail_webhook_calls_total{carrier="twilio",kind="status",` +
			`result="repeated"} 1`},
		{chat.Reported{Known: true, Changed: true, Duplicate: true}, `handrail_webhook_calls_total{carrier="twilio",` +
			`kind="status",result="taken"} 1`},
	} {
		w.store.report = func(context.Context, chat.Report) (chat.Reported, error) { return test.reported, nil }
		require.Equal(t, http.StatusNoContent, w.do(t, signedCall(twilioStatus, "one")).StatusCode)
		assert.Contains(t, w.metrics(t), test.counted)
	}

	assert.Contains(t, w.log.String(), "a provider has taken a delivery twice")
	w.store.receive = func(context.Context, chat.Inbound) (chat.Arrival, error) { return chat.Arrival{}, nil }
	require.Equal(t, http.StatusOK, w.do(t, signedCall(twilioInbound, "one")).StatusCode)
	assert.Contains(t, w.metrics(t), `handrail_webhook_orphans_total{carrier="twilio"} 2`)
}

// A workflow is told what is worth a signal: all but the words in between.
func TestWorkflowsAreNotified(t *testing.T) {
	t.Parallel()

	accepted := func(carrier chat.DeliveryStatus) chat.DeliverySnapshot {
		return chat.DeliverySnapshot{DeliveryID: deliveryID, Submission: chat.SubmissionAccepted, DeliveryStatus: carrier}
	}

	for name, test := range map[string]struct {
		reported chat.Reported
		want     bool
	}{
		"the final status": {chat.Reported{
			Known:      true,
			Changed:    true,
			WorkflowID: "action:one",
			Snapshot:   accepted(chat.StatusDelivered),
		}, true},
		"a word in between": {chat.Reported{
			Known:      true,
			Changed:    true,
			Routine:    true,
			WorkflowID: "action:one",
			Snapshot:   accepted(chat.StatusSent),
		}, false},
		"the first proof": {chat.Reported{
			Known:      true,
			Changed:    true,
			WorkflowID: "action:one",
			Snapshot:   accepted(chat.StatusSent),
		}, true},
		"nothing new": {chat.Reported{Known: true, WorkflowID: "action:one", Snapshot: accepted(chat.StatusDelivered)}, false},
		"no workflow": {chat.Reported{Known: true, Changed: true, Snapshot: accepted(chat.StatusDelivered)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			told := w.notified()
			w.store.report = func(context.Context, chat.Report) (chat.Reported, error) { return test.reported, nil }
			require.Equal(t, http.StatusNoContent, w.do(t, signedCall(twilioStatus, "one")).StatusCode)
			// Whatever was begun is told before the end.
			require.NoError(t, w.app.Shutdown(t.Context()))
			require.Len(t, told, map[bool]int{true: 1}[test.want])

			if test.want {
				assert.Equal(t, fmt.Sprintf("action:one %s", test.reported.Snapshot.DeliveryStatus), <-told)
			}
		})
	}
}

func TestStoppedDeliveriesAreNotified(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	told := w.notified()

	w.store.receive = func(context.Context, chat.Inbound) (chat.Arrival, error) {
		return chat.Arrival{Known: true, Stopped: []string{"action:one", "action:two"}}, nil
	}

	require.Equal(t, http.StatusOK, w.do(t, signedCall(twilioInbound, "STOP")).StatusCode)
	assert.ElementsMatch(t, []string{"action:one ", "action:two "}, []string{<-told, <-told})
}

func TestNotificationsThatFail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.engine.notify = func(context.Context, string, chat.DeliverySnapshot) error { return errors.New("temporal is gone") }
	require.Equal(
		t,
		http.StatusNoContent,
		w.do(t, signedCall(twilioStatus, "one")).StatusCode,
		"the report is stored all the same",
	)

	require.NoError(t, w.app.Shutdown(t.Context()))
	assert.Contains(t, w.metrics(t), `handrail_notifications_dropped_total{why="failed"} 1`)
	assert.Contains(t, w.log.String(), "temporal is gone")
}

// When Temporal does not answer, calls are still answered, and the memory for
// notifications has an end.
func TestNotificationsThatAreTooMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begun, release := make(chan struct{}, 2000), make(chan struct{})
	w.engine.notify = func(context.Context, string, chat.DeliverySnapshot) error {
		begun <- struct{}{}

		<-release

		return nil
	}

	stopped := make([]string, 16)
	for i := range stopped {
		stopped[i] = "action:busy"
	}

	w.store.receive = func(context.Context, chat.Inbound) (chat.Arrival, error) {
		return chat.Arrival{Known: true, Stopped: stopped}, nil
	}

	require.Equal(t, http.StatusOK, w.do(t, signedCall(twilioInbound, "one")).StatusCode)

	for range 16 {
		<-begun
	}

	stopped = make([]string, 1030)
	for i := range stopped {
		stopped[i] = "action:waiting"
	}

	require.Equal(t, http.StatusOK, w.do(t, signedCall(twilioInbound, "two")).StatusCode)
	assert.Contains(t, w.metrics(t), `handrail_notifications_dropped_total{why="full"} 6`)
	close(release)
	require.NoError(t, w.app.Shutdown(t.Context()))
	assert.Len(t, begun, 1024, "what was waiting is told before the end")
}

func TestMailsMayBeLarge(t *testing.T) {
	t.Parallel()
	const largest = 35 << 20
	w := newWorld(t)
	address := w.serve(t)

	head := func(path, length, more string) string {
		return "POST " + path + " HTTP/1.1\r\nHost: x\r\n" + more + "Content-Type: multipart/form-data; " +
			"boundary=x\r\nContent-Length: " + length + "\r\n\r\n"
	}

	signature := signedSendGrid + ": " + goodSignature + "\r\n"

	// It must reach the fake byte for byte, and not as the form that is in it.
	mail := "--x\r\ncontent-disposition: form-data; name=\"email\"\r\n\r\n" + strings.Repeat(
		"x",
		3<<20,
	) + "\r\n--x--\r\n ignored"

	a := exchangeRaw(t, address, head(sendgridInbound, strconv.Itoa(len(mail)), signature)+mail)
	require.Equal(t, http.StatusNoContent, a.StatusCode, a.raw)
	assert.EqualValues(t, len(mail), w.sendgrid.bytes.Load())

	for name, raw := range map[string]string{
		"a mail that is too large":        head(sendgridInbound, strconv.Itoa(largest+1), signature),
		"a large mail that is not signed": head(sendgridInbound, "1048577", ""),
		"another path":                    head(sendgridEvents, "1048577", signature),
		"a path that begins so":           head(sendgridInbound+"/x", "1048577", signature),
		"the API":                         head(workspaceURL("/chats"), "1048577", signature),
	} {
		a := exchangeRaw(t, address, raw)
		assert.Equal(t, http.StatusRequestEntityTooLarge, a.StatusCode, "%s: %s", name, a.raw)
		limit := map[bool]int{true: largest, false: 1 << 20}[name == "a mail that is too large"]
		assert.Contains(t, a.raw, fmt.Sprintf("at most %d bytes", limit), name)
	}

	assert.Len(t, w.store.changed(), 1)
}

func TestOnlySomeMailsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begun, release := make(chan struct{}, 8), make(chan struct{})
	w.sendgrid.hold = func() {
		begun <- struct{}{}

		<-release
	}

	var calls sync.WaitGroup
	for range 8 {
		calls.Go(func() { assert.Equal(t, http.StatusNoContent, w.do(t, signedCall(sendgridInbound, "one")).StatusCode) })
	}

	for range 8 {
		<-begun
	}

	a := w.do(t, signedCall(sendgridInbound, "one too many"))
	requireProblem(t, a, http.StatusServiceUnavailable, "unavailable", "")
	assert.Equal(t, "5", a.Header.Get("Retry-After"))
	require.Equal(t, http.StatusNoContent, w.do(t, signedCall(sendgridEvents, "one")).StatusCode, "events are no mails")
	close(release)
	calls.Wait()
	assert.Equal(t, http.StatusNoContent, w.do(t, signedCall(sendgridInbound, "again")).StatusCode)
}
