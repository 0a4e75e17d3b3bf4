package openai

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"handrail/chat"
)

// answer is what a model said. The text is empty when it said nothing.
type answer struct {
	text, model string
	// cutOff tells that the server stopped the model in the middle.
	cutOff bool
}

// summary reads the answer as one to t, whose labels are nil when none may be chosen. The
// error is a chat.Error with words the model can act on.
func (a *answer) summary(t *chat.Transcript) (chat.Summary, error) {
	if strings.TrimSpace(a.text) == "" {
		return chat.Summary{}, unusable("it is empty")
	}
	var parts struct {
		Title   string   `json:"title"`
		Summary string   `json:"summary"`
		Labels  []string `json:"labels"`
	}
	decoder := json.NewDecoder(strings.NewReader(unfenced(a.text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&parts); err != nil {
		return chat.Summary{}, unusable(a.misread(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return chat.Summary{}, unusable("there must be nothing after the JSON object")
	}
	s := chat.Summary{
		Title:   strings.Join(strings.Fields(parts.Title), " "),
		Summary: strings.TrimSpace(parts.Summary),
		Model:   a.model,
	}
	if t.Labels != nil {
		s.Labels = spelled(parts.Labels, t.Labels)
	}
	return s, s.Check(t)
}

func unusable(why string) error {
	return chat.Errorf(chat.CodeSummarizationFailed, "%s", why)
}

// misread says what is wrong with text that is not the JSON asked for, without quoting it.
func (a *answer) misread(err error) string {
	if a.cutOff {
		return "it was cut off: it must be shorter"
	}
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if mismatch.Field == "" {
			return "it must be a JSON object, not a JSON " + mismatch.Value
		}
		return "the field " + mismatch.Field + " must not be a JSON " + mismatch.Value
	}
	if strings.Contains(err.Error(), "unknown field") {
		return "it has a field other than title, summary and labels"
	}
	return "it is not valid JSON"
}

// unfenced is the text inside a Markdown code fence, or all of it.
func unfenced(text string) string {
	text = strings.TrimSpace(text)
	inside, ok := strings.CutPrefix(text, "```")
	if !ok {
		return text
	}
	return strings.TrimSuffix(strings.TrimSpace(strings.TrimPrefix(inside, "json")), "```")
}

// spelled are the names in the workspace's spelling, each once; one that is not the
// workspace's stays as it is, for the check to find.
func spelled(names []string, labels []chat.Label) []string {
	var out []string
	for _, name := range names {
		if l, ok := chat.FindLabel(labels, name); ok {
			name = l.Name
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
