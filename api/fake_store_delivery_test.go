package api_test

import (
	"context"
	"time"

	"handrail/chat"
)

// AuditLookUp notes nothing.
func (f *fakeStore) AuditLookUp(context.Context, chat.WorkspaceID, chat.DeliveryID, chat.Actor) error {
	return f.fail
}

// ChangeSend keeps what is asked for.
func (f *fakeStore) ChangeSend(
	_ context.Context,
	in chat.ChangeSend,
	_ func(*chat.SendFacts, *chat.Delivery) (chat.SendPlan, error),
) (string, error) {
	d, err := f.delivery(in.DeliveryID)
	if err != nil {
		return "", err
	}

	if err := in.Validate(&d); err != nil {
		return "", err
	}

	f.changedSends = append(f.changedSends, in)

	return "send:w", nil
}

// AuditResume notes the reason.
func (f *fakeStore) AuditResume(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.ActionID,
	_ chat.Actor,
	reason string,
) error {
	f.resumed = append(f.resumed, reason)
	return nil
}

// RecordEndedAction stores what a test does not look at: from then on, the action is found.
func (f *fakeStore) RecordEndedAction(ctx context.Context, a chat.Action) (bool, error) {
	if f.recordEnded != nil {
		return f.recordEnded(ctx, a)
	}

	f.action = func(chat.ActionID) (chat.Action, error) { return a, nil }

	return true, nil
}

func (f *fakeStore) Action(_ context.Context, _ chat.WorkspaceID, id chat.ActionID) (chat.Action, error) {
	if f.action != nil {
		return f.action(id)
	}

	return chat.Action{}, chat.Errorf(chat.CodeActionNotFound, "there is no action %s", id)
}

func (f *fakeStore) SentMessage(
	_ context.Context,
	_ chat.WorkspaceID,
	id chat.ActionID,
) (chat.AssistantMessageSent, error) {
	if f.sent != nil {
		return f.sent(id)
	}

	return chat.AssistantMessageSent{}, chat.Errorf(chat.CodeActionNotFound, "there is no action %s", id)
}

func (f *fakeStore) SendView(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (chat.SendView, error) {
	sent, err := f.SentMessage(ctx, ws, id)
	view := chat.SendView{
		AssistantMessageSent: sent,
		Requests:             map[chat.ContributorRequestID]chat.ContributorRequest{},
	}

	for i := range sent.ToolCalls {
		request := sent.ToolCalls[i].Request
		if request == "" || err != nil {
			continue
		}

		view.Requests[request], err = f.ContributorRequest(ctx, ws, request)
	}

	return view, err
}

func (f *fakeStore) Actions(
	_ context.Context,
	_ chat.WorkspaceID,
	filter chat.ActionFilter,
) (chat.List[chat.ActionView], error) {
	f.actionFilter = filter

	return chat.List[chat.ActionView]{Items: f.actions, NextCursor: "older"}, f.fail
}

// WorkspaceStatus has one matter of each kind.
func (f *fakeStore) WorkspaceStatus(context.Context, chat.WorkspaceID) (chat.WorkspaceStatus, error) {
	return f.status, f.fail
}

// SenderHealth has what a test has set.
func (f *fakeStore) SenderHealth(context.Context, chat.WorkspaceID) (chat.Health, error) {
	return f.health, f.fail
}

func (f *fakeStore) Deliveries(
	_ context.Context,
	_ chat.WorkspaceID,
	filter chat.DeliveryFilter,
) (chat.List[chat.Delivery], error) {
	f.deliveryFilter = filter
	if f.deliveries != nil {
		return chat.List[chat.Delivery]{Items: f.deliveries}, f.fail
	}

	return chat.List[chat.Delivery]{Items: []chat.Delivery{unknownDelivery()}}, f.fail
}

func unknownDelivery() chat.Delivery {
	return chat.Delivery{
		ID:           deliveryID,
		ChatID:       chatOne,
		MessageID:    messageOne,
		ActionID:     actionOne,
		ToMemberID:   42,
		Channel:      chat.ChannelSMS,
		Provider:     chat.ProviderTwilio,
		Submission:   chat.SubmissionUnknown,
		From:         "+14155550100",
		To:           "+14155550123",
		ErrorCode:    chat.ErrorTimeout,
		Fence:        1,
		UnknownSince: &noon,
		CreatedAt:    noon,
		UpdatedAt:    noon,
		Attempts: []chat.Attempt{{
			Fence:         1,
			StartedAt:     noon,
			FinishedAt:    &noon,
			GotConnection: true,
			Outcome:       chat.OutcomeUnknown,
			ErrorCode:     chat.ErrorTimeout,
		}},
		Events: []chat.ProviderEvent{
			{
				Provider:   chat.ProviderTwilio,
				Type:       "queued",
				Raw:        []byte("MessageStatus=queued"),
				ReceivedAt: noon,
			},
			{
				Provider:   chat.ProviderTwilio,
				Type:       "sent",
				Raw:        []byte(`{"event":"sent"}`),
				ReceivedAt: noon,
			},
		},
	}
}

func (f *fakeStore) Delivery(_ context.Context, _ chat.WorkspaceID, id chat.DeliveryID) (chat.Delivery, error) {
	if f.delivery != nil {
		return f.delivery(id)
	}

	return unknownDelivery(), f.fail
}

func (f *fakeStore) Decide(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.DeliveryID,
	decision chat.Decision,
) (chat.Delivery, string, error) {
	if f.decide != nil {
		return f.decide(decision)
	}

	d := unknownDelivery()
	d.Attempts = nil
	d.Events = nil

	d.Decision = &decision
	switch decision.Verdict {
	case chat.VerdictCancel:
		d.Submission, d.ErrorCode = chat.SubmissionCanceled, chat.ErrorCanceled
	case chat.VerdictSent:
		d.Submission = chat.SubmissionConfirmedSent
		d.ErrorCode = ""
		d.ProviderMessageID = decision.ProviderMessageID

	case chat.VerdictNotSent:
		d.Submission = chat.SubmissionAbandoned
	case chat.VerdictRetry:
	}

	return d, "action:one", f.change("Decide")
}

func (f *fakeStore) CountRetryCandidates(
	_ context.Context,
	_ chat.WorkspaceID,
	filter chat.DeliveryFilter,
) ([]chat.RetryCount, error) {
	f.deliveryFilter = filter

	return []chat.RetryCount{
		{Sender: "phone:12", Status: "undelivered", ErrorCode: "twilio_30003", Count: 3, MayDuplicate: 1},
		{Sender: "phone:13", Status: "rejected", ErrorCode: "twilio_21614", Count: 2},
	}, f.fail
}

func (f *fakeStore) ForecastRetries(
	_ context.Context,
	_ chat.WorkspaceID,
	filter chat.DeliveryFilter,
	acknowledged bool,
) (chat.RetryForecast, error) {
	f.deliveryFilter = filter
	forecast := chat.RetryForecast{
		Judged:    5,
		Skipped:   2,
		SkippedBy: map[string]int{"the recipient has opted out": 2},
	}

	if acknowledged {
		forecast = chat.RetryForecast{Judged: 5}
	}

	return forecast, f.fail
}

func (f *fakeStore) BulkOverlaps(
	_ context.Context,
	_ chat.WorkspaceID,
	filter chat.DeliveryFilter,
) ([]chat.BulkOverlap, error) {
	f.deliveryFilter = filter

	return f.overlaps, f.fail
}

func (f *fakeStore) BulkSkips(
	_ context.Context,
	_ chat.WorkspaceID,
	filter chat.BulkSkipFilter,
) (chat.List[chat.BulkSkipped], error) {
	f.skipFilter = filter
	skipped := chat.BulkSkipped{DeliveryID: deliveryID, Reason: "the provider has it"}

	return chat.List[chat.BulkSkipped]{Items: []chat.BulkSkipped{skipped}, NextCursor: "more"}, f.fail
}

func bulkRun() chat.BulkRetry {
	return chat.BulkRetry{
		NewBulkRetry: chat.NewBulkRetry{
			ID:          actionOne,
			WorkspaceID: home,
			By:          chat.Actor{MemberID: 1},
			Filter:      chat.DeliveryFilter{Status: "undelivered"},
			Rate:        5,
			Canary:      5,
			Failures:    chat.DefaultBulkFailures,
			Reason:      "outage",
		},
		State:      chat.BulkRunning,
		Selected:   40,
		Begun:      12,
		Skipped:    1,
		ByStatus:   map[string]int{"delivered": 9, "undelivered": 1, "pending": 2},
		Tally:      chat.BulkTally{Attempted: 10, Failed: 1},
		SkippedBy:  map[string]int{"the provider has it": 1},
		WorkflowID: "action:bulk",
		CreatedAt:  noon,
		UpdatedAt:  noon,
	}
}

func (f *fakeStore) BulkRetry(_ context.Context, _ chat.WorkspaceID, id chat.ActionID) (chat.BulkRetry, error) {
	if f.bulk != nil {
		return f.bulk(id)
	}

	return bulkRun(), f.fail
}

func (f *fakeStore) BulkRetries(context.Context, chat.WorkspaceID, chat.Page) (chat.List[chat.BulkRetry], error) {
	return chat.List[chat.BulkRetry]{Items: []chat.BulkRetry{bulkRun()}, NextCursor: "older"}, f.fail
}

func (f *fakeStore) SetBulkState(_ context.Context, in chat.BulkMove) (chat.BulkRetry, error) {
	f.bulkState = in.To
	f.bulkNote = in.Note
	f.bulkRate = in.Rate
	run := bulkRun()

	if in.To != "" {
		run.State = in.To
		run.Note = in.Note
	}

	return run, f.change("SetBulkState")
}

func (f *fakeStore) RecordReport(ctx context.Context, r chat.Report, _ time.Time) (chat.Reported, error) {
	if err := f.change("RecordReport " + r.Key); err != nil {
		return chat.Reported{}, err
	}

	if f.report != nil {
		return f.report(ctx, r)
	}

	return chat.Reported{
		Known:       true,
		Changed:     true,
		WorkspaceID: home,
		WorkflowID:  "action:one",
		Snapshot: chat.DeliverySnapshot{
			DeliveryID: deliveryID, Submission: chat.SubmissionAccepted, DeliveryStatus: r.DeliveryStatus,
		},
	}, nil
}

func (f *fakeStore) ReceiveInbound(
	ctx context.Context,
	in chat.Inbound,
	_ chat.MessageID,
	_ time.Time,
) (chat.Arrival, error) {
	if err := f.change("ReceiveInbound " + in.Key); err != nil {
		return chat.Arrival{}, err
	}

	if f.receive != nil {
		return f.receive(ctx, in)
	}

	return chat.Arrival{
		Known:       true,
		WorkspaceID: home,
		ChatID:      chatOne,
		MessageID:   messageOne,
	}, nil
}

// LoadSendFacts returns those of the first chat, unless a test has set them.
func (f *fakeStore) LoadSendFacts(context.Context, chat.SendAssistantMessage) (*chat.SendFacts, error) {
	if f.sendFacts != nil {
		return f.sendFacts, f.fail
	}

	recipient := ana()
	recipient.NotificationsEnabled = true
	recipient.Phone = "+14155550123"

	return &chat.SendFacts{
		Chat:        chat.Chat{ID: chatOne, Channel: chat.ChannelSMS, State: chat.StateOpen},
		Assistant:   &chat.Member{Kind: chat.KindAssistant},
		Recipient:   &recipient,
		PhoneNumber: &chat.PhoneNumber{Number: "+14155550100"},
		Tools:       []chat.Tool{{Name: "refund", Risk: chat.RiskApproval}},
	}, f.fail
}
