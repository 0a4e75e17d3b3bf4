package bench

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	apiclient "handrail/client"
	"handrail/freeport"
)

// Hanging is what a webhook endpoint that does not answer costs everything else. With is with such an endpoint.
type Hanging struct {
	// SendP50 is the time of a send, and LaneP50 the time from a change until another endpoint is told of it, both in
	// milliseconds, in the middle of all rounds.
	SendP50 WithAndWithout `json:"send_p50_ms"`
	LaneP50 WithAndWithout `json:"other_endpoint_p50_ms"`
	// Held is how many posts were held without an answer.
	Held int64 `json:"held"`
}

const (
	// laneChanges are made in each round, one after the other, to see when another endpoint is told of them.
	laneChanges = 20
	// toldWithin is how long it may take until it is told.
	toldWithin = 30 * time.Second
)

// webhookEnviron configures Handrail for webhooks to this process. An endpoint that hangs is posted to again at once:
// it hangs nearly always.
func webhookEnviron() []string {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails: it would rather crash

	return []string{
		"HANDRAIL_ENCRYPTION_KEYS=bench:" + base64.StdEncoding.EncodeToString(key[:]),
		"HANDRAIL_TOOL_HOSTS=127.0.0.0/8",
		"HANDRAIL_WEBHOOK_WAIT=10ms",
	}
}

// receivers are two receivers of webhooks: one hangs while it is to, and the other one answers at once.
type receivers struct {
	server *http.Server
	origin string
	// hangs reports that posts are held until release is closed.
	hangs   atomic.Bool
	release atomic.Pointer[chan struct{}]
	held    atomic.Int64
	// told has how long after its change the other one was told of each event.
	told chan time.Duration
}

// openReceivers has both listen.
func openReceivers(ctx context.Context) (*receivers, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", freeport.Loopback(0))
	if err != nil {
		return nil, fmt.Errorf("listen for webhooks: %w", err)
	}

	rs := &receivers{
		origin: "http://" + l.Addr().String(),
		told:   make(chan time.Duration, 2*laneChanges),
	}

	mux := http.NewServeMux()
	mux.HandleFunc("POST /hangs", rs.hold)
	mux.HandleFunc("POST /answers", rs.answer)
	rs.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}

	go func() { _ = rs.server.Serve(l) }() // ends when it is closed

	return rs, nil
}

// hold answers when it must not hang any more.
func (rs *receivers) hold(w http.ResponseWriter, request *http.Request) {
	_, _ = io.Copy(io.Discard, request.Body) // so that it is known when Handrail gives up

	if rs.hangs.Load() {
		rs.held.Add(1)

		select {
		case <-request.Context().Done():
		case <-*rs.release.Load():
		}
	}

	w.WriteHeader(http.StatusNoContent)
}

// answer notes when it is told of an event.
func (rs *receivers) answer(w http.ResponseWriter, request *http.Request) {
	var body struct {
		Timestamp time.Time `json:"timestamp"`
	}

	if json.NewDecoder(request.Body).Decode(&body) == nil {
		select {
		case rs.told <- time.Since(body.Timestamp):
		default: // nobody waits for it
		}
	}

	w.WriteHeader(http.StatusNoContent)
}

// hang has the one receiver hang, or end that.
func (rs *receivers) hang(hangs bool) {
	if hangs {
		rs.release.Store(new(make(chan struct{})))
		rs.hangs.Store(true)

		return
	}

	if rs.hangs.Swap(false) {
		close(*rs.release.Load())
	}
}

// measureHanging sends with an endpoint that hangs and without it in turns: with, without, without, with, and so on.
func (r *run) measureHanging(ctx context.Context, e *benchEnv) (Hanging, error) {
	var measured Hanging

	rs, err := openReceivers(ctx)
	if err != nil {
		return measured, err
	}

	defer func() {
		rs.hang(false)
		_ = rs.server.Close() // nothing is left to be told
	}()

	hanging, err := e.openEndpoints(ctx, rs.origin)
	if err != nil {
		return measured, err
	}

	sends := map[bool][]float64{}
	lanes := map[bool][]float64{}

	for round := range 2 * r.Rounds {
		hangs := round%4 == 0 || round%4 == 3
		r.progress.Printf("measuring sends, an endpoint hangs: %t (%d of %d)", hangs, round+1, 2*r.Rounds)
		rs.hang(hangs)

		if err := e.enableEndpoint(ctx, hanging, hangs); err != nil {
			return measured, err
		}

		send := &scenario{name: scenarioSend, act: e.actor.send, silent: true}

		done, err := e.measureSlice(ctx, send, mostCallers, enoughAfter(r.Slice))
		if err != nil {
			return measured, err
		}

		lane, err := e.measureLane(ctx, rs)
		if err != nil {
			return measured, err
		}

		sends[hangs] = append(sends[hangs], toMilliseconds(done.quantile(0.5)))
		lanes[hangs] = append(lanes[hangs], toMilliseconds(lane.quantile(0.5)))
	}

	measured.SendP50 = WithAndWithout{With: median(sends[true]), Without: median(sends[false])}
	measured.LaneP50 = WithAndWithout{With: median(lanes[true]), Without: median(lanes[false])}
	measured.Held = rs.held.Load()

	return measured, nil
}

// openEndpoints makes an endpoint that hangs, disabled, whose id it returns, and one that answers. That one is told of
// what no send changes.
func (e *benchEnv) openEndpoints(ctx context.Context, origin string) (int64, error) {
	var ids []int64

	for _, endpoint := range []apiclient.NewWebhookEndpoint{
		{URL: origin + "/hangs", Enabled: new(false)},
		{URL: origin + "/answers", Types: []apiclient.EventType{apiclient.EventTypeChatUpdated}},
	} {
		made, err := e.actor.apis[0].CreateWebhookEndpointWithResponse(ctx, e.actor.workspace(), nil, endpoint)
		if err != nil {
			return 0, fmt.Errorf("make a webhook endpoint: %w", err)
		}

		if made.JSON201 == nil {
			return 0, fmt.Errorf("make a webhook endpoint: %s", made.Status())
		}

		ids = append(ids, made.JSON201.ID)
	}

	return ids[0], nil
}

func (e *benchEnv) enableEndpoint(ctx context.Context, id int64, enabled bool) error {
	_, err := e.actor.apis[0].UpdateWebhookEndpointWithResponse(
		ctx,
		e.actor.workspace(),
		id,
		apiclient.WebhookEndpointPatch{Enabled: &enabled},
	)
	if err != nil {
		return fmt.Errorf("switch a webhook endpoint: %w", err)
	}

	return nil
}

// measureLane makes changes, and looks when the endpoint that answers is told of each.
func (e *benchEnv) measureLane(ctx context.Context, rs *receivers) (*slice, error) {
	var all slice

	for n := range laneChanges {
		title := strconv.Itoa(n) + " at " + time.Now().String()

		_, err := e.actor.apis[0].UpdateChatWithResponse(
			ctx,
			e.actor.workspace(),
			int64(e.actor.reading[0]),
			apiclient.ChatPatch{Title: &title},
		)
		if err != nil {
			return nil, fmt.Errorf("change a chat: %w", err)
		}

		late := time.NewTimer(toldWithin)

		select {
		case took := <-rs.told:
			all.latencies = append(all.latencies, took)
		case <-late.C:
			return nil, fmt.Errorf("a webhook endpoint was not told of a change within %s", toldWithin)
		case <-ctx.Done():
			return nil, ctx.Err()
		}

		late.Stop()
	}

	return &all, nil
}
