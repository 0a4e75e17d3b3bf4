package toolbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/toolbox"
)

// oddServer speaks MCP by hand, as no library would let it.
type oddServer struct {
	// tools is the result of tools/list, call that of tools/call; with asError it is the error.
	tools, call string
	asError     bool
	// asEvents answers with server-sent events, contentType with another type than JSON.
	asEvents    bool
	contentType string
	// before may answer instead, and then returns true.
	before func(w http.ResponseWriter, r *http.Request, method string) bool
}

const oneTool = `{"tools":[{"name":"t","inputSchema":{"type":"object"}}]}`

func (s *oddServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)

	var asked struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
	}

	_ = json.Unmarshal(raw, &asked)

	if s.before != nil && s.before(w, r, asked.Method) {
		return
	}

	if r.Method != http.MethodPost {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}

	if len(asked.ID) == 0 {
		w.WriteHeader(http.StatusAccepted)
		return
	}

	field, result := "result", `{}`

	switch asked.Method {
	case "initialize":
		result = `{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"odd","version":"1"}}`
	case "tools/list":
		result = s.tools
	case "tools/call":
		result = s.call

		if s.asError {
			field = "error"
		}
	}

	s.answer(w, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"%s":%s}`, asked.ID, field, result))
}

func (s *oddServer) answer(w http.ResponseWriter, message string) {
	switch {
	case s.asEvents:
		w.Header().Set("Content-Type", "text/event-stream")

		half := strings.Index(message, ",") + 1
		_, _ = fmt.Fprintf(w, ": hello\nevent: message\ndata: %s\ndata: %s\n\n", message[:half], message[half:])
	default:
		w.Header().Set("Content-Type", "application/json")

		if s.contentType != "" {
			w.Header().Set("Content-Type", s.contentType)
		}

		_, _ = io.WriteString(w, message)
	}
}

// discover prepares an MCP definition of the server.
func (s *oddServer) discover(t *testing.T) (*toolbox.Toolbox, chat.ToolDefinition) {
	t.Helper()

	web := httptest.NewServer(s)

	t.Cleanup(func() { web.CloseClientConnections(); web.Close() })

	b := newBox(t, toolbox.Config{}, web)

	return b, prepareTool(t, b, mcpServerTool(chat.MCPServer{URL: web.URL}), nil)
}

func callTool(t *testing.T, b *toolbox.Toolbox, d chat.ToolDefinition) chat.ToolOutcome {
	t.Helper()

	in := newCall(`{}`)
	in.Tool = "t"

	return b.Call(t.Context(), d, in)
}

// TestWhatAServerOfMCPAnswersIsRead has results that a strict reader takes for a broken connection.
func TestWhatAServerOfMCPAnswersIsRead(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct{ call, want string }{
		"exact integers":       {`{"content":[],"structuredContent":{"id":9007199254740993}}`, `{"id":9007199254740993}`},
		"content as a text":    {`{"content":"booked"}`, `{"content":"booked"}`},
		"content as an object": {`{"content":{"type":"text","text":"booked"}}`, `{"content":"booked"}`},
		"no content":           {`{"content":null}`, `{"content":""}`},
		"an unknown kind":      {`{"content":[{"type":"chart","x":1},{"type":"text","text":"booked"}]}`, `{"content":"booked"}`},
		"texts alone":          {`{"content":["booked"," at 8"]}`, `{"content":"booked\n at 8"}`},
		"a number for a text":  {`{"content":[{"type":"text","text":8}]}`, `{"content":"8"}`},
		"a bare text":          {`"booked"`, `{"content":"booked"}`},
		"a resource": {
			`{"content":[{"type":"resource","resource":{"uri":"a://b","text":"the bill"}}]}`,
			`{"content":"the bill"}`,
		},
		"a link": {
			`{"content":[{"type":"resource_link","uri":"https://a.example/b","name":"the bill"}]}`,
			`{"content":"the bill https://a.example/b"}`,
		},
		"odd metadata":    {`{"content":"booked","_meta":"x"}`, `{"content":"booked"}`},
		"JSON in a text":  {`{"content":[{"type":"text","text":"{\"id\":9007199254740993}"}]}`, `{"id":9007199254740993}`},
		"odd annotations": {`{"content":[{"type":"text","text":"booked","annotations":7}]}`, `{"content":"booked"}`},
	} {
		for form, s := range map[string]*oddServer{
			"json":   {tools: oneTool, call: c.call},
			"events": {tools: oneTool, call: c.call, asEvents: true},
			"plain":  {tools: oneTool, call: c.call, contentType: "text/plain"},
		} {
			t.Run(name+", "+form, func(t *testing.T) {
				t.Parallel()

				b, d := s.discover(t)
				o := callTool(t, b, d)
				require.Equal(t, chat.ToolSucceeded, o.Kind, o.Message)
				assert.Equal(t, c.want, string(o.Result))
			})
		}
	}
}

func TestWhatAServerOfMCPRefusesIsTold(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		s    oddServer
		want string
	}{
		"an error":                {oddServer{call: `{"code":-32602,"message":"no table left"}`, asError: true}, "the server says: no table left"},
		"an error with no number": {oddServer{call: `{"code":"E1","message":"no table left"}`, asError: true}, "the server says: no table left"},
		"an error that is a text": {oddServer{call: `"no table left"`, asError: true}, "the server says: no table left"},
		"an error of the tool":    {oddServer{call: `{"isError":true,"content":"no table left"}`}, "the tool says: no table left"},
		"an error without words":  {oddServer{call: `{"isError":true,"content":[]}`}, "the tool reports an error, and does not say which"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			c.s.tools = oneTool
			b, d := c.s.discover(t)
			o := callTool(t, b, d)
			assert.Equal(t, chat.ToolFailed, o.Kind)
			assert.Equal(t, c.want, o.Message)
		})
	}

	t.Run("with a status", func(t *testing.T) {
		t.Parallel()

		s := &oddServer{tools: oneTool}
		s.before = func(w http.ResponseWriter, _ *http.Request, method string) bool {
			if method == "tools/call" {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"no table left"}}`)
			}

			return method == "tools/call"
		}

		b, d := s.discover(t)
		assert.Contains(t, callTool(t, b, d).Message, "no table left")
	})

	t.Run("what is no message took effect", func(t *testing.T) {
		t.Parallel()

		s := &oddServer{tools: oneTool}
		s.before = func(w http.ResponseWriter, _ *http.Request, method string) bool {
			if method == "tools/call" {
				_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"resu`)
			}

			return method == "tools/call"
		}

		b, d := s.discover(t)
		o := callTool(t, b, d)
		assert.Equal(t, "invalid_response", o.Code, o.Message)
		assert.True(t, o.TookEffect)
	})
}

// TestASessionThatIsForgottenIsRenewedOnce has servers that were started again: the call is made in a new session.
func TestASessionThatIsForgottenIsRenewedOnce(t *testing.T) {
	t.Parallel()

	for name, refusal := range map[string]struct {
		status int
		body   string
	}{
		"404": {http.StatusNotFound, ``},
		"400": {http.StatusBadRequest, `{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: No valid session ID provided"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var refused atomic.Int32

			s := &oddServer{tools: oneTool, call: `{"content":"booked"}`}
			s.before = func(w http.ResponseWriter, _ *http.Request, method string) bool {
				if method != "tools/call" || refused.Add(1) > 1 {
					return false
				}

				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(refusal.status)
				_, _ = io.WriteString(w, refusal.body)

				return true
			}

			b, d := s.discover(t)
			o := callTool(t, b, d)
			assert.Equal(t, chat.ToolSucceeded, o.Kind, o.Message)
			assert.EqualValues(t, 2, refused.Load())
		})
	}
}

func TestToolsAreUsedOrListedAsLeftOut(t *testing.T) {
	t.Parallel()

	tools := []string{
		`{"name":"a.b-c_D.9","inputSchema":{"type":"object"}}`,
		`{"name":"` + strings.Repeat("n", 100) + `","inputSchema":{"type":"object"}}`,
		`{"name":"nulls","description":null,"annotations":null,"inputSchema":{"type":"object","required":null,"properties":null}}`,
		`{"name":"inner","inputSchema":{"type":"object","properties":{"at":{"type":"string","enum":["a",null],"items":null}}}}`,
		`{"name":"ahead","inputSchema":{"type":"object","properties":{"code":{"type":"string","pattern":"^(?=.*a).+$"}}}}`,
		`{"name":"none","inputSchema":null}`,
		`{"name":"two words (new)","inputSchema":{"type":"object"}}`,
		`{"name":"…","inputSchema":{"type":"object"}}`,
		`{"name":"none","inputSchema":{"type":"object"}}`,
		`{"name":"wrong","inputSchema":{"type":"thing"}}`,
	}

	s := &oddServer{tools: `{"tools":[` + strings.Join(tools, ",") + `]}`}
	_, d := s.discover(t)

	var names []string
	for _, tool := range d.MCP.Discovered {
		names = append(names, tool.Name)
	}

	assert.Equal(t, []string{"a.b-c_D.9", "ahead", "inner", strings.Repeat("n", 100), "none", "nulls", "two_words_new"}, names)
	assert.Equal(t, "two words (new)", d.MCP.NameAtServer("two_words_new"))
	assert.Equal(t, []string{"properties.code.pattern"}, d.MCP.Discovered[1].Unchecked)

	reasons := map[string]string{}
	for _, left := range d.MCP.LeftOut {
		reasons[left.Name] = left.Reason
	}

	assert.Len(t, reasons, 3)
	assert.Contains(t, reasons["…"], "a letter or digit")
	assert.Contains(t, reasons["none"], "another tool")
	assert.Contains(t, reasons["wrong"], "JSON Schema")

	many := make([]string, 210)
	for i := range many {
		many[i] = fmt.Sprintf(`{"name":"t%d","inputSchema":{"type":"object"}}`, i)
	}

	s = &oddServer{tools: `{"tools":[` + strings.Join(many, ",") + `]}`}
	_, d = s.discover(t)
	assert.Len(t, d.MCP.Discovered, 200)
	assert.Len(t, d.MCP.LeftOut, 10)
}

// TestServersThatAnswerAreToldFromThoseThatDoNot has the reasons for which there is no session.
func TestServersThatAnswerAreToldFromThoseThatDoNot(t *testing.T) {
	t.Parallel()

	with := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)

			w.Header().Set("Location", "https://elsewhere.example/mcp")
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	protected := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="https://a.example/.well-known/oauth-protected-resource"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
	refuse := func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			ID json.RawMessage `json:"id"`
		}

		_ = json.NewDecoder(r.Body).Decode(&asked)

		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32602,"message":"Unsupported protocol version"}}`, asked.ID)
	}
	old := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}

		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "event: endpoint\ndata: /messages\n\n")
	}

	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"OAuth":             {protected, "wants an OAuth token"},
		"a key is missing":  {with(401, "application/json", `{"error":"missing key"}`), "refused the request (401): missing key"},
		"a page":            {with(200, "text/html", "<!DOCTYPE html><title>Log in</title>"), "web page"},
		"another place":     {with(307, "text/plain", ""), "another place"},
		"the old transport": {old, "old transport"},
		"nothing there":     {with(404, "text/plain", "404 page not found"), "no MCP server at this URL (404): 404 page not found"},
		"down":              {with(503, "application/json", `{"message":"deploying"}`), "cannot answer now (503): deploying"},
		"refused":           {refuse, "Unsupported protocol version"},
		"something else":    {with(200, "application/xml", "<soap/>"), "not in MCP: <soap/>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			web := serveTool(t, c.handler)
			b := newBox(t, toolbox.Config{}, web)
			d := mcpServerTool(chat.MCPServer{URL: web.URL})
			err := b.Prepare(t.Context(), &d, nil)
			require.Error(t, err)
			assert.Equal(t, chat.CodeToolUnavailable, chat.CodeOf(err))
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "could not be reached")
		})
	}

	t.Run("a certificate of its own", func(t *testing.T) {
		t.Parallel()

		web := httptest.NewTLSServer(with(200, "application/json", "{}"))
		t.Cleanup(web.Close)

		b := newBox(t, toolbox.Config{}, web)
		d := mcpServerTool(chat.MCPServer{URL: web.URL})
		assert.ErrorContains(t, b.Prepare(t.Context(), &d, nil), "certificate is not trusted")
	})
}

// TestALineOfALogIsNoEnd has a program that writes to its standard output what is no message.
func TestALineOfALogIsNoEnd(t *testing.T) {
	t.Parallel()

	script := filepath.Join(t.TempDir(), "server.sh")
	require.NoError(t, os.WriteFile(script, []byte(`#!/bin/sh
echo "Listening on stdio…"
while read -r line; do
	id=$(echo "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
	echo "[info] got a line"
	case "$line" in
	*initialize\"*) echo '{"jsonrpc":"2.0","id":'$id',"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}}' ;;
	*tools/list*) echo '{"jsonrpc":"2.0","id":'$id',"result":`+oneTool+`}' ;;
	*tools/call*) echo '{"jsonrpc":"2.0","id":'$id',"result":{"content":"booked"}}' ;;
	esac
done
`), 0o700))

	b := newBox(t, toolbox.Config{
		Commands: map[string][]string{"log": {script}},
		Environ:  []string{"PATH=" + os.Getenv("PATH")}, //nolint:forbidigo // the shell's programs are found there
	})
	d := prepareTool(t, b, mcpServerTool(chat.MCPServer{Command: "log"}), nil)
	o := callTool(t, b, d)
	require.Equal(t, chat.ToolSucceeded, o.Kind, o.Message)
	assert.JSONEq(t, `{"content":"booked"}`, string(o.Result))
}
