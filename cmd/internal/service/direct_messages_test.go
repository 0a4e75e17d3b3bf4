package service_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// TestOneCallFromNothingToAnSMS goes from a workspace with defaults to an SMS on a stranger's phone, and repeats it.
func TestOneCallFromNothingToAnSMS(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)

		hello := fields(
			"to", fields("phone", "+14155550166", "name", "Dana"),
			"message", "Your order is on its way.",
			"tool_calls", []any{fields("name", "add_label", "arguments", fields("label", "vip"))},
		)

		// Without defaults there is nothing to make a chat of, and nobody is made.
		r := w.call(http.MethodPost, "/messages", hello)
		require.Equal(t, http.StatusBadRequest, r.status, r.raw)
		assert.Equal(t, "default_missing", r.at("code"))
		assert.Equal(t, "workspace_defaults.assistant_member_id", r.at("errors", 0, "field"))

		numbers := w.call(http.MethodGet, "/phone-numbers", nil)
		r = w.call(http.MethodPut, "/workspace-defaults", fields(
			"assistant_member_id", w.people.assistant.ID,
			"phone_number_id", numbers.at("items", 0, "id"),
		))
		require.Equal(t, http.StatusOK, r.status, r.raw)

		// A tool call that is wrong leaves nobody behind either.
		wrong := fields(
			"to", fields("phone", "+14155550166"),
			"message", "Hello",
			"tool_calls", []any{fields("name", "add_label", "arguments", fields("label", "nonsense"))},
		)
		r = w.call(http.MethodPost, "/messages", wrong, "Idempotency-Key", "order-1")
		require.Equal(t, http.StatusBadRequest, r.status, r.raw)
		assert.Equal(t, "invalid_tool_arguments", r.at("code"))

		found := w.call(http.MethodGet, "/members?phone=%2B14155550166", nil)
		require.Empty(t, found.at("items"))

		// A process may end when the place is made and before the send is started: the same request goes on.
		by := chat.Actor{MemberID: w.people.manager.ID}
		left, err := w.store.FindOrCreatePlace(t.Context(), w.ws, by, chat.DirectMessage{
			To:      chat.MessageTo{Phone: "+14155550166", Name: "Dana"},
			Message: "Your order is on its way.",
		}, func(*chat.SendFacts) error { return nil })
		require.NoError(t, err)

		first := w.call(http.MethodPost, "/messages", hello, "Idempotency-Key", "order-1")
		require.Equal(t, http.StatusOK, first.status, first.raw)
		assert.EqualValues(t, left.ChatID, first.at("chat_id"))
		assert.EqualValues(t, left.MemberID, first.at("member_id"))
		assert.Equal(t, "phone-sms", first.at("delivery", "channel"))
		assert.Equal(t, "succeeded", first.at("message", "tool_calls", 0, "status"))

		again := w.call(http.MethodPost, "/messages", hello, "Idempotency-Key", "order-1")
		require.Equal(t, http.StatusOK, again.status, again.raw)
		assert.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
		assert.Equal(t, first.at("action_id"), again.at("action_id"))
		assert.Equal(t, first.at("chat_id"), again.at("chat_id"))
		assert.Equal(t, first.at("member_id"), again.at("member_id"))

		next := w.call(http.MethodPost, "/messages", fields(
			"to", fields("memberId", left.MemberID),
			"channel", "phone-sms",
			"message", "It is there.",
		))
		require.Equal(t, http.StatusOK, next.status, next.raw)
		assert.EqualValues(t, left.ChatID, next.at("chat_id"))

		later := w.call(http.MethodPost, "/messages", hello, "Prefer", "respond-async")
		require.Equal(t, http.StatusAccepted, later.status, later.raw)
		assert.NotEmpty(t, later.header.Get("Location"))

		found = w.call(http.MethodGet, "/members?phone=%2B14155550166", nil)
		require.Len(t, found.at("items"), 1)
		assert.Equal(t, "Dana", found.at("items", 0, "name"))
	})
}

// TestAMemberIsKeptByItsExternalID puts a member twice, and finds it.
func TestAMemberIsKeptByItsExternalID(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)

		put := func(body map[string]any) response {
			return w.call(http.MethodPut, "/members/by-external-id/crm%2F17", body)
		}

		made := put(fields("name", "Dana", "phone", "+14155550166", "metadata", fields("plan", "gold", "tier", "1")))
		require.Equal(t, http.StatusCreated, made.status, made.raw)

		changed := put(fields("metadata", fields("plan", "silver", "tier", nil)))
		require.Equal(t, http.StatusOK, changed.status, changed.raw)
		assert.Equal(t, made.at("id"), changed.at("id"))
		assert.Equal(t, "crm/17", changed.at("external_id"))
		assert.Equal(t, map[string]any{"plan": "silver"}, changed.at("metadata"))

		found := w.call(http.MethodGet, "/members?external_id=crm%2F17", nil)
		require.Len(t, found.at("items"), 1)

		r := w.call(http.MethodPost, "/members", fields("name", "Other", "external_id", "crm/17"))
		require.Equal(t, http.StatusConflict, r.status, r.raw)
		assert.Equal(t, "external_id_taken", r.at("code"))
		assert.Equal(t, made.at("id"), r.at("member_id"))

		// One manager alone makes no manager.
		r = put(fields("role", "manager"))
		require.Equal(t, http.StatusAccepted, r.status, r.raw)
		assert.Equal(t, "member_role", r.at("kind"))
	})
}
