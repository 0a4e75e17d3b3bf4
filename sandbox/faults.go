package sandbox

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// Channels, as a Fault names them.
const (
	ChannelSMS   = "phone-sms"
	ChannelEmail = "email"
	// ChannelTool are calls of the restaurant's HTTP tools. Only rules that name it strike
	// them; their To is what is called: "tables" or "refunds".
	ChannelTool = "tool"
)

// FaultKind is one way to misbehave.
type FaultKind string

// Faults of the post itself. At most one strikes a post.
const (
	// FaultCut accepts, then closes the connection without an answer.
	FaultCut FaultKind = "cut"
	// FaultError accepts, then answers 500.
	FaultError FaultKind = "error"
	// FaultTruncate accepts, then cuts the answer off in its body.
	FaultTruncate FaultKind = "truncate"
	// FaultSlow accepts, then answers after Delay, 40 s by default.
	FaultSlow FaultKind = "slow"
	// FaultRateLimit answers 429 with a Retry-After of Delay, 1 s by default.
	FaultRateLimit FaultKind = "rate_limit"
	// FaultRedirect answers 302 and accepts nothing.
	FaultRedirect FaultKind = "redirect"
	// FaultUnavailable answers 503 with a Retry-After of Delay, 1 s by default, and accepts nothing.
	FaultUnavailable FaultKind = "unavailable"
	// FaultDown closes the connection and accepts nothing.
	FaultDown FaultKind = "down"
	// FaultLate cuts the connection at once and accepts after Delay, 5 s by default, if
	// the sandbox still runs then.
	FaultLate FaultKind = "late"
	// FaultRefuse refuses for good: Twilio's 21614, or a 400 of SendGrid.
	FaultRefuse FaultKind = "refuse"
	// FaultSuspended answers 401, as of an account that was suspended.
	FaultSuspended FaultKind = "suspended"
	// FaultOptedOut refuses an SMS with 21610. It never strikes a mail.
	FaultOptedOut FaultKind = "opted_out"
	// FaultGarbage lets a tool act, then answer 200 with something that is no JSON. Its
	// rule must name ChannelTool.
	FaultGarbage FaultKind = "garbage"
)

// Faults of what follows an accepted post. Any number of them strike together.
const (
	// CallbackEarly tells the first news before the post is answered.
	CallbackEarly FaultKind = "callback_early"
	// CallbackTwice tells everything twice.
	CallbackTwice FaultKind = "callback_twice"
	// CallbackDisorder tells the end before what came before it.
	CallbackDisorder FaultKind = "callback_disorder"
	// CallbackNever tells nothing.
	CallbackNever FaultKind = "callback_never"
	// CallbackDelay tells everything Delay later, 10 s by default.
	CallbackDelay FaultKind = "callback_delay"
	// ListLag keeps it out of Twilio's lists and SendGrid's logs for Delay, 10 s by default.
	ListLag FaultKind = "list_lag"
	// ListHide keeps it out of Twilio's lists and SendGrid's logs for ever.
	ListHide FaultKind = "list_hide"
	// CallbackContradict ends an SMS as undelivered with 30003, and delivers it later: its
	// final status contradicts an earlier final one. It never strikes a mail.
	CallbackContradict FaultKind = "callback_contradict"
	// Undelivered ends an SMS as undelivered with 30003, and a mail as a hard bounce.
	Undelivered FaultKind = "undelivered"
	// Bounce is Undelivered by its name for mail.
	Bounce FaultKind = "bounce"
)

var (
	postFaults = []FaultKind{
		FaultCut, FaultError, FaultTruncate, FaultSlow, FaultRateLimit, FaultRedirect, FaultUnavailable,
		FaultDown, FaultLate,
		FaultRefuse, FaultSuspended, FaultOptedOut, FaultGarbage,
	}
	laterFaults = []FaultKind{
		CallbackEarly, CallbackTwice, CallbackDisorder, CallbackNever, CallbackDelay, CallbackContradict,
		ListLag, ListHide, Undelivered, Bounce,
	}
	smsFaults     = []FaultKind{FaultOptedOut, CallbackContradict}
	defaultDelays = map[FaultKind]time.Duration{
		FaultSlow:        40 * time.Second,
		FaultRateLimit:   time.Second,
		FaultUnavailable: time.Second,
		FaultLate:        5 * time.Second,
		CallbackDelay:    10 * time.Second,
		ListLag:          10 * time.Second,
	}
)

// faultWords say on the page what each fault does.
var faultWords = map[FaultKind]string{
	FaultCut:           "takes it, then closes the connection without an answer",
	FaultError:         "takes it, then answers 500",
	FaultTruncate:      "takes it, then answers half a body",
	FaultSlow:          "takes it, and answers after the delay",
	FaultRateLimit:     "answers 429 and does not take it",
	FaultRedirect:      "answers 302 and does not take it",
	FaultUnavailable:   "answers 503 and does not take it",
	FaultDown:          "closes the connection and does not take it",
	FaultLate:          "closes the connection, and takes it after the delay",
	FaultRefuse:        "refuses it for good",
	FaultSuspended:     "answers 401, as for a suspended account",
	FaultOptedOut:      "refuses an SMS: the recipient has opted out",
	FaultGarbage:       "a tool acts, and answers with what is no JSON",
	CallbackEarly:      "reports the first status before it answers",
	CallbackTwice:      "reports each status twice",
	CallbackDisorder:   "reports the final status before the others",
	CallbackNever:      "reports nothing",
	CallbackDelay:      "reports each status later, by the delay",
	CallbackContradict: "reports an SMS as undelivered, then as delivered",
	ListLag:            "does not show it in its list until the delay is over",
	ListHide:           "never shows it in its list",
	Undelivered:        "takes it; the SMS is not delivered, the mail bounces",
	Bounce:             "the same as undelivered",
}

// faultChoice is a fault that can be chosen on the page.
type faultChoice struct {
	Kind FaultKind
	Does string
}

func listFaultChoices() []faultChoice {
	var choices []faultChoice
	for _, kind := range slices.Concat(postFaults, laterFaults) {
		choices = append(choices, faultChoice{Kind: kind, Does: faultWords[kind]})
	}

	return choices
}

// Fault is a rule: how to misbehave, towards whom and how often.
type Fault struct {
	Kind FaultKind
	// Rate is the share of messages it strikes, up to 1; 0 is all of them.
	Rate float64
	// To is the one address it is for; "" is all. Rules with an address come first.
	To string
	// Channel is ChannelSMS, ChannelEmail or ChannelTool; "" is the first two.
	Channel string
	// Times is after how many strikes it is spent; 0 is never.
	Times int
	// Delay is for the kinds that know one; 0 is their default.
	Delay time.Duration
	// Struck is how often it has struck. SetFaults sets it to 0.
	Struck int
}

func (f Fault) validate() error {
	switch {
	case !slices.Contains(postFaults, f.Kind) && !slices.Contains(laterFaults, f.Kind):
		return fmt.Errorf("fault %q is not known", f.Kind)
	case f.Rate < 0 || f.Rate > 1:
		return errors.New("rate must be from 0 to 1")
	case !slices.Contains([]string{"", ChannelSMS, ChannelEmail, ChannelTool}, f.Channel):
		return fmt.Errorf("channel %q is none of %s, %s and %s", f.Channel, ChannelSMS, ChannelEmail, ChannelTool)
	case f.Kind == FaultGarbage && f.Channel != ChannelTool:
		return fmt.Errorf("fault %s needs the channel %s", f.Kind, ChannelTool)
	case f.Times < 0:
		return errors.New("times must not be negative")
	case f.Delay < 0:
		return errors.New("delay must not be negative")
	}

	return nil
}

func (f Fault) concerns(channel string, to []string) bool {
	return (f.Channel == channel || f.Channel == "" && channel != ChannelTool) &&
		(f.Times == 0 || f.Struck < f.Times) &&
		(!slices.Contains(smsFaults, f.Kind) || channel == ChannelSMS) &&
		(f.To == "" || slices.ContainsFunc(to, func(address string) bool { return strings.EqualFold(address, f.To) }))
}

func (f Fault) delay() time.Duration {
	if f.Delay == 0 {
		return defaultDelays[f.Kind]
	}

	return f.Delay
}

// Faults are the rules in force, in their order.
func (s *Sandbox) Faults() []Fault { return s.faults.list() }

// SetFaults replaces all rules. They are kept in memory only: a sandbox that starts
// behaves. It fails, and changes nothing, when one of them makes no sense.
func (s *Sandbox) SetFaults(faults ...Fault) error {
	for i, f := range faults {
		if err := f.validate(); err != nil {
			return fmt.Errorf("sandbox: fault %d: %w", i+1, err)
		}
	}

	s.faults.set(faults)

	return nil
}

// faultBook is the rules in force and the dice.
type faultBook struct {
	mu       sync.Mutex
	dice     *rand.Rand
	rules    []Fault
	revision int
}

func newFaultBook(seed uint64) *faultBook {
	if seed == 0 {
		seed = rand.Uint64() //nolint:gosec // dice, no secret
	}

	return &faultBook{dice: rand.New(rand.NewPCG(seed, seed))} //nolint:gosec // repeatable on purpose
}

func (b *faultBook) list() []Fault {
	b.mu.Lock()
	defer b.mu.Unlock()

	return slices.Clone(b.rules)
}

func (b *faultBook) set(faults []Fault) {
	b.edit(func([]Fault) []Fault {
		rules := slices.Clone(faults)
		for i := range rules {
			rules[i].Struck = 0
		}

		return rules
	})
}

func (b *faultBook) edit(change func([]Fault) []Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()

	b.rules = change(b.rules)
	b.revision++
}

func (b *faultBook) changes() int {
	b.mu.Lock()
	defer b.mu.Unlock()

	return b.revision
}

// strike is the first rule of these kinds that concerns the message and strikes, those
// with an address first; its Kind is "" when none does.
func (b *faultBook) strike(channel string, to []string, kinds ...FaultKind) Fault {
	for _, addressed := range []bool{true, false} {
		for i, rule := range b.rules {
			if (rule.To != "") != addressed || !slices.Contains(kinds, rule.Kind) || !rule.concerns(channel, to) {
				continue
			}

			if rule.Rate > 0 && b.dice.Float64() >= rule.Rate {
				continue
			}

			b.rules[i].Struck++
			b.revision++

			return rule
		}
	}

	return Fault{}
}

// post draws what goes wrong with a post.
func (b *faultBook) post(channel string, to ...string) Fault {
	b.mu.Lock()
	defer b.mu.Unlock()

	return b.strike(channel, to, postFaults...)
}

// aftermath is what goes wrong after a post was accepted.
type aftermath struct {
	early, twice, disorder, never, doomed bool
	contradicted, hidden                  bool
	delay, lag                            time.Duration
	// struck are the kinds of all that.
	struck []FaultKind
}

// later draws what goes wrong afterwards; every kind is drawn for itself.
func (b *faultBook) later(channel string, to ...string) aftermath {
	b.mu.Lock()
	defer b.mu.Unlock()

	var a aftermath

	draw := func(kinds ...FaultKind) Fault {
		f := b.strike(channel, to, kinds...)
		if f.Kind != "" {
			a.struck = append(a.struck, f.Kind)
		}

		return f
	}
	strikes := func(kinds ...FaultKind) bool { return draw(kinds...).Kind != "" }

	a.early = strikes(CallbackEarly)
	a.twice = strikes(CallbackTwice)
	a.disorder = strikes(CallbackDisorder)
	a.never = strikes(CallbackNever)
	a.doomed = strikes(Undelivered, Bounce)
	a.contradicted = !a.doomed && strikes(CallbackContradict)
	a.delay = draw(CallbackDelay).delay()
	a.lag = draw(ListLag).delay()
	a.hidden = strikes(ListHide)

	return a
}

// resumeAftermath is what still goes wrong with a message that the faults struck before the
// sandbox was started anew.
func resumeAftermath(struck []FaultKind) aftermath {
	return aftermath{never: slices.Contains(struck, CallbackNever)}
}

// listedNever is later than any list is read.
var listedNever = time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC)

// listedAt is when a message that was accepted at that time is listed; nil is at once.
func (a aftermath) listedAt(accepted time.Time) *time.Time {
	switch {
	case a.hidden:
		return &listedNever
	case a.lag == 0:
		return nil
	}

	return new(accepted.Add(a.lag))
}
