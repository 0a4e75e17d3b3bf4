package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestListEvents(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	a := w.do(t, request{
		method: http.MethodGet,
		path:   workspaceURL("/events?after=5&types=delivery.undelivered,sender.blocked&chat_id=7&limit=2"),
	})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, chat.EventFilter{
		After:  5,
		Types:  []chat.EventType{chat.EventDeliveryUndelivered, chat.EventSenderBlocked},
		ChatID: 7,
		Limit:  2,
	}, w.store.eventFilter)

	assert.JSONEq(t, `{
		"items": [
			{"id": "e1", "sequence": 7, "chat_id": 7, "chat_sequence": 3, "type": "delivery.undelivered", "subject_id": "d1",
				"at": "2026-11-22T12:00:00Z",
				"explanation": "A message that the provider took has not arrived: the message was filtered because of its content.",
				"data": {"status": "undelivered", "error_code": "twilio_30007"}},
			{"id": "e2", "sequence": 8, "chat_id": null, "chat_sequence": null, "type": "sender.blocked",
				"subject_id": "phone:1", "at": "2026-11-22T12:00:00Z",
				"explanation": "The provider refuses everything of a sender.", "data": {}}
		],
		"next": 8, "latest": 9, "oldest": 2
	}`, a.raw)
}

func TestListEventsRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	for query, field := range map[string]string{
		"types=chat.painted": "query.types",
		"after=-1":           "query.after",
		"limit=1001":         "query.limit",
		"since=yesterday":    "query.since",
	} {
		a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/events?" + query)})
		requireProblem(t, a, http.StatusBadRequest, "invalid_request", field)
	}

	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/events?after=x")})
	assert.Contains(t, a.raw, "a whole number from 0 to 9223372036854775807")
}

// TestAListOfWrongWordsIsAnsweredShortly holds that an answer does not grow with what is wrong in the query.
func TestAListOfWrongWordsIsAnsweredShortly(t *testing.T) {
	t.Parallel()

	a := newWorld(t).do(t, request{
		method: http.MethodGet,
		path:   workspaceURL("/events?types=a" + strings.Repeat(",a", 1000)),
	})
	requireProblem(t, a, http.StatusBadRequest, "invalid_request", "query.types")
	assert.Len(t, a.json["errors"], 1)
	assert.Less(t, len(a.raw), 4096)
}

// TestAReaderOfLostNumbersGoesOnWhereTheLogEnds is a reader who has read events that a failover has lost: next never
// passes the end, or the events that get the numbers again would be left out.
func TestAReaderOfLostNumbersGoesOnWhereTheLogEnds(t *testing.T) {
	t.Parallel()

	a := newWorld(t).do(t, request{method: http.MethodGet, path: workspaceURL("/events?after=1041")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.JSONEq(t, `{"items": [], "next": 9, "latest": 9, "oldest": 2}`, a.raw)
}
