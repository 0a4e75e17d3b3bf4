package sandbox_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

type sendGridErrors struct {
	Errors []struct {
		Message string  `json:"message"`
		Field   *string `json:"field"`
		Help    *string `json:"help"`
	} `json:"errors"`
}

func TestMailIsAnsweredAsSendGridDoes(t *testing.T) {
	t.Parallel()
	w := setup(t)
	accepted := w.mail(t, validMail)
	require.Equal(t, http.StatusAccepted, accepted.status, accepted.body)
	assert.Empty(t, accepted.body)
	assert.Regexp(t, `^[A-Za-z0-9_-]{22}$`, accepted.header.Get("X-Message-Id"))

	kept := w.Mails()
	require.Len(t, kept, 1)
	m := kept[0]
	assert.Equal(t, accepted.header.Get("X-Message-Id"), m.MessageID)
	assert.Equal(t, sandbox.Address{Email: "care@acme.example", Name: "Acme Care"}, m.From)
	assert.Equal(t, []sandbox.Address{{Email: "ana@customer.example", Name: "Ana Lopez"}}, m.To)
	assert.Equal(t, "It has left.", m.Text)
	assert.Equal(t, "<p>It has <b>left</b>.</p>", m.HTML)
	assert.Equal(t, map[string]string{"References": "<conv-1@acme.example>"}, m.Headers)
	assert.Equal(t, map[string]string{"fence": "1", "delivery_id": "d-1"}, m.CustomArgs)
	assert.JSONEq(t, validMail, string(m.Request))
	assert.Empty(t, m.RequestHeader.Get("Authorization"))
	assert.WithinDuration(t, time.Now(), m.ReceivedAt, time.Minute)
}

func TestEveryPersonalizationIsAMail(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.mail(
		t,
		`{"from":{"email":"care@acme.example"},"subject":"Global","headers":{"A":"1","B":"1"},"custom_args":{"a":"1"},
		"reply_to_list":[{"email":"r@acme.example"}],"categories":["news"],
		"personalizations":[
			{"to":[{"email":"ana@customer.example"}],"subject":"Own","headers":{"B":"2"},"custom_args":{"a":"2"},"from":{"email":"own@acme.example"}},
			{"to":[{"email":"ben@customer.example"}],"cc":[{"email":"cc@customer.example"}],"bcc":[{"email":"bcc@customer.example"}]}],
		"content":[{"type":"text/html","value":"<p>Hi</p>"}]}`,
	)

	kept := w.Mails()
	require.Len(t, kept, 2)
	assert.Equal(t, kept[0].MessageID, kept[1].MessageID)
	assert.Equal(t, "Own", kept[0].Subject)
	assert.Equal(t, "own@acme.example", kept[0].From.Email)
	assert.Equal(t, map[string]string{"A": "1", "B": "2"}, kept[0].Headers)
	assert.Equal(t, map[string]string{"a": "2"}, kept[0].CustomArgs)
	assert.Equal(t, "Global", kept[1].Subject)
	assert.Equal(t, "cc@customer.example", kept[1].CC[0].Email)
	assert.Equal(t, "bcc@customer.example", kept[1].BCC[0].Email)
	assert.Equal(t, "r@acme.example", kept[1].ReplyTo[0].Email)
	assert.Equal(t, []string{"news"}, kept[1].Categories)
	assert.Equal(t, "1", kept[1].Headers["B"])
	assert.Empty(t, kept[1].Text)
}

// mailWith is a valid mail with top-level fields replaced; nil removes one.
func mailWith(t *testing.T, changes map[string]any) string {
	t.Helper()
	var mail map[string]any
	require.NoError(t, json.Unmarshal([]byte(validMail), &mail))

	for field, value := range changes {
		mail[field] = value
		if value == nil {
			delete(mail, field)
		}
	}

	encoded, err := json.Marshal(mail)
	require.NoError(t, err)

	return string(encoded)
}

type object = map[string]any

func newPeople(n int) []object {
	all := make([]object, n)
	for i := range all {
		all[i] = object{"email": fmt.Sprintf("p%d@customer.example", i)}
	}

	return all
}

func TestSendGridRefuses(t *testing.T) {
	t.Parallel()
	w := setup(t)

	to := func(more object) []object {
		p := object{"to": newPeople(1)}
		maps.Copy(p, more)

		return []object{p}
	}

	plain, html := object{"type": "text/plain", "value": "x"}, object{"type": "text/html", "value": "<p>x</p>"}
	for name, test := range map[string]struct {
		changes object
		field   string
	}{
		"no from":                   {object{"from": nil}, "from.email"},
		"from without address":      {object{"from": object{"name": "Acme"}}, "from.email"},
		"from is no address":        {object{"from": object{"email": "acme"}}, "from.email"},
		"from is a string":          {object{"from": "care@acme.example"}, "from"},
		"from too long":             {object{"from": object{"email": strings.Repeat("a", 320) + "@acme.example"}}, "from.email"},
		"no personalizations":       {object{"personalizations": nil}, "personalizations"},
		"empty personalizations":    {object{"personalizations": []object{}}, "personalizations"},
		"too many personalizations": {object{"personalizations": make([]object, 1001)}, "personalizations"},
		"no to":                     {object{"personalizations": []object{{"cc": newPeople(1)}}}, "personalizations.0.to"},
		"to is no address":          {object{"personalizations": []object{{"to": []object{{"email": "Ana <a@b.example>"}}}}}, "personalizations.0.to.0.email"},
		"cc is no address":          {object{"personalizations": to(object{"cc": []object{{}}})}, "personalizations.0.cc.0.email"},
		"same address twice":        {object{"personalizations": to(object{"bcc": []object{{"email": "P0@customer.example"}}})}, "personalizations.0"},
		"too many recipients":       {object{"personalizations": []object{{"to": newPeople(1001)}}}, "personalizations"},
		"no subject":                {object{"subject": nil}, "subject"},
		"empty subject":             {object{"subject": ""}, "subject"},
		"no content":                {object{"content": nil}, "content"},
		"empty content":             {object{"content": []object{{"type": "text/plain", "value": ""}}}, "content.0.value"},
		"content without type":      {object{"content": []object{{"value": "x"}}}, "content.0.type"},
		"content type with charset": {object{"content": []object{{"type": "text/plain; charset=utf-8", "value": "x"}}}, "content.0.type"},
		"HTML before text":          {object{"content": []object{html, plain}}, "content"},
		"other before HTML":         {object{"content": []object{plain, {"type": "text/calendar", "value": "x"}, html}}, "content"},
		"reserved header":           {object{"headers": object{"Reply-To": "a@b.example"}}, "headers.Reply-To"},
		"reserved, whatever case":   {object{"headers": object{"dkim-SIGNATURE": "x"}}, "headers.dkim-SIGNATURE"},
		"reserved, of one":          {object{"personalizations": to(object{"headers": object{"BCC": "x"}})}, "personalizations.0.headers.BCC"},
		"header twice":              {object{"headers": object{"X-A": "1", "x-a": "2"}}, "headers"},
		"header with a space":       {object{"headers": object{"X A": "1"}}, "headers"},
		"header is a number":        {object{"headers": object{"X-A": 1}}, "headers"},
		"argument is a number":      {object{"custom_args": object{"fence": 1}}, "custom_args"},
		"arguments too large":       {object{"custom_args": object{"a": strings.Repeat("x", 10_000)}, "personalizations": to(nil)}, "custom_args"},
		"arguments too large, one":  {object{"personalizations": to(object{"custom_args": object{"a": strings.Repeat("x", 10_000)}})}, "personalizations.0.custom_args"},
		"too many categories":       {object{"categories": strings.Split("abcdefghijk", "")}, "categories"},
		"category too long":         {object{"categories": []string{strings.Repeat("c", 256)}}, "categories.0"},
		"scheduled too far":         {object{"send_at": time.Now().Add(73 * time.Hour).Unix()}, "send_at"},
		"scheduled too far, one":    {object{"personalizations": to(object{"send_at": time.Now().Add(73 * time.Hour).Unix()})}, "personalizations.0.send_at"},
		"reply_to is no address":    {object{"reply_to": object{"email": "nobody"}}, "reply_to.email"},
		"two ways to reply":         {object{"reply_to": newPeople(1)[0], "reply_to_list": newPeople(1)}, "reply_to_list"},
		"attachment not base64":     {object{"attachments": []object{{"content": "???", "filename": "a"}}}, "attachments.0.content"},
		"attachment without name":   {object{"attachments": []object{{"content": "aGk="}}}, "attachments.0.filename"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused := w.mail(t, mailWith(t, test.changes))
			require.Equal(t, http.StatusBadRequest, refused.status, refused.body)
			var problems sendGridErrors
			refused.decode(t, &problems)

			fields := []string{}

			for _, problem := range problems.Errors {
				assert.NotEmpty(t, problem.Message)
				require.NotNil(t, problem.Field)
				require.NotNil(t, problem.Help)
				fields = append(fields, *problem.Field)
			}

			assert.Contains(t, fields, test.field)
			assert.Empty(t, refused.header.Get("X-Message-Id"))
		})
	}

	t.Cleanup(func() { assert.Empty(t, w.Mails(), "nothing refused is kept") })
}

func TestSendGridNamesEveryProblem(t *testing.T) {
	t.Parallel()
	var problems sendGridErrors
	setup(t).mail(t, `{}`).decode(t, &problems)

	fields := []string{}
	for _, problem := range problems.Errors {
		fields = append(fields, *problem.Field)
	}

	assert.Equal(t, []string{"from.email", "personalizations", "subject", "content"}, fields)
}

func TestSendGridAccepts(t *testing.T) {
	t.Parallel()

	w := setup(t)
	for name, changes := range map[string]object{
		"subjects per personalization": {"subject": nil, "personalizations": []object{{"to": newPeople(1), "subject": "Own"}}},
		"a template":                   {"subject": nil, "content": nil, "template_id": "d-1"},
		"threading headers": {"headers": object{
			"Message-ID":            "<1@acme.example>",
			"In-Reply-To":           "<2@acme.example>",
			"References":            "<3@acme.example>",
			"List-Unsubscribe":      "<https://acme.example/u>",
			"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
			"Auto-Submitted":        "auto-replied",
		}},
		"a thousand recipients": {"personalizations": []object{{"to": newPeople(1000)}}},
		"soon":                  {"send_at": time.Now().Add(71 * time.Hour).Unix()},
		"an attachment":         {"attachments": []object{{"content": "aGk=", "filename": "hi.txt"}}},
		"fields it ignores":     {"asm": object{"group_id": 1}, "tracking_settings": object{"click_tracking": object{"enable": false}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			accepted := w.mail(t, mailWith(t, changes))
			assert.Equal(t, http.StatusAccepted, accepted.status, accepted.body)
		})
	}
}

func TestSendGridDoor(t *testing.T) {
	t.Parallel()
	w := setup(t)

	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			asSendGridCaller(r)
			r.Header.Set(name, value)
		}
	}

	const grant = "The provided authorization grant is invalid, expired, or revoked"
	for name, test := range map[string]struct {
		method, path, body string
		change             func(*http.Request)
		status             int
		message            string
	}{
		"no key":         {http.MethodPost, "/v3/mail/send", validMail, header("Authorization", ""), http.StatusUnauthorized, grant},
		"wrong key":      {http.MethodPost, "/v3/mail/send", validMail, header("Authorization", "Bearer SG.other"), http.StatusUnauthorized, grant},
		"no bearer":      {http.MethodPost, "/v3/mail/send", validMail, header("Authorization", arrivalKey), http.StatusUnauthorized, grant},
		"not JSON":       {http.MethodPost, "/v3/mail/send", validMail, header("Content-Type", "text/plain"), http.StatusUnsupportedMediaType, "Content-Type should be application/json."},
		"malformed":      {http.MethodPost, "/v3/mail/send", "{", asSendGridCaller, http.StatusBadRequest, "Bad Request"},
		"not an object":  {http.MethodPost, "/v3/mail/send", `"mail"`, asSendGridCaller, http.StatusBadRequest, "Bad Request"},
		"empty":          {http.MethodPost, "/v3/mail/send", "", asSendGridCaller, http.StatusBadRequest, "Bad Request"},
		"not UTF-8":      {http.MethodPost, "/v3/mail/send", "{\"subject\":\"\xff\"}", asSendGridCaller, http.StatusUnsupportedMediaType, "Invalid UTF8 in request"},
		"too large":      {http.MethodPost, "/v3/mail/send", strings.Repeat(" ", 30<<20+1), asSendGridCaller, http.StatusRequestEntityTooLarge, "The JSON payload is too large."},
		"wrong method":   {http.MethodGet, "/v3/mail/send", "", asSendGridCaller, http.StatusMethodNotAllowed, "method not allowed"},
		"unknown place":  {http.MethodGet, "/v3/messages", "", asSendGridCaller, http.StatusNotFound, "not found"},
		"with a charset": {http.MethodPost, "/v3/mail/send", validMail, header("Content-Type", "application/json; charset=utf-8"), http.StatusAccepted, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := w.do(t, test.method, test.path, test.body, test.change)
			assert.Equal(t, test.status, got.status, got.body)

			if test.message == "" {
				return
			}

			expected, err := json.Marshal(
				object{"errors": []object{{"message": test.message, "field": nil, "help": nil}}},
			)

			require.NoError(t, err)
			assert.JSONEq(t, string(expected), got.body)
		})
	}
}
