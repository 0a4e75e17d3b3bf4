// Package offline owns the summaries that need no key and no network: it picks the
// sentences that say most out of a chat, word for word, and labels by what the words of
// a label and of the chat have in common. The same transcript always gives the same
// answer. It knows no language well and the larger European ones a little; any text
// with spaces between words works, and any text at all yields a valid summary.
//
// The reading of a message is in read.go, what counts as courtesy in words.go, the
// ranking in rank.go, the labels in labels.go.
package offline

import (
	"context"
	"strings"

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

// Summarize titles a chat with the customer's main sentence and sums it up in the two to
// five sentences that say most, in the order of the chat, each with its speaker. With
// chooseLabels it adds up to [chat.MaxModelLabels] of the transcript's labels, most
// fitting first. It fails for a chat without messages, with CodeNothingToSummarize, and
// with the context's error when that ends first.
func (Model) Summarize(ctx context.Context, t chat.Transcript, chooseLabels bool) (chat.Summary, error) {
	if len(t.Messages) == 0 {
		return chat.Summary{}, chat.Errorf(chat.CodeNothingToSummarize, "this chat has no messages to summarize")
	}
	sentences, err := read(ctx, &t)
	if err != nil {
		return chat.Summary{}, err
	}
	s := chat.Summary{Model: Name}
	if len(sentences) == 0 {
		s.Title, s.Summary = titleOf(t.Title), speaker(&t.Messages[0])+": "+noText
		return s, nil
	}
	topic, picked := choose(sentences)
	s.Title = titleOf(sentences[topic].text)
	lines := make([]string, len(picked))
	for i, n := range picked {
		lines[i] = sentences[n].speaker + ": " + shorten(sentences[n].text, maxSentence)
	}
	s.Summary = strings.Join(lines, "\n")
	if chooseLabels {
		s.Labels = fittingLabels(sentences, t.Labels)
	}
	return s, nil
}
