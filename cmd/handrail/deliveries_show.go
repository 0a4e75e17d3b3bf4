package main

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"handrail/chat"
	"handrail/client"
)

type deliveryShow struct {
	remote
	ID string `arg:"" help:"The delivery's id, as listed."`
}

// Run shows a delivery.
func (s *deliveryShow) Run(c *console) error {
	ask := func(api *apiClient) (*http.Response, error) {
		return api.GetDelivery(c.ctx, api.workspace, s.ID)
	}

	return showOne(c, &s.remote, ask, func(_ *apiClient, d *deliveryView) error { return d.show(c, &s.remote) })
}

func (d *deliveryView) show(c *console, r *remote) error {
	fmt.Fprintf(c.out, "%s\n\n", makePrintable(d.Explanation))
	d.showFacts(c)

	if err := d.showAttempts(c); err != nil {
		return err
	}

	if err := d.showEvents(c); err != nil {
		return err
	}

	d.showOtherMoments(c)
	d.showNext(c, r)

	return nil
}

func (d *deliveryView) showFacts(c *console) {
	f := facts{c}
	f.say("delivery", "%s", d.ID)
	f.say("status", "%s", d.Status)
	f.say("sent twice", "%s", d.markDuplicate())
	f.say("sent through", "%s, %s", d.Provider, d.Channel)
	f.say("from", "%s", d.From)
	f.say("to", "%s", d.To)
	f.say("chat", "%s", d.describeChat())
	f.say("message", "%s", d.MessageID)
	f.say("action", "%s", d.ActionID)
	f.say("provider's id", "%s", d.ProviderMessageID)
	f.say("error", "%s %s", d.ErrorCode, d.ErrorMessage)
	f.say("what to do", "%s", chat.Advice(client.ValueOf(d.Advice)).Words())
	f.say("segments", "%s", formatNumber(d.Segments))
	f.say("created", "%s (%s ago)", formatTime(d.CreatedAt), formatAge(d.CreatedAt))
	f.say("changed", "%s (%s ago)", formatTime(d.UpdatedAt), formatAge(d.UpdatedAt))
	f.sayTime("next try", d.RetryAt)
	f.sayTime("unknown since", d.UnknownSince)
	f.say("retry of", "%s", client.ValueOf(d.RetryOf))
	f.say("retried by", "%s", client.ValueOf(d.RetriedBy))
	f.say("bulk retry", "%s", client.ValueOf(d.BulkRetryID))
	f.say("to customers", "%s", client.ValueOf(d.CustomerSentence))
}

func (d *deliveryView) showAttempts(c *console) error {
	if len(d.Attempts) == 0 {
		fmt.Fprintln(c.out, "\nNo attempt has been made.")
		return nil
	}

	c.showHeading("Attempts")
	t := newTable(c.out, "  NO", "STARTED", "TOOK", "OUTCOME", "HTTP", "ERROR", "REACHED THE PROVIDER")

	for _, a := range d.Attempts {
		took := ""
		outcome := a.Outcome

		if a.FinishedAt != nil {
			took = a.FinishedAt.Sub(a.StartedAt).Round(time.Millisecond).String()
		}

		if outcome == "" {
			outcome = "running"
		}

		t.row(
			fmt.Sprintf("  %d", a.Number),
			formatTime(a.StartedAt),
			took,
			makePrintable(outcome),
			formatNumber(client.ValueOf(a.HTTPStatus)),
			makePrintable(client.ValueOf(a.ErrorCode)),
			makePrintable(string(a.Reached)),
		)
	}

	return t.flush()
}

func (d *deliveryView) showEvents(c *console) error {
	if len(d.Events) == 0 {
		fmt.Fprintln(c.out, "\nThe provider has reported nothing yet.")
		return nil
	}

	c.showHeading("The provider's reports (--json shows them in full)")

	t := newTable(c.out, "  RECEIVED", "BY", "WHAT")
	for _, e := range d.Events {
		t.row("  "+formatTime(e.ReceivedAt), makePrintable(e.Provider), makePrintable(e.Type))
	}

	return t.flush()
}

// showOtherMoments tells what has happened beside attempts and reports: where the message is looked for, and what a
// person has decided.
func (d *deliveryView) showOtherMoments(c *console) {
	isFirst := true

	for _, moment := range d.Timeline {
		if moment.Attempt != nil || moment.Report != nil {
			continue
		}

		if isFirst {
			c.showHeading("What else has happened")
		}

		isFirst = false

		fmt.Fprintf(c.out, "  %s  %s\n", formatTime(moment.At), makePrintable(moment.What))
	}
}

// showNext lists what may be done as commands.
func (d *deliveryView) showNext(c *console, r *remote) {
	var lines []string

	add := func(format string, args ...any) {
		lines = append(lines, r.line(c, fmt.Sprintf(format, args...)))
	}

	if d.RetriedBy != nil {
		add("deliveries show %s", makePrintable(*d.RetriedBy))
	}

	if slices.Contains(d.Next, client.WholeDeliveryNextRetry) {
		flags := ""
		if slices.Contains(d.RetryNeeds, client.WholeDeliveryRetryNeedsAcknowledgeDuplicate) {
			flags = " --may-duplicate"
		}

		reason := ""
		if slices.Contains(d.RetryNeeds, client.WholeDeliveryRetryNeedsReason) {
			reason = " --reason '…'"
		}

		if !slices.Contains(d.RetryNeeds, client.WholeDeliveryRetryNeedsChange) {
			add("deliveries retry %s%s%s", d.ID, reason, flags)
		}

		add("deliveries retry %s --to ADDRESS --reason '…'%s", d.ID, flags)

		if !slices.Contains(d.RetryNeeds, client.WholeDeliveryRetryNeedsChange) {
			add("deliveries retry %s --body 'TEXT' --reason '…'%s", d.ID, flags)
		}
	}

	if slices.Contains(d.Next, client.WholeDeliveryNextCancel) {
		add("deliveries cancel %s --reason '…'", d.ID)
	}

	if slices.Contains(d.Next, client.WholeDeliveryNextLookUp) {
		add("deliveries look-up %s", d.ID)
	}

	if slices.Contains(d.Next, client.WholeDeliveryNextResolve) {
		add("deliveries resolve %s --as sent --reason '…'", d.ID)
		add("deliveries resolve %s --as not_sent --reason '…'", d.ID)
	}

	if len(lines) == 0 {
		fmt.Fprintln(c.out, "\nThere is nothing to do.")
		return
	}

	c.showHeading("What you may do")

	for _, line := range lines {
		fmt.Fprintln(c.out, "  "+line)
	}
}
