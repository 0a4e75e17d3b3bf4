package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestChatFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := func(query string) chat.ChatFilter {
		a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats" + query)})
		require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

		return w.store.chatFilter
	}

	assert.Equal(t, chat.ChatFilter{Page: chat.Page{Limit: 10}}, list(""))

	assert.Equal(t, chat.ChatFilter{
		NeedsResponse: new(false),
		Channels:      []chat.Channel{chat.ChannelEmail},
		States:        []chat.State{chat.StateOpen},
		Label:         "vip",
		MemberID:      42,
		Query:         "late order",
		Page:          chat.Page{Limit: 100, Cursor: "abc"},
	}, list("?needs_response=false&channel=email&state=open&label=vip&member_id=42&q=late+order&limit=100&cursor=abc"))

	assert.Equal(t, new(true), list("?needs_response=true").NeedsResponse)
	assert.Equal(t, chat.MemberID(42), list("?memberId=42").MemberID)
}

// TestAFilterWithoutAValueIsRefused: state= and chat_id= were taken for filters that were not given, and found
// everything.
func TestAFilterWithoutAValueIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	for path, field := range map[string]string{
		"/actions?state=":        "query.state",
		"/actions?kind=":         "query.kind",
		"/deliveries?chat_id=":   "query.chat_id",
		"/deliveries?duplicate=": "query.duplicate",
		"/chats?limit=":          "query.limit",
	} {
		a := w.do(t, request{method: http.MethodGet, path: workspaceURL(path)})
		requireProblem(t, a, http.StatusBadRequest, "invalid_request", field)
		assert.Contains(t, a.raw, "must be", "it says what would be right")
	}

	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats?q=&cursor=")})
	assert.Equal(t, http.StatusOK, a.StatusCode, "no text is a text: %s", a.raw)
}

func TestDeliveryFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(
		t,
		request{
			method: http.MethodGet,
			path: workspaceURL(
				"/deliveries?status=unknown&channel=phone-sms&error_code=timeout&chat_id=7&since=2026-11-22T10:00:00Z&until=2026-11-22T12:00:00%2B01:00",
			),
		},
	)

	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	f := w.store.deliveryFilter
	assert.Equal(
		t,
		[]any{"unknown", chat.ChannelSMS, "timeout", chatOne},
		[]any{f.Status, f.Channel, f.ErrorCode, f.ChatID},
	)

	assert.Equal(t, time.Hour, f.Until.Sub(*f.Since))
	w.do(t, request{method: http.MethodGet, path: workspaceURL("/deliveries")})
	assert.Equal(t, chat.DeliveryFilter{Page: chat.Page{Limit: 10}}, w.store.deliveryFilter)

	w.do(t, request{method: http.MethodGet, path: workspaceURL("/deliveries?waiting_for=person,sender")})
	require.NotNil(t, w.store.deliveryFilter.Words)
	assert.Equal(t, []chat.Waiting{chat.WaitingPerson, chat.WaitingSender}, w.store.deliveryFilter.Words.WaitingFor)

	for _, status := range append(chat.SubmissionStates(), "delivered", "bounced", "unconfirmed") {
		assert.Equal(
			t,
			http.StatusOK,
			w.do(t, request{method: http.MethodGet, path: workspaceURL("/deliveries?status=" + string(status))}).StatusCode,
			status,
		)
	}
}

func TestADelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/deliveries/" + string(deliveryID))})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, "unknown", a.json["status"])
	assert.Contains(t, a.json["explanation"], "May have been sent")
	assert.Len(t, a.json["attempts"], 1)
	events := a.json["events"].([]any)
	assert.Equal(t, "MessageStatus=queued", events[0].(map[string]any)["raw"])
	assert.Equal(t, map[string]any{"event": "sent"}, events[1].(map[string]any)["raw"])

	for state, next := range map[chat.SubmissionState][]any{
		chat.SubmissionPending:     {"retry", "cancel"},
		chat.SubmissionSending:     {},
		chat.SubmissionAccepted:    {"look_up"},
		chat.SubmissionBlocked:     {"retry", "cancel"},
		chat.SubmissionUnknown:     {"resolve", "look_up"},
		chat.SubmissionNeedsReview: {"retry", "resolve", "look_up"},
		chat.SubmissionRejected:    {"retry"},
	} {
		w.store.delivery = func(chat.DeliveryID) (chat.Delivery, error) {
			d := unknownDelivery()
			d.Submission = state

			return d, nil
		}

		assert.Equal(
			t,
			next,
			w.do(t, request{method: http.MethodGet, path: workspaceURL("/deliveries/" + string(deliveryID))}).json["next"],
			state,
		)
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats/7/messages?limit=2&offset=4")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, chat.MessagePage{Page: chat.Page{Limit: 2}, Offset: 4}, w.store.messagePage)
	assert.Equal(t, "older", a.json["next_cursor"])
	first := a.json["items"].([]any)[0].(map[string]any)
	assert.Equal(t, "assistant", first["role"])

	assert.Equal(t, map[string]any{
		"id":       "call_1",
		"type":     "function",
		"function": map[string]any{"name": "add_label", "arguments": `{"label":"vip"}`},
		"status":   "succeeded",
		"result":   map[string]any{},
	}, first["tool_calls"].([]any)[0])

	a = w.do(t, request{
		method: http.MethodPost,
		path:   workspaceURL("/chats/7/messages"),
		key:    userKey,
		body:   `{"content":"Where is it?"}`,
	})

	require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
	assert.Equal(t, chat.MemberID(42), w.store.newMessage.By.MemberID)

	w.store.newMessage.By = chat.Actor{}
	assert.Equal(t, chat.NewMessage{MemberID: 42, Content: "Where is it?"}, w.store.newMessage)

	for given, want := range map[string]int{"1": 1, "5": 5, `"up"`: 5, `"down"`: 1} {
		a = w.do(
			t,
			request{
				method: http.MethodPost,
				path:   workspaceURL("/chats/7/messages/" + string(messageOne) + "/rate"),
				body:   `{"rating":` + given + `,"comment":"c"}`,
			},
		)

		require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
		assert.Equal(t, want, w.store.rating.Value)
		assert.Equal(t, chat.MemberID(1), w.store.rating.By)
	}

	w.store.fail = chat.Errorf(chat.CodeNotRatable, "only an assistant's messages can be rated")
	a = w.do(
		t,
		request{
			method: http.MethodPost,
			path:   workspaceURL("/chats/7/messages/" + string(messageOne) + "/rate"),
			body:   `{"rating":1}`,
		},
	)

	requireProblem(t, a, http.StatusBadRequest, "not_ratable", "")
}

func TestMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(t, request{method: http.MethodPost, path: workspaceURL("/members"), body: `{"name":"Ana"}`})
	require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)

	assert.Equal(t, chat.Member{
		WorkspaceID:          home,
		Name:                 "Ana",
		Kind:                 chat.KindPerson,
		Role:                 chat.RoleUser,
		NotificationsEnabled: true,
		Tools:                chat.AllTools(),
	}, w.store.member)

	assert.Equal(t, workspaceURL("/members/42"), a.Header.Get("Location"))

	a = w.do(
		t,
		request{
			method: http.MethodPost,
			path:   workspaceURL("/members"),
			body: `{"name":"Bot","kind":"assistant","role":"manager","notifications_enabled":false,` +
				`"phone":"+14155550123","consent":{"email":"revoked"}}`,
		},
	)

	require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
	assert.False(t, w.store.member.NotificationsEnabled)

	assert.Equal(
		t,
		[]chat.Consent{chat.ConsentUnknown, chat.ConsentRevoked},
		[]chat.Consent{
			w.store.member.Consents.On(chat.ChannelSMS),
			w.store.member.Consents.On(chat.ChannelEmail),
		},
	)

	assert.Equal(t, map[string]any{"phone-sms": "unknown", "email": "revoked"}, a.json["consent"])

	a = w.do(
		t,
		request{
			method: http.MethodPatch,
			path:   workspaceURL("/members/42"),
			body:   `{"phone":"","consent":{"phone-sms":"granted"}}`,
		},
	)

	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	granted := chat.Consents{chat.ChannelSMS: chat.ConsentGranted}
	assert.Equal(t, chat.MemberPatch{Phone: new(""), Consents: granted}, w.store.memberPatch)

	for _, phone := range []string{"+14155550123", "+15005550006", "+491701234567"} {
		a = w.do(t, request{method: http.MethodPatch, path: workspaceURL("/members/42"), body: `{"phone":"` + phone + `"}`})
		assert.Equal(t, http.StatusOK, a.StatusCode, phone)
	}
}

func TestChats(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(
		t,
		request{
			method: http.MethodPost,
			path:   workspaceURL("/chats"),
			body: `{"channel":"phone-sms","memberId":42,"participants":[{"memberId":5},{"member_id":6,` +
				`"role":"observer"}]}`,
		},
	)

	require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
	assert.Equal(t, workspaceURL("/chats/7"), a.Header.Get("Location"))

	assert.Equal(
		t,
		[]chat.NewParticipant{
			{MemberID: 5, Role: chat.ParticipantContributor},
			{MemberID: 6, Role: chat.ParticipantObserver},
		},
		w.store.newChat.Participants,
	)

	a = w.do(t, request{method: http.MethodPatch, path: workspaceURL("/chats/7"), body: `{"needs_response":false,"label_ids":[]}`})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, chat.ChatPatch{NeedsResponse: new(false), LabelIDs: &[]chat.LabelID{}}, w.store.chatPatch)
	a = w.do(t, request{method: http.MethodDelete, path: workspaceURL("/chats/7")})
	assert.Equal(t, http.StatusNoContent, a.StatusCode)
	assert.Empty(t, a.raw)
	assert.Equal(t, []string{"CreateChat", "UpdateChat", "DeleteChat"}, w.store.changed())
}

func TestConflicts(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		method, path, body string
		code               chat.Code
		status             int
	}{
		{"POST", "/chat-labels", `{"name":"vip"}`, chat.CodeAlreadyExists, 409},
		{"POST", "/phone-numbers", `{"number":"+14155550100"}`, chat.CodeAlreadyExists, 409},
		{"DELETE", "/phone-numbers/1", "", chat.CodeInUse, 409},
		{"DELETE", "/inboxes/1", "", chat.CodeInUse, 409},
		{"DELETE", "/members/42", "", chat.CodeMemberInUse, 409},
		{"DELETE", "/members/42", "", chat.CodeLastManager, 400},
		{"DELETE", "/chats/7/participants/12", "", chat.CodeLastOwner, 400},
		{"PATCH", "/chats/7/participants/12", `{"role":"observer"}`, chat.CodeLastOwner, 400},
		{"DELETE", "/chats/7/participants/12", "", chat.CodeParticipantNotFound, 404},
		{"PATCH", "/chats/7", `{"label_ids":[9]}`, chat.CodeLabelNotFound, 404},
		{"POST", "/chats", `{"channel":"email","member_id":1}`, chat.CodeMemberNotFound, 404},
	} {
		w := newWorld(t)
		w.store.fail = chat.Errorf(test.code, "what is wrong")
		requireProblem(
			t,
			w.do(t, request{method: test.method, path: workspaceURL(test.path), body: test.body}),
			test.status,
			string(test.code),
			"",
		)
	}
}

// Lists that the store gives whole are cut here, and walk through all entries once.
func TestPagesOfWholeLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	w.store.labels = nil
	for i := range 25 {
		w.store.labels = append(
			w.store.labels,
			chat.Label{ID: chat.LabelID(i + 1), Name: fmt.Sprintf("L%02d", (i*7)%25)},
		)
	}

	var seen []string

	for cursor, pages := "", 0; ; pages++ {
		require.Less(t, pages, 10)
		a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/chat-labels?limit=10&cursor=" + cursor)})
		require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

		for _, item := range a.json["items"].([]any) {
			seen = append(seen, item.(map[string]any)["name"].(string))
		}

		if a.json["next_cursor"] == nil {
			break
		}

		cursor = a.json["next_cursor"].(string)
	}

	require.Len(t, seen, 25)
	assert.IsIncreasing(t, seen)

	w.store.labels = nil
	assert.JSONEq(
		t,
		`{"items":[],"next_cursor":null}`,
		w.do(t, request{method: http.MethodGet, path: workspaceURL("/chat-labels")}).raw,
	)
}

func TestToolsOfAChat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats/7/tools?limit=100")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	tools := a.json["items"].([]any)
	require.Len(t, tools, len(chat.Builtins())+2)
	tool := tools[0].(map[string]any)
	assert.Equal(
		t,
		[]any{"add_label", "builtin", "write", false},
		[]any{tool["name"], tool["kind"], tool["risk"], tool["idempotent"]},
	)

	assert.Equal(t, "object", tool["schema"].(map[string]any)["type"])

	book, taxi := tools[1].(map[string]any), tools[2].(map[string]any)
	assert.Equal(
		t,
		[]any{"book_table", "http", 4.0, map[string]any{"tool": "cancel_table"}},
		[]any{book["name"], book["kind"], book["tool_id"], book["undo"]},
	)

	assert.Equal(t, []any{"concierge.order_taxi", "mcp", 5.0}, []any{taxi["name"], taxi["kind"], taxi["tool_id"]})
}

func TestConsentCanBeGivenOnEveryChannelThatTakesIt(t *testing.T) {
	t.Parallel()

	for _, channel := range chat.AddressedChannels() {
		w := newWorld(t)
		a := w.do(t, request{
			method: http.MethodPatch,
			path:   workspaceURL("/members/42"),
			body:   fmt.Sprintf(`{"consent":{%q:"revoked"}}`, channel),
		})

		require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
		assert.Equal(t, chat.Consents{channel: chat.ConsentRevoked}, w.store.memberPatch.Consents)
		assert.Contains(t, a.json["consent"], string(channel))
	}
}

func TestAMembersToolsHaveOneLimit(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	schemas := w.document(t)["components"].(map[string]any)["schemas"].(map[string]any)
	for _, name := range []string{"NewMember", "MemberPatch"} {
		tools := schemas[name].(map[string]any)["properties"].(map[string]any)["tools"].(map[string]any)
		assert.EqualValues(t, chat.MaxAllowedTools, tools["maxItems"], name)
	}

	names := make([]string, chat.MaxAllowedTools+1)
	for i := range names {
		names[i] = "tool_" + strconv.Itoa(i)
	}

	list, err := json.Marshal(names)
	require.NoError(t, err)

	for method, path := range map[string]string{http.MethodPost: "/members", http.MethodPatch: "/members/42"} {
		body := `{"tools":` + string(list) + `}`
		if method == http.MethodPost {
			body = `{"kind":"assistant","name":"Bot","tools":` + string(list) + `}`
		}

		a := w.do(t, request{method: method, path: workspaceURL(path), body: body})
		requireProblem(t, a, http.StatusBadRequest, "invalid_request", "tools")
		assert.Contains(t, a.raw, "at most 100 entries", method)
	}
}
