package offline

import (
	"context"
	"slices"
	"strings"

	"handrail/chat"
)

// maxRead is how many bytes of a message are read: people say what they want before
// that, and what follows in longer emails is mostly what they answer to.
const maxRead = 16 << 10

// sentence is one sentence of a chat, as it was written.
type sentence struct {
	text string
	// speaker is empty for what was written earlier: that says itself who said it.
	speaker  string
	customer bool
	// message counts the messages, after the earlier summaries.
	message int
	// cites are the messages it is from; source is the one, if it is in the reading.
	cites  []chat.MessageID
	source *chat.Line
	// open and promised are an earlier summary's open questions and next steps.
	open, promised bool
	// words are folded and in order; terms are the stems of those that carry meaning,
	// each once.
	words, terms []string
	// facts are its details once detailed is set: they are read when they are asked for first.
	facts    []fact
	detailed bool
}

// line is the sentence as a summary shows it.
func (s *sentence) line() string {
	if s.speaker == "" {
		return shortenText(s.text, chat.MaxPoint)
	}

	return s.speaker + ": " + shortenText(s.text, maxSentence)
}

// readSentences takes a reading apart into sentences. When no author's own lines say anything,
// quotes and signatures are read as well.
func readSentences(ctx context.Context, r *chat.Reading) ([]sentence, error) {
	names := map[string]bool{}

	for i := range r.Messages {
		for _, word := range wordsOf(r.Messages[i].Speaker) {
			names[word] = true
		}
	}

	earlier := earlierSentences(r, names)
	for _, lines := range []func(*chat.Line, string) []string{ownLines, allLines} {
		all := slices.Clone(earlier)

		for i := range r.Messages {
			if err := ctx.Err(); err != nil {
				return nil, err
			}

			all = append(all, sentencesOf(&r.Messages[i], len(r.Earlier)+i, lines, names)...)
		}

		if len(all) > 0 {
			return all, nil
		}
	}

	return nil, nil
}

// spokenSentences are the sentences that say something, or else every sentence there is.
func spokenSentences(all []sentence) []sentence {
	saying := slices.DeleteFunc(slices.Clone(all), func(s sentence) bool { return len(s.terms) == 0 })
	if len(saying) > 0 {
		return saying
	}

	return all
}

// sentencesOf reads one message.
func sentencesOf(
	line *chat.Line,
	number int,
	lines func(*chat.Line, string) []string,
	names map[string]bool,
) []sentence {
	text := line.Text
	if len(text) > maxRead {
		text = text[:maxRead]
	}

	text = cleanText(strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), ""))

	written := lines(line, text)
	if line.Role == chat.RoleAssistantMessage {
		written = plainLines(strings.Join(written, "\n"))
	}

	cites := []chat.MessageID{line.ID}
	var out []sentence

	for _, paragraph := range unwrapLines(written) {
		for _, s := range splitSentences(paragraph) {
			if s = strings.Join(strings.Fields(s), " "); !isVisible(s) {
				continue
			}

			one := sentence{
				text:     s,
				speaker:  speakerOf(line),
				customer: line.Role != chat.RoleAssistantMessage,
				message:  number,
				cites:    cites,
				source:   line,
			}

			if rest := withoutGreeting(s, names); isVisible(rest) {
				one.text, one.words = rest, wordsOf(rest)
				one.terms = termsIn(one.words, names)
			}

			out = append(out, one)
		}
	}

	return out
}

// earlierSentences reads what was written about the chat before: its points, or the text
// of a summary that has none.
func earlierSentences(r *chat.Reading, names map[string]bool) []sentence {
	var all []sentence

	for i := range r.Earlier {
		e := &r.Earlier[i]
		before := len(all)

		add := func(text string, cites []chat.MessageID, as sentence) {
			as.text = strings.Join(strings.Fields(cleanText(strings.ToValidUTF8(text, ""))), " ")

			as.message, as.cites = i, cites
			if isVisible(as.text) {
				as.words = wordsOf(as.text)
				as.terms = termsIn(as.words, names)
				all = append(all, as)
			}
		}

		for _, p := range e.KeyPoints {
			add(p.Text, citedMessages(p), sentence{customer: true})
		}

		for _, p := range e.OpenQuestions {
			add(p.Text, citedMessages(p), sentence{customer: true, open: true})
		}

		for _, p := range e.NextSteps {
			add(p.Text, citedMessages(p), sentence{promised: true})
		}

		if len(all) == before {
			for line := range strings.SplitSeq(e.Summary, "\n") {
				for _, s := range splitSentences(line) {
					add(s, nil, sentence{customer: true})
				}
			}
		}
	}

	return all
}

// citedMessages are the messages of a point, each once.
func citedMessages(p chat.Point) []chat.MessageID {
	var ids []chat.MessageID
	for _, id := range p.Messages {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}

	return ids
}
