package activities

import (
	"context"
	"slices"
	"time"

	"handrail/chat"
)

// clockSkew is by how much the provider's clock, and its list's, may differ from ours.
const clockSkew = 2 * time.Minute

// LoadDelivery reads how a delivery stands. Idempotent: it changes nothing.
func (a *Activities) LoadDelivery(ctx context.Context, in chat.DeliveryStep) (chat.DeliverySnapshot, error) {
	d, err := a.Store.FindDelivery(ctx, in.WorkspaceID, in.DeliveryID)
	return a.receipt(&d), err
}

// QueryProvider asks the provider about a delivery whose outcome, or whose end, is not known, and
// records what it tells. It asks nothing when the store knows by now. Idempotent: reading
// at a provider changes nothing there, and the same report is recorded once.
func (a *Activities) QueryProvider(ctx context.Context, in chat.DeliveryStep) (chat.DeliverySnapshot, error) {
	d, err := a.Store.Delivery(ctx, in.WorkspaceID, in.DeliveryID)
	if err != nil {
		return chat.DeliverySnapshot{}, err
	}

	finder, ok := a.Providers[d.Provider].(Finder)
	if !ok {
		return a.receipt(&d), nil
	}

	var found *chat.Report

	switch {
	case d.Submission == chat.SubmissionSending:
		// Whoever claims or settles it finds out whether the claim has run out.
		d, err = a.Store.SettleUnknown(ctx, in.WorkspaceID, in.DeliveryID, time.Now())
	case d.Submission == chat.SubmissionAccepted && !d.DeliveryStatus.Final():
		found, err = a.fetch(ctx, finder, &d)
	case d.Submission == chat.SubmissionUnknown, d.Submission == chat.SubmissionNeedsReview:
		found, err = a.find(ctx, finder, &d)
	}

	if err != nil || found == nil {
		return a.receipt(&d), err
	}

	found.DeliveryID = d.ID
	reported, err := a.Store.RecordReport(ctx, *found, time.Now())
	reported.Snapshot.Waits = a.Waits[d.Channel]

	return reported.Snapshot, err
}

// fetch is what the provider says of a message that it has; nil when it no longer shows it.
// Not every provider can be asked by the id that it gave: SendGrid's logs have longer ones.
func (a *Activities) fetch(ctx context.Context, finder Finder, d *chat.Delivery) (*chat.Report, error) {
	if d.ProviderMessageID != "" {
		report, err := finder.Fetch(ctx, d.ProviderMessageID)
		if chat.CodeOf(err) != chat.CodeNotFound {
			return &report, err
		}
	}

	return a.find(ctx, finder, d)
}

// find is the message at the provider that a delivery has become; nil when there is none.
// Messages that other deliveries have become do not count: of two alike, one is theirs.
func (a *Activities) find(ctx context.Context, finder Finder, d *chat.Delivery) (*chat.Report, error) {
	since, until, fence := attemptWindow(d)

	candidates, err := finder.Find(ctx, chat.ProviderQuery{
		DeliveryID: d.ID,
		Channel:    d.Channel,
		From:       d.From,
		To:         d.To,
		Payload:    d.Payload,
		Since:      since.Add(-clockSkew),
		Until:      until.Add(a.Lease + clockSkew),
	})
	if err != nil || len(candidates) == 0 {
		return nil, err
	}

	ids := make([]string, len(candidates))
	for i := range candidates {
		ids[i] = candidates[i].ProviderMessageID
	}

	bound, err := a.Store.BoundMessageIDs(ctx, d.Provider, ids)
	if err != nil {
		return nil, err
	}

	for i := range candidates {
		if !slices.Contains(bound, candidates[i].ProviderMessageID) ||
			candidates[i].ProviderMessageID == d.ProviderMessageID {
			candidates[i].Fence = max(candidates[i].Fence, fence)
			return &candidates[i], nil
		}
	}

	return nil, nil
}

// attemptWindow is when the attempts began and ended that may have reached the provider, and the
// fence of the last one.
func attemptWindow(d *chat.Delivery) (since, until time.Time, fence int64) {
	since, until = d.CreatedAt, d.UpdatedAt
	for i := range d.Attempts {
		attempt := &d.Attempts[i]
		if attempt.Outcome != chat.OutcomeUnknown && attempt.Outcome != chat.OutcomeAccepted && attempt.Outcome != "" {
			continue
		}

		if fence == 0 {
			since = attempt.StartedAt
		}

		fence, until = attempt.Fence, attempt.StartedAt
	}

	return since, until, fence
}

// SettleUnknown ends the wait for evidence. Idempotent: it changes nothing but a delivery
// that is still unknown, or one whose claim ran out, which becomes unknown. Where the
// policy would send again, silence counts only from a provider that was asked.
func (a *Activities) SettleUnknown(ctx context.Context, in chat.Settlement) (chat.DeliverySnapshot, error) {
	if !in.Sought {
		d, err := a.Store.FindDelivery(ctx, in.WorkspaceID, in.DeliveryID)
		if err != nil || d.Policy == chat.ResendAfterSettle && d.Submission == chat.SubmissionUnknown {
			return a.receipt(&d), err
		}
	}

	d, err := a.Store.SettleUnknown(ctx, in.WorkspaceID, in.DeliveryID, time.Now())

	return a.receipt(&d), err
}

// MarkUnconfirmed ends the wait for a receipt. Idempotent: it changes nothing but an accepted
// delivery without a final status.
func (a *Activities) MarkUnconfirmed(ctx context.Context, in chat.DeliveryStep) (chat.DeliverySnapshot, error) {
	d, err := a.Store.MarkUnconfirmed(ctx, in.WorkspaceID, in.DeliveryID, time.Now())
	return a.receipt(&d), err
}

// CancelDelivery cancels a delivery. Idempotent: it changes nothing but one that certainly was
// not handed over.
func (a *Activities) CancelDelivery(ctx context.Context, in chat.DeliveryEnd) (chat.DeliverySnapshot, error) {
	d, err := a.Store.CancelDelivery(ctx, in.WorkspaceID, in.DeliveryID, &in.Problem)
	return a.receipt(&d), err
}
