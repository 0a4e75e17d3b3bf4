package llm

import (
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"handrail/budget"
	"handrail/chat"
)

// answer is the shape of what a model writes, and of what it is shown as written before.
type answer struct {
	Title         string   `json:"title"`
	Summary       string   `json:"summary"`
	KeyPoints     []point  `json:"key_points,omitempty"`
	OpenQuestions []point  `json:"open_questions,omitempty"`
	NextSteps     []point  `json:"next_steps,omitempty"`
	Labels        []choice `json:"labels,omitempty"`
}

type point struct {
	Text     string  `json:"text"`
	Messages numbers `json:"messages"`
}

// UnmarshalJSON takes a point, and a text alone, which names no messages.
func (p *point) UnmarshalJSON(data []byte) error {
	*p = point{}

	if json.Unmarshal(data, &p.Text) == nil {
		return nil
	}

	type plain point

	return json.Unmarshal(data, (*plain)(p)) //nolint:wrapcheck // it is read by its type
}

type choice struct {
	Name       string     `json:"name"`
	Confidence confidence `json:"confidence"`
	Evidence   []quote    `json:"evidence"`
}

// UnmarshalJSON takes a choice, and a name alone.
func (c *choice) UnmarshalJSON(data []byte) error {
	*c = choice{}

	if json.Unmarshal(data, &c.Name) == nil {
		return nil
	}

	type plain choice

	return json.Unmarshal(data, (*plain)(c)) //nolint:wrapcheck // it is read by its type
}

// confidence is from 0 to 1. Models write it as a text too.
type confidence float64

// UnmarshalJSON takes 0.9 and "0.9". Anything else is no confidence at all.
func (c *confidence) UnmarshalJSON(data []byte) error {
	*c = 0

	value, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 64)
	if err == nil {
		*c = confidence(value)
	}

	return nil
}

// numbers stand for messages. Models write one alone without its list.
type numbers []number

// UnmarshalJSON takes [1, 2], and 1.
func (n *numbers) UnmarshalJSON(data []byte) error {
	*n = nil
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, (*[]number)(n)) //nolint:wrapcheck // it is read by its type
	}

	var one number
	if err := one.UnmarshalJSON(data); err != nil {
		return err
	}

	*n = numbers{one}

	return nil
}

type quote struct {
	Message number `json:"message"`
	Quote   string `json:"quote"`
}

// number stands for a message; 0 for none.
type number int

var written = regexp.MustCompile(`^"?[^0-9"{}-]{0,10}([0-9]{1,9})(\.0+)?[^0-9".]{0,3}"?$`)

// UnmarshalJSON takes 3, and what models make of it: "3", "m3", "#3", [3]. Anything else
// is a message that does not exist.
func (n *number) UnmarshalJSON(data []byte) error {
	*n = 0

	if m := written.FindSubmatch(data); m != nil {
		i, err := strconv.Atoi(string(m[1]))
		*n = number(i)

		return err
	}

	return nil
}

// read is the summary in an answer, with what of it the reading supports. The error is a
// chat.Error with words the model can act on.
func (q *question) read(c *Completion) (chat.Summary, error) {
	a, err := decodeAnswer(c)
	if err != nil {
		return chat.Summary{}, err
	}

	return q.reading.Accept(q.summary(a, c.Model))
}

// readLast is read for an answer that is not sent back once more: a text that is too long
// is cut, or else a message that asks for it could keep the chat from being summarized.
func (q *question) readLast(c *Completion) (chat.Summary, error) {
	a, err := decodeAnswer(c)
	if err != nil {
		return chat.Summary{}, err
	}

	a.Title = cutText(strings.Join(strings.Fields(a.Title), " "), chat.MaxSummaryTitle)
	a.Summary = cutText(strings.TrimSpace(a.Summary), chat.MaxSummary)

	return q.reading.Accept(q.summary(a, c.Model))
}

// answerLimits leave what a number may be to its decoder, which says it better.
var answerLimits = budget.JSON{Depth: budget.MaxDepth, Elements: budget.MaxElements}

const farTooLong = "it is far too long, or too deep: it must be shorter"

// decodeAnswer finds the answer in what a model said.
func decodeAnswer(c *Completion) (*answer, error) {
	// Before anything is looked for in it.
	if len(c.Text) > budget.MaxModelText {
		return nil, unusableError(farTooLong)
	}

	found := findAnswer(c.Text)

	switch {
	case strings.TrimSpace(c.Text) == "" && c.CutOff:
		return nil, unusableError("it was cut off before it began: think less, and it must be shorter")
	case strings.TrimSpace(c.Text) == "":
		return nil, unusableError("it is empty")
	case answerLimits.Check([]byte(found)) != nil:
		return nil, unusableError(farTooLong)
	}

	decoder := json.NewDecoder(strings.NewReader(tidyNames(found)))

	var a answer
	if err := decoder.Decode(&a); err != nil {
		return nil, unusableError(describeMisread(err, c.CutOff))
	}

	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, unusableError("there must be nothing after the JSON object")
	}

	return &a, nil
}

func unusableError(why string) error {
	return chat.Errorf(chat.CodeSummarizationFailed, "%s", why)
}

// describeMisread says what is wrong with text that is not the JSON asked for, without quoting it.
func describeMisread(err error, cutOff bool) string {
	if cutOff {
		return "it was cut off: it must be shorter"
	}

	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		kind, _, _ := strings.Cut(mismatch.Value, " ") // "number 1e999": the model's own text stays out
		if mismatch.Field == "" {
			return "it must be a JSON object, not a JSON " + kind
		}

		return "the field " + mismatch.Field + " must not be a JSON " + kind
	}

	return "it is not valid JSON"
}

// summary puts ids in the place of numbers. One that stands for no message becomes "",
// which is no message's id.
func (q *question) summary(a *answer, model string) chat.Summary {
	s := chat.Summary{
		Title:         a.Title,
		Summary:       a.Summary,
		Model:         model,
		KeyPoints:     q.points(a.KeyPoints),
		OpenQuestions: q.points(a.OpenQuestions),
		NextSteps:     q.points(a.NextSteps),
	}

	for _, c := range a.Labels {
		l := chat.LabelChoice{Name: c.Name, Confidence: float64(c.Confidence)}
		for _, e := range c.Evidence {
			l.Evidence = append(l.Evidence, chat.Quote{Message: q.id(e.Message), Text: e.Quote})
		}

		s.Labels = append(s.Labels, l)
	}

	return s
}

func (q *question) points(points []point) []chat.Point {
	named := make([]chat.Point, len(points))
	for i, p := range points {
		named[i].Text = p.Text
		for _, n := range p.Messages {
			named[i].Messages = append(named[i].Messages, q.id(n))
		}
	}

	return named
}

func (q *question) id(n number) chat.MessageID {
	if n < 1 || int(n) > len(q.ids) {
		return ""
	}

	return q.ids[n-1]
}
