package offline_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/llm/offline"
)

// summarize asks for a summary, with labels, and checks that it is accepted as it is.
func summarize(t *testing.T, reading chat.Reading) chat.Summary {
	t.Helper()

	reading.ChooseLabels = true
	s, usage, err := offline.Model{}.Summarize(t.Context(), reading)
	require.NoError(t, err)
	assert.Equal(t, 1, usage.Requests)
	assert.Zero(t, usage.Tokens())

	accepted, err := reading.Accept(s)
	require.NoError(t, err)
	require.Equal(t, s, accepted)
	assert.Equal(t, "offline", s.Model)

	return s
}

func TestDialogues(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		reading chat.Reading
		title   string
		says    []string
		saysNot []string
	}{
		"SMS support": {
			smsSupport, "My order 4711 has not arrived yet",
			[]string{"Ana: My order 4711 has not arrived yet.", "Support: ", "Tuesday between 9 and 12"},
			[]string{"Hi!", "how can I help", "thanks", "welcome", "nice day", "Let me check"},
		},
		"email with signature and quote": {
			emailWithQuote, "I would like to return the espresso machine I bought on 3 October, because the…",
			[]string{"Jonas Weber: I would like to return the espresso machine", "9 October"},
			[]string{"Dear Sir", "regards", "Harbour Street", "+44", "iPhone", "wrote", ">", "Confidential", "Thank you for your message"},
		},
		"Spanish": {
			spanish, "Me han cobrado dos veces la factura de septiembre, número 88-213",
			[]string{"88-213", "Soporte: Le devolveremos el importe en tres días laborables."},
			[]string{"Hola", "Buenos días", "gracias", "De nada", "ayudarle"},
		},
		"German": {
			german, "Meine Rechnung Nr. 20455 vom 3. November enthält eine Position, die ich nicht…",
			[]string{"Petra Lang: meine Rechnung Nr. 20455 vom 3. November enthält", "Kundendienst: Wir haben die " +
				"Position 7 storniert"},
			[]string{"Damen", "Grüße", "schrieb", "vielen Dank", "Danke"},
		},
		"French": {
			french, "Mon abonnement a été résilié par erreur",
			[]string{"Chloé: Mon abonnement a été résilié par erreur.", "avant le 15 juin", "Service client: "},
			[]string{"Bonjour", "Merci", "aider"},
		},
		"one line": {
			newDialogue(chat.ChannelSMS, "Bo: Where is my parcel 55-A?"), "Where is my parcel 55-A?",
			[]string{"Bo: Where is my parcel 55-A?"},
			nil,
		},
		"one greeting": {newDialogue(chat.ChannelSMS, "Bo: Hi"), "Hi", []string{"Bo: Hi"}, nil},
		"long": {
			longDialogue(), "The heating in flat 3B has been cold since Sunday and we have a newborn",
			[]string{"Tom: The heating in flat 3B", "When can somebody repair the boiler?", "Support: The plumber, " +
				"Mr. Hall, comes today at 16:30"},
			[]string{"Good morning", "One moment", "Perfect"},
		},
		"mixed languages": {
			mixed, "My card was declined 3 times but the money is gone",
			[]string{"Marek: my card was declined 3 times", "99812"},
			[]string{"hey", "Marek: ok"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := summarize(t, c.reading)
			assert.Equal(t, c.title, s.Title)

			for _, words := range c.says {
				assert.Contains(t, s.Summary, words)
			}

			for _, words := range c.saysNot {
				assert.NotContains(t, s.Summary+s.Title, words)
			}

			assertVerbatim(t, c.reading, s.Summary)
			again := summarize(t, c.reading)
			assert.Equal(t, s, again, "the same reading gives the same summary")
		})
	}
}

// assertVerbatim checks that every line names its speaker and quotes that speaker's own
// words, that the lines are in the order of the chat, and that there are not too many.
func assertVerbatim(t *testing.T, reading chat.Reading, summary string) {
	t.Helper()

	lines := strings.Split(summary, "\n")
	assert.LessOrEqual(t, len(lines), 5)

	var all strings.Builder
	for _, m := range reading.Messages {
		fmt.Fprintf(&all, "\n%s said %s", m.Speaker, strings.Join(strings.Fields(m.Text), " "))
	}

	rest := all.String()

	for _, line := range lines {
		speaker, words, found := strings.Cut(line, ": ")
		require.True(t, found, line)

		at := strings.Index(rest, words)
		require.GreaterOrEqual(t, at, 0, "not verbatim, or out of order: %s", line)
		before := all.String()[:all.Len()-len(rest)+at]
		assert.Contains(t, before[strings.LastIndex(before, "\n"):], speaker+" said ")

		rest = rest[at+len(words):]
	}
}

func TestSummaryHasSeveralSentencesWhereThereAre(t *testing.T) {
	t.Parallel()

	for _, reading := range []chat.Reading{smsSupport, emailWithQuote, spanish, german, french, mixed, longDialogue()} {
		s := summarize(t, reading)
		assert.GreaterOrEqual(t, strings.Count(s.Summary, "\n"), 1, s.Summary)
	}
}

func TestAnswersBetweenQuotesAreRead(t *testing.T) {
	t.Parallel()

	s := summarize(t, newDialogue(chat.ChannelEmail, `Ana: On 3 Nov 2026, Support <s@example.com> wrote:
> Which size do you need?
I need size 42 of the walking boots.
> Shall we refund the first pair?
Keep the refund and send a voucher.`))

	assert.Equal(t, "Ana: I need size 42 of the walking boots.\nAna: Keep the refund and send a voucher.", s.Summary)
}

func TestEveryReadingHasASummary(t *testing.T) {
	t.Parallel()

	for name, text := range map[string]string{
		"emoji":             "👍🏽👨‍👩‍👧‍👦🎉",
		"many emoji":        strings.Repeat("👨‍👩‍👧‍👦", 60),
		"Chinese":           "你好。我的订单4711还没有到。请问什么时候发货？谢谢！",
		"long Chinese":      strings.Repeat("我的订单还没有到", 40),
		"Japanese":          "注文した商品がまだ届きません。いつ届きますか？",
		"Arabic":            "مرحبا، لم يصل طلبي رقم ٤٧١١ بعد. متى سيصل؟",
		"Hebrew":            "שלום, ההזמנה שלי לא הגיעה. מתי היא תגיע?",
		"Hindi":             "नमस्ते, मेरा ऑर्डर 4711 अभी तक नहीं आया है।",
		"nothing":           "",
		"spaces":            " \n\t ",
		"NUL":               "\x00",
		"zero width":        "\u200b\u200d",
		"invalid UTF-8":     "\xff\xfe order 12",
		"only a quote":      "> what you said",
		"only a signature":  "-- \nAna Lopez",
		"only a device":     "Sent from my iPhone",
		"stacked accents":   "a" + strings.Repeat("\u0301", 500),
		"100 KB":            strings.Repeat("The parcel 4711 is lost and nobody answers. ", 2300),
		"100 KB one word":   strings.Repeat("x", 100_000),
		"100 KB no stop":    strings.Repeat("word ", 20_000),
		"100 KB of newline": strings.Repeat("a\n", 50_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := summarize(t, newDialogue(chat.ChannelEmail, "Ana: "+text))
			assert.True(t, utf8.ValidString(s.Title+s.Summary))
			assert.True(t, strings.HasPrefix(s.Summary, "Ana: "), s.Summary)
		})
	}
}

func TestTitleIsCutBetweenWordsAndNeverInsideACharacter(t *testing.T) {
	t.Parallel()
	s := summarize(t, newDialogue(chat.ChannelSMS, "Ana: "+strings.Repeat("parcel ", 30)))
	assert.Equal(t, "Parcel"+strings.Repeat(" parcel", 10)+"…", s.Title)

	s = summarize(t, newDialogue(chat.ChannelSMS, "Ana: "+strings.Repeat("👨‍👩‍👧‍👦", 60)))
	assert.Equal(t, strings.Repeat("👨‍👩‍👧‍👦", 11)+"…", s.Title, "a family has seven code points")
}

func TestEmptyChatAndEndedContext(t *testing.T) {
	t.Parallel()
	_, _, err := offline.Model{}.Summarize(t.Context(), chat.Reading{})
	assert.Equal(t, chat.CodeNothingToSummarize, chat.CodeOf(err))

	ended, cancel := context.WithCancel(t.Context())
	cancel()

	_, _, err = offline.Model{}.Summarize(ended, smsSupport)
	assert.ErrorIs(t, err, context.Canceled)
}

// busyChat is a chat of n messages, no two alike.
func busyChat(n int) chat.Reading {
	reading := chat.Reading{Labels: workspaceLabels, ChooseLabels: true}

	for i := range n {
		line := smsSupport.Messages[i%len(smsSupport.Messages)]
		line.ID = chat.MessageID(strconv.Itoa(i))
		line.Text += fmt.Sprintf(
			" Reference %d of word%d and term%d. Größe über %d für die Rückgabe?",
			i,
			i%97,
			i%389,
			i,
		)

		reading.Messages = append(reading.Messages, line)
	}

	return reading
}

// Work is counted in allocations, which no busy machine changes: eight times the
// messages may not take much more than eight times as many. Not parallel: the counter
// is the process's.
func TestWorkGrowsWithTheChatNotWithItsSquare(t *testing.T) {
	assert.Less(t, allocationsFor(t, busyChat(2000)), 10*allocationsFor(t, busyChat(250)))
}

func allocationsFor(t *testing.T, reading chat.Reading) float64 {
	t.Helper()

	return testing.AllocsPerRun(1, func() {
		_, _, err := offline.Model{}.Summarize(context.Background(), reading)
		require.NoError(t, err)
	})
}

func BenchmarkSummarize(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10_000} {
		reading := busyChat(n)
		b.Run(fmt.Sprintf("messages=%d", n), func(b *testing.B) {
			start := time.Now()

			for b.Loop() {
				_, _, err := offline.Model{}.Summarize(b.Context(), reading)
				require.NoError(b, err)
			}

			b.ReportMetric(float64(time.Since(start).Microseconds())/float64(b.N*n), "µs/message")
		})
	}
}
