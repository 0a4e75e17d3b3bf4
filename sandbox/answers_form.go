package sandbox

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strconv"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
)

// form is the mail as Inbound Parse posts it, parsed or raw:
// https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook.
func (a MailAnswer) form(original Mail) (body []byte, contentType string, err error) {
	fields, err := a.fields(original)
	if err != nil {
		return nil, "", err
	}

	var form bytes.Buffer
	parts := multipart.NewWriter(&form)

	for _, field := range fields {
		if field[1] == "" {
			continue
		}

		if err := parts.WriteField(field[0], field[1]); err != nil {
			return nil, "", fmt.Errorf("write %s: %w", field[0], err)
		}
	}

	if !a.Raw {
		for i, f := range a.Files {
			if err := writeFile(parts, "attachment"+strconv.Itoa(i+1), f); err != nil {
				return nil, "", err
			}
		}
	}

	if err := parts.Close(); err != nil {
		return nil, "", fmt.Errorf("close the form: %w", err)
	}

	return form.Bytes(), parts.FormDataContentType(), nil
}

// fields are those of the form, in their order. Those that are "" are left out.
func (a MailAnswer) fields(original Mail) ([][2]string, error) {
	envelope, err := json.Marshal(map[string]any{
		"to":   []string{a.To},
		"from": a.envelopeFrom(),
	})
	if err != nil {
		return nil, fmt.Errorf("write the envelope: %w", err)
	}

	fields := [][2]string{
		{"dkim", a.dkim()},
		{"to", cmp.Or(a.Headers["To"], a.To)},
		{"cc", a.Headers["Cc"]},
		{"from", cmp.Or(a.Headers["From"], a.From)},
		{"sender_ip", "127.0.0.1"},
		{"subject", a.Subject},
		{"spam_report", "Spam detection software reports nothing."},
		{"spam_score", "0.1"},
		{"envelope", string(envelope)},
		{"SPF", a.spf()},
	}

	if a.Raw {
		raw, err := a.mime(original)
		return append(fields, [2]string{"email", raw}), err
	}

	text, err := encodeText(a.Text, a.Charset)
	if err != nil {
		return nil, err
	}

	html, err := encodeText(a.HTML, a.Charset)
	if err != nil {
		return nil, err
	}

	charset := cmp.Or(a.Charset, "utf-8")

	return append(
		fields,
		[2]string{"headers", a.head(original)},
		[2]string{"text", text},
		[2]string{"html", html},
		[2]string{"attachments", strconv.Itoa(len(a.Files))},
		[2]string{
			"charsets",
			`{"to":"UTF-8","from":"UTF-8","subject":"UTF-8","text":"` + charset + `","html":"` + charset + `"}`,
		},
	), nil
}

// encodeText encodes text in a character set by its name on the web; "" is UTF-8.
func encodeText(text, charset string) (string, error) {
	if charset == "" {
		return text, nil
	}

	known, err := htmlindex.Get(charset)
	if err != nil {
		return "", fmt.Errorf("the charset %q is not known", charset)
	}

	encoded, err := encoding.HTMLEscapeUnsupported(known.NewEncoder()).String(text)
	if err != nil {
		return "", fmt.Errorf("write in %s: %w", charset, err)
	}

	return encoded, nil
}

func writeFile(parts *multipart.Writer, field string, f AnswerFile) error {
	header := textproto.MIMEHeader{}
	names := map[string]string{"name": field, "filename": f.Name}
	header.Set("Content-Disposition", mime.FormatMediaType("form-data", names))
	header.Set("Content-Type", f.mediaType())

	part, err := parts.CreatePart(header)
	if err == nil {
		_, err = part.Write([]byte(f.Content))
	}

	if err != nil {
		return fmt.Errorf("write the file %s: %w", f.Name, err)
	}

	return nil
}

// mime is the whole mail, as it went over the wire.
func (a MailAnswer) mime(original Mail) (string, error) {
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)

	for _, one := range []struct{ media, text string }{{"text/plain", a.Text}, {"text/html", a.HTML}} {
		if one.text == "" {
			continue
		}

		if err := a.writeText(parts, one.media, one.text); err != nil {
			return "", err
		}
	}

	for _, f := range a.Files {
		header := textproto.MIMEHeader{}
		header.Set("Content-Type", f.mediaType())
		header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
		header.Set("Content-Transfer-Encoding", "base64")

		part, err := parts.CreatePart(header)
		if err == nil {
			_, err = part.Write([]byte(base64.StdEncoding.EncodeToString([]byte(f.Content))))
		}

		if err != nil {
			return "", fmt.Errorf("write the file %s: %w", f.Name, err)
		}
	}

	if err := parts.Close(); err != nil {
		return "", fmt.Errorf("close the mail: %w", err)
	}

	head := a.head(original) + "Content-Type: multipart/mixed; boundary=" + parts.Boundary() + "\n"

	return strings.ReplaceAll(head, "\n", "\r\n") + "\r\n" + body.String(), nil
}

// writeText writes one text of the mail, in its character set.
func (a MailAnswer) writeText(parts *multipart.Writer, media, text string) error {
	encoded, err := encodeText(text, a.Charset)
	if err != nil {
		return err
	}

	header := textproto.MIMEHeader{}
	header.Set("Content-Type", media+"; charset="+cmp.Or(a.Charset, "utf-8"))
	header.Set("Content-Transfer-Encoding", "quoted-printable")

	part, err := parts.CreatePart(header)
	if err != nil {
		return fmt.Errorf("write a text: %w", err)
	}

	quoted := quotedprintable.NewWriter(part)
	if _, err := quoted.Write([]byte(encoded)); err != nil {
		return fmt.Errorf("write a text: %w", err)
	}

	if err := quoted.Close(); err != nil {
		return fmt.Errorf("write a text: %w", err)
	}

	return nil
}
