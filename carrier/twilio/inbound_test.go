package twilio_test

import (
	"net/url"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/internal/growth"
)

func inboundForm(body string) url.Values {
	return url.Values{
		"MessageSid":  {messageSID},
		"AccountSid":  {account},
		"From":        {"+15550199"},
		"To":          {"+15550100"},
		"Body":        {body},
		"NumMedia":    {"0"},
		"NumSegments": {"1"},
	}
}

func readInbound(t *testing.T, form url.Values) chat.Inbound {
	t.Helper()
	in, err := newWebhook(t).Inbound(inboxPath, signedHeader(token, inboxPath, form), []byte(form.Encode()))
	require.NoError(t, err)

	return in
}

func TestInbound(t *testing.T) {
	t.Parallel()

	form := inboundForm(" Where is it?\r\nAna\x00 ")
	form.Set("MessagingServiceSid", service)

	assert.Equal(t, chat.Inbound{
		Provider:          chat.ProviderTwilio,
		Channel:           chat.ChannelSMS,
		Key:               "twilio:inbound:" + messageSID,
		From:              "+15550199",
		To:                []string{"+15550100"},
		ServiceSID:        service,
		ProviderMessageID: messageSID,
		Text:              "Where is it?\nAna",
		Trust:             chat.TrustNumber,
		Raw:               []byte(form.Encode()),
	}, readInbound(t, form))
}

func TestInboundOverRCS(t *testing.T) {
	t.Parallel()

	form := inboundForm("yes")
	form.Set("From", "rcs:+15550199")
	form.Set("To", "RCS:brand_agent")
	in := readInbound(t, form)
	assert.Equal(t, []string{"+15550199", "brand_agent"}, []string{in.From, in.To[0]})

	form.Set("From", "whatsapp:+15550199")
	assert.Equal(t, "whatsapp:+15550199", readInbound(t, form).From, "who is not answered by SMS")

	form.Set("From", "rcs:")
	_, err := newWebhook(t).Inbound(inboxPath, signedHeader(token, inboxPath, form), []byte(form.Encode()))
	assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err))
}

func TestInboundWithASlash(t *testing.T) {
	t.Parallel()

	form := inboundForm("hello")
	target := inboxPath + "/"
	_, err := newWebhook(t).Inbound(target, signedHeader(token, target, form), []byte(form.Encode()))
	require.NoError(t, err)

	_, err = newWebhook(t).Inbound(target, signedHeader(token, inboxPath, form), []byte(form.Encode()))
	assert.Equal(t, chat.CodeInvalidSignature, chat.CodeOf(err), "the URL is signed as it is called")
}

func TestInboundIsReadAgain(t *testing.T) {
	t.Parallel()

	form := inboundForm("hello")
	again, err := newWebhook(t).ReadInbound("", []byte(form.Encode()))
	require.NoError(t, err)
	assert.Equal(t, readInbound(t, form), again)
}

func TestInboundMedia(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		body, files, want string
		media             int
	}{
		"text and files": {"see this", "2", "see this", 2},
		"one file":       {"", "1", "[1 file]", 1},
		"files":          {" ", "3", "[3 files]", 3},
		"nothing":        {"", "0", "[no text]", 0},
		"too many":       {"a", "99999", "a", 10},
	} {
		form := inboundForm(c.body)
		form.Set("NumMedia", c.files)
		in := readInbound(t, form)
		assert.Equal(t, c.want, in.Text, name)
		assert.Len(t, in.Files, c.media, name)
	}
}

func TestKeywords(t *testing.T) {
	t.Parallel()

	for body, want := range map[string]chat.Keyword{
		"STOP":            chat.KeywordStop,
		"stop":            chat.KeywordStop,
		" Stop. ":         chat.KeywordStop,
		"\"STOP!!\"":      chat.KeywordStop,
		"StopAll":         chat.KeywordStop,
		"unsubscribe":     chat.KeywordStop,
		"End":             chat.KeywordStop,
		"quit":            chat.KeywordStop,
		"revoke":          chat.KeywordStop,
		"OPTOUT":          chat.KeywordStop,
		"cancel":          chat.KeywordStop,
		"👉 stop":          chat.KeywordStop,
		"START":           chat.KeywordStart,
		"Yes":             chat.KeywordStart,
		"unstop":          chat.KeywordStart,
		"HELP":            chat.KeywordHelp,
		"info?":           chat.KeywordHelp,
		"":                "",
		"!":               "",
		"please stop":     "",
		"stop it":         "",
		"yes please":      "",
		"stopped":         "",
		"cancel my order": "",
	} {
		assert.Equal(t, want, readInbound(t, inboundForm(body)).Keyword, "%q", body)
	}

	for _, body := range []string{"opt out", "OPT-OUT", "STOP ALL", "UNSUB", "ARRET", "ARRÊT", "Abmelden", "İPTAL"} {
		assert.Equal(t, chat.KeywordStop, readInbound(t, inboundForm(body)).Keyword, "%q", body)
	}

	form := inboundForm("weg damit")
	form.Set("OptOutType", "STOP")
	assert.Equal(t, chat.KeywordStop, readInbound(t, form).Keyword, "Advanced Opt-Out has words of its own")
	form = inboundForm("STOP")
	form.Set("OptOutType", "HELP")
	assert.Equal(t, chat.KeywordHelp, readInbound(t, form).Keyword)
}

func TestPossibleOptOuts(t *testing.T) {
	t.Parallel()

	for body, want := range map[string]bool{
		"please stop texting me":          true,
		"stop. thank you":                 true,
		"do not contact me again":         true,
		"STOP":                            false,
		"I can't stop thinking about it":  false,
		"Bitte stoppen Sie die Lieferung": false,
		"cancel my order":                 false,
		"":                                false,
	} {
		in := readInbound(t, inboundForm(body))
		assert.Equal(t, want, in.PossibleOptOut, "%q", body)
		assert.False(t, in.PossibleOptOut && in.Keyword != "", "%q", body)
	}

	form := inboundForm("please stop texting me")
	form.Set("OptOutType", "START")
	assert.False(t, readInbound(t, form).PossibleOptOut, "Twilio knows better")
}

func TestInboundIncomplete(t *testing.T) {
	t.Parallel()

	for missing, field := range map[string]string{"MessageSid": "MessageSid", "From": "From", "To": "From"} {
		form := inboundForm("a")
		form.Del(missing)
		_, err := newWebhook(t).Inbound(inboxPath, signedHeader(token, inboxPath, form), []byte(form.Encode()))
		require.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err))
		require.Equal(t, field, chat.AsError(err).Fields[0].Field)
	}
}

func FuzzInbound(f *testing.F) {
	f.Add("MessageSid=SM1&From=%2B15550199&To=%2B15550100&Body=STOP", "")
	f.Add("MessageSid=SM1&From=a&To=b&Body=%ff%00&NumMedia=2", "stop")
	f.Add("&;%", "\x00")

	f.Fuzz(func(t *testing.T, body, optOut string) {
		growth.Check(t, len(body)+len(optOut), func() {
			body += "&OptOutType=" + url.QueryEscape(optOut)
			form, _ := url.ParseQuery(body)

			in, err := newWebhook(t).Inbound(inboxPath, signedHeader(token, inboxPath, form), []byte(body))
			if err != nil {
				require.NotEqual(t, chat.CodeInternal, chat.CodeOf(err))
				return
			}

			require.NotEmpty(t, in.Text)
			require.True(t, utf8.ValidString(in.Text+in.From+in.To[0]+in.ServiceSID))
			require.NotContains(t, in.Text+in.From+in.To[0]+in.ServiceSID, "\x00")
		})
	})
}
