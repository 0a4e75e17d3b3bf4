package chat_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

func newYesNoRequest() *chat.ContributorRequest {
	return &chat.ContributorRequest{
		Question:  "Is the terrace open on Friday?",
		Hint:      "Please answer yes or no.",
		Expects:   json.RawMessage(`{"type":["boolean","null"]}`),
		Questions: []chat.ContributorQuestion{{State: chat.QuestionAsked}},
	}
}

// A reaction to the question is its answer, one to anything else is none.
func TestReactions(t *testing.T) {
	t.Parallel()

	const (
		ours  = "Is the terrace open on Friday?"
		whole = ours + "\n\nPlease answer yes or no."
	)

	for text, want := range map[string]string{
		`Liked "` + ours + `"`:                              "yes",
		`Loved “` + whole + `”`:                             "yes",
		`Liked “A reminder: ` + whole + `”`:                 "yes",
		`Liked “Is the terrace open…”`:                      "yes",
		`Disliked “` + ours + `”`:                           "no",
		`Reacted 👍 to “` + ours + `”`:                       "yes",
		`Reacted 👎🏿 to “` + ours + `”`:                      "no",
		"\u200a\u200b👍\u200b to “\u200a" + ours + "\u200a”": "yes",
		`A aimé « ` + ours + ` »`:                           "yes",
		`Le gustó “` + ours + `”`:                           "yes",
		`Reagierte mit 👍 auf „` + ours + `“`:                "yes",
		`Removed a like from “` + ours + `”`:                "",
		`Removed 👍 from “` + ours + `”`:                     "",
		`Emphasized “` + ours + `”`:                         "",
		`Laughed at “` + ours + `”`:                         "",
		`Questioned “` + ours + `”`:                         "",
		`Reacted 🤔 to “` + ours + `”`:                       "",
		`Liked “See you at six”`:                            "",
		`Liked “Is”`:                                        "",
		`Emphasized an image`:                               "",
		`Liked an image`:                                    "",
		`Tykkäsi viestistä “` + ours + `”`:                  "",
	} {
		answer, found := newYesNoRequest().ReactionAnswer(text)
		assert.True(t, found, text)
		assert.Equal(t, want, answer, text)
		assert.Equal(t, want != "", newYesNoRequest().MayAnswer(text), text)
	}

	free := newYesNoRequest()
	free.Expects = nil
	assert.False(t, free.MayAnswer(`Liked "`+ours+`"`), "a question that any text answers")
}

func TestMachinesAnswerNothing(t *testing.T) {
	t.Parallel()

	for _, text := range []string{
		"I’m driving with Focus turned on. I’ll see your message when I get where I’m going.",
		"(I’m not receiving notifications. If this is urgent, reply “urgent” to send a notification through " +
			"with your original message.)",
		"I'm driving with Do Not Disturb While Driving turned on. I'll see your message when I get where I'm going.",
		"I'm busy right now.",
		"Can't talk right now. What's up?",
		"Auto-Reply: I am on holiday until Monday.",
		"Automatische Antwort: Ich bin nicht im Büro.",
		"Je conduis. Je vous rappelle.",
		"Estoy conduciendo.",
	} {
		assert.True(t, chat.IsMachineText(text), text)
		assert.False(t, newYesNoRequest().MayAnswer(text), text)
	}

	for _, text := range []string{
		"yes",
		"I'm driving there now, ask Bob",
		"Ask the manager of “Is the terrace open”, she knows more about it than I do, and she is in today",
		`The sign says "open"`,
		`She said "yes"`,
		"I liked the red one",
		"",
		strings.Repeat("I'm driving ", 2000),
	} {
		assert.False(t, chat.IsMachineText(text), text)
		assert.True(t, newYesNoRequest().MayAnswer(text), text)
	}
}

// Every language has all words, and each is asked in its own.
func TestContributorsAreAskedInTheirLanguage(t *testing.T) {
	t.Parallel()

	number := newYesNoRequest()
	number.Expects = json.RawMessage(`{"type":"integer"}`)
	number.Hint = "Please answer with a number."
	seen := map[string]bool{}

	for _, language := range []string{
		"en", "de", "fr", "es", "it", "pt", "nl", "pl", "tr", "sv", "da", "nb", "fi", "cs", "ru",
	} {
		question := &chat.ContributorQuestion{Language: language, Understood: json.RawMessage(`6`)}
		text := number.Text(chat.TurnAgain, question)
		assert.Contains(t, text, "6", language)
		assert.Contains(t, text, number.Question)
		assert.False(t, seen[text], language)
		seen[text] = true

		for _, expects := range []string{`{"type":"boolean"}`, `{"type":"object"}`, `{"type":"array"}`, `{"enum":["a","b"]}`} {
			hint := chat.AnswerHint(chat.DecodeExpected(json.RawMessage(expects)), language)
			assert.NotEmpty(t, hint)
			assert.NotContains(t, hint, "%!", language)
		}
	}

	assert.Contains(t, number.Text(chat.TurnAgain, &chat.ContributorQuestion{}), "Sorry, your answer could not be read.")
	assert.Contains(t, number.Text(chat.TurnAgain, &chat.ContributorQuestion{Language: "ja"}), "Sorry")
	assert.Equal(t, number.Question+"\n\n"+number.Hint, number.Text(chat.TurnQuestion, &chat.ContributorQuestion{}))
}

func TestAnswerHint(t *testing.T) {
	t.Parallel()

	for expects, want := range map[string]string{
		`{"type":"boolean"}`:                          "Please answer yes or no.",
		`{"type":["boolean","null"]}`:                 "Please answer yes or no.",
		`{"anyOf":[{"type":"boolean"},true]}`:         "",
		`{"enum":["red","white","none"]}`:             "Please answer with red, white or none.",
		`{"oneOf":[{"const":"red"},{"const":"new"}]}`: "Please answer with red or new.",
		`{"type":"integer","enum":[1000000,2]}`:       "Please answer with 1000000 or 2.",
		`{"type":"integer"}`:                          "Please answer with a number.",
		`{"type":"string"}`:                           "",
		`true`:                                        "",
		"":                                            "",
		`{"const":"done"}`:                            "Please answer with done.",
	} {
		assert.Equal(t, want, chat.AnswerHint(chat.DecodeExpected(json.RawMessage(expects)), ""), expects)
	}
}
