package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
)

//go:embed docs.html
var docsPage string

//go:embed docs.css
var docsStyle string

// docsTag is a part of the page.
type docsTag struct {
	*huma.Tag
	Operations []docsOperation
}

type docsOperation struct {
	*huma.Operation
	Answers []docsAnswer
}

type docsAnswer struct {
	Status string
	*huma.Response
}

// docs serves the document as one page without scripts and without anything from
// elsewhere. It is rendered when it is first asked for, since all routes are known then.
func (s *service) docs() fiber.Handler {
	page := sync.OnceValues(s.renderDocs)
	style := sha256.Sum256([]byte(docsStyle))
	policy := "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-" +
		base64.StdEncoding.EncodeToString(style[:]) + "'"

	return func(c *fiber.Ctx) error {
		html, err := page()
		if err != nil {
			return err
		}

		c.Set(fiber.HeaderContentSecurityPolicy, policy)
		c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
		c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)

		return c.Send(html)
	}
}

func (s *service) renderDocs() ([]byte, error) {
	parsed, err := template.New("docs").Funcs(template.FuncMap{
		"json":   indentJSON,
		"prose":  renderProse,
		"schema": schemaWords,
		"media":  exampleOf,
		"lower":  strings.ToLower,
	}).Parse(docsPage)
	if err != nil {
		return nil, fmt.Errorf("read the page of the documentation: %w", err)
	}

	document := s.api.OpenAPI()
	var out bytes.Buffer

	err = parsed.Execute(&out, map[string]any{
		"Info":    document.Info,
		"Style":   template.CSS(docsStyle), //nolint:gosec // the style is ours
		"Tags":    docsTags(document),
		"Schemas": document.Components.Schemas.Map(),
	})
	if err != nil {
		return nil, fmt.Errorf("render the documentation: %w", err)
	}

	return out.Bytes(), nil
}

func docsTags(document *huma.OpenAPI) []docsTag {
	tags := make([]docsTag, len(document.Tags))

	for i, tag := range document.Tags {
		tags[i].Tag = tag

		for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
			item := document.Paths[path]
			for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
				if op != nil && op.Tags[0] == tag.Name {
					tags[i].Operations = append(
						tags[i].Operations,
						docsOperation{Operation: op, Answers: docsAnswers(op)},
					)
				}
			}
		}
	}

	return tags
}

func docsAnswers(op *huma.Operation) []docsAnswer {
	answers := make([]docsAnswer, 0, len(op.Responses))
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		answers = append(answers, docsAnswer{Status: status, Response: op.Responses[status]})
	}

	return answers
}

func indentJSON(value any) (string, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")

	if err := encoder.Encode(value); err != nil {
		return "", fmt.Errorf("write an example: %w", err)
	}

	return out.String(), nil
}

// renderProse shows a description: paragraphs, and what stands in backquotes as code.
func renderProse(text string) template.HTML {
	var out strings.Builder
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		out.WriteString("<p>")

		for i, part := range strings.Split(paragraph, "`") {
			part = template.HTMLEscapeString(part)
			if i%2 == 1 {
				part = "<code>" + part + "</code>"
			}

			out.WriteString(part)
		}

		out.WriteString("</p>")
	}

	return template.HTML(out.String()) //nolint:gosec // every part was escaped
}

// schemaWords says in a few words what a schema takes.
func schemaWords(s *huma.Schema) string {
	if s == nil {
		return ""
	}

	if s.Ref != "" {
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
	}

	words := s.Type
	switch {
	case len(s.Enum) > 0:
		words = "one of " + listValues(s.Enum)
	case s.Type == huma.TypeArray:
		words = "list of " + schemaWords(s.Items)
	case len(s.OneOf) > 0 && s.Type == "":
		shapes := make([]string, len(s.OneOf))
		for i, one := range s.OneOf {
			shapes[i] = schemaWords(one)
		}

		words = strings.Join(shapes, ", or ")

	case words == "":
		words = "any JSON"
	case s.Format != "" && s.Format != "int64":
		words += ", " + s.Format
	}

	if s.Minimum != nil && s.Maximum != nil {
		words += fmt.Sprintf(", %.0f to %.0f", *s.Minimum, *s.Maximum)
	}

	if s.MaxLength != nil {
		words += fmt.Sprintf(", at most %d characters", *s.MaxLength)
	}

	if s.Default != nil {
		words += fmt.Sprintf(", %v when left out", s.Default)
	}

	return words
}

// exampleOf is the example among an answer's or a body's contents, nil when there is none.
func exampleOf(content map[string]*huma.MediaType) any {
	for _, media := range content {
		return media.Example
	}

	return nil
}
