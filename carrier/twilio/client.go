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
	messaging "github.com/twilio/twilio-go/rest/messaging/v1"

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
// a SID; the provider state is then where the message stands at Twilio.
func (c *Client) Submit(ctx context.Context, out chat.Outgoing) chat.Submission {
	return c.poster.Post(ctx, &out, func(ctx context.Context, hc *http.Client) (chat.Submission, error) {
		r := &request{client: c, ctx: ctx, http: hc}
		message, err := r.api().CreateMessage(c.params(&out))

		return r.judge(&out, message, err)
	})
}

// params leave SmartEncoded and ShortenUrls off, so that the text at Twilio is ours.
func (c *Client) params(out *chat.Outgoing) *openapi.CreateMessageParams {
	params := (&openapi.CreateMessageParams{}).SetTo(out.To).SetBody(out.Payload.Posted())
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

// errRefused stops the library from reading an answer that is no message.
var errRefused = errors.New("twilio: not a message")

// request is a [client.BaseClient] for one call, which remembers the answer.
type request struct {
	client.BaseClient // nothing else of it is called by what we use

	client *Client
	ctx    context.Context //nolint:containedctx // the library's interface has no place for it
	http   *http.Client
	answer carrier.Answer
	// broken is why the answer is not complete.
	broken error
}

// api is the library's description of the API, over this request. The handler is made
// here because the library's own constructor reads the environment.
func (r *request) api() *openapi.ApiService {
	return openapi.NewApiService(&client.RequestHandler{Client: r})
}

// messaging is the same for the API of messaging services, which has a host of its own.
func (r *request) messaging() *messaging.ApiService {
	return messaging.NewApiService(&client.RequestHandler{Client: r})
}

// AccountSid is part of the API's path.
func (r *request) AccountSid() string { return r.client.config.AccountSID }

// SendRequest makes the one request.
func (r *request) SendRequest(
	method, rawURL string,
	form url.Values,
	_ map[string]any,
	_ ...byte,
) (*http.Response, error) {
	res, err := r.send(method, rawURL, form)
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

// send sends the form to where the API is configured to be. There is no Idempotency-Key:
// Twilio ignores it, and net/http would repeat the POST because of it.
func (r *request) send(method, rawURL string, form url.Values) (*http.Response, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("the address of Twilio's API: %w", err)
	}

	target, body := r.client.base.JoinPath(u.Path), form.Encode()
	if r.client.config.BaseURL == defaultBaseURL {
		target.Host = u.Host // not all of Twilio's API is on one host
	}

	if method == http.MethodGet {
		target.RawQuery, body = body, ""
	}

	req, err := http.NewRequestWithContext(r.ctx, method, target.String(), strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("a request to Twilio: %w", err)
	}

	req.SetBasicAuth(r.client.config.credentials())

	if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}

	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "handrail")

	return r.http.Do(req)
}
