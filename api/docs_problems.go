package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"

	"handrail/chat"
)

// problemPage is the data of the page of one problem, or of the list of all.
type problemPage struct {
	Title    string
	Style    template.CSS
	Problem  *explainedProblem
	Problems []explainedProblem
}

// explainedProblem is a code with its explanation and its HTTP status.
type explainedProblem struct {
	chat.ProblemText
	Status int
}

// explainProblem adds the HTTP status to the explanation of a code.
func explainProblem(text *chat.ProblemText) explainedProblem {
	return explainedProblem{ProblemText: *text, Status: statuses[text.Code.Kind()]}
}

// problemTemplate is the template of the pages of problems.
var problemTemplate = sync.OnceValues(func() (*template.Template, error) {
	page, err := viewer.ReadFile("viewer/problems.html")
	if err != nil {
		return nil, err
	}

	return template.New("problems").Funcs(template.FuncMap{"prose": renderProse}).Parse(string(page))
})

// serveProblems answers with the list of all problems.
func serveProblems(c *fiber.Ctx) error {
	page := problemPage{Title: "Problems"}

	for _, text := range chat.ProblemTexts() {
		page.Problems = append(page.Problems, explainProblem(&text))
	}

	return sendProblemPage(c, page)
}

// serveProblem answers with the page of the code in the path.
func serveProblem(c *fiber.Ctx) error {
	text, known := chat.FindProblemText(chat.Code(c.Params("code")))
	if !known {
		return chat.Errorf(chat.CodeNotFound, "there is no problem with this code; %s lists all", pathProblems)
	}

	explained := explainProblem(&text)

	return sendProblemPage(c, problemPage{Title: string(text.Code), Problem: &explained})
}

// sendProblemPage answers with a page of problems, whose policy allows its own style and nothing else.
func sendProblemPage(c *fiber.Ctx, page problemPage) error {
	parsed, err := problemTemplate()
	if err != nil {
		return fmt.Errorf("read the page of the problems: %w", err)
	}

	style, err := viewer.ReadFile("viewer/problems.css")
	if err != nil {
		return fmt.Errorf("read the style of the problems: %w", err)
	}

	page.Style = template.CSS(style) //nolint:gosec // the style is ours

	var out bytes.Buffer
	if err := parsed.Execute(&out, page); err != nil {
		return fmt.Errorf("render the page of the problems: %w", err)
	}

	sum := sha256.Sum256(style)
	policy := "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-" +
		base64.StdEncoding.EncodeToString(sum[:]) + "'"

	return sendPage(c, out.Bytes(), policy)
}

// renderProse returns a text as HTML, with code for what is in backquotes.
func renderProse(text string) template.HTML {
	var out strings.Builder

	for i, part := range strings.Split(text, "`") {
		part = template.HTMLEscapeString(part)
		if i%2 == 1 {
			part = "<code>" + part + "</code>"
		}

		out.WriteString(part)
	}

	return template.HTML(out.String()) //nolint:gosec // every part was escaped
}
