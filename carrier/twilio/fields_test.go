package twilio_test

import (
	"maps"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/carrier/twilio"
	"handrail/chat"
)

// attacker and victim are who writes, and in whose name.
const (
	attacker = "+15550666"
	victim   = "+15550199"
)

// splitAgain calls with a form that runs together to the same text as the one that Twilio has
// signed.
func splitAgain(t *testing.T, signed, split url.Values) error {
	t.Helper()

	signature := signForm(token, origin+inboxPath, signed)
	require.Equal(t, signature, signForm(token, origin+inboxPath, split), "the signature must hold, or this tests nothing")

	_, err := newWebhook(t).Inbound(inboxPath, http.Header{
		"Content-Type":         {"application/x-www-form-urlencoded"},
		twilio.SignatureHeader: {signature},
	}, []byte(split.Encode()))

	return err
}

// fullForm is a text message with all fields of places, as Twilio posts it.
func fullForm(from, body string) url.Values {
	form := inboundForm(body)
	for _, field := range []string{"FromCity", "FromState", "FromZip", "ToCity", "ToState", "ToZip"} {
		form.Set(field, "")
	}

	form.Set("From", from)
	form.Set("FromCountry", "US")
	form.Set("ToCountry", "US")
	form.Set("ApiVersion", "2010-04-01")
	form.Set("SmsStatus", "received")
	form.Set("SmsSid", messageSID)
	form.Set("SmsMessageSid", messageSID)

	return form
}

// changed is the form with some fields others.
func changed(form url.Values, fields map[string]string) url.Values {
	other := url.Values{}
	maps.Copy(other, form)

	for name, value := range fields {
		other.Set(name, value)
	}

	return other
}

// A text that looks like other fields is a text: it cannot be made another sender's message.
func TestATextIsNotSplitAgain(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		text  string
		split map[string]string
		drop  []string
	}{
		"into a field nobody knows": {
			text:  "yesFrom" + victim + "FromA",
			split: map[string]string{"Body": "yes", "From": victim, "FromA": "From" + attacker},
		},
		"into a place": {
			text:  "yesFrom" + victim + "FromCity",
			split: map[string]string{"Body": "yes", "From": victim, "FromCity": "From" + attacker + "FromCity"},
		},
		"into the sender itself": {
			text:  "yesFrom" + victim,
			split: map[string]string{"Body": "yes", "From": victim + "From" + attacker},
		},
		"into a file": {
			text: "yesFrom" + victim + "MediaUrl0https://a.example/",
			split: map[string]string{
				"Body":      "yes",
				"From":      victim,
				"MediaUrl0": "https://a.example/From" + attacker + "FromCityFromCountryUSFromStateFromZip",
			},
			drop: []string{"FromCity", "FromCountry", "FromState", "FromZip"},
		},
		"into the sender's name": {
			text:  "yes",
			split: map[string]string{"Body": "yesFrom" + attacker, "From": "City"},
			drop:  []string{"FromCity"},
		},
		"into another message": {
			text: "yesFrom" + victim + "FromCityMessageSidSM00000000000000000000000000000009Mess",
			split: map[string]string{
				"Body":     "yes",
				"From":     victim,
				"FromCity": "",
				"MessageSid": "SM00000000000000000000000000000009MessFrom" + attacker +
					"FromCityFromCountryUSFromStateFromZipMessageSid" + messageSID,
			},
			drop: []string{"FromCountry", "FromState", "FromZip"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			signed := fullForm(attacker, c.text)
			split := changed(signed, c.split)

			for _, field := range c.drop {
				split.Del(field)
			}

			err := splitAgain(t, signed, split)
			require.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err))
			assert.NotContains(t, err.Error(), attacker)
			assert.NotContains(t, err.Error(), victim)
		})
	}

	for _, text := range []string{"yesFrom" + victim + "FromA", "From +1 555, To: you", "ToCity"} {
		in := readInbound(t, fullForm(attacker, text))
		assert.Equal(t, attacker, in.From)
		assert.Equal(t, text, in.Text, "as it was written, it is the attacker's own")
	}
}

func TestEveryFieldHasItsFormat(t *testing.T) {
	t.Parallel()

	for field, values := range map[string][]string{
		"MessageSid":          {"SM1", messageSID + "0", "SM0000000000000000000000000000000g"},
		"AccountSid":          {"AC1Body", ""},
		"MessagingServiceSid": {"MG1"},
		"From":                {"+1555<0199", "+15550199From", "+1555019912345678901234"},
		"To":                  {"a\nb", "To+15550199"},
		"NumMedia":            {"x", "-1", ""},
		"NumSegments":         {"1.5"},
		"ApiVersion":          {"2010-04-01Body"},
		"SmsStatus":           {"received1"},
		"FromCity":            {"ROME+1", "From+1"},
		"MediaUrl0":           {"https://a.example/ b"},
		"AddOns":              {"{}Body"},
		"Name of nobody":      {""},
		"X":                   {"From+15550199", "SmsSid" + messageSID},
	} {
		for _, value := range values {
			form := changed(fullForm(victim, "hello"), map[string]string{field: value})
			_, err := newWebhook(t).Inbound(inboxPath, signedHeader(token, inboxPath, form), []byte(form.Encode()))
			assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), "%s: %q", field, value)

			_, err = newWebhook(t).ReadInbound("", []byte(form.Encode()))
			assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), "replayed: %s: %q", field, value)
		}
	}

	for field, value := range map[string]string{
		"FromCity":     "ST. JOHN'S (NORTH)",
		"From":         "Müller & Co",
		"ProfileName":  "Tom From Toronto",
		"AddOns":       `{"status":"successful"}`,
		"NewOfTwilios": "something else",
		"MediaUrl0":    "https://api.twilio.com/2010-04-01/Accounts/" + account + "/Messages/" + messageSID,
	} {
		form := changed(fullForm(victim, "hello"), map[string]string{field: value})
		_, err := newWebhook(t).Inbound(inboxPath, signedHeader(token, inboxPath, form), []byte(form.Encode()))
		require.NoError(t, err, "%s: %q", field, value)
	}
}

func TestAStatusHasItsFormats(t *testing.T) {
	t.Parallel()

	for field, value := range map[string]string{
		"MessageStatus": "+1 555\x00",
		"ErrorCode":     "x",
		"To":            "+15550199SmsSid" + messageSID,
		"Another":       "MessageStatusdelivered",
	} {
		form := changed(statusForm("failed", "30003"), map[string]string{field: value})
		_, err := newWebhook(t).Status(statusPath, signedHeader(token, statusPath, form), []byte(form.Encode()))
		assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), field)
	}
}
