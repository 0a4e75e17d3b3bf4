package chat

import (
	"fmt"
	"strings"
	"time"
)

// Moment is something that has happened, in a sentence, with what it is about.
type Moment struct {
	At   time.Time
	What string
	// Attempt is the number of an attempt of the delivery, 0 for none.
	Attempt int64
	// Report is which of the provider's reports on the delivery it is, counted from 1; 0 for none.
	Report int
	// ToolCallID is the id of a tool call, or of the call that takes one back; "" for none.
	ToolCallID string
}

// Timeline is what the row of an action alone tells of it.
func (a *Action) Timeline() []Moment {
	moments := []Moment{{At: a.CreatedAt.UTC(), What: "Asked for."}}
	if a.ModelWait != nil {
		moments = append(moments, Moment{At: a.ModelWait.Since.UTC(), What: a.ModelWait.Explain()})
	}

	if a.State == ActionSucceeded || a.State == ActionFailed {
		moments = append(moments, Moment{At: a.UpdatedAt.UTC(), What: "The action " + string(a.State) + "."})
	}

	return moments
}

// Timeline tells of each attempt, of what the provider reported, of where evidence is looked for, and of what a person
// decided.
func (d *Delivery) Timeline() []Moment {
	var moments []Moment

	for _, a := range d.Attempts {
		at, what := a.StartedAt, fmt.Sprintf("Attempt %d began.", a.Fence)
		if a.FinishedAt != nil {
			at, what = *a.FinishedAt, fmt.Sprintf("Attempt %d: %s.", a.Fence, a.explain())
		}

		moments = append(moments, Moment{
			At:      at.UTC(),
			What:    what,
			Attempt: a.Fence,
		})
	}

	for i, e := range d.Events {
		what := e.Explain()
		if e.Lost() && d.DeliveryStatus.Lost() {
			what += " The chat needs a response again."
		}

		if e.Lost() && d.DeliveryStatus.Arrived() || e.Arrived() && d.DeliveryStatus.Lost() {
			what += fmt.Sprintf(" What counts is %s.", d.DeliveryStatus)
		}

		moments = append(moments, Moment{
			At:     e.ReceivedAt.UTC(),
			What:   what,
			Report: i + 1,
		})
	}

	if d.UnknownSince != nil {
		moments = append(moments, Moment{At: d.UnknownSince.UTC(), What: d.explainSearch()})
	}

	if d.Decision != nil {
		moments = append(moments, Moment{At: d.Decision.At.UTC(), What: d.Decision.Explain()})
	}

	return moments
}

// explain says what an attempt has come to: "unknown, HTTP 502, sendgrid_502".
func (a *Attempt) explain() string {
	words := string(a.Outcome)
	if a.HTTPStatus != 0 {
		words += fmt.Sprintf(", HTTP %d", a.HTTPStatus)
	}

	if a.ErrorCode != "" {
		words += ", " + a.ErrorCode
	}

	return words
}

// Timeline tells of the approval, and of each tool call, its questions and its undo.
func (s *SendView) Timeline() []Moment {
	var (
		moments []Moment
		call    string
	)

	tell := func(at time.Time, format string, args ...any) {
		moments = append(moments, Moment{
			At:         at.UTC(),
			What:       fmt.Sprintf(format, args...),
			ToolCallID: call,
		})
	}

	s.tellApproval(tell)

	for i := range s.ToolCalls {
		c := &s.ToolCalls[i]
		call = c.ID
		tellCall(tell, "Tool call", c)

		if r, ok := s.Requests[c.Request]; ok {
			tellRequest(tell, &r)
		}

		if c.Undo != nil {
			call = c.Undo.ID
			tellCall(tell, "Undo", c.Undo)
		}
	}

	return moments
}

type teller func(at time.Time, format string, args ...any)

func (s *SendView) tellApproval(tell teller) {
	a := s.Approval
	if a == nil {
		return
	}

	tell(s.CreatedAt, "Approval of %s was asked for, until %s.", s.approvedCalls(), formatTime(a.Deadline))

	at := a.Deadline
	if a.DecidedAt != nil {
		at = *a.DecidedAt
	}

	switch a.State {
	case ApprovalApproved, ApprovalRefused:
		if a.DecidedBy == 0 {
			tell(at, "The operator %s it: %s", a.State, a.Reason)
			break
		}

		tell(at, "Member %d %s it: %s", a.DecidedBy, a.State, a.Reason)
	case ApprovalVoid:
		tell(at, "It is void: %s.", WhyVoid)
	case ApprovalExpired:
		tell(at, "Nobody has approved it in time.")
	case ApprovalWaiting:
	}
}

// tellCall tells of a call; of one that asks people, its request tells.
func tellCall(tell teller, what string, c *ToolCall) {
	if c.StartedAt != nil && c.Request == "" {
		tell(*c.StartedAt, "%s %s began.", what, c.label())
	}

	if d := c.Decision; d != nil {
		tell(d.At, "Member %d resolved %s as %s: %s", d.By, c.label(), d.Verdict, d.Reason)
	}

	if c.FinishedAt == nil {
		return
	}

	words := ""
	if c.Attempts > 1 {
		words = fmt.Sprintf(" after %d attempts", c.Attempts)
	}

	if c.ErrorCode != "" {
		words += ", " + c.ErrorCode
	}

	tell(*c.FinishedAt, "%s %s: %s%s.", what, c.label(), c.State, words)
}

func tellRequest(tell teller, r *ContributorRequest) {
	names := make([]string, len(r.Questions))
	for i, a := range r.Questions {
		names[i] = a.MemberName
	}

	tell(
		r.CreatedAt,
		"Contributor request %s was opened for %s, until %s.",
		r.ID,
		strings.Join(names, ", "),
		formatTime(r.Deadline),
	)

	for _, a := range r.Questions {
		if a.AnsweredAt != nil {
			tell(*a.AnsweredAt, "%s answered.", a.MemberName)
		}
	}

	if r.State != RequestOpen {
		tell(r.UpdatedAt, "%s", strings.TrimSpace(fmt.Sprintf("Contributor request %s: %s. %s", r.ID, r.State, r.Note)))
	}
}
