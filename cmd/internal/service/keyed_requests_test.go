package service_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/sandbox"
)

// TestTwoPostsWithOneKeyMakeOne asks for what integrators create, each twice.
func TestTwoPostsWithOneKeyMakeOne(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)

		for i, post := range []struct {
			path string
			body map[string]any
		}{
			{"/members", map[string]any{"name": "Ben", "phone": "+14155550188"}},
			{"/chats", map[string]any{"channel": "web-chat", "member_id": w.people.ana.ID}},
			{fmt.Sprintf("/chats/%d/messages", w.people.sms.ID), map[string]any{"content": "Hello?"}},
			{"/chat-labels", map[string]any{"name": "twice"}},
			{"/api-keys", map[string]any{"name": "Shop", "scopes": []string{"chats:read"}}},
		} {
			key := fmt.Sprintf("key-%d", i)
			first := w.call("POST", post.path, post.body, "Idempotency-Key", key)
			require.Equal(t, http.StatusCreated, first.status, first.raw)
			assert.Empty(t, first.header.Get("Idempotency-Replayed"))

			again := w.call("POST", post.path, post.body, "Idempotency-Key", key)
			require.Equal(t, http.StatusCreated, again.status, again.raw)
			assert.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
			assert.Equal(t, first.at("id"), again.at("id"))

			if post.path == "/api-keys" {
				assert.NotEmpty(t, first.at("key"))
				assert.NotContains(t, again.raw, first.at("key"))
			} else {
				assert.Equal(t, first.raw, again.raw)
			}
		}

		send := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"), "Idempotency-Key", "key-0")
		assert.Equal(t, http.StatusConflict, send.status, send.raw)
		assert.Equal(t, "idempotency_key_reused", send.at("code"))
		assert.Empty(t, w.box.Messages(sandbox.MessageFilter{}))
	})
}

// TestOfPostsAtOnceWithOneKeyOneIsCarriedOut: the others are answered with it, or told to come again.
func TestOfPostsAtOnceWithOneKeyOneIsCarriedOut(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)

		const posts = 6

		answers := make([]response, posts)

		var wait sync.WaitGroup

		for i := range posts {
			wait.Go(func() {
				answers[i] = w.call("POST", "/members", map[string]any{"name": "Twin"}, "Idempotency-Key", "twins")
			})
		}

		wait.Wait()

		for _, a := range answers {
			if a.status == http.StatusConflict {
				assert.Equal(t, "request_in_progress", a.at("code"), a.raw)
				assert.NotEmpty(t, a.header.Get("Retry-After"))
			} else {
				assert.Equal(t, http.StatusCreated, a.status, a.raw)
			}
		}

		found := w.call("GET", "/members?limit=100", nil)
		twins := 0

		for _, item := range found.at("items").([]any) {
			if item.(map[string]any)["name"] == "Twin" {
				twins++
			}
		}

		assert.Equal(t, 1, twins)
	})
}

// TestADeletedChatActsNoMore: a refund that waits for its approval keeps its chat from being deleted, and is not made
// once it was.
func TestADeletedChatActsNoMore(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		noor := w.secondManager()
		w.defineTool(httpTool(d, "refund", map[string]any{"risk": "approval"}))

		body := sendBody("Refunded.", newToolCall("refund", map[string]any{"what": "50"}))
		asked := w.call("POST", sendPath(w.people.sms.ID), body, "Idempotency-Key", "refund-1")
		require.Equal(t, http.StatusAccepted, asked.status, asked.raw)

		action := asked.at("action_id").(string)
		one := fmt.Sprintf("/chats/%d", w.people.sms.ID)

		refused := w.call("DELETE", one, nil)
		require.Equal(t, http.StatusConflict, refused.status, refused.raw)
		assert.Equal(t, "open_actions", refused.at("code"))
		assert.Contains(t, refused.raw, action)

		deleted := w.call("DELETE", one+"?cancel=true", nil)
		require.Equal(t, http.StatusOK, deleted.status, deleted.raw)
		assert.Equal(t, action, deleted.at("canceled", 0, "action_id"))

		w.call("POST", "/actions/"+action+"/approvals",
			map[string]any{"decision": "approve", "reason": "looked at it"}, "Authorization", "Bearer "+noor)
		w.awaitSettled(action)
		assert.Empty(t, d.calls(), "no refund is made")
		assert.Empty(t, w.box.Messages(sandbox.MessageFilter{}), "and nothing is sent")

		again := w.call("POST", sendPath(w.people.sms.ID), body, "Idempotency-Key", "refund-1")
		assert.Equal(t, "true", again.header.Get("Idempotency-Replayed"), again.raw)
		assert.Contains(t, again.raw, action, "its key finds it though the chat is gone")

		other := w.call("POST", sendPath(w.people.sms.ID), body, "Idempotency-Key", "refund-2")
		assert.Equal(t, http.StatusNotFound, other.status, other.raw)
	})
}

// TestAnActionThatWaitsCanBeCanceled, whatever it waits for.
func TestAnActionThatWaitsCanBeCanceled(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		w.secondManager()
		w.contributor("Cem", cook, "")
		w.defineTool(httpTool(d, "refund", map[string]any{"risk": "approval"}))
		w.defineTool(httpTool(d, "book"))
		d.answers(func(_ deskCall, answer http.ResponseWriter) { answer.WriteHeader(http.StatusBadGateway) })

		for waiting, call := range map[chat.Waiting]map[string]any{
			chat.WaitingApproval:     newToolCall("refund", map[string]any{"what": "50"}),
			chat.WaitingToolDecision: newToolCall("book", map[string]any{"what": "a"}),
			chat.WaitingContributor:  newToolCall("contributor_input_request", map[string]any{"question": "Without nuts?"}),
		} {
			sent := w.call("POST", sendPath(w.people.sms.ID), sendBody("Done.", call), "Prefer", "wait=1")
			require.Equal(t, http.StatusAccepted, sent.status, sent.raw)

			path := "/actions/" + sent.at("action_id").(string)

			w.eventually(func() bool { return w.call("GET", path, nil).at("waiting_for") == string(waiting) })
			assert.Equal(t, map[chat.Waiting][]any{
				// Who has asked does not approve, and what is approved is not changed.
				chat.WaitingApproval:     {"cancel"},
				chat.WaitingToolDecision: {"resolve_tool_call", "change", "cancel"},
				chat.WaitingContributor:  {"change", "cancel"},
			}[waiting], w.call("GET", path, nil).at("next"))

			canceled := w.call("POST", path+"/cancel", map[string]any{"reason": "the customer called"})
			require.Equal(t, http.StatusOK, canceled.status, "%s: %s", waiting, canceled.raw)
			assert.Equal(t, "failed", canceled.at("state"), canceled.raw)
			w.awaitSettled(sent.at("action_id"))

			again := w.call("POST", path+"/cancel", map[string]any{"reason": "once more"})
			assert.Equal(t, http.StatusConflict, again.status, again.raw)
		}

		for _, m := range w.box.Messages(sandbox.MessageFilter{}) {
			assert.Equal(t, cook, m.To, "only the contributor was written to")
		}
	})
}
