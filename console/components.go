package console

import (
	"net/http"
	"slices"
	"time"

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

// listExampleTiles returns a tile of each tone.
func listExampleTiles(v *viewer) []tile {
	var all []tile

	for i, tone := range tones {
		all = append(all, tile{
			count:       int64(i * i * 13),
			oldest:      v.now().Add(-time.Duration(i*i*i) * 17 * time.Minute),
			explanation: "A tile says what it counts (" + tone + ")",
			path:        "#tiles",
			tone:        tone,
		})
	}

	return all
}

// listExampleMoments returns a timeline with something of each kind.
func listExampleMoments(v *viewer) []moment {
	began := v.now().Add(-4 * time.Minute)
	ended := began.Add(820 * time.Millisecond)
	status := int64(http.StatusServiceUnavailable)
	code := "http_503"
	message := "the provider answered 503"

	return []moment{
		{at: began.Add(-time.Second), what: "Ana Lopez has asked for it."},
		{
			at:   ended,
			what: "Attempt 1 was not taken.",
			attempt: &client.Attempt{
				Number:       1,
				Reached:      client.AttemptReachedYes,
				StartedAt:    began,
				FinishedAt:   &ended,
				HTTPStatus:   &status,
				ErrorCode:    &code,
				ErrorMessage: &message,
			},
		},
		{at: v.now().Add(time.Minute), what: "It is tried again.", isToCome: true},
	}
}
