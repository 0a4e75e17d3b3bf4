package service_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/sandbox"
)

// customersAtNight makes a customer for each incident, and has their faults strike.
func (w *env) customersAtNight() []customerOf {
	w.Helper()

	var (
		all    []customerOf
		faults []sandbox.Fault
	)

	for i := range incidents {
		to := customerOf{phone: fmt.Sprintf("+141555502%02d", i)}
		_, to.chat = w.customerChat(fmt.Sprintf("Customer %d", i), to.phone)
		all = append(all, to)

		if fault := incidents[i].fault; fault != nil {
			of := *fault
			of.To = to.phone
			faults = append(faults, of)
		}
	}

	w.setFaults(append(faults, sandbox.Fault{Kind: sandbox.FaultSuspended, Channel: sandbox.ChannelEmail})...)

	return all
}

// sendTo sends a message to the customer of an incident, and returns its action.
func (w *env) sendTo(to customerOf, status int) string {
	w.Helper()

	r := w.call("POST", sendPath(to.chat), sendBody("Hello"), "Prefer", "wait=1")
	action, isText := r.at("action_id").(string)
	require.True(w, isText, r.raw)

	if status == waiting {
		require.Equal(w, status, r.status, r.raw)
		return action
	}

	// A busy machine may answer before the action has ended.
	want := "succeeded"
	if status == failed {
		want = "failed"
	}

	w.eventually(func() bool { return w.call("GET", "/actions/"+action, nil).at("state") == want })

	return action
}

// sendCall sends a message with a tool call, and returns its action.
func (w *env) sendCall(to customerOf, tool string) string {
	w.Helper()

	body := sendBody("Done.", newToolCall(tool, map[string]any{"what": "a"}))

	return w.call("POST", sendPath(to.chat), body, "Prefer", "respond-async").at("action_id").(string)
}

func playSilentColleague(w *env, _ customerOf) string {
	w.Helper()
	w.contributor("Cem", cook, "")

	call := newToolCall("contributor_input_request", map[string]any{"question": "Really?"})
	r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Yes.", call))
	require.Equal(w, http.StatusAccepted, r.status, r.raw)
	w.eventually(func() bool { return len(w.texts(cook)) == 1 })
	w.replies(cook, "STOP")

	return r.at("action_id").(string)
}

func playTerminated(w *env, to customerOf) string {
	w.Helper()

	action := w.sendCall(to, "away")
	w.eventually(func() bool { return w.call("GET", "/actions/"+action, nil).at("state") == "parked" })

	id := chat.ActionWorkflowID(w.ws, chat.ActionID(action))
	require.NoError(w, w.raw().TerminateWorkflow(w.Context(), id, "", "by mistake"))

	return action
}

// playRetriedInReview has a person send a message anew that may have been taken.
func playRetriedInReview(w *env, to customerOf) string {
	w.Helper()

	r := w.call("POST", sendPath(to.chat), sendBody("Hello"), "Prefer", "wait=1")
	require.Equal(w, http.StatusAccepted, r.status, r.raw)

	delivery := r.at("delivery", "id").(string)

	w.eventually(func() bool { return w.delivery(delivery).at("status") == "needs_review" })

	body := map[string]any{"reason": "the customer waits", "acknowledge_duplicate": true}
	again := w.call("POST", "/deliveries/"+delivery+"/retry", body)
	require.Contains(w, []int{http.StatusOK, http.StatusAccepted}, again.status, again.raw)

	return r.at("action_id").(string)
}

func playBulkRetry(w *env, to customerOf) string {
	w.Helper()

	for range 2 {
		w.sendTo(to, failed)
	}

	r := w.call("POST", "/deliveries/retry", fields(
		"chat_id", to.chat, "status", "rejected", "reason", "again", "canary", 1, "rate_per_second", 50,
	))
	require.Equal(w, http.StatusAccepted, r.status, r.raw)

	return r.at("id").(string)
}

func playSuspended(w *env, _ customerOf) string {
	w.Helper()

	r := w.call("POST", sendPath(w.people.email.ID), sendBody("Hello"), "Prefer", "wait=1")
	require.Equal(w, http.StatusAccepted, r.status, r.raw)

	return r.at("action_id").(string)
}

func playPossibleOptOut(w *env, to customerOf) string {
	w.Helper()
	w.replies(to.phone, "Please stop texting me")

	return fmt.Sprintf("chat_id=%d", to.chat)
}

// playMovedOn has a customer write while a message waits that was meant as an answer to the one before.
func playMovedOn(w *env, to customerOf) string {
	w.Helper()
	w.inbound(to.chat, "Where is it?")

	seen := w.call("GET", fmt.Sprintf("/chats/%d/messages", to.chat), nil).at("items", 0, "uuid")
	body := map[string]any{"message": "On its way.", "if_last_message": seen}

	r := w.call("POST", sendPath(to.chat), body, "Prefer", "wait=1")
	require.Equal(w, http.StatusAccepted, r.status, r.raw)
	w.inbound(to.chat, "Never mind, it is here.")

	return r.at("action_id").(string)
}

func playForgedWebhook(w *env, _ customerOf) string {
	w.Helper()

	body := strings.NewReader("MessageSid=SM1&MessageStatus=delivered")

	r, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.url+"/webhooks/twilio/status", body)
	require.NoError(w, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Twilio-Signature", "bm9uc2Vuc2U=")

	answer, err := (&http.Client{}).Do(r)
	require.NoError(w, err)
	require.NoError(w, answer.Body.Close())

	return answer.Header.Get("X-Request-Id")
}
