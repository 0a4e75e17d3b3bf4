package chaos

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"handrail/chat"
)

// What the receiver of webhooks does wrong.
const (
	// receiverError answers 500 and does not take the event.
	receiverError = "webhook_error"
	// receiverBusy answers 503 with Retry-After.
	receiverBusy = "webhook_busy"
	// receiverCut closes the connection instead of an answer, and does not take the event.
	receiverCut = "webhook_cut"
	// receiverLate takes the event, and closes the connection instead of an answer: it comes again.
	receiverLate = "webhook_late"
	// receiverHang does not answer until Handrail gives up.
	receiverHang = "webhook_hang"
)

// receiverFault is one of them, and its part of all failures.
type receiverFault struct {
	kind  string
	share float64
}

// receiverFaults are all of them. Each hanging post holds the lane for as long as Handrail waits for an answer: there
// are few of those, so that a run ends in time.
func receiverFaults() []receiverFault {
	return []receiverFault{
		{receiverError, 0.39},
		{receiverCut, 0.25},
		{receiverLate, 0.25},
		{receiverBusy, 0.1},
		{receiverHang, 0.01},
	}
}

// receiverShare is the part of the posts that fail.
const receiverShare = 0.2

// maxPost is more than any post holds.
const maxPost = 1 << 20

// post is one event as it came to the receiver.
type post struct {
	id   chat.EventID
	body [sha256.Size]byte
	postedEvent
	// taken reports that the receiver has kept the event.
	taken bool
}

// postedEvent is what the receiver reads of the body.
type postedEvent struct {
	Type         chat.EventType `json:"type"`
	ID           chat.EventID   `json:"id"`
	Sequence     int64          `json:"sequence"`
	ChatID       chat.ChatID    `json:"chat_id"`
	ChatSequence int64          `json:"chat_sequence"`
}

// receiver is an integrator's program that is told of events. It keeps what it has taken when it is killed.
type receiver struct {
	address string
	faults  []receiverFault

	mu     sync.Mutex
	chance *rand.Rand
	server *http.Server // nil while it is away
	began  time.Time
	// verifier is nil until the endpoint has its secret.
	verifier *standardwebhooks.Webhook
	calm     bool
	posts    []post
	// forged counts posts whose signature is wrong, or whose body cannot be read.
	forged int
	kills  int
	struck map[string]int
}

// newReceiver makes a receiver that is away.
func newReceiver(address string, seed uint64, faults []receiverFault) *receiver {
	return &receiver{
		address: address,
		faults:  faults,
		chance:  rand.New(rand.NewPCG(seed, 2)), //nolint:gosec // to be repeated, not to be secret
		struck:  map[string]int{},
	}
}

// start has it listen.
func (r *receiver) start(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", r.address)
	if err != nil {
		return fmt.Errorf("listen for webhooks: %w", err)
	}

	server := &http.Server{Handler: http.HandlerFunc(r.receive), ReadHeaderTimeout: time.Minute}

	r.mu.Lock()
	r.server = server
	r.began = time.Now()
	r.mu.Unlock()

	go func() { _ = server.Serve(l) }() // ends when it is killed

	return nil
}

// kill cuts all its connections, and starts it again after a pause. It reports false when it was away, or not there
// for as long as lived.
func (r *receiver) kill(ctx context.Context, lived, pause time.Duration) bool {
	r.mu.Lock()
	server := r.server

	if server == nil || time.Since(r.began) < lived {
		r.mu.Unlock()
		return false
	}

	r.server = nil
	r.kills++
	r.mu.Unlock()

	_ = server.Close() // its connections are cut in any case

	waitFor(ctx, pause)

	return r.start(context.WithoutCancel(ctx)) == nil
}

// close ends it for good.
func (r *receiver) close() error {
	r.mu.Lock()
	server := r.server
	r.server = nil
	r.mu.Unlock()

	if server == nil {
		return nil
	}

	return server.Close()
}

// stopFailing ends its failures: what is left is to arrive.
func (r *receiver) stopFailing() {
	r.mu.Lock()
	defer r.mu.Unlock()

	r.calm = true
}

// trust has it verify posts with the secret of its endpoint.
func (r *receiver) trust(secret string) error {
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return fmt.Errorf("read the secret of the webhook endpoint: %w", err)
	}

	r.mu.Lock()
	defer r.mu.Unlock()

	r.verifier = verifier

	return nil
}

// listPosts returns all posts so far, in the order in which they came.
func (r *receiver) listPosts() []post {
	r.mu.Lock()
	defer r.mu.Unlock()

	return slices.Clone(r.posts)
}

func (r *receiver) receive(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(io.LimitReader(request.Body, maxPost))
	if err != nil {
		panic(http.ErrAbortHandler) // the post did not come whole
	}

	fault, err := r.take(request.Header, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}

	switch fault {
	case receiverError:
		http.Error(w, "out of order", http.StatusInternalServerError)

	case receiverBusy:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "busy", http.StatusServiceUnavailable)

	case receiverHang:
		<-request.Context().Done()
		panic(http.ErrAbortHandler)

	case receiverCut, receiverLate:
		panic(http.ErrAbortHandler)

	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

var errForged = errors.New("not from Handrail")

// take notes a post, and returns what goes wrong with it, "" for nothing.
func (r *receiver) take(header http.Header, body []byte) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()

	one := post{id: chat.EventID(header.Get("Webhook-Id")), body: sha256.Sum256(body)}

	if r.verifier == nil || r.verifier.Verify(body, header) != nil || json.Unmarshal(body, &one.postedEvent) != nil {
		r.forged++
		return "", errForged
	}

	fault := r.chooseFault()
	if fault != "" {
		r.struck[fault]++
	}

	one.taken = fault == "" || fault == receiverLate
	r.posts = append(r.posts, one)

	return fault, nil
}

// chooseFault is what goes wrong with a post. What has not gone wrong yet is first: even a short run is to see each.
func (r *receiver) chooseFault() string {
	if r.calm || len(r.faults) == 0 || r.chance.Float64() >= receiverShare {
		return ""
	}

	drawn := r.chance.Float64()

	for _, f := range r.faults {
		if r.struck[f.kind] == 0 {
			return f.kind
		}
	}

	for _, f := range r.faults {
		if drawn -= f.share; drawn < 0 {
			return f.kind
		}
	}

	return r.faults[0].kind
}
