package console

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/a-h/templ"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// commandField is the name of the field by which a form says which command of its page it is.
const commandField = "command"

// commandForm is a form behind a button.
type commandForm struct {
	name   string
	action templ.SafeURL
	// tone is that of the button; "" for the one that is meant to be pressed.
	tone    string
	happens string
}

// openerClass returns the class of the button that opens the form.
func (c commandForm) openerClass() string {
	if c.tone == "" {
		return ""
	}

	return "tone-" + c.tone
}

// buttonClass returns the class of the button that sends the form.
func (c commandForm) buttonClass() string {
	if c.tone == "" {
		return "primary"
	}

	return "tone-" + c.tone
}

// commandButton returns a button that opens a form. If the API has refused the form, it comes back open, with all that
// was typed.
func commandButton(v *viewer, name string, action templ.SafeURL, tone, happens string) templ.Component {
	return newCommand(v, commandForm{
		name:    name,
		action:  action,
		tone:    tone,
		happens: happens,
	})
}

// editButton returns a button that opens a form which changes what the page shows.
func editButton(v *viewer, name string, action templ.SafeURL, happens string) templ.Component {
	return newCommand(v, commandForm{
		name:    name,
		action:  action,
		happens: happens,
	})
}

// newCommand returns the component of a form. Its fields are the component's children.
func newCommand(v *viewer, c commandForm) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		fields := templ.GetChildren(ctx)
		ctx = templ.ClearChildren(ctx)

		if !v.mayBeRefused(c) {
			return commandFrame(v, c, false).Render(templ.WithChildren(ctx, fields), w)
		}

		var typed bytes.Buffer
		if err := fields.Render(ctx, &typed); err != nil {
			return err
		}

		refilled, isRefused := refillFields(typed.String(), v.PostForm)

		return commandFrame(v, c, isRefused).Render(templ.WithChildren(ctx, templ.Raw(refilled)), w)
	})
}

// mayBeRefused reports whether the form that was refused is one of this command. Its hidden fields say whether it is
// this very one: a page may have the same command for several things.
func (v *viewer) mayBeRefused(c commandForm) bool {
	if !v.isRefused(c.action) {
		return false
	}

	name := v.PostForm.Get(commandField)

	return name == "" || name == c.name
}

// refillFields returns the fields of a form with what was typed into them, and whether it is the form that was posted:
// what its hidden fields say stands in the posted ones too. If it is not, the fields are as they were.
func refillFields(fields string, posted map[string][]string) (refilled string, isPosted bool) {
	r := &refiller{
		in:     html.NewTokenizer(strings.NewReader(fields)),
		posted: posted,
		taken:  map[string]int{},
	}

	for r.in.Next() != html.ErrorToken {
		if !r.copyNext() {
			return fields, false
		}
	}

	return r.out.String(), true
}

// refiller copies the fields of a form, and writes into them what was posted.
type refiller struct {
	in     *html.Tokenizer
	out    strings.Builder
	posted map[string][]string
	// taken counts how many values of each name have a field already.
	taken map[string]int
	// choices are the posted values of the list whose choices are copied; nil outside of lists.
	choices []string
}

// copyNext copies the next part. It reports false if a hidden field says that the form is about another thing.
func (r *refiller) copyNext() bool {
	raw := string(r.in.Raw())
	token := r.in.Token()

	switch {
	case token.Type == html.EndTagToken && token.DataAtom == atom.Select:
		r.choices = nil
	case token.Type != html.StartTagToken && token.Type != html.SelfClosingTagToken:
	case token.DataAtom == atom.Input:
		return r.copyInput(raw, token)
	case token.DataAtom == atom.Select:
		r.choices = r.posted[attributeOf(token, "name")]
	case token.DataAtom == atom.Option:
		r.copyOption(raw, token)
		return true
	case token.DataAtom == atom.Textarea:
		r.copyTextarea(raw, token)
		return true
	}

	r.out.WriteString(raw)

	return true
}

// copyInput copies an input.
func (r *refiller) copyInput(raw string, token html.Token) bool {
	name := attributeOf(token, "name")
	given := r.posted[name]

	switch attributeOf(token, "type") {
	case "hidden":
		r.out.WriteString(raw)

		return len(given) == 0 || slices.ContainsFunc(given, func(value string) bool {
			return unifyLines(value) == unifyLines(attributeOf(token, "value"))
		})
	case "file", "password", "submit", "button":
		r.out.WriteString(raw)
	case "checkbox", "radio":
		r.writeFlagged(raw, token, "checked", slices.Contains(given, attributeOf(token, "value")))
	default:
		value, ok := r.takeNext(name)
		if !ok || value == attributeOf(token, "value") {
			r.out.WriteString(raw)
			break
		}

		if at := indexOf(token, "value"); at >= 0 {
			token.Attr[at].Val = value
		} else {
			token.Attr = append(token.Attr, html.Attribute{Key: "value", Val: value})
		}

		r.out.WriteString(token.String())
	}

	return true
}

// copyOption copies a choice of a list, whose value is its text if it has none of its own.
func (r *refiller) copyOption(raw string, token html.Token) {
	value, text := attributeOf(token, "value"), ""

	if indexOf(token, "value") < 0 && r.in.Next() == html.TextToken {
		text = string(r.in.Raw())
		value = strings.TrimSpace(r.in.Token().Data)
	}

	isChosen := slices.Contains(r.choices, value)
	if r.choices == nil {
		isChosen = indexOf(token, "selected") >= 0
	}

	r.writeFlagged(raw, token, "selected", isChosen)
	r.out.WriteString(text)
}

// copyTextarea copies a text box with what was typed in it.
func (r *refiller) copyTextarea(raw string, token html.Token) {
	r.out.WriteString(raw)

	value, ok := r.takeNext(attributeOf(token, "name"))
	if !ok {
		return
	}

	var before, rest strings.Builder

	for r.in.Next() == html.TextToken {
		rest.Write(r.in.Raw())
		before.WriteString(r.in.Token().Data)
	}

	switch {
	case unifyLines(before.String()) == unifyLines(value):
		r.out.WriteString(rest.String())
	case strings.HasPrefix(value, "\n"), strings.HasPrefix(value, "\r"):
		r.out.WriteString("\n" + html.EscapeString(value)) // the first end of a line counts for nothing
	default:
		r.out.WriteString(html.EscapeString(value))
	}

	r.out.Write(r.in.Raw())
}

// writeFlagged copies a tag with an attribute that has no value, or without it.
func (r *refiller) writeFlagged(raw string, token html.Token, key string, isSet bool) {
	at := indexOf(token, key)

	switch {
	case isSet == (at >= 0):
		r.out.WriteString(raw)
		return
	case isSet:
		token.Attr = append(token.Attr, html.Attribute{Key: key})
	default:
		token.Attr = slices.Delete(token.Attr, at, at+1)
	}

	r.out.WriteString(token.String())
}

// takeNext returns the next posted value of a name, for fields of which there are several.
func (r *refiller) takeNext(name string) (string, bool) {
	given := r.posted[name]
	if r.taken[name] >= len(given) {
		return "", false
	}

	value := given[r.taken[name]]
	r.taken[name]++

	return value, true
}

// unifyLines returns a text with the ends of lines that pages have, where browsers post others.
func unifyLines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// indexOf returns where a tag has an attribute, -1 if it has none.
func indexOf(token html.Token, key string) int {
	return slices.IndexFunc(token.Attr, func(attribute html.Attribute) bool { return attribute.Key == key })
}

// attributeOf returns an attribute of a tag, "" if it has none.
func attributeOf(token html.Token, key string) string {
	if at := indexOf(token, key); at >= 0 {
		return token.Attr[at].Val
	}

	return ""
}
