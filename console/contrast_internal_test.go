package console

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestContrastsAreThoseOfWCAG(t *testing.T) {
	t.Parallel()

	assert.InDelta(t, 21, contrastOf("#000000", "#ffffff"), 0.001)
	assert.InDelta(t, 1, contrastOf("#777777", "#777777"), 0.001)
	assert.InDelta(t, 4.478, contrastOf("#ffffff", "#777777"), 0.001)
	assert.InDelta(t, 8.592, contrastOf("#0000ff", "#ffffff"), 0.001)
	assert.Zero(t, contrastOf("", "#ffffff"))
	assert.Zero(t, contrastOf("#zzzzzz", "#ffffff"))
	assert.Equal(t, "4.49", formatRatio(4.499))
}

// TestEveryPairOfColoursCanBeRead holds each pair that pages use in light and in dark.
func TestEveryPairOfColoursCanBeRead(t *testing.T) {
	t.Parallel()

	for _, pair := range measureContrasts() {
		assert.GreaterOrEqual(t, pair.light, pair.least, "%s on %s in light", pair.colour, pair.ground)
		assert.GreaterOrEqual(t, pair.dark, pair.least, "%s on %s in dark", pair.colour, pair.ground)
	}
}

// TestTheStyleSheetHasNoOtherColours holds that every colour is one of those that are measured, and that each rule
// which sets a text and its ground sets a pair that is.
func TestTheStyleSheetHasNoOtherColours(t *testing.T) {
	t.Parallel()

	raw, err := staticFiles.ReadFile("static/console.css")
	require.NoError(t, err)

	_, rules, isFound := strings.Cut(string(raw), "\n}\n")
	require.True(t, isFound, "the custom properties come first")
	assert.NotRegexp(t, `#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(|oklch\(`, rules)

	measured := map[[2]string]bool{}

	for _, pair := range measureContrasts() {
		if pair.least == leastOfText {
			measured[[2]string{pair.colour, pair.ground}] = true
		}
	}

	for _, tone := range tones {
		measured[[2]string{"tone", "tone-ground"}] = measured[[2]string{tone, tone + "-ground"}]
	}

	text := regexp.MustCompile(`(?:^|[;{\s])color: var\(--([a-z-]+)\)`)
	ground := regexp.MustCompile(`background: var\(--([a-z-]+)\)`)
	found := 0

	for rule := range strings.SplitSeq(rules, "}") {
		colour := text.FindStringSubmatch(rule)
		under := ground.FindStringSubmatch(rule)

		if colour != nil && under != nil {
			found++

			pair := [2]string{colour[1], under[1]}
			assert.True(t, measured[pair], "%v is not measured:%s", pair, rule)
		}
	}

	assert.Greater(t, found, 8)
}
