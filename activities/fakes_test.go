package activities_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"handrail/activities"
	"handrail/chat"
	"handrail/metrics"
)

// store is a Store of functions: a test writes down the ones it expects to be called, and
// any other ends it with a nil dereference.
type store struct {
	activities.Store
	prepare   func(chat.SendAssistantMessage, chat.SendIDs, func(*chat.SendFacts) (chat.SendPlan, error)) (chat.AssistantMessageSent, error)
	tool      func(func(context.Context, chat.ChatEditor) (json.RawMessage, error)) (chat.ToolCall, error)
	claim     func() (chat.Claim, error)
	record    func(context.Context, int64, chat.Submission) (chat.Delivery, error)
	waiters   []chat.StaleDelivery
	read      func() chat.Reading
	spent     []chat.Usage
	uncounted error
	begun     []chat.SummaryStart
	settings  chat.SummarySettings
}

func (s *store) PrepareSend(
	_ context.Context,
	in chat.SendAssistantMessage,
	ids chat.SendIDs,
	plan func(*chat.SendFacts) (chat.SendPlan, error),
) (chat.AssistantMessageSent, error) {
	return s.prepare(in, ids, plan)
}

// PrepareAndClaim claims nothing.
func (s *store) PrepareAndClaim(
	ctx context.Context,
	in chat.SendAssistantMessage,
	ids chat.SendIDs,
	plan func(*chat.SendFacts) (chat.SendPlan, error),
	_ time.Time,
	_ time.Duration,
) (chat.AssistantMessageSent, chat.Claim, error) {
	sent, err := s.PrepareSend(ctx, in, ids, plan)
	return sent, chat.Claim{}, err
}

func (s *store) SenderWaiters(
	context.Context,
	chat.WorkspaceID,
	string,
	int,
) ([]chat.StaleDelivery, error) {
	return s.waiters, nil
}

// notifier notes which workflows were told to look.
type notifier struct{ told []string }

func (n *notifier) Notify(_ context.Context, workflowID string, _ chat.DeliverySnapshot) error {
	n.told = append(n.told, workflowID)
	return nil
}

func (s *store) CompleteToolCall(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.ActionID,
	_ int,
	effect func(context.Context, chat.ChatEditor) (json.RawMessage, error),
) (chat.ToolCall, error) {
	return s.tool(effect)
}

func (s *store) Claim(
	context.Context,
	chat.WorkspaceID,
	chat.DeliveryID,
	time.Time,
	time.Duration,
) (chat.Claim, error) {
	return s.claim()
}

func (s *store) RecordSubmission(
	ctx context.Context,
	_ chat.WorkspaceID,
	_ chat.DeliveryID,
	fence int64,
	said chat.Submission,
	_ time.Time,
) (chat.Delivery, error) {
	return s.record(ctx, fence, said)
}

func (s *store) Reading(context.Context, chat.SummaryPart) (chat.Reading, error) {
	return s.read(), nil
}

func (s *store) SummarySettings(context.Context, chat.WorkspaceID) (chat.SummarySettings, error) {
	return s.settings, nil
}

func (s *store) BeginSummary(_ context.Context, in chat.SummaryStart, _ int) (chat.SummaryPlan, error) {
	s.begun = append(s.begun, in)
	return chat.SummaryPlan{}, nil
}

func (s *store) RecordUsage(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.ChatID,
	_ chat.SummaryID,
	u chat.Usage,
) error {
	s.spent = append(s.spent, u)
	if s.uncounted != nil {
		return s.uncounted
	}

	return nil
}

type carrier func(context.Context, chat.Outgoing) chat.Submission

func (c carrier) Submit(ctx context.Context, out chat.Outgoing) chat.Submission { return c(ctx, out) }

type renderer struct{}

func (renderer) Render(_ chat.Channel, _ *chat.SendFacts, message string, _ chat.MessageID) (chat.Payload, error) {
	return chat.Payload{Text: message}, nil
}

// model is every model that is asked for; it costs something.
type model func(chat.Reading) (chat.Summary, chat.Usage, error)

func (m model) Summarize(_ context.Context, r chat.Reading) (chat.Summary, chat.Usage, error) {
	return m(r)
}

func (model) Capacity() int { return 1000 }

func (m model) Model(string) (activities.Model, error) { return m, nil }

func newActivities(t *testing.T, c activities.Config) *activities.Activities {
	t.Helper()

	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}

	c.Meter = metrics.NewMeter(prometheus.NewRegistry(), false)
	c.Renderer = renderer{}
	c.NewID = func() string { return "0199aaaa-0000-7000-8000-00000000000a" }
	c.Lease = 45 * time.Second
	c.ClockSkew = chat.ClockSkew
	acts, err := activities.New(c)
	require.NoError(t, err)

	return acts
}

// editor notes what a tool does to a chat.
type editor struct{ did []string }

func (e *editor) AddLabel(_ context.Context, name string) error {
	if name == "gone" {
		return chat.Errorf(chat.CodeLabelNotFound, "there is no label gone")
	}

	e.did = append(e.did, "+"+name)

	return nil
}

func (e *editor) RemoveLabel(_ context.Context, name string) error {
	e.did = append(e.did, "-"+name)
	return nil
}

func (e *editor) SetTitle(_ context.Context, title string) error {
	e.did = append(e.did, "title:"+title)
	return nil
}

func (e *editor) SetState(_ context.Context, state chat.State) error {
	e.did = append(e.did, "state:"+string(state))
	return nil
}

func (e *editor) CallHuman(_ context.Context, reason string) error {
	e.did = append(e.did, "human:"+reason)
	return nil
}
