// Package guide builds a web site from the Markdown files of the documentation: pages with navigation, anchors and
// search. Links between the files become links between pages, and a broken link is an error. The site loads nothing
// from other hosts, and no script but that of its search.
package guide
