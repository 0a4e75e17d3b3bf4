package fuzzapi

import (
	"fmt"
	"strings"
)

// longestCurl is the most bytes of a body that formatCurl writes.
const longestCurl = 3000

// formatCurl writes the request as a command for the shell, with a variable in place of the key.
func (q *request) formatCurl(origin string) string {
	var b strings.Builder

	fmt.Fprintf(&b, "curl -i -X %s", q.method)

	for name, values := range q.header {
		for _, value := range values {
			if name == "Authorization" {
				value = "Bearer $" + strings.ToUpper(strings.ReplaceAll(q.by.Name, " ", "_"))
				fmt.Fprintf(&b, " -H \"%s: %s\"", name, value)

				continue
			}

			fmt.Fprintf(&b, " -H %s", quoteShell(name+": "+value))
		}
	}

	if len(q.body) > 0 {
		fmt.Fprintf(&b, " --data-binary %s", quoteShell(string(q.body[:min(len(q.body), longestCurl)])))
	}

	if len(q.body) > longestCurl {
		fmt.Fprintf(&b, " `# and %d bytes more`", len(q.body)-longestCurl)
	}

	fmt.Fprintf(&b, " %s", quoteShell(origin+q.target))

	return b.String()
}

// quoteShell quotes a text as one word of bash.
func quoteShell(text string) string {
	plain := !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
	if plain {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}

	var b strings.Builder

	for _, c := range []byte(text) {
		switch {
		case c == '\'' || c == '\\':
			b.WriteString(`\` + string(rune(c)))
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}

	return "$'" + b.String() + "'"
}
