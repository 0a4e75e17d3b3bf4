package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

var (
	deliveryPath = workspaceURL("/deliveries/" + string(deliveryID))
	retryRequest = request{
		method: http.MethodPost,
		path:   deliveryPath + "/retry",
		body:   `{"to":"+14155550124","reason":"Another number."}`,
	}
)

// deliveryOn makes the store know a delivery on a channel.
func (w *world) deliveryOn(channel chat.Channel, submission chat.SubmissionState) {
	w.store.delivery = func(chat.DeliveryID) (chat.Delivery, error) {
		d := unknownDelivery()
		d.Channel, d.Submission = channel, submission
		d.Provider = channel.Spec().Provider

		return d, nil
	}
}

func TestRetry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(t, retryRequest)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	assert.JSONEq(t, `{
		"success": true,
		"delivery": {"id": "`+string(secondDelivery)+`", "channel": "phone-sms", "status": "accepted", "provider": "twilio", "provider_message_id": "SM2", "segments": 1},
		"retry_of": "`+string(deliveryID)+`",
		"action_id": "`+string(actionOne)+`"
	}`, a.raw)

	asked := w.engine.all()[0].(chat.RetryDelivery)
	assert.Equal(t, deliveryID, asked.DeliveryID)
	assert.Equal(t, chatOne, asked.ChatID)
	assert.Equal(t, chat.Change{To: "+14155550124"}, asked.Change)
	assert.Equal(t, "Another number.", asked.Reason)
	assert.Equal(t, chat.MemberID(1), asked.By.MemberID)

	assert.Equal(
		t,
		[]string{"acknowledge_duplicate", "action", "body", "chat_id", "delivery_id", "reason", "sender", "to"},
		asked.Fingerprint.Fields(),
	)

	assert.Empty(t, w.store.changed(), "retrying is the engine's work")

	plain := retryRequest
	plain.body = `{}`
	require.Equal(t, http.StatusOK, w.do(t, plain).StatusCode, "a retry without a change needs no reason")
}

// TestARetryThatMaySendTwiceNeedsAnAcknowledgment is refused with the fields that it lacks, before anything
// is begun. Where no second copy is possible, the field is ignored.
func TestARetryThatMaySendTwiceNeedsAnAcknowledgment(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		submission chat.SubmissionState
		body       string
		fields     []string
	}{
		{chat.SubmissionNeedsReview, `{}`, []string{"acknowledge_duplicate", "reason"}},
		{chat.SubmissionNeedsReview, `{"reason":"r"}`, []string{"acknowledge_duplicate"}},
		{chat.SubmissionNeedsReview, `{"reason":"r","acknowledge_duplicate":false}`, []string{"acknowledge_duplicate"}},
		{chat.SubmissionNeedsReview, `{"acknowledge_duplicate":true}`, []string{"reason"}},
		{chat.SubmissionNeedsReview, `{"reason":"r","acknowledge_duplicate":true}`, nil},
		{chat.SubmissionExpired, `{"reason":"r"}`, []string{"acknowledge_duplicate"}},
		{chat.SubmissionAbandoned, `{"reason":"r"}`, []string{"acknowledge_duplicate"}},
		{chat.SubmissionRejected, `{}`, nil},
		{chat.SubmissionRejected, `{"acknowledge_duplicate":true}`, nil},
	} {
		w := newWorld(t)
		w.deliveryOn(chat.ChannelSMS, test.submission)

		r := retryRequest
		r.body = test.body
		a := w.do(t, r)

		if len(test.fields) == 0 {
			require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

			continue
		}

		requireProblem(t, a, http.StatusBadRequest, "invalid_request", "")
		assert.Equal(t, test.fields, fieldsOf(a), test.body)
		assert.Contains(t, a.json["detail"], "twice")
		w.requireUntouched(t)
	}
}

// TestARepeatedRetryIsNotAskedForAnAcknowledgment has the delivery become one that may have been sent after
// the retry was asked for: the same request is told what became of it.
func TestARepeatedRetryIsNotAskedForAnAcknowledgment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deliveryOn(chat.ChannelSMS, chat.SubmissionRejected)

	r := retryRequest.with("Idempotency-Key", "k-1")
	require.Equal(t, http.StatusOK, w.do(t, r).StatusCode)

	action := chat.Action{
		ID:          actionOne,
		WorkspaceID: home,
		Kind:        chat.ActionRetryDelivery,
		ChatID:      chatOne,
		State:       chat.ActionParked,
		Fingerprint: w.engine.all()[0].(chat.RetryDelivery).Fingerprint,
	}

	w.store.action = func(chat.ActionID) (chat.Action, error) { return action, nil }
	w.deliveryOn(chat.ChannelSMS, chat.SubmissionNeedsReview)

	a := w.do(t, r)
	require.Less(t, a.StatusCode, http.StatusBadRequest, a.raw)
	assert.Equal(t, "true", a.Header.Get("Idempotency-Replayed"))
}

// TestWhatIsOfferedSaysWhatItNeeds has the delivery say which fields a retry must have.
func TestWhatIsOfferedSaysWhatItNeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deliveryOn(chat.ChannelSMS, chat.SubmissionNeedsReview)

	a := w.do(t, request{method: http.MethodGet, path: deliveryPath})
	assert.Equal(t, []any{"retry", "resolve", "look_up"}, a.json["next"])
	assert.Equal(t, []any{"reason", "acknowledge_duplicate"}, a.json["retry_needs"])
	assert.Equal(t, "none", a.json["duplicate"])

	w.deliveryOn(chat.ChannelSMS, chat.SubmissionRejected)
	a = w.do(t, request{method: http.MethodGet, path: deliveryPath})
	assert.Equal(t, []any{"retry"}, a.json["next"])
	assert.NotContains(t, a.json, "retry_needs")
}

// TestDeliveriesAreFilteredByDuplicate takes the two kinds that there are to find.
func TestDeliveriesAreFilteredByDuplicate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/deliveries?duplicate=confirmed,possible")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, chat.DuplicateFilter{Possible: true, Confirmed: true}, w.store.deliveryFilter.Duplicate)

	wrong := request{method: http.MethodGet, path: workspaceURL("/deliveries?duplicate=none")}
	requireProblem(t, w.do(t, wrong), http.StatusBadRequest, "invalid_request", "query.duplicate")
}

func TestRetriesThatAreWrong(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		channel chat.Channel
		body    string
		code    string
		field   string
	}{
		{chat.ChannelSMS, `{"to":"ana@example.com","reason":"r"}`, "invalid_request", "to"},
		{chat.ChannelSMS, `{"to":"4155550124","reason":"r"}`, "invalid_request", "to"},
		{chat.ChannelEmail, `{"to":"+14155550124","reason":"r"}`, "invalid_request", "to"},
		{chat.ChannelWeb, `{"to":"+14155550124","reason":"r"}`, "invalid_request", "to"},
		{chat.ChannelSMS, `{"sender":"inbox:3","reason":"r"}`, "invalid_request", "sender"},
		{chat.ChannelSMS, `{"sender":"phone:0","reason":"r"}`, "invalid_request", "sender"},
		{chat.ChannelSMS, `{"sender":"phone:012","reason":"r"}`, "invalid_request", "sender"},
		{chat.ChannelSMS, `{"sender":"+14155550100","reason":"r"}`, "invalid_request", "sender"},
		{chat.ChannelEmail, `{"sender":"phone:1","reason":"r"}`, "invalid_request", "sender"},
		{chat.ChannelWeb, `{"sender":"web","reason":"r"}`, "invalid_request", "sender"},
		{chat.ChannelSMS, `{"body":"` + strings.Repeat("ü", 1601) + `","reason":"r"}`, "message_too_long", "body"},
		{chat.ChannelEmail, `{"body":"` + strings.Repeat("ü", 100_001) + `","reason":"r"}`, "message_too_long", "body"},
		{chat.ChannelSMS, `{"body":" \n","reason":"r"}`, "invalid_request", "body"},
		{chat.ChannelSMS, `{"to":"+14155550124"}`, "invalid_request", "reason"},
		{chat.ChannelSMS, `{"to":"+14155550124","reason":" "}`, "invalid_request", "reason"},
		{chat.ChannelSMS, `{"reason":"` + strings.Repeat("ü", 501) + `"}`, "invalid_request", "reason"},
		{chat.ChannelSMS, `{"channel":"email"}`, "invalid_request", "channel"},
	} {
		w := newWorld(t)
		w.deliveryOn(test.channel, chat.SubmissionRejected)

		r := retryRequest
		r.body = test.body
		requireProblem(t, w.do(t, r), http.StatusBadRequest, test.code, test.field)
		w.requireUntouched(t)
	}

	for channel, body := range map[chat.Channel]string{
		chat.ChannelSMS:   `{"to":"+14155550124","sender":"phone:12","body":"` + strings.Repeat("ü", 1600) + `","reason":"` + strings.Repeat("ü", 500) + `"}`,
		chat.ChannelEmail: `{"to":"ana@example.com","sender":"inbox:3","reason":"r"}`,
		chat.ChannelWeb:   `{"body":"Hello again.","reason":"r"}`,
	} {
		w := newWorld(t)
		w.deliveryOn(channel, chat.SubmissionRejected)

		r := retryRequest
		r.body = body
		require.Equal(t, http.StatusOK, w.do(t, r).StatusCode, channel)
	}
}

// A retry that goes on under its own id is settled at once, whatever becomes of the message.
func TestRetriesThatAreNotTakenYet(t *testing.T) {
	t.Parallel()

	for _, state := range []chat.SubmissionState{chat.SubmissionPending, chat.SubmissionBlocked, chat.SubmissionUnknown} {
		w := newWorld(t)
		w.deliveryOn(chat.ChannelSMS, state)

		w.engine.retry = func(context.Context, chat.RetryDelivery) (chat.Answer[chat.DeliveryRetried], error) {
			value := retriedDelivery()
			value.Submission = state
			value.DeliveryID = deliveryID
			value.Owner = "action:first"

			return chat.Answer[chat.DeliveryRetried]{Value: value}, nil
		}

		w.store.action = func(chat.ActionID) (chat.Action, error) { return retryAction(chat.ActionSucceeded), nil }
		a := w.do(t, retryRequest)
		require.Equal(t, http.StatusAccepted, a.StatusCode, a.raw)
		assert.Equal(t, location, a.Header.Get("Location"))
		assert.Equal(t, "retry_delivery", a.json["kind"])
		assert.Equal(t, string(state), a.json["status"])
		assert.Equal(t, string(deliveryID), a.json["delivery"].(map[string]any)["id"])
		assert.NotEmpty(t, a.json["explanation"])
		assert.NotContains(t, a.json, "result")
	}
}

func retryAction(state chat.ActionState) chat.Action {
	action := sendAction(state)
	action.Kind = chat.ActionRetryDelivery

	return action
}

func TestFailuresOfRetries(t *testing.T) {
	t.Parallel()

	for code, status := range map[chat.Code]int{
		chat.CodeConflict:            409,
		chat.CodeRecipientOptedOut:   400,
		chat.CodeSenderNotConfigured: 400,
		chat.CodeDeliveryFailed:      500,
		chat.CodeUnavailable:         503,
	} {
		w := newWorld(t)
		w.engine.retry = func(context.Context, chat.RetryDelivery) (chat.Answer[chat.DeliveryRetried], error) {
			e := chat.Errorf(code, "what is wrong")
			e.DeliveryID = string(deliveryID)

			return chat.Answer[chat.DeliveryRetried]{}, e
		}

		a := w.do(t, retryRequest)
		requireProblem(t, a, status, string(code), "")
		assert.Equal(t, string(deliveryID), a.json["delivery_id"])
	}
}

func TestReplayOfARetry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Equal(t, http.StatusOK, w.do(t, retryRequest).StatusCode)
	first := w.engine.all()[0].(chat.RetryDelivery)
	action := retryAction(chat.ActionSucceeded)
	action.DeliveryID, action.Fingerprint = secondDelivery, first.Fingerprint

	w = newWorld(t)
	w.store.action = func(chat.ActionID) (chat.Action, error) { return action, nil }
	w.store.delivery = func(id chat.DeliveryID) (chat.Delivery, error) {
		d := unknownDelivery()
		if d.ID = id; id == secondDelivery {
			d.Submission, d.RetryOf = chat.SubmissionAccepted, deliveryID
		}

		return d, nil
	}

	keyed := retryRequest.with("Idempotency-Key", "k-1")
	a := w.do(t, keyed)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, "true", a.Header.Get("Idempotency-Replayed"))
	assert.Equal(t, string(deliveryID), a.json["retry_of"])
	assert.Equal(t, string(secondDelivery), a.json["delivery"].(map[string]any)["id"])

	keyed.body = `{"to":"+14155550125","reason":"Another number."}`
	requireProblem(t, w.do(t, keyed), http.StatusConflict, "idempotency_key_reused", "to")
	w.requireUntouched(t)

	// One that goes on under its own id names itself.
	action.DeliveryID = deliveryID

	w.deliveryOn(chat.ChannelSMS, chat.SubmissionAccepted)
	a = w.do(t, request{method: http.MethodGet, path: location})
	assert.Equal(t, string(deliveryID), a.json["result"].(map[string]any)["retry_of"], a.raw)
}

func TestDecisions(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		path, body string
		want       chat.Decision
		status     string
	}{
		{"/cancel", `{"reason":" The customer called. "}`, chat.Decision{Verdict: chat.VerdictCancel, Reason: "The customer called."}, "canceled"},
		{"/resolve", `{"as":"not_sent","reason":"Not in the console."}`, chat.Decision{Verdict: chat.VerdictNotSent, Reason: "Not in the console."}, "abandoned"},
		{
			"/resolve", `{"as":"sent","reason":"In the console.","provider_message_id":"SM1"}`,
			chat.Decision{Verdict: chat.VerdictSent, Reason: "In the console.", ProviderMessageID: "SM1"},
			"confirmed_sent",
		},
	} {
		w := newWorld(t)
		told := w.notified()
		var decided chat.Decision
		w.store.decide = func(d chat.Decision) (chat.Delivery, string, error) {
			decided = d
			w.store.decide = nil

			return w.store.Decide(t.Context(), home, deliveryID, d)
		}

		a := w.do(t, request{method: http.MethodPost, path: deliveryPath + test.path, body: test.body})
		require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
		assert.Equal(t, test.status, a.json["status"])
		decision := a.json["decision"].(map[string]any)
		assert.Equal(
			t,
			[]any{string(test.want.Verdict), test.want.Reason, 1.0},
			[]any{decision["verdict"], decision["reason"], decision["member_id"]},
		)

		assert.False(t, decided.At.IsZero())
		test.want.By, test.want.At = decided.By, decided.At
		assert.Equal(t, test.want, decided)
		assert.Equal(t, chat.MemberID(1), decided.By.MemberID)
		assert.Equal(t, "action:one ", <-told)
	}
}

func TestDecisionsThatAreWrong(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	for _, test := range []struct{ path, body, field string }{
		{"/cancel", `{}`, "reason"},
		{"/cancel", `{"reason":""}`, "reason"},
		{"/cancel", `{"reason":"  "}`, "reason"},
		{"/cancel", `{"reason":"` + strings.Repeat("ü", 501) + `"}`, "reason"},
		{"/resolve", `{"reason":"r"}`, "as"},
		{"/resolve", `{"as":"lost","reason":"r"}`, "as"},
		{"/resolve", `{"as":"not_sent","reason":"r","provider_message_id":"SM1"}`, "provider_message_id"},
		{"/resolve", `{"as":"sent","reason":"r","provider_message_id":"SM 1"}`, "provider_message_id"},
	} {
		requireProblem(
			t,
			w.do(t, request{method: http.MethodPost, path: deliveryPath + test.path, body: test.body}),
			http.StatusBadRequest,
			"invalid_request",
			test.field,
		)
	}

	w.requireUntouched(t)

	w.store.decide = func(chat.Decision) (chat.Delivery, string, error) {
		return chat.Delivery{}, "", chat.Errorf(chat.CodeConflict, "it is with the provider already")
	}

	requireProblem(
		t,
		w.do(t, request{method: http.MethodPost, path: deliveryPath + "/cancel", body: `{"reason":"r"}`}),
		http.StatusConflict,
		"conflict",
		"",
	)
}

func TestCommandsOfADeliveryThatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.delivery = func(id chat.DeliveryID) (chat.Delivery, error) {
		return chat.Delivery{}, chat.Errorf(chat.CodeDeliveryNotFound, "there is no delivery %s", id)
	}

	for _, command := range []string{"/retry", "/cancel", "/resolve"} {
		a := w.do(t, request{method: http.MethodPost, path: deliveryPath + command, body: "{"})
		requireProblem(t, a, http.StatusNotFound, "delivery_not_found", "")
	}

	w.requireUntouched(t)
}

func TestDecisionsAndLateFailuresAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.action = func(chat.ActionID) (chat.Action, error) { return retryAction(chat.ActionSucceeded), nil }
	w.store.delivery = func(chat.DeliveryID) (chat.Delivery, error) {
		d := unknownDelivery()
		d.Submission, d.DeliveryStatus = chat.SubmissionAccepted, chat.StatusUndelivered
		d.Decision = &chat.Decision{
			Verdict: chat.VerdictSent,
			Reason:  "In the console",
			By:      chat.Actor{MemberID: 3},
			At:      noon,
		}

		d.Events[1].Type = "undelivered"
		d.Events[1].ReceivedAt = noon.Add(2 * 60e9)

		return d, nil
	}

	a := w.do(t, request{method: http.MethodGet, path: location})
	assert.Equal(t, []string{
		"Asked for.", "Attempt 1: unknown, timeout.", "Twilio reports it as queued.",
		"It was looked for in Twilio's list of messages, among those made from 2026-11-22T12:00:00Z to " +
			"2026-11-22T12:00:00Z.",
		"Member 3 confirmed that it was sent: In the console.",
		"The action succeeded.", "Twilio reports it as undelivered. The chat needs a response again.",
	}, timelineOf(a))

	assert.Equal(t, "undelivered", a.json["status"])
}

func TestAProviderIsAskedAboutWhatItMayKnow(t *testing.T) {
	t.Parallel()

	lookUp := request{method: http.MethodPost, path: deliveryPath + "/look-up"}

	for submission, status := range map[chat.SubmissionState]int{
		chat.SubmissionUnknown:     http.StatusOK,
		chat.SubmissionNeedsReview: http.StatusOK,
		chat.SubmissionRejected:    http.StatusConflict,
		chat.SubmissionCanceled:    http.StatusConflict,
	} {
		w := newWorld(t)
		w.deliveryOn(chat.ChannelSMS, submission)

		a := w.do(t, lookUp)
		assert.Equal(t, status, a.StatusCode, "%s: %s", submission, a.raw)

		if status == http.StatusOK {
			assert.Equal(t, []chat.DeliveryID{deliveryID}, w.engine.lookedUp)
		} else {
			assert.Empty(t, w.engine.lookedUp)
			assert.Contains(t, a.raw, "nothing to ask for")
		}
	}

	w := newWorld(t)
	w.deliveryOn(chat.ChannelSMS, chat.SubmissionUnknown)
	w.engine.lookUpFails = chat.Unavailable("the provider has not answered yet")
	assert.Equal(t, http.StatusServiceUnavailable, w.do(t, lookUp).StatusCode)
}
