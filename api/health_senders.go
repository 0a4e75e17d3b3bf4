package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// WorkerWatch knows whether Temporal answers and workers poll it. It answers quickly, from what it has found lately.
type WorkerWatch interface {
	Workers(ctx context.Context) chat.Workers
}

// SenderHealthStore says how senders fare.
type SenderHealthStore interface {
	SenderHealth(ctx context.Context, ws chat.WorkspaceID) (chat.Health, error)
}

// workspaceHealthJSON says how a workspace's senders fare, and the workers.
type workspaceHealthJSON struct {
	Senders []senderHealthJSON `json:"senders" doc:"Blocked ones first, then those used last."`
	Partial bool               `json:"partial,omitempty" doc:"There are more than 50."`
	Workers *workersJSON       `json:"workers,omitempty"`
}

// senderHealthJSON says how a sender fares.
type senderHealthJSON struct {
	Sender       string             `json:"sender" example:"phone:12"`
	Name         string             `json:"name"`
	Address      string             `json:"address"`
	Channel      channelJSON        `json:"channel"`
	Provider     providerJSON       `json:"provider"`
	State        senderStateJSON    `json:"state"`
	Explanation  string             `json:"explanation"`
	ErrorCode    string             `json:"error_code,omitempty"`
	ErrorMessage string             `json:"error_message,omitempty"`
	BlockedSince *time.Time         `json:"blocked_since,omitempty"`
	NextProbe    *time.Time         `json:"next_probe,omitempty" doc:"When one message is tried."`
	Waiting      int                `json:"waiting" doc:"Blocked deliveries."`
	Probe        chat.DeliveryID    `json:"probe_delivery_id,omitempty" format:"uuid" doc:"The oldest one: retrying it probes now."`
	LastSuccess  *time.Time         `json:"last_success" doc:"null: not in 1,000 attempts."`
	LastCallback *time.Time         `json:"last_callback" doc:"null: not about the last 100 attempts."`
	CountedSince time.Time          `json:"counted_since"`
	Minutes      []senderMinuteJSON `json:"minutes" doc:"Attempts by minute since counted_since, without minutes that had none."`
}

// senderMinuteJSON counts the attempts of a minute.
type senderMinuteJSON struct {
	At        time.Time `json:"at"`
	Accepted  int       `json:"accepted"`
	Throttled int       `json:"throttled" doc:"429"`
	Failed    int       `json:"failed" doc:"5xx, or no answer"`
}

// workersJSON says whether Temporal and its workers do their work.
type workersJSON struct {
	Reachable   bool      `json:"reachable" doc:"Temporal answers."`
	Polling     bool      `json:"polling"`
	NeedsPerson bool      `json:"needs_person"`
	Explanation string    `json:"explanation"`
	CheckedAt   time.Time `json:"checked_at"`
}

// senderStateJSON is the state of a sender.
type senderStateJSON chat.SenderState

// Schema lists the states of a sender.
func (senderStateJSON) Schema(huma.Registry) *huma.Schema { return enumOf(chat.SenderStates()) }

func (s *service) senderHealthRoutes() {
	registerRoute(s, s.getHealth, route{
		method:  http.MethodGet,
		path:    "/health",
		access:  withScope(chat.ScopeDeliveriesRead),
		id:      "getHealth",
		tag:     tagActions,
		summary: "Get the health of senders and workers",
		description: "How each sender fares at its provider, from the attempts of the last hour, and whether workers " +
			"run.",
		answer: exampleHealth(),
	})
}

func exampleHealth() workspaceHealthJSON {
	return presentHealth(&chat.Health{Senders: []chat.SenderHealth{{
		Scope:       "phone:12",
		Channel:     chat.ChannelSMS,
		Provider:    chat.ProviderTwilio,
		Name:        "Support line",
		Address:     "+14155550100",
		Since:       exampleTime.Add(-chat.HealthWindow),
		LastSuccess: &exampleTime,
		Minutes:     []chat.SenderMinute{{At: exampleTime, Accepted: 3}},
	}}}, &chat.Workers{Reachable: true, Polling: true, CheckedAt: exampleTime}, exampleTime)
}

type senderHealthOutput struct{ Body workspaceHealthJSON }

func (s *service) getHealth(ctx context.Context, _ *struct{}) (*senderHealthOutput, error) {
	health, err := s.store.SenderHealth(ctx, callFrom(ctx).workspace())
	if err != nil {
		return nil, err
	}

	var workers *chat.Workers

	if s.workers != nil {
		found := s.workers.Workers(ctx)
		workers = &found
	}

	return &senderHealthOutput{Body: presentHealth(&health, workers, time.Now())}, nil
}

// MarshalHealth encodes the health of senders as GET /health does, for programs that read it without the API.
func MarshalHealth(health *chat.Health) ([]byte, error) {
	return json.Marshal(presentHealth(health, nil, time.Now())) //nolint:wrapcheck // of numbers and texts
}

func presentHealth(health *chat.Health, workers *chat.Workers, now time.Time) workspaceHealthJSON {
	shown := workspaceHealthJSON{
		Senders: make([]senderHealthJSON, len(health.Senders)),
		Partial: health.IsPartial,
	}

	for i := range health.Senders {
		shown.Senders[i] = presentSenderHealth(&health.Senders[i], now)
	}

	if workers != nil {
		shown.Workers = &workersJSON{
			Reachable:   workers.Reachable,
			Polling:     workers.Polling,
			NeedsPerson: workers.NeedPerson(),
			Explanation: workers.Explain(),
			CheckedAt:   workers.CheckedAt.UTC(),
		}
	}

	return shown
}

func presentSenderHealth(sender *chat.SenderHealth, now time.Time) senderHealthJSON {
	shown := senderHealthJSON{
		Sender:       sender.Scope,
		Name:         sender.Name,
		Address:      sender.Address,
		Channel:      channelJSON(sender.Channel),
		Provider:     providerJSON(sender.Provider),
		State:        senderStateJSON(sender.State()),
		Explanation:  sender.Explain(now),
		Waiting:      sender.Waiting,
		LastSuccess:  sender.LastSuccess,
		LastCallback: sender.LastCallback,
		CountedSince: sender.Since,
		Minutes:      make([]senderMinuteJSON, len(sender.Minutes)),
	}

	if breaker := sender.Breaker; breaker != nil {
		shown.ErrorCode = breaker.ErrorCode
		shown.ErrorMessage = breaker.ErrorMessage
		shown.BlockedSince = &breaker.OpenedAt
		shown.NextProbe = &breaker.ProbeAt
		shown.Probe = breaker.Probe
	}

	for i, minute := range sender.Minutes {
		shown.Minutes[i] = senderMinuteJSON{
			At:        minute.At,
			Accepted:  minute.Accepted,
			Throttled: minute.Throttled,
			Failed:    minute.Failed,
		}
	}

	return shown
}
