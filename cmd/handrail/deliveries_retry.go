package main

import (
	"errors"
	"fmt"
	"time"

	"handrail/chat"
	"handrail/client"
)

type deliveryRetry struct {
	remote
	ID     string        `arg:"" help:"The delivery's id, as listed."`
	To     string        `help:"Send the message to this address instead." placeholder:"ADDRESS"`
	Body   string        `help:"Send this text instead. It may be Markdown." placeholder:"TEXT"`
	Sender string        `help:"Send the message from this sender instead, like phone:12 or inbox:3." placeholder:"SENDER"`
	Reason string        `help:"The reason, for the audit log. Required if the retry changes something." placeholder:"TEXT"`
	Wait   time.Duration `default:"30s" help:"How long to wait for the outcome."`

	MayDuplicate bool `help:"Retry a message that may have been sent already, so that it may be sent twice. On a terminal, the command asks instead."`

	// waits reports that the person was told of the waiting.
	waits bool
}

// Help is shown by kong.
func (deliveryRetry) Help() string {
	return `A delivery that was certainly not handed over continues under its own id. One that has ended gets a new
delivery, and so does every retry with a change. A message that is needs_review, expired, abandoned or unconfirmed
may have been sent already: a retry may send it twice. It needs --reason, and --may-duplicate or your answer.

` + exitHelp
}

// Run retries a delivery and shows how it went.
func (r *deliveryRetry) Run(c *console) error {
	if r.Reason == "" && r.To+r.Body+r.Sender != "" {
		return &exitError{errors.New("a retry that changes something needs --reason"), exitUsage}
	}

	api, err := r.dial(c)
	if err != nil {
		return err
	}

	late := time.NewTimer(r.Wait)
	defer late.Stop()

	got, err := r.ask(api)
	if needsField(err, chat.FieldAcknowledgeDuplicate) {
		if err := r.confirmDuplicate(c, err); err != nil {
			return err
		}

		late.Reset(r.Wait)

		got, err = r.ask(api)
	}

	if err != nil {
		return err
	}

	return r.follow(api, got, late.C)
}

// ask asks the API for the retry. The API waits too, so that a refusal comes as the answer.
func (r *deliveryRetry) ask(api *apiClient) (*answer, error) {
	return api.read(api.RetryDelivery(
		api.ctx,
		api.workspace,
		r.ID,
		&client.RetryDeliveryParams{
			IdempotencyKey: new(client.NewIdempotencyKey()),
			Prefer:         new(preferWait(r.Wait)),
		},
		client.Retry{
			AcknowledgeDuplicate: client.IfGiven(r.MayDuplicate),
			Body:                 client.IfGiven(r.Body),
			Reason:               client.IfGiven(r.Reason),
			Sender:               client.IfGiven(r.Sender),
			To:                   client.IfGiven(r.To),
		},
	))
}

// preferWait asks the API to wait for the outcome, a minute at most.
func preferWait(wait time.Duration) string {
	return fmt.Sprintf("wait=%d", int(min(wait, time.Minute).Seconds()))
}

// confirmDuplicate asks the person whether the message may be sent twice, which the API wants to know. It
// fails unless the answer is yes.
func (r *deliveryRetry) confirmDuplicate(c *console, refusal error) error {
	switch {
	case r.Reason == "":
		return &exitError{
			errors.New("this delivery may have been sent already, so a retry may send it twice: it needs --reason"),
			exitUsage,
		}

	case !c.asks:
		return &exitError{refusal, exitUsage}
	}

	if !c.confirm("This delivery may have been sent already. A retry may send it twice. Retry it?") {
		return &exitError{errors.New("nothing was retried; --may-duplicate retries it without asking"), exitFailed}
	}

	r.MayDuplicate = true

	return nil
}

// started is what is known of an action that was begun: the API's answer to it, or the
// action itself.
type started struct {
	ActionID string          `json:"action_id"`
	State    string          `json:"state"`
	Delivery *client.Receipt `json:"delivery"`
	Problem  *client.Problem `json:"problem"`
}

// look looks how the action stands.
func (s *started) look(api *apiClient) error {
	got, err := api.read(api.GetAction(api.ctx, api.workspace, s.ActionID, nil))
	if err != nil {
		return err
	}

	return got.into(s)
}

// follow looks until the delivery is settled, or the wait is over.
func (r *deliveryRetry) follow(api *apiClient, got *answer, late <-chan time.Time) error {
	var begun started
	if err := got.into(&begun); err != nil {
		return err
	}

	var d deliveryView

	for {
		if begun.Delivery == nil && begun.Problem == nil {
			if err := begun.look(api); err != nil {
				return err
			}
		}

		switch {
		case begun.Delivery == nil && begun.Problem != nil:
			return &problem{&client.Error{Problem: *begun.Problem}, api.words}
		case begun.Delivery != nil:
			whole, err := d.load(api, begun.Delivery.ID)
			if err != nil {
				return err
			}

			got = whole
			if over, sent := d.settled(); over {
				return r.showResult(api, &d, got, sent)
			}
		}

		r.sayWaits(api)

		if !api.pause(late) {
			return r.showUnsettled(api, &d, got, begun.ActionID)
		}
	}
}

// load reads the delivery.
func (d *deliveryView) load(api *apiClient, id string) (*answer, error) {
	whole, err := api.read(api.GetDelivery(api.ctx, api.workspace, id))
	if err != nil {
		return nil, err
	}

	return whole, whole.into(d)
}

// sayWaits says once that the outcome is awaited, and how long. What is piped does not get it.
func (r *deliveryRetry) sayWaits(api *apiClient) {
	if r.waits {
		return
	}

	r.waits = true

	fmt.Fprintf(api.errs, "The outcome is awaited for up to %s. Ctrl-C ends the waiting, not the retry.\n", r.Wait)
}

// showResult shows the outcome of the delivery.
func (r *deliveryRetry) showResult(api *apiClient, d *deliveryView, got *answer, sent bool) error {
	if err := r.describe(api, d, got); err != nil {
		return err
	}

	if !sent {
		return &exitError{
			fmt.Errorf("the message was not sent. For details: %s", r.line(api.console, "deliveries show "+d.ID)),
			exitFailed,
		}
	}

	return nil
}

// showUnsettled says where to look for what has no outcome yet.
func (r *deliveryRetry) showUnsettled(api *apiClient, d *deliveryView, got *answer, action string) error {
	if d.ID == "" {
		return &exitError{
			fmt.Errorf("action %s has not begun yet; it continues in the background", action),
			exitUnsettled,
		}
	}

	if err := r.describe(api, d, got); err != nil {
		return err
	}

	return &exitError{
		fmt.Errorf(
			"the outcome is not known yet; the delivery continues in the background. To check: %s",
			r.line(api.console, "deliveries show "+d.ID),
		),
		exitUnsettled,
	}
}

func (r *deliveryRetry) describe(api *apiClient, d *deliveryView, got *answer) error {
	if r.JSON {
		return api.showJSON(got.raw)
	}

	d.showOutcome(api.out)

	return nil
}
