package activities

import (
	"context"
	"time"

	"handrail/chat"
)

// LoadDelivery reads how a delivery stands. Idempotent: it changes nothing.
func (a *Activities) LoadDelivery(ctx context.Context, in chat.DeliveryStep) (chat.DeliverySnapshot, error) {
	d, err := a.Store.FindDelivery(ctx, in.WorkspaceID, in.DeliveryID)
	return a.receipt(&d), err
}

// QueryProvider asks the provider about a delivery whose outcome, or whose end, is not known, and
// for copies of it that nobody knows, and records what it tells. It asks nothing when the store
// knows by now. Idempotent: reading at a provider changes nothing there, and the same report is
// recorded once.
func (a *Activities) QueryProvider(ctx context.Context, in chat.DeliveryStep) (chat.DeliverySnapshot, error) {
	d, err := a.Store.Delivery(ctx, in.WorkspaceID, in.DeliveryID)
	if err != nil {
		return chat.DeliverySnapshot{}, err
	}

	finder, ok := a.Providers[d.Provider].(Finder)
	if !ok {
		return a.receipt(&d), nil
	}

	if d.Submission == chat.SubmissionSending {
		// Whoever claims or settles it finds out whether the claim has run out.
		d, err = a.Store.SettleUnknown(ctx, in.WorkspaceID, in.DeliveryID, time.Now())
		return a.receipt(&d), err
	}

	search := evidenceSearch{
		Activities: a,
		finder:     finder,
		workspace:  in.WorkspaceID,
		delivery:   &d,
	}

	if err := search.run(ctx); err != nil {
		return a.receipt(&d), err
	}

	d, err = a.Store.FindDelivery(ctx, in.WorkspaceID, in.DeliveryID)
	receipt := a.receipt(&d)
	receipt.NotShown = search.notShown

	return receipt, err
}

// evidenceSearch looks at a provider for what a delivery has become.
type evidenceSearch struct {
	*Activities
	finder    Finder
	workspace chat.WorkspaceID
	delivery  *chat.Delivery
	// notShown reports that the provider does not know a message that it has accepted.
	notShown bool
}

// run asks for the final status of a message that the provider is known to have, and lists its
// messages if some of the delivery's are not known.
func (s *evidenceSearch) run(ctx context.Context) error {
	listed := s.delivery.HasUnknownMessages()

	if s.delivery.Submission == chat.SubmissionAccepted && !s.delivery.DeliveryStatus.Final() {
		// Not every provider can be asked by the id that it gave: SendGrid's logs have longer ones.
		report, err := s.finder.Fetch(ctx, s.delivery.ProviderMessageID)

		switch {
		case err == nil:
			err = s.record(ctx, report)
		case chat.CodeOf(err) == chat.CodeNotFound:
			listed, err = true, nil
			s.notShown = true
		}

		if err != nil {
			return err
		}
	}

	if !listed {
		return nil
	}

	return s.list(ctx)
}

// list records what the provider's list proves about the delivery.
func (s *evidenceSearch) list(ctx context.Context) error {
	shown, err := s.finder.Find(ctx, s.query())
	if err != nil || len(shown) == 0 {
		return err
	}

	ids := make([]string, len(shown))
	for i := range shown {
		ids[i] = shown[i].ProviderMessageID
	}

	owners, err := s.Store.MessageOwners(ctx, s.delivery.Provider, ids)
	if err != nil {
		return err
	}

	rivals, err := s.Store.EvidenceRivals(ctx, s.workspace, s.delivery.ID)
	if err != nil {
		return err
	}

	evidence := s.delivery.JudgeEvidence(shown, owners, rivals, s.window())

	for _, report := range append(evidence.Known, evidence.Own...) {
		s.notShown = s.notShown && report.ProviderMessageID != s.delivery.ProviderMessageID

		if err := s.record(ctx, report); err != nil {
			return err
		}
	}

	if len(evidence.Ambiguous) == 0 {
		return nil
	}

	_, err = s.Store.RecordAmbiguity(ctx, s.workspace, s.delivery.ID, evidence.Ambiguous, time.Now())

	return err
}

// record stores one report. A second copy of the message is for people to know.
func (s *evidenceSearch) record(ctx context.Context, report chat.Report) error {
	report.DeliveryID = s.delivery.ID

	now := time.Now()

	reported, err := s.Store.RecordReport(ctx, report, now)
	if err != nil {
		return err
	}

	s.Meter.CountReport(&reported, now)

	if reported.Duplicate {
		s.Logger.ErrorContext(
			ctx,
			"a provider has taken a delivery twice",
			"carrier", report.Provider,
			"delivery_id", s.delivery.ID,
			"action_id", s.delivery.ActionID,
		)
	}

	return nil
}

// query asks for the time in which the provider may have made the delivery's messages.
func (s *evidenceSearch) query() chat.ProviderQuery {
	since, until := s.delivery.EvidenceTime(s.window())

	return chat.ProviderQuery{
		DeliveryID: s.delivery.ID,
		Channel:    s.delivery.Channel,
		From:       s.delivery.From,
		To:         s.delivery.To,
		Payload:    s.delivery.Payload,
		Since:      since,
		Until:      until,
	}
}

func (a *Activities) window() chat.EvidenceWindow {
	return chat.EvidenceWindow{Lease: a.Lease, Skew: a.ClockSkew}
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
func (a *Activities) MarkUnconfirmed(ctx context.Context, in chat.UnconfirmedDelivery) (chat.DeliverySnapshot, error) {
	d, err := a.Store.MarkUnconfirmed(ctx, in, time.Now())
	receipt := a.receipt(&d)

	if err == nil && d.DeliveryStatus == chat.StatusUnconfirmed {
		a.Meter.CountUnconfirmed(&receipt)
	}

	return receipt, err
}

// CancelDelivery cancels a delivery. Idempotent: it changes nothing but one that certainly was
// not handed over.
func (a *Activities) CancelDelivery(ctx context.Context, in chat.DeliveryEnd) (chat.DeliverySnapshot, error) {
	d, err := a.Store.CancelDelivery(ctx, in.WorkspaceID, in.DeliveryID, &in.Problem)
	return a.receipt(&d), err
}
