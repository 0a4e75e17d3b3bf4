package sendgrid

import (
	"bytes"
	"net/textproto"
	"regexp"
	"strings"

	"github.com/jhillyerd/enmime/v2"

	"handrail/chat"
)

// cutOff is written where a text goes on of which only [budget.MaxMailText] bytes are read.
const cutOff = "\n[…]"

// email is one as Inbound Parse posts it, in either mode.
type email struct {
	decoder

	headers  textproto.MIMEHeader
	envelope envelope
	// from, to and cc are as they came, with encoded words.
	from, to, cc string
	subject      string
	// text is what it says, of its HTML where it has no text.
	text string
	// files are the first [chat.MaxFiles] of all that came.
	files     []chat.File
	fileCount int
	// hasReport is set by a part or a text that only programs write about deliveries.
	hasReport bool
	// evidence is what speaks for its author.
	evidence chat.MailEvidence
}

// addFile lists a file.
func (m *email) addFile(file chat.File) {
	m.fileCount++

	if len(m.files) < chat.MaxFiles {
		m.files = append(m.files, file)
	}

	switch file.Type {
	case "message/delivery-status", "message/global-delivery-status", "message/disposition-notification",
		"message/global-disposition-notification", "message/feedback-report":
		m.hasReport = true
	}
}

// readRaw takes an email as it came, the raw mode's one field.
func (m *email) readRaw(raw []byte) {
	head, body := cleanHeaders(bytes.TrimLeft(bytes.TrimPrefix(raw, []byte("\uFEFF")), "\r\n"))
	m.headers = parseHeaders(head)

	_, params := parseMediaType(m.headers.Get("Content-Type"))
	m.from = m.rawHeader("From", params["charset"])
	m.to = m.rawHeader("To", params["charset"])
	m.cc = m.rawHeader("Cc", params["charset"])
	m.subject = m.decodeWords(m.rawHeader("Subject", params["charset"]))

	root, err := parseMIME(head, body)
	if err != nil {
		m.mark("")
		m.text = m.decode(body, "")

		return
	}

	m.text = m.readPart(root).text
}

// rawHeader is a header whose bytes that are not ASCII are in the email's own character set, as
// programs write that know of no other way.
func (m *email) rawHeader(name, label string) string {
	return m.decode([]byte(m.headers.Get(name)), label)
}

// passage is what a part of an email says.
type passage struct {
	text string
	// rich is set if it was HTML.
	rich bool
}

func (p passage) isBlank() bool { return strings.TrimSpace(p.text) == "" }

// readPart returns what a part and those in it say, and lists the others as files.
func (m *email) readPart(part *enmime.Part) passage {
	children := childrenOf(part)
	if len(children) == 0 {
		return m.readLeaf(part)
	}

	passages := make([]passage, 0, len(children))
	for _, child := range children {
		passages = append(passages, m.readPart(child))
	}

	if part.ContentType == typeAlternative {
		return chooseAlternative(passages)
	}

	return joinPassages(passages)
}

// chooseAlternative takes the plain text, or else the last that has any, which is the one that
// its sender likes best (RFC 2046 5.1.4).
func chooseAlternative(passages []passage) passage {
	var best passage

	for _, p := range passages {
		switch {
		case p.isBlank():
		case !p.rich:
			return p
		default:
			best = p
		}
	}

	return best
}

// joinPassages puts together what was written above and below a picture. A text that comes once
// plain and once as HTML, though not as alternatives, is taken once.
func joinPassages(passages []passage) passage {
	var joined passage

	for _, p := range passages {
		switch {
		case p.isBlank():
		case joined.isBlank():
			joined = p
		case p.rich != joined.rich && saysTheSame(p.text, joined.text):
		default:
			joined.text = strings.TrimRight(joined.text, "\r\n\t ") + "\n\n" + strings.TrimLeft(p.text, "\r\n")
			joined.rich = joined.rich && p.rich
		}
	}

	return joined
}

func saysTheSame(a, b string) bool {
	return strings.Join(strings.Fields(a), "") == strings.Join(strings.Fields(b), "")
}

// readLeaf returns what a part says that holds no others.
func (m *email) readLeaf(part *enmime.Part) passage {
	media, params := parseMediaType(part.Header.Get("Content-Type"))
	if media == "" {
		media = typePlain
	}

	isText := media == typePlain || media == typeHTML || strings.HasPrefix(media, typeMultipart)
	disposition, _ := parseMediaType(part.Header.Get("Content-Disposition"))
	name := m.fileName(part.Header)
	transfer := part.Header.Get("Content-Transfer-Encoding")

	// A text that bears a name beside the one that was written is a file.
	if !isText || disposition == attachment || name != "" && part.Parent != nil && disposition != "" {
		if disposition != attachment && isAlternativeOnly(part, media) {
			return passage{}
		}

		m.addFile(chat.File{
			Name: name,
			Type: cleanType(media),
			Size: transferredSize(transfer, part.Content),
		})

		return passage{}
	}

	read, end := firstBytes(part.Content)

	content, known := decodeTransfer(transfer, read)
	if !known {
		m.mark(transferName(transfer))
	}

	said := passage{rich: media == typeHTML}
	if said.rich {
		said.text = textOfHTML(m.decodeHTML(content, params["charset"]))
	} else {
		said.text = m.decode(content, params["charset"])
	}

	said.text += end

	return said
}

// isAlternativeOnly reports whether the part is the same text in a form that only some programs
// show, and no file.
func isAlternativeOnly(part *enmime.Part, media string) bool {
	if part.Parent == nil || part.Parent.ContentType != typeAlternative {
		return false
	}

	return media == "text/x-amp-html" || media == "text/watch-html" || media == "text/enriched"
}

// metaCharset is where HTML names its character set.
var metaCharset = regexp.MustCompile(`(?i)<meta\s[^>]{0,300}charset\s*=\s*["']?\s*([a-z0-9_:.-]{1,40})`)

// maxMeta is how far into HTML its character set is looked for.
const maxMeta = 8 << 10

// decodeHTML decodes HTML, which may name its character set itself.
func (m *email) decodeHTML(raw []byte, label string) string {
	if found := metaCharset.FindSubmatch(raw[:min(len(raw), maxMeta)]); label == "" && found != nil {
		label = string(found[1])
	}

	return m.decode(raw, label)
}
