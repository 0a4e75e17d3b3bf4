package console

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/a-h/templ"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
)

// OpenID is how members log in by OpenID Connect. All fields but HTTP are needed.
type OpenID struct {
	// Issuer is the provider's address, such as https://accounts.example.com.
	Issuer                 string
	ClientID, ClientSecret string
	// PublicURL is where browsers reach the console, such as https://handrail.example.com. The provider must know
	// its path /console/login/openid/callback as a redirect URI.
	PublicURL string
	// OpenSession makes a session of the member with an email address that the provider has verified, and returns its
	// key. Errors: [RefusalError] when nobody may log in with the address; others are not shown.
	OpenSession func(ctx context.Context, workspace, email string) (key string, err error)
	// HTTP makes the requests to the provider; nil: a client that waits for 10 seconds.
	HTTP *http.Client
}

// RefusalError is why nobody may log in, for people to read.
type RefusalError string

// Error returns the sentence.
func (r RefusalError) Error() string { return string(r) }

// The paths of logging in by OpenID Connect.
const (
	openIDPath   = Root + "/login/openid"
	callbackPath = openIDPath + "/callback"
)

// openIDCookie is the name of the cookie of a login that is under way at the provider.
const openIDCookie = "handrail_login"

// providerWithin is how long the provider may take for an answer.
const providerWithin = 10 * time.Second

// openIDLife is how long the login at the provider may take.
const openIDLife = 10 * time.Minute

// openID logs members in. The provider is asked for its keys and addresses when the first member wants to log in, so
// that Handrail starts without it.
type openID struct {
	OpenID

	// asking makes one first request to the provider for all who wait for it.
	asking   singleflight.Group
	provider atomic.Pointer[oidc.Provider]
}

func newOpenID(config OpenID) *openID {
	if config.HTTP == nil {
		config.HTTP = &http.Client{Timeout: providerWithin}
	}

	return &openID{OpenID: config}
}

// attempt is a login that is under way. Only the browser that has begun it keeps it, so that no other browser can end
// it.
type attempt struct {
	Workspace string `json:"w"`
	State     string `json:"s"`
	Nonce     string `json:"n"`
	// Verifier is the secret of PKCE (RFC 7636): whoever steals the code cannot use it.
	Verifier string `json:"v"`
}

// messageNotLoggedIn is the sentence for a login at the provider that has failed. The log has the reason.
const messageNotLoggedIn = "The login did not succeed: begin it again."

// findProvider returns the provider, and asks it for its keys and addresses the first time. It returns an error when
// the browser leaves before the provider has answered.
func (o *openID) findProvider(ctx context.Context) (*oidc.Provider, error) {
	if found := o.provider.Load(); found != nil {
		return found, nil
	}

	asked := o.asking.DoChan("provider", func() (any, error) {
		// Others wait for the answer too, and the provider's keys are fetched later, when this request is over.
		found, err := oidc.NewProvider(o.withClient(context.WithoutCancel(ctx)), o.Issuer)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNoProvider, err)
		}

		o.provider.Store(found)

		return found, nil
	})

	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", errNoProvider, context.Cause(ctx))

	case answer := <-asked:
		found, _ := answer.Val.(*oidc.Provider)

		return found, answer.Err
	}
}

// withClient returns a context in which requests to the provider are made by the client of the configuration.
func (o *openID) withClient(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, o.HTTP)
}

// newConfig returns the OAuth 2.0 configuration for a provider.
func (o *openID) newConfig(provider *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID:     o.ClientID,
		ClientSecret: o.ClientSecret,
		Endpoint:     provider.Endpoint(),
		RedirectURL:  strings.TrimSuffix(o.PublicURL, "/") + callbackPath,
		Scopes:       []string{oidc.ScopeOpenID, "email"},
	}
}

// beginOpenID sends the browser to the provider.
func (h *Handler) beginOpenID(w http.ResponseWriter, r *http.Request) {
	workspace := strings.TrimSpace(r.PostFormValue("workspace"))
	if !isUUID(workspace) {
		h.render(w, r, http.StatusBadRequest, loginPage(h.newLoginView(workspace, messageNoWorkspace)))
		return
	}

	provider, err := h.openID.findProvider(r.Context())
	if err != nil {
		h.showFailure(w, r, nil, err)
		return
	}

	begun := attempt{
		Workspace: workspace,
		State:     rand.Text(),
		Nonce:     rand.Text(),
		Verifier:  oauth2.GenerateVerifier(),
	}

	if err := setAttempt(w, begun); err != nil {
		h.showFailure(w, r, nil, err)
		return
	}

	address := h.openID.newConfig(provider).AuthCodeURL(
		begun.State,
		oidc.Nonce(begun.Nonce),
		oauth2.S256ChallengeOption(begun.Verifier),
	)

	// Not a redirect: the policy of the page lets forms lead to this origin only.
	h.render(w, r, http.StatusOK, continuePage(templ.URL(address), "Continue to "+hostOf(h.openID.Issuer)))
}

// endOpenID takes the browser that the provider has sent back.
func (h *Handler) endOpenID(w http.ResponseWriter, r *http.Request) {
	begun, err := readAttempt(r)

	removeAttempt(w)

	if err != nil || r.URL.Query().Get("state") != begun.State {
		h.render(w, r, http.StatusForbidden, loginPage(h.newLoginView(begun.Workspace, messageNotLoggedIn)))
		return
	}

	email, err := h.openID.readEmail(r.Context(), r.URL.Query().Get("code"), begun)

	switch {
	case errors.Is(err, errNoProvider):
		h.showFailure(w, r, nil, err)
		return
	case err != nil:
		h.config.Logger.WarnContext(
			r.Context(),
			"a login by OpenID Connect did not succeed",
			"request_id", requestIDOf(r),
			"error", err,
		)
		h.render(w, r, http.StatusForbidden, loginPage(h.newLoginView(begun.Workspace, messageNotLoggedIn)))

		return
	}

	key, err := h.openID.OpenSession(r.Context(), begun.Workspace, email)
	if refused, ok := errors.AsType[RefusalError](err); ok {
		h.render(w, r, http.StatusForbidden, loginPage(h.newLoginView(begun.Workspace, asSentence(refused.Error()))))
		return
	}

	if err != nil {
		h.showFailure(w, r, nil, fmt.Errorf("%w: %w", errNotOpened, err))
		return
	}

	setSession(w, session{workspace: begun.Workspace, key: key})

	// Not a redirect: a cookie for this site only is not sent on one that another site has begun.
	h.render(w, r, http.StatusOK, continuePage(templ.SafeURL(Root+"/w/"+begun.Workspace+"/"), "Continue"))
}

// readEmail exchanges the provider's code for the verified address of who has logged in.
func (o *openID) readEmail(ctx context.Context, code string, begun attempt) (string, error) {
	provider, err := o.findProvider(ctx)
	if err != nil {
		return "", err
	}

	token, err := o.newConfig(provider).Exchange(o.withClient(ctx), code, oauth2.VerifierOption(begun.Verifier))
	if err != nil {
		return "", wrapProvider("exchange the code", err)
	}

	raw, _ := token.Extra("id_token").(string)

	verified, err := provider.Verifier(&oidc.Config{ClientID: o.ClientID}).Verify(o.withClient(ctx), raw)
	if err != nil {
		return "", wrapProvider("verify the ID token", err)
	}

	if verified.Nonce != begun.Nonce {
		return "", errors.New("the ID token is of another login")
	}

	var claims emailClaims
	if err := verified.Claims(&claims); err != nil {
		return "", fmt.Errorf("read the ID token: %w", err)
	}

	// Many providers tell the address only where one asks for it (OpenID Connect Core, 5.4).
	if claims.Email == "" {
		if claims, err = o.askEmail(ctx, provider, token, verified.Subject); err != nil {
			return "", err
		}
	}

	if claims.Email == "" || !claims.EmailVerified {
		return "", errors.New("the provider has not verified the email address")
	}

	return claims.Email, nil
}

// wrapProvider returns the error of a request to the provider, with what it was for. It is [errNoProvider] if there was
// no answer.
func wrapProvider(purpose string, err error) error {
	if _, isSilent := errors.AsType[*url.Error](err); isSilent {
		return fmt.Errorf("%w: %s: %w", errNoProvider, purpose, err)
	}

	return fmt.Errorf("%s: %w", purpose, err)
}

// emailClaims are what a provider says of somebody's email address.
type emailClaims struct {
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
}

// askEmail asks the provider for the address of who has logged in.
func (o *openID) askEmail(
	ctx context.Context,
	provider *oidc.Provider,
	token *oauth2.Token,
	subject string,
) (emailClaims, error) {
	told, err := provider.UserInfo(o.withClient(ctx), oauth2.StaticTokenSource(token))
	if err != nil {
		return emailClaims{}, wrapProvider("ask for the email address", err)
	}

	// The answer may be about somebody else (OpenID Connect Core, 5.3.2).
	if told.Subject != subject {
		return emailClaims{}, errors.New("the email address is of somebody else")
	}

	return emailClaims{Email: told.Email, EmailVerified: told.EmailVerified}, nil
}

func setAttempt(w http.ResponseWriter, begun attempt) error {
	encoded, err := json.Marshal(begun)
	if err != nil {
		return fmt.Errorf("begin a login: %w", err)
	}

	http.SetCookie(w, newAttemptCookie(base64.RawURLEncoding.EncodeToString(encoded), int(openIDLife.Seconds())))

	return nil
}

func removeAttempt(w http.ResponseWriter) { http.SetCookie(w, newAttemptCookie("", -1)) }

// newAttemptCookie returns the cookie of a login that is under way.
func newAttemptCookie(value string, maxAge int) *http.Cookie {
	cookie := newCookie(openIDCookie, value, Root+"/login", maxAge) //nolint:gosec // it has all that newCookie sets

	// A strict one would not come back from the provider.
	cookie.SameSite = http.SameSiteLaxMode

	return cookie
}

func readAttempt(r *http.Request) (attempt, error) {
	var begun attempt

	cookie, err := r.Cookie(openIDCookie)
	if err != nil {
		return begun, fmt.Errorf("find the login: %w", err)
	}

	decoded, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return begun, fmt.Errorf("read the login: %w", err)
	}

	if err := json.Unmarshal(decoded, &begun); err != nil || begun.State == "" || !isUUID(begun.Workspace) {
		return attempt{}, errors.New("read the login: it is not one")
	}

	return begun, nil
}

// hostOf returns the host of an address, for people to read.
func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return address
	}

	return parsed.Host
}
