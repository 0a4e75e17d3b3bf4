package twilio_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/carrier/twilio"
	"handrail/chat"
	"handrail/internal/growth"
)

const (
	origin     = "https://hr.example"
	oldToken   = "the-token-before"
	deliveryID = "01935c2e-7d1a-7000-8000-000000000001"
	statusPath = "/webhooks/twilio/status?d=" + deliveryID + "&a=3"
	inboxPath  = "/webhooks/twilio/inbound"
	messageSID = "SM00000000000000000000000000000003"
)

// signForm makes the signature as Twilio's documentation tells it.
func signForm(authToken, address string, form url.Values) string {
	var signed strings.Builder
	signed.WriteString(address)

	for _, name := range slices.Sorted(maps.Keys(form)) {
		signed.WriteString(name + form.Get(name))
	}

	mac := hmac.New(sha1.New, []byte(authToken))
	mac.Write([]byte(signed.String()))

	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func signedHeader(authToken, target string, form url.Values) http.Header {
	return http.Header{
		"Content-Type":         {"application/x-www-form-urlencoded; charset=UTF-8"},
		twilio.SignatureHeader: {signForm(authToken, origin+target, form)},
	}
}

func newWebhook(t require.TestingT) *twilio.Webhook {
	w, err := twilio.NewWebhook(origin+"/", []string{token, oldToken})
	require.NoError(t, err)

	return w
}

func statusForm(status, code string) url.Values {
	form := url.Values{
		"MessageSid":    {messageSID},
		"SmsSid":        {messageSID},
		"MessageStatus": {status},
		"SmsStatus":     {status},
		"To":            {"+15550199"},
		"From":          {"+15550100"},
		"AccountSid":    {account},
		"ApiVersion":    {"2010-04-01"},
	}

	if code != "" {
		form.Set("ErrorCode", code)
	}

	return form
}

func readStatus(t require.TestingT, form url.Values) chat.Report {
	report, err := newWebhook(t).Status(statusPath, signedHeader(token, statusPath, form), []byte(form.Encode()))
	require.NoError(t, err)

	return report
}

func TestStatus(t *testing.T) {
	t.Parallel()

	form := statusForm("undelivered", "30003")
	report := readStatus(t, form)
	assert.NotEmpty(t, report.Key)

	assert.Equal(t, chat.Report{
		Provider:          chat.ProviderTwilio,
		Key:               report.Key,
		DeliveryID:        deliveryID,
		Fence:             3,
		ProviderMessageID: messageSID,
		Type:              "undelivered",
		Accepts:           true,
		DeliveryStatus:    chat.StatusUndelivered,
		ErrorCode:         "twilio_30003",
		ErrorMessage:      "the recipient's phone is off or out of reach",
		Raw:               []byte(form.Encode()),
	}, report)
}

func TestStatuses(t *testing.T) {
	t.Parallel()

	for word, want := range map[string]chat.DeliveryStatus{
		"accepted":            chat.StatusAccepted,
		"scheduled":           chat.StatusScheduled,
		"queued":              chat.StatusQueued,
		"sending":             chat.StatusSending,
		"sent":                chat.StatusSent,
		"delivered":           chat.StatusDelivered,
		"undelivered":         chat.StatusUndelivered,
		"failed":              chat.StatusFailed,
		"canceled":            chat.StatusCanceled,
		"read":                chat.StatusRead,
		"partially_delivered": chat.StatusNone,
		"something new":       chat.StatusNone,
		"unconfirmed":         chat.StatusNone,
		"bounced":             chat.StatusNone,
		"deferred":            chat.StatusNone,
	} {
		report := readStatus(t, statusForm(word, ""))
		assert.Equal(t, want, report.DeliveryStatus, word)
		assert.True(t, report.Accepts, word)
		assert.Empty(t, report.ErrorCode, word)
	}
}

func TestStatusErrors(t *testing.T) {
	t.Parallel()
	optedOut := readStatus(t, statusForm("failed", "21610"))
	assert.Equal(t, chat.SuppressedCarrier, optedOut.Suppress)
	assert.Empty(t, readStatus(t, statusForm("failed", "30004")).Suppress)

	unknown := readStatus(t, statusForm("failed", "39999"))
	assert.Equal(t, "twilio_39999", unknown.ErrorCode)
	assert.NotEmpty(t, unknown.ErrorMessage)

	for _, code := range []string{"0", ""} {
		assert.Empty(t, readStatus(t, statusForm("failed", code)).ErrorCode)
	}
}

func TestStatusKeys(t *testing.T) {
	t.Parallel()
	key := readStatus(t, statusForm("failed", "30003")).Key
	again := statusForm("failed", "30003")
	again.Set("RawDlrDoneDate", "2511031000")
	assert.Equal(t, key, readStatus(t, again).Key, "told twice")
	assert.NotEqual(t, key, readStatus(t, statusForm("failed", "30005")).Key)
	assert.NotEqual(t, key, readStatus(t, statusForm("delivered", "")).Key)
}

func TestStatusOfNoClaim(t *testing.T) {
	t.Parallel()

	form := statusForm("sent", "")
	for target, fence := range map[string]int64{
		"/webhooks/twilio/status":                           0,
		"/webhooks/twilio/status?d=%00&a=1":                 0,
		"/webhooks/twilio/status?d=" + deliveryID + "&a=-4": 0,
		"/webhooks/twilio/status?d=" + deliveryID + "&a=x":  0,
		"/webhooks/twilio/status?a=7":                       0,
	} {
		report, err := newWebhook(t).Status(target, signedHeader(token, target, form), []byte(form.Encode()))
		require.NoError(t, err, target)
		assert.Equal(t, fence, report.Fence, target)
		assert.Equal(t, strings.Contains(target, deliveryID), report.DeliveryID == deliveryID, target)
	}
}

func TestSignature(t *testing.T) {
	t.Parallel()

	form := statusForm("delivered", "")
	body := form.Encode()
	genuine := signForm(token, origin+statusPath, form)

	other := "/webhooks/twilio/status?d=01935c2e-7d1a-7000-8000-000000000009&a=3"
	for name, c := range map[string]struct {
		target, body string
		signatures   []string
	}{
		"forged":                  {statusPath, body, []string{signForm("another-token", origin+statusPath, form)}},
		"signed with no token":    {statusPath, body, []string{signForm("", origin+statusPath, form)}},
		"missing":                 {statusPath, body, nil},
		"empty":                   {statusPath, body, []string{""}},
		"two":                     {statusPath, body, []string{genuine, genuine}},
		"another delivery":        {other, body, []string{genuine}},
		"no delivery":             {"/webhooks/twilio/status", body, []string{genuine}},
		"another route":           {inboxPath, body, []string{genuine}},
		"fragment":                {statusPath + "#rc=5", body, []string{genuine}},
		"signed fragment":         {statusPath + "#rc=5", body, []string{signForm(token, origin+statusPath+"#rc=5", form)}},
		"absolute target":         {origin + statusPath, body, []string{genuine}},
		"another body":            {statusPath, statusForm("failed", "").Encode(), []string{genuine}},
		"a field more":            {statusPath, body + "&ErrorCode=30003", []string{genuine}},
		"a field less":            {statusPath, strings.Replace(body, "&ApiVersion=2010-04-01", "", 1), []string{genuine}},
		"a field twice":           {statusPath, body + "&MessageStatus=failed", []string{genuine}},
		"no body":                 {statusPath, "", []string{genuine}},
		"not a form":              {statusPath, "%zz", []string{genuine}},
		"JSON":                    {statusPath, `{"MessageSid":"SM1","MessageStatus":"delivered"}`, []string{genuine}},
		"JSON by a query":         {statusPath + "&bodySHA256=00", `{}`, []string{genuine}},
		"another host's":          {statusPath, body, []string{signForm(token, "https://evil.example"+statusPath, form)}},
		"plain HTTP instead of S": {statusPath, body, []string{signForm(token, "http://hr.example"+statusPath, form)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
			if c.signatures != nil {
				header[twilio.SignatureHeader] = c.signatures
			}

			_, err := newWebhook(t).Status(c.target, header, []byte(c.body))
			require.Equal(t, chat.CodeInvalidSignature, chat.CodeOf(err))
			_, err = newWebhook(t).Inbound(c.target, header, []byte(c.body))
			require.Equal(t, chat.CodeInvalidSignature, chat.CodeOf(err))
			require.NotContains(t, err.Error(), token)
			require.NotContains(t, err.Error(), "+15550199")
		})
	}
}

func TestSignedButWrong(t *testing.T) {
	t.Parallel()

	full := statusForm("sent", "")
	for name, c := range map[string]struct {
		form        url.Values
		contentType string
		field       string
	}{
		"no id":        {url.Values{"MessageStatus": {"sent"}}, "application/x-www-form-urlencoded", "MessageSid"},
		"a path as id": {url.Values{"MessageSid": {"../x"}, "MessageStatus": {"sent"}}, "application/x-www-form-urlencoded", "MessageSid"},
		"no status":    {url.Values{"MessageSid": {messageSID}}, "application/x-www-form-urlencoded", "MessageStatus"},
		"JSON":         {full, "application/json", "header.Content-Type"},
		"no type":      {full, "", "header.Content-Type"},
	} {
		header := signedHeader(token, statusPath, c.form)
		header.Set("Content-Type", c.contentType)
		_, err := newWebhook(t).Status(statusPath, header, []byte(c.form.Encode()))
		require.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), name)
		require.Equal(t, c.field, chat.AsError(err).Fields[0].Field, name)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()

	form := statusForm("sent", "")
	_, err := newWebhook(t).Status(statusPath, signedHeader(oldToken, statusPath, form), []byte(form.Encode()))
	require.NoError(t, err, "while tokens are changed, both hold")

	for name, tokens := range map[string][]string{"none": nil, "an empty one": {""}, "one of spaces": {token, " "}} {
		_, err := twilio.NewWebhook(origin, tokens)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), token)
	}

	for _, public := range []string{"", "hr.example", "https://a_b.example", "https://hr.example/?a=b", "ftp://hr.example"} {
		_, err := twilio.NewWebhook(public, []string{token})
		require.Error(t, err, public)
	}
}

func TestPortInTheSignedAddress(t *testing.T) {
	t.Parallel()

	form := statusForm("sent", "")
	header := signedHeader(token, statusPath, form)
	header.Set(twilio.SignatureHeader, signForm(token, "https://hr.example:443"+statusPath, form))
	_, err := newWebhook(t).Status(statusPath, header, []byte(form.Encode()))
	require.NoError(t, err, "Twilio signs with and without it")
}

// Whatever byte is changed on the way: it is refused, or says the same as before.
func TestChangedBytes(t *testing.T) {
	t.Parallel()

	form := statusForm("delivered", "")
	header, body := signedHeader(token, statusPath, form), []byte(form.Encode())
	want := readStatus(t, form)
	rapid.Check(t, func(t *rapid.T) {
		target := []byte(statusPath)
		changed := bytes.Clone(body)
		h := header.Clone()
		signature := []byte(h.Get(twilio.SignatureHeader))
		where := rapid.SampledFrom([][]byte{target, changed, signature}).Draw(t, "where")
		where[rapid.IntRange(0, len(where)-1).Draw(t, "at")] ^= rapid.ByteRange(1, 255).Draw(t, "flip")

		h.Set(twilio.SignatureHeader, string(signature))

		got, err := newWebhook(t).Status(string(target), h, changed)
		if err != nil {
			require.Equal(t, chat.CodeInvalidSignature, chat.CodeOf(err))
			return
		}

		got.Raw = want.Raw
		require.Equal(t, want, got)
	})
}

func FuzzStatus(f *testing.F) {
	f.Add("MessageSid=SM1&MessageStatus=delivered", deliveryID, "3")
	f.Add("MessageSid=SM1&MessageStatus=failed&ErrorCode=30003&ErrorCode=1", "%00", "-1")
	f.Add("%zz;&=&MessageStatus=%00", "", "")

	f.Fuzz(func(t *testing.T, body, d, a string) {
		growth.Check(t, len(body)+len(d)+len(a), func() {
			target := "/webhooks/twilio/status?d=" + d + "&a=" + a
			form, _ := url.ParseQuery(body)

			report, err := newWebhook(t).Status(target, signedHeader(token, target, form), []byte(body))
			if err != nil {
				require.NotEqual(t, chat.CodeInternal, chat.CodeOf(err))
				return
			}

			require.True(t, report.Accepts && report.Key != "" && report.ProviderMessageID != "" && report.Fence >= 0)
			require.NotContains(t, report.Type+string(report.DeliveryID)+report.ErrorCode, "\x00")
		})
	})
}
