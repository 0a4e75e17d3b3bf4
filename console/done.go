package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// doneCookie is the name of the cookie by which a form tells the next page what was done. The page reads it once.
const doneCookie = "handrail_done"

// doneLifetime is how long the cookie lives.
const doneLifetime = time.Minute

// maxDone is how many bytes of the name of a command the cookie has at most.
const maxDone = 200

// leaveDone stores what was done for the next page: what the handler of the form says, or the name of its command.
func leaveDone(w http.ResponseWriter, v *viewer) {
	if v.saysItself {
		return
	}

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

// takeDone returns what the form before this page has stored, and removes it; "" for nothing. A request for a part of a
// page does not take it.
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

// setDone sets the cookie for the pages of this workspace. Scripts cannot read it.
func setDone(w http.ResponseWriter, v *viewer, value string, maxAge int) {
	http.SetCookie(w, newCookie(doneCookie, value, Root+"/w/"+v.ws(), maxAge))
}
