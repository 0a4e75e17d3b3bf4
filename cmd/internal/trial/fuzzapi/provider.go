package fuzzapi

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"handrail/sandbox"
)

// Twilio has what requests from Twilio are made and signed with.
type Twilio struct {
	Account, Token string
	// Origin is the public address of the API, which is part of what is signed.
	Origin string
	// Number is a number of the workspace, Customers are the numbers that it has chats with.
	Number    string
	Customers []string
}

// fillForm makes the form of a webhook of Twilio, signed or forged.
func (s *requests) fillForm(q *request, m *maker) {
	form := url.Values{}
	form.Set("AccountSid", s.twilio.Account)
	form.Set("MessageSid", fmt.Sprintf("SM%016x%016x", m.r.Uint64(), m.r.Uint64()))
	form.Set("From", pickOne(m.r, s.twilio.Customers))
	form.Set("To", s.twilio.Number)
	form.Set("NumMedia", "0")

	bodies := []string{m.makeWords(0, 200), m.makeWords(0, 60), "STOP", "START", "yes", "\x00", "\xff", ""}
	statuses := []string{"queued", "sent", "delivered", "undelivered", "failed", "read", "x"}

	form.Set("Body", pickOne(m.r, bodies))
	form.Set("MessageStatus", pickOne(m.r, statuses))
	form.Set("ErrorCode", pickOne(m.r, []string{"", "30007", "x"}))

	if q.kind != "valid" {
		name := pickOne(m.r, slices.Sorted(maps.Keys(form)))
		form.Set(name, m.makeParameterValue(parameter{name: name, schema: object{"type": "string"}}, q.kind))
	}

	if q.kind == "wrong" && rollChance(m.r, 30) {
		form.Del(pickOne(m.r, slices.Sorted(maps.Keys(form))))
	}

	q.body = []byte(form.Encode())
	q.header.Set("X-Twilio-Signature", sandbox.SignForm(s.twilio.Token, s.twilio.Origin+q.target, form))

	if q.method != http.MethodPost || rollChance(m.r, 10) {
		q.header.Set("X-Twilio-Signature", "forged")
	}
}
