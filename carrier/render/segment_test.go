package render_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"handrail/carrier/render"
)

func TestSegmentCount(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		text     string
		encoding render.Encoding
		want     int
	}{
		"nothing":                       {"", render.GSM7, 0},
		"one":                           {"a", render.GSM7, 1},
		"160 septets":                   {strings.Repeat("a", 160), render.GSM7, 1},
		"161 septets":                   {strings.Repeat("a", 161), render.GSM7, 2},
		"306 septets":                   {strings.Repeat("a", 306), render.GSM7, 2},
		"307 septets":                   {strings.Repeat("a", 307), render.GSM7, 3},
		"80 euros":                      {strings.Repeat("€", 80), render.GSM7, 1},
		"81 euros":                      {strings.Repeat("€", 81), render.GSM7, 2},
		"an escape is not split":        {strings.Repeat("€", 153), render.GSM7, 3}, // 306 septets, but 76 fit into a part
		"escape at the very border":     {strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), render.GSM7, 3},
		"capital cedilla":               {"Ç", render.GSM7, 1},
		"small cedilla":                 {"ç", render.UCS2, 1},
		"70 units":                      {strings.Repeat("ж", 70), render.UCS2, 1},
		"71 units":                      {strings.Repeat("ж", 71), render.UCS2, 2},
		"134 units":                     {strings.Repeat("ж", 134), render.UCS2, 2},
		"135 units":                     {strings.Repeat("ж", 135), render.UCS2, 3},
		"35 emoji":                      {strings.Repeat("😀", 35), render.UCS2, 1},
		"36 emoji":                      {strings.Repeat("😀", 36), render.UCS2, 2},
		"a pair is not split":           {strings.Repeat("😀", 67), render.UCS2, 3}, // 134 units, but 33 pairs fit into a part
		"one curly quote halves it":     {strings.Repeat("a", 100) + "’", render.UCS2, 2},
		"a backtick is not in GSM-7":    {"`", render.UCS2, 1},
		"an extended character in UCS2": {strings.Repeat("€", 69) + "ж", render.UCS2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, render.SegmentCount(c.text))
			assert.Equal(t, c.encoding, render.EncodingOf(c.text))
		})
	}
}

func TestGSM7HasItsCharacters(t *testing.T) {
	t.Parallel()

	basic, extended := 0, 0

	for r := range rune(0x10000) {
		text := strings.Repeat(string(r), 160)
		switch {
		case render.EncodingOf(text) == render.UCS2:
		case render.SegmentCount(text) == 1:
			basic++
		default:
			extended++
		}
	}

	assert.Equal(t, 127, basic, "128 places, one of them the escape")
	assert.Equal(t, 10, extended)
}

func TestSegmentsHoldTheText(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("abcéÇ€[]ж’😀\n"))).Draw(t, "text")
		count := render.SegmentCount(text)
		units := len(utf16.Encode([]rune(text)))
		whole := 70

		part := 67
		if render.EncodingOf(text) == render.GSM7 {
			whole, part = 160, 153
			units += strings.Count(text, "€") + strings.Count(text, "[") + strings.Count(text, "]")
		}

		if units <= whole {
			assert.LessOrEqual(t, count, 1)
			return
		}

		assert.GreaterOrEqual(t, count*part, units, "too few parts for the text")
		assert.LessOrEqual(t, (count-1)*(part-1), units, "a part left emptier than one unsplit character explains")
		assert.GreaterOrEqual(t, render.SegmentCount(text+"a"), count)
	})
}
