package service_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/client"
	"handrail/sandbox"
)

// customerChat makes another customer with an SMS chat from the same number as all others.
func (w *env) customerChat(name, phone string) (chat.MemberID, chat.ChatID) {
	w.Helper()

	made, err := w.api().CreateMemberWithResponse(
		w.Context(),
		string(w.ws),
		&client.CreateMemberParams{},
		client.NewMember{Name: name, Phone: &phone},
	)
	require.NoError(w, err)

	return chat.MemberID(made.JSON201.ID), w.openChat(made.JSON201.ID, int64(*w.people.sms.PhoneNumberID))
}

// openChat opens an SMS chat of a member with a sender.
func (w *env) openChat(member, sender int64) chat.ChatID {
	w.Helper()

	opened, err := w.api().CreateChatWithResponse(
		w.Context(),
		string(w.ws),
		&client.CreateChatParams{},
		client.NewChat{
			Channel:           client.ChannelPhoneSms,
			MemberID:          member,
			AssistantMemberID: new(int64(w.people.assistant.ID)),
			PhoneNumberID:     &sender,
		},
	)
	require.NoError(w, err)

	return chat.ChatID(opened.JSON201.ID)
}

// patchMember changes a member through the API.
func (w *env) patchMember(id chat.MemberID, body map[string]any) {
	w.Helper()
	r := w.call("PATCH", fmt.Sprintf("/members/%d", id), body)
	require.Equal(w, http.StatusOK, r.status, r.raw)
}

// TestARetryOfOneDoesNotPostWhatIsNotAllowedAnyMore is S1.1: the account refuses everything, and two
// of three customers change their minds before it works again.
func TestARetryOfOneDoesNotPostWhatIsNotAllowedAnyMore(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		b, chatB := w.customerChat("Ben", "+14155550102")
		c, chatC := w.customerChat("Cem", "+14155550103")

		w.setFaults(sandbox.Fault{Kind: sandbox.FaultSuspended})

		var deliveries, actions []string

		for _, id := range []chat.ChatID{w.people.sms.ID, chatB, chatC} {
			r := w.call("POST", sendPath(id), sendBody("An offer"))
			require.Equal(t, http.StatusAccepted, r.status, r.raw)
			require.Equal(t, "blocked", r.at("delivery", "status"), r.raw)

			deliveries = append(deliveries, r.at("delivery", "id").(string))
			actions = append(actions, r.at("action_id").(string))
		}

		w.patchMember(b, map[string]any{"consent": map[string]any{"phone-sms": "revoked"}})
		w.patchMember(c, map[string]any{"notifications_enabled": false})
		w.setFaults()

		for i, id := range deliveries {
			r := w.call("POST", "/deliveries/"+id+"/retry", map[string]any{})
			// The account's first success wakes the others, which may have ended by now.
			if r.status == http.StatusBadRequest {
				require.Contains(t, []any{"recipient_opted_out", "notifications_disabled"}, r.at("code"), r.raw)
			} else {
				require.Less(t, r.status, 300, r.raw)
			}

			w.awaitSettled(actions[i])
		}

		assert.Len(t, w.texts("+14155550101"), 1)
		assert.Empty(t, w.texts("+14155550102"))
		assert.Empty(t, w.texts("+14155550103"))
		assert.Equal(t, "recipient_opted_out", w.delivery(deliveries[1]).at("error_code"))
		assert.Equal(t, "notifications_disabled", w.delivery(deliveries[2]).at("error_code"))
	})
}

// TestWhatChangesWhileAContributorIsAsked is S1.2: the message waits for an answer, and what allowed
// it changes meanwhile.
func TestWhatChangesWhileAContributorIsAsked(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		change func(w *env)
		status string
		code   string
	}{
		"consent revoked": {
			change: func(w *env) {
				w.patchMember(w.people.ana.ID, map[string]any{"consent": map[string]any{"phone-sms": "revoked"}})
			},
			status: "suppressed",
			code:   "recipient_opted_out",
		},
		"notifications off": {
			change: func(w *env) { w.patchMember(w.people.ana.ID, map[string]any{"notifications_enabled": false}) },
			status: "canceled",
			code:   "notifications_disabled",
		},
		"chat archived": {
			change: func(w *env) {
				r := w.call("PATCH", fmt.Sprintf("/chats/%d", w.people.sms.ID), map[string]any{"state": "archived"})
				require.Equal(w, http.StatusOK, r.status, r.raw)
			},
			status: "canceled",
			code:   "chat_archived",
		},
		"another number": {
			change: func(w *env) { w.patchMember(w.people.ana.ID, map[string]any{"phone": "+14155550177"}) },
			status: "pending",
			code:   "address_changed",
		},
		"chat deleted": {
			change: func(w *env) {
				r := w.call("DELETE", fmt.Sprintf("/chats/%d?cancel=true", w.people.sms.ID), nil)
				require.Equal(w, http.StatusOK, r.status, r.raw)
			},
			status: "canceled",
			code:   "chat_deleted",
		},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
			w.contributor("Cem", cook, "")

			r := w.call("POST", sendPath(w.people.sms.ID), sendBody(
				"Yes, we cook it without nuts.",
				newToolCall("contributor_input_request", map[string]any{"question": "Without nuts?"}),
			))
			require.Equal(t, http.StatusAccepted, r.status, r.raw)
			w.eventually(func() bool { return len(w.texts(cook)) == 1 })

			tt.change(w)
			w.replies(cook, "Yes")

			id := r.at("delivery", "id").(string)

			w.eventually(func() bool { return w.delivery(id).at("error_code") == tt.code })

			d := w.delivery(id)
			assert.Equal(t, tt.status, d.at("status"), d.raw)
			assert.Contains(t, d.at("explanation"), "Not sent", d.raw)
			assert.Empty(t, w.texts("+14155550101"))
			assert.Empty(t, w.texts("+14155550177"))

			if tt.status != "pending" {
				w.awaitSettled(r.at("action_id"))
				return
			}

			retried := w.call("POST", "/deliveries/"+id+"/retry", map[string]any{})
			assert.Equal(t, http.StatusOK, retried.status, retried.raw)
			assert.Len(t, w.texts("+14155550177"), 1, "a person's retry goes to the present number")
			w.awaitSettled(r.at("action_id"))
		})
	}
}
