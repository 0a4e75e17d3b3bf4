package render_test

import (
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"handrail/carrier/render"
	"handrail/chat"
	"handrail/internal/growth"
)

func FuzzRender(f *testing.F) {
	for _, seed := range []string{
		"Order <ABC-123> is ready", "<script>alert(1)</script>", "[a](javascript:alert(1))", "![a](data:image/png;base64,x)",
		"# a\n\n- b\n  1. c\n\n> d\n\n```\ne\n```\n\n|f|g|\n|-|:-:|\n|h|i|", "[a][1] <https://b.example> " +
			"www.c.example\n\n[1]: d",
		"[![a](b)](https://c.example \"d\")", "\\&amp; &lt; &#x6a;avascript:", "[a](\tjava\nscript:b)", "<img src=x onerror=y>", "- - - 1. > a",
		"*a _b_ **c** ~~d~~ `e`", "a  \nb\\\nc", "\u200b“”’–…\u2028", "[\n](https://a.example)[", "|a|\n|-|\n|[b](c)\\|d|",
		"3. a\n07. b\n+ c\n- 5", "[a]: b\n[c]: https://d.example\n\n[c] C:\\_e\\*f <g@h.example>", "f[1](2) https://a.example/_b_(c",
	} {
		f.Add(seed)
	}

	r := render.New(render.Options{})

	f.Fuzz(func(t *testing.T, message string) {
		growth.Check(t, len(message), func() {
			for _, channel := range chat.Channels() {
				p, err := r.Render(channel, emailFacts(), message, messageID)
				if err != nil {
					require.NotEqual(t, chat.CodeInternal, chat.CodeOf(err))
					continue
				}

				require.True(t, utf8.ValidString(p.Text) && utf8.ValidString(p.HTML) && utf8.ValidString(p.Subject))
				require.NotEmpty(t, strings.TrimSpace(p.Text))

				if channel == chat.ChannelSMS {
					require.Positive(t, p.Segments)
					require.Equal(t, p.Segments, render.SegmentCount(p.Text))

					continue
				}

				requireHarmless(t, p.HTML)
			}
		})
	})
}

// requireHarmless reads the HTML as a browser does, and finds only what the renderer makes.
func requireHarmless(t *testing.T, page string) {
	t.Helper()

	elements := strings.Fields(
		"html head meta title body div p br hr h1 h2 h3 h4 h5 h6 strong em del code pre blockquote ul ol li table " +
			"thead tbody tr th td a img",
	)

	attributes := strings.Fields("start value align href title rel target src alt style charset name content dir")

	require.NotContains(t, strings.ToLower(page), "<script")

	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			require.ErrorIs(t, z.Err(), io.EOF)
			return
		}

		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}

		token := z.Token()
		require.True(t, slices.Contains(elements, token.Data), "<%s>", token.Data)

		for _, a := range token.Attr {
			require.True(t, slices.Contains(attributes, a.Key), "<%s %s>", token.Data, a.Key)

			if a.Key == "href" || a.Key == "src" {
				scheme, _, _ := strings.Cut(strings.ToLower(a.Val), ":")
				require.Contains(t, []string{"http", "https", "mailto", "tel"}, scheme, a.Val)
			}
		}
	}
}

func FuzzSegmentCount(f *testing.F) {
	f.Add("a", "€")
	f.Add("ж", "😀")
	f.Add("\xff", "")

	f.Fuzz(func(t *testing.T, a, b string) {
		growth.Check(t, len(a)+len(b), func() {
			both, one := render.SegmentCount(a+b), render.SegmentCount(a)
			require.GreaterOrEqual(t, both, one, "more text takes no fewer parts")
			require.LessOrEqual(t, both, 2*utf8.RuneCountInString(a+b))
			require.Equal(t, a+b == "", both == 0)
		})
	})
}
