package console

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHiddenCharactersAreShownByTheirNumbers(t *testing.T) {
	t.Parallel()

	for given, shown := range map[string]string{
		"<p>pay \u202e05.1\u202c</p>":                 "<p>pay ⟨U+202E⟩05.1⟨U+202C⟩</p>",
		"<b>Bea\u200bn</b>":                           "<b>Bea⟨U+200B⟩n</b>",
		"<pre>a\u2066b\u2069\n\tc\x1b[2J\u0085</pre>": "<pre>a⟨U+2066⟩b⟨U+2069⟩\n\tc⟨U+001B⟩[2J⟨U+0085⟩</pre>",
		"<p>&lt;b&gt;\u202e</p>":                      "<p>&lt;b&gt;⟨U+202E⟩</p>",
		`<input value="a` + "\u202e" + `"/><i>b</i>`:  `<input value="a` + "\u202e" + `"/><i>b</i>`,
		"<textarea>a\u202e</textarea>\u202e":          "<textarea>a\u202e</textarea>⟨U+202E⟩",
		"<option>a\u200b</option><a>\u200b</a>":       "<option>a\u200b</option><a>⟨U+200B⟩</a>",
		"<p>\U000e0041</p>":                           "<p>⟨U+E0041⟩</p>",
	} {
		assert.Equal(t, shown, string(revealHidden([]byte(given))))
	}
}

// TestWhatPeopleWriteStaysAsItIs has words of languages and emoji that are written with joiners.
func TestWhatPeopleWriteStaysAsItIs(t *testing.T) {
	t.Parallel()

	for _, text := range []string{
		"می\u200cخواهم",
		"שלום\u200f!",
		"👩\u200d👩\u200d👧 ❤\ufe0f",
		"🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
		"Ĝis\u00a0revido – zoë",
	} {
		assert.Equal(t, text, string(revealHidden([]byte(text))))
	}
}

func TestHiddenCharactersOfMailsAreShown(t *testing.T) {
	t.Parallel()

	var made strings.Builder

	require.NoError(t, mailDocument("<p>Pay \u202e05.1</p>").Render(t.Context(), &made))
	assert.Contains(t, made.String(), "Pay ⟨U+202E⟩05.1")
}
