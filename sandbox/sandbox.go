package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
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
	// File is where arrivals are kept, as JSON lines; it is made when it is missing, its
	// folder too. "" keeps them in memory only.
	File string
	// Latency is how long the answer to an accepted send is kept back.
	Latency time.Duration
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
	}
	return nil
}

// Sandbox is a running stand-in. It is safe for concurrent use.
type Sandbox struct {
	config  Config
	logger  *slog.Logger
	arrived *ledger
	gate    gate
	handler http.Handler
	born    string
}

// New makes a sandbox that remembers what its file holds. It fails on a Config that
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
	arrived, err := openLedger(config.File, logger)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	s := &Sandbox{
		config: config, logger: logger, arrived: arrived,
		born: strconv.FormatInt(time.Now().UnixNano(), 36),
	}
	s.handler = s.routes()
	return s, nil
}

// Handler serves both carriers' APIs, the inbox page at / and the tools under /sandbox.
func (s *Sandbox) Handler() http.Handler { return s.handler }

// Close releases every held answer and closes the file. Sends after it are refused
// with a 500.
func (s *Sandbox) Close() error {
	s.gate.open()
	return s.arrived.close()
}

func (s *Sandbox) routes() http.Handler {
	mux := http.NewServeMux()
	s.routeTwilio(mux)
	s.routeSendGrid(mux)
	s.routePage(mux)
	s.routeTools(mux)
	// The sandbox listens where a browser can reach it; no other site may post to it.
	return http.NewCrossOriginProtection().Handler(mux)
}

// Messages are the SMS and MMS received, in order of arrival. They are shared: do not
// change what they point to.
func (s *Sandbox) Messages(filter MessageFilter) []Message {
	var matching []Message
	for _, m := range s.arrived.look().messages {
		if filter.matches(m) {
			matching = append(matching, m)
		}
	}
	return matching
}

// Mails are the mails received, one per personalization, in order of arrival. They are
// shared: do not change what they point to.
func (s *Sandbox) Mails() []Mail {
	mails := s.arrived.look().mails
	return slices.Clip(mails)
}

// Await returns the first message that matches, waiting for it if need be. match sees
// every message once, those already there first, in order of arrival and from the
// caller's goroutine. It fails only when ctx ends.
func (s *Sandbox) Await(ctx context.Context, match func(Message) bool) (Message, error) {
	return await(ctx, s.arrived, func(v view) []Message { return v.messages }, match)
}

// AwaitMail is Await for mails.
func (s *Sandbox) AwaitMail(ctx context.Context, match func(Mail) bool) (Mail, error) {
	return await(ctx, s.arrived, func(v view) []Mail { return v.mails }, match)
}

// Forget empties the sandbox, its file included.
func (s *Sandbox) Forget() error { return s.arrived.forget() }

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

// gate holds answers back while at least one hold is in force.
type gate struct {
	mu       sync.Mutex
	holds    int
	released chan struct{} // closed when the last hold goes
	opened   bool          // for good
}

func (g *gate) hold() (release func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened {
		return func() {}
	}
	if g.holds == 0 {
		g.released = make(chan struct{})
	}
	g.holds++
	return sync.OnceFunc(g.release)
}

func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.holds == 0 {
		return
	}
	g.holds--
	if g.holds == 0 {
		close(g.released)
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened = true
	if g.holds > 0 {
		g.holds = 0
		close(g.released)
	}
}

func (g *gate) wait(ctx context.Context) error {
	g.mu.Lock()
	holds, released := g.holds, g.released
	g.mu.Unlock()
	if holds == 0 {
		return nil
	}
	select {
	case <-released:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
