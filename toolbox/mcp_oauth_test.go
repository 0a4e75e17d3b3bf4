package toolbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/toolbox"
)

// newIssuer is an authorization server. It says that it is the one that claims names, itself if it is empty, and
// counts the tokens it gives for the secret.
func newIssuer(t *testing.T, claims string) (*httptest.Server, *atomic.Int32) {
	t.Helper()

	var (
		given  atomic.Int32
		issuer *httptest.Server
	)

	issuer = serveTool(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")

		switch r.URL.Path {
		case "/.well-known/oauth-authorization-server":
			name := claims
			if name == "" {
				name = issuer.URL
			}

			_ = json.NewEncoder(w).Encode(map[string]any{
				"issuer":                           name,
				"token_endpoint":                   issuer.URL + "/token",
				"authorization_endpoint":           issuer.URL + "/authorize",
				"response_types_supported":         []string{"code"},
				"grant_types_supported":            []string{"client_credentials"},
				"code_challenge_methods_supported": []string{"S256"},
			})
		case "/token":
			id, secret, _ := r.BasicAuth()
			if id == "" {
				_ = r.ParseForm()
				id, secret = r.Form.Get("client_id"), r.Form.Get("client_secret")
			}

			if id != "us" || secret != "hush-hush" {
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = fmt.Fprint(w, `{"error":"invalid_client","error_description":"not this one"}`)

				return
			}

			given.Add(1)
			// A token that is over at once: each request gets another one.
			_, _ = fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":1}`, given.Load())
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})

	return issuer, &given
}

// newProtected is an MCP server that wants a token of the issuer.
func newProtected(t *testing.T, issuer string) *httptest.Server {
	t.Helper()

	return protect(t, issuer, newConcierge())
}

// protect serves an MCP server to who has a token of the issuer.
func protect(t *testing.T, issuer string, server *mcp.Server) *httptest.Server {
	t.Helper()

	inner := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)

	var web *httptest.Server

	web = serveTool(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/.well-known/oauth-protected-resource":
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{
				"resource":              web.URL + "/mcp",
				"authorization_servers": []string{issuer},
			})
		case len(r.Header.Get("Authorization")) < len("Bearer token-1"):
			w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="`+web.URL+`/.well-known/oauth-protected-resource"`)
			w.WriteHeader(http.StatusUnauthorized)
		default:
			inner.ServeHTTP(w, r)
		}
	})

	return web
}

func protectedTool(web, issuer string) chat.ToolDefinition {
	return mcpServerTool(chat.MCPServer{
		URL: web + "/mcp",
		OAuth: &chat.MCPOAuth{
			Issuer:       issuer,
			ClientID:     "us",
			ClientSecret: "{secret.CLIENT}",
		},
	})
}

func TestAServerThatIsProtectedByOAuth(t *testing.T) {
	t.Parallel()

	issuer, given := newIssuer(t, "")
	web := newProtected(t, issuer.URL)
	b := newBox(t, toolbox.Config{}, web, issuer)
	secret := "hush-hush"

	d := prepareTool(t, b, protectedTool(web.URL, issuer.URL), chat.ToolSecrets{"CLIENT": &secret})
	assert.NotEmpty(t, d.MCP.Discovered)

	for range 2 {
		in := newCall(`{}`)
		in.Tool = "hours"
		o := b.Call(t.Context(), d, in)
		require.Equal(t, chat.ToolSucceeded, o.Kind, o.Message)
	}

	assert.Greater(t, given.Load(), int32(1), "a token that is over is renewed, after the call that got the first one")
}

// TestATokenOfALoginIsMasked has a server that repeats with what it was called.
func TestATokenOfALoginIsMasked(t *testing.T) {
	t.Parallel()

	issuer, _ := newIssuer(t, "")

	server := mcp.NewServer(&mcp.Implementation{Name: "parrot", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "repeat"}, func(
		_ context.Context,
		r *mcp.CallToolRequest,
		_ map[string]any,
	) (*mcp.CallToolResult, any, error) {
		said := "I was called with " + r.Extra.Header.Get("Authorization")
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: said}}}, nil, nil
	})

	web := protect(t, issuer.URL, server)
	b := newBox(t, toolbox.Config{}, web, issuer)
	secret := "hush-hush"
	d := prepareTool(t, b, protectedTool(web.URL, issuer.URL), chat.ToolSecrets{"CLIENT": &secret})

	in := newCall(`{}`)
	in.Tool = "repeat"
	o := b.Call(t.Context(), d, in)
	require.Equal(t, chat.ToolSucceeded, o.Kind, o.Message)
	assert.Contains(t, string(o.Result), "Bearer ***")
}

// TestTheSecretOfALoginGoesToItsIssuerOnly has an MCP server that names an authorization server of its own.
func TestTheSecretOfALoginGoesToItsIssuerOnly(t *testing.T) {
	t.Parallel()

	issuer, _ := newIssuer(t, "")
	secret := "hush-hush"

	for name, claims := range map[string]string{"openly": "", "under the issuer's name": issuer.URL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			thief, given := newIssuer(t, claims)
			web := newProtected(t, thief.URL)
			b := newBox(t, toolbox.Config{}, web, issuer, thief)

			d := protectedTool(web.URL, issuer.URL)
			require.Error(t, b.Prepare(t.Context(), &d, chat.ToolSecrets{"CLIENT": &secret}))
			assert.Zero(t, given.Load(), "the secret went to a stranger")
		})
	}

	web := newProtected(t, issuer.URL)
	other, _ := newIssuer(t, "")
	b := newBox(t, toolbox.Config{}, web, issuer, other)
	d := prepareTool(t, b, protectedTool(web.URL, issuer.URL), chat.ToolSecrets{"CLIENT": &secret})

	moved := protectedTool(web.URL, other.URL)
	moved.Sealed = d.Sealed
	require.ErrorContains(t, b.Prepare(t.Context(), &moved, nil), "must be given again")
}

func TestLoginsThatAreRefused(t *testing.T) {
	t.Parallel()

	issuer, _ := newIssuer(t, "")
	web := newProtected(t, issuer.URL)
	b := newBox(t, toolbox.Config{}, web, issuer)
	wrong := "hush-hush-not"

	d := protectedTool(web.URL, issuer.URL)
	err := b.Prepare(t.Context(), &d, chat.ToolSecrets{"CLIENT": &wrong})
	require.ErrorContains(t, err, "not this one")
	assert.NotContains(t, chat.AsError(err).Message, wrong)

	for field, change := range map[string]func(m *chat.MCPServer){
		"mcp.oauth.client_secret": func(m *chat.MCPServer) { m.OAuth.ClientSecret = "hush-hush" },
		"mcp.oauth.client_id":     func(m *chat.MCPServer) { m.OAuth.ClientID = "" },
		"mcp.oauth.issuer":        func(m *chat.MCPServer) { m.OAuth.Issuer = "https://10.0.0.1" },
		"mcp.headers.authorization": func(m *chat.MCPServer) {
			m.Headers = map[string]string{"authorization": "Bearer x"}
		},
		"mcp.oauth": func(m *chat.MCPServer) { *m = chat.MCPServer{Command: "local", OAuth: m.OAuth} },
	} {
		d := protectedTool(web.URL, issuer.URL)
		change(d.MCP)

		err := newBox(t, toolbox.Config{Commands: map[string][]string{"local": {"true"}}}, web, issuer).
			Prepare(t.Context(), &d, chat.ToolSecrets{"CLIENT": &wrong})
		require.Error(t, err, field)
		assert.Equal(t, field, chat.AsError(err).Fields[0].Field)
	}
}
