package service_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/sandbox"
)

// deliveryInReview sends a message that never arrives, and waits until a person must decide.
func (w *env) deliveryInReview(t *testing.T) (delivery, action string) {
	t.Helper()

	r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"))
	require.Equal(t, http.StatusAccepted, r.status, r.raw)
	delivery, action = r.at("delivery", "id").(string), r.at("action_id").(string)

	w.eventually(func() bool { return w.delivery(delivery).at("status") == "needs_review" })

	return delivery, action
}

// setFaults are how the providers misbehave from now on.
func (w *env) setFaults(faults ...sandbox.Fault) {
	w.Helper()
	require.NoError(w, w.box.SetFaults(faults...))
}

// eventually waits for what no workflow's end tells.
func (w *env) eventually(done func() bool) {
	w.Helper()
	require.True(w, holdsWithin(time.Minute, done), "it has not come")
}

// holdsWithin reports whether done comes to hold in time. It asks in the goroutine of its caller: a test that gives up
// leaves nothing behind that still asks.
func holdsWithin(patience time.Duration, done func() bool) bool {
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()

	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-ticks.C {
		if done() {
			return true
		}
	}

	return false
}

func TestAPersonDecidesWhatNobodyKnows(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		body   map[string]any
		status string
		needs  bool
	}{
		"sent":     {map[string]any{"as": "sent", "reason": "the customer has it"}, "confirmed_sent", false},
		"not sent": {map[string]any{"as": "not_sent", "reason": "Twilio's log has nothing"}, "abandoned", true},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			eachEngine(t, func(t *testing.T, url string) {
				w := newEnv(t, url, withShortWaits)
				// Taken an hour late: to Handrail it is as if it was lost.
				w.setFaults(sandbox.Fault{Kind: "late", Delay: time.Hour})
				delivery, action := w.deliveryInReview(t)
				shown := w.delivery(delivery)
				assert.Contains(t, shown.at("explanation"), "May have been sent")
				assert.Equal(t, []any{"retry", "resolve", "look_up"}, shown.at("next"))

				vague := w.call("POST", "/deliveries/"+delivery+"/resolve", map[string]any{"as": tt.body["as"]})
				assert.Equal(t, http.StatusBadRequest, vague.status, vague.raw)

				r := w.call("POST", "/deliveries/"+delivery+"/resolve", tt.body)
				require.Equal(t, http.StatusOK, r.status, r.raw)
				w.awaitSettled(action)
				shown = w.delivery(delivery)
				assert.Equal(t, tt.status, shown.at("status"), shown.raw)
				assert.Equal(t, tt.body["reason"], shown.at("decision", "reason"))
				assert.Equal(t, tt.needs, w.chat(w.people.sms.ID).NeedsResponse)
				twice := w.call("POST", "/deliveries/"+delivery+"/resolve", tt.body)
				assert.Equal(t, http.StatusConflict, twice.status, twice.raw)
			})
		})
	}
}

func TestARetryOfWhatMayHaveBeenSentGoesOnUnderItsOwnRow(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", withShortWaits)
	w.setFaults(sandbox.Fault{Kind: "late", Delay: time.Hour})
	delivery, action := w.deliveryInReview(t)
	w.setFaults()
	refused := w.call("POST", "/deliveries/"+delivery+"/retry", map[string]any{"reason": "not in Twilio's log"})
	require.Equal(t, http.StatusBadRequest, refused.status, refused.raw)

	r := w.call(
		"POST",
		"/deliveries/"+delivery+"/retry",
		map[string]any{"reason": "not in Twilio's log", "acknowledge_duplicate": true},
	)
	require.Equal(t, http.StatusAccepted, r.status, r.raw)
	w.awaitSettled(action)
	d := w.delivery(delivery)
	assert.Equal(t, "delivered", d.at("status"), d.raw)
	assert.Equal(t, "possible", d.at("duplicate"), d.raw)
	assert.Len(t, d.at("attempts"), 2, "every attempt stays visible")
	assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)
}

func TestARetryWithAChangeIsAnotherDelivery(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		w.setFaults(sandbox.Fault{Kind: "refuse", To: "+14155550101"})
		r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello **Ana**"))
		require.Equal(t, "delivery_failed", r.at("code"), r.raw)
		failed := r.at("delivery_id").(string)
		bad := w.call(
			"POST",
			"/deliveries/"+failed+"/retry",
			map[string]any{"to": "ana@customers.example", "reason": "x"},
		)

		assert.Equal(t, http.StatusBadRequest, bad.status, bad.raw)

		again := w.call(
			"POST",
			"/deliveries/"+failed+"/retry",
			map[string]any{"to": "+14155550199", "body": "Hello *Ana*, once more", "reason": "new number"},
		)

		require.Equal(t, http.StatusOK, again.status, again.raw)
		w.awaitSettled(again.at("action_id"))
		arrived := w.box.Messages(sandbox.MessageFilter{})
		require.Len(t, arrived, 1)
		assert.Equal(t, "+14155550199", arrived[0].To)
		assert.Equal(t, "Hello Ana, once more", arrived[0].Body)
		assert.Equal(t, again.at("delivery", "id"), w.delivery(failed).at("retried_by"))
		action := w.call("GET", "/actions/"+again.at("action_id").(string), nil)
		assert.Equal(t, "succeeded", action.at("state"), action.raw)
	})
}

func TestABlockedAccountLosesNothing(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		w.setFaults(sandbox.Fault{Kind: "suspended"})

		sent := make([]response, 4)
		for i := range sent {
			sent[i] = w.call("POST", sendPath(w.people.sms.ID), sendBody(fmt.Sprintf("Message %d", i)))
			require.Equal(t, http.StatusAccepted, sent[i].status, sent[i].raw)
			require.Equal(t, "blocked", sent[i].at("delivery", "status"), sent[i].raw)
		}

		assert.Len(t, w.delivery(sent[0].at("delivery", "id")).at("attempts"), 1, "the first one finds out")

		assert.Empty(
			t,
			w.delivery(sent[3].at("delivery", "id")).at("attempts"),
			"the others are not posted to an account that refuses",
		)

		w.setFaults()

		for i := range sent {
			r := w.call("POST", "/deliveries/"+sent[i].at("delivery", "id").(string)+"/retry", map[string]any{})
			require.Contains(t, []int{http.StatusAccepted, http.StatusConflict}, r.status, r.raw)
			w.awaitSettled(sent[i].at("action_id"))
		}

		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 4)
	})
}

func TestWhatWaitsCanBeCanceled(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		w.setFaults(sandbox.Fault{Kind: "rate_limit", Delay: time.Hour})
		r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"), "Prefer", "wait=1")
		require.Equal(t, http.StatusAccepted, r.status, r.raw)
		id := r.at("delivery", "id").(string)

		w.eventually(func() bool { return w.delivery(id).at("retry_at") != nil })
		canceled := w.call("POST", "/deliveries/"+id+"/cancel", map[string]any{"reason": "the customer called"})
		require.Equal(t, http.StatusOK, canceled.status, canceled.raw)
		w.awaitSettled(r.at("action_id"))
		assert.Equal(t, "canceled", w.delivery(id).at("status"))
		w.setFaults()
		again := w.call("POST", "/deliveries/"+id+"/retry", map[string]any{"reason": "called off"})
		require.Equal(t, http.StatusOK, again.status, again.raw)
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)
	})
}

func TestPoliciesOtherThanAPerson(t *testing.T) {
	t.Parallel()

	for policy, status := range map[chat.UnknownPolicy]string{
		chat.ExpireUnknown:     "expired",
		chat.ResendAfterSettle: "delivered",
	} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()

			w := newEnv(
				t,
				"sqlite:"+t.TempDir()+"/handrail.db",
				withShortWaits,
				func(c *config.Config) { c.WhenUnknown = string(policy) },
			)

			w.setFaults(sandbox.Fault{Kind: "late", Delay: time.Hour, Times: 1})
			r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Your code is 1184"))
			require.Equal(t, http.StatusAccepted, r.status, r.raw)
			w.awaitSettled(r.at("action_id"))
			assert.Equal(t, status, w.delivery(r.at("delivery", "id")).at("status"))
		})
	}
}

func TestManyAreRetriedInBulk(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		w.setFaults(sandbox.Fault{Kind: "refuse"})

		const count = 6
		for i := range count {
			r := w.call("POST", sendPath(w.people.sms.ID), sendBody(fmt.Sprintf("Message %d", i)))
			require.Equal(t, "delivery_failed", r.at("code"), r.raw)
		}

		filter := map[string]any{
			"status":          "rejected",
			"reason":          "the number was fixed",
			"canary":          2,
			"rate_per_second": 50,
		}

		open := w.call("POST", "/deliveries/retry", map[string]any{"reason": "everything"})
		assert.Equal(t, http.StatusBadRequest, open.status, "a filter is needed: %s", open.raw)

		filter["dry_run"] = true
		would := w.call("POST", "/deliveries/retry", filter)
		require.Equal(t, http.StatusOK, would.status, would.raw)
		assert.InDelta(t, count, would.at("count"), 0)
		assert.Empty(t, w.box.Messages(sandbox.MessageFilter{}))

		delete(filter, "dry_run")
		begun := w.call("POST", "/deliveries/retry", filter, "Idempotency-Key", "bulk")
		require.Equal(t, http.StatusAccepted, begun.status, begun.raw)
		run := w.below(begun.header.Get("Location"))
		w.eventually(func() bool { return w.call("GET", run, nil).at("state") == "paused" })
		shown := w.call("GET", run, nil)
		assert.InDelta(t, 2, shown.at("begun"), 0, "the canary only: %s", shown.raw)
		assert.Contains(t, shown.at("note"), "2 of the 2 tried first failed: ", shown.raw)

		again := w.call("POST", run+"/resume", map[string]any{"reason": "without a look"})
		require.Equal(t, http.StatusOK, again.status, again.raw)
		w.eventually(func() bool {
			shown = w.call("GET", run, nil)
			return shown.at("state") == "paused" && shown.at("begun") == 4.0
		})

		w.setFaults()
		resumed := w.call("POST", run+"/resume", map[string]any{"reason": "fixed for good"})
		require.Equal(t, http.StatusOK, resumed.status, resumed.raw)
		w.eventually(func() bool { return w.call("GET", run, nil).at("state") == "finished" })
		w.eventually(func() bool { return len(w.box.Messages(sandbox.MessageFilter{})) == count-4 })
		replayed := w.call("POST", "/deliveries/retry", filter, "Idempotency-Key", "bulk")
		assert.Equal(t, "true", replayed.header.Get("Idempotency-Replayed"), replayed.raw)
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), count-4)
	})
}

// TestASecondBulkRetryCannotPassItsCanary: what the first has taken is skipped, and skipping proves nothing.
func TestASecondBulkRetryCannotPassItsCanary(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		w.setFaults(sandbox.Fault{Kind: "refuse"})

		const count = 20
		for i := range count {
			r := w.call("POST", sendPath(w.people.sms.ID), sendBody(fmt.Sprintf("Message %d", i)))
			require.Equal(t, "delivery_failed", r.at("code"), r.raw)
		}

		ask := func(with ...any) response {
			return w.call("POST", "/deliveries/retry", fields(append(with, "status", "rejected", "reason", "again")...))
		}

		first := ask("canary", 0, "rate_per_second", 1, "pause_at_failure_percent", 100)
		require.Equal(t, http.StatusAccepted, first.status, first.raw)

		refused := ask("canary", 3)
		assert.Equal(t, "bulk_retry_overlaps", refused.at("code"), refused.raw)
		assert.Contains(t, refused.at("detail"), first.at("id"))

		second := ask("canary", 3, "allow_overlap", true)
		require.Equal(t, http.StatusAccepted, second.status, second.raw)
		run := w.below(second.header.Get("Location"))
		w.eventually(func() bool { return w.call("GET", run, nil).at("state") == "paused" })

		shown := w.call("GET", run, nil)
		assert.LessOrEqual(t, shown.at("begun"), 3.0, "no more than the canary was attempted: %s", shown.raw)
		assert.Contains(t, shown.at("note"), "tried first failed: ", shown.raw)

		begun := w.call("GET", fmt.Sprintf("/deliveries?bulk_retry_id=%v", second.at("id")), nil)
		assert.Len(t, begun.at("items"), int(shown.at("begun").(float64)), begun.raw)

		skipped := w.call("GET", run+"/skipped", nil)
		assert.Len(t, skipped.at("items"), int(shown.at("skipped").(float64)), skipped.raw)
	})
}
