package console

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"handrail/client"
)

// cookiePrefix begins the name of a session's cookie; the workspace's id follows. So one browser can be logged in to
// several workspaces. Browsers take a name with __Secure- over TLS only, or from this very machine, so that nobody on
// the way can plant a session of their own.
const cookiePrefix = "__Secure-handrail_session_"

// formToken is the name of the field by which a form shows that it comes from one of our own pages.
const formToken = "csrf"

// session is a browser that is logged in to a workspace.
type session struct {
	workspace string
	// key is the API key of the session. The API ends it after 12 hours.
	key string
}

// csrf returns the token of the session's forms. Nobody can make it who does not know the key.
func (s session) csrf() string {
	mac := hmac.New(sha256.New, []byte(s.key))
	_, _ = mac.Write([]byte("handrail console form")) // a hash takes everything

	return hex.EncodeToString(mac.Sum(nil))
}

// hasToken reports whether a request shows the token of the session, as a field of its form or in a header.
func (s session) hasToken(r *http.Request) bool {
	shown := r.Header.Get("X-Csrf-Token")
	if shown == "" {
		shown = r.PostFormValue(formToken)
	}

	return hmac.Equal([]byte(shown), []byte(s.csrf()))
}

// sessionsOf returns the sessions of a request, in the order of their workspaces.
func sessionsOf(r *http.Request) []session {
	var all []session

	for _, cookie := range r.Cookies() {
		workspace, found := strings.CutPrefix(cookie.Name, cookiePrefix)
		if found && isUUID(workspace) && cookie.Value != "" {
			all = append(all, session{workspace: workspace, key: cookie.Value})
		}
	}

	slices.SortFunc(all, func(a, b session) int { return strings.Compare(a.workspace, b.workspace) })

	return all
}

// findSession returns the session of a request for a workspace.
func findSession(r *http.Request, workspace string) (session, bool) {
	all := sessionsOf(r)
	i := slices.IndexFunc(all, func(s session) bool { return s.workspace == workspace })

	if i < 0 {
		return session{}, false
	}

	return all[i], true
}

// setSession stores a session in the browser. Scripts cannot read it, other sites cannot send it, and it leaves the
// browser only over TLS, or to this very machine. The API ends it after 12 hours, and the browser when it is closed.
func setSession(w http.ResponseWriter, s session) {
	http.SetCookie(w, newCookie(cookiePrefix+s.workspace, s.key, Root, 0))
}

// newCookie returns a cookie that scripts cannot read and other sites cannot send. maxAge is as in [http.Cookie].
func newCookie(name, value, path string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name:     name,
		Value:    value,
		Path:     path,
		MaxAge:   maxAge,
		HttpOnly: true,
		Secure:   true,
		SameSite: http.SameSiteStrictMode,
	}
}

// removeSession makes the browser forget a session.
func removeSession(w http.ResponseWriter, workspace string) {
	http.SetCookie(w, newCookie(cookiePrefix+workspace, "", Root, -1))
}

// dial returns a client of the API with a key.
func (h *Handler) dial(key string) (*client.API, error) {
	return client.New(
		h.config.API,
		key,
		client.WithDoer(h.config.Doer),
		client.WithUserAgent("handrail-console/"+h.config.Version),
		client.WithCheck(checkAnswer),
	)
}

// checkAnswer returns an error if an answer of success is not one that Handrail's API gives.
func checkAnswer(answer *http.Response) error {
	isRead := answer.Request != nil && answer.Request.Method == http.MethodGet

	switch {
	case answer.Header.Get("Handrail-Version") == "":
		return errNotHandrail
	case isRead && answer.StatusCode != http.StatusOK:
		return fmt.Errorf("%w: it has answered %s", errNotHandrail, answer.Status)
	}

	return nil
}
