package service_test

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/console"
)

var pictures = flag.Bool("pictures", false, "photograph the console's pages for docs/console")

const (
	pictureFolder = "../../../docs/console"
	// maxPicture is how many bytes a picture may have, and maxPictureHeight how many lines: pages go on below.
	maxPicture       = 150 << 10
	maxPictureHeight = 1400
)

// picture is a page as docs/console.md shows it.
type picture struct {
	name string
	path func(s *shownEvening) string
	// width is that of the window; 0 is a laptop's.
	width  int64
	isDark bool
	// awaits is a text that the page shows once it is as it should be.
	awaits string
	// isInReadme reports whether README.md shows the picture, too.
	isInReadme bool
}

const (
	laptopWidth = 1280
	phoneWidth  = 360
)

// onPath is the path of a page of the workspace.
func onPath(path string) func(*shownEvening) string {
	return func(s *shownEvening) string { return s.below(path) }
}

// below returns the path of a page of the workspace.
func (s *shownEvening) below(path string) string { return console.Root + "/w/" + string(s.ws) + path }

// consolePictures are the pictures, in the order in which they are made: the last ones while a bulk retry runs.
var consolePictures = []picture{
	{
		name:   "login",
		path:   func(*shownEvening) string { return console.Root + "/login" },
		awaits: "API key",
	},
	{name: "decisions", path: onPath("/decisions"), awaits: "Decisions", isInReadme: true},
	{name: "decisions-phone", path: onPath("/decisions"), width: phoneWidth, awaits: "Decisions"},
	{
		name:       "delivery",
		path:       func(s *shownEvening) string { return s.below("/deliveries/" + s.review) },
		awaits:     "What has happened",
		isInReadme: true,
	},
	{
		name:   "delivery-dark",
		path:   func(s *shownEvening) string { return s.below("/deliveries/" + s.twice) },
		isDark: true,
		awaits: "What has happened",
	},
	{name: "failures", path: onPath("/failures"), awaits: "Retry these…", isInReadme: true},
	{name: "chats", path: onPath("/chats"), awaits: "Ana Lopez"},
	{
		name:       "chat",
		path:       func(s *shownEvening) string { return s.below(fmt.Sprintf("/chats/%d", s.people.sms.ID)) },
		awaits:     "Ana Lopez",
		isInReadme: true,
	},
	{name: "people", path: onPath("/people"), awaits: "Ana Lopez"},
	{
		name:       "person",
		path:       func(s *shownEvening) string { return s.below(fmt.Sprintf("/people/%d", s.people.ana.ID)) },
		awaits:     "Ana Lopez",
		isInReadme: true,
	},
	{name: "settings", path: onPath("/settings"), awaits: "Webhook endpoints", isInReadme: true},
	{
		name:       "bulk",
		path:       func(s *shownEvening) string { return s.below("/failures/bulk/" + s.beginBulkRetry()) },
		awaits:     "running",
		isInReadme: true,
	},
	{name: "now", path: onPath("/"), awaits: "Now", isInReadme: true},
	{name: "now-dark", path: onPath("/"), isDark: true, awaits: "Now"},
}

// TestThePicturesOfTheConsole holds that docs/console.md shows each picture, and README.md those of the main pages, and
// that none is large. With -pictures,
// which is `make screenshots`, they are made first, of an evening in a restaurant.
func TestThePicturesOfTheConsole(t *testing.T) {
	t.Parallel()

	if *pictures {
		photographConsole(t)
	}

	text, err := os.ReadFile("../../../docs/console.md")
	require.NoError(t, err)

	readme, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)

	for _, p := range consolePictures {
		assert.Contains(t, string(text), "(console/"+p.name+".png)")
		assert.Equal(t, p.isInReadme, strings.Contains(string(readme), "(docs/console/"+p.name+".png)"), p.name)

		file, err := os.Stat(filepath.Join(pictureFolder, p.name+".png"))
		if assert.NoError(t, err) {
			assert.LessOrEqual(t, file.Size(), int64(maxPicture), p.name)
		}
	}

	files, err := filepath.Glob(pictureFolder + "/*")
	require.NoError(t, err)
	assert.Len(t, files, len(consolePictures), "no picture stays that nothing shows")
}

func photographConsole(t *testing.T) {
	t.Helper()

	s := newShownEvening(t)
	b := newBrowser(t, s.url)

	b.logIn(s.env)
	require.NoError(t, os.MkdirAll(pictureFolder, 0o755))

	for _, p := range consolePictures {
		b.open(p.path(s))
		b.awaitText(p.awaits)
		s.write(p.name, b.photograph(p))
	}
}

// photograph returns the page as a PNG, from its top to [maxPictureHeight] at most.
func (b *browser) photograph(p picture) []byte {
	b.Helper()

	scheme := "light"
	if p.isDark {
		scheme = "dark"
	}

	var (
		height int64
		shot   []byte
	)

	width := cmp.Or(p.width, laptopWidth)
	look := emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
	})

	b.do(
		look,
		emulation.SetDeviceMetricsOverride(width, 800, 1, false),
		chromedp.Evaluate(`document.documentElement.scrollHeight`, &height),
	)

	height = min(height, maxPictureHeight)

	b.do(
		emulation.SetDeviceMetricsOverride(width, height, 1, false),
		chromedp.Evaluate(`scrollTo(0, 0)`, nil),
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			shot, err = page.CaptureScreenshot().Do(ctx)
			return err
		}),
	)

	return shot
}

// write stores a picture with 256 colours: pages have few, and letters their shades.
func (s *shownEvening) write(name string, shot []byte) {
	s.Helper()

	full, err := png.Decode(bytes.NewReader(shot))
	require.NoError(s, err)

	var out bytes.Buffer

	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	require.NoError(s, encoder.Encode(&out, reduceColours(full)))

	file := filepath.Join(pictureFolder, name+".png")
	require.NoError(s, os.WriteFile(file, out.Bytes(), 0o644))
}

// reduceColours returns the picture with at most 256 colours: of those that look alike the most frequent one, and of
// these the most frequent.
func reduceColours(full image.Image) *image.Paletted {
	counts := map[color.Color]int{}

	eachPixel(full, func(x, y int) { counts[full.At(x, y)]++ })

	alike := map[[3]uint32]color.Color{}

	for colour, count := range counts {
		const shift = 11 // 5 bits of 16

		r, g, b, _ := colour.RGBA()
		key := [3]uint32{r >> shift, g >> shift, b >> shift}

		if known, isKnown := alike[key]; !isKnown || count > counts[known] {
			alike[key] = colour
		}
	}

	colours := slices.SortedFunc(maps.Values(alike), func(a, b color.Color) int { return counts[b] - counts[a] })
	few := image.NewPaletted(full.Bounds(), color.Palette(colours[:min(len(colours), 256)]))
	nearest := map[color.Color]int{}

	for colour := range counts {
		nearest[colour] = few.Palette.Index(colour)
	}

	eachPixel(full, func(x, y int) {
		few.SetColorIndex(x, y, uint8(nearest[full.At(x, y)]))
	})

	return few
}

// eachPixel does something with each pixel of a picture.
func eachPixel(full image.Image, do func(x, y int)) {
	bounds := full.Bounds()

	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			do(x, y)
		}
	}
}
