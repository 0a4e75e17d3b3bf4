package corpus

import (
	"slices"
	"strings"
	"unicode"

	"handrail/carrier/reply"
)

// Count is how much of some mails is kept and cut, in words. Chinese and Japanese have no
// spaces, so there each character is a word.
type Count struct {
	Name string `json:"name"`
	// Mails are how many there are, and Exact how many of them are cut where they should.
	Mails int `json:"mails"`
	Exact int `json:"exact"`
	// Own are the customers' words, and Lost those of them that are cut.
	Own  int `json:"own"`
	Lost int `json:"lost"`
	// Quoted are the words that should be cut, and Left those of them that are kept.
	Quoted int `json:"quoted"`
	Left   int `json:"left"`
}

// LeftPercent is how many of a hundred quoted words are left.
func (c *Count) LeftPercent() float64 {
	if c.Quoted == 0 {
		return 0
	}

	return 100 * float64(c.Left) / float64(c.Quoted)
}

func (c *Count) add(o *Outcome) {
	c.Mails++
	if o.Lost == 0 && o.Left == 0 {
		c.Exact++
	}

	c.Own += o.Own
	c.Lost += o.Lost
	c.Quoted += o.Quoted
	c.Left += o.Left
}

// Outcome is what became of one mail, in words.
type Outcome struct {
	Mail   string `json:"mail"`
	Own    int    `json:"own"`
	Lost   int    `json:"lost"`
	Quoted int    `json:"quoted"`
	Left   int    `json:"left"`
}

// Report is what trimming does with all mails.
type Report struct {
	Languages []Count   `json:"languages"`
	Clients   []Count   `json:"clients"`
	Total     Count     `json:"total"`
	Mails     []Outcome `json:"mails"`
}

// Measure trims each mail and counts what is cut too much and what is left.
func Measure(mails []Mail) Report {
	r := Report{Total: Count{Name: "total"}}
	languages := map[string]*Count{}
	clients := map[string]*Count{}

	for i := range mails {
		m := &mails[i]
		o := measureMail(m)
		r.Mails = append(r.Mails, o)
		r.Total.add(&o)
		countOf(languages, m.Language).add(&o)
		countOf(clients, m.Client).add(&o)
	}

	r.Languages, r.Clients = sortCounts(languages), sortCounts(clients)

	return r
}

// measureMail trims a mail. What is kept is the beginning of it, so that lengths say what
// is missing and what is too much.
func measureMail(m *Mail) Outcome {
	kept := countWords(reply.TrimMail(m.Subject, m.Text))
	own := countWords(m.Own)

	return Outcome{
		Mail:   m.Name,
		Own:    own,
		Lost:   max(0, own-kept),
		Quoted: countWords(m.Text) - own,
		Left:   max(0, kept-own),
	}
}

func countOf(counts map[string]*Count, name string) *Count {
	if counts[name] == nil {
		counts[name] = &Count{Name: name}
	}

	return counts[name]
}

func sortCounts(counts map[string]*Count) []Count {
	var list []Count
	for _, c := range counts {
		list = append(list, *c)
	}

	slices.SortFunc(list, func(a, b Count) int { return strings.Compare(a.Name, b.Name) })

	return list
}

// countWords counts runs of letters and digits.
func countWords(s string) int {
	words := 0
	inside := false

	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
			words++
			inside = false
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.Mn, r):
			if !inside {
				words++
			}

			inside = true
		default:
			inside = false
		}
	}

	return words
}
