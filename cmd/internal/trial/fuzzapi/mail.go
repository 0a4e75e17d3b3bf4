package fuzzapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime/multipart"

	"handrail/sandbox"
)

// fillEvents makes the events that SendGrid posts about sent mails.
func (s *requests) fillEvents(q *request, m *maker) {
	events := []any{}

	for range m.r.IntN(4) {
		of := pickOne(m.r, []string{"delivery_id", "", "", ""})
		events = append(events, object{
			"event":         pickOne(m.r, []string{"processed", "delivered", "bounce", "dropped", "unsubscribe", "x"}),
			"email":         "ana@example.com",
			"sg_event_id":   m.makeUUID(),
			"sg_message_id": m.makeWord(),
			"timestamp":     1_800_000_000 + m.r.IntN(1000),
			"delivery_id":   m.places.pickID(m.r, m.workspace, of),
		})
	}

	var body any = events
	if q.kind != "valid" {
		body = m.spoil(body)
	}

	q.body, _ = json.Marshal(body) // values of JSON can be written

	s.signMail(q, m)
}

// fillMail makes the form that SendGrid posts for a mail that came in.
func (s *requests) fillMail(q *request, m *maker) {
	from := fmt.Sprintf("guest%d@example.com", m.r.IntN(20))
	fields := map[string]string{
		"from":     from,
		"to":       grantedAddress(0),
		"subject":  m.makeWords(1, 60),
		"text":     m.makeWords(1, 200),
		"envelope": fmt.Sprintf(`{"to":[%q],"from":%q}`, grantedAddress(0), from),
		"headers":  fmt.Sprintf("From: %s\nMessage-ID: <%s@example.com>\n", from, m.makeUUID()),
		"charsets": `{"text":"UTF-8"}`,
	}

	if q.kind != "valid" {
		name := pickOne(m.r, []string{"from", "envelope", "headers", "charsets", "text"})
		fields[name] = m.makeParameterValue(parameter{name: name, schema: object{"type": "string"}}, q.kind)
	}

	var form bytes.Buffer

	parts := multipart.NewWriter(&form)
	for name, value := range fields {
		_ = parts.WriteField(name, value) // a buffer takes everything
	}

	_ = parts.Close() // as above

	q.body = form.Bytes()
	q.header.Set("Content-Type", parts.FormDataContentType())

	s.signMail(q, m)
}

// signMail signs most requests as SendGrid does, and leaves one in ten unsigned.
func (s *requests) signMail(q *request, m *maker) {
	if s.sendGrid == nil || rollChance(m.r, 10) {
		return
	}

	if signed, err := sandbox.SignBody(s.sendGrid, q.body); err == nil {
		maps.Copy(q.header, signed)
	}
}
