package service_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// TestASendIsReadInTheLog reads what a send with a tool call comes to, as a program would that polls.
func TestASendIsReadInTheLog(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)

		body := sendBody("On its way.", newToolCall("add_label", map[string]any{"label": "VIP"}))
		r := w.call("POST", sendPath(w.people.sms.ID), body)
		require.Equal(t, http.StatusOK, r.status, r.raw)

		delivery := r.at("delivery", "id")

		var types []string

		after := 0

		w.eventually(func() bool {
			list := w.call("GET", fmt.Sprintf("/events?chat_id=%d&after=%d", w.people.sms.ID, after), nil)
			require.Equal(t, http.StatusOK, list.status, list.raw)

			after = int(list.at("next").(float64))

			for _, item := range list.at("items").([]any) {
				event := item.(map[string]any)
				types = append(types, event["type"].(string))
				assert.InDelta(t, len(types), event["chat_sequence"], 0, "no gap, and none twice")

				if event["type"] == string(chat.EventDeliveryAccepted) {
					assert.Equal(t, delivery, event["subject_id"])
				}
			}

			return slices.Contains(types, string(chat.EventDeliveryDelivered))
		})

		assert.Subset(t, types, []string{
			string(chat.EventChatCreated),
			string(chat.EventMessageCreated),
			string(chat.EventChatNeedsResponse),
			string(chat.EventToolCallSucceeded),
			string(chat.EventDeliveryAccepted),
			string(chat.EventDeliverySettled),
		})
		assert.Less(
			t,
			slices.Index(types, string(chat.EventDeliveryAccepted)),
			slices.Index(types, string(chat.EventDeliveryDelivered)),
		)
	})
}
