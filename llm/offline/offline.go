// Package offline owns the summaries that need no key and no network: it picks the
// sentences that say most out of a chat, word for word, and labels by what the words of
// a label and of the chat have in common. The same reading always gives the same
// answer. It knows no language well and the larger European ones a little; any text
// with spaces between words works, and any text at all yields a valid summary. A
// reading's Language and Instructions are beyond it: it quotes.
//
// The reading of a message is in read.go, mail.go and split.go, what counts as courtesy
// in words.go and lists.go, the ranking in rank.go, the choice of the text's sentences in
// brief.go, what is open in questions.go, what comes next in steps.go, the labels in
// labels.go and shortlist.go. What a later message takes back of a title is in
// contradict.go, the details that it compares in facts.go and fact_lists.go.
package offline

import (
	"context"
	"strings"
	"time"

	"handrail/chat"
)

// Name is the model named in the summaries of this package.
const Name = "offline"

// What stands in for the text of a chat that has none, such as one of pictures only.
const (
	noText      = "(no text)"
	noTextTitle = "Messages without text"
)

// Model summarizes without a language model. The zero value is ready to use, by many at
// once.
type Model struct{}

// Capacity is 0: any number of messages can be read in one go, at no cost.
func (Model) Capacity() int { return 0 }

// Summarize titles a chat with the customer's main sentence, or with a later one that
// contradicts it, and sums it up in the two to five sentences that say most, in the order of
// the chat, each with its speaker: 45 words in most chats, 75 in the longest. Its
// points are such sentences too, each in one list only and with the message it is from.
// If the reading asks for labels, it chooses up to [chat.MaxModelLabels] of the reading's.
// It fails for a reading of nothing, with CodeNothingToSummarize, and with the context's
// error when that ends first.
func (Model) Summarize(ctx context.Context, r chat.Reading) (chat.Summary, chat.Usage, error) {
	started := time.Now()

	if len(r.Messages) == 0 && len(r.Earlier) == 0 {
		return chat.Summary{}, chat.Usage{}, chat.Errorf(
			chat.CodeNothingToSummarize,
			"this chat has no messages to summarize",
		)
	}

	all, err := readSentences(ctx, &r)
	if err != nil {
		return chat.Summary{}, chat.Usage{}, err
	}

	s := summaryOf(&r, all)
	if r.ChooseLabels {
		s.Labels = fittingLabels(&r, spokenSentences(all))
	}

	return s, chat.Usage{Requests: 1, Duration: time.Since(started)}, nil
}

// summaryOf writes the summary of what was read, without labels.
func summaryOf(r *chat.Reading, all []sentence) chat.Summary {
	s := chat.Summary{Model: Name}

	telling := spokenSentences(all)
	if len(telling) == 0 {
		s.Title, s.Summary = earlierTitle(r, r.Title), noText
		if len(r.Messages) > 0 {
			s.Summary = speakerOf(&r.Messages[0]) + ": " + noText
		}

		return s
	}

	c := chooseSentences(telling)
	s.Title = titleFrom(r, telling, &c)

	lines := make([]string, len(c.brief))
	for i, n := range c.brief {
		lines[i] = telling[n].line()
	}

	s.Summary = strings.Join(lines, "\n")

	told := map[string]bool{}
	s.OpenQuestions = pointsOf(openQuestions(all), told)
	s.NextSteps = pointsOf(nextSteps(telling), told)

	var keys []*sentence
	for _, n := range c.keys {
		keys = append(keys, &telling[n])
	}

	s.KeyPoints = pointsOf(keys, told)

	return s
}

// pointsOf makes points of sentences, of those that have been told none.
func pointsOf(sentences []*sentence, told map[string]bool) []chat.Point {
	var points []chat.Point

	for _, s := range sentences {
		text := s.line()
		if len(s.cites) > 0 && !told[text] && len(points) < chat.MaxPoints {
			told[text] = true
			points = append(points, chat.Point{Text: text, Messages: s.cites})
		}
	}

	return points
}

// titleFrom is the title of a chat: the one it had, unless a new message contradicts that.
func titleFrom(r *chat.Reading, telling []sentence, c *choice) string {
	title := earlierTitle(r, telling[c.title].text)
	if len(r.Earlier) == 0 {
		return title
	}

	words := wordsOf(title)
	had := claimOf(factsIn(title), words, termsIn(words, nil))

	changed := had.successor(telling, c.scores, firstNew(telling))
	if changed < 0 {
		return title
	}

	return titleOf(telling[standingTopic(telling, c.scores, changed)].text)
}

// firstNew is the first sentence of a message of this reading.
func firstNew(all []sentence) int {
	for i := range all {
		if all[i].source != nil {
			return i
		}
	}

	return len(all)
}

// earlierTitle is the title a chat has had from the start, or else one made of a text.
func earlierTitle(r *chat.Reading, text string) string {
	for i := range r.Earlier {
		if title := cleanText(r.Earlier[i].Title); isVisible(title) {
			return titleOf(title)
		}
	}

	return titleOf(text)
}
