package console

import (
	"math"
	"regexp"
	"strconv"
	"sync"
)

// contrast is how well one colour of the style sheet can be told from another, by WCAG 2.2: from 1 to 21.
type contrast struct {
	// colour and ground are custom properties of the style sheet, such as text.
	colour, ground string
	use            string
	light, dark    float64
	// least is what WCAG asks for at level AA.
	least float64
}

// What WCAG 2.2 AA asks for: 1.4.3 for text, 1.4.11 for what shows where a control is.
const (
	leastOfText     = 4.5
	leastOfControls = 3
)

// measureContrasts returns the contrasts of all pairs that pages use.
var measureContrasts = sync.OnceValue(func() []contrast {
	pairs := []contrast{
		{colour: "text", ground: "ground", use: "text"},
		{colour: "text", ground: "raised", use: "text of the head, of tiles and of our own messages"},
		{colour: "text", ground: "plain-ground", use: "text of the row that the keys have chosen"},
		{colour: "soft", ground: "ground", use: "small words"},
		{colour: "soft", ground: "raised", use: "small words of tiles"},
		{colour: "soft", ground: "plain-ground", use: "small words of the chosen row"},
		{colour: "link", ground: "ground", use: "links"},
		{colour: "link", ground: "raised", use: "links of our own messages"},
		{colour: "link", ground: "plain-ground", use: "links of the chosen row"},
		{colour: "on-primary", ground: "primary", use: "the section and the button that count"},
		{colour: "bad", ground: "ground", use: "buttons that destroy"},
	}

	for _, tone := range tones {
		pairs = append(pairs, contrast{colour: tone, ground: tone + "-ground", use: "badges and banners: " + toneUses[tone]})
	}

	for i := range pairs {
		pairs[i].least = leastOfText
	}

	for _, control := range []contrast{
		{colour: "soft", ground: "ground", use: "borders of fields"},
		{colour: "soft", ground: "raised", use: "borders of fields in the head"},
		{colour: "bad", ground: "ground", use: "borders of buttons that destroy"},
		{colour: "link", ground: "ground", use: "what has the focus"},
		{colour: "link", ground: "raised", use: "what has the focus in the head"},
		{colour: "primary", ground: "ground", use: "how far something has come"},
		{colour: "primary", ground: "raised", use: "the section one is in"},
	} {
		control.least = leastOfControls
		pairs = append(pairs, control)
	}

	light, dark := readColours()
	for i, p := range pairs {
		pairs[i].light = contrastOf(light[p.colour], light[p.ground])
		pairs[i].dark = contrastOf(dark[p.colour], dark[p.ground])
	}

	return pairs
})

// themedColour is a custom property with a colour for light and one for dark.
var themedColour = regexp.MustCompile(`--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);`)

// readColours returns the colours of the style sheet in light and in dark, by their names.
func readColours() (light, dark map[string]string) {
	light = map[string]string{}
	dark = map[string]string{}

	sheet, err := staticFiles.ReadFile("static/console.css")
	if err != nil {
		panic(err) // it is embedded
	}

	for _, found := range themedColour.FindAllStringSubmatch(string(sheet), -1) {
		light[found[1]] = found[2]
		dark[found[1]] = found[3]
	}

	return light, dark
}

// contrastOf returns the contrast ratio of two colours like #1a2024, 0 if one is none.
func contrastOf(one, other string) float64 {
	a, isColour := luminanceOf(one)
	b, isOther := luminanceOf(other)

	if !isColour || !isOther {
		return 0
	}

	return (max(a, b) + 0.05) / (min(a, b) + 0.05)
}

// luminanceOf returns the relative luminance of a colour, as WCAG 2.2 defines it.
func luminanceOf(colour string) (float64, bool) {
	if len(colour) != len("#rrggbb") {
		return 0, false
	}

	sum := 0.0

	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		value, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return 0, false
		}

		share := float64(value) / math.MaxUint8
		if share <= 0.04045 {
			sum += weight * share / 12.92
		} else {
			sum += weight * math.Pow((share+0.055)/1.055, 2.4)
		}
	}

	return sum, true
}

// formatRatio returns a contrast as people write it, cut off: what is shown is never more than there is.
func formatRatio(ratio float64) string {
	return strconv.FormatFloat(math.Floor(100*ratio)/100, 'f', 2, 64)
}
