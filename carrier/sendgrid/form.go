package sendgrid

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"strings"

	"handrail/chat"
)

const (
	// maxParts bounds the fields and files of one post.
	maxParts = 1000
	// maxField bounds what is read of one field; the whole body is bounded before.
	maxField = 32 << 20
)

// email is one as Inbound Parse posts it, its fields in UTF-8.
type email struct {
	headers  textproto.MIMEHeader
	from     string
	to, cc   string
	subject  string
	text     string
	html     string
	envelope envelope
	files    int
}

// envelope is what the sending server said, which headers need not repeat.
type envelope struct {
	// From is nil when nothing was said, and empty for a mail that wants no answer.
	From *string  `json:"from"`
	To   []string `json:"to"`
}

// sender is the address that the sending server gave, "" for none.
func (e *envelope) sender() string {
	if e.From == nil {
		return ""
	}

	return strings.Trim(*e.From, "<> ")
}

// readForm reads the post. Files are counted and not kept.
func readForm(contentType string, body []byte) (*email, error) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "multipart/form-data" || params["boundary"] == "" {
		return nil, chat.Invalid("header.Content-Type", "must be multipart/form-data with a boundary")
	}

	fields, files, err := formFields(multipart.NewReader(bytes.NewReader(body), params["boundary"]))
	if err != nil {
		return nil, chat.Invalid("body", "must be a complete multipart form")
	}

	m := &email{files: files}
	if json.Unmarshal(fields["envelope"], &m.envelope) != nil {
		m.envelope = envelope{} // headers name the addresses too
	}

	if raw, ok := fields["email"]; ok {
		m.readRaw(raw)
		return m, nil
	}

	if _, ok := fields["from"]; !ok {
		return nil, chat.Invalid("from", "must be given; set Inbound Parse to post the parsed email, or the raw one")
	}

	m.readParsed(fields)

	return m, nil
}

// formFields are the form's fields, the first of each name, and how many files it has.
func formFields(form *multipart.Reader) (fields map[string][]byte, files int, err error) {
	fields = make(map[string][]byte)

	for range maxParts {
		part, err := form.NextPart()
		// The very value: wrapped, it is the end of a form that was cut off.
		if err == io.EOF { //nolint:errorlint // errors.Is would see no difference
			return fields, files, nil
		}

		if err != nil {
			return nil, 0, err
		}

		if part.FileName() != "" {
			files++
			continue
		}

		value, err := io.ReadAll(io.LimitReader(part, maxField))
		if err != nil {
			return nil, 0, err
		}

		if _, repeated := fields[part.FormName()]; !repeated {
			fields[part.FormName()] = value
		}
	}

	return nil, 0, errors.New("too many parts")
}

// readParsed takes the fields of the parsed mode, each in the charset that is told for it.
func (m *email) readParsed(fields map[string][]byte) {
	var charsets map[string]string
	_ = json.Unmarshal(fields["charsets"], &charsets) // without it, all are taken for UTF-8
	field := func(name string) string { return decodeCharset(fields[name], charsets[name]) }
	m.headers = readHeaders(fields["headers"])
	m.from = field("from")
	m.to = field("to")
	m.cc = field("cc")
	m.subject = field("subject")
	m.text = field("text")
	m.html = field("html")
}

// readHeaders reads as many headers as can be read.
func readHeaders(raw []byte) textproto.MIMEHeader {
	return headersOf(newReader(append(bytes.TrimSpace(raw), "\r\n\r\n"...)))
}

// words decodes encoded words (RFC 2047) in headers.
var words = mime.WordDecoder{CharsetReader: func(charset string, input io.Reader) (io.Reader, error) {
	raw, err := io.ReadAll(input)
	return strings.NewReader(decodeCharset(raw, charset)), err
}}
