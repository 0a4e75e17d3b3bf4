package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"handrail/chat"
	"handrail/client"
)

// viewer is who looks at a page: a member who is logged in to a workspace, and the request.
type viewer struct {
	*http.Request
	*client.API

	handler *Handler
	session session
	// others are the browser's other sessions.
	others []session
	// me is the member, as the API knows the session.
	me client.Session
	// refusal is what the API has refused in a form of this page; nil for nothing.
	refusal *refusal
	// shownAt is the address of the page that answers a form, which is not that of the form; "" for the request's own.
	shownAt templ.SafeURL
	// done is what the page says of the form that was carried out before it; "" for nothing. A form sets it for the
	// page that it leads to, where the name of its command does not say enough.
	done string
	// saysItself is set by a form whose next page shows what has become of it: what was asked for may have failed.
	saysItself bool
	// names are those of members that the page shows, by their ids, see [viewer.learnNames].
	names map[int64]string
	// chats are those that the page names, by their ids, see [viewer.learnChats].
	chats map[int64]*client.Chat
	// namesRead is how many members and chats were read for their names.
	namesRead int
}

// ctx returns the context of the request.
func (v *viewer) ctx() context.Context { return v.Context() }

// ws returns the id of the workspace.
func (v *viewer) ws() string { return v.session.workspace }

// now returns the present time.
func (v *viewer) now() time.Time { return v.handler.config.Now() }

// path returns the path of a page of the workspace, such as /decisions.
func (v *viewer) path(page string) templ.SafeURL {
	return templ.SafeURL(Root + "/w/" + v.ws() + page)
}

// pathWith returns the path of a page with a query.
func (v *viewer) pathWith(page string, query url.Values) templ.SafeURL {
	if len(query) == 0 {
		return v.path(page)
	}

	return v.path(page) + "?" + templ.SafeURL(query.Encode())
}

// here returns the address of the page, at which it can be fetched again.
func (v *viewer) here() string {
	if v.shownAt != "" {
		return string(v.shownAt)
	}

	return v.URL.RequestURI()
}

// isAt reports whether the viewer looks at a section, such as /decisions.
func (v *viewer) isAt(section string) bool {
	rest := strings.TrimPrefix(v.URL.Path, Root+"/w/"+v.ws())
	if section == "/" {
		return rest == "/"
	}

	return rest == section || strings.HasPrefix(rest, section+"/")
}

// may reports whether the member holds a scope, or one that includes it.
func (v *viewer) may(scope chat.Scope) bool {
	return slices.ContainsFunc(v.me.Scopes, func(held client.Scope) bool {
		return chat.Scope(held).Includes(scope)
	})
}

// page registers a page of a workspace: show fetches what the page shows, and returns it. Whoever is not logged in gets
// the login page. An error of show is shown in place of the page.
func (h *Handler) page(pattern string, show func(v *viewer) (templ.Component, error)) {
	h.mux.HandleFunc("GET "+Root+"/w/{workspace}"+pattern, func(w http.ResponseWriter, r *http.Request) {
		v, err := h.view(r)
		if err != nil {
			h.showFailure(w, r, nil, err)
			return
		}

		v.done = takeDone(w, v)

		shown, err := show(v)
		if err != nil {
			h.showFailure(w, r, v, err)
			return
		}

		h.render(w, r, http.StatusOK, shown)
	})
}

// form registers a form of a workspace: perform calls the API, and returns the path of the next page, which says once
// that it was done. A refusal of the API is shown on top of the page that show returns.
func (h *Handler) form(
	pattern string,
	perform func(v *viewer) (templ.SafeURL, error),
	show func(v *viewer) (templ.Component, error),
) {
	h.handleForm(pattern, show, func(w http.ResponseWriter, v *viewer) error {
		next, err := perform(v)
		if err != nil {
			return err
		}

		leaveDone(w, v)
		http.Redirect(w, v.Request, string(next), http.StatusSeeOther)

		return nil
	})
}

// formThatTells registers a form that is answered with the page that perform returns, and not with a redirect. It is
// for what is shown once, such as a secret, which must stand neither in a URL nor in a cookie.
func (h *Handler) formThatTells(
	pattern string,
	perform func(v *viewer) (templ.Component, error),
	show func(v *viewer) (templ.Component, error),
) {
	h.handleForm(pattern, show, func(w http.ResponseWriter, v *viewer) error {
		told, err := perform(v)
		if err != nil {
			return err
		}

		h.render(w, v.Request, http.StatusOK, told)

		return nil
	})
}

// handleForm registers a form of a workspace: answer carries it out and writes the response, or returns an error and
// writes nothing.
func (h *Handler) handleForm(
	pattern string,
	show func(v *viewer) (templ.Component, error),
	answer func(w http.ResponseWriter, v *viewer) error,
) {
	h.mux.HandleFunc("POST "+Root+"/w/{workspace}"+pattern, func(w http.ResponseWriter, r *http.Request) {
		v, ok := h.viewForm(w, r)
		if !ok {
			return
		}

		err := answer(w, v)
		if err == nil {
			return
		}

		v.refusal = refusalOf(err)
		if v.refusal == nil || isLoggedOut(err) {
			h.showFailure(w, r, v, err)
			return
		}

		v.learnNamed(v.refusal.detail)
		v.refusal.pieces = v.splitSentence(asSentence(v.refusal.detail))

		shown, err := show(v)
		if err != nil {
			h.showFailure(w, r, v, err)
			return
		}

		h.render(w, r, v.refusal.status, shown)
	})
}

// view returns who looks at a page of the workspace that the path names. Errors: [errLoggedOut], those of the API.
func (h *Handler) view(r *http.Request) (*viewer, error) {
	found, ok := findSession(r, r.PathValue("workspace"))
	if !ok {
		return nil, errLoggedOut
	}

	api, err := h.dial(found.key)
	if err != nil {
		return nil, err
	}

	v := &viewer{
		Request: r,
		API:     api,
		handler: h,
		session: found,
	}

	for _, other := range sessionsOf(r) {
		if other.workspace != found.workspace {
			v.others = append(v.others, other)
		}
	}

	me, err := api.GetSessionWithResponse(r.Context(), found.workspace)
	if err != nil {
		return nil, err
	}

	switch {
	case me.JSON200 == nil || me.JSON200.WorkspaceID != found.workspace:
		return nil, errNotHandrail
	case me.JSON200.Kind != client.KeyKindSession:
		return nil, errNoSession
	}

	v.me = *me.JSON200

	return v, nil
}

// viewForm returns who has posted a form of one of our own pages, and true. Otherwise it answers why it does not take
// the form, and returns false.
func (h *Handler) viewForm(w http.ResponseWriter, r *http.Request) (*viewer, bool) {
	v, err := h.view(r)

	switch {
	case err != nil:
		h.showFailure(w, r, nil, err)
		return nil, false
	case !v.session.hasToken(r):
		h.showFailure(w, r, v, errForged)
		return nil, false
	}

	return v, true
}

// render answers with a page. The page is shown even when the time for the request is over.
func (h *Handler) render(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	r = r.WithContext(context.WithoutCancel(r.Context()))

	page = revealed(page)

	templ.Handler(page, templ.WithStatus(status), templ.WithErrorHandler(func(r *http.Request, err error) http.Handler {
		h.logFailure(r, fmt.Errorf("%w: %w", errInternal, err))

		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "The page could not be made; the log says why.", http.StatusInternalServerError)
		})
	})).ServeHTTP(w, r)
}

// isUUID reports whether a text has the form of an id.
func isUUID(text string) bool { return uuid.Validate(text) == nil && len(text) == 36 }
