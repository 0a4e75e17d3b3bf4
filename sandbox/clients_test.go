package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/sendgrid/rest"
	"github.com/sendgrid/sendgrid-go"
	"github.com/sendgrid/sendgrid-go/helpers/mail"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twilio/twilio-go/client"
	twilio "github.com/twilio/twilio-go/rest/api/v2010"

	"handrail/sandbox"
)

// redirected sends twilio-go's requests, whose host is fixed, to the sandbox.
type redirected struct{ to *url.URL }

func (r redirected) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.URL.Scheme, request.URL.Host = r.to.Scheme, r.to.Host

	return (&http.Transport{}).RoundTrip(request)
}

func (w *world) twilio(t *testing.T, authToken string) *twilio.ApiService {
	t.Helper()

	to, err := url.Parse(w.url)
	require.NoError(t, err)

	c := &client.Client{
		Credentials: client.NewCredentials(account, authToken),
		HTTPClient:  &http.Client{Transport: redirected{to: to}},
	}

	c.SetAccountSid(account)

	return twilio.NewApiService(&client.RequestHandler{Client: c})
}

func TestTwilioClient(t *testing.T) {
	t.Parallel()
	w := setup(t)
	api := w.twilio(t, token)
	send := new(twilio.CreateMessageParams)
	send.SetTo(ana).
		SetFrom(ours).
		SetBody("über & +1 {}").SetStatusCallback(
		"https://acme.example/status?d=1#rc=5",
	).SetValidityPeriod(
		600,
	)

	created, err := api.CreateMessage(send)
	require.NoError(t, err)
	assert.Equal(t, "queued", *created.Status)
	assert.Equal(t, "über & +1 {}", *created.Body)

	fetched, err := api.FetchMessage(*created.Sid, nil)
	require.NoError(t, err)
	assert.Equal(t, created, fetched)
	assert.Equal(t, "600", w.Messages(sandbox.MessageFilter{})[0].Form.Get("ValidityPeriod"))

	for range 4 {
		_, err := api.CreateMessage(send)
		require.NoError(t, err)
	}

	all, err := api.ListMessage(new(twilio.ListMessageParams).SetTo(ana).SetPageSize(2))
	require.NoError(t, err)
	require.Len(t, all, 5, "it follows next_page_uri to the end")
	assert.Equal(t, *created.Sid, *all[4].Sid)

	page, err := api.PageMessage(new(twilio.ListMessageParams).SetTo(ben), "", "")
	require.NoError(t, err)
	assert.Empty(t, page.Messages)
}

func TestTwilioClientReadsRefusals(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var refused *client.TwilioRestError

	_, err := w.twilio(t, token).
		CreateMessage(new(twilio.CreateMessageParams).SetTo("+15005550004").SetFrom(ours).SetBody("x"))

	require.ErrorAs(t, err, &refused)
	assert.Equal(t, 21610, refused.Code)
	assert.Equal(t, http.StatusBadRequest, refused.Status)

	_, err = w.twilio(t, "wrong").FetchMessage("SM1", nil)
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, 20003, refused.Code)
}

func TestSendGridClient(t *testing.T) {
	t.Parallel()
	w := setup(t)

	m := mail.NewV3MailInit(
		mail.NewEmail("Acme Care", "care@acme.example"), "Your order", mail.NewEmail("Ana", "ana@customer.example"),
		mail.NewContent("text/plain", "It has left."), mail.NewContent("text/html", "<p>It has left.</p>"),
	)

	m.Personalizations[0].SetCustomArg("delivery_id", "d-1")
	m.SetHeader("References", "<conv-1@acme.example>")
	m.SetReplyTo(mail.NewEmail("", "reply+1.mac@in.acme.example"))

	send := func(apiKey string) *rest.Response {
		request := sendgrid.GetRequest(apiKey, "/v3/mail/send", w.url)
		request.Method = rest.Post
		var err error
		request.Body, err = json.Marshal(m)
		require.NoError(t, err)
		answer, err := (&rest.Client{HTTPClient: new(http.Client)}).SendWithContext(t.Context(), request)
		require.NoError(t, err)

		return answer
	}

	accepted := send(arrivalKey)
	assert.Equal(t, http.StatusAccepted, accepted.StatusCode)
	assert.Empty(t, accepted.Body)
	require.Len(t, accepted.Headers["X-Message-Id"], 1)

	kept := w.Mails()
	require.Len(t, kept, 1)
	assert.Equal(t, accepted.Headers["X-Message-Id"][0], kept[0].MessageID)
	assert.Equal(t, map[string]string{"delivery_id": "d-1"}, kept[0].CustomArgs)
	assert.Equal(t, "reply+1.mac@in.acme.example", kept[0].ReplyTo[0].Email)

	assert.Equal(t, http.StatusUnauthorized, send("wrong").StatusCode)

	settings := mail.NewMailSettings()
	settings.SetSandboxMode(mail.NewSetting(true))
	m.SetMailSettings(settings)
	assert.Equal(t, http.StatusOK, send(arrivalKey).StatusCode)
	assert.Len(t, w.Mails(), 1, "SendGrid's own sandbox mode keeps nothing")
}
