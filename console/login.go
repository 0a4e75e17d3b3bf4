package console

import (
	"net/http"
	"strings"

	"handrail/chat"
	"handrail/client"
)

// loginView is what the login page shows.
type loginView struct {
	// workspace and token are those of a login link; token is "" without one.
	workspace string
	token     string
	message   string
	// isWrong reports whether the message says that something went wrong.
	isWrong bool
	// provider is the host of the OpenID provider, "" if there is none.
	provider string
	// back is the page to go to afterwards, "" for the first one.
	back string
}

func (h *Handler) loginRoutes() {
	h.mux.HandleFunc("GET "+Root, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, Root+"/", http.StatusSeeOther)
	})
	h.mux.HandleFunc("GET "+Root+"/{$}", h.showFirstPage)
	h.mux.HandleFunc("GET "+Root+"/login", h.showLogin)
	h.mux.HandleFunc("POST "+Root+"/login", h.limitLogins(h.logIn))
	h.mux.HandleFunc("POST "+Root+"/w/{workspace}/logout", h.logOut)

	if h.openID != nil {
		h.mux.HandleFunc("POST "+openIDPath, h.limitLogins(h.beginOpenID))
		h.mux.HandleFunc("GET "+callbackPath, h.limitLogins(h.endOpenID))
	}
}

// showFirstPage redirects to the workspace that the browser is logged in to, or to the login page.
func (h *Handler) showFirstPage(w http.ResponseWriter, r *http.Request) {
	all := sessionsOf(r)

	switch {
	case len(all) > 0:
		http.Redirect(w, r, Root+"/w/"+all[0].workspace+"/", http.StatusSeeOther)
	case isFromElsewhere(r):
		h.render(w, r, http.StatusOK, continuePage(Root+"/", "Continue"))
	default:
		http.Redirect(w, r, Root+"/login", http.StatusSeeOther)
	}
}

// messageNoWorkspace says what is wrong with a workspace that is no id.
const messageNoWorkspace = "The workspace must be its id, such as 11111111-1111-4111-8111-111111111111."

// newLoginView returns the login page with what went wrong; "" for nothing.
func (h *Handler) newLoginView(workspace, message string) loginView {
	view := loginView{
		workspace: workspace,
		message:   message,
		isWrong:   message != "",
	}

	if h.openID != nil {
		view.provider = hostOf(h.openID.Issuer)
	}

	return view
}

// messageNoLoginLink says what is wrong with a link that has something else than the token of a login link.
const messageNoLoginLink = "This link is no login link. `handrail keys login` makes one."

// isLoginToken reports whether a text has the form of the token of a login link.
func isLoginToken(text string) bool { return strings.HasPrefix(text, chat.LoginPrefix) }

// showLogin shows the login page. A login link is used by a button only, so that programs which look at links in
// messages do not use it up.
func (h *Handler) showLogin(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()

	view := h.newLoginView(query.Get("workspace"), "")

	// A key is no token: whoever has put it in the link could have this browser work as somebody else, for long.
	switch token := query.Get("token"); {
	case isLoginToken(token):
		view.token = token
	case token != "":
		view = h.newLoginView(view.workspace, messageNoLoginLink)
	}

	h.render(w, r, http.StatusOK, loginPage(view))
}

// logIn exchanges a key or the token of a login link for a session.
func (h *Handler) logIn(w http.ResponseWriter, r *http.Request) {
	view := h.newLoginView(strings.TrimSpace(r.PostFormValue("workspace")), "")
	view.back = safeBack(r.PostFormValue("back"))
	view.isWrong = true

	key := strings.TrimSpace(r.PostFormValue("key"))
	token := r.PostFormValue("token")

	switch {
	case !isUUID(view.workspace):
		view.message = messageNoWorkspace
	case isLoginToken(token):
		key = token
	case token != "":
		view.message = messageNoLoginLink
	case key == "":
		view.message = "The API key must be given. `handrail keys login` makes a link that needs none."
	}

	if view.message != "" {
		h.render(w, r, http.StatusBadRequest, loginPage(view))
		return
	}

	opened, err := h.openSession(r, view.workspace, key)

	switch refused := refusalOf(err); {
	case err == nil:
		h.endReplacedSession(r, view.workspace)
		setSession(w, opened)
		http.Redirect(w, r, firstPath(view), http.StatusSeeOther)
	case refused != nil:
		view.message = asSentence(refused.detail)
		h.render(w, r, refused.status, loginPage(view))
	default:
		h.showFailure(w, r, nil, err)
	}
}

// openSession exchanges a key, or the token of a login link, for a session.
func (h *Handler) openSession(r *http.Request, workspace, key string) (session, error) {
	api, err := h.dial(key)
	if err != nil {
		return session{}, err
	}

	made, err := api.CreateSessionWithResponse(r.Context(), workspace, &client.CreateSessionParams{})
	if err != nil {
		return session{}, err
	}

	if made.JSON201 == nil || client.ValueOf(made.JSON201.Key) == "" {
		return session{}, errNotHandrail
	}

	return session{workspace: workspace, key: *made.JSON201.Key}, nil
}

// endReplacedSession ends the session that the browser had for a workspace, in whose place another comes. Where the API
// does not take that, it ends by itself.
func (h *Handler) endReplacedSession(r *http.Request, workspace string) {
	old, ok := findSession(r, workspace)
	if !ok {
		return
	}

	if api, err := h.dial(old.key); err == nil {
		_, _ = api.EndSessionWithResponse(r.Context(), workspace)
	}
}

// firstPath returns the page to go to after the login.
func firstPath(view loginView) string {
	if view.back != "" {
		return view.back
	}

	return Root + "/w/" + view.workspace + "/"
}

// safeBack returns the path of one of our own pages, and "" for everything else: a link to the login page must not
// lead elsewhere.
func safeBack(path string) string {
	if !strings.HasPrefix(path, Root+"/w/") || strings.ContainsAny(path, "\\\r\n") {
		return ""
	}

	return path
}

// logOut ends the session, at the API too.
func (h *Handler) logOut(w http.ResponseWriter, r *http.Request) {
	found, ok := findSession(r, r.PathValue("workspace"))
	if !ok || !found.hasToken(r) {
		h.showFailure(w, r, nil, errForged)
		return
	}

	api, err := h.dial(found.key)
	if err == nil {
		_, err = api.EndSessionWithResponse(r.Context(), found.workspace)
	}

	// Whoever wants to leave must not be kept by an API that does not answer, but must know it.
	removeSession(w, found.workspace)

	view := h.newLoginView(found.workspace, "You are logged out.")
	view.isWrong = false

	if err != nil && !client.HasCode(err, "unauthenticated") {
		view.message = "This browser is logged out, but the API could not be told: the session ends by itself " +
			"within 12 hours, or when its key is revoked."
		view.isWrong = true
	}

	h.render(w, r, http.StatusOK, loginPage(view))
}
