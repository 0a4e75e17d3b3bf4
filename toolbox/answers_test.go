package toolbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/toolbox"
)

// answering serves one answer. A header "-" is left out.
func answering(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		if contentType != "-" {
			w.Header().Set("Content-Type", contentType)
		}

		w.Header().Set("Retry-After", "9")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// callOnce makes one call of an HTTP tool that answers so.
func callOnce(t *testing.T, answer http.HandlerFunc) chat.ToolOutcome {
	t.Helper()

	s := serveTool(t, answer)
	b := newBox(t, toolbox.Config{}, s)

	return b.Call(t.Context(), prepareTool(t, b, bookingTool(s.URL), nil), newCall(`{"id":"a"}`))
}

func TestTheWordsOfARefusalAreTold(t *testing.T) {
	t.Parallel()

	const json = "application/json"

	for name, c := range map[string]struct {
		contentType, body, want string
	}{
		"an object in error":        {json, `{"error":{"code":7,"message":"no table left"}}`, ": no table left"},
		"RFC 9457":                  {"application/problem+json", `{"type":"about:blank","title":"Full","detail":"no table left"}`, ": Full; no table left"},
		"RFC 9457, a title only":    {"application/problem+json", `{"title":"no table left","status":422}`, ": no table left"},
		"a list of objects":         {json, `{"errors":[{"field":"at","message":"is over"},{"detail":"no table left"}]}`, ": is over; no table left"},
		"a list of texts":           {json, `{"errors":["no table left"]}`, ": no table left"},
		"an object of lists":        {json, `{"detail":[{"loc":["body"],"msg":"x","message":"no table left"}]}`, ": no table left"},
		"OAuth":                     {json, `{"error":"invalid_grant","error_description":"no table left"}`, ": no table left"},
		"a text":                    {"text/plain", "no table left\n", ": no table left"},
		"a text of no type":         {"-", "no table left", ": no table left"},
		"a text in latin-1":         {"text/plain; charset=iso-8859-1", "kein Tisch f\xfcr 30", ": kein Tisch für 30"},
		"a string":                  {json, `"no table left"`, ": no table left"},
		"a byte order mark":         {json, "\ufeff" + `{"message":"no table left"}`, ": no table left"},
		"a page":                    {"text/html", "<!DOCTYPE html><p>no", ""},
		"nothing":                   {json, "", ""},
		"numbers":                   {json, `{"error":7}`, ""},
		"cut off":                   {json, `{"message":"no ta`, ""},
		"more errors than are told": {json, `{"errors":[` + strings.Repeat(`"a",`, 50) + `"b"]}`, ": a; a; a; a; a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			o := callOnce(t, answering(422, c.contentType, c.body))
			assert.Equal(t, chat.ToolFailed, o.Kind)
			assert.Equal(t, "the tool has refused the call"+c.want, o.Message)
		})
	}
}

// TestAnAnswerThatCanBeReadIsTaken has calls that took effect: to fail them for the form of their answer would
// undo what is done.
func TestAnAnswerThatCanBeReadIsTaken(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		contentType, body, want string
	}{
		"a byte order mark":      {"application/json", "\ufeff" + `{"id":9007199254740993}`, `{"id":9007199254740993}`},
		"latin-1":                {"text/plain; charset=ISO-8859-1", "f\xfcr vier", `"für vier"`},
		"windows-1252, not said": {"text/plain", "f\xfcr vier", `"für vier"`},
		"a text of no type":      {"-", "OK", `"OK"`},
		"a text that says JSON":  {"application/json", "OK", `"OK"`},
		"XML":                    {"application/xml", "<ok/>", `"\u003cok/\u003e"`},
		"blanks":                 {"application/json", " \n", `{}`},
		"UTF-16":                 {"application/json", "\xff\xfe{\x00}\x00", `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			o := callOnce(t, answering(200, c.contentType, c.body))
			require.Equal(t, chat.ToolSucceeded, o.Kind, o.Message)
			assert.Equal(t, c.want, string(o.Result))
		})
	}

	for name, c := range map[string]struct{ contentType, body, says string }{
		"a page to log in": {"text/html", "<!doctype html><title>Log in</title>", "web page"},
		"cut off":          {"application/json", `{"id":"b`, "cut off"},
		"an image":         {"image/png", "\x89PNG\x00\x00", "no text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			o := callOnce(t, answering(200, c.contentType, c.body))
			assert.Equal(t, chat.ToolFailed, o.Kind)
			assert.True(t, o.TookEffect)
			assert.Contains(t, o.Message, c.says)
		})
	}
}

func TestRetryAfterIsHeard(t *testing.T) {
	t.Parallel()

	for status, want := range map[int]chat.ToolOutcomeKind{
		425: chat.ToolNotRun,
		429: chat.ToolNotRun,
		409: chat.ToolFailed,
		503: chat.ToolUnknown,
	} {
		o := callOnce(t, answering(status, "application/json", `{}`))
		assert.Equal(t, want, o.Kind, status)
		assert.Equal(t, 9*time.Second, o.RetryAfter, status)
		assert.Equal(t, status, o.HTTPStatus)
	}
}

func TestArgumentsInTheURL(t *testing.T) {
	t.Parallel()

	var path string
	s := serveTool(t, func(_ http.ResponseWriter, r *http.Request) { path = r.URL.EscapedPath() })
	b := newBox(t, toolbox.Config{}, s)

	d := bookingTool(s.URL + "/files/{file-id}/{user.id}")
	d.HTTP.Schema = []byte(`{"type":"object","required":["file-id","user.id"]}`)
	d = prepareTool(t, b, d, nil)

	o := b.Call(t.Context(), d, newCall(`{"file-id":9007199254740993,"user.id":"ü"}`))
	require.Equal(t, chat.ToolSucceeded, o.Kind, o.Message)
	assert.Equal(t, "/files/9007199254740993/%C3%BC", path)

	for _, url := range []string{"/{id", "/id}", "/{}", "/{user.id}", "/{{id}}", "/{other}"} {
		refused := bookingTool(s.URL + url)
		err := b.Prepare(t.Context(), &refused, nil)
		require.Error(t, err, url)
		assert.Equal(t, "http.url", chat.AsError(err).Fields[0].Field, url)
	}
}
