package twilio_test

import (
	"net/url"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
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
		Raw:               []byte(form.Encode()),
	}, readInbound(t, form))
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
		"no number":      {"a", "x", "a", 0},
		"below nothing":  {"a", "-1", "a", 0},
		"too many":       {"a", "99999", "a", 10},
	} {
		form := inboundForm(c.body)
		form.Set("NumMedia", c.files)
		in := readInbound(t, form)
		assert.Equal(t, c.want, in.Text, name)
		assert.Equal(t, c.media, in.Media, name)
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

	form := inboundForm("ARRET")
	form.Set("OptOutType", "STOP")
	assert.Equal(t, chat.KeywordStop, readInbound(t, form).Keyword, "Advanced Opt-Out has words of its own")
	form = inboundForm("STOP")
	form.Set("OptOutType", "HELP")
	assert.Equal(t, chat.KeywordHelp, readInbound(t, form).Keyword)
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
}
