package guide

import (
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// pageLink is a link from a page to a page, which may be the same one.
type pageLink struct {
	// written is the link as it is in the file, target the file that it leads to, "" if the link cannot be parsed.
	written, target string
	// anchor is "" for the page's beginning.
	anchor string
}

// rewriteLinks turns links between files into links between pages. Of a link to another file of the repository, which
// is not in the site, only the text stays.
func (p *page) rewriteLinks(root ast.Node, outputs map[string]string) {
	var unwrapped []ast.Node

	_ = ast.Walk(root, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}

		switch n := node.(type) {
		case *ast.Link:
			destination, isInSite := p.resolveLink(string(n.Destination), outputs)
			n.Destination = []byte(destination)

			if !isInSite {
				unwrapped = append(unwrapped, n)
			}

		case *ast.Image:
			destination, _ := p.resolveLink(string(n.Destination), outputs)
			n.Destination = []byte(destination)
		}

		return ast.WalkContinue, nil
	})

	for _, link := range unwrapped {
		unwrapLink(link)
	}
}

// resolveLink returns the destination of a link in the site. It reports false for a link to a file that is not in the
// site.
func (p *page) resolveLink(written string, outputs map[string]string) (destination string, isInSite bool) {
	parsed, err := url.Parse(written)
	if err != nil {
		p.links = append(p.links, pageLink{written: written})
		return written, true
	}

	if parsed.Scheme != "" || parsed.Host != "" {
		return written, true
	}

	target := p.file
	if parsed.Path != "" {
		target = path.Join(path.Dir(p.file), parsed.Path)
	}

	if outputs[target] == "" && outputs[target+"/README.md"] != "" {
		target += "/README.md"
	}

	output := outputs[target]
	if output == "" {
		p.sources = append(p.sources, target)
		return written, false
	}

	p.links = append(p.links, pageLink{
		written: written,
		target:  target,
		anchor:  parsed.Fragment,
	})

	destination = findRoot(p.output) + output
	if target == p.file {
		destination = ""
	}

	if parsed.Fragment != "" {
		destination += "#" + parsed.Fragment
	}

	return destination, true
}

// unwrapLink replaces a link by its content.
func unwrapLink(link ast.Node) {
	parent := link.Parent()

	for child := link.FirstChild(); child != nil; {
		next := child.NextSibling()
		parent.InsertBefore(parent, link, child)
		child = next
	}

	parent.RemoveChild(parent, link)
}

// checkLinks returns an error for each broken link.
func checkLinks(pages []*page) []error {
	byFile := map[string]*page{}
	for _, p := range pages {
		byFile[p.file] = p
	}

	var broken []error

	for _, p := range pages {
		for _, link := range p.links {
			target, isPage := byFile[link.target]

			isBroken := link.target == "" || isPage && link.anchor != "" && !target.anchors[link.anchor]
			if isBroken {
				broken = append(broken, fmt.Errorf("%s: the link %q leads nowhere", p.file, link.written))
			}
		}
	}

	return broken
}

// listSources lists the files of the repository that pages link to and that are not in the site, each once.
func listSources(pages []*page) []string {
	seen := map[string]bool{}

	var all []string

	for _, p := range pages {
		for _, source := range p.sources {
			if !seen[source] && !strings.HasPrefix(source, "..") {
				all = append(all, source)
			}

			seen[source] = true
		}
	}

	return all
}
