package toolbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
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

	return &lastingLogin{
		OAuthHandler: handler,
		tokens:       &b.tokens,
		of:           loginName(m),
	}, nil
}

// lastingLogin keeps a login for as long as the session: the SDK gets the next token with the context of the
// call that got the first one. It notes the tokens, which a server may repeat as it may repeat a secret.
type lastingLogin struct {
	auth.OAuthHandler

	tokens *loginTokens
	of     string
}

// TokenSource is [auth.OAuthHandler].
func (l *lastingLogin) TokenSource(ctx context.Context) (oauth2.TokenSource, error) {
	source, err := l.OAuthHandler.TokenSource(ctx)
	if err != nil || source == nil {
		return source, err //nolint:wrapcheck // it is the SDK's own
	}

	return &notedSource{TokenSource: source, login: l}, nil
}

// notedSource is the source of a login's tokens.
type notedSource struct {
	oauth2.TokenSource

	login *lastingLogin
}

// Token is [oauth2.TokenSource].
func (s *notedSource) Token() (*oauth2.Token, error) {
	token, err := s.TokenSource.Token()
	if err == nil {
		s.login.tokens.noteToken(s.login.of, token.AccessToken)
	}

	return token, err //nolint:wrapcheck // it is the SDK's own
}

// tokensKept is how many tokens of a login are known: a server may repeat the one before, too.
const tokensKept = 4

// loginTokens are the newest tokens of each login.
type loginTokens struct {
	mutex sync.Mutex
	of    map[string][]string
}

// loginName tells logins apart: it is who logs in, and where for.
func loginName(m *chat.MCPServer) string {
	return strings.Join([]string{m.OAuth.Issuer, m.OAuth.ClientID, m.URL}, "\n")
}

func (l *loginTokens) noteToken(login, token string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	known := l.of[login]
	if slices.Contains(known, token) {
		return
	}

	if l.of == nil {
		l.of = map[string][]string{}
	}

	known = append(known, token)
	l.of[login] = known[max(0, len(known)-tokensKept):]
}

// list returns the tokens of a server's login, none for one without a login.
func (l *loginTokens) listTokens(m *chat.MCPServer) []string {
	if m == nil || m.OAuth == nil {
		return nil
	}

	l.mutex.Lock()
	defer l.mutex.Unlock()

	return slices.Clone(l.of[loginName(m)])
}

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
