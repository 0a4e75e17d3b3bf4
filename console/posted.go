package console

import (
	"net/http"

	"github.com/a-h/templ"
)

// posted registers a page that a form asks for and that changes nothing, such as a preview. So nothing of the form
// stands in an address or in a log. An error of show is shown in place of the page.
func (h *Handler) posted(pattern string, show func(v *viewer) (templ.Component, error)) {
	h.mux.HandleFunc("POST "+Root+"/w/{workspace}"+pattern, func(w http.ResponseWriter, r *http.Request) {
		v, ok := h.viewForm(w, r)
		if !ok {
			return
		}

		shown, err := show(v)
		if err != nil {
			h.showFailure(w, r, v, err)
			return
		}

		// The browser keeps the page for Back, so that what was written is not lost, and asks again otherwise.
		w.Header().Set("Cache-Control", "private, no-cache")
		h.render(w, r, http.StatusOK, shown)
	})
}

// keepTyped returns what was typed in a field of the form that the API has refused, and elsewhere the value that the
// field has.
func (v *viewer) keepTyped(field, value string) string {
	if v.refusal == nil || !v.PostForm.Has(field) {
		return value
	}

	return v.PostForm.Get(field)
}

// answersAt sets the path of the page that answers a posted form.
func (v *viewer) answersAt(path templ.SafeURL) {
	if v.Method == http.MethodPost {
		v.shownAt = path
	}
}

// isRefused reports whether the form of this path is the one that was refused.
func (v *viewer) isRefused(path templ.SafeURL) bool {
	return v.refusal != nil && v.URL.Path == string(path)
}

// onceOf returns the identity of the next use of a form. One that has had no answer keeps its own, so that what it does
// is done once if it is sent again.
func (v *viewer) onceOf(path templ.SafeURL) string {
	if v.isRefused(path) && isUnanswered(v.refusal) {
		return v.PostFormValue(onceField)
	}

	return newOnce()
}
