package console

import (
	"net/http"
	"slices"

	"handrail/client"
)

// showComponents shows every part of which pages are made, for whoever works on the console.
func (h *Handler) showComponents(w http.ResponseWriter, r *http.Request) {
	v := &viewer{
		Request: r,
		handler: h,
		session: session{workspace: "11111111-1111-4111-8111-111111111111"},
		me: client.Session{
			MemberID:   1,
			MemberName: "Ana Lopez",
		},
	}

	h.render(w, r, http.StatusOK, componentsPage(v))
}

// listStatuses returns the statuses that have a tone, in the order of their names.
func listStatuses() []string {
	names := make([]string, 0, len(statusTones))
	for name := range statusTones {
		names = append(names, name)
	}

	slices.Sort(names)

	return names
}

// tones are all tones.
var tones = []string{toneGood, toneWait, toneWarn, toneBad, tonePlain}

// toneUses say what a tone is for.
var toneUses = map[string]string{
	toneGood:  "what has arrived or succeeded",
	toneWait:  "what continues by itself",
	toneWarn:  "what waits for a person, or may be wrong",
	toneBad:   "what has failed, or destroys something",
	tonePlain: "everything else",
}

// exampleRefusal is what the API says of a button that somebody else has pressed first.
var exampleRefusal = &refusal{
	code:      "already_decided",
	detail:    "Ana Lopez has resolved this delivery as sent at 03:12 UTC",
	requestID: "01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e",
}
