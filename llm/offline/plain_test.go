package offline_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

func TestAssistantsMarkdownIsReadAsPlainText(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct{ message, want string }{
		"emphasis": {"We have **changed** the *booking* to ~~four~~ six.", "We have changed the booking " +
			"to four six."},
		"link":                {"Here is [the new menu](https://example.com/menu?a=1&b=2).", "Here is the new menu."},
		"link without a name": {"The menu is at [](https://example.com/menu).", "The menu is at https://example.com/menu."},
		"address":             {"The menu is at <https://example.com/menu>.", "The menu is at https://example.com/menu."},
		"bare address":        {"See https://example.com/t?a=1&b=2 for the terrace menu.", "See https://example.com/t?a=1&b=2 for the terrace menu."},
		"picture":             {"The plan ![of the terrace](https://example.com/p.png) is attached.", "The plan of the terrace is attached."},
		"code":                {"Give the code `R-558` at the depot.", "Give the code R-558 at the depot."},
		"code block":          {"```sh\nrestart the router\n```", "restart the router"},
		"heading":             {"# Terrace is booked", "Terrace is booked"},
		"list":                {"- Terrace is **booked**", "Terrace is booked"},
		"quote":               {"> **Is it booked?**\n\nTerrace is booked.", "Terrace is booked."},
		"table":               {"| Seat | Price |\n|---|---|\n| Terrace | **12 EUR** |", "Seat, Price\nRobin: Terrace, 12 EUR"},
		"HTML is text":        {"Terrace <b>is</b> booked.", "Terrace <b>is</b> booked."},
		"escapes":             {`Terrace 4\*5 &amp; bar are booked.`, "Terrace 4*5 & bar are booked."},
		"wrapped by hand":     {"We have changed the booking of the great terrace to **six\npeople**.", "We have changed the booking of the great terrace to six people."},
		"signature":           {"Terrace is booked.\n--\nRobin of the *Shop*", "Terrace is booked."},
		"nothing to show":     {"Terrace is booked.\n\n***", "Terrace is booked."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := summarize(t, chat.Reading{ChatID: 1, Channel: chat.ChannelEmail, Messages: []chat.Line{
				{
					ID:      "1",
					Role:    chat.RoleAssistantMessage,
					Speaker: "Robin",
					Text:    c.message,
				},
			}})

			assert.Equal(t, "Robin: "+c.want, s.Summary)
		})
	}
}

func TestCustomersTextIsNotMarkdown(t *testing.T) {
	t.Parallel()
	s := summarize(t, newDialogue(chat.ChannelSMS, "Ana: My code is *41*2# and the file is a_b_c.txt"))
	assert.Equal(t, "Ana: My code is *41*2# and the file is a_b_c.txt", s.Summary)
}

func TestAddressesAreNotCut(t *testing.T) {
	t.Parallel()

	for _, want := range []string{
		"Does https://example.com/t?a=1&b=2!x work with order 4711?",
		"Is www.example.com/t?a=1 the terrace page?",
	} {
		assert.Equal(t, "Ana: "+want, summarize(t, newDialogue(chat.ChannelSMS, "Ana: "+want)).Summary)
	}

	s := summarize(t, newDialogue(chat.ChannelSMS, "Ana: The terrace is on https://example.com/t? Book a table for six."))
	assert.Equal(t, "Ana: The terrace is on https://example.com/t?\nAna: Book a table for six.", s.Summary)
}

func TestHostileMarkdownIsReadQuickly(t *testing.T) {
	t.Parallel()

	for _, part := range []string{"> ", "[", "*a **b ", "[a](", "- ", "`", "![[]()", "|-"} {
		started := time.Now()

		summarize(t, chat.Reading{ChatID: 1, Channel: chat.ChannelEmail, Messages: []chat.Line{
			{
				ID:      "1",
				Role:    chat.RoleAssistantMessage,
				Speaker: "Robin",
				Text:    strings.Repeat(part, 100_000/len(part)),
			},
		}})

		assert.Less(t, time.Since(started), time.Minute, "quadratic, it would take hours: %q", part)
	}
}
