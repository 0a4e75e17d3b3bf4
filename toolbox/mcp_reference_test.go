package toolbox_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/toolbox"
)

// referenceCall is a call of a reference server, and what its result has.
type referenceCall struct {
	tool, arguments, want string
}

// callReference discovers a server that is a program, and makes the calls.
func callReference(t *testing.T, words []string, calls ...referenceCall) {
	t.Helper()

	b := newBox(t, toolbox.Config{
		Commands: map[string][]string{"reference": words},
		Environ:  []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, //nolint:forbidigo // node is found there
	})

	d := mcpServerTool(chat.MCPServer{Command: "reference"})
	d.Timeout = time.Minute
	d = prepareTool(t, b, d, nil)
	assert.Empty(t, d.MCP.LeftOut)

	for _, call := range calls {
		o := b.Call(t.Context(), d, chat.ToolInvocation{
			Tool:      call.tool,
			Arguments: json.RawMessage(call.arguments),
			Key:       "message-0",
		})
		require.Equal(t, chat.ToolSucceeded, o.Kind, "%s: %s", call.tool, o.Message)
		assert.Contains(t, string(o.Result), call.want, call.tool)
	}
}

// TestReferenceServersInGo calls the servers that come with the SDK.
func TestReferenceServersInGo(t *testing.T) {
	t.Parallel()

	const sdk = "github.com/modelcontextprotocol/go-sdk/"

	for path, calls := range map[string][]referenceCall{
		"conformance/everything-server": {
			{"test_simple_text", `{}`, "text"},
			{"test_embedded_resource", `{}`, "content"},
			{"test_multiple_content_types", `{}`, "content"},
		},
		"examples/server/everything": {
			{"greet", `{"name":"Ada"}`, "Ada"},
			{"greet_structured", `{"name":"Ada"}`, "Ada"},
		},
		"examples/server/memory": {
			{"create_entities", `{"entities":[{"name":"Ada","entityType":"person","observations":["counts"]}]}`, "Ada"},
			{"read_graph", `{}`, "counts"},
		},
	} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()

			binary := filepath.Join(t.TempDir(), "server")
			built := exec.CommandContext(t.Context(), "go", "build", "-o", binary, sdk+path)
			output, err := built.CombinedOutput()
			require.NoError(t, err, string(output))

			callReference(t, []string{binary}, calls...)
		})
	}
}

// TestReferenceServersInJavaScript calls the servers of the protocol's authors. `make test` installs them.
func TestReferenceServersInJavaScript(t *testing.T) {
	t.Parallel()

	folder := os.Getenv("TEST_MCP_SERVERS") //nolint:forbidigo // the environment configures tests
	if folder == "" {
		t.Fatal("TEST_MCP_SERVERS is not set: run the tests with `make test`, or within scripts/with-mcp-servers")
	}

	files := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(files, "hours.txt"), []byte("9 to 5"), 0o600))

	encoded, err := json.Marshal(filepath.Join(files, "hours.txt"))
	require.NoError(t, err)

	for name, c := range map[string]struct {
		arguments []string
		calls     []referenceCall
	}{
		"everything": {
			calls: []referenceCall{
				{"echo", `{"message":"hello"}`, "hello"},
				{"get-sum", `{"a":2,"b":3}`, "5"},
				{"get-structured-content", `{"location":"New York"}`, "temperature"},
			},
		},
		"filesystem": {
			arguments: []string{files},
			calls:     []referenceCall{{"read_text_file", `{"path":` + string(encoded) + `}`, "9 to 5"}},
		},
		"memory": {
			calls: []referenceCall{{"read_graph", `{}`, "entities"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			program := filepath.Join(folder, "node_modules", ".bin", "mcp-server-"+name)
			callReference(t, append([]string{program}, c.arguments...), c.calls...)
		})
	}
}
