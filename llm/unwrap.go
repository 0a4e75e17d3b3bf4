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

	afterThought := thought.ReplaceAllString(bare, "")

	// As it is first: a message that is quoted may hold any of these marks. What is not quite JSON is without them.
	parts := []string{text, afterThought, bare}
	loose := []string{afterThought, bare}

	if afterThought != bare && beginsAnswer(afterThought) {
		// What was drafted while it thought is no answer, also where the answer was cut off.
		parts = []string{afterThought}
		loose = parts
	}

	finder := &answerFinder{left: maxAnswerBytes}

	for _, part := range parts {
		if found := finder.findLast(part); found != "" {
			return found
		}
	}

	for _, part := range loose {
		if found := finder.findLast(joinTexts(part)); found != "" {
			return found
		}

		if brace := strings.IndexAny(part, "{｛"); brace >= 0 {
			if found := finder.findLast(relaxJSON(part[brace:])); found != "" {
				return found
			}
		}
	}

	return bare
}

// beginsAnswer reports whether a text begins as an answer does.
func beginsAnswer(text string) bool {
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "{") || strings.HasPrefix(text, "```")
}

// textFields are the names under which servers put what a model has written, in their own answers and in the parts of
// a stream.
var textFields = []string{"content", "text", "arguments"}

// joinTexts returns what a model has written according to the JSON in a text: of an answer of a chat server, of its
// parts, or of its stream, that stands where the answer itself should. It is "" if there is none.
func joinTexts(text string) string {
	var joined strings.Builder

	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "data:"))

		if budget.Document.Check([]byte(line)) == nil {
			collectTexts(firstValue(line), &joined)
		}
	}

	return unquote(joined.String())
}

// firstValue is the first JSON list or object in a line, nil if none begins at one of its first brackets.
func firstValue(line string) any {
	const mostTried = 4

	for at, tries := 0, 0; tries < mostTried; tries++ {
		next := strings.IndexAny(line[at:], "{[")
		if next < 0 {
			return nil
		}

		at += next

		var value any
		if json.NewDecoder(strings.NewReader(line[at:])).Decode(&value) == nil {
			return value
		}

		at++
	}

	return nil
}

// collectTexts writes the texts of a JSON value, in their order.
func collectTexts(value any, into *strings.Builder) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			collectTexts(item, into)
		}

	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			written, isText := value[name].(string)

			switch {
			case isText && slices.Contains(textFields, name):
				into.WriteString(written)
			case !isText:
				collectTexts(value[name], into)
			}
		}
	}
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
