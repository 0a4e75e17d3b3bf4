package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"handrail/chat"
	"handrail/client"
)

type deliveriesCommand struct {
	List     deliveryList     `cmd:"" help:"List deliveries, newest first."`
	Show     deliveryShow     `cmd:"" help:"Explain a delivery: its state, what happened to it, and what you may do."`
	Retry    deliveryRetry    `cmd:"" help:"Retry a delivery, unchanged or changed, and show the outcome."`
	Cancel   deliveryCancel   `cmd:"" help:"Cancel a delivery that its provider does not have yet."`
	Resolve  deliveryResolve  `cmd:"" help:"Resolve a delivery with an unknown outcome as sent or not sent."`
	LookUp   deliveryLookUp   `cmd:"" name:"look-up" help:"Ask the provider now what became of a delivery."`
	RetryAll deliveryRetryAll `cmd:"" help:"Retry all deliveries that match: a few first (the canary), then the rest at a limited rate."`
}

// Help is shown by kong.
func (deliveriesCommand) Help() string {
	return `These commands call the REST API. Set HANDRAIL_API_KEY and HANDRAIL_WORKSPACE, and HANDRAIL_URL if the
API is not on this machine. To list what waits for a person: handrail deliveries list --waiting-for person

` + exitHelp
}

// deliveryView is a delivery as the API shows it. Those of a list have no attempts, and no events.
type deliveryView struct{ client.WholeDelivery }

// deliveryFilter are the flags that choose deliveries, as the API's parameters do.
type deliveryFilter struct {
	Status    choice `help:"Only this status, like needs_review, unknown, blocked, rejected, undelivered or all." placeholder:"STATUS"`
	Channel   choice `help:"Only this channel: phone-sms, email or all." placeholder:"CHANNEL"`
	ErrorCode string `help:"Only this error code, like twilio_30003." placeholder:"CODE"`
	Sender    string `help:"Only from this sender: phone: or inbox: and its id, like phone:12." placeholder:"SENDER"`
	ChatID    int64  `aliases:"chat" help:"Only this chat." placeholder:"ID"`
	Since     moment `help:"Only those created since then: how long ago, like 2h, or a time like 2026-11-22T10:00:00Z." placeholder:"WHEN"`
	Until     moment `help:"Only those created before then." placeholder:"WHEN"`
}

// isEmpty reports whether no filter is given.
func (f *deliveryFilter) isEmpty() bool { return *f == deliveryFilter{} }

// moment is a time in RFC 3339, given as such or as how long ago it was.
type moment string

// UnmarshalText reads what was given.
func (m *moment) UnmarshalText(text []byte) error {
	if d, err := time.ParseDuration(string(text)); err == nil && d >= 0 {
		*m = moment(formatTime(time.Now().Add(-d)))
		return nil
	}

	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return errors.New("must be how long ago, like 2h, or a time like 2026-11-22T10:00:00Z")
	}

	*m = moment(t.UTC().Format(time.RFC3339Nano))

	return nil
}

// dueTime is a time to come, given as how far it is away or as itself.
type dueTime struct{ time.Time }

// UnmarshalText reads what was given.
func (d *dueTime) UnmarshalText(text []byte) error {
	if away, err := time.ParseDuration(string(text)); err == nil && away > 0 {
		d.Time = time.Now().Add(away).UTC()
		return nil
	}

	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return errors.New("must be how long from now, like 48h, or a time like 2026-12-02T10:00:00Z")
	}

	d.Time = t

	return nil
}

// time returns the time, nil if none was given.
func (m moment) time() *time.Time {
	t, err := time.Parse(time.RFC3339, string(m))
	if err != nil {
		return nil
	}

	return &t
}

type deliveryList struct {
	remote
	deliveryFilter
	Duplicate []string `enum:"possible,confirmed" help:"Only what was sent twice (confirmed), or may have been (possible), or both: confirmed,possible." placeholder:"KIND"`
	BulkRetry string   `help:"Only those that this bulk retry has begun." placeholder:"ID"`
	To        string   `help:"Only those in chats with the member who has this phone number or email address." placeholder:"ADDRESS"`
	listing

	FailedForGood bool   `help:"Only what has not reached its recipient for good, and was not sent again."`
	WaitingFor    string `help:"Only what waits for this: people, person, sender, attempt, address, provider, receipt, tool, tool_decision, approval, contributor or all." placeholder:"WHAT"`
}

// Run lists deliveries.
func (l *deliveryList) Run(c *console) error {
	member, err := l.findRecipient(c)
	if err != nil {
		return err
	}

	empty := "no deliveries match"
	if l.isEmpty() && len(l.Duplicate) == 0 && l.BulkRetry == "" && l.To == "" && !l.FailedForGood &&
		len(splitWaits(l.WaitingFor)) == 0 {
		empty = "no deliveries yet"
	}

	params := l.params(member)

	return showList(c, &l.remote, l.listing, listView[deliveryView]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			params.Limit = at.limit
			params.Cursor = at.cursor

			return api.ListDeliveries(c.ctx, api.workspace, params)
		},
		empty:   empty,
		columns: []string{"DELIVERY", "STATUS", "TWICE", "AGE", "CHAT", "TO", "CHANNEL", "ERROR OR WAIT"},
		row: func(d *deliveryView) []string {
			return []string{
				makePrintable(d.ID),
				makePrintable(string(d.Status)),
				d.markDuplicate(),
				formatAge(d.CreatedAt),
				d.describeChat(),
				makePrintable(d.To),
				makePrintable(string(d.Channel)),
				d.describeHold(),
			}
		},
	})
}

// describeChat returns the id of the delivery's chat. A notice to a member is in none.
func (d *deliveryView) describeChat() string {
	if d.ChatID == nil {
		return "notice"
	}

	return formatID(*d.ChatID)
}

// describeHold says in a word why a delivery is where it is: its error, or else what it waits for.
func (d *deliveryView) describeHold() string {
	switch {
	case d.ErrorCode != "":
		return makePrintable(d.ErrorCode)
	case d.WaitingFor != nil:
		return "waits: " + makePrintable(string(*d.WaitingFor))
	}

	return ""
}

// params are the filters, with the member whose deliveries are listed; nil for those of all.
func (l *deliveryList) params(member *int64) *client.ListDeliveriesParams {
	params := &client.ListDeliveriesParams{
		Status:        client.OnlyGiven(client.DeliveryStatus(l.Status)),
		ChannelFilter: client.OnlyGiven(client.Channel(l.Channel)),
		ErrorCode:     client.IfGiven(l.ErrorCode),
		Sender:        client.IfGiven(l.Sender),
		ChatID:        client.IfGiven(l.ChatID),
		MemberID:      member,
		BulkRetryID:   client.IfGiven(l.BulkRetry),
		Since:         l.Since.time(),
		Until:         l.Until.time(),
		FailedForGood: client.IfGiven(l.FailedForGood),
		WaitingFor:    splitWaits(l.WaitingFor),
	}

	for _, kind := range l.Duplicate {
		params.Duplicate = append(params.Duplicate, client.ListDeliveriesParamsDuplicate(kind))
	}

	return params
}

// findRecipient returns the id of the member whom --to names, nil if it is not given.
func (l *deliveryList) findRecipient(c *console) (*int64, error) {
	if l.To == "" {
		return nil, nil //nolint:nilnil // nobody is named
	}

	member, err := l.findMemberID(c, l.To)
	if err == nil && member == nil {
		err = fmt.Errorf("no member has the address %s; see handrail members list", l.To)
	}

	return member, err
}

// markDuplicate says whether the delivery was sent twice: "yes" or "maybe", "" if not.
func (d *deliveryView) markDuplicate() string {
	switch d.Duplicate {
	case client.DuplicateConfirmed:
		return "yes"
	case client.DuplicatePossible:
		return "maybe"
	case client.DuplicateNone:
	}

	return ""
}

// settled reports whether nothing more is to be awaited after a retry, and whether the
// provider has the message.
func (d *deliveryView) settled() (over, sent bool) {
	submission := chat.SubmissionState(d.Submission)
	if submission == chat.SubmissionAccepted {
		return true, !chat.DeliveryStatus(d.Carrier).Lost()
	}

	return submission.Settled(), submission == chat.SubmissionConfirmedSent
}

// showOutcome writes how the delivery stands after a command.
func (d *deliveryView) showOutcome(out io.Writer) {
	fmt.Fprintf(
		out,
		"%s\n\n  delivery %s is %s\n",
		makePrintable(d.Explanation),
		makePrintable(d.ID),
		makePrintable(string(d.Status)),
	)
}

func formatNumber(n int64) string {
	if n == 0 {
		return ""
	}

	return strconv.FormatInt(n, 10)
}
