package service_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asks sends a message that waits for the cook's answer, and returns its action.
func (w *env) asks(question string, expects map[string]any) string {
	w.Helper()

	arguments := map[string]any{"question": question}
	if expects != nil {
		arguments["expects"] = expects
	}

	before := len(w.texts(cook))
	r := w.call("POST", sendPath(w.people.sms.ID), sendBody("So it is.", newToolCall("contributor_input_request", arguments)))
	require.Equal(w, http.StatusAccepted, r.status, r.raw)
	w.eventually(func() bool { return len(w.texts(cook)) == before+1 })

	return r.at("action_id").(string)
}

// asked is where the cook's part in the newest request stands.
func (w *env) asked() response {
	w.Helper()
	return w.call("GET", "/contributor-requests", nil)
}

// A phone's text for a reaction to the question is the reaction; to anything else, and what a phone
// writes by itself, it leaves the request open and asks nobody again.
func TestAReactionIsAnAnswerAndAMachinesTextIsNone(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	w.contributor("Cem", cook, "")
	action := w.asks("Is the terrace open on Friday?", yesOrNo)
	before := w.chat(w.people.sms.ID)

	machines := []string{
		`Liked “See you at six”`,
		`Removed a like from “Is the terrace open on Friday?”`,
		"Emphasized an image",
		"I’m driving with Focus turned on. I’ll see your message when I get where I’m going.",
	}
	for _, text := range machines {
		w.writes(cook, text)
		assert.Equal(t, text, w.newest(w.people.sms.ID), "it is kept as a message")
		assert.Equal(t, "asked", w.asked().at("items", 0, "asks", 0, "state"), text)
	}

	assert.Equal(t, before.Attention, w.chat(w.people.sms.ID).Attention)
	assert.Len(t, w.texts(cook), 1, "nobody is asked again")

	w.writes(cook, "Loved “"+w.texts(cook)[0]+"”")
	w.awaitSettled(action)

	shown := w.call("GET", "/actions/"+action, nil)
	assert.Equal(t, true, shown.at("message", "tool_calls", 0, "result", "answer"), shown.raw)
	assert.Contains(t, shown.at("message", "tool_calls", 0, "result", "answers", 0, "note"), "reaction", shown.raw)
	assert.Contains(t, w.asked().at("items", 0, "asks", 0, "why"), "reaction")

	action = w.asks("Which wine?", nil)
	w.writes(cook, `Liked "Which wine?"`)
	w.writes(cook, "I'm busy right now.")
	assert.Equal(t, "asked", w.asked().at("items", 0, "asks", 0, "state"))
	w.writes(cook, "The red one")
	w.awaitSettled(action)

	shown = w.call("GET", "/actions/"+action, nil)
	assert.Equal(t, "The red one", shown.at("message", "tool_calls", 0, "result", "answer"), shown.raw)
}

// What cannot be read is asked again in the words of who wrote it. What it may have meant is asked,
// and counts once it is confirmed.
func TestWhatIsUnderstoodIsAskedInTheContributorsLanguage(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	w.contributor("Cem", cook, "")

	action := w.asks("How many forks are there?", map[string]any{"type": "integer"})
	w.writes(cook, "Vielleicht sind es so um die 6")
	w.eventually(func() bool { return len(w.texts(cook)) == 2 })
	assert.Contains(t, w.texts(cook)[1]+w.texts(cook)[0], "Meinten Sie 6?")
	w.writes(cook, "Ja, genau")
	w.awaitSettled(action)

	shown := w.call("GET", "/actions/"+action, nil)
	assert.EqualValues(t, 6, shown.at("message", "tool_calls", 0, "result", "answer"), shown.raw)
	assert.Contains(t, shown.at("message", "tool_calls", 0, "result", "answers", 0, "note"), "confirmed", shown.raw)
}

// Each of these has released a message once.
func TestADoubtReleasesNothing(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	w.contributor("Cem", cook, "")
	w.asks("Is the terrace open on Friday?", yesOrNo)

	for _, text := range []string{"Yes? Who is this", "Si llueve, cerramos", "Ok wrong number", "No sé"} {
		w.writes(cook, text)
		w.eventually(func() bool { return w.asked().at("items", 0, "asks", 0, "state") != "replied" })
		assert.Equal(t, "open", w.asked().at("items", 0, "state"), text)
	}

	assert.Empty(t, w.texts("+14155550101"))
}
