package guide

import (
	"path"
	"strings"
)

// group is a part of the navigation, with its files in the order in which they are read.
type group struct {
	title string
	files []string
}

// contents is the navigation. Files that it does not name are listed on the page of their folder's README.
var contents = []group{
	{"Begin", []string{"README.md", "docs/quickstart.md", "docs/glossary.md"}},
	{"Use it", []string{
		"docs/console.md",
		"docs/api.md",
		"docs/sending.md",
		"docs/clients.md",
		"docs/events.md",
		"docs/mcp.md",
		"docs/tools.md",
		"docs/summaries.md",
		"docs/inbound.md",
		"docs/webhooks.md",
		"docs/notices.md",
		"docs/statuses.md",
		"docs/problems.md",
		"docs/codes.md",
		"docs/authority.md",
	}},
	{"Run it", []string{
		"docs/operations.md",
		"docs/metrics.md",
		"docs/reliability.md",
		"docs/scale.md",
		"docs/performance.md",
		"docs/threats.md",
		"SECURITY.md",
	}},
	{"Work on it", []string{"docs/design.md", "CONTRIBUTING.md", "docs/decisions/README.md", "CHANGELOG.md"}},
}

// nameOutput names the site's file for a file of the documentation.
func nameOutput(file string) string {
	name := strings.TrimPrefix(file, "docs/")

	stem, isPage := strings.CutSuffix(name, ".md")
	if !isPage {
		return name
	}

	if path.Base(stem) == "README" {
		return path.Join(path.Dir(stem), "index.html")
	}

	return strings.ToLower(stem) + ".html"
}

// findRoot returns the path from a file of the site to the site's root: "" or "../".
func findRoot(output string) string { return strings.Repeat("../", strings.Count(output, "/")) }
