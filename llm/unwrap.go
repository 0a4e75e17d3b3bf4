package llm

import (
	"encoding/json"
	"regexp"
	"strings"
)

// wrappings are what chat servers leave around an answer: what the model thought, marks of the template, and
// characters that nobody sees.
var (
	thought      = regexp.MustCompile(`(?is)^.*</(?:think|thinking|thought|reasoning)>`)
	templateMark = regexp.MustCompile(`<[|｜][a-zA-Z_▁|｜]{1,40}[|｜]>`)
	unseen       = strings.NewReplacer("\ufeff", "", "\u200b", "", "\u2060", "")
)

// maxAnswersTried is how many objects in a text are looked at: a hostile text has one in each brace.
const maxAnswersTried = 100

// findAnswer returns the answer in what a model has written: the last object that has a title or a summary,
// whatever stands around it. Without one it returns the text as it is, for its reader to say what is wrong with
// it.
func findAnswer(text string) string {
	text = strings.TrimSpace(text)
	bare := strings.TrimSpace(templateMark.ReplaceAllString(unseen.Replace(text), ""))

	// As it is first: a message that is quoted may hold any of these marks.
	for _, part := range []string{text, thought.ReplaceAllString(bare, ""), bare} {
		if found := lastAnswer(part); found != "" {
			return found
		}
	}

	return bare
}

// lastAnswer returns the last object of a text that is an answer, "" for none.
func lastAnswer(text string) string {
	found := ""

	for at, tries := 0, 0; tries < maxAnswersTried; tries++ {
		brace := strings.IndexByte(text[at:], '{')
		if brace < 0 {
			break
		}

		at += brace

		object, ok := readObject(text[at:])
		if ok && isAnswer(object) {
			found = object
			at += len(object)

			continue
		}

		at++ // it may be within
	}

	return found
}

// readObject returns the JSON object that the text begins with.
func readObject(text string) (string, bool) {
	decoder := json.NewDecoder(strings.NewReader(text))

	var object json.RawMessage
	if decoder.Decode(&object) != nil {
		return "", false
	}

	return string(object), true
}

// isAnswer reports whether an object has what only an answer has.
func isAnswer(object string) bool {
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(object), &fields) != nil {
		return false
	}

	return fields["title"] != nil || fields["summary"] != nil
}
