// Package guide makes one site of the documentation's Markdown files: pages with navigation, anchors and a search. The
// links between the files lead from page to page; one that leads nowhere is an error. The site needs nothing from
// elsewhere, and no script but that of its search.
package guide
