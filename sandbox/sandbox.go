package sandbox

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"sync"
	"time"
)

// Config is what a sandbox needs to know. The credentials are what callers must present;
// they protect nothing but catch a wrong set-up.
type Config struct {
	// AccountSID and AuthToken are Twilio's credentials: letters and digits only, since
	// twilio-go refuses anything else before it sends.
	AccountSID, AuthToken string
	// SendGridKey is the key that SendGrid's callers present as a bearer token.
	SendGridKey string
	// Numbers are phone numbers that the Twilio account has, and ReplyHosts the domains whose mail SendGrid passes on,
	// before anything was sent. Each number that something was sent from, and each domain of a Reply-To, joins them.
	Numbers, ReplyHosts []string
	// File is where arrivals are kept, as JSON lines; it is made when it is missing, its
	// folder too. "" keeps them in memory only.
	File string
	// Latency is how long the answer to an accepted send is kept back.
	Latency time.Duration
	// CallbackDelay is how long after its answer a message is sent or a mail processed;
	// three times as long after that it is delivered, and forty times as long passes
	// before a webhook that failed is called again. 0 is 50 ms.
	CallbackDelay time.Duration
	// TwilioInboundURL is where SMS of customers are told, signed with AuthToken; a
	// fragment such as #rc=5&rp=all says how patiently. "" tells nobody.
	TwilioInboundURL string
	// EventURL is where SendGrid's events are told, MailInboundURL where mails of
	// customers are; "" tells nobody. Both are signed with SigningKey.
	EventURL, MailInboundURL string
	SigningKey               *ecdsa.PrivateKey
	// ToolSecrets are what calls of the restaurant's HTTP tools may be signed with, by
	// Standard Webhooks: "whsec_…". They are asked for with every call, so that they may
	// change; a call that fits none of them is refused. nil: calls need no signature.
	ToolSecrets func(context.Context) ([]string, error)
	// Names are the people whom the page names beside their numbers and mail addresses, by these. They are asked for
	// with every page; nil: nobody.
	Names func(context.Context) (map[string]string, error)
	// WebhookSecrets are what posts to the receivers of webhooks may be signed with, by Standard Webhooks. They are
	// asked for with every post; nil: only those that somebody has pasted on the page.
	WebhookSecrets func(context.Context) ([]string, error)
	// CreateEndpoint has the service post its events to a path of the sandbox, and tries it. nil: the page offers no
	// such button.
	CreateEndpoint func(ctx context.Context, path string) error
	// Console is the address of Handrail's console, which the page links to; "" for none.
	Console string
	// MCPToken is what callers of the MCP server present as a bearer token; "": nothing.
	MCPToken string
	// Remote lets webhooks be called on other machines; else they must be on loopback.
	Remote bool
	// Seed makes the faults repeatable; 0 is another one every time.
	Seed uint64
	// Logger hears of refused requests and of a torn file; nil is silence. No addresses,
	// texts or credentials are logged.
	Logger *slog.Logger
}

var alphanumeric = regexp.MustCompile(`^[a-zA-Z0-9]+$`)

func (c Config) validate() error {
	switch {
	case !alphanumeric.MatchString(c.AccountSID):
		return errors.New("sandbox: AccountSID must be letters and digits")
	case !alphanumeric.MatchString(c.AuthToken):
		return errors.New("sandbox: AuthToken must be letters and digits")
	case c.SendGridKey == "":
		return errors.New("sandbox: SendGridKey must be given")
	case c.Latency < 0:
		return errors.New("sandbox: Latency must not be negative")
	case c.CallbackDelay < 0:
		return errors.New("sandbox: CallbackDelay must not be negative")
	case c.SigningKey == nil && c.EventURL+c.MailInboundURL != "":
		return errors.New("sandbox: SigningKey must be given with EventURL and MailInboundURL")
	}

	for name, address := range map[string]string{
		"TwilioInboundURL": c.TwilioInboundURL, "EventURL": c.EventURL, "MailInboundURL": c.MailInboundURL,
	} {
		at, err := url.Parse(address)
		if address != "" && (err != nil || (at.Scheme != "http" && at.Scheme != "https") || at.Host == "") {
			return errors.New("sandbox: " + name + " must be an http or https URL")
		}
	}

	return nil
}

const defaultCallbackDelay = 50 * time.Millisecond

// Sandbox is a running stand-in. It is safe for concurrent use.
type Sandbox struct {
	config     Config
	logger     *slog.Logger
	arrived    *ledger
	gate       gate
	faults     *faultBook
	receivers  *receiverBook
	events     eventPost
	caller     *http.Client
	background *background
	ordering   sync.Mutex // one order at a time, so that no table and no key is taken twice
	handler    http.Handler
	born       string
}

// New makes a sandbox that remembers what its file holds, and lets go on what had not
// come to its end. It fails on a Config that
// cannot work, and on a file that cannot be read or is damaged before its last line; a
// torn last line was never acknowledged, so it is dropped and logged.
func New(config Config) (*Sandbox, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}

	logger := config.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}

	config.CallbackDelay = cmp.Or(config.CallbackDelay, defaultCallbackDelay)

	arrived, err := openLedger(config.File, logger)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}

	s := &Sandbox{
		config:     config,
		logger:     logger,
		arrived:    arrived,
		faults:     newFaultBook(config.Seed),
		receivers:  newReceiverBook(),
		caller:     newCaller(config.Remote),
		background: newBackground(),
		born:       strconv.FormatInt(time.Now().UnixNano(), 36),
	}

	s.handler = s.routes()
	s.resume()

	return s, nil
}

// Handler serves both providers' APIs, the restaurant under /tools and /mcp, the inbox page
// at / and what controls the sandbox under /sandbox.
func (s *Sandbox) Handler() http.Handler { return s.handler }

// Close releases every held answer, breaks off what follows answers, waits for it, and
// closes the file. Sends after it are refused with a 500.
func (s *Sandbox) Close() error {
	s.gate.open()
	s.background.stop()
	s.caller.CloseIdleConnections()

	return s.arrived.close()
}

func (s *Sandbox) routes() http.Handler {
	mux := http.NewServeMux()
	s.routeTwilio(mux)
	s.routeSendGrid(mux)
	s.routePage(mux)
	s.routeTools(mux)
	s.routeFaults(mux)
	s.routeAnswers(mux)
	s.routeRestaurant(mux)
	s.routeMCP(mux)
	s.routeReceivers(mux)

	// The sandbox listens where a browser can reach it; no other site may post to it.
	return http.NewCrossOriginProtection().Handler(mux)
}

// Messages are the SMS and MMS sent to the sandbox, or with Inbound as the filter's
// direction those of customers, in order of arrival. They are shared: do not change
// what they point to.
func (s *Sandbox) Messages(filter MessageFilter) []Message {
	return selectKept(s.arrived.look().messages, filter.matches)
}

// Mails are the mails received, one per personalization, in order of arrival. They are
// shared: do not change what they point to.
func (s *Sandbox) Mails() []Mail {
	return selectKept(s.arrived.look().mails, func(Mail) bool { return true })
}

// MailAnswers are the mails of customers, in order.
func (s *Sandbox) MailAnswers() []MailAnswer {
	return selectKept(s.arrived.look().answers, func(MailAnswer) bool { return true })
}

func selectKept[T any](all []*kept[T], match func(T) bool) []T {
	var found []T

	for _, k := range all {
		if item := k.now(); match(item) {
			found = append(found, item)
		}
	}

	return found
}

// Await returns the first message sent to the sandbox that matches, waiting for it if
// need be. match sees every message once, as it is at that moment, those already there
// first, in order of arrival and from the caller's goroutine. It fails only when ctx ends.
func (s *Sandbox) Await(ctx context.Context, match func(Message) bool) (Message, error) {
	return awaitMatch(ctx, s.arrived, func(v view) []*kept[Message] { return v.messages },
		func(m Message) bool { return m.Direction != Inbound && match(m) })
}

// AwaitMail is Await for mails.
func (s *Sandbox) AwaitMail(ctx context.Context, match func(Mail) bool) (Mail, error) {
	return awaitMatch(ctx, s.arrived, func(v view) []*kept[Mail] { return v.mails }, match)
}

// Forget empties the sandbox, its file included.
func (s *Sandbox) Forget() error {
	s.receivers.forget()

	return s.arrived.forget()
}

// Hold keeps back the answers to accepted sends from now on: what is posted is kept and
// seen by Await, and then nothing is answered until release is called, Close is called,
// or the caller hangs up. Refusals and look-ups are answered as ever. Holds add up;
// releasing one twice does no harm.
func (s *Sandbox) Hold() (release func()) { return s.gate.hold() }

// keepBack is called between keeping an arrival and answering it. A caller that has
// gone gets its connection cut: no answer may be taken for one.
func (s *Sandbox) keepBack(ctx context.Context) {
	if s.config.Latency > 0 {
		timer := time.NewTimer(s.config.Latency)
		defer timer.Stop()

		select {
		case <-timer.C:

		case <-ctx.Done():
			panic(http.ErrAbortHandler)
		}
	}

	if s.gate.wait(ctx) != nil {
		panic(http.ErrAbortHandler)
	}
}
