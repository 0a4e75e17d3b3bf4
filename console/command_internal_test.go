package console

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestARefusedFormIsFilledInAgain(t *testing.T) {
	t.Parallel()

	posted := url.Values{
		"id":     {"5"},
		"to":     {`"><script>`},
		"text":   {"\nHello <b>"},
		"kind":   {"b"},
		"choice": {"Two"},
		"tick":   {"y"},
		"as":     {"2"},
		"many":   {"1", "2"},
	}

	for fields, want := range map[string]string{
		`<input name="to">`:                                     `<input name="to" value="&#34;&gt;&lt;script&gt;">`,
		`<input name="to" value="old" required>`:                `<input name="to" value="&#34;&gt;&lt;script&gt;" required="">`,
		`<textarea name="text">old</textarea>`:                  "<textarea name=\"text\">\n\nHello &lt;b&gt;</textarea>",
		`<textarea name="other">old</textarea>`:                 `<textarea name="other">old</textarea>`,
		`<input type="checkbox" name="tick" value="x" checked>`: `<input type="checkbox" name="tick" value="x">`,
		`<input type="checkbox" name="tick" value="y">`:         `<input type="checkbox" name="tick" value="y" checked="">`,
		`<input type="radio" name="as" value="2" checked>`:      `<input type="radio" name="as" value="2" checked>`,
		`<input name="many"><input name="many"><input name="many">`: `<input name="many" value="1"><input name="many" value="2">` +
			`<input name="many">`,
		`<select name="kind"><option value="a" selected>A</option><option value="b">B</option></select>`: `<select name="kind">` +
			`<option value="a">A</option><option value="b" selected="">B</option></select>`,
		`<select name="choice"><option>One</option><option>Two</option></select>`: `<select name="choice">` +
			`<option>One</option><option selected="">Two</option></select>`,
		`<select name="none"><option selected>One</option></select>`: `<select name="none"><option selected>One</option></select>`,
		`<input type="password" name="to"><input type="file" name="to">`: `<input type="password" name="to">` +
			`<input type="file" name="to">`,
	} {
		refilled, isPosted := refillFields(`<input type="hidden" name="id" value="5">`+fields, posted)
		assert.True(t, isPosted, fields)
		assert.Equal(t, `<input type="hidden" name="id" value="5">`+want, refilled)
	}

	other := `<input type="hidden" name="id" value="6"><input name="to">`
	refilled, isPosted := refillFields(other, posted)
	assert.False(t, isPosted, "the same form for another thing")
	assert.Equal(t, other, refilled)
}

func TestTimesInSentencesAreClocks(t *testing.T) {
	t.Parallel()

	pieces := splitTimes("It waits until 2026-11-30T09:47:26Z, then 2026-11-30T10:47:26.5+01:00; not 2026-13-99T10:47:26Z.")
	assert.Len(t, pieces, 5)
	assert.Equal(t, "It waits until ", pieces[0].text)
	assert.Equal(t, "2026-11-30T09:47:26Z", formatInstant(pieces[1].at))
	assert.Equal(t, "2026-11-30T09:47:26Z", formatInstant(pieces[3].at))
	assert.Equal(t, "; not 2026-13-99T10:47:26Z.", pieces[4].text)
}
