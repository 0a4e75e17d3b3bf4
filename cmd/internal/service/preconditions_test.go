package service_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/sandbox"
)

// TestWhatWaitsForASenderFollowsTheFirst is N7: one retry is enough, and the others do not wait for their own timers.
func TestWhatWaitsForASenderFollowsTheFirst(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		_, ben := w.customerChat("Ben", "+14155550102")
		_, cem := w.customerChat("Cem", "+14155550103")
		w.setFaults(sandbox.Fault{Kind: sandbox.FaultSuspended})

		var sends []response

		for _, id := range []chat.ChatID{w.people.sms.ID, ben, cem} {
			r := w.call("POST", sendPath(id), sendBody("An offer"))
			require.Equal(t, "blocked", r.at("delivery", "status"), r.raw)

			sends = append(sends, r)
		}

		w.setFaults()

		r := w.call("POST", "/deliveries/"+sends[0].at("delivery", "id").(string)+"/retry", map[string]any{})
		require.Less(t, r.status, 300, r.raw)

		for i := range sends {
			w.awaitSettled(sends[i].at("action_id"))
		}

		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 3)
	})
}

// TestSendsOfAChatArriveInOrder is N9: the provider takes the oldest one later, and it still arrives first.
func TestSendsOfAChatArriveInOrder(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		w.setFaults(sandbox.Fault{Kind: "rate_limit", Delay: 2 * time.Second, Times: 1})

		var actions []any

		for i := range 3 {
			body := sendBody(fmt.Sprintf("Message %d", i))
			r := w.call("POST", sendPath(w.people.sms.ID), body, "Prefer", "wait=0")
			require.Equal(t, http.StatusAccepted, r.status, r.raw)

			actions = append(actions, r.at("action_id"))

			if i == 0 {
				w.eventually(func() bool {
					return w.call("GET", fmt.Sprintf("/deliveries?chat_id=%d", w.people.sms.ID), nil).at("items", 0, "retry_at") != nil
				})
			}
		}

		for _, id := range actions {
			w.awaitSettled(id)
		}

		var arrived []string
		for _, m := range w.box.Messages(sandbox.MessageFilter{}) {
			arrived = append(arrived, m.Body)
		}

		assert.Equal(t, []string{"Message 0", "Message 1", "Message 2"}, arrived)
	})
}

// TestTheCallersPreconditions refuses a send at once, with what came, and holds one that waits.
func TestTheCallersPreconditions(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		w.inbound(w.people.sms.ID, "Where is it?")

		messages := fmt.Sprintf("/chats/%d/messages", w.people.sms.ID)
		seen := w.call("GET", messages, nil).at("items", 0, "uuid")
		answer := map[string]any{"message": "On its way.", "if_last_message": seen}

		w.setFaults(sandbox.Fault{Kind: "rate_limit", Delay: 2 * time.Second, Times: 1})

		waiting := w.call("POST", sendPath(w.people.sms.ID), answer, "Prefer", "wait=1")
		require.Equal(t, http.StatusAccepted, waiting.status, waiting.raw)
		w.inbound(w.people.sms.ID, "Never mind, it is here.")

		refused := w.call("POST", sendPath(w.people.sms.ID), answer)
		require.Equal(t, http.StatusConflict, refused.status, refused.raw)
		assert.Equal(t, "chat_moved_on", refused.at("code"))
		assert.Equal(t, "Never mind, it is here.", refused.at("messages", 0, "text"))

		id := waiting.at("delivery", "id").(string)

		w.eventually(func() bool { return w.delivery(id).at("error_code") == "chat_moved_on" })
		assert.Equal(t, "person", w.delivery(id).at("waiting_for"))

		r := w.call("POST", "/deliveries/"+id+"/retry", map[string]any{})
		require.Less(t, r.status, 300, r.raw)
		w.awaitSettled(waiting.at("action_id"))
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)
	})
}
