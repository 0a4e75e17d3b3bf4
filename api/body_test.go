package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bodyRoutes are the routes that take a body, with the example from the document.
func (w *world) bodyRoutes(t *testing.T) []operation {
	t.Helper()
	return slices.DeleteFunc(w.workspaceRoutes(t), func(o operation) bool { return o.request == nil })
}

func TestEveryBodyIsRead(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.endAction()

	for _, o := range w.bodyRoutes(t) {
		for name, test := range map[string]struct {
			body, contentType, encoding string
			status                      int
			code, field                 string
		}{
			"empty": {
				body:   "",
				status: 400,
				code:   "invalid_request",
				field:  "body",
			},
			"blank": {
				body:   " \n",
				status: 400,
				code:   "invalid_request",
				field:  "body",
			},
			"cut": {
				body:   `{"a":`,
				status: 400,
				code:   "invalid_request",
				field:  "body",
			},
			"two": {
				body:   `{}{}`,
				status: 400,
				code:   "invalid_request",
				field:  "body",
			},
			"a list": {
				body:   `[]`,
				status: 400,
				code:   "invalid_request",
				field:  "body",
			},
			"null": {
				body:   `null`,
				status: 400,
				code:   "invalid_request",
				field:  "body",
			},
			"a string": {
				body:   `"x"`,
				status: 400,
				code:   "invalid_request",
				field:  "body",
			},
			"deep": {
				body:   strings.Repeat(`{"a":`, 50_000),
				status: 400,
				code:   "invalid_request",
				field:  "a.a.a",
			},
			"deep list": {
				body:   strings.Repeat(`[`, 9_000) + strings.Repeat(`]`, 9_000),
				status: 400,
				code:   "invalid_request",
				field:  "body",
			},
			"unknown": {
				body:   `{"surprise":1}`,
				status: 400,
				code:   "invalid_request",
				field:  "surprise",
			},
			"NUL in a name": {
				body:   `{"a\u0000b":1}`,
				status: 400,
				code:   "invalid_request",
				field:  "body",
			},
			"NUL": {
				body:   `{"surprise":{"x":["\u0000"]}}`,
				status: 400,
				code:   "invalid_request",
				field:  "surprise.x[0]",
			},
			"not UTF-8": {
				body:   "{\"surprise\":\"\xff\"}",
				status: 400,
				code:   "invalid_request",
				field:  "surprise",
			},
			"twice": {
				body:   `{"surprise":1,"surprise":1}`,
				status: 400,
				code:   "invalid_request",
				field:  "surprise",
			},
			"twice below": {
				body:   `{"surprise":{"x":[{},{"y":1,"y":2}]}}`,
				status: 400,
				code:   "invalid_request",
				field:  "surprise.x[1].y",
			},
			"high surrogate": {
				body:   `{"surprise":"\ud83d"}`,
				status: 400,
				code:   "invalid_request",
				field:  "surprise",
			},
			"low surrogate": {
				body:   `{"surprise":"\\\ude00"}`,
				status: 400,
				code:   "invalid_request",
				field:  "surprise",
			},
			"half named": {
				body:   `{"a\uD83Db":1}`,
				status: 400,
				code:   "invalid_request",
				field:  "body",
			},
			"a huge number": {
				body:   `{"surprise":1e999999999}`,
				status: 400,
				code:   "invalid_request",
				field:  "surprise",
			},
			"form": {
				body:        `a=b`,
				contentType: "application/x-www-form-urlencoded",
				status:      415,
				code:        "unsupported_media_type",
			},
			"merge patch": {
				body:        `{}`,
				contentType: "application/merge-patch+json",
				status:      415,
				code:        "unsupported_media_type",
			},
			"latin-1": {
				body:        `{}`,
				contentType: "application/json; charset=iso-8859-1",
				status:      415,
				code:        "unsupported_media_type",
			},
			"nonsense": {
				body:        `{}`,
				contentType: ";;",
				status:      415,
				code:        "unsupported_media_type",
			},
			"compressed": {
				body:     `{}`,
				encoding: "gzip",
				status:   415,
				code:     "unsupported_media_type",
			},
			"unknown encoded": {
				body:     `{}`,
				encoding: "br",
				status:   415,
				code:     "unsupported_media_type",
			},
		} {
			r := o.exampleRequest(t)

			r.body, r.headers = test.body, map[string]string{}
			if test.contentType != "" {
				r.headers["Content-Type"] = test.contentType
			}

			if test.encoding != "" {
				r.headers["Content-Encoding"] = test.encoding
			}

			a := w.do(t, r)
			require.NotEqual(t, 200, a.StatusCode, "%s %s", o.id, name)
			requireProblem(t, a, test.status, test.code, test.field)
		}
	}

	w.requireUntouched(t)
}

// Every field of every example is left out, given a wrong type, and spelled wrong.
func TestEveryFieldIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.endAction()

	schemas := w.document(t)["components"].(map[string]any)["schemas"].(map[string]any)
	for _, o := range w.bodyRoutes(t) {
		schema := schemas[o.schemaName(t, w)].(map[string]any)

		required, _ := schema["required"].([]any)
		for name, property := range schema["properties"].(map[string]any) {
			if property.(map[string]any)["deprecated"] == true {
				continue // another name of a field is checked as that field
			}

			types, _ := property.(map[string]any)["type"].([]any)

			for _, wrong := range []any{map[string]any{"x": 1}, nil, []any{map[string]any{}}} {
				if o.id == "resolveToolCall" && name == "result" {
					continue // it may be any JSON
				}

				if wrong == nil && slices.Contains(types, any("null")) {
					continue
				}

				if name == "tool_calls" && wrong == nil {
					continue // SDKs send it for no calls
				}

				body := withField(o.request, name, wrong)
				a := w.do(t, request{method: o.method, path: o.examplePath(), body: body})
				require.Equal(t, http.StatusBadRequest, a.StatusCode, "%s %s: %s", o.id, body, a.raw)

				assert.True(
					t,
					slices.ContainsFunc(fieldsOf(a), func(f string) bool { return strings.HasPrefix(f, name) }),
					"%s %s: %s",
					o.id,
					body,
					a.raw,
				)
			}

			a := w.do(
				t,
				request{method: o.method, path: o.examplePath(), body: withField(o.request, strings.ToUpper(name), 1)},
			)

			requireProblem(t, a, http.StatusBadRequest, a.json["code"].(string), strings.ToUpper(name))
		}

		for _, name := range required {
			a := w.do(t, request{method: o.method, path: o.examplePath(), body: withoutField(o.request, name.(string))})
			requireProblem(t, a, http.StatusBadRequest, a.json["code"].(string), name.(string))
		}
	}

	w.requireUntouched(t)
}

func (o operation) schemaName(t *testing.T, w *world) string {
	t.Helper()
	item := w.document(t)["paths"].(map[string]any)[o.path].(map[string]any)[strings.ToLower(o.method)].(map[string]any)
	content := item["requestBody"].(map[string]any)["content"].(map[string]any)["application/json"].(map[string]any)
	ref := content["schema"].(map[string]any)["$ref"].(string)

	return ref[strings.LastIndexByte(ref, '/')+1:]
}

func withField(body any, name string, value any) string {
	changed := maps.Clone(body.(map[string]any))
	changed[name] = value
	text, _ := json.Marshal(changed)

	return string(text)
}

func withoutField(body any, name string) string {
	changed := maps.Clone(body.(map[string]any))
	delete(changed, name)
	text, _ := json.Marshal(changed)

	return string(text)
}

func TestFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	long := strings.Repeat("ü", 201)
	for _, test := range []struct{ method, path, body, field, code string }{
		{"POST", "/chats/7/participants", `{"role":"owner"}`, "member_id", ""},
		{"POST", "/chats/7/participants", `{"memberId":"42"}`, "memberId", ""},
		{"POST", "/chats/7/participants", `{"member_id":"42"}`, "member_id", ""},
		{"POST", "/chats/7/participants", `{"memberId":0}`, "memberId", ""},
		{"POST", "/chats/7/participants", `{"memberId":-5}`, "memberId", ""},
		{"POST", "/chats/7/participants", `{"memberId":1.5}`, "memberId", ""},
		{"POST", "/chats/7/participants", `{"memberId":9223372036854775808}`, "memberId", ""},
		{"POST", "/chats/7/participants", `{"memberId":1,"member_id":2}`, "memberId", ""},
		{"POST", "/chats/7/participants", `{"MEMBERID":1}`, "MEMBERID", ""},
		{"POST", "/chats/7/participants", `{"memberId":42,"role":"king"}`, "role", "invalid_role"},
		{"POST", "/chats/7/participants", `{"memberId":42,"role":"Owner"}`, "role", "invalid_role"},
		{"POST", "/chats/7/participants", `{"memberId":42,"role":""}`, "role", "invalid_role"},
		{"POST", "/chats/7/participants", `{"memberId":42,"role":7}`, "role", "invalid_role"},
		{"PATCH", "/chats/7/participants/12", `{"role":"king"}`, "role", "invalid_role"},
		{"POST", "/chats/7/messages", `{"content":" "}`, "content", ""},
		{"POST", "/chats/7/messages", `{"content":"` + strings.Repeat("x", 1601) + `"}`, "content", "message_too_long"},
		{"POST", "/chats/7/messages/" + string(messageOne) + "/rate", `{"rating":0}`, "rating", ""},
		{"POST", "/chats/7/messages/" + string(messageOne) + "/rate", `{"rating":6}`, "rating", ""},
		{"POST", "/chats/7/messages/" + string(messageOne) + "/rate", `{"rating":2.5}`, "rating", ""},
		{"POST", "/chats/7/messages/" + string(messageOne) + "/rate", `{"rating":"sideways"}`, "rating", ""},
		{"POST", "/chats", `{"channel":"fax","member_id":1}`, "channel", ""},
		{"POST", "/chats", `{"channel":"email","member_id":1,"phone_number_id":1}`, "phone_number_id", ""},
		{"POST", "/chats", `{"channel":"phone-sms","member_id":1,"inbox_id":1}`, "inbox_id", ""},
		{"POST", "/chats", `{"channel":"email","memberId":1,"title":"` + long + `"}`, "title", ""},
		{"POST", "/chats", `{"channel":"email","memberId":1,"participants":[{"memberId":2},{"memberId":0}]}`, "participants[1].memberId", ""},
		{"POST", "/chats", `{"channel":"email","memberId":1,"participants":[{"memberId":2,"role":"king"}]}`, "participants[0].role", "invalid_role"},
		{"POST", "/chats", `{"channel":"email","memberId":1,"participants":[{"memberId":2,"nick":"x"}]}`, "participants[0].nick", ""},
		{"PATCH", "/chats/7", `{"state":"gone"}`, "state", ""},
		{"PATCH", "/chats/7", `{"inbox_id":1}`, "inbox_id", ""},
		{"PATCH", "/chats/7", `{"label_ids":[3,3]}`, "label_ids", ""},
		{"PATCH", "/chats/7", `{"label_ids":["3"]}`, "label_ids[0]", ""},
		{"POST", "/members", `{"name":" "}`, "name", ""},
		{"POST", "/members", `{"name":"A","kind":"robot"}`, "kind", ""},
		{"POST", "/members", `{"name":"A","email":"ana"}`, "email", ""},
		{"POST", "/members", `{"name":"A","email":"Ana <ana@example.com>"}`, "email", ""},
		{"POST", "/members", `{"name":"A","phone":"4155550123"}`, "phone", ""},
		{"POST", "/members", `{"name":"A","phone":"+1415555012"}`, "phone", ""},
		{"POST", "/members", `{"name":"A","phone":"+10000000000"}`, "phone", ""},
		{"POST", "/members", `{"name":"A","phone":"+14155550123x5"}`, "phone", ""},
		{"POST", "/members", `{"name":"A","phone":"+1415FLOWERS"}`, "phone", ""},
		{"POST", "/members", `{"name":"A","phone":"+1 415 555 0123"}`, "phone", ""},
		{"POST", "/members", `{"name":"A","consent":{"phone-sms":"maybe"}}`, "consent.phone-sms", ""},
		{"POST", "/members", `{"name":"A","consent":{"fax":"granted"}}`, "consent.fax", ""},
		{"PATCH", "/members/42", `{"phone":"+12"}`, "phone", ""},
		{"PATCH", "/members/42", `{"kind":"assistant"}`, "kind", ""},
		{"PATCH", "/members/1", `{"role":"user"}`, "role", ""},
		{"POST", "/chat-labels", `{"name":"vip","color":"blue"}`, "color", ""},
		{"POST", "/chat-labels", `{"name":"a\nb"}`, "name", ""},
		{"POST", "/members", `{"name":"a\tb"}`, "name", ""},
		{"POST", "/phone-numbers", `{"name":"a\nb","number":"+14155550100"}`, "name", ""},
		{"POST", "/chat-labels", `{"name":"` + long + `"}`, "name", ""},
		{"POST", "/phone-numbers", `{"name":"x"}`, "number", ""},
		{"POST", "/phone-numbers", `{"number":"+14155550100",` +
			`"messaging_service_sid":"MG0123456789abcdef0123456789abcdef"}`, "number", ""},
		{"POST", "/phone-numbers", `{"number":"+1"}`, "number", ""},
		{"POST", "/phone-numbers", `{"messaging_service_sid":"MG1"}`, "messaging_service_sid", ""},
		{"POST", "/inboxes", `{"address":"support"}`, "address", ""},
		{"POST", "/inboxes", `{"address":"a@example.com","display_name":"a\nb"}`, "display_name", ""},
		{"POST", "/api-keys", `{"name":"x","scopes":[]}`, "scopes", ""},
		{"POST", "/api-keys", `{"name":"x","scopes":["chats:everything"]}`, "scopes[0]", ""},
		{"POST", "/api-keys", `{"name":"x","scopes":["chats:read"],"expires_at":"2020-01-01T00:00:00Z"}`, "expires_at", ""},
		{"POST", "/api-keys", `{"name":"x","scopes":["chats:read"],"expires_at":"tomorrow"}`, "expires_at", ""},
		{"POST", "/api-keys", `{"name":"x","scopes":["chats:read"],"expires_at":"2030-01-01T00:00:60Z"}`, "expires_at", ""},
		{"POST", "/chats/7/summarize", `{"update_labels":true}`, "body", ""},
		{"DELETE", "/chats/7", `{"really":true}`, "body", ""},
	} {
		t.Run(fmt.Sprintf("%s %s %.60s", test.method, test.path, test.body), func(t *testing.T) {
			t.Parallel()

			code := test.code
			if code == "" {
				code = "invalid_request"
			}

			requireProblem(
				t,
				w.do(t, request{method: test.method, path: workspaceURL(test.path), body: test.body}),
				http.StatusBadRequest,
				code,
				test.field,
			)

			w.requireUntouched(t)
		})
	}
}

func TestQueries(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	for query, field := range map[string]string{
		"/chats?limit=-1":                            "query.limit",
		"/chats?sort=title":                          "query.sort",
		"/chats?sort=created_at&order=asc":           "query.order",
		"/chats?updated_since=yesterday":             "query.updated_since",
		"/chats?limit=101":                           "query.limit",
		"/chats?limit=ten":                           "query.limit",
		"/chats?limit=1&limit=2":                     "query.limit",
		"/chats?needs_response=perhaps":              "query.needs_response",
		"/chats?channel=fax":                         "query.channel",
		"/chats?state=gone":                          "query.state",
		"/chats?member_id=9223372036854775808":       "query.member_id",
		"/chats?member_id=0":                         "query.member_id",
		"/chats?memberId=x":                          "query.memberId",
		"/chats?memberId=1&member_id=2":              "query.memberId",
		"/chats?q=%00":                               "query.q",
		"/chats?q=%ff":                               "query.q",
		"/chats?surprise=1":                          "query.surprise",
		"/chats?q=%zz":                               "query",
		"/chats?q=" + strings.Repeat("x", 201):       "query.q",
		"/chats/7/messages?offset=-1":                "query.offset",
		"/chats/7/messages?offset=1&cursor=x":        "query.offset",
		"/deliveries?status=sideways":                "query.status",
		"/deliveries?since=yesterday":                "query.since",
		"/deliveries?chat_id=x":                      "query.chat_id",
		"/members?kind=robot":                        "query.kind",
		"/chat-labels?cursor=!":                      "query.cursor",
		"/chats/7/participants?cursor=bm90anNvbg":    "query.cursor",
		"/actions?since=0000-01-01T00:00:00Z":        "query.since",
		"/actions?until=0001-01-01T00:00:00%2B01:00": "query.until",
		"/chats?needs_response=T":                    "query.needs_response",
		"/chats?limit=":                              "query.limit",
		"/chats?channel=":                            "query.channel",
		"/chats?member_id=":                          "query.member_id",
		"/chats?memberId=":                           "query.memberId",
		"/deliveries?status=":                        "query.status",
		"/deliveries?since=":                         "query.since",
		"/actions?waiting_for=":                      "query.waiting_for",
	} {
		requireProblem(
			t,
			w.do(t, request{method: http.MethodGet, path: workspaceURL(query)}),
			http.StatusBadRequest,
			"invalid_request",
			field,
		)
	}

	for _, query := range []string{"?update_labels=maybe", "?update_labels", "?update_labels=", "?full"} {
		field := "query.update_labels"
		if strings.HasPrefix(query, "?full") {
			field = "query.full"
		}

		requireProblem(
			t,
			w.do(t, request{method: http.MethodPost, path: workspaceURL("/chats/7/summarize" + query)}),
			http.StatusBadRequest,
			"invalid_request",
			field,
		)
	}

	w.requireUntouched(t)
}

func TestWholeSurrogatesAreRead(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	for body, want := range map[string]string{`"\ud83d\ude00"`: "😀", `"\\ud83d"`: `\ud83d`, `"\uD83D\uDE00\\\u00fc"`: `😀\ü`, `"\ufffd"`: "\uFFFD"} {
		a := w.do(t, request{method: http.MethodPost, path: workspaceURL("/chat-labels"), body: `{"name":` + body + `}`})
		require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
		assert.Equal(t, want, a.json["name"])
	}
}

func TestSyntaxErrorsSayWhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(t, request{method: http.MethodPost, path: workspaceURL("/chat-labels"), body: "{\n  \"name\": vip\n}"})
	requireProblem(t, a, http.StatusBadRequest, "invalid_request", "body")
	assert.Contains(t, a.json["detail"], "line 2, column 11")
}
