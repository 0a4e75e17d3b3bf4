package guide

import (
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// pageLink is a link from one page to a place on another one, or on itself.
type pageLink struct {
	// written is as the file has it, target the file that it leads to.
	written, target string
	// anchor is "" for the page's beginning.
	anchor string
}

// rewriteLinks makes links between files into links between pages. Links to other files of the repository lead
// nowhere in a site, so only their text stays.
func (p *page) rewriteLinks(root ast.Node, outputs map[string]string) {
	var unwrapped []ast.Node

	_ = ast.Walk(root, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}

		switch n := node.(type) {
		case *ast.Link:
			destination, stays := p.resolveLink(string(n.Destination), outputs)
			n.Destination = []byte(destination)

			if !stays {
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

// resolveLink returns where a link leads to in the site, and whether there is such a place.
func (p *page) resolveLink(written string, outputs map[string]string) (destination string, stays bool) {
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

	destination = rootOf(p.output) + output
	if target == p.file {
		destination = ""
	}

	if parsed.Fragment != "" {
		destination += "#" + parsed.Fragment
	}

	return destination, true
}

// unwrapLink puts what a link shows in its place.
func unwrapLink(link ast.Node) {
	parent := link.Parent()

	for child := link.FirstChild(); child != nil; {
		next := child.NextSibling()
		parent.InsertBefore(parent, link, child)
		child = next
	}

	parent.RemoveChild(parent, link)
}

// checkLinks returns an error for each link whose place is not there.
func checkLinks(pages []*page) []error {
	byFile := map[string]*page{}
	for _, p := range pages {
		byFile[p.file] = p
	}

	var failed []error

	for _, p := range pages {
		for _, link := range p.links {
			target, isPage := byFile[link.target]

			isMissing := link.target == "" || isPage && link.anchor != "" && !target.anchors[link.anchor]
			if isMissing {
				failed = append(failed, fmt.Errorf("%s: the link %q leads nowhere", p.file, link.written))
			}
		}
	}

	return failed
}

// sourceLinks lists the files of the repository that pages name by a link, each once.
func sourceLinks(pages []*page) []string {
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
