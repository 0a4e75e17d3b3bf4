package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestToolCalls(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		given string
		want  []chat.ToolCall
	}{
		"none": {`[]`, []chat.ToolCall{}},
		"null": {`null`, []chat.ToolCall{}},
		"as a model answers": {
			`[{"index":0,"id":"q","type":"function","status":"completed","function":{"name":"a","arguments":"","strict":true}}]`,
			[]chat.ToolCall{{
				ID:        "q",
				Name:      "a",
				Arguments: []byte(`{}`),
				State:     "pending",
			}},
		},
		"plain": {`[{"name":"a","arguments":{"x":1}}]`, []chat.ToolCall{{
			ID:        "call_1",
			Name:      "a",
			Arguments: []byte(`{"x":1}`),
			State:     "pending",
		}}},
		"openai": {`[{"id":"q","type":"function","function":{"name":"a","arguments":"{ \"x\" : ` +
			`12345678901234567890 }"}}]`, []chat.ToolCall{{
			ID:        "q",
			Name:      "a",
			Arguments: []byte(`{"x":12345678901234567890}`),
			State:     "pending",
		}}},
		"ids that are taken": {
			`[{"name":"a","arguments":{}},{"id":"call_1","name":"b","arguments":{}},{"name":"c","arguments":{}}]`,
			[]chat.ToolCall{
				{
					ID:        "call_2",
					Name:      "a",
					Arguments: []byte(`{}`),
					State:     "pending",
				},
				{
					ID:        "call_1",
					Name:      "b",
					Arguments: []byte(`{}`),
					State:     "pending",
				},
				{
					ID:        "call_3",
					Name:      "c",
					Arguments: []byte(`{}`),
					State:     "pending",
				},
			},
		},
		"arguments keep their names": {`[{"name":"a","arguments":{"memberId":1,"toolCalls":[]}}]`, []chat.ToolCall{{
			ID:        "call_1",
			Name:      "a",
			Arguments: []byte(`{"memberId":1,"toolCalls":[]}`),
			State:     "pending",
		}}},
		"markup": {`[{"name":"a","arguments":{"x":"<b>&"}}]`, []chat.ToolCall{{
			ID:        "call_1",
			Name:      "a",
			Arguments: []byte(`{"x":"<b>&"}`),
			State:     "pending",
		}}},
	} {
		for _, field := range []string{"tool_calls", "toolCalls"} {
			t.Run(name+" "+field, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				r := sendRequest
				r.body = fmt.Sprintf(`{"message":"hi",%q:%s}`, field, test.given)
				a := w.do(t, r)
				require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
				assert.Equal(t, test.want, w.engine.all()[0].(chat.SendAssistantMessage).ToolCalls)
			})
		}
	}
}

func TestBrokenToolCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	function := func(arguments string) string {
		return `[{"type":"function","function":{"name":"a","arguments":` + arguments + `}}]`
	}

	for _, test := range []struct{ given, field string }{
		{`{}`, ""},
		{`"x"`, ""},
		{`[` + strings.Repeat(`{"name":"a","arguments":{}},`, 16) + `{"name":"a","arguments":{}}]`, ""},
		{`["x"]`, "[0]"},
		{`[null]`, "[0]"},
		{`[[]]`, "[0]"},
		{`[{}]`, "[0].name"},
		{`[{}]`, "[0].arguments"},
		{`[{"name":"a"}]`, "[0].arguments"},
		{`[{"arguments":{}}]`, "[0].name"},
		{`[{"name":"","arguments":{}}]`, "[0].name"},
		{`[{"name":5,"arguments":{}}]`, "[0].name"},
		{`[{"name":null,"arguments":{}}]`, "[0].name"},
		{`[{"name":"` + strings.Repeat("x", 98) + `","arguments":{}}]`, "[0].name"},
		{`[{"name":"a","arguments":"{}"}]`, "[0].arguments"},
		{`[{"name":"a","arguments":[]}]`, "[0].arguments"},
		{`[{"name":"a","arguments":null}]`, "[0].arguments"},
		{`[{"name":"a","arguments":{"x":"\u0000"}}]`, "[0].arguments.x"},
		{`[{"name":"a","arguments":{},"extra":1}]`, "[0].extra"},
		{`[{"id":"","name":"a","arguments":{}}]`, "[0].id"},
		{`[{"id":7,"name":"a","arguments":{}}]`, "[0].id"},
		{`[{"id":"` + strings.Repeat("x", 65) + `","name":"a","arguments":{}}]`, "[0].id"},
		{`[{"id":"q","name":"a","arguments":{}},{"name":"b","arguments":{}},{"id":"q","name":"c","arguments":{}}]`, "[2].id"},
		{`[{"name":"a","arguments":{}},{"name":"b"}]`, "[1].arguments"},
		{`[{"type":"tool","name":"a","arguments":{}}]`, "[0].type"},
		{`[{"type":"function"}]`, "[0].name"},
		{`[{"type":"function","function":null}]`, "[0].function"},
		{`[{"type":"function","function":"a"}]`, "[0].function"},
		{`[{"type":"function","function":{}}]`, "[0].function.name"},
		{`[{"type":"function","function":{"name":"a"}}]`, "[0].function.arguments"},
		{`[{"type":"function","function":{"arguments":"{}"}}]`, "[0].function.name"},
		{`[{"type":"function","function":{"name":"","arguments":"{}"}}]`, "[0].function.name"},
		{`[{"type":"function","function":{"name":"a","arguments":"{}"},"name":"a","arguments":{}}]`, "[0].name"},
		{`[{"type":"function","function":{"name":"a","arguments":"{}"},"arguments":{}}]`, "[0].arguments"},
		{function(`{}`), "[0].function.arguments"},
		{function(`"[]"`), "[0].function.arguments"},
		{function(`"null"`), "[0].function.arguments"},
		{function(`"{"`), "[0].function.arguments"},
		{function(`"{} {}"`), "[0].function.arguments"},
		{function(`"{\"x\":\"\\u0000\"}"`), "[0].function.arguments"},
		{function(`"{\"x\":1e999999}"`), "[0].function.arguments"},
		{function(`"{\"x\":\"\u0000\"}"`), "[0].function.arguments"},
	} {
		for _, name := range []string{"tool_calls", "toolCalls"} {
			t.Run(name+" "+test.given, func(t *testing.T) {
				t.Parallel()

				r := sendRequest
				r.body = fmt.Sprintf(`{"message":"hi",%q:%s}`, name, test.given)
				requireProblem(t, w.do(t, r), http.StatusBadRequest, "invalid_request", name+test.field)
				w.requireUntouched(t)
			})
		}
	}
}

func TestToolCallsAreListed(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	a := w.do(t, request{
		method: http.MethodGet,
		path:   workspaceURL("/tool-calls?status=unknown,waiting&chat_id=7&action_id=" + string(actionOne)),
	})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, "older", a.json["next_cursor"])

	f := w.store.callFilter
	assert.Equal(t, []chat.ToolCallState{chat.ToolCallUnknown, chat.ToolCallWaiting}, f.States)
	assert.Equal(t, []any{chatOne, actionOne}, []any{f.ChatID, f.ActionID})

	shown := a.json["items"].([]any)[0].(map[string]any)
	assert.Equal(
		t,
		[]any{string(actionOne), 7.0, "undo_call_1", "call_1", "unknown", "the tool has not answered in time"},
		[]any{shown["action_id"], shown["chat_id"], shown["id"], shown["undoes"], shown["status"], shown["error"]},
	)
	assert.NotContains(t, shown, "arguments")

	a = w.do(t, request{method: http.MethodGet, path: workspaceURL("/tool-calls?status=lost")})
	requireProblem(t, a, http.StatusBadRequest, "invalid_request", "query.status")
}
