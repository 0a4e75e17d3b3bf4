package guide

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"handrail"
)

//go:embed assets
var assets embed.FS

// Policy is the Content-Security-Policy of the site's pages: what they load is their own, and nothing is inline.
const Policy = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; img-src 'self'; " +
	"script-src 'self'; style-src 'self'"

// The names of the site's files that are not made from a file of the documentation.
const (
	// Index is the first page.
	Index = "index.html"
	// missing is the page that a server shows for a file that does not exist.
	missing    = "404.html"
	searchPage = "search.html"
	styleFile  = "style.css"
	scriptFile = "search.js"
	iconFile   = "icon.svg"
	indexFile  = "search-index.js"
)

// Options say where a site will be published.
type Options struct {
	// Root is the address of the site, with a slash at its end. With "" the links of the 404 page work only in the
	// site's root.
	Root string
	// API is the address of the API's reference pages, "" if there are none.
	API string
}

// Site is the whole documentation as files of a web site.
type Site struct {
	files map[string][]byte
	pages []*page
}

// Build builds the site. It returns an error that names every broken link.
func Build(options Options) (*Site, error) {
	outputs, err := listOutputs()
	if err != nil {
		return nil, err
	}

	s := &Site{files: map[string][]byte{}}

	for _, file := range slices.Sorted(maps.Keys(outputs)) {
		source, err := handrail.Pages.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}

		if path.Ext(file) != ".md" {
			s.files[outputs[file]] = source
			continue
		}

		p, err := readPage(file, source, outputs)
		if err != nil {
			return nil, err
		}

		s.pages = append(s.pages, p)
	}

	if broken := checkLinks(s.pages); len(broken) > 0 {
		return nil, errors.Join(broken...)
	}

	return s, s.render(options)
}

// listOutputs returns the names of the site's files by the files of the documentation.
func listOutputs() (map[string]string, error) {
	outputs := map[string]string{}

	err := fs.WalkDir(handrail.Pages, ".", func(file string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			outputs[file] = nameOutput(file)
		}

		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the pages: %w", err)
	}

	return outputs, nil
}

// Find returns the content of a file of the site, and false if there is no such file.
func (s *Site) Find(name string) (content []byte, found bool) {
	content, found = s.files[name]
	return content, found
}

// Missing returns the page for a file that does not exist.
func (s *Site) Missing() []byte { return s.files[missing] }

// Names lists the site's files, sorted.
func (s *Site) Names() []string { return slices.Sorted(maps.Keys(s.files)) }

// pageView is the data of the template.
type pageView struct {
	Title string
	Body  template.HTML
	// Root leads to the root of the site, API to the API's pages if there are any.
	Root, API string
	Groups    []groupView
	// Outline are the page's sections, Children the other pages of its folder.
	Outline  []linkView
	Children []linkView
	// Search is set for the page that shows the results of a search.
	Search bool
}

type groupView struct {
	Title string
	Links []linkView
}

type linkView struct {
	Title, Output string
	Current       bool
}

// render makes the files of all pages, and those beside them.
func (s *Site) render(options Options) error {
	parsed, err := template.ParseFS(assets, "assets/page.html")
	if err != nil {
		return fmt.Errorf("read the template of the pages: %w", err)
	}

	views := map[string]pageView{
		missing: {
			Title: "There is no such page",
			Body:  "<h1>There is no such page</h1><p>All pages are listed here, and the search looks into them.</p>",
		},
		searchPage: {Title: "Search", Body: "<h1>Search</h1>", Search: true},
	}

	for _, p := range s.pages {
		views[p.output] = pageView{
			Title:    p.title,
			Body:     p.body,
			Outline:  p.listOutline(),
			Children: s.listChildren(p),
		}
	}

	for output, view := range views {
		view.Root = findRoot(output)
		if output == missing {
			view.Root = options.Root
		}

		view.API = options.API
		view.Groups = s.listGroups(output)

		var out bytes.Buffer
		if err := parsed.Execute(&out, view); err != nil {
			return fmt.Errorf("render %s: %w", output, err)
		}

		s.files[output] = out.Bytes()
	}

	return s.addAssets()
}

// addAssets adds the style, the icon, the script and the index that the script searches.
func (s *Site) addAssets() error {
	for _, name := range []string{styleFile, scriptFile, iconFile} {
		content, err := assets.ReadFile("assets/" + name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}

		s.files[name] = content
	}

	index, err := s.writeIndex()
	s.files[indexFile] = index

	return err
}

// listOutline lists the sections of a page, if there are at least three.
func (p *page) listOutline() []linkView {
	var links []linkView

	for i := range p.sections {
		if p.sections[i].level == 2 {
			links = append(links, linkView{Title: p.sections[i].heading, Output: "#" + p.sections[i].anchor})
		}
	}

	if len(links) < 3 {
		return nil
	}

	return links
}

// listChildren lists the other pages in the folder of a README. The site's first page has none.
func (s *Site) listChildren(p *page) []linkView {
	if p.output == Index || path.Base(p.file) != "README.md" {
		return nil
	}

	var links []linkView

	for _, other := range s.pages {
		if other != p && path.Dir(other.file) == path.Dir(p.file) {
			links = append(links, linkView{Title: other.title, Output: path.Base(other.output)})
		}
	}

	return links
}

// listGroups returns the navigation of a page.
func (s *Site) listGroups(current string) []groupView {
	groups := make([]groupView, len(contents))

	for i, part := range contents {
		groups[i].Title = part.title

		for _, file := range part.files {
			for _, p := range s.pages {
				if p.file != file {
					continue
				}

				groups[i].Links = append(groups[i].Links, linkView{
					Title:   p.title,
					Output:  p.output,
					Current: p.output == current,
				})
			}
		}
	}

	return groups
}

// searchEntry is a section in the index of the search.
type searchEntry struct {
	Page    string `json:"page"`
	Heading string `json:"heading,omitempty"`
	Address string `json:"address"`
	Text    string `json:"text"`
}

// writeIndex writes the index as a script, because a page that was opened from a file cannot load anything else.
func (s *Site) writeIndex() ([]byte, error) {
	var entries []searchEntry

	for _, p := range s.pages {
		for i := range p.sections {
			section := &p.sections[i]

			address := p.output
			if section.anchor != "" {
				address += "#" + section.anchor
			}

			entries = append(entries, searchEntry{
				Page:    p.title,
				Heading: section.heading,
				Address: address,
				Text:    strings.Join(strings.Fields(section.text.String()), " "),
			})
		}
	}

	encoded, err := json.Marshal(entries)
	if err != nil {
		return nil, fmt.Errorf("write the index of the search: %w", err)
	}

	return slices.Concat([]byte("window.handrailSections = "), encoded, []byte(";\n")), nil
}
