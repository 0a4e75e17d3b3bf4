package llm

import (
	"strings"
	"unicode/utf8"

	"handrail/chat"
)

// What of one message goes into a prompt, in characters.
const (
	maxText    = 8_000
	maxSpeaker = 100
)

// data is what people have written, for the prompt.
type data struct {
	text string
	ids  []chat.MessageID

	numbers map[chat.MessageID]number
}

// newData encodes what is to be read, each kind in a fence of its own. JSON escapes the
// angle brackets, so no message can close one.
func newData(r *chat.Reading, withLabels bool) *data {
	d := &data{numbers: map[chat.MessageID]number{}}
	// The messages come first in the numbering: the fewer digits, the fewer tokens.
	messages := make([]string, len(r.Messages))
	for i := range r.Messages {
		messages[i] = d.message(&r.Messages[i])
	}

	earlier := make([]string, len(r.Earlier))
	for i := range r.Earlier {
		earlier[i] = d.earlier(&r.Earlier[i], withLabels)
	}

	var fences []string
	if len(earlier) > 0 {
		fences = append(fences, fenceLines("earlier", earlier))
	}

	if len(messages) > 0 {
		fences = append(fences, fenceLines("transcript", messages))
	}

	d.text = strings.Join(fences, "\n")

	return d
}

func fenceLines(tag string, lines []string) string {
	return "<" + tag + ">\n" + strings.Join(lines, "\n") + "\n</" + tag + ">"
}

// number is what stands for a message in the prompt.
func (d *data) number(id chat.MessageID) number {
	if n, ok := d.numbers[id]; ok {
		return n
	}

	d.ids = append(d.ids, id)
	d.numbers[id] = number(len(d.ids))

	return d.numbers[id]
}

func (d *data) message(m *chat.Line) string {
	by := "customer"
	if m.Role == chat.RoleAssistantMessage {
		by = "business"
	}

	return inJSON(struct {
		ID      number `json:"id"`
		By      string `json:"by"`
		Speaker string `json:"speaker,omitempty"`
		Text    string `json:"text"`
	}{d.number(m.ID), by, cutText(m.Speaker, maxSpeaker), cutText(m.Text, maxText)})
}

// earlier is a summary in the shape of an answer.
func (d *data) earlier(s *chat.Summary, withLabels bool) string {
	a := answer{
		Title:         s.Title,
		Summary:       s.Summary,
		KeyPoints:     d.points(s.KeyPoints),
		OpenQuestions: d.points(s.OpenQuestions),
		NextSteps:     d.points(s.NextSteps),
	}

	if withLabels {
		for _, l := range s.Labels {
			c := choice{Name: l.Name, Confidence: confidence(l.Confidence)}
			for _, q := range l.Evidence {
				c.Evidence = append(c.Evidence, quote{d.number(q.Message), q.Text})
			}

			a.Labels = append(a.Labels, c)
		}
	}

	return inJSON(a)
}

func (d *data) points(points []chat.Point) []point {
	shown := make([]point, len(points))
	for i, p := range points {
		shown[i].Text = p.Text
		for _, id := range p.Messages {
			shown[i].Messages = append(shown[i].Messages, d.number(id))
		}
	}

	return shown
}

// cutText shortens text to at most limit characters, and says so in place.
func cutText(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}

	const mark = " […]"

	return string([]rune(text)[:limit-utf8.RuneCountInString(mark)]) + mark
}
