package guide

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail"
)

func newSite(t *testing.T) *Site {
	t.Helper()

	s, err := Build(Options{API: "/docs"})
	require.NoError(t, err)

	return s
}

// TestEveryPageIsInTheNavigation: a page that nobody finds is of no use.
func TestEveryPageIsInTheNavigation(t *testing.T) {
	t.Parallel()

	var listed []string
	for _, part := range contents {
		listed = append(listed, part.files...)
	}

	s := newSite(t)

	for _, p := range s.pages {
		folder := path.Dir(p.file) + "/README.md"
		isListed := slices.Contains(listed, p.file) || p.file != folder && slices.Contains(listed, folder)
		assert.True(t, isListed, "%s is neither in contents nor in the folder of a README that is", p.file)
	}

	for _, file := range listed {
		_, err := fs.Stat(handrail.Pages, file)
		require.NoError(t, err)

		_, found := s.Find(nameOutput(file))
		assert.True(t, found, file)
	}
}

var (
	attribute = regexp.MustCompile(`\s(href|src|action)="([^"]*)"`)
	anchored  = regexp.MustCompile(`\sid="([^"]*)"`)
	loading   = regexp.MustCompile(`<(?:link|script|img|iframe|object|embed|source|video|audio)\b[^>]*\s(?:href|src)="([^"]*)"`)
)

// TestEveryLinkOfTheSiteResolves follows each link of each page as a browser would.
func TestEveryLinkOfTheSiteResolves(t *testing.T) {
	t.Parallel()

	s := newSite(t)
	anchors := map[string][]string{}

	for _, name := range s.Names() {
		content, _ := s.Find(name)
		for _, match := range anchored.FindAllSubmatch(content, -1) {
			assert.NotContains(t, anchors[name], string(match[1]), "%s has an anchor twice", name)
			anchors[name] = append(anchors[name], string(match[1]))
		}
	}

	for _, name := range s.Names() {
		if path.Ext(name) != ".html" {
			continue
		}

		content, _ := s.Find(name)
		for _, match := range attribute.FindAllSubmatch(content, -1) {
			link := string(match[2])
			if strings.Contains(link, "://") || link == "/docs" {
				continue
			}

			file, anchor, _ := strings.Cut(link, "#")
			target := path.Join(path.Dir(name), file)

			if file == "" {
				target = name
			}

			_, found := s.Find(target)
			assert.True(t, found, "%s links to %s", name, link)

			if anchor != "" {
				assert.Contains(t, anchors[target], anchor, "%s links to %s", name, link)
			}
		}
	}
}

// TestEveryFileThatAPageNamesIsThere: links to the repository's other files work where the repository is read.
func TestEveryFileThatAPageNamesIsThere(t *testing.T) {
	t.Parallel()

	named := listSources(newSite(t).pages)
	require.Contains(t, named, "chat/codes_twilio.go")

	for _, file := range named {
		_, err := os.Stat("../" + file)
		assert.NoError(t, err)
	}
}

// TestPagesLoadNothingFromElsewhere: nor is anything inline that the policy would forbid.
func TestPagesLoadNothingFromElsewhere(t *testing.T) {
	t.Parallel()

	s := newSite(t)

	assert.NotContains(t, Policy, "unsafe")
	assert.NotContains(t, Policy, "http")

	for _, name := range s.Names() {
		content, _ := s.Find(name)

		switch path.Ext(name) {
		case ".html":
			for _, match := range loading.FindAllSubmatch(content, -1) {
				assert.NotContains(t, string(match[1]), ":", name)
				assert.False(t, strings.HasPrefix(string(match[1]), "//"), name)
			}

			assert.NotRegexp(t, `<style|\sstyle="|\son[a-z]+="|<script>|raw HTML omitted|ZgotmplZ`, string(content), name)
			assert.Contains(t, string(content), "<h1", name)
		case ".css":
			assert.NotRegexp(t, `url\(|@import`, string(content), name)
		case ".js":
			assert.NotRegexp(t, `fetch\(|XMLHttpRequest|innerHTML|eval\(`, strings.Split(string(content), "window.handrailSections = ")[0])
		}
	}
}

// TestABrokenLinkIsNamed reads two pages of which one leads nowhere.
func TestABrokenLinkIsNamed(t *testing.T) {
	t.Parallel()

	outputs := map[string]string{"README.md": "index.html", "docs/tools.md": "tools.html"}

	one, err := readPage("README.md", []byte("# One\n\n[a](docs/tools.md#there) [b](docs/tools.md#not-there)"), outputs)
	require.NoError(t, err)

	two, err := readPage("docs/tools.md", []byte("# Two\n\n## There\n\n[back](../README.md)"), outputs)
	require.NoError(t, err)

	failed := checkLinks([]*page{one, two})
	require.Len(t, failed, 1)
	require.EqualError(t, failed[0], `README.md: the link "docs/tools.md#not-there" leads nowhere`)
	assert.Contains(t, string(one.body), `href="tools.html#there"`)
	assert.Contains(t, string(two.body), `href="index.html"`)
	assert.Contains(t, string(two.body), `id="there"`)

	_, err = readPage("README.md", []byte("no title"), outputs)
	assert.EqualError(t, err, "README.md has no title")
}

// TestAnchorsAreGitHubs: the same link works there and here.
func TestAnchorsAreGitHubs(t *testing.T) {
	t.Parallel()

	p := &page{anchors: map[string]bool{}}

	for heading, want := range map[string]string{
		"The test: make chaos":   "the-test-make-chaos",
		"invalid_request":        "invalid_request",
		"Who may post, and when": "who-may-post-and-when",
		"A Überschrift":          "a-überschrift",
	} {
		assert.Equal(t, want, p.nameAnchor(heading))
		assert.Equal(t, want+"-1", p.nameAnchor(heading))
	}
}

// TestTheSearchFindsEverySection: its index has what pages say, in its place.
func TestTheSearchFindsEverySection(t *testing.T) {
	t.Parallel()

	index, found := newSite(t).Find("search-index.js")
	require.True(t, found)

	assert.Contains(t, string(index), `"heading":"The states","address":"operations.html#the-states"`)
	assert.Contains(t, string(index), "handrail doctor | grep 'encryption keys'", "code is found too")
}

// TestTheImageHasThePages: what .dockerignore leaves out cannot be embedded there.
func TestTheImageHasThePages(t *testing.T) {
	t.Parallel()

	ignored, err := os.ReadFile("../.dockerignore")
	require.NoError(t, err)

	for _, file := range []string{"README.md", "docs/operations.md", "docs/performance.svg"} {
		for pattern := range strings.Lines(string(ignored)) {
			pattern = strings.TrimSpace(pattern)
			matched, err := path.Match(pattern, file)
			require.NoError(t, err)
			assert.False(t, matched || pattern != "" && strings.HasPrefix(file, pattern+"/"), "%s leaves out %s", pattern, file)
		}
	}
}
