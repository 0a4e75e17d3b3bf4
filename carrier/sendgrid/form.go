package sendgrid

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"regexp"
	"slices"
	"strings"

	"handrail/budget"
	"handrail/chat"
)

// maxField bounds what is read of one field; the whole body is bounded before.
const maxField = 32 << 20

// envelope is what the sending server said, which headers need not repeat.
type envelope struct {
	// From is nil when nothing was said, and empty for a mail that wants no answer.
	From *string  `json:"from"`
	To   []string `json:"to"`
}

// isNull reports whether the sending server said that it wants no answer (RFC 5321 4.5.5).
func (e *envelope) isNull() bool { return e.From != nil && e.sender() == "" }

// sender is the address that the sending server gave, "" for none.
func (e *envelope) sender() string {
	if e.From == nil {
		return ""
	}

	return strings.Trim(*e.From, "<> ")
}

// readForm reads the post. Of its files, it keeps what they are called and how big they are.
func readForm(contentType string, body []byte) (*email, error) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "multipart/form-data" || params["boundary"] == "" {
		return nil, chat.Invalid("header.Content-Type", "must be multipart/form-data with a boundary")
	}

	if !beginsWith(body, params["boundary"]) {
		return nil, chat.Invalid("body", "must begin with the boundary that Content-Type names")
	}

	m := new(email)

	fields, err := m.readFields(multipart.NewReader(bytes.NewReader(body), params["boundary"]))
	if err != nil {
		return nil, chat.Invalid("body", "must be a complete multipart form")
	}

	if json.Unmarshal(fields["envelope"], &m.envelope) != nil {
		m.envelope = envelope{} // headers name the addresses too
	}

	m.readEvidence(fields)

	if raw, ok := fields["email"]; ok {
		m.readRaw(raw)
		m.findReport()

		return m, nil
	}

	if _, ok := fields["from"]; !ok {
		return nil, chat.Invalid("from", "must be given; set Inbound Parse to post the parsed email, or the raw one")
	}

	m.readParsed(fields)
	m.findReport()

	return m, nil
}

// beginsWith reports whether the form begins with a line of its boundary. SendGrid does not sign
// Content-Type: with another boundary, a form that somebody has put into a text would be read
// instead of the one around it.
func beginsWith(body []byte, boundary string) bool {
	rest, ok := bytes.CutPrefix(body, []byte("--"+boundary))
	return ok && (bytes.HasPrefix(rest, []byte("\r\n")) || bytes.HasPrefix(rest, []byte("\n")))
}

// readFields returns the form's fields, the first of each name, and lists its files.
func (m *email) readFields(form *multipart.Reader) (map[string][]byte, error) {
	fields := make(map[string][]byte)

	for range budget.MaxParts {
		part, err := form.NextPart()
		// The very value: wrapped, it is the end of a form that was cut off.
		if err == io.EOF { //nolint:errorlint // errors.Is would see no difference
			return fields, nil
		}

		if err != nil {
			return nil, err
		}

		name, isFile := partName(part)
		if isFile {
			size, err := io.Copy(io.Discard, part)
			if err != nil {
				return nil, err
			}

			m.addFile(chat.File{
				Name: m.fileName(part.Header),
				Type: cleanType(part.Header.Get("Content-Type")),
				Size: size,
			})

			continue
		}

		value, err := io.ReadAll(io.LimitReader(part, maxField))
		if err != nil {
			return nil, err
		}

		_, repeated := fields[name]
		if !repeated {
			fields[name] = value
		} else if slices.Contains(evidenceFields, name) {
			m.evidence.Doubtful = true
		}
	}

	return nil, errTooManyParts
}

var (
	// fieldName is the name of a part of a form.
	fieldName = regexp.MustCompile(`(?i)(?:^|[;\s])name\s*=\s*(?:"([^"]*)"|([^;\s]*))`)
	// fileField is the name of a file; what is said about files is in "attachments" and others.
	fileField = regexp.MustCompile(`^attachment[0-9]+$`)
)

// partName returns the name of a part of the form, and whether it is a file. Names of files are
// strangers' words, and may make the whole header unreadable for strict parsers.
func partName(part *multipart.Part) (name string, isFile bool) {
	name = part.FormName()
	if name == "" {
		if found := fieldName.FindStringSubmatch(part.Header.Get("Content-Disposition")); found != nil {
			name = found[1] + found[2]
		}
	}

	return name, part.FileName() != "" || fileField.MatchString(name)
}

// readParsed takes the fields of the parsed mode, each in the charset that is told for it.
func (m *email) readParsed(fields map[string][]byte) {
	var charsets map[string]string
	_ = json.Unmarshal(fields["charsets"], &charsets) // without it, all are taken for UTF-8
	field := func(name string) string { return m.decode(fields[name], charsets[name]) }

	m.headers = readHeaders(fields["headers"])
	m.from = field("from")
	m.to = field("to")
	m.cc = field("cc")
	m.subject = m.decodeWords(field("subject"))

	text, end := firstBytes(fields["text"])
	m.text = m.decode(text, charsets["text"]) + end

	if strings.TrimSpace(m.text) == "" {
		page, end := firstBytes(fields["html"])
		m.text = textOfHTML(m.decodeHTML(page, charsets["html"])) + end
	}
}

// firstBytes is what is read of a text, and what is written behind it: [cutOff] if it goes on.
func firstBytes(text []byte) (read []byte, end string) {
	if len(text) <= budget.MaxMailText {
		return text, ""
	}

	return text[:budget.MaxMailText], cutOff
}
