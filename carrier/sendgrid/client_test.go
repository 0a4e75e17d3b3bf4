package sendgrid_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/carrier/sendgrid"
	"handrail/chat"
)

const key = "SG.a-key.that-must-not-leak"

func newOutgoing() chat.Outgoing {
	return chat.Outgoing{
		DeliveryID: "01935c2e-7d1a-7000-8000-000000000001",
		MessageID:  "01935c2e-7d1a-7000-8000-000000000002",
		Fence:      3,
		Channel:    chat.ChannelEmail,
		From:       "support@shop.example",
		To:         "ana@mail.example",
		Payload: chat.Payload{
			Subject:  "Re: Order <1>",
			Text:     "the text",
			HTML:     "<p>the text</p>",
			FromName: "Shop",
			Headers:  map[string]string{"Message-ID": "<m@shop.example>", "References": "<chat-7@shop.example>"},
		},
		LeaseUntil: time.Now().Add(time.Hour),
	}
}

// submitTo submits to a server that gives this one answer.
func submitTo(t *testing.T, status int, header map[string]string, body string) chat.Submission {
	t.Helper()

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range header {
			w.Header().Set(name, value)
		}

		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))

	t.Cleanup(server.Close)
	c, err := sendgrid.New(sendgrid.Config{APIKey: key, BaseURL: server.URL})
	require.NoError(t, err)

	return c.Submit(t.Context(), newOutgoing())
}

// sentRequest is the one request that a submission makes, and its body.
func sentRequest(t *testing.T, out chat.Outgoing) (*http.Request, string) {
	t.Helper()
	var request *http.Request
	var body []byte

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		body, err = io.ReadAll(r.Body)
		assert.NoError(t, err)

		request = r

		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()

	c, err := sendgrid.New(sendgrid.Config{APIKey: key, BaseURL: server.URL + "/"})
	require.NoError(t, err)
	require.Equal(t, chat.OutcomeAccepted, c.Submit(t.Context(), out).Outcome)

	return request, string(body)
}

func TestRequest(t *testing.T) {
	t.Parallel()
	request, body := sentRequest(t, newOutgoing())
	assert.Equal(t, http.MethodPost, request.Method)
	assert.Equal(t, "/v3/mail/send", request.RequestURI)
	assert.Equal(t, "Bearer "+key, request.Header.Get("Authorization"))
	assert.Equal(t, "application/json", request.Header.Get("Content-Type"))
	assert.Empty(t, request.Header.Get("Idempotency-Key"))

	assert.JSONEq(t, `{
		"from": {"name": "Shop", "email": "support@shop.example"},
		"subject": "Re: Order <1>",
		"personalizations": [{"to": [{"email": "ana@mail.example"}]}],
		"content": [{"type": "text/plain", "value": "the text"}, {"type": "text/html", "value": "<p>the text</p>"}],
		"headers": {"Message-ID": "<m@shop.example>", "References": "<chat-7@shop.example>"},
		"custom_args": {"delivery_id": "01935c2e-7d1a-7000-8000-000000000001", "fence": "3"},
		"tracking_settings": {"click_tracking": {"enable": false, "enable_text": false}, "open_tracking": {"enable": false}}
	}`, body)

	assert.NotContains(t, body, "reply_to")

	out := newOutgoing()
	out.Payload.HTML = ""
	out.Payload.ReplyTo = "reply+01935c2e7d1a70008000000000000002@in.shop.example"
	_, body = sentRequest(t, out)
	assert.NotContains(t, body, "text/html")
	assert.Contains(t, body, `"reply_to":{"email":"reply+01935c2e7d1a70008000000000000002@in.shop.example"}`)
}

func TestAccepted(t *testing.T) {
	t.Parallel()

	assert.Equal(t, chat.Submission{
		Outcome:           chat.OutcomeAccepted,
		ProviderMessageID: "abc",
		DeliveryStatus:    chat.StatusQueued,
		GotConnection:     true,
		HTTPStatus:        http.StatusAccepted,
	}, submitTo(t, http.StatusAccepted, map[string]string{"X-Message-Id": "abc"}, ""))

	s := submitTo(t, http.StatusAccepted, nil, "")
	assert.Equal(t, chat.OutcomeAccepted, s.Outcome, "202 is the acceptance; the id comes with the events")
	assert.Empty(t, s.ProviderMessageID)
}

func TestAnswers(t *testing.T) {
	t.Parallel()

	refusal := func(field string) string {
		return `{"errors":[{"message":"ana@mail.example is wrong","field":` + field + `,"help":null}],"id":"x"}`
	}

	for name, c := range map[string]struct {
		status  int
		body    string
		outcome chat.SubmissionOutcome
		says    string
	}{
		"200 as in sandbox mode":   {200, ``, chat.OutcomeUnknown, "does not say"},
		"201":                      {201, `{}`, chat.OutcomeUnknown, "does not say"},
		"204":                      {204, ``, chat.OutcomeUnknown, "does not say"},
		"302":                      {302, ``, chat.OutcomeUnknown, "does not say"},
		"400":                      {400, refusal(`"personalizations.0.to.0.email"`), chat.OutcomeRejected, "(field personalizations.0.to.0.email)"},
		"400 without field":        {400, refusal(`null`), chat.OutcomeRejected, "refused as it is"},
		"400 with a loose tongue":  {400, refusal(`"ana@mail.example"`), chat.OutcomeRejected, "refused as it is"},
		"400 with our key":         {400, refusal(`"` + key + `"`), chat.OutcomeRejected, "refused as it is"},
		"400 by who knows whom":    {400, `<html>`, chat.OutcomeUnknown, "does not say"},
		"400 without errors":       {400, `{"errors":[]}`, chat.OutcomeUnknown, "does not say"},
		"401":                      {401, refusal(`null`), chat.OutcomeBlocked, "credentials"},
		"403 sender not verified":  {403, refusal(`"from"`), chat.OutcomeBlocked, "(field from)"},
		"404":                      {404, ``, chat.OutcomeBlocked, "configured address"},
		"405":                      {405, ``, chat.OutcomeBlocked, "configured address"},
		"406 understood":           {406, refusal(`null`), chat.OutcomeRejected, "refused as it is"},
		"408":                      {408, ``, chat.OutcomeUnknown, "does not say"},
		"413":                      {413, ``, chat.OutcomeRejected, "too large"},
		"429":                      {429, refusal(`null`), chat.OutcomeNotProcessed, "too many requests"},
		"500":                      {500, refusal(`null`), chat.OutcomeUnknown, "does not say"},
		"502 with HTML":            {502, `<html>`, chat.OutcomeUnknown, "does not say"},
		"503 with another message": {503, `{"message":"x"}`, chat.OutcomeUnknown, "does not say"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := submitTo(t, c.status, nil, c.body)
			assert.Equal(t, c.outcome, s.Outcome)
			assert.Equal(t, "sendgrid_"+strconv.Itoa(c.status), s.ErrorCode)
			assert.Equal(t, c.status, s.HTTPStatus)
			assert.True(t, s.GotConnection)
			assert.Zero(t, s.RetryAfter)
			assert.Contains(t, s.ErrorMessage, c.says)

			for _, private := range []string{"ana@", "the text", key, "127.0.0.1"} {
				assert.NotContains(t, s.ErrorMessage, private)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 7*time.Second, submitTo(t, 429, map[string]string{"Retry-After": "7"}, "").RetryAfter)

	reset := func(at time.Time) time.Duration {
		return submitTo(t, 429, map[string]string{"X-RateLimit-Reset": strconv.FormatInt(at.Unix(), 10)}, "").RetryAfter
	}

	assert.InDelta(t, time.Minute, reset(time.Now().Add(time.Minute)), float64(10*time.Second))
	assert.Zero(t, reset(time.Now().Add(-time.Minute)))
	assert.Equal(t, time.Hour, reset(time.Now().Add(1000*time.Hour)))
	assert.Zero(t, submitTo(t, 429, map[string]string{"X-RateLimit-Reset": "soon"}, "").RetryAfter)
}

func TestConfig(t *testing.T) {
	t.Parallel()

	for _, config := range []sendgrid.Config{
		{},
		{APIKey: key, BaseURL: "api.sendgrid.com"},
		{APIKey: key, BaseURL: "ftp://api.sendgrid.com"},
		{APIKey: key, BaseURL: "https://user:" + key + "@api.sendgrid.com"},
		{APIKey: key, BaseURL: "https://api.sendgrid.com?a=b"},
		{APIKey: key, BaseURL: "https://" + key + "%"},
	} {
		_, err := sendgrid.New(config)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), key)
	}

	_, err := sendgrid.New(sendgrid.Config{APIKey: key, BaseURL: "https://api.eu.sendgrid.com/"})
	require.NoError(t, err)
}
