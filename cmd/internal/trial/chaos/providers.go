package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"

	"handrail/chat"
)

// fault is one of the ways in which the sandbox can misbehave, as its admin API takes it.
type fault struct {
	Fault string `json:"fault"`
	// Channel is the one channel that it strikes, "" for all.
	Channel string  `json:"channel,omitempty"`
	Rate    float64 `json:"rate"`
	Times   int     `json:"times,omitempty"`
	Delay   string  `json:"delay,omitempty"`
	// Struck is how often it has, as the sandbox reports.
	Struck int `json:"struck,omitempty"`
}

// allFaults returns all faults that a run uses. The delays are longer than anything is usually waited
// for and shorter than the time limits, which are those of production.
func allFaults() []fault {
	return []fault{
		{Fault: "cut"},
		{Fault: "error"},
		{Fault: "truncate"},
		{Fault: "slow", Delay: "3s"},
		{Fault: "rate_limit", Delay: "1s"},
		{Fault: "redirect"},
		{Fault: "late", Delay: "4s"},
		{Fault: "refuse"},
		{Fault: "callback_early"},
		{Fault: "callback_twice"},
		{Fault: "callback_disorder"},
		{Fault: "callback_never"},
		{Fault: "callback_delay", Delay: "3s"},
		{Fault: "callback_contradict"},
		{Fault: "list_lag", Delay: "10s"},
		{Fault: "list_hide"},
		{Fault: "undelivered"},
	}
}

// shareFaults splits percent evenly over all faults that are selected. A rate of 0 would mean
// always.
func shareFaults(percent float64, kinds Selection) []fault {
	if percent == 0 {
		return []fault{}
	}

	all := slices.DeleteFunc(allFaults(), func(f fault) bool { return !kinds.has(f.Fault) })
	for i := range all {
		all[i].Rate = percent / 100 / float64(len(all))
	}

	return all
}

// firstRate is the share of messages that a fault strikes until it has struck once: even a
// short run is to see each fault.
const firstRate = 0.1

// firstStrikes returns rules for the faults that have not struck yet, spent after one strike.
func firstStrikes(faults []fault, struck map[string]int) []fault {
	var all []fault

	for _, f := range faults {
		if struck[f.Fault] == 0 {
			f.Rate = firstRate
			f.Times = 1

			// An SMS that did not arrive can be retried, an address that bounced cannot: each run
			// is to have what a person retries.
			if f.Fault == "undelivered" {
				f.Channel = string(chat.ChannelSMS)
			}

			all = append(all, f)
		}
	}

	return all
}

// providers is the sandbox, from which it is learned what really arrived.
type providers struct {
	origin string
	client *http.Client
	faults []fault
	// rules is how many rules were set last, -1 before the first time.
	rules int
	// inForce are the faults as they were last seen, past how often those struck that
	// died with a sandbox.
	inForce []fault
	past    map[string]int
}

func newProviders(origin string, percent float64, kinds Selection) *providers {
	return &providers{
		origin: origin,
		client: &http.Client{Timeout: time.Minute},
		faults: shareFaults(percent, kinds),
		rules:  -1,
		past:   make(map[string]int),
	}
}

// ensureFaults sees to it that the faults are in force: a sandbox that was killed has
// forgotten them.
func (p *providers) ensureFaults(ctx context.Context) error {
	raw, err := p.ask(ctx, http.MethodGet, "/sandbox/faults", nil)
	if err != nil {
		return err
	}

	var inForce []fault
	if err := json.Unmarshal(raw, &inForce); err != nil {
		return fmt.Errorf("read the sandbox's faults: %w", err)
	}

	if len(inForce) == p.rules {
		p.inForce = inForce
		return nil
	}

	p.past = p.struck()
	p.inForce = nil
	rules := slices.Concat(firstStrikes(p.faults, p.past), p.faults)

	body, err := json.Marshal(rules)
	if err != nil {
		return err
	}

	if _, err = p.ask(ctx, http.MethodPut, "/sandbox/faults", body); err == nil {
		p.rules = len(rules)
	}

	return err
}

// struck counts how often each fault has struck; what a sandbox that was killed did last
// is missing.
func (p *providers) struck() map[string]int {
	counts := maps.Clone(p.past)
	for _, f := range p.inForce {
		counts[f.Fault] += f.Struck
	}

	return counts
}

var markers = regexp.MustCompile(`chaos-\d{6}`)

// received is one message or mail that was really accepted.
type received struct {
	// text is the marker in its text.
	text string
	// delivery is what its sender says it belongs to, id what the provider calls it.
	delivery string
	id       string
	// hidden and silent report that it is never listed, and never reported on.
	hidden, silent bool
	// undelivered reports that it did not reach its recipient.
	undelivered bool
}

// arrival is a message or a mail as the sandbox shows it.
type arrival struct {
	SID        string            `json:"sid"`
	MessageID  string            `json:"message_id"`
	Body       string            `json:"body"`
	Text       string            `json:"text"`
	Form       url.Values        `json:"form"`
	CustomArgs map[string]string `json:"custom_args"`
	Faults     []string          `json:"faults"`
	Status     string            `json:"status"`
	Events     []struct {
		Event string `json:"event"`
	} `json:"events"`
}

// read returns what of it matters.
func (a *arrival) read() received {
	one := received{
		text:     markers.FindString(a.Body + a.Text),
		delivery: a.CustomArgs["delivery_id"],
		id:       a.SID + a.MessageID,
		hidden:   slices.Contains(a.Faults, "list_hide"),
		silent:   slices.Contains(a.Faults, "callback_never"),
	}

	one.undelivered = a.Status == "undelivered"
	for _, e := range a.Events {
		one.undelivered = e.Event == "bounce"
	}

	if callback, err := url.Parse(a.Form.Get("StatusCallback")); err == nil && one.delivery == "" {
		one.delivery = callback.Query().Get("d")
	}

	return one
}

// arrived returns the messages and mails that were really accepted.
func (p *providers) arrived(ctx context.Context) ([]received, error) {
	var list struct {
		Messages []arrival `json:"messages"`
		Mails    []arrival `json:"mails"`
	}

	for _, path := range []string{"/sandbox/messages.json", "/sandbox/mails.json"} {
		raw, err := p.ask(ctx, http.MethodGet, path, nil)
		if err != nil {
			return nil, err
		}

		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, fmt.Errorf("read what the sandbox has got: %w", err)
		}
	}

	var all []received

	for _, a := range slices.Concat(list.Messages, list.Mails) {
		if one := a.read(); one.text != "" { // else a customer wrote it
			all = append(all, one)
		}
	}

	return all, nil
}

// ask makes a request that must succeed.
func (p *providers) ask(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	raw, status, err := p.request(ctx, method, path, body)
	if err == nil && status >= http.StatusMultipleChoices {
		err = fmt.Errorf("the sandbox answers %s %s with %d: %s", method, path, status, raw)
	}

	return raw, err
}

// request makes a request and returns its answer, whatever that is.
func (p *providers) request(
	ctx context.Context,
	method, path string,
	body []byte,
) (raw []byte, status int, err error) {
	request, err := http.NewRequestWithContext(ctx, method, p.origin+path, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}

	request.Header.Set("Content-Type", "application/json")

	answer, err := p.client.Do(request)
	if err != nil {
		return nil, 0, fmt.Errorf("ask the sandbox: %w", err)
	}

	defer func() { _ = answer.Body.Close() }() // read to its end

	if raw, err = io.ReadAll(answer.Body); err != nil {
		return nil, 0, fmt.Errorf("ask the sandbox: %w", err)
	}

	return raw, answer.StatusCode, nil
}
