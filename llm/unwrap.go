package llm

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"handrail/budget"
)

// wrappings are what chat servers leave around an answer: what the model thought, marks of the template, and
// characters that nobody sees.
var (
	thought      = regexp.MustCompile(`(?is)^.*</(?:think|thinking|thought|reasoning)>`)
	templateMark = regexp.MustCompile(`<[|｜][a-zA-Z_▁|｜]{1,40}[|｜]>`)
	unseen       = strings.NewReplacer("\ufeff", "", "\u200b", "", "\u2060", "")
)

// maxAnswerBytes is how many bytes are parsed in all to find an answer: a hostile text has an object in each brace, and
// each of them goes on to the end.
const maxAnswerBytes = 8 * budget.MaxModelText

// findAnswer returns the answer in what a model has written: the last object that has a title or a summary,
// whatever stands around it. What is not quite JSON is read as such only if there is no answer else. Without one
// it returns the text as it is, for its reader to say what is wrong with it.
func findAnswer(text string) string {
	text = unquote(strings.TrimSpace(text))
	bare := strings.TrimSpace(templateMark.ReplaceAllString(unseen.Replace(text), ""))

	// As it is first: a message that is quoted may hold any of these marks.
	parts := []string{text, thought.ReplaceAllString(bare, ""), bare}
	finder := &answerFinder{left: maxAnswerBytes}

	for _, part := range parts {
		if found := finder.findLast(part); found != "" {
			return found
		}
	}

	for _, part := range parts[1:] {
		if brace := strings.IndexByte(part, '{'); brace >= 0 {
			if found := finder.findLast(relaxJSON(part[brace:])); found != "" {
				return found
			}
		}
	}

	return bare
}

// unquote returns the text in a JSON string of one.
func unquote(text string) string {
	var within string
	if !strings.HasPrefix(text, `"`) || json.Unmarshal([]byte(text), &within) != nil {
		return text
	}

	return strings.TrimSpace(within)
}

// answerFinder looks for answers in texts until it has parsed what it may.
type answerFinder struct{ left int }

// findLast returns the last object of a text that is an answer, "" for none.
func (f *answerFinder) findLast(text string) string {
	found := ""

	for at := 0; f.left > 0; {
		brace := strings.IndexByte(text[at:], '{')
		if brace < 0 {
			break
		}

		at += brace

		object, ok := f.readObject(text[at:])
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
func (f *answerFinder) readObject(text string) (string, bool) {
	reader := strings.NewReader(text)

	var object json.RawMessage
	err := json.NewDecoder(reader).Decode(&object)
	f.left -= len(text) - reader.Len()

	return string(object), err == nil
}

// isAnswer reports whether an object has what only an answer has. A schema has it, too, but describes it.
func isAnswer(object string) bool {
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(object), &fields) != nil {
		return false
	}

	for name, value := range fields {
		if name := foldName(name); (name == "title" || name == "summary") && value[0] != '{' {
			return true
		}
	}

	return false
}

// foldName is a field's name without its case, and without what stands between its words.
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || unicode.IsSpace(r) {
			return -1
		}

		return unicode.ToLower(r)
	}, name)
}

// answerNames are the names of an answer's fields, by their folded ones.
var answerNames = map[string]string{
	"title":         "title",
	"summary":       "summary",
	"keypoints":     "key_points",
	"openquestions": "open_questions",
	"nextsteps":     "next_steps",
	"labels":        "labels",
}

// tidyNames gives the fields of an answer their names, if they are written otherwise: keyPoints.
func tidyNames(object string) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(object), &fields) != nil {
		return object
	}

	renamed := false

	for _, written := range slices.Sorted(maps.Keys(fields)) {
		name, ok := answerNames[foldName(written)]
		if _, taken := fields[name]; !ok || taken {
			continue
		}

		fields[name] = fields[written]
		renamed = true

		delete(fields, written)
	}

	if !renamed {
		return object
	}

	tidied, err := json.Marshal(fields)
	if err != nil {
		return object
	}

	return string(tidied)
}
