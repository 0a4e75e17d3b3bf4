package console

import (
	"net/http"
	"strconv"

	"github.com/a-h/templ"

	"handrail/client"
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

		w.Header().Set("Cache-Control", "private, no-cache")
		h.render(w, r, http.StatusOK, shown)
	})
}

// number returns the number of the path, such as {id}. It returns [errNoPage] if it is none.
func (v *viewer) number(name string) (int64, error) {
	id, err := strconv.ParseInt(v.PathValue(name), 10, 64)
	if err != nil || id < 1 {
		return 0, errNoPage
	}

	return id, nil
}

// uuid returns the id of the path, such as {id}. It returns [errNoPage] if it has not the form of one.
func (v *viewer) uuid(name string) (string, error) {
	id := v.PathValue(name)
	if !isUUID(id) {
		return "", errNoPage
	}

	return id, nil
}

// values returns all values of a field of the posted form.
func (v *viewer) values(field string) []string {
	_ = v.PostFormValue(field) // parses the form

	return v.PostForm[field]
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

// newInvalid returns the refusal of a form that the console itself cannot make a request of.
func newInvalid(detail string) error {
	return &client.Error{Problem: client.Problem{
		Status: http.StatusBadRequest,
		Code:   client.ProblemCodeInvalidRequest,
		Detail: detail,
	}}
}

// isAbsent reports whether the API says that there is no such object, or none that the session may read.
func isAbsent(err error) bool {
	refused := refusalOf(err)

	return refused != nil && (refused.status == http.StatusNotFound || refused.status == http.StatusForbidden)
}

// parseNumber returns the number of a form's field, 0 if it is none: the API refuses that.
func parseNumber(text string) int64 {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}

	return number
}
