package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// doneCookie tells the page that a form leads to what was done. It is read once.
const doneCookie = "handrail_done"

// doneLifetime is how long that may take.
const doneLifetime = time.Minute

// maxDone is how many bytes of it a page shows at most.
const maxDone = 200

// leaveDone leaves for the page that follows what was done: what the form itself says, or the name of its command.
func leaveDone(w http.ResponseWriter, v *viewer) {
	done := v.done

	switch name := strings.TrimSpace(v.PostFormValue(commandField)); {
	case done != "":
	case name != "" && len(name) <= maxDone:
		done = "Done: " + asSentence(name)
	default:
		done = "Done."
	}

	setDone(w, v, url.QueryEscape(done), int(doneLifetime.Seconds()))
}

// takeDone returns what the form before this page has left, and removes it; "" for nothing. Parts of pages that are
// fetched anew leave it for the page.
func takeDone(w http.ResponseWriter, v *viewer) string {
	found, err := v.Cookie(doneCookie)
	if err != nil || v.Header.Get("HX-Request") != "" {
		return ""
	}

	setDone(w, v, "", -1)

	done, err := url.QueryUnescape(found.Value)
	if err != nil || len(done) > 2*maxDone || !utf8.ValidString(done) {
		return ""
	}

	return done
}

// setDone stores the cookie: for the pages of this workspace, and for no script.
func setDone(w http.ResponseWriter, v *viewer, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name:     doneCookie,
		Value:    value,
		Path:     Root + "/w/" + v.ws(),
		MaxAge:   maxAge,
		HttpOnly: true,
		Secure:   true,
		SameSite: http.SameSiteStrictMode,
	})
}
