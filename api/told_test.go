package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// TestADeliveryTellsAllThatIsKnown in the sentences of the package chat, so that every client has them.
func TestADeliveryTellsAllThatIsKnown(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/deliveries/" + string(deliveryID))})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	d := unknownDelivery()
	assert.Equal(t, d.TellCustomer(), a.json["customer_sentence"])
	assert.Equal(t, "possibly", a.json["attempts"].([]any)[0].(map[string]any)["reached"])

	timeline := a.json["timeline"].([]any)
	require.Len(t, timeline, len(d.Timeline()))
	assert.EqualValues(t, 1, timeline[0].(map[string]any)["attempt"])
	assert.EqualValues(t, 2, timeline[2].(map[string]any)["report"], "the second of its reports")
	assert.Contains(t, timeline[3].(map[string]any)["what"], "it is looked for in Twilio's list of messages")
}

// TestAMessageHasTheTextOfItsSMS only where it differs, and only for who may see deliveries.
func TestAMessageHasTheTextOfItsSMS(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	sent := unknownDelivery()
	sent.Payload.Text = "It is ready."
	w.store.deliveries = []chat.Delivery{sent}

	written := outboundMessage()
	written.Content = "It is **ready**."
	w.store.messages = []chat.Message{written}

	read := func(query string) map[string]any {
		return firstOf(t, w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats/7/messages" + query)}))
	}

	assert.Equal(t, "It is ready.", read("?expand=delivery")["sent_text"])
	assert.NotContains(t, read(""), "sent_text")

	w.store.messages[0].Content = "It is ready."

	assert.NotContains(t, read("?expand=delivery"), "sent_text")
}

// TestAToolCallSaysWhereItIsFound at its tool, but not in messages, which are the customer's to read.
func TestAToolCallSaysWhereItIsFound(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	shown := firstOf(t, w.do(t, request{method: http.MethodGet, path: workspaceURL("/tool-calls")}))
	assert.Equal(t, "POST https://desk.example.com/tables", shown["where"])
	assert.Equal(t, "m1-1", shown["idempotency_key"])

	asked := outboundMessage()
	asked.ToolCalls = []chat.ToolCall{{
		ID:    "call_1",
		Name:  "book_table",
		Where: "POST https://desk.example.com/tables",
		Key:   "m1-0",
	}}
	w.store.messages = []chat.Message{asked}

	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats/7/messages")})
	assert.NotContains(t, a.raw, "desk.example.com")
	assert.NotContains(t, a.raw, "m1-0")
}
