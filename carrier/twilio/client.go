package twilio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"handrail/carrier"
	"handrail/chat"
)

// Client submits messages with one account. It is safe for concurrent use.
type Client struct {
	config Config
	base   *url.URL
	poster *carrier.Poster
}

// New makes a Client, or says what is wrong with the configuration.
func New(config Config) (*Client, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	base, err := url.Parse(config.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("twilio: base URL: %w", err)
	}
	poster := carrier.NewPoster(carrier.Options{Timeout: config.Timeout, Proxy: config.Proxy})
	return &Client{config: config, base: base, poster: poster}, nil
}

// Submit asks Twilio to take the message, once. Accepted means that Twilio answered with
// a SID; the carrier state is then where the message stands at Twilio.
func (c *Client) Submit(ctx context.Context, out chat.Outgoing) chat.Submission {
	return c.poster.Post(ctx, &out, func(ctx context.Context, hc *http.Client) (chat.Submission, error) {
		r := &request{account: c.config.AccountSID, post: func(rawURL string, form url.Values) (*http.Response, error) {
			return c.post(ctx, hc, rawURL, form)
		}}
		// The handler is made here because the library's constructor reads the environment.
		api := openapi.NewApiService(&client.RequestHandler{Client: r})
		message, err := api.CreateMessage(c.params(&out))
		return r.judge(&out, message, err)
	})
}

// params leave SmartEncoded and ShortenUrls off, so that the text at Twilio is ours.
func (c *Client) params(out *chat.Outgoing) *openapi.CreateMessageParams {
	params := (&openapi.CreateMessageParams{}).SetTo(out.To).SetBody(out.Payload.Text)
	if strings.HasPrefix(out.From, "MG") {
		params.SetMessagingServiceSid(out.From)
	} else {
		params.SetFrom(out.From)
	}
	if c.config.StatusCallbackURL != "" {
		params.SetStatusCallback(c.statusCallback(out))
	}
	return params
}

// statusCallback names the claim, so that a report finds its delivery even when Twilio's
// answer was lost. The fragment is for Twilio: five retries, whatever the failure.
func (c *Client) statusCallback(out *chat.Outgoing) string {
	return strings.TrimSuffix(c.config.StatusCallbackURL, "/") + "/webhooks/twilio/status?d=" +
		string(out.DeliveryID) + "&a=" + strconv.FormatInt(out.Fence, 10) + "#rc=5&rp=all"
}

// post sends the form to where the API is configured to be. There is no Idempotency-Key:
// Twilio ignores it, and net/http would repeat the POST because of it.
func (c *Client) post(ctx context.Context, hc *http.Client, rawURL string, form url.Values) (*http.Response, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("the address of Twilio's API: %w", err)
	}
	target := c.base.JoinPath(u.Path)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("a request to Twilio: %w", err)
	}
	req.SetBasicAuth(c.config.credentials())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "handrail")
	return hc.Do(req)
}

// errRefused stops the library from reading an answer that is no message.
var errRefused = errors.New("twilio: not a message")

// request is a [client.BaseClient] for one call, which remembers the answer.
type request struct {
	client.BaseClient // nothing else of it is called when a message is created

	account string
	post    func(rawURL string, form url.Values) (*http.Response, error)
	answer  carrier.Answer
	// broken is why the answer is not complete.
	broken error
}

// AccountSid is part of the API's path.
func (r *request) AccountSid() string { return r.account }

// SendRequest makes the one request.
func (r *request) SendRequest(_, rawURL string, form url.Values, _ map[string]any, _ ...byte) (*http.Response, error) {
	res, err := r.post(rawURL, form)
	if err != nil {
		return nil, err
	}
	r.answer, r.broken = carrier.ReadAnswer(res)
	if r.broken != nil || !r.answer.Success() {
		return nil, errors.Join(errRefused, r.broken)
	}
	res.Body = io.NopCloser(bytes.NewReader(r.answer.Body))
	return res, nil
}
