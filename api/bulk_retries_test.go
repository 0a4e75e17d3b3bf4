package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

var (
	bulkRequest = request{
		method: http.MethodPost,
		path:   workspaceURL("/deliveries/retry"),
		body:   `{"status":"undelivered","error_code":"twilio_30003","reason":"The outage is over."}`,
	}
	bulkPath = workspaceURL("/bulk-retries/" + string(actionOne))
)

func TestBulkRetryThatOnlyCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := bulkRequest
	r.body = `{"dry_run":true,"channel":"phone-sms","chat_id":7,"sender":"phone:12","since":"2026-11-22T10:00:00+01:00",` +
		`"until":"2026-11-22T12:00:00Z"}`
	a := w.do(t, r)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	assert.JSONEq(t, `{"dry_run":true,"count":5,"may_duplicate":1,"groups":[
		{"sender":"phone:12","status":"undelivered","error_code":"twilio_30003","count":3,"may_duplicate":1},
		{"sender":"phone:13","status":"rejected","error_code":"twilio_21614","count":2,"may_duplicate":0}
	],"judged":5,"skipped":2,"skipped_by_reason":{"the recipient has opted out":2},"overlaps":[]}`, a.raw)

	since := time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)
	assert.Equal(t, chat.DeliveryFilter{
		Channel: chat.ChannelSMS,
		ChatID:  7,
		Sender:  "phone:12",
		Since:   &since,
		Until:   &noon,
	}, w.store.deliveryFilter)

	w.requireUntouched(t)
}

func TestBulkRetry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(t, bulkRequest)
	require.Equal(t, http.StatusAccepted, a.StatusCode, a.raw)
	assert.Equal(t, bulkPath, a.Header.Get("Location"))
	assert.Equal(t, string(actionOne), a.json["id"])
	assert.Equal(t, "running", a.json["state"])
	assert.EqualValues(t, 40, a.json["selected"])

	asked := w.engine.all()[0].(chat.NewBulkRetry)
	assert.Equal(t, chat.DeliveryFilter{Status: "undelivered", ErrorCode: "twilio_30003"}, asked.Filter)
	assert.Equal(t, []int{5, 5, 20}, []int{asked.Rate, asked.Canary, int(asked.Failures)})
	assert.Equal(t, "The outage is over.", asked.Reason)
	assert.Equal(t, home, asked.WorkspaceID)
	assert.Equal(t, chat.MemberID(1), asked.By.MemberID)

	assert.False(t, asked.AcknowledgeDuplicate)

	r := bulkRequest

	r.body = `{"status":"undelivered","rate_per_second":50,"canary":0,"reason":"r","acknowledge_duplicate":true}`
	require.Equal(t, http.StatusAccepted, w.do(t, r).StatusCode)
	asked = w.engine.all()[1].(chat.NewBulkRetry)
	assert.True(t, asked.AcknowledgeDuplicate)
	assert.Equal(t, []int{50, 0}, []int{asked.Rate, asked.Canary})
}

// TestABulkRetryThatOverlapsIsToldBeforeItBegins: nothing is started, and the other is named.
func TestABulkRetryThatOverlapsIsToldBeforeItBegins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.overlaps = []chat.BulkOverlap{{ID: actionOne, State: chat.BulkPaused, Count: 147}}

	dry := bulkRequest
	dry.body = `{"dry_run":true,"status":"undelivered"}`
	a := w.do(t, dry)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, []any{map[string]any{
		"bulk_retry_id": string(actionOne),
		"state":         "paused",
		"count":         147.0,
	}}, a.json["overlaps"])

	a = w.do(t, bulkRequest)
	requireProblem(t, a, http.StatusConflict, "bulk_retry_overlaps", "")
	assert.Contains(t, a.raw, string(actionOne))
	assert.Contains(t, a.raw, "147")
	w.requireUntouched(t)

	both := bulkRequest
	both.body = `{"status":"undelivered","allow_overlap":true,"pause_at_failure_percent":50,"reason":"r"}`
	a = w.do(t, both)
	require.Equal(t, http.StatusAccepted, a.StatusCode, a.raw)

	asked := w.engine.all()[0].(chat.NewBulkRetry)
	assert.True(t, asked.AllowOverlap)
	assert.Equal(t, chat.FailureLimit(50), asked.Failures)
}

func TestWhatABulkRetryHasBegunAndSkippedIsListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(t, request{method: http.MethodGet, path: bulkPath + "/skipped?limit=1"})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, map[string]any{
		"delivery_id": string(deliveryID),
		"reason":      "the provider has it",
	}, a.json["items"].([]any)[0])
	assert.Equal(t, "more", a.json["next_cursor"])

	a = w.do(t, request{method: http.MethodGet, path: bulkPath + "/skipped?reason=the+provider+has+it"})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, "the provider has it", w.store.skipFilter.Reason)
	assert.Equal(t, actionOne, w.store.skipFilter.BulkRetryID)

	list := request{method: http.MethodGet, path: workspaceURL("/deliveries?sender=inbox:3")}
	require.Equal(t, http.StatusOK, w.do(t, list).StatusCode)
	assert.Equal(t, "inbox:3", w.store.deliveryFilter.Sender)

	list.path = workspaceURL("/deliveries?sender=ana@example.com")
	requireProblem(t, w.do(t, list), http.StatusBadRequest, "invalid_request", "query.sender")

	list = request{method: http.MethodGet, path: workspaceURL("/deliveries?bulk_retry_id=" + string(actionOne))}
	require.Equal(t, http.StatusOK, w.do(t, list).StatusCode)
	assert.Equal(t, actionOne, w.store.deliveryFilter.BulkRetryID)

	list.path = workspaceURL("/deliveries?bulk_retry_id=seven")
	requireProblem(t, w.do(t, list), http.StatusBadRequest, "invalid_request", "query.bulk_retry_id")
}

func TestBulkRetriesThatAreWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	for body, field := range map[string]string{
		`{"reason":"r"}`:                                                               "body",
		`{"dry_run":true}`:                                                             "body",
		`{"status":"undelivered"}`:                                                     "reason",
		`{"status":"lost","reason":"r"}`:                                               "status",
		`{"channel":"fax","reason":"r"}`:                                               "channel",
		`{"sender":"+14155550123","reason":"r"}`:                                       "sender",
		`{"chat_id":0,"reason":"r"}`:                                                   "chat_id",
		`{"chat_id":7,"rate_per_second":0,"reason":"r"}`:                               "rate_per_second",
		`{"chat_id":7,"rate_per_second":51,"reason":"r"}`:                              "rate_per_second",
		`{"chat_id":7,"canary":101,"reason":"r"}`:                                      "canary",
		`{"chat_id":7,"pause_at_failure_percent":0,"reason":"r"}`:                      "pause_at_failure_percent",
		`{"chat_id":7,"pause_at_failure_percent":101,"reason":"r"}`:                    "pause_at_failure_percent",
		`{"since":"yesterday","reason":"r"}`:                                           "since",
		`{"since":"2026-11-22T10:00:00Z","until":"2026-11-22T10:00:00Z","reason":"r"}`: "until",
		`{"chat_id":7,"reason":"` + strings.Repeat("ü", 501) + `"}`:                    "reason",
		`{"chat_id":7,"ids":["` + string(deliveryID) + `"],"reason":"r"}`:              "ids",
	} {
		r := bulkRequest
		r.body = body
		requireProblem(t, w.do(t, r), http.StatusBadRequest, "invalid_request", field)
	}

	w.requireUntouched(t)
}

func TestBulkRetryUnderAKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	missing := func(chat.ActionID) (chat.BulkRetry, error) {
		return chat.BulkRetry{}, chat.Errorf(chat.CodeBulkRetryNotFound, "there is no such bulk retry")
	}

	w.store.bulk = missing
	keyed := bulkRequest.with("Idempotency-Key", "k-1")
	a := w.do(t, keyed)
	require.Equal(t, http.StatusAccepted, a.StatusCode, a.raw)
	assert.Empty(t, a.Header.Get("Idempotency-Replayed"))

	first := w.engine.all()[0].(chat.NewBulkRetry)
	assert.Equal(t, "k-1", first.IdempotencyKey)

	w.store.bulk = func(chat.ActionID) (chat.BulkRetry, error) {
		run := bulkRun()
		run.NewBulkRetry = first

		return run, nil
	}

	a = w.do(t, keyed)
	require.Equal(t, http.StatusAccepted, a.StatusCode, a.raw)
	assert.Equal(t, "true", a.Header.Get("Idempotency-Replayed"))
	assert.EqualValues(t, 12, a.json["begun"], "it answers with the present state")

	keyed.body = `{"status":"undelivered","chat_id":7,"error_code":"twilio_30003","reason":"The outage is over."}`
	requireProblem(t, w.do(t, keyed), http.StatusConflict, "idempotency_key_reused", "chat_id")
	assert.Len(t, w.engine.all(), 1)

	w.store.bulk = func(chat.ActionID) (chat.BulkRetry, error) { return chat.BulkRetry{}, errors.New("database is gone") }
	requireProblem(t, w.do(t, keyed), http.StatusInternalServerError, "internal", "")
}

func TestBulkRetryThatBeginsSlowly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.engine.bulk = func(context.Context, chat.NewBulkRetry) (chat.Answer[chat.BulkRetry], error) {
		return chat.Answer[chat.BulkRetry]{}, chat.ErrStillRunning
	}

	a := w.do(t, bulkRequest.with("Prefer", "respond-async"))
	require.Equal(t, http.StatusAccepted, a.StatusCode, a.raw)
	assert.Equal(t, bulkPath, a.Header.Get("Location"))
	assert.Equal(t, "running", a.json["state"])
	assert.Equal(t, "respond-async", a.Header.Get("Preference-Applied"))
	assert.Equal(t, []time.Duration{0}, w.engine.waits)

	w.engine.bulk = func(context.Context, chat.NewBulkRetry) (chat.Answer[chat.BulkRetry], error) {
		return chat.Answer[chat.BulkRetry]{}, chat.Errorf(chat.CodeUnavailable, "Temporal does not answer")
	}

	requireProblem(t, w.do(t, bulkRequest), http.StatusServiceUnavailable, "unavailable", "")
}

func TestBulkRetriesAreShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(t, request{method: http.MethodGet, path: bulkPath})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	assert.JSONEq(t, `{
		"id": "`+string(actionOne)+`", "state": "running", "note": "", "filter": {"status": "undelivered"}, "rate_per_second": 5, "canary": 5,
		"pause_at_failure_percent": 20, "skipped_by_reason": {"the provider has it": 1}, "reason": "outage", "member_id": 1, "selected": 40, "begun": 12, "skipped": 1, "by_status": {"delivered": 9, "undelivered": 1, "pending": 2},
		"attempted": 10, "failed": 1, "next": ["pause", "change_rate", "cancel"],
		"workflow_id": "action:bulk", "created_at": "2026-11-22T12:00:00Z", "updated_at": "2026-11-22T12:00:00Z",
		"acknowledge_duplicate": false
	}`, a.raw)

	a = w.do(t, request{method: http.MethodGet, path: workspaceURL("/bulk-retries?limit=5")})
	assert.Len(t, a.json["items"], 1)
	assert.Equal(t, "older", a.json["next_cursor"])
}

func TestBulkRetriesAreMoved(t *testing.T) {
	t.Parallel()

	for verb, state := range map[string]chat.BulkState{"pause": chat.BulkPaused, "resume": chat.BulkRunning, "cancel": chat.BulkCanceled} {
		w := newWorld(t)
		told := w.notified()
		r := request{method: http.MethodPost, path: bulkPath + "/" + verb, body: `{"reason":" Too fast. "}`}
		a := w.do(t, r)
		require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
		assert.Equal(t, string(state), a.json["state"])
		assert.Equal(t, []any{state, "Too fast."}, []any{w.store.bulkState, w.store.bulkNote})
		require.Len(t, told, 1, "the workflow is told before the answer")
		assert.Equal(t, "action:bulk ", <-told)

		// A paused run waits for nothing else, so whoever asked must know, and ask again.
		w.engine.notify = func(context.Context, string, chat.DeliverySnapshot) error { return errors.New("temporal is gone") }
		a = w.do(t, r)
		requireProblem(t, a, http.StatusServiceUnavailable, "unavailable", "")
		assert.Equal(t, true, a.json["retryable"])

		w.store.fail = chat.Errorf(chat.CodeConflict, "it is finished")
		requireProblem(t, w.do(t, r), http.StatusConflict, "conflict", "")
		r.body = `{"reason":" "}`
		requireProblem(t, w.do(t, r), http.StatusBadRequest, "invalid_request", "reason")
	}
}

func TestABulkRetryGoesOnAtAnotherRate(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	r := request{method: http.MethodPatch, path: bulkPath, body: `{"reason":"Faster.","rate_per_second":20}`}
	require.Equal(t, http.StatusOK, w.do(t, r).StatusCode)
	assert.Equal(t, 20, w.store.bulkRate)
	assert.Empty(t, w.store.bulkState, "it stays as it is")

	for _, wrong := range []string{"0", "51", `"5"`} {
		r.body = `{"rate_per_second":` + wrong + `}`
		requireProblem(t, w.do(t, r), http.StatusBadRequest, "invalid_request", "rate_per_second")
	}

	r.body = `{"reason":"Faster."}`
	requireProblem(t, w.do(t, r), http.StatusBadRequest, "invalid_request", "rate_per_second")
}

func TestABulkRetryAsAnAction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	state := chat.ActionRunning
	w.engine.action = func(chat.ActionID) (chat.Action, error) {
		return chat.Action{
			ID:          actionOne,
			WorkspaceID: home,
			Kind:        chat.ActionRetryDeliveries,
			State:       state,
			CreatedAt:   noon,
			UpdatedAt:   noon,
		}, nil
	}

	a := w.do(t, request{method: http.MethodGet, path: location})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, "retry_deliveries", a.json["kind"])

	state = chat.ActionSucceeded
	a = w.do(t, request{method: http.MethodGet, path: location})
	assert.EqualValues(t, 12, a.json["result"].(map[string]any)["begun"], a.raw)
}

func TestSuppressions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/suppressions")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	assert.Equal(t, map[string]any{
		"id":             9.0,
		"channel":        "phone-sms",
		"sender":         "phone:1",
		"sender_address": "+14155550100",
		"address":        "+14155550123",
		"reason":         "opt_out",
		"created_at":     "2026-11-22T12:00:00Z",
	}, a.json["items"].([]any)[0])

	lift := request{method: http.MethodDelete, path: workspaceURL("/suppressions/9?reason=+She+asks+for+it.+")}
	require.Equal(t, http.StatusNoContent, w.do(t, lift).StatusCode)
	assert.Equal(t, []string{"LiftSuppression"}, w.store.changed())
	assert.Equal(t, chat.SuppressionLift{ID: 9, Reason: "She asks for it."}, w.store.lift)
	w.store.fail = chat.Errorf(chat.CodeSuppressionNotFound, "there is no suppression 9")
	requireProblem(t, w.do(t, lift), http.StatusNotFound, "suppression_not_found", "")
}
