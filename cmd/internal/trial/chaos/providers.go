package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"time"
)

// fault is one of the ways in which the sandbox can misbehave, as its admin API takes it.
type fault struct {
	Fault string  `json:"fault"`
	Rate  float64 `json:"rate"`
	Delay string  `json:"delay,omitempty"`
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
		{Fault: "list_lag", Delay: "10s"},
		{Fault: "undelivered"},
	}
}

// shareFaults splits percent evenly over all faults. A rate of 0 would mean always.
func shareFaults(percent float64) []fault {
	if percent == 0 {
		return []fault{}
	}

	all := allFaults()
	for i := range all {
		all[i].Rate = percent / 100 / float64(len(all))
	}

	return all
}

// providers is the sandbox, from which it is learned what really arrived.
type providers struct {
	origin string
	client *http.Client
	faults []fault
	// inForce are the faults as they were last seen, past how often those struck that
	// died with a sandbox.
	inForce []fault
	past    map[string]int
}

func newProviders(origin string, percent float64) *providers {
	return &providers{
		origin: origin,
		client: &http.Client{Timeout: time.Minute},
		faults: shareFaults(percent),
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

	if len(inForce) == len(p.faults) {
		p.inForce = inForce
		return nil
	}

	p.past, p.inForce = p.struck(), nil

	body, err := json.Marshal(p.faults)
	if err != nil {
		return err
	}

	_, err = p.ask(ctx, http.MethodPut, "/sandbox/faults", body)

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

// arrived counts, by marker, the messages and mails that were really accepted.
func (p *providers) arrived(ctx context.Context) (map[string]int, error) {
	var list struct {
		Messages []struct {
			Body string `json:"body"`
		} `json:"messages"`
		Mails []struct {
			Text string `json:"text"`
		} `json:"mails"`
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

	counts := make(map[string]int)
	for _, m := range list.Messages {
		counts[markers.FindString(m.Body)]++
	}

	for _, m := range list.Mails {
		counts[markers.FindString(m.Text)]++
	}

	return counts, nil
}

func (p *providers) ask(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, p.origin+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}

	request.Header.Set("Content-Type", "application/json")

	answer, err := p.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the sandbox: %w", err)
	}

	defer func() { _ = answer.Body.Close() }() // read to its end

	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("ask the sandbox: %w", err)
	}

	if answer.StatusCode >= http.StatusMultipleChoices {
		return nil, fmt.Errorf("the sandbox answers %s %s with %s: %s", method, path, answer.Status, raw)
	}

	return raw, nil
}
