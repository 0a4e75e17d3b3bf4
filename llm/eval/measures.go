package eval

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"handrail/chat"
)

const (
	// sure is the confidence from which a workspace has labels set rather than suggested,
	// unless it says otherwise.
	sure = 0.7
	// telling is the least number of letters of a word that a point and its source share.
	telling = 3
)

// Outcome is how one dialogue was summarized.
type Outcome struct {
	ID       string       `json:"id"`
	Language string       `json:"language"`
	Channel  chat.Channel `json:"channel"`
	Error    string       `json:"error,omitempty"`

	Summary chat.Summary `json:"summary"`
	// Missed are the reference points that are not covered.
	Missed   []string `json:"missed,omitempty"`
	Coverage Share    `json:"coverage"`
	// InText are the reference points that title and text cover without the points.
	InText Share `json:"in_text"`
	// Words are those of the text, with the names of who speaks.
	Words int `json:"words"`
	// Citations are the points that rest on the messages they name.
	Citations Share `json:"citations"`
	// Set are the labels the model is sure of, Chosen those and the suggested ones.
	Set    Choice `json:"set"`
	Chosen Choice `json:"chosen"`
	// Text is the length of title and text, All with the points too: of that of the chat.
	Text     Share         `json:"text"`
	All      Share         `json:"all"`
	Usage    chat.Usage    `json:"usage"`
	Duration time.Duration `json:"duration"`
}

// Share is a part of a whole.
type Share struct {
	Part int `json:"part"`
	Of   int `json:"of"`
}

func (s Share) plus(o Share) Share { return Share{s.Part + o.Part, s.Of + o.Of} }

// Choice is how many labels were chosen well: of those chosen, and of those that fit.
type Choice struct {
	Precision Share `json:"precision"`
	Recall    Share `json:"recall"`
}

func (c Choice) plus(o Choice) Choice {
	return Choice{c.Precision.plus(o.Precision), c.Recall.plus(o.Recall)}
}

// measureSummary measures what only the model's own answer shows: whether its points rest on
// the messages they name.
func measureSummary(d *Dialogue, answer chat.Summary) Outcome {
	o := Outcome{ID: d.ID, Language: d.Language, Channel: d.Channel}

	sources := map[chat.MessageID]map[string]bool{}
	for _, m := range d.Reading().Messages {
		sources[m.ID] = setOf(wordsOf(m.Text))
	}

	for _, p := range pointsOf(&answer) {
		o.Citations.Of++
		if restsOnSources(p, sources) {
			o.Citations.Part++
		}
	}

	return o
}

// restsOnSources reports whether all the messages a point names exist, and one of them has a telling
// word in common with it.
func restsOnSources(p chat.Point, sources map[chat.MessageID]map[string]bool) bool {
	said := false

	for _, id := range p.Messages {
		source, exists := sources[id]
		if !exists {
			return false
		}

		said = said || slices.ContainsFunc(wordsOf(p.Text), func(word string) bool {
			return source[word] && (utf8.RuneCountInString(word) >= telling || hasNumber(word))
		})
	}

	return said
}

// read measures the summary that people get to read.
func (o *Outcome) read(d *Dialogue, s chat.Summary) {
	o.Summary = s
	points := pointsOf(&s)

	lines := []string{s.Title, s.Summary}
	for _, p := range points {
		lines = append(lines, p.Text)
	}

	said := wordsOf(strings.Join(lines, "\n"))
	inText := wordsOf(s.Title + "\n" + s.Summary)
	o.Words = len(strings.Fields(s.Summary))

	for _, reference := range d.Points {
		o.InText.Of++
		if reference.covered(inText) {
			o.InText.Part++
		}

		o.Coverage.Of++
		if reference.covered(said) {
			o.Coverage.Part++
		} else {
			o.Missed = append(o.Missed, reference.Text)
		}
	}

	written := 0
	for _, m := range d.Messages {
		written += utf8.RuneCountInString(m.Text)
	}

	o.Text = Share{utf8.RuneCountInString(s.Title + s.Summary), written}
	o.All = Share{utf8.RuneCountInString(strings.Join(lines, "")), written}
	o.Set, o.Chosen = measureChoice(d, s.Labels, sure), measureChoice(d, s.Labels, 0)
}

// measureChoice measures the labels from a confidence on.
func measureChoice(d *Dialogue, labels []chat.LabelChoice, from float64) Choice {
	c := Choice{Recall: Share{Of: len(d.Labels)}}

	for _, l := range labels {
		if l.Confidence < from {
			continue
		}

		c.Precision.Of++
		if slices.Contains(d.Labels, l.Name) {
			c.Precision.Part++
			c.Recall.Part++
		}
	}

	return c
}

// covered reports whether all words of one of the alternatives are said.
func (r *Reference) covered(said []string) bool {
	return slices.ContainsFunc(r.Any, func(alternative []string) bool {
		wanted := wordsOf(strings.Join(alternative, " "))
		return len(wanted) > 0 && !slices.ContainsFunc(wanted, func(word string) bool { return !saysWord(said, word) })
	})
}

// saysWord reports whether a word is said: a number as it is, another word with any ending.
func saysWord(said []string, wanted string) bool {
	return slices.ContainsFunc(said, func(word string) bool {
		return word == wanted || !hasNumber(wanted) && strings.HasPrefix(word, wanted)
	})
}

func pointsOf(s *chat.Summary) []chat.Point {
	return slices.Concat(s.KeyPoints, s.OpenQuestions, s.NextSteps)
}

// wordsOf are the words of a text in small letters without accents.
func wordsOf(text string) []string {
	text = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}

		return r
	}, norm.NFD.String(strings.ToLower(text)))

	return strings.FieldsFunc(
		norm.NFC.String(text),
		func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) },
	)
}

func hasNumber(word string) bool { return strings.ContainsFunc(word, unicode.IsNumber) }

func setOf(words []string) map[string]bool {
	s := map[string]bool{}
	for _, word := range words {
		s[word] = true
	}

	return s
}
