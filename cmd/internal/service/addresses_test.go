package service_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

// A number that is typed with the zero of its country goes out as it is dialed from everywhere,
// its answers find their chat, and STOP reaches it.
func TestANumberIsOneHoweverItIsTyped(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		before := len(w.chats())

		for typed, form := range map[string]string{
			"+4407911123456": "+447911123456",
			"+4901711234567": "+491711234567",
			"+330612345678":  "+33612345678",
			"+610412345678":  "+61412345678",
			"+114155550144":  "+14155550144",
			"+390612345678":  "+390612345678",
		} {
			member := fmt.Sprintf("/members/%d", w.people.ana.ID)
			changed := w.call("PATCH", member, map[string]any{"phone": typed})
			require.Equal(t, http.StatusOK, changed.status, changed.raw)
			assert.Equal(t, form, changed.at("phone"))

			sent := w.call("POST", sendPath(w.people.sms.ID), sendBody("hello "+form))
			require.Equal(t, http.StatusOK, sent.status, sent.raw)
			require.Len(t, w.box.Messages(sandbox.MessageFilter{To: form}), 1)

			for _, words := range []string{"My answer", "STOP"} {
				require.NoError(
					t,
					w.box.Answer(t.Context(), sandbox.Answer{From: form, To: "+14155550100", Text: words}),
				)
				assert.Equal(t, words, w.messages(w.people.sms.ID)[0].Content)
			}

			refused := w.call("POST", sendPath(w.people.sms.ID), sendBody("one more"))
			assert.Equal(t, "recipient_opted_out", refused.at("code"), refused.raw)
		}

		assert.Len(t, w.chats(), before, "no answer has opened a stranger's chat")

		taken := w.call("POST", "/members", map[string]any{"name": "Ben Okri", "email": "ANA@Customers.example"})
		require.Equal(t, http.StatusConflict, taken.status, taken.raw)
		assert.Equal(t, "address_taken", taken.at("code"))
		assert.EqualValues(t, w.people.ana.ID, taken.at("member_id"))
	})
}
