package reply_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/carrier/reply"
)

var trims = map[string]struct{ text, want string }{
	"nothing to trim":      {"Hello\n\nBye", "Hello\n\nBye"},
	"nothing at all":       {"", ""},
	"spaces only":          {" \n\n", " \n\n"},
	"trailing lines stay":  {"Hello\n\n", "Hello\n\n"},
	"our marker":           {"Yes\n\n## Reply above this line ##\nWe asked", "Yes"},
	"our marker, quoted":   {"Yes\n> ## reply above this line ##\n> We asked", "Yes"},
	"English":              {"Yes\n\nOn Mon, 3 Nov 2025 at 10:00, Shop <a@b.example> wrote:\n> Really?", "Yes"},
	"English, three lines": {"Yes\n\nOn Mon, 3 Nov 2025 at 10:00,\nShop\n<a@b.example> wrote:\n\n> Really?\n", "Yes"},
	"English, bare quote":  {"Yes\r\n\r\nOn 3 Nov 2025, Shop wrote:\r\n\r\nReally?\r\n", "Yes\r"},
	"German":               {"Ja\n\nAm 03.11.2025 um 10:00 schrieb Shop <a@b.example>:\n> Wirklich?", "Ja"},
	"French":               {"Oui\n\nLe lun. 3 nov. 2025 à 10:00, Shop <a@b.example> a écrit :\n> Vraiment ?", "Oui"},
	"Spanish": {
		"Sí\n\nEl lun, 3 nov 2025 a las 10:00, Shop (<a@b.example>) escribió:\n> ¿De verdad?",
		"Sí",
	},
	"Dutch": {"Ja\n\nOp ma 3 nov 2025 om 10:00 schreef Shop <a@b.example>:\n> Echt?", "Ja"},
	"Portuguese": {
		"Sim\n\nEm seg., 3 de nov. de 2025 às 10:00, Shop <a@b.example> escreveu:\n> Mesmo?",
		"Sim",
	},
	"Outlook": {
		"Yes\n\n________________________________\nFrom: Shop <a@b.example>\nSent: Monday\nTo: Ana\nSubject: " +
			"Order\n\nReally?",
		"Yes",
	},
	"Outlook in German":     {"Ja\n\nVon: Shop\nGesendet: Montag\nAn: Ana\nBetreff: Bestellung\n\nWirklich?", "Ja"},
	"Outlook in bold":       {"Yes\n\n*From:* Shop <a@b.example>\n*Sent:* Monday\n*To:* Ana\n\nReally?", "Yes"},
	"original message":      {"Yes\n\n-----Original Message-----\nFrom: Shop\nReally?", "Yes"},
	"original, in Dutch":    {"Ja\n\n----- Oorspronkelijk bericht -----\nEcht?", "Ja"},
	"quote at the end":      {"Yes\n\n> Really?\n>\n>> Sure?\n", "Yes"},
	"signature":             {"Yes\n-- \nAna\n+1 555", "Yes"},
	"signature below quote": {"Yes\n\nOn 3 Nov 2025, Shop wrote:\n> Really?\n\n-- \nAna", "Yes"},
	"answers between": {
		"On 3 Nov 2025, Shop wrote:\n> Really?\nYes\n> When?\nToday",
		"On 3 Nov 2025, Shop wrote:\n> Really?\nYes\n> When?\nToday",
	},
	"only a quote":           {"> Really?\n> Sure?", "> Really?\n> Sure?"},
	"only an introduction":   {"On 3 Nov 2025, Shop wrote:\n> Really?", "On 3 Nov 2025, Shop wrote:\n> Really?"},
	"only a signature":       {"-- \nAna", "-- \nAna"},
	"a rule is no signature": {"a\n--\n" + strings.Repeat("b\n", 20), "a\n--\n" + strings.Repeat("b\n", 20)},
	"a sentence": {
		"On Monday my friend wrote to you and I did too.\nBye",
		"On Monday my friend wrote to you and I did too.\nBye",
	},
	"a sentence with colon": {"On Monday I ordered these:\n- a\n- b", "On Monday I ordered these:\n- a\n- b"},
	"from in a sentence": {
		"From: the shop around the corner\nI bought it",
		"From: the shop around the corner\nI bought it",
	},
}

func TestTrim(t *testing.T) {
	t.Parallel()

	for name, c := range trims {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, reply.Trim(c.text))
		})
	}
}

// requireKept checks what holds for every text: lines are left out from it, and never all.
func requireKept(t require.TestingT, text string) {
	trimmed := reply.Trim(text)
	require.Equal(t, strings.TrimSpace(text) == "", strings.TrimSpace(trimmed) == "")

	rest := strings.Split(text, "\n")
	for line := range strings.SplitSeq(trimmed, "\n") {
		i := slices.Index(rest, line)
		require.GreaterOrEqual(t, i, 0, "a line that was not there, or not in this order: %q", line)
		rest = rest[i+1:]
	}
}

func TestTrimKeepsLines(t *testing.T) {
	t.Parallel()

	line := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"", "> a", "-- ", "On 3 Nov 2025, A wrote:", "On 3 Nov 2025,", "A wrote:", "From: a", "Sent: b", "To: c",
		"-----Original Message-----", reply.Marker, "a", "\r", "_____",
	}))

	rapid.Check(t, func(t *rapid.T) {
		requireKept(t, strings.Join(rapid.SliceOf(line).Draw(t, "lines"), "\n"))
	})
}

func FuzzTrim(f *testing.F) {
	for _, c := range trims {
		f.Add(c.text)
	}

	f.Fuzz(func(t *testing.T, text string) { requireKept(t, text) })
}
