package console

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
	"handrail/client"
)

func TestTheCarriersOwnReasonIsFound(t *testing.T) {
	t.Parallel()

	for raw, reason := range map[string]string{
		`{"event":"bounce","reason":"550 no such user"}`:  "550 no such user",
		`"MessageStatus=failed&ErrorCode=30003"`:          "30003",
		`"ErrorCode=30003&ErrorMessage=Unreachable+here"`: "Unreachable here",
		`{"event":"delivered"}`:                           "",
		`{"reason":{"deep":1}}`:                           "",
		`"100%"`:                                          "",
		`[1]`:                                             "",
	} {
		assert.Equal(t, reason, findCarrierReason(json.RawMessage(raw)), raw)
	}
}

func TestAnotherDeliverysAttemptsAreNotTold(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, time.November, 30, 9, 0, 0, 0, time.UTC)
	whole := func(outcome string) *client.WholeDelivery {
		return &client.WholeDelivery{
			Attempts: []client.Attempt{{Number: 1, Outcome: outcome}},
			Timeline: []client.Moment{{
				At:      at,
				What:    "Attempt 1: " + outcome + ".",
				Attempt: new(int64(1)),
			}},
		}
	}
	action := &client.WholeAction{Timeline: []client.Moment{
		{At: at.Add(-time.Minute), What: "Asked for."},
		{At: at, What: "Attempt 1: accepted."},
	}}

	var told []string
	for _, m := range makeTimeline(action, whole("rejected"), whole("accepted")) {
		told = append(told, m.what)
	}

	assert.Equal(t, []string{"Asked for.", "Attempt 1: rejected."}, told)
}

func TestLinksToTemporalNameTheNamespace(t *testing.T) {
	t.Parallel()

	for base, page := range map[string]string{
		"":                                     "",
		"http://127.0.0.1:8233/":               "http://127.0.0.1:8233/namespaces/default/workflows/action:1%2F2",
		"https://t.example.com/namespaces/hr/": "https://t.example.com/namespaces/hr/workflows/action:1%2F2",
	} {
		v := &viewer{handler: &Handler{config: Config{Temporal: base}}}
		assert.Equal(t, page, string(v.temporalPage("action:1/2")))
		assert.Empty(t, v.temporalPage(""))
	}
}

func TestTheListOfActionsCanBeNarrowedByEveryWait(t *testing.T) {
	t.Parallel()

	for _, w := range chat.Waitings() {
		assert.Contains(t, waitings, client.Waiting(w))
	}
}

func TestLivePartsNameTypesOfEvents(t *testing.T) {
	t.Parallel()

	for _, types := range []string{liveNow, liveDelivery, liveDecisions} {
		for word := range strings.FieldsSeq(types) {
			assert.True(t, slices.ContainsFunc(chat.EventTypes(), func(e chat.EventTypeText) bool {
				return strings.HasPrefix(string(e.Type), word+".")
			}), "%s begins no type of event", word)
		}
	}
}

func TestManyAttemptsAreFolded(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, time.November, 30, 9, 0, 0, 0, time.UTC)
	moments := []moment{{at: at, what: "Asked for."}}

	for i := range 60 {
		moments = append(moments, moment{at: at.Add(time.Duration(i) * time.Second), isAttempt: true})
	}

	moments = slices.Insert(moments, 30, moment{at: at, what: "Member 5 has changed the text."})
	moments = append(moments, moment{at: at.Add(time.Hour), what: "It is tried again.", isToCome: true})

	toCome, happened := splitTimeline(moments)
	assert.Len(t, toCome, 1, "the next step is apart, and comes first")

	var shown, folded int

	for _, part := range happened {
		if part.isFolded {
			folded += len(part.moments)
		} else {
			shown += len(part.moments)
		}
	}

	assert.Equal(t, 54, folded)
	assert.Equal(t, 8, shown, "the request, the first attempt, what a person did, and the last five attempts")
	assert.Equal(t, "28 more attempts", happened[1].describeFold())

	_, happened = splitTimeline(moments[:8])
	assert.Len(t, happened, 1, "seven attempts are shown")
}
