package api_test

import (
	"context"
	"sync"
	"time"

	"handrail/api"
	"handrail/chat"
)

// fakeEngine carries out actions by the functions that a test gives it.
type fakeEngine struct {
	mutex   sync.Mutex
	started []any
	// lookedUp are the deliveries whose provider was asked.
	lookedUp    []chat.DeliveryID
	lookUpFails error
	// webhooks are the endpoints that were told to look.
	webhooks []chat.WebhookStep
	// notices are the workspaces whose people were to be told.
	notices []chat.NoticeStep
	waits   []time.Duration

	add       func(context.Context, chat.AddParticipant) (chat.Answer[chat.ParticipantAdded], error)
	send      func(context.Context, chat.SendAssistantMessage) (chat.Answer[chat.AssistantMessageSent], error)
	summarize func(context.Context, chat.SummarizeChat) (chat.Answer[chat.ChatSummarized], error)
	retry     func(context.Context, chat.RetryDelivery) (chat.Answer[chat.DeliveryRetried], error)
	bulk      func(context.Context, chat.NewBulkRetry) (chat.Answer[chat.BulkRetry], error)
	notify    func(ctx context.Context, workflowID string, r chat.DeliverySnapshot) error
	await     func(context.Context, chat.Action) error
	action    func(chat.ActionID) (chat.Action, error)
	changed   func(chat.ChatID)
	resume    func(chat.Action) error
	open      func(workflowID string) (bool, error)
	ping      error
}

var _ api.Engine = (*fakeEngine)(nil)

func (f *fakeEngine) note(started any, wait time.Duration) {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	f.started, f.waits = append(f.started, started), append(f.waits, wait)
}

func (f *fakeEngine) all() []any {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	return f.started
}

func (f *fakeEngine) ActionID(chat.WorkspaceID, string) chat.ActionID { return actionOne }

func (f *fakeEngine) AddParticipant(
	ctx context.Context,
	in chat.AddParticipant,
	wait time.Duration,
) (chat.Answer[chat.ParticipantAdded], error) {
	f.note(in, wait)

	if f.add != nil {
		return f.add(ctx, in)
	}

	return chat.Answer[chat.ParticipantAdded]{
		Value: chat.ParticipantAdded{ParticipantID: 7, Message: "Ana Lopez added as contributor"},
	}, nil
}

func acceptedSend() chat.AssistantMessageSent {
	return chat.AssistantMessageSent{
		ActionID:  actionOne,
		Number:    1041,
		MessageID: messageOne,
		Content:   "On its way.",
		CreatedAt: noon,
		ToolCalls: []chat.ToolCall{{
			ID:        "call_1",
			Name:      "add_label",
			Arguments: []byte(`{"label":"vip"}`),
			State:     chat.ToolCallSucceeded,
			Result:    []byte(`{}`),
		}},
		DeliverySnapshot: chat.DeliverySnapshot{
			DeliveryID:        deliveryID,
			Channel:           chat.ChannelSMS,
			Provider:          chat.ProviderTwilio,
			Submission:        chat.SubmissionAccepted,
			Status:            "accepted",
			ProviderMessageID: "SM1",
			Segments:          1,
		},
	}
}

func (f *fakeEngine) SendAssistantMessage(
	ctx context.Context,
	in chat.SendAssistantMessage,
	wait time.Duration,
) (chat.Answer[chat.AssistantMessageSent], error) {
	f.note(in, wait)

	if f.send != nil {
		return f.send(ctx, in)
	}

	return chat.Answer[chat.AssistantMessageSent]{Value: acceptedSend()}, nil
}

func (f *fakeEngine) SummarizeChat(
	ctx context.Context,
	in chat.SummarizeChat,
	wait time.Duration,
) (chat.Answer[chat.ChatSummarized], error) {
	f.note(in, wait)

	if f.summarize != nil {
		return f.summarize(ctx, in)
	}

	return chat.Answer[chat.ChatSummarized]{Value: chat.ChatSummarized{ActionID: in.ActionID, Model: "offline"}}, nil
}

func retriedDelivery() chat.DeliveryRetried {
	return chat.DeliveryRetried{ActionID: actionOne, Of: deliveryID, DeliverySnapshot: chat.DeliverySnapshot{
		DeliveryID:        secondDelivery,
		Channel:           chat.ChannelSMS,
		Provider:          chat.ProviderTwilio,
		Submission:        chat.SubmissionAccepted,
		Status:            "accepted",
		ProviderMessageID: "SM2",
		Segments:          1,
	}}
}

func (f *fakeEngine) RetryDelivery(
	ctx context.Context,
	in chat.RetryDelivery,
	wait time.Duration,
) (chat.Answer[chat.DeliveryRetried], error) {
	f.note(in, wait)

	if f.retry != nil {
		return f.retry(ctx, in)
	}

	return chat.Answer[chat.DeliveryRetried]{Value: retriedDelivery()}, nil
}

func (f *fakeEngine) RetryDeliveries(
	ctx context.Context,
	in chat.NewBulkRetry,
	wait time.Duration,
) (chat.Answer[chat.BulkRetry], error) {
	f.note(in, wait)

	if f.bulk != nil {
		return f.bulk(ctx, in)
	}

	return chat.Answer[chat.BulkRetry]{Value: chat.BulkRetry{
		NewBulkRetry: in,
		State:        chat.BulkRunning,
		Selected:     40,
		WorkflowID:   "action:bulk",
		CreatedAt:    noon,
		UpdatedAt:    noon,
	}}, nil
}

func (f *fakeEngine) Notify(ctx context.Context, workflowID string, r chat.DeliverySnapshot) error {
	if f.notify != nil {
		return f.notify(ctx, workflowID, r)
	}

	return nil
}

func (f *fakeEngine) Await(ctx context.Context, action chat.Action, wait time.Duration) error {
	f.note(action.ID, wait)

	if f.await != nil {
		return f.await(ctx, action)
	}

	return chat.ErrStillRunning
}

func (f *fakeEngine) Action(_ context.Context, _ chat.WorkspaceID, id chat.ActionID) (chat.Action, error) {
	if f.action != nil {
		return f.action(id)
	}

	return chat.Action{}, chat.Errorf(chat.CodeActionNotFound, "there is no action %s", id)
}

func (f *fakeEngine) IsOpen(_ context.Context, workflowID string) (bool, error) {
	if f.open != nil {
		return f.open(workflowID)
	}

	return true, nil
}

func (f *fakeEngine) Ping(context.Context) error { return f.ping }

func (f *fakeEngine) ChatChanged(_ context.Context, _ chat.WorkspaceID, id chat.ChatID) error {
	if f.changed != nil {
		f.changed(id)
	}

	return nil
}

// LookUp notes which delivery is asked about.
func (f *fakeEngine) LookUp(_ context.Context, _ chat.WorkspaceID, d *chat.Delivery, _ time.Duration) error {
	f.lookedUp = append(f.lookedUp, d.ID)
	return f.lookUpFails
}

func (f *fakeEngine) Resume(_ context.Context, a chat.Action) error { return f.resume(a) }
