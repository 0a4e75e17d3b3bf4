package sendgrid

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sendgrid/rest"
	"github.com/sendgrid/sendgrid-go"
	"github.com/sendgrid/sendgrid-go/helpers/mail"

	"handrail/carrier"
	"handrail/chat"
)

// Config is an account of SendGrid, and how it is reached.
type Config struct {
	APIKey string
	// BaseURL is where the API is; "" is https://api.sendgrid.com, and accounts in the
	// EU are at https://api.eu.sendgrid.com. Any server that speaks the API may stand
	// there.
	BaseURL string
	// Timeout bounds one submission; 0 is 30 seconds.
	Timeout time.Duration
	// Proxy chooses the proxy of a request, as in [http.Transport]; nil is none.
	Proxy func(*http.Request) (*url.URL, error)
}

// Client submits email with one API key. It is safe for concurrent use.
type Client struct {
	config Config
	poster *carrier.Poster
}

// New makes a Client, or says what is wrong with the configuration.
func New(config Config) (*Client, error) {
	if config.APIKey == "" {
		return nil, errors.New("sendgrid: the API key is missing")
	}

	config.BaseURL = strings.TrimRight(config.BaseURL, "/")
	if config.BaseURL != "" {
		u, err := url.Parse(config.BaseURL)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" ||
			u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return nil, errors.New("sendgrid: the base URL must be like https://host")
		}
	}

	poster := carrier.NewPoster(carrier.Options{Timeout: config.Timeout, Proxy: config.Proxy})

	return &Client{config: config, poster: poster}, nil
}

// Submit asks SendGrid to take the message, once. Accepted means that SendGrid queued it;
// the provider's id is the X-Message-Id, with which the ids in SendGrid's events begin.
// It is "" when SendGrid did not give one: the events carry the delivery's id as well.
func (c *Client) Submit(ctx context.Context, out chat.Outgoing) chat.Submission {
	return c.poster.Post(ctx, &out, func(ctx context.Context, hc *http.Client) (chat.Submission, error) {
		// Not mail.GetRequestBody: it logs an error and posts nothing.
		body, err := json.Marshal(buildMessage(&out))
		if err != nil {
			return chat.Submission{}, fmt.Errorf("a message for SendGrid: %w", err)
		}

		request := sendgrid.GetRequest(c.config.APIKey, "/v3/mail/send", c.config.BaseURL)
		request.Method, request.Body = rest.Post, body

		res, err := (&rest.Client{HTTPClient: hc}).SendWithContext(ctx, request)
		if res == nil {
			return chat.Submission{}, err
		}

		// An error beside a response is a body that broke off. It does not matter: a
		// success is told by its status, and a refusal that cannot be read is unknown.
		return judgeAnswer(&carrier.Answer{Status: res.StatusCode, Header: res.Headers, Body: []byte(res.Body)}), nil
	})
}

// buildMessage has one personalization with one recipient, so that one delivery is one email.
func buildMessage(out *chat.Outgoing) *mail.SGMailV3 {
	p := out.Payload
	m := mail.NewV3MailInit(mail.NewEmail(p.FromName, out.From), p.Subject, mail.NewEmail("", out.To),
		mail.NewContent("text/plain", p.Text))

	if p.HTML != "" {
		m.AddContent(mail.NewContent("text/html", p.HTML))
	}

	if p.ReplyTo != "" {
		m.SetReplyTo(mail.NewEmail("", p.ReplyTo))
	}

	for name, value := range p.Headers {
		m.SetHeader(name, value)
	}

	// SendGrid keeps these for long, outside its handling of personal data: ids only.
	m.SetCustomArg("delivery_id", string(out.DeliveryID))
	m.SetCustomArg("fence", strconv.FormatInt(out.Fence, 10))

	// Tracking rewrites links and watches the reader; support mail does neither.
	m.SetTrackingSettings(mail.NewTrackingSettings().
		SetClickTracking(mail.NewClickTrackingSetting().SetEnable(false).SetEnableText(false)).
		SetOpenTracking(mail.NewOpenTrackingSetting().SetEnable(false)))

	return m
}
