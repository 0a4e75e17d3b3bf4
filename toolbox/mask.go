package toolbox

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"handrail/chat"
)

// shortest is how long a secret must be: a shorter one would stand in every answer by chance, and could
// not be masked there.
const shortest = 6

// masked stands where a tool has repeated a secret.
const masked = "***"

// mask takes the definition's secrets out of what a tool has answered: some repeat the key
// that they refuse.
func (b *Toolbox) mask(d *chat.ToolDefinition, o *chat.ToolOutcome) {
	m := b.maskerOf(d)
	if m == nil {
		return
	}

	o.Message = m.maskText(o.Message)
	o.Result = m.maskJSON(o.Result)
}

// masker replaces secrets in the forms in which somebody may write them.
type masker struct{ replacer *strings.Replacer }

// maskerOf masks the secrets of a definition, and the tokens that were got with them. It is nil if there are none: then
// no tool was called with any.
func (b *Toolbox) maskerOf(d *chat.ToolDefinition) *masker {
	s, err := b.open(d)
	if err != nil || len(s.Values) == 0 {
		return nil
	}

	return newMasker(append(slices.Collect(maps.Values(s.Values)), b.tokens.listTokens(d.MCP)...))
}

// maskListing masks what a server has told of its tools: it may repeat what it was called with.
func (b *Toolbox) maskListing(d *chat.ToolDefinition, listing *chat.MCPListing) {
	m := b.maskerOf(d)
	if m == nil {
		return
	}

	for i := range listing.Discovered {
		tool := &listing.Discovered[i]
		tool.Description = m.maskText(tool.Description)
		tool.Schema = m.maskJSON(tool.Schema)
	}

	for i := range listing.LeftOut {
		listing.LeftOut[i].Name = m.maskText(listing.LeftOut[i].Name)
		listing.LeftOut[i].Reason = m.maskText(listing.LeftOut[i].Reason)
	}
}

func newMasker(secrets []string) *masker {
	var forms []string
	for _, secret := range secrets {
		forms = append(forms, formsOf(secret)...)
	}

	// The longest first: a form may stand within another one.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	forms = slices.Compact(forms)

	pairs := make([]string, 0, 2*len(forms))
	for _, form := range forms {
		pairs = append(pairs, form, masked)
	}

	return &masker{replacer: strings.NewReplacer(pairs...)}
}

// formsOf are a secret and what is commonly made of it: escaped for JSON, HTML and URLs, encoded, decoded
// if it is encoded itself, and reversed.
func formsOf(secret string) []string {
	forms := []string{
		secret,
		quoteJSON(secret, true),
		quoteJSON(secret, false),
		url.QueryEscape(secret),
		url.PathEscape(secret),
		strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;").Replace(secret),
		hex.EncodeToString([]byte(secret)),
		reverse(secret),
		quoteJSON(reverse(secret), true),
		quoteJSON(reverse(secret), false),
	}

	// The credentials of Basic (RFC 7617) are known by their text as well.
	if decoded, err := base64.StdEncoding.DecodeString(secret); err == nil && utf8.Valid(decoded) {
		text := string(decoded)
		_, password, _ := strings.Cut(text, ":")
		forms = append(forms, text, password)
	}

	for _, form := range base64Forms(secret) {
		forms = append(forms, form, url.QueryEscape(form))
	}

	return slices.DeleteFunc(forms, func(form string) bool { return len(form) < shortest })
}

// base64Forms are what stands for a secret in base64, wherever in a text it began: the ends, which
// depend on its neighbours, are left out.
func base64Forms(secret string) []string {
	var forms []string

	for before := range 3 {
		padded := append(make([]byte, before), secret...)
		padded = padded[:len(padded)-len(padded)%3]
		first := (before*8 + 5) / 6

		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			encoded := encoding.EncodeToString(padded)
			forms = append(forms, encoded[min(first, len(encoded)):])
		}
	}

	return forms
}

func quoteJSON(text string, escapeHTML bool) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(escapeHTML)
	_ = encoder.Encode(text) // a string can always be written

	return strings.Trim(strings.TrimSuffix(out.String(), "\n"), `"`)
}

func reverse(text string) string {
	runes := []rune(text)
	slices.Reverse(runes)

	return string(runes)
}

func (m *masker) maskText(text string) string { return m.replacer.Replace(text) }

// maskJSON masks what a document says: its strings, names and numbers, in whatever way they are written.
// One without a secret is returned as it is.
func (m *masker) maskJSON(document json.RawMessage) json.RawMessage {
	if len(document) == 0 {
		return document
	}

	var value any
	if decodeExact(document, &value) != nil {
		return json.RawMessage(m.maskText(string(document)))
	}

	clean, found := m.maskValue(value)
	if !found {
		return document
	}

	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)

	if err := encoder.Encode(clean); err != nil {
		return json.RawMessage(`"` + masked + `"`)
	}

	return bytes.TrimSpace(out.Bytes())
}

// maskValue masks a value, and reports whether there was a secret in it.
func (m *masker) maskValue(value any) (clean any, found bool) {
	switch value := value.(type) {
	case string:
		clean := m.maskText(value)
		return clean, clean != value

	case json.Number:
		if m.maskText(value.String()) != value.String() {
			return masked, true
		}

	case []any:
		for i := range value {
			item, has := m.maskValue(value[i])
			value[i] = item
			found = found || has
		}

		return value, found

	case map[string]any:
		clean := make(map[string]any, len(value))
		for name, item := range value {
			item, has := m.maskValue(item)
			safe := m.maskText(name)
			clean[safe] = item
			found = found || has || safe != name
		}

		return clean, found
	}

	return value, false
}
