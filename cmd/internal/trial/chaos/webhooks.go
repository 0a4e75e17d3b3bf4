package chaos

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"handrail/chat"
	"handrail/client"
	"handrail/freeport"
)

// Webhooks is what a receiver of webhooks was told of the log, which fails now and then and is killed.
type Webhooks struct {
	// Events are those of the log that it was to be told of.
	Events int `json:"events"`
	Posts  int `json:"posts"`
	// Failed are the posts that it has failed on purpose, by what it did, and Kills how often it was killed.
	Failed map[string]int `json:"failed"`
	Kills  int            `json:"kills"`
	// Repeated are the posts of events that it had taken before: it answered, and Handrail did not hear it.
	Repeated int `json:"repeated"`
	// Aside are the events that have stepped aside, so that those behind them went on.
	Aside int `json:"stepped_aside"`
	// Behind are the events that were still to be posted in the end.
	Behind int `json:"behind"`
	// Missing are events of the log that have never arrived.
	Missing int `json:"missing"`
	// Changed are posts whose id, body or place in the log is not that of the event, or of an earlier post of it.
	Changed int `json:"changed"`
	// Disordered are events that have not stepped aside and have arrived after a later one.
	Disordered int `json:"disordered"`
	// Gaps are numbers of a chat that the receiver lacks, though it has a later one.
	Gaps int `json:"gaps"`
	// Forged are posts without a valid signature.
	Forged int `json:"forged"`
}

// Passed reports whether everything has arrived as it was promised.
func (w *Webhooks) Passed() bool {
	return w.Behind+w.Missing+w.Changed+w.Disordered+w.Gaps+w.Forged == 0 && w.Events > 0
}

// firstWebhookWait replaces the five seconds that a failed post waits at first: a run has thousands of posts, and one
// in five fails.
const firstWebhookWait = 50 * time.Millisecond

// prepareReceiver makes the receiver, and returns what Handrail's processes must be configured with.
func (r *run) prepareReceiver() ([]string, error) {
	ports, err := freeport.Find(1)
	if err != nil {
		return nil, err
	}

	r.receiver = newReceiver(freeport.Loopback(ports[0]), r.Seed, r.receiverFaults())

	return []string{
		"HANDRAIL_TOOL_HOSTS=" + r.receiver.address,
		"HANDRAIL_WEBHOOK_WAIT=" + firstWebhookWait.String(),
	}, nil
}

// receiverFaults are those that are played.
func (r *run) receiverFaults() []receiverFault {
	if r.Faults == 0 {
		return nil
	}

	return slices.DeleteFunc(receiverFaults(), func(f receiverFault) bool { return !r.Kinds.has(f.kind) })
}

// openWebhook makes an endpoint that is told of all that happens from now on. What was seeded is over by then.
func (r *run) openWebhook(ctx context.Context) error {
	if err := r.receiver.start(ctx); err != nil {
		return err
	}

	l := openLedger(r.cluster.HandrailURL())
	defer func() { _ = l.close() }() // it has written nothing

	var err error
	if r.toldAfter, err = l.awaitNumbers(ctx); err != nil {
		return err
	}

	api, err := client.New(r.cluster.APIs()[0], r.seeded.Secrets[0])
	if err != nil {
		return err
	}

	made, err := api.CreateWebhookEndpointWithResponse(
		ctx,
		string(r.seeded.Workspace),
		nil,
		client.NewWebhookEndpoint{URL: "http://" + r.receiver.address + "/events"},
	)
	if err != nil {
		return fmt.Errorf("make a webhook endpoint: %w", err)
	}

	if made.StatusCode() != http.StatusCreated || made.JSON201 == nil || made.JSON201.Secret == nil {
		return fmt.Errorf("make a webhook endpoint: %s", made.Status())
	}

	r.endpoint = made.JSON201.ID

	return r.receiver.trust(*made.JSON201.Secret)
}

// killReceiver kills the receiver.
func (r *run) killReceiver(ctx context.Context, pause time.Duration) bool {
	return r.receiver.kill(ctx, spareFor, pause)
}

// failingWithin is for how long the receiver fails after everything else has come to rest, at most.
const failingWithin = 30 * time.Second

// awaitWebhooks waits until the endpoint is told of everything, as long as it may, and compares what has arrived with
// the log. The receiver fails until only what has stepped aside is left, so that a fifth of all posts fail.
func (r *run) awaitWebhooks(ctx context.Context) (Webhooks, error) {
	reporting := time.NewTicker(reportEvery)
	defer reporting.Stop()

	late := time.After(r.Settle)
	failed := time.After(failingWithin)

	for {
		lane, aside, err := r.ledger.countBehind(ctx)
		if err != nil {
			return Webhooks{}, err
		}

		behind := lane + aside

		switch {
		case behind == 0:
			return r.compareWebhooks(ctx, behind)
		case lane == 0:
			r.receiver.stopFailing()

			if err := r.replayAsides(ctx); err != nil {
				return Webhooks{}, err
			}
		}

		select {
		case <-ctx.Done():
			return Webhooks{}, ctx.Err()

		case <-late: // the comparison says what is missing
			return r.compareWebhooks(ctx, behind)

		case <-failed:
			r.receiver.stopFailing()

		case <-reporting.C:
			r.progress.Printf("the webhook endpoint is %d events behind", behind)

		case <-time.After(settleLook):
		}
	}
}

// replayAsides has the endpoint told at once of what has failed often, which would come by itself minutes later.
func (r *run) replayAsides(ctx context.Context) error {
	ids, err := r.ledger.lateAsides(ctx)
	if err != nil || len(ids) == 0 {
		return err
	}

	api, err := client.New(r.cluster.APIs()[0], r.seeded.Secrets[0])
	if err != nil {
		return err
	}

	for _, id := range ids {
		workspace := string(r.seeded.Workspace)
		if _, err := api.ReplayWebhookEventWithResponse(ctx, workspace, r.endpoint, id, nil); err != nil {
			return fmt.Errorf("replay an event: %w", err)
		}
	}

	return nil
}

func (r *run) compareWebhooks(ctx context.Context, behind int) (Webhooks, error) {
	told, err := r.ledger.toldEvents(ctx, r.toldAfter)
	if err != nil {
		return Webhooks{}, err
	}

	w := comparePosts(told, r.receiver.listPosts())

	r.receiver.mu.Lock()
	defer r.receiver.mu.Unlock()

	w.Behind = behind
	w.Forged = r.receiver.forged
	w.Kills = r.receiver.kills
	w.Failed = r.receiver.struck

	return w, nil
}

// toldEvent is an event of the log that the receiver was to be told of.
type toldEvent struct {
	postedEvent

	// aside reports that it has stepped aside.
	aside bool
}

// comparePosts compares what has arrived with the log, in the order of its numbers.
func comparePosts(told []toldEvent, posts []post) Webhooks {
	w := Webhooks{Events: len(told), Posts: len(posts)}

	events := make(map[chat.EventID]toldEvent, len(told))
	for _, e := range told {
		events[e.ID] = e

		if e.aside {
			w.Aside++
		}
	}

	bodies := map[chat.EventID]post{}
	taken := map[chat.EventID]bool{}
	latest := int64(0)

	for _, p := range posts {
		event, known := events[p.id]
		first, isRepeated := bodies[p.id]

		switch {
		case !known, p.postedEvent != event.postedEvent, isRepeated && p.body != first.body:
			w.Changed++
			continue
		case taken[p.id]:
			w.Repeated++
			continue
		}

		bodies[p.id] = p

		if !p.taken {
			continue
		}

		taken[p.id] = true

		switch {
		case event.aside:
		case p.Sequence < latest:
			w.Disordered++
		default:
			latest = p.Sequence
		}
	}

	w.Missing = len(events) - len(taken)
	w.Gaps = countGaps(told, taken)

	return w
}

// countGaps counts the numbers of chats that the receiver lacks, though it has a later one.
func countGaps(told []toldEvent, taken map[chat.EventID]bool) int {
	numbers := map[chat.ChatID][]int64{}
	first := map[chat.ChatID]int64{}

	for _, e := range told {
		if e.ChatID == 0 {
			continue
		}

		if _, known := first[e.ChatID]; !known {
			first[e.ChatID] = e.ChatSequence
		}

		if taken[e.ID] {
			numbers[e.ChatID] = append(numbers[e.ChatID], e.ChatSequence)
		}
	}

	gaps := int64(0)
	for id, has := range numbers {
		gaps += slices.Max(has) - first[id] + 1 - int64(len(has))
	}

	return int(gaps)
}

var errNotNumbered = errors.New("changes have no numbers, half a minute after the last one")

// awaitNumbers waits until every change is an event, and returns the number of the last one.
func (l *ledger) awaitNumbers(ctx context.Context) (int64, error) {
	for until := time.Now().Add(numberedWithin); time.Now().Before(until); {
		var unnumbered, last int64

		err := errors.Join(
			l.db.QueryRowContext(ctx, unnumberedChanges).Scan(&unnumbered),
			l.db.QueryRowContext(ctx, `SELECT COALESCE(max(sequence), 0) FROM events`).Scan(&last),
		)
		if err != nil {
			return 0, fmt.Errorf("read the log of events: %w", err)
		}

		if unnumbered == 0 {
			return last, nil
		}

		if !waitFor(ctx, misbehaveEvery) {
			return 0, ctx.Err()
		}
	}

	return 0, errNotNumbered
}

const eventsBehind = `
SELECT (SELECT count(*) FROM event_changes)
	+ (SELECT count(*) FROM events e JOIN webhook_endpoints w ON w.workspace_id = e.workspace_id
		WHERE e.sequence > w.position),
	(SELECT count(*) FROM webhook_asides)`

// countBehind counts what is still to be posted: in its order, and what has stepped aside.
func (l *ledger) countBehind(ctx context.Context) (lane, aside int, err error) {
	if err := l.db.QueryRowContext(ctx, eventsBehind).Scan(&lane, &aside); err != nil {
		return 0, 0, fmt.Errorf("count what is to be posted: %w", err)
	}

	return lane, aside, nil
}

const lateAsides = `SELECT event_id FROM webhook_asides WHERE retry_at > now() + interval '5 seconds'`

// lateAsides returns the events that have stepped aside and are not tried again soon.
func (l *ledger) lateAsides(ctx context.Context) ([]string, error) {
	found, err := l.db.QueryContext(ctx, lateAsides)
	if err != nil {
		return nil, fmt.Errorf("read what has stepped aside: %w", err)
	}

	defer func() { _ = found.Close() }() // found.Err reports what went wrong

	var all []string

	for found.Next() {
		var id string
		if err := found.Scan(&id); err != nil {
			return nil, fmt.Errorf("read what has stepped aside: %w", err)
		}

		all = append(all, id)
	}

	return all, found.Err()
}

// An event steps aside when it has failed three times.
const eventsToTell = `
SELECT e.id, e.type, e.sequence, e.chat_id, e.chat_sequence, EXISTS (
	SELECT 1 FROM webhook_attempts a
	WHERE a.workspace_id = e.workspace_id AND a.event_id = e.id AND a.number >= 3 AND a.fault <> '')
FROM events e JOIN webhook_endpoints w ON w.workspace_id = e.workspace_id
WHERE e.sequence > $1
ORDER BY e.sequence`

// toldEvents returns the events that the endpoint was to be told of, in their order.
func (l *ledger) toldEvents(ctx context.Context, after int64) ([]toldEvent, error) {
	found, err := l.db.QueryContext(ctx, eventsToTell, after)
	if err != nil {
		return nil, fmt.Errorf("read what was to be posted: %w", err)
	}

	defer func() { _ = found.Close() }() // found.Err reports what went wrong

	var all []toldEvent

	for found.Next() {
		var (
			e                  toldEvent
			itsChat, inItsChat sql.NullInt64
		)

		if err := found.Scan(&e.ID, &e.Type, &e.Sequence, &itsChat, &inItsChat, &e.aside); err != nil {
			return nil, fmt.Errorf("read what was to be posted: %w", err)
		}

		e.ChatID = chat.ChatID(itsChat.Int64)
		e.ChatSequence = inItsChat.Int64
		all = append(all, e)
	}

	return all, found.Err()
}
