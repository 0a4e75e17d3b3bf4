package toolbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/auth/extauth"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
	"golang.org/x/oauth2"

	"handrail/chat"
)

// loginWithin bounds each request to an authorization server.
const loginWithin = 10 * time.Second

// checkOAuth checks how a token is got for a server.
func (b *Toolbox) checkOAuth(ctx context.Context, m *chat.MCPServer, s *sealed) error {
	if m.OAuth == nil {
		return nil
	}

	for name := range m.Headers {
		if strings.EqualFold(name, "Authorization") {
			return chat.Invalid("mcp.headers."+name, "must be left out beside mcp.oauth, which sets it")
		}
	}

	if m.OAuth.ClientID == "" {
		return chat.Invalid("mcp.oauth.client_id", "must be given")
	}

	if whole := reference.FindString(m.OAuth.ClientSecret); whole == "" || whole != m.OAuth.ClientSecret {
		return chat.Invalid("mcp.oauth.client_secret", "must refer to a secret: {secret.NAME}")
	}

	if _, err := fillHeaders(map[string]string{"client_secret": m.OAuth.ClientSecret}, s.Values); err != nil {
		return chat.Invalid("mcp.oauth.client_secret", "%s; add it to secrets", chat.AsError(err).Fields[0].Message)
	}

	return b.guard.checkURL(ctx, "mcp.oauth.issuer", m.OAuth.Issuer)
}

// loginOf gets tokens for a server by the SDK's own flow, nil for one that wants none. The secret goes to the
// issuer of the definition only: the MCP server says which authorization server it trusts, and might name
// its own.
func (b *Toolbox) loginOf(m *chat.MCPServer, secrets map[string]string) (auth.OAuthHandler, error) {
	if m.OAuth == nil {
		return nil, nil //nolint:nilnil // the SDK takes nil for no login
	}

	filled, err := fillHeaders(map[string]string{"client_secret": m.OAuth.ClientSecret}, secrets)
	if err != nil {
		return nil, err
	}

	handler, err := extauth.NewClientCredentialsHandler(&extauth.ClientCredentialsHandlerConfig{
		Credentials: &oauthex.ClientCredentials{
			ClientID:         m.OAuth.ClientID,
			ClientSecretAuth: &oauthex.ClientSecretAuth{ClientSecret: filled["client_secret"]},
			Issuer:           m.OAuth.Issuer,
		},
		HTTPClient: &http.Client{
			Transport:     b.guard.transport(shared),
			CheckRedirect: sameHost,
			Timeout:       loginWithin,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("make the login of an MCP server: %w", err)
	}

	return &lastingLogin{handler}, nil
}

// lastingLogin keeps a login for as long as the session: the SDK gets the next token with the context of the
// call that got the first one.
type lastingLogin struct{ auth.OAuthHandler }

// Authorize is [auth.OAuthHandler].
func (l *lastingLogin) Authorize(ctx context.Context, request *http.Request, answer *http.Response) error {
	err := l.OAuthHandler.Authorize(context.WithoutCancel(ctx), request, answer)
	if err != nil {
		exchangeOf(ctx).noteLogin(loginReason(err))
	}

	return err //nolint:wrapcheck // it is the SDK's own
}

// loginReason is why no token was got, in the words of the authorization server if it has said some.
func loginReason(err error) string {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return "the authorization server gives no token" + detailOf("application/json", refused.Body)
	}

	return "no token was got for the server: " + tidyLine(err.Error())
}
