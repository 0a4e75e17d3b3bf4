package render

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
)

// schemes are those of links that are kept; other links leave their text.
var schemes = []string{"http", "https", "mailto", "tel"}

// newPolicy allows what Markdown makes and nothing else. Links open in their own window
// and tell the other side nothing of ours.
func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "del", "code", "pre",
		"blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td")

	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	p.AllowAttrs("value").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("li")
	p.AllowAttrs("align").Matching(regexp.MustCompile(`^(left|center|right)$`)).OnElements("th", "td")
	p.AllowAttrs("href", "title").OnElements("a")
	p.AllowAttrs("src", "alt", "title").OnElements("img")
	p.AllowURLSchemes(schemes...)
	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(false)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)

	return p
}

// html is the message as an HTML fragment that is safe to show.
func (r *Renderer) html(message string) (string, error) {
	d := r.parse(message)

	var rendered bytes.Buffer
	if err := r.markdown.Renderer().Render(&rendered, d.source, d.root); err != nil {
		return "", fmt.Errorf("rendering a message as HTML: %w", err)
	}

	safe := strings.TrimSpace(r.policy.SanitizeReader(&rendered).String())
	if smsText(message) == "" && !strings.Contains(safe, "<img src=") {
		return "", errNothing()
	}

	return safe, nil
}

// inline gives elements the styles that mail programs would not take from a style sheet.
// It is applied to sanitized HTML, in which a < begins an element and nothing else.
var inline = strings.NewReplacer(
	"<blockquote>",
	`<blockquote style="margin:0 0 16px;padding:0 0 0 16px;border-left:3px solid #d0d5dd;color:#475467">`,
	"<pre>",
	`<pre style="margin:0 0 16px;padding:12px;background:#f2f4f7;overflow-x:auto">`,
	"<code>",
	`<code style="font-family:Consolas,Menlo,monospace;font-size:14px">`,
	"<table>",
	`<table style="margin:0 0 16px;border-collapse:collapse">`,
	"<th>",
	`<th style="padding:6px 12px;border:1px solid #d0d5dd">`,
	"<th ",
	`<th style="padding:6px 12px;border:1px solid #d0d5dd" `,
	"<td>",
	`<td style="padding:6px 12px;border:1px solid #d0d5dd">`,
	"<td ",
	`<td style="padding:6px 12px;border:1px solid #d0d5dd" `,
	"<img ",
	`<img style="max-width:100%" `,
)

const (
	layoutHead = `<!DOCTYPE html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>`
	layoutBody = `</title></head>
<body style="margin:0;padding:0;background:#ffffff">
<div dir="auto" style="max-width:640px;margin:0 auto;padding:24px;font:16px/1.5 -apple-system,'Segoe UI',Roboto,Arial,sans-serif;color:#101828">
`
	layoutEnd = `
</div>
</body></html>
`
)

// layoutPage puts our page around sanitized content.
func layoutPage(title, content string) string {
	return layoutHead + html.EscapeString(title) + layoutBody + inline.Replace(content) + layoutEnd
}
