package chat

import (
	"strings"
	"unicode/utf8"
)

// Transcript is what a model reads to summarize a chat.
type Transcript struct {
	ChatID  ChatID
	Channel Channel
	Title   string
	// Messages are oldest first; messages that were never sent are left out.
	Messages []Line
	// Labels are the workspace's: the only ones a model may choose from.
	Labels []Label
}

// Line is one message of a transcript.
type Line struct {
	ID      MessageID
	Role    MessageRole
	Speaker string
	Text    string
}

// Summary is what a model made of a transcript.
type Summary struct {
	Title   string `json:"title"`
	Summary string `json:"summary"`
	// Labels are names out of the transcript's.
	Labels []string `json:"labels,omitempty"`
	// Model names what wrote it: "offline", or the model's name.
	Model string `json:"model"`
}

// The most characters a summary may have, and the most labels a model may set.
const (
	MaxSummaryTitle = 80
	MaxSummary      = 4000
	MaxModelLabels  = 5
)

// Check says in words a model can act on what is wrong with s as an answer to t: a
// missing or overlong title or summary, or a label that is not the workspace's.
func (s *Summary) Check(t *Transcript) error {
	title := utf8.RuneCountInString(strings.TrimSpace(s.Title))
	switch length := utf8.RuneCountInString(strings.TrimSpace(s.Summary)); {
	case title == 0 || title > MaxSummaryTitle:
		return Errorf(CodeSummarizationFailed, "title must have 1 to %d characters, it has %d", MaxSummaryTitle, title)
	case length == 0 || length > MaxSummary:
		return Errorf(CodeSummarizationFailed, "summary must have 1 to %d characters, it has %d", MaxSummary, length)
	case len(s.Labels) > MaxModelLabels:
		return Errorf(CodeSummarizationFailed, "at most %d labels may be chosen, not %d", MaxModelLabels, len(s.Labels))
	case strings.ContainsRune(s.Title+s.Summary, 0):
		return Errorf(CodeSummarizationFailed, "title and summary must not contain NUL")
	}
	for _, name := range s.Labels {
		if _, ok := FindLabel(t.Labels, name); !ok {
			return Errorf(CodeSummarizationFailed, "the label %q does not exist in this workspace", name)
		}
	}
	return nil
}

// FindLabel finds a label by its folded name.
func FindLabel(labels []Label, name string) (Label, bool) {
	for _, l := range labels {
		if FoldName(l.Name) == FoldName(name) {
			return l, true
		}
	}
	return Label{}, false
}
