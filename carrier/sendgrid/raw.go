package sendgrid

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strings"
)

// maxDepth bounds how deep parts of an email may lie in each other.
const maxDepth = 8

func newReader(raw []byte) *textproto.Reader {
	return textproto.NewReader(bufio.NewReader(bytes.NewReader(raw)))
}

// headersOf reads headers; beyond one that cannot be read, the rest is not there.
func headersOf(r *textproto.Reader) textproto.MIMEHeader {
	headers, err := r.ReadMIMEHeader()
	if err != nil && headers == nil {
		headers = make(textproto.MIMEHeader)
	}

	return headers
}

// readRaw takes an email as it came, the raw mode's one field.
func (m *email) readRaw(raw []byte) {
	r := newReader(raw)
	m.headers = headersOf(r)
	m.from = m.headers.Get("From")
	m.to = m.headers.Get("To")
	m.cc = m.headers.Get("Cc")

	m.subject = m.headers.Get("Subject")
	if subject, err := words.DecodeHeader(m.subject); err == nil {
		m.subject = subject
	}

	m.readPart(m.headers, r.R, maxDepth)
}

// readPart takes the text and the HTML of a part, the first of each, and counts the rest.
func (m *email) readPart(headers textproto.MIMEHeader, body io.Reader, depth int) {
	media, params, err := mime.ParseMediaType(headers.Get("Content-Type"))
	if err != nil {
		media = "text/plain"
	}

	disposition, _, _ := mime.ParseMediaType(headers.Get("Content-Disposition"))
	switch {
	case strings.HasPrefix(media, "multipart/"):
		if depth > 0 && params["boundary"] != "" {
			m.readParts(multipart.NewReader(body, params["boundary"]), depth-1)
		}

	case disposition != "attachment" && media == "text/plain" && m.text == "":
		m.text = decodeCharset(decodeTransfer(headers, body), params["charset"])
	case disposition != "attachment" && media == "text/html" && m.html == "":
		m.html = decodeCharset(decodeTransfer(headers, body), params["charset"])
	default:
		m.files++
	}
}

// readParts reads as many parts as can be read.
func (m *email) readParts(parts *multipart.Reader, depth int) {
	for range maxParts {
		part, err := parts.NextRawPart()
		if err != nil {
			return
		}

		m.readPart(part.Header, part, depth)
	}
}

// decodeTransfer undoes the encoding for the way (RFC 2045 6), as far as it goes.
func decodeTransfer(headers textproto.MIMEHeader, body io.Reader) []byte {
	switch strings.ToLower(strings.TrimSpace(headers.Get("Content-Transfer-Encoding"))) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}

	text, _ := io.ReadAll(io.LimitReader(body, maxField)) // what came before an error is text all the same

	return text
}
