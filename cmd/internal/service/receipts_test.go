package service_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/sandbox"
)

// withShortWaits makes the waits for evidence and receipts short.
func withShortWaits(c *config.Config) {
	c.Settle = 2 * time.Second
	c.ReceiptSMS = 3 * time.Second
	c.ReceiptEmail = 3 * time.Second
}

// awaitSettled waits until the workflow of an action has closed: until nothing more happens.
func (w *env) awaitSettled(action any) {
	w.Helper()
	w.awaitClosed(chat.ActionWorkflowID(w.ws, chat.ActionID(action.(string))))
}

// awaitClosed waits until a workflow has closed.
func (w *env) awaitClosed(id string) {
	w.Helper()
	require.NoError(w, w.raw().GetWorkflow(w.Context(), id, "").Get(w.Context(), nil))
}

// delivery is how the API shows a delivery.
func (w *env) delivery(id any) response {
	w.Helper()
	r := w.call("GET", "/deliveries/"+id.(string), nil)
	require.Equal(w, http.StatusOK, r.status, r.raw)

	return r
}

func TestASendIsFollowedToItsReceipt(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		for _, id := range []chat.ChatID{w.people.sms.ID, w.people.email.ID} {
			r := w.call("POST", sendPath(id), sendBody("On its way"))
			require.Equal(t, http.StatusOK, r.status, r.raw)
			w.awaitSettled(r.at("action_id"))
			d := w.delivery(r.at("delivery", "id"))
			assert.Equal(t, "delivered", d.at("status"), d.raw)
			assert.NotEmpty(t, d.at("events"), "what the provider told is kept")
			assert.Empty(t, d.at("next"))
		}

		assert.False(t, w.chat(w.people.sms.ID).NeedsResponse)
	})
}

func TestALateFailureAsksForAResponseAgain(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		w.setFaults(sandbox.Fault{Kind: sandbox.Undelivered})
		r := w.call("POST", sendPath(w.people.sms.ID), sendBody("On its way"))
		require.Equal(t, http.StatusOK, r.status, r.raw)
		w.awaitSettled(r.at("action_id"))
		d := w.delivery(r.at("delivery", "id"))
		assert.Equal(t, "undelivered", d.at("status"), d.raw)
		assert.Equal(t, "twilio_30003", d.at("error_code"))
		assert.Equal(t, []any{"retry"}, d.at("next"))

		asks := w.chat(w.people.sms.ID)
		assert.True(t, asks.NeedsResponse)
		assert.Contains(t, asks.AttentionReason, "twilio_30003")

		w.setFaults()

		again := w.call(
			"POST",
			"/deliveries/"+r.at("delivery", "id").(string)+"/retry",
			map[string]any{"reason": "phone is on again"},
		)

		require.Equal(t, http.StatusOK, again.status, again.raw)
		assert.Equal(t, r.at("delivery", "id"), again.at("retry_of"))
		assert.NotEqual(t, r.at("delivery", "id"), again.at("delivery", "id"))
		w.awaitSettled(again.at("action_id"))
		assert.Equal(t, "delivered", w.delivery(again.at("delivery", "id")).at("status"))

		assert.Equal(
			t,
			"undelivered",
			w.delivery(r.at("delivery", "id")).at("status"),
			"the old row is not opened again",
		)

		assert.False(t, w.chat(w.people.sms.ID).NeedsResponse)
		third := w.call("POST", "/deliveries/"+r.at("delivery", "id").(string)+"/retry", map[string]any{})
		assert.Equal(t, http.StatusConflict, third.status, third.raw)
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 2)
	})
}

func TestAnUnknownOutcomeIsSettledByEvidence(t *testing.T) {
	t.Parallel()

	for name, faults := range map[string][]string{
		"by a callback":                {"cut"},
		"after an error":               {"error"},
		"after half an answer":         {"truncate"},
		"by a look at the list":        {"cut", "callback_never"},
		"by callbacks out of order":    {"cut", "callback_disorder", "callback_twice"},
		"by a callback before the end": {"cut", "callback_early"},
	} {
		for _, channel := range []string{"sms", "email"} {
			t.Run(name+", "+channel, func(t *testing.T) {
				t.Parallel()
				w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", withShortWaits)

				inForce := make([]sandbox.Fault, len(faults))
				for i, f := range faults {
					inForce[i].Kind = sandbox.FaultKind(f)
				}

				w.setFaults(inForce...)

				id, arrived := w.people.sms.ID, func() int { return len(w.box.Messages(sandbox.MessageFilter{})) }
				if channel == "email" {
					id, arrived = w.people.email.ID, func() int { return len(w.box.Mails()) }
				}

				r := w.call("POST", sendPath(id), sendBody("On its way"))
				require.Contains(
					t,
					[]int{http.StatusAccepted, http.StatusOK},
					r.status,
					"unknown is not called failed: %s",
					r.raw,
				)

				w.awaitSettled(r.at("action_id"))
				d := w.delivery(r.at("delivery", "id"))
				assert.Equal(t, "delivered", d.at("status"), d.raw)
				assert.Equal(t, 1, arrived())
				assert.Len(t, d.at("attempts"), 1)
				assert.False(t, w.chat(id).NeedsResponse)
			})
		}
	}
}

func TestWhatNobodyConfirmsIsUnconfirmed(t *testing.T) {
	t.Parallel()

	w := newEnvWithProviders(
		t,
		sandbox.Config{CallbackDelay: time.Hour},
		"sqlite:"+t.TempDir()+"/handrail.db",
		withShortWaits,
	)
	for _, id := range []chat.ChatID{w.people.sms.ID, w.people.email.ID} {
		r := w.call("POST", sendPath(id), sendBody("On its way"))
		require.Equal(t, http.StatusOK, r.status, r.raw)
		w.awaitSettled(r.at("action_id"))
		d := w.delivery(r.at("delivery", "id"))
		assert.Equal(t, "unconfirmed", d.at("status"), d.raw)
		assert.Equal(t, []any{"retry"}, d.at("next"))
	}
}

func TestAReceiptThatIsNeverToldIsLookedUp(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", withShortWaits)
	w.setFaults(sandbox.Fault{Kind: sandbox.CallbackNever})

	for _, id := range []chat.ChatID{w.people.sms.ID, w.people.email.ID} {
		r := w.call("POST", sendPath(id), sendBody("On its way"))
		require.Equal(t, http.StatusOK, r.status, r.raw)
		w.awaitSettled(r.at("action_id"))
		d := w.delivery(r.at("delivery", "id"))
		assert.Equal(t, "delivered", d.at("status"), d.raw)
	}
}
