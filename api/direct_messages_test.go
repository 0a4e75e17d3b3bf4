package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/api"
	"handrail/chat"
)

var directRequest = request{
	method: http.MethodPost,
	path:   workspaceURL("/messages"),
	body:   `{"to":{"phone":"+114155550123","name":"Ana"},"message":"Hello","title":"Order"}`,
}

func TestSendAMessageToSomebody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	a := w.do(t, directRequest)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.EqualValues(t, chatOne, a.json["chat_id"])
	assert.EqualValues(t, 42, a.json["member_id"])
	assert.Equal(t, true, a.json["success"])
	assert.NotNil(t, a.json["delivery"])

	assert.Equal(t, chat.DirectMessage{
		To:        chat.MessageTo{Phone: "+14155550123", Name: "Ana"},
		Message:   "Hello",
		Title:     "Order",
		ToolCalls: []chat.ToolCall{},
	}, w.store.direct)

	sent, ok := w.engine.all()[0].(chat.SendAssistantMessage)
	require.True(t, ok)
	assert.Equal(t, chatOne, sent.ChatID)
	assert.EqualValues(t, 5, sent.Watermark)
}

func TestWhoAMessageGoesToIsGivenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	for body, field := range map[string]string{
		`{"message":"x"}`:                     "to",
		`{"message":"x","to":{}}`:             "to",
		`{"message":"x","to":{"name":"Ana"}}`: "to",
		`{"message":"x","to":{"phone":"+14155550123","email":"a@b.co"}}`:       "to.email",
		`{"message":"x","to":{"memberId":42,"phone":"+14155550123"}}`:          "to.phone",
		`{"message":"x","to":{"memberId":0}}`:                                  "to.memberId",
		`{"message":"x","to":{"member_id":42,"external_id":"crm-1"}}`:          "to.external_id",
		`{"message":"x","to":{"member_id":42,"name":"Ana"}}`:                   "to.name",
		`{"message":"x","to":{"phone":"12"}}`:                                  "to.phone",
		`{"message":"x","to":{"email":"ana"}}`:                                 "to.email",
		`{"message":"x","to":{"external_id":"a b"}}`:                           "to.external_id",
		`{"message":"x","to":{"phone":"+14155550123","name":"a\nb"}}`:          "to.name",
		`{"message":"x","to":{"phone":"+14155550123"},"channel":"fax"}`:        "channel",
		`{"message":"","to":{"phone":"+14155550123"}}`:                         "message",
		`{"message":"x","to":{"phone":"+14155550123"},"chat_id":7}`:            "chat_id",
		`{"message":"x","to":{"phone":"+14155550123"},"tool_calls":[{}]}`:      "tool_calls[0]",
		`{"message":"x","to":"+14155550123"}`:                                  "to",
		`{"message":"x","to":{"phone":"+14155550123","first_name":"Ana"}}`:     "to.first_name",
		`{"message":"x","to":{"phone":"+14155550123"},"title":"` + long + `"}`: "title",
	} {
		r := directRequest
		r.body = body

		a := w.do(t, r)
		require.Equal(t, http.StatusBadRequest, a.StatusCode, "%s: %s", body, a.raw)
		assert.Contains(t, strings.Join(fieldsOf(a), " "), field, body)
	}

	w.requireUntouched(t)
	assert.Zero(t, w.store.placed)
}

var long = strings.Repeat("x", 201)

func TestARefusedPlaceSendsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *api.Config) {
		c.CheckCalls = func(calls []chat.ToolCall, _ *chat.SendFacts) error {
			return chat.InvalidAs(chat.CodeUnknownTool, "tool_calls[0].name", "%s is none", calls[0].Name)
		}
	})

	w.store.place = func(_ chat.DirectMessage, check chat.CheckFacts) (chat.DirectPlace, error) {
		return chat.DirectPlace{}, check(&chat.SendFacts{})
	}

	r := directRequest
	r.body = `{"to":{"phone":"+14155550123"},"message":"Hello","tool_calls":[{"name":"fly","arguments":{}}]}`
	requireProblem(t, w.do(t, r), http.StatusBadRequest, "unknown_tool", "tool_calls[0].name")
	w.requireUntouched(t)
}

func TestARepeatedMessageLooksForNoPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	action := chat.Action{
		ID:          actionOne,
		WorkspaceID: home,
		Kind:        chat.ActionSendAssistantMessage,
		ChatID:      chatOne,
		State:       chat.ActionSucceeded,
		Fingerprint: fingerprintOf(t, directRequest),
	}

	w.store.action = func(chat.ActionID) (chat.Action, error) { return action, nil }
	w.store.sent = func(chat.ActionID) (chat.AssistantMessageSent, error) { return acceptedSend(), nil }

	a := w.do(t, directRequest.with("Idempotency-Key", "k-1"))
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, "true", a.Header.Get("Idempotency-Replayed"))
	assert.EqualValues(t, chatOne, a.json["chat_id"])
	assert.EqualValues(t, 42, a.json["member_id"])
	w.requireUntouched(t)
	assert.Zero(t, w.store.placed)

	for field, body := range map[string]string{
		"to":      `{"to":{"phone":"+14155550124","name":"Ana"},"message":"Hello","title":"Order"}`,
		"message": `{"to":{"phone":"+14155550123","name":"Ana"},"message":"Hallo","title":"Order"}`,
		"channel": `{"to":{"phone":"+14155550123","name":"Ana"},"message":"Hello","title":"Order","channel":"email"}`,
	} {
		other := directRequest
		other.body = body
		requireProblem(
			t,
			w.do(t, other.with("Idempotency-Key", "k-1")),
			http.StatusConflict,
			"idempotency_key_reused",
			field,
		)
	}
}

// A key that an action has whose workflow was ended before it did anything sends in the chat of then.
func TestAResumedMessageKeepsItsChat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	ended := endedAction()
	ended.Fingerprint = fingerprintOf(t, directRequest)
	w.store.action = func(chat.ActionID) (chat.Action, error) { return ended, nil }

	w.do(t, directRequest.with("Idempotency-Key", "k-1"))
	require.Len(t, w.engine.all(), 1)

	sent, ok := w.engine.all()[0].(chat.SendAssistantMessage)
	require.True(t, ok)
	assert.Equal(t, chatOne, sent.ChatID)
	assert.Equal(t, smsChat().Attention, sent.Watermark)
	assert.Zero(t, w.store.placed)
}

func TestUpsertAMember(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	put := request{
		method: http.MethodPut,
		path:   workspaceURL("/members/by-external-id/crm%2F17"),
		body:   `{"name":"Ana","phone":"+114155550123","metadata":{"plan":"gold","old":null}}`,
	}

	a := w.do(t, put)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Empty(t, a.Header.Get("Location"))
	assert.Equal(t, chat.MemberUpsert{
		ExternalID: "crm/17",
		Patch: chat.MemberPatch{
			Name:     new("Ana"),
			Phone:    new("+14155550123"),
			Metadata: chat.MetadataPatch{"plan": new("gold"), "old": nil},
		},
	}, w.store.upsert)

	w.store.upserted = true
	a = w.do(t, put)
	require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
	assert.Equal(t, workspaceURL("/members/42"), a.Header.Get("Location"))

	for _, path := range []string{"a%20b", strings.Repeat("x", 256), "%FF", "%00"} {
		wrong := put
		wrong.path = workspaceURL("/members/by-external-id/" + path)
		requireProblem(t, w.do(t, wrong), http.StatusBadRequest, "invalid_request", "path.external_id")
	}

	for _, body := range []string{`{"external_id":"x"}`, `{"metadata":null}`, `{"metadata":{"a":1}}`, `{"name":null}`} {
		wrong := put
		wrong.body = body
		require.Equal(t, http.StatusBadRequest, w.do(t, wrong).StatusCode, body)
	}
}

func TestAnUpsertedManagerTakesASecondMember(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.needsSecond = true

	put := request{
		method: http.MethodPut,
		path:   workspaceURL("/members/by-external-id/crm-17"),
		body:   `{"name":"Ana","role":"manager"}`,
	}

	a := w.do(t, put)
	require.Equal(t, http.StatusAccepted, a.StatusCode, a.raw)
	assert.EqualValues(t, 42, w.store.requested.Effect.MemberID)
	assert.Equal(t, chat.RoleManager, *w.store.requested.Effect.Patch.Role)

	w.store.nobody = true
	a = w.do(t, put)
	require.Equal(t, http.StatusAccepted, a.StatusCode, a.raw)
	assert.Equal(t, "crm-17", w.store.requested.Effect.NewMember.ExternalID)
	assert.Equal(t, chat.RoleManager, w.store.requested.Effect.NewMember.Role)
}

func TestExternalIDsAndMetadataOfRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	patch := request{method: http.MethodPatch, path: workspaceURL("/members/42")}

	for body, want := range map[string]chat.MemberPatch{
		`{"external_id":null}`:            {ExternalID: new("")},
		`{"external_id":""}`:              {ExternalID: new("")},
		`{"external_id":"crm-17"}`:        {ExternalID: new("crm-17")},
		`{"name":"A"}`:                    {Name: new("A")},
		`{"metadata":{"a":"b","c":null}}`: {Metadata: chat.MetadataPatch{"a": new("b"), "c": nil}},
		`{"metadata":{}}`:                 {Metadata: chat.MetadataPatch{}},
	} {
		patch.body = body
		a := w.do(t, patch)
		require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
		assert.Equal(t, want, w.store.memberPatch, body)
	}

	a := w.do(t, request{
		method: http.MethodPost,
		path:   workspaceURL("/members"),
		body:   `{"name":"Ana","external_id":"crm-17","metadata":{"plan":"gold"}}`,
	})
	require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
	assert.Equal(t, "crm-17", a.json["external_id"])
	assert.Equal(t, map[string]any{"plan": "gold"}, a.json["metadata"])

	key := strings.Repeat("k", 41)

	for field, body := range map[string]string{
		"metadata." + key[:40] + "…": `{"name":"Ana","metadata":{"` + key + `":"x"}}`,
		"metadata.note":              `{"name":"Ana","metadata":{"note":"` + strings.Repeat("x", 501) + `"}}`,
		"external_id":                `{"name":"Ana","external_id":"a b"}`,
	} {
		a := w.do(t, request{method: http.MethodPost, path: workspaceURL("/members"), body: body})
		requireProblem(t, a, http.StatusBadRequest, "invalid_request", field)
	}

	w.do(t, request{method: http.MethodGet, path: workspaceURL("/members?external_id=crm-17")})
	assert.Equal(t, "crm-17", w.store.memberFilter.ExternalID)
	w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats?external_id=t-1")})
	assert.Equal(t, "t-1", w.store.chatFilter.ExternalID)

	w.do(t, request{
		method: http.MethodPatch,
		path:   workspaceURL("/chats/7"),
		body:   `{"external_id":null,"metadata":{"queue":null}}`,
	})
	assert.Equal(t, new(""), w.store.chatPatch.ExternalID)
	assert.Equal(t, chat.MetadataPatch{"queue": nil}, w.store.chatPatch.Metadata)
}

func TestATakenExternalIDNamesTheOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	taken := chat.InvalidAs(chat.CodeExternalIDTaken, "external_id", "is that of chat 9 already")
	taken.ChatID = 9
	w.store.fail = taken

	a := w.do(t, request{
		method: http.MethodPost,
		path:   workspaceURL("/chats"),
		body:   `{"channel":"web-chat","member_id":42,"external_id":"t-1"}`,
	})
	requireProblem(t, a, http.StatusConflict, "external_id_taken", "external_id")
	assert.EqualValues(t, 9, a.json["chat_id"])
}

func TestDefaultsOfAWorkspaceAreReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	a := w.do(t, request{
		method: http.MethodPut,
		path:   workspaceURL("/workspace-defaults"),
		body:   `{"assistant_member_id":2,"phone_number_id":null}`,
	})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, chat.WorkspaceDefaults{AssistantMemberID: new(chat.MemberID(2))}, w.store.defaults)
	assert.EqualValues(t, 2, a.json["assistant_member_id"])
	assert.Nil(t, a.json["phone_number_id"])
	assert.Nil(t, a.json["max_unanswered"])

	a = w.do(t, request{method: http.MethodGet, path: workspaceURL("/workspace-defaults")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.EqualValues(t, 2, a.json["assistant_member_id"])
}

func TestBrakesAreSetWithTheDefaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	put := func(body string) answer {
		t.Helper()

		return w.do(t, request{method: http.MethodPut, path: workspaceURL("/workspace-defaults"), body: body})
	}

	a := put(`{"max_unanswered":100,"max_per_hour":1}`)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, chat.Brakes{MaxUnanswered: new(100), MaxPerHour: new(1)}, w.store.defaults.Brakes)
	assert.EqualValues(t, 100, a.json["max_unanswered"])
	assert.EqualValues(t, 1, a.json["max_per_hour"])

	for body, field := range map[string]string{
		`{"max_unanswered":0}`:   "max_unanswered",
		`{"max_unanswered":101}`: "max_unanswered",
		`{"max_per_hour":0}`:     "max_per_hour",

		`{"max_segments_per_month":0}`: "max_segments_per_month",
		`{"when_taken_over":"never"}`:  "when_taken_over",
		`{"max_per_hour":1001}`:        "max_per_hour",
	} {
		requireProblem(t, put(body), http.StatusBadRequest, "invalid_request", field)
	}
}
