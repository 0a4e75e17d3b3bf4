package service_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/sandbox"
)

func TestACallThatMayHaveHadItsEffectWaitsForAPerson(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		w.defineTool(httpTool(d, "book"))
		d.answers(func(_ deskCall, answer http.ResponseWriter) { answer.WriteHeader(http.StatusBadGateway) })

		send := func() (string, string) {
			r := w.call(
				"POST",
				sendPath(w.people.sms.ID),
				sendBody("Booked.", newToolCall("book", map[string]any{"what": "a"})),
			)
			require.Equal(t, http.StatusAccepted, r.status, r.raw)
			assert.Equal(t, "parked", r.at("state"), r.raw)
			assert.Contains(t, r.at("explanation"), "may have had its effect")
			action := r.at("action_id").(string)

			return action, "/actions/" + action + "/tool-calls/call_1/resolve"
		}

		action, resolve := send()

		require.Len(t, d.calls(), 1)

		vague := w.call("POST", resolve, map[string]any{"outcome": "succeeded"})
		assert.Equal(t, http.StatusBadRequest, vague.status, vague.raw)

		r := w.call(
			"POST",
			resolve,
			map[string]any{
				"outcome": "succeeded",
				"result":  map[string]any{"booking_id": "b-9"},
				"reason":  "it is in their book",
			},
		)

		require.Equal(t, http.StatusOK, r.status, r.raw)
		w.awaitSettled(action)
		assert.Len(t, d.calls(), 1, "it is not run again")
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)
		twice := w.call("POST", resolve, map[string]any{"outcome": "failed", "reason": "no"})
		assert.Equal(t, http.StatusConflict, twice.status, twice.raw)

		action, resolve = send()
		r = w.call("POST", resolve, map[string]any{"outcome": "failed", "reason": "nothing in their book"})
		require.Equal(t, http.StatusOK, r.status, r.raw)
		w.awaitSettled(action)
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)

		action, resolve = send()

		d.answers(func(_ deskCall, answer http.ResponseWriter) { _, _ = io.WriteString(answer, `{}`) })

		r = w.call("POST", resolve, map[string]any{"outcome": "retry", "reason": "they are back"})
		require.Equal(t, http.StatusOK, r.status, r.raw)
		w.awaitSettled(action)
		assert.Len(t, d.calls(), 4)
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 2)
	})
}

// secondManager is a key of another member with every scope.
func (w *env) secondManager() string {
	w.Helper()

	noor, err := w.store.CreateMember(w.Context(), w.ws, chat.Actor{}, chat.Member{
		Kind: chat.KindPerson,
		Role: chat.RoleManager,
		Name: "Noor Haddad",
	})

	require.NoError(w, err)

	return w.newKeyOf(noor.ID)
}

// newKeyOf makes a key of a member, with limits of its own.
func (w *env) newKeyOf(member chat.MemberID) string {
	w.Helper()

	secret := chat.NewKeySecret()
	_, err := w.store.CreateKey(
		w.Context(),
		w.ws,
		chat.Actor{MemberID: member},
		chat.Key{MemberID: member, Name: "own", Scopes: chat.AllScopes()},
		chat.HashKey(secret),
	)

	require.NoError(w, err)

	return secret
}

// TestADecisionAboutATerminatedSendIsRefused: nothing would come of it. What is said to do works: the delivery is
// canceled, and the message is sent anew.
func TestADecisionAboutATerminatedSendIsRefused(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		noor := w.secondManager()
		w.defineTool(httpTool(d, "refund", map[string]any{"risk": "approval"}))

		send := func(key string) response {
			body := sendBody("Refunded.", newToolCall("refund", map[string]any{"what": "50"}))
			return w.call("POST", sendPath(w.people.sms.ID), body, "Idempotency-Key", key)
		}

		sent := send("k-1")
		require.Equal(t, http.StatusAccepted, sent.status, sent.raw)
		action := sent.at("action_id").(string)

		waiting := w.call("GET", "/approvals/"+action, nil)
		assert.Equal(t, "Refunded.", waiting.at("message"), waiting.raw)
		assert.NotEmpty(t, waiting.at("requester_name"), waiting.raw)

		workflow := chat.ActionWorkflowID(w.ws, chat.ActionID(action))
		require.NoError(t, w.raw().TerminateWorkflow(t.Context(), workflow, "", "by mistake"))

		approve := func(action string) response {
			return w.call(
				"POST",
				"/actions/"+action+"/approvals",
				map[string]any{"decision": "approve", "reason": "looked at it"},
				"Authorization",
				"Bearer "+noor,
			)
		}

		gone := approve(action)
		assert.Equal(t, http.StatusConflict, gone.status, gone.raw)
		assert.Equal(t, "action_gone", gone.at("code"), gone.raw)
		assert.Equal(t, "waiting", w.call("GET", "/approvals/"+action, nil).at("state"), "nothing is recorded")

		delivery := sent.at("delivery", "id").(string)
		canceled := w.call("POST", "/deliveries/"+delivery+"/cancel", map[string]any{"reason": "terminated by mistake"})
		require.Equal(t, http.StatusOK, canceled.status, canceled.raw)

		anew := send("k-2")
		require.Equal(t, http.StatusAccepted, anew.status, anew.raw)
		action = anew.at("action_id").(string)
		approved := approve(action)
		require.Equal(t, http.StatusOK, approved.status, approved.raw)
		w.awaitSettled(action)
		assert.Len(t, d.calls(), 1)
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)
	})
}

func TestApprovalTakesASecondPerson(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		noor := w.secondManager()
		w.defineTool(httpTool(d, "refund", map[string]any{"risk": "approval"}))

		send := func() string {
			r := w.call(
				"POST",
				sendPath(w.people.sms.ID),
				sendBody(
					"Refunded.",
					newToolCall("add_label", map[string]any{"label": "billing"}),
					newToolCall("refund", map[string]any{"what": "50"}),
				),
			)

			require.Equal(t, http.StatusAccepted, r.status, r.raw)
			assert.Contains(t, r.at("explanation"), "approv", r.raw)

			return r.at("action_id").(string)
		}

		decide := func(action, decision string, headers ...string) response {
			return w.call(
				"POST",
				"/actions/"+action+"/approvals",
				map[string]any{"decision": decision, "reason": "looked at it"},
				headers...)
		}

		action := send()
		own := decide(action, "approve")
		assert.Equal(t, http.StatusForbidden, own.status, own.raw)
		assert.Equal(t, "own_request", own.at("code"))

		waiting := w.call("GET", "/approvals?state=waiting", nil)
		assert.Equal(t, action, waiting.at("items", 0, "action_id"), waiting.raw)
		assert.Empty(t, w.chat(w.people.sms.ID).Labels, "not even the tool that needs no approval has run")

		approved := decide(action, "approve", "Authorization", "Bearer "+noor)
		require.Equal(t, http.StatusOK, approved.status, approved.raw)
		w.awaitSettled(action)
		assert.Len(t, d.calls(), 1)
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)

		twice := decide(action, "refuse", "Authorization", "Bearer "+noor)
		assert.Equal(t, http.StatusConflict, twice.status, twice.raw)

		action = send()
		refused := decide(action, "refuse", "Authorization", "Bearer "+noor)
		require.Equal(t, http.StatusOK, refused.status, refused.raw)
		w.awaitSettled(action)
		assert.Len(t, d.calls(), 1)

		shown := w.call("GET", "/actions/"+action, nil)
		assert.Equal(t, "approval_refused", shown.at("problem", "code"), shown.raw)
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)
	})
}
