package chat

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Summary is what was written about a chat.
type Summary struct {
	Title   string `json:"title"`
	Summary string `json:"summary"`
	// KeyPoints, OpenQuestions and NextSteps each name the messages that say so.
	KeyPoints     []Point `json:"key_points,omitempty"`
	OpenQuestions []Point `json:"open_questions,omitempty"`
	NextSteps     []Point `json:"next_steps,omitempty"`
	// Labels are a model's choice among the workspace's, the surest first.
	Labels []LabelChoice `json:"labels,omitempty"`
	// Model names what wrote it: "offline", the model's name as its server gives it, or
	// ByPerson.
	Model string `json:"model"`
}

// ByPerson is the Model of a summary that somebody wrote by hand.
const ByPerson = "person"

// Point is one statement about a chat, with the messages that it rests on.
type Point struct {
	Text     string      `json:"text"`
	Messages []MessageID `json:"messages"`
}

// LabelChoice is a label that a model finds fitting, how sure it is (0 to 1), and the
// words that speak for it.
type LabelChoice struct {
	// LabelID is the label that a run sets, whatever it is called by then; 0 in what a model has answered.
	LabelID    LabelID `json:"label_id,omitempty"`
	Name       string  `json:"name"`
	Confidence float64 `json:"confidence"`
	Evidence   []Quote `json:"evidence"`
}

// Quote is a part of a message, word for word.
type Quote struct {
	Message MessageID `json:"message"`
	Text    string    `json:"text"`
}

// The most a summary may have: characters of its parts, points of a kind, labels, and
// quotes for a label.
const (
	MaxSummaryTitle = 80
	MaxSummary      = 4000
	MaxPoint        = 500
	MaxPoints       = 12
	MaxModelLabels  = 5
	MaxQuote        = 300
	MaxQuotes       = 3
)

// Usage is what one or more requests to a model have cost, whether they were of use or not.
type Usage struct {
	Requests     int           `json:"requests"`
	InputTokens  int64         `json:"input_tokens"`
	OutputTokens int64         `json:"output_tokens"`
	Duration     time.Duration `json:"duration"`
}

// Tokens are those of input and output.
func (u Usage) Tokens() int64 { return u.InputTokens + u.OutputTokens }

// Plus adds another usage.
func (u Usage) Plus(o Usage) Usage {
	return Usage{
		u.Requests + o.Requests,
		u.InputTokens + o.InputTokens,
		u.OutputTokens + o.OutputTokens,
		u.Duration + o.Duration,
	}
}

// Check says in words a model can act on what is wrong with the text of s: a missing or
// overlong title or summary.
func (s *Summary) Check() error {
	title := utf8.RuneCountInString(strings.TrimSpace(s.Title))
	switch length := utf8.RuneCountInString(strings.TrimSpace(s.Summary)); {
	case title == 0 || title > MaxSummaryTitle:
		return Errorf(CodeSummarizationFailed, "title must have 1 to %d characters, it has %d", MaxSummaryTitle, title)
	case length == 0 || length > MaxSummary:
		return Errorf(CodeSummarizationFailed, "summary must have 1 to %d characters, it has %d", MaxSummary, length)
	case strings.ContainsRune(s.Title+s.Summary, 0):
		return Errorf(CodeSummarizationFailed, "title and summary must not contain NUL")
	}

	return nil
}

// points are the three lists of points.
func (s *Summary) points() []*[]Point {
	return []*[]Point{&s.KeyPoints, &s.OpenQuestions, &s.NextSteps}
}

// FindLabel finds a label by its folded name.
func FindLabel(labels []Label, name string) (Label, bool) {
	folded := FoldName(name)

	for _, l := range labels {
		if FoldName(l.Name) == folded {
			return l, true
		}
	}

	return Label{}, false
}
