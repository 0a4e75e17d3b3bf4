package sendgrid

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/jhillyerd/enmime/v2"
	"github.com/jhillyerd/enmime/v2/mediatype"

	"handrail/budget"
)

const (
	// maxBoundary is the most bytes of a boundary, of which RFC 2046 5.1.1 allows 70.
	maxBoundary = 200
	// maxPreamble is how far a boundary is looked for that is not named.
	maxPreamble = 64 << 10
)

// The media types that this package treats by name.
const (
	typePlain       = "text/plain"
	typeHTML        = "text/html"
	typeMultipart   = "multipart/"
	typeAlternative = "multipart/alternative"
	typeReport      = "multipart/report"
	attachment      = "attachment"
)

var (
	errTooManyParts = errors.New("too many parts")
	// declared is a boundary where it is named.
	declared = regexp.MustCompile(`^(?i)boundary\s*=\s*(?:"([^"\r\n]+)"|([^\s;"]+))`)
	// delimiter is the first line of a part above its headers.
	delimiter = regexp.MustCompile(`(?m)^--(\S{1,70})[ \t]*\r?\n(?i:content-)`)
)

// parseMIME reads the parts of an email.
//
// The parser forgives what people send, but takes a step for each byte at each level. So it is
// given an outline: the headers that say what the parts are, and a mark in place of what is in
// them. That stays as it was sent, for this package reads it the same way in both modes.
func parseMIME(head, body []byte) (*enmime.Part, error) {
	tree := &outline{boundaries: findBoundaries(head, body)}

	media, params := parseMediaType(parseHeaders(head).Get("Content-Type"))
	if strings.HasPrefix(media, typeMultipart) {
		head = tree.mendBoundary(head, body, params["boundary"])
	}

	tree.write(head, body)

	parser := enmime.NewParser(
		enmime.RawContent(true),
		enmime.SkipMalformedParts(true),
		enmime.MultipartWOBoundaryAsSinglePart(true),
		enmime.MaxStoredPartErrors(1),
		enmime.SetCustomParseMediaType(tree.parseMediaType),
	)

	root, err := parser.ReadParts(bytes.NewReader(tree.text))
	if err != nil {
		return nil, err
	}

	root.DepthMatchAll(func(part *enmime.Part) bool {
		part.Content = tree.expand(trimLineEnd(part.Content))
		return false
	})

	return root, nil
}

// findBoundaries returns the boundaries that the email names and uses. A multipart with another
// is read as text, for it has no parts.
func findBoundaries(head, body []byte) []string {
	var all []string

	for _, text := range [][]byte{head, body} {
		for _, word := range []string{"boundary", "Boundary", "BOUNDARY"} {
			all = appendBoundaries(all, text, word)
		}
	}

	return slices.DeleteFunc(all, func(name string) bool {
		line := []byte("--" + name)
		return !bytes.HasPrefix(body, line) && !bytes.Contains(body, append([]byte{'\n'}, line...))
	})
}

func appendBoundaries(all []string, text []byte, word string) []string {
	for range 4 * budget.MaxMultiparts {
		at := bytes.Index(text, []byte(word))
		if at < 0 || len(all) >= 2*budget.MaxMultiparts {
			break
		}

		text = text[at:]

		found := declared.FindSubmatch(text[:min(len(text), maxBoundary)])
		if found != nil && !slices.Contains(all, string(found[1])+string(found[2])) {
			all = append(all, string(found[1])+string(found[2]))
		}

		text = text[len(word):]
	}

	return all
}

// mendBoundary gives a multipart whose boundary is not said, or is not the one in use, that of
// the first line that looks like one.
func (o *outline) mendBoundary(head, body []byte, name string) []byte {
	if slices.Contains(o.boundaries, name) {
		return head
	}

	found := delimiter.FindSubmatch(body[:min(len(body), maxPreamble)])
	if found == nil {
		return head
	}

	o.boundaries = append(o.boundaries, string(found[1]))

	// The first of two headers of one name is the one that is read.
	return slices.Concat([]byte("Content-Type: multipart/mixed; boundary=\""), found[1], []byte("\"\r\n"), head)
}

// parameter is one of a media type that cannot be read as a whole.
var parameter = regexp.MustCompile(`(?i)\b(charset|boundary)\s*=\s*(?:"([^"]*)"|([^\s;"]+))`)

// parseMediaType reads a Content-Type or Content-Disposition. Of one that cannot be read, it
// returns what can.
func parseMediaType(header string) (media string, params map[string]string) {
	header = header[:min(len(header), budget.MaxPartHeaders)]

	word := strings.ToLower(strings.TrimSpace(header))
	if end := strings.IndexAny(word, "; \t,"); end >= 0 {
		word = word[:end]
	}

	if mediaToken.MatchString(word) || word == attachment || word == "inline" {
		media, params, _, err := mediatype.Parse(header)
		if err == nil && params != nil && media == word {
			return media, params
		}
	}

	params = make(map[string]string)

	for _, found := range parameter.FindAllStringSubmatch(header, 8) {
		name := strings.ToLower(found[1])
		if _, repeated := params[name]; !repeated {
			params[name] = found[2] + found[3]
		}
	}

	return mendMedia(word), params
}

// mendMedia is what somebody meant who wrote "html" or "text/plain/x"; what nobody can tell is
// read as text, for a text that is taken for a file is not read.
func mendMedia(word string) string {
	kind, _, _ := strings.Cut(word, "/")

	switch {
	case word == "", mediaToken.MatchString(word):
		return word
	case strings.HasPrefix(word, typeMultipart):
		return "multipart/mixed"
	case strings.HasPrefix(word, attachment):
		return attachment
	case strings.Contains(word, "html"):
		return typeHTML
	case kind == "application", kind == "image", kind == "audio", kind == "video", kind == "message":
		return kind + "/octet-stream"
	}

	return typePlain
}

// childrenOf returns the parts that a part holds, in order.
func childrenOf(p *enmime.Part) []*enmime.Part {
	var all []*enmime.Part
	for child := p.FirstChild; child != nil; child = child.NextSibling {
		all = append(all, child)
	}

	return all
}
