package chat

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Reading is what a model is to summarize in one go: messages, what was written about
// those before them, or both.
type Reading struct {
	ChatID  ChatID
	Channel Channel
	Title   string
	// Messages are oldest first; messages that were never sent are left out.
	Messages []Line
	// Earlier are summaries to build on: the chat's last one when Messages are what is new
	// since, or those of the parts of a long chat, oldest first, when there are no Messages.
	Earlier []Summary
	// ChooseLabels asks for labels out of Labels, which are the workspace's.
	ChooseLabels bool
	Labels       []Label
	// Language is a BCP 47 tag to write in; "" for the language of the customer's messages.
	Language string
	// Instructions are the workspace's own, for what they want to read.
	Instructions string
}

// Line is one message of a reading.
type Line struct {
	ID      MessageID
	Role    MessageRole
	Speaker string
	Text    string
}

// Accept keeps of a model's answer what the reading supports, and says in words the model
// can act on what is wrong with the rest: CodeSummarizationFailed.
//
// Citations of messages that were not in the reading are dropped, and a point left without
// any with them; so are labels that are not the workspace's, quotes that no message holds,
// and labels left without any. What is dropped that way is no error, or else a message in
// a chat could keep the chat from being summarized; unless no point at all is left of those
// made: then the text beside them deserves no trust either.
func (r *Reading) Accept(s Summary) (Summary, error) {
	s.Title = strings.Join(strings.Fields(s.Title), " ")
	s.Summary = strings.TrimSpace(s.Summary)
	known := r.citable()

	made, kept := 0, 0
	for _, points := range s.points() {
		made += len(*points)
		*points = groundedPoints(*points, known)
		kept += len(*points)
	}

	s.Labels = r.fitting(s.Labels)
	if err := s.Check(); err != nil {
		return Summary{}, err
	}

	if made > 0 && kept == 0 {
		return Summary{}, Errorf(
			CodeSummarizationFailed,
			"every key point, open question and next step must name the messages it rests on, and none names one "+
				"of the transcript",
		)
	}

	return s, nil
}

// citable are the messages that the reading shows, or that what was written earlier cites.
func (r *Reading) citable() map[MessageID]bool {
	known := map[MessageID]bool{}
	for i := range r.Messages {
		known[r.Messages[i].ID] = true
	}

	for i := range r.Earlier {
		for _, points := range r.Earlier[i].points() {
			for _, c := range *points {
				for _, id := range c.Messages {
					known[id] = true
				}
			}
		}
	}

	return known
}

// groundedPoints are the points that rest on known messages.
func groundedPoints(points []Point, known map[MessageID]bool) []Point {
	var kept []Point

	for _, c := range points {
		c.Text = strings.Join(strings.Fields(c.Text), " ")

		var ids []MessageID

		seen := map[MessageID]bool{}
		for _, id := range c.Messages {
			if known[id] && !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}

		c.Messages = ids

		length := utf8.RuneCountInString(c.Text)
		if len(ids) > 0 && length > 0 && length <= MaxPoint && !strings.ContainsRune(c.Text, 0) &&
			len(kept) < MaxPoints {
			kept = append(kept, c)
		}
	}

	return kept
}

// fitting are the choices of labels that are the workspace's, each once and with the quotes
// that hold, the surest first.
func (r *Reading) fitting(choices []LabelChoice) []LabelChoice {
	if !r.ChooseLabels {
		return nil
	}

	var kept []LabelChoice

	// A quote is looked for in all messages, so that no more are than a model was asked for by far.
	for _, c := range choices[:min(len(choices), lookedAt*MaxModelLabels)] {
		label, ok := FindLabel(r.Labels, c.Name)
		if !ok || slices.ContainsFunc(kept, func(k LabelChoice) bool { return k.Name == label.Name }) {
			continue
		}

		c.LabelID = label.ID
		c.Name = label.Name

		c.Confidence = min(max(c.Confidence, 0), 1)
		if math.IsNaN(c.Confidence) {
			c.Confidence = 0
		}

		if c.Evidence = r.holding(c.Evidence); len(c.Evidence) > 0 {
			kept = append(kept, c)
		}
	}

	slices.SortStableFunc(kept, func(a, b LabelChoice) int { return cmp.Compare(b.Confidence, a.Confidence) })

	return kept[:min(len(kept), MaxModelLabels)]
}

// lookedAt is how many times as many choices and quotes of a model are looked at as are taken.
const lookedAt = 4

// holding are the quotes that a message holds, each with that message.
func (r *Reading) holding(quotes []Quote) []Quote {
	var kept []Quote

	for _, q := range quotes[:min(len(quotes), lookedAt*MaxQuotes)] {
		text := strings.Join(strings.Fields(q.Text), " ")
		if text == "" || utf8.RuneCountInString(text) > MaxQuote || len(kept) == MaxQuotes {
			continue
		}

		if id, ok := r.source(q.Message, text); ok {
			kept = append(kept, Quote{Message: id, Text: text})
		}
	}

	return kept
}

// source finds the message that holds a quote: the one that is named, or else the first one.
func (r *Reading) source(named MessageID, quote string) (MessageID, bool) {
	folded := foldText(quote)
	var found MessageID

	for i := range r.Messages {
		m := &r.Messages[i]
		if (m.ID == named || found == "") && strings.Contains(foldText(m.Text), folded) {
			found = m.ID
		}

		if found == named && found != "" {
			return found, true
		}
	}

	for i := range r.Earlier {
		for _, l := range r.Earlier[i].Labels {
			for _, q := range l.Evidence {
				if found == "" && strings.Contains(foldText(q.Text), folded) {
					found = q.Message
				}
			}
		}
	}

	return found, found != ""
}

// foldText is the form in which quotes are compared: models change case and spacing.
func foldText(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }
