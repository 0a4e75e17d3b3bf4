package sendgrid_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/internal/growth"
)

const deliveryID = "01935c2e-7d1a-7000-8000-000000000001"

func readEvents(t *testing.T, body string) []chat.Report {
	t.Helper()
	s := newSigner(t)
	reports, err := newWebhook(t, s).Events(s.sign(t, []byte(body)), []byte(body))
	require.NoError(t, err)

	return reports
}

// eventAbout is an event of that kind about our delivery, with more fields.
func eventAbout(kind, more string) string {
	return `{"event":"` + kind + `","sg_message_id":"14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0","timestamp":1513299569,
		"email":"ana@mail.example","smtp-id":"<a@b>","sg_event_id":"x","delivery_id":"` + deliveryID + `","fence":"3"` + more + `}`
}

func TestEvent(t *testing.T) {
	t.Parallel()

	raw := eventAbout("bounce", `,"type":"bounce","status":"5.1.1","reason":"550 5.1.1 <ana@mail.example> is unknown"`)
	reports := readEvents(t, "["+raw+"]")
	require.Len(t, reports, 1)
	assert.NotEmpty(t, reports[0].Key)

	assert.Equal(t, chat.Report{
		Provider:          chat.ProviderSendGrid,
		Key:               reports[0].Key,
		DeliveryID:        deliveryID,
		Fence:             3,
		ProviderMessageID: "14c5d75ce93.dfd.64b469",
		Type:              "bounce",
		Accepts:           true,
		DeliveryStatus:    chat.StatusBounced,
		ErrorCode:         "sendgrid_5.1.1",
		ErrorMessage:      "the recipient's mailbox does not exist",
		Suppress:          chat.SuppressedBounce,
		HappenedAt:        time.Unix(1513299569, 0).UTC(),
		Raw:               []byte(raw),
	}, reports[0])
}

func TestEvents(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		event    string
		accepts  bool
		carrier  chat.DeliveryStatus
		code     string
		suppress chat.SuppressionReason
	}{
		"processed":     {eventAbout("processed", ""), true, chat.StatusSending, "", ""},
		"deferred":      {eventAbout("deferred", `,"attempt":"2"`), true, chat.StatusDeferred, "sendgrid_deferred", ""},
		"delivered":     {eventAbout("delivered", ""), true, chat.StatusDelivered, "", ""},
		"bounce":        {eventAbout("bounce", ""), true, chat.StatusBounced, "sendgrid_bounce", chat.SuppressedBounce},
		"blocked":       {eventAbout("bounce", `,"type":"blocked"`), true, chat.StatusUndelivered, "sendgrid_blocked", ""},
		"dropped":       {eventAbout("dropped", `,"reason":"Invalid SMTPAPI header"`), true, chat.StatusFailed, "sendgrid_invalid_smtpapi_header", ""},
		"drop, bounced": {eventAbout("dropped", `,"reason":"Bounced Address"`), true, chat.StatusFailed, "sendgrid_bounced_address", chat.SuppressedBounce},
		"drop, unsubscribed": {
			eventAbout("dropped", `,"reason":"Unsubscribed Address"`), true, chat.StatusFailed, "sendgrid_unsubscribed_address", chat.SuppressedUnsubscribe,
		},
		"drop, spam": {
			eventAbout("dropped", `,"reason":"Spam Reporting Address\n"`), true, chat.StatusFailed, "sendgrid_spam_reporting_address", chat.SuppressedSpam,
		},
		"reason of another": {eventAbout("delivered", `,"reason":"Bounced Address"`), true, chat.StatusDelivered, "", ""},
		"spam report":       {eventAbout("spamreport", ""), false, "", "", chat.SuppressedSpam},
		"unsubscribe":       {eventAbout("unsubscribe", ""), false, "", "", chat.SuppressedUnsubscribe},
		"group unsubscribe": {eventAbout("group_unsubscribe", ""), false, "", "", chat.SuppressedGroup},
		"mailbox full":      {eventAbout("bounce", `,"type":"blocked","status":"5.2.2"`), true, chat.StatusUndelivered, "sendgrid_5.2.2", ""},
		"status unknown":    {eventAbout("bounce", `,"status":"5.9.9"`), true, chat.StatusBounced, "sendgrid_bounce", chat.SuppressedBounce},
		"status of no code": {eventAbout("bounce", `,"status":"429"`), true, chat.StatusBounced, "sendgrid_bounce", chat.SuppressedBounce},
		"reason unknown":    {eventAbout("dropped", `,"reason":"New reason"`), true, chat.StatusFailed, "sendgrid_dropped", ""},
		"group resubscribe": {eventAbout("group_resubscribe", ""), false, "", "", ""},
		"open":              {eventAbout("open", ""), false, "", "", ""},
		"click":             {eventAbout("click", `,"url":"https://a.example"`), false, "", "", ""},
		"unknown":           {eventAbout("teleported", ""), false, "", "", ""},
		"of the account":    {`{"event":"delivered","type":"account_status_change"}`, false, "", "", ""},
		"not an object":     {`"delivered"`, false, "", "", ""},
		"null":              {`null`, false, "", "", ""},
		"of odd types":      {`{"event":["delivered"],"sg_message_id":{"a":1},"timestamp":"x","fence":null}`, false, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reports := readEvents(t, "["+c.event+"]")
			require.Len(t, reports, 1, "every event is kept")
			r := reports[0]
			assert.Equal(t, c.accepts, r.Accepts)
			assert.Equal(t, c.carrier, r.DeliveryStatus)
			assert.Equal(t, c.code, r.ErrorCode)
			assert.Equal(t, c.suppress, r.Suppress)
			assert.NotContains(t, r.ErrorMessage, "@")
			assert.Equal(t, r.ErrorCode == "", r.ErrorMessage == "")
			assert.Equal(t, name == "group resubscribe", r.Lifts == chat.SuppressedGroup)
			assert.NotEmpty(t, r.Key)
			assert.NotEmpty(t, r.Type)
		})
	}
}

// TestABounceThatHasOnlyOurMessageID is a late one, which SendGrid could not tie to its own id.
func TestABounceThatHasOnlyOurMessageID(t *testing.T) {
	t.Parallel()

	const own = "0199aa00-1111-7222-8333-444455556666@mail.example"

	for _, id := range []string{own, "<" + own + ">"} {
		r := readEvents(t, `[{"event":"bounce","type":"bounce","status":"5.1.1","email":"ana@mail.example",
			"smtp-id":"`+id+`","timestamp":1513299569}]`)[0]

		assert.Equal(t, id, r.EmailMessageID)
		assert.Equal(t, "ana@mail.example", r.To)
		assert.Equal(t, chat.StatusBounced, r.DeliveryStatus)
		assert.Equal(t, chat.SuppressedBounce, r.Suppress)
		assert.True(t, r.Accepts)
	}

	foreign := readEvents(t, `[{"event":"bounce","email":"ana@mail.example","smtp-id":"<a@b>","timestamp":1}]`)[0]
	assert.Empty(t, foreign.EmailMessageID, "not one that we give")
	assert.Equal(t, chat.StatusNone, foreign.DeliveryStatus)
}

func TestEventKeys(t *testing.T) {
	t.Parallel()

	batch := readEvents(
		t,
		"["+eventAbout("deferred", `,"attempt":"1"`)+","+eventAbout("deferred", `,"attempt":"2"`)+","+eventAbout("processed", "")+","+
			eventAbout("click", `,"url":"a"`)+","+eventAbout("click", `,"url":"b"`)+","+eventAbout("deferred", `,"attempt":"1","x":1`)+
			`,{"type":"account_status_change","timestamp":1},{"type":"account_status_change","timestamp":2}]`,
	)

	keys := make(map[string]bool)
	for i := range batch {
		keys[batch[i].Key] = true
	}

	assert.Len(t, batch, 8)
	assert.Len(t, keys, 7, "one came twice")
}

func TestEventIDs(t *testing.T) {
	t.Parallel()

	for long, short := range map[string]string{
		"Xj5LmNkWSOqRbdvOpR34BA.recvd-85abf8d92c-3qfgp-2-7890E356-43C.1": "Xj5LmNkWSOqRbdvOpR34BA",
		"14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0":            "14c5d75ce93.dfd.64b469",
		"Xj5LmNkWSOqRbdvOpR34BA":                                         "Xj5LmNkWSOqRbdvOpR34BA",
	} {
		assert.Equal(t, short, readEvents(t, `[{"event":"processed","sg_message_id":"`+long+`"}]`)[0].ProviderMessageID)
	}
}

func TestEventsThatAreNone(t *testing.T) {
	t.Parallel()

	s := newSigner(t)
	for _, body := range []string{"", "{}", "null", "[", `[{"event":`, "<html>", "a=b"} {
		_, err := newWebhook(t, s).Events(s.sign(t, []byte(body)), []byte(body))
		require.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), body)
	}

	assert.Empty(t, readEvents(t, "[]"))
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte("[" + eventAbout("bounce", `,"type":"blocked"`) + "]"))
	f.Add([]byte(`[1,null,"a",{"event":1,"fence":"-1"},{"delivery_id":"\u0000","event":"processed"}]`))
	f.Add([]byte(`{}`))
	s := newSigner(f)
	w := newWebhook(f, s)
	f.Fuzz(func(t *testing.T, body []byte) {
		growth.Check(t, len(body), func() {
			reports, err := w.Events(s.sign(t, body), body)
			if err != nil {
				require.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err))
				return
			}

			var all []json.RawMessage
			require.NoError(t, json.Unmarshal(body, &all))
			require.Len(t, reports, len(all))

			for _, r := range reports {
				require.True(t, r.Key != "" && r.Type != "" && r.Fence >= 0)
				require.NotContains(t, r.ProviderMessageID+string(r.DeliveryID)+r.Type, "\x00")
				require.True(t, !r.Accepts || r.ProviderMessageID != "" || r.DeliveryID != "" || r.EmailMessageID != "")
			}
		})
	})
}
