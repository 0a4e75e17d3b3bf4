package bench

import (
	"context"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"

	"handrail/chat"
	handrail "handrail/client"
)

// Stage is what a full database makes of a call: its p50 with so many chats and messages.
type Stage struct {
	Chats    int `json:"chats"`
	Messages int `json:"messages"`
	// DatabaseMB is the size of Handrail's tables and indexes.
	DatabaseMB float64            `json:"database_mb"`
	P50        map[string]float64 `json:"p50_ms"`
}

// messagesOfCopy is how many messages the chat has that is multiplied: as many of the
// customer as of the assistant.
const messagesOfCopy = 10

// growthStages are the numbers of chats at which is measured: as few as fill a page of every
// list, and those of a hundred thousand and a million messages.
func growthStages() []int { return []int{100, 10_000, 100_000} }

// growth measures a send and every list with an empty and with a full database.
func (r *run) growth(ctx context.Context, e *benchEnv) error {
	if err := e.writeModelChat(ctx); err != nil {
		return err
	}

	b, err := newBulk(ctx, openSQL(e.cluster.HandrailURL()), r.out, e.actor.model, firstCopy)
	if err != nil {
		return err
	}

	defer b.close()

	for _, chats := range growthStages() {
		r.progress.Printf("growing to %d chats and %d messages", chats, chats*messagesOfCopy)

		if err := b.grow(ctx, chats); err != nil {
			return err
		}

		stage, err := e.measureStage(ctx, r, b)
		if err != nil {
			return err
		}

		r.report.Growth = append(r.report.Growth, stage)
	}

	r.report.Goals = append(r.report.Goals, growthGoals(r.report.Growth)...)

	return nil
}

// writeModelChat writes the chat that is multiplied, by the service itself.
func (e *benchEnv) writeModelChat(ctx context.Context) error {
	a := e.actor
	if err := a.silence(ctx, false); err != nil {
		return err
	}

	for range messagesOfCopy / 2 {
		if err := a.write(ctx, 0, a.model, "Where is my order 4711?"); err != nil {
			return err
		}

		id, err := a.sendIn(ctx, 0, a.model, handrail.Send{Message: text})
		if err != nil {
			return err
		}

		if err := a.temporal.GetWorkflow(ctx, id, "").Get(ctx, nil); err != nil {
			return err
		}
	}

	return nil
}

// listQuestion asks the API for the first page of a list.
type listQuestion func(ctx context.Context, api *handrail.API) (*http.Response, error)

// lists are the calls whose answers a full database may slow down, by what they are.
func (a *actor) lists(some int64) map[string]listQuestion {
	ws := a.workspace()

	chats := func(params handrail.ListChatsParams) listQuestion {
		return func(ctx context.Context, api *handrail.API) (*http.Response, error) {
			return api.ListChats(ctx, ws, &params)
		}
	}
	deliveries := func(params handrail.ListDeliveriesParams) listQuestion {
		return func(ctx context.Context, api *handrail.API) (*http.Response, error) {
			return api.ListDeliveries(ctx, ws, &params)
		}
	}
	withStatus := func(status handrail.DeliveryStatus) listQuestion {
		return deliveries(handrail.ListDeliveriesParams{Status: []handrail.DeliveryStatus{status}})
	}

	return map[string]listQuestion{
		"chats":                       chats(handrail.ListChatsParams{}),
		"chats, waiting":              chats(handrail.ListChatsParams{NeedsResponse: new(true)}),
		"chats, by label":             chats(handrail.ListChatsParams{Label: new(benchLabel)}),
		"chats, by a word":            chats(handrail.ListChatsParams{Q: new("4711")}),
		"chats, by a word of none":    chats(handrail.ListChatsParams{Q: new("unheard-of")}),
		"deliveries":                  deliveries(handrail.ListDeliveriesParams{}),
		"deliveries, delivered":       withStatus(handrail.DeliveryStatusDelivered),
		"deliveries, to be looked at": withStatus(handrail.DeliveryStatusNeedsReview),
		"deliveries of a chat":        deliveries(handrail.ListDeliveriesParams{ChatID: &some}),
		"messages of a chat": func(ctx context.Context, api *handrail.API) (*http.Response, error) {
			return api.ListMessages(ctx, ws, some, nil)
		},
		"participants of a chat": func(ctx context.Context, api *handrail.API) (*http.Response, error) {
			return api.ListParticipants(ctx, ws, some, nil)
		},
		"summaries of a chat": func(ctx context.Context, api *handrail.API) (*http.Response, error) {
			return api.ListSummaries(ctx, ws, some, nil)
		},
		"members": func(ctx context.Context, api *handrail.API) (*http.Response, error) {
			return api.ListMembers(ctx, ws, nil)
		},
		"audit log": func(ctx context.Context, api *handrail.API) (*http.Response, error) {
			return api.ListAuditLog(ctx, ws, nil)
		},
		"suppressions": func(ctx context.Context, api *handrail.API) (*http.Response, error) {
			return api.ListSuppressions(ctx, ws, nil)
		},
		"labels": func(ctx context.Context, api *handrail.API) (*http.Response, error) {
			return api.ListLabels(ctx, ws, nil)
		},
	}
}

// measureStage measures at one size: a hundred sends and a hundred of each list, in turn.
func (e *benchEnv) measureStage(ctx context.Context, r *run, b *bulk) (Stage, error) {
	a := e.actor
	some := chat.ChatID(firstCopy + b.made/2)

	all := []scenario{{name: scenarioSend, silent: true, act: a.send}}
	for name, list := range a.lists(int64(some)) {
		all = append(all, scenario{name: name, act: func(ctx context.Context, _ int) (string, error) {
			return "", finish(list(ctx, a.apiOf(int(a.turn.Add(1)))))
		}})
	}

	done := map[string]*slice{}

	const rounds, each = 5, 20
	for round := range rounds + 1 { // the first warms up
		for _, i := range rand.Perm(len(all)) { //nolint:gosec // not a secret
			part, err := e.measureSlice(ctx, &all[i], 1, enoughTimes(each))
			switch {
			case err != nil:
				return Stage{}, err
			case round == 0:
			case done[all[i].name] == nil:
				done[all[i].name] = part
			default:
				done[all[i].name].join(part)
			}
		}

		r.progress.Printf("round %d of %d", round, rounds)
	}

	s := Stage{Chats: b.made, Messages: b.made * messagesOfCopy, P50: map[string]float64{}}
	for name, part := range done {
		s.P50[name] = toMilliseconds(part.quantile(0.5))
	}

	err := b.db.QueryRowContext(ctx, `SELECT pg_database_size(current_database()) / 1048576.0`).Scan(&s.DatabaseMB)

	return s, err
}

// growthGoals hold the slowest of the full stages against the empty one.
func growthGoals(stages []Stage) []Goal {
	var all []Goal

	first := stages[0]
	for _, name := range slices.Sorted(maps.Keys(first.P50)) {
		grown := 0.0
		for _, full := range stages[1:] {
			grown = max(grown, full.P50[name]/first.P50[name])
		}

		all = append(all, atMost("p50 with a full database, to an empty one: "+name, grown, 1.3))
	}

	return all
}
