package fuzzapi

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"handrail/cmd/internal/command"
)

// Options are the settings of a run.
type Options struct {
	// Origin is the address of the API, such as "http://127.0.0.1:8080".
	Origin  string
	Callers *Callers
	// ToolOrigin is the address of the server that answers calls of tools.
	ToolOrigin string
	Twilio     Twilio
	// SendGrid signs the requests that come from SendGrid; with nil they are not signed.
	SendGrid *ecdsa.PrivateKey
	Requests int
	Seed     uint64
	// Progress gets a line after every 2,000 requests; it may be nil.
	Progress *command.Progress
}

// answerTimeout is how long an answer may take.
const answerTimeout = time.Minute

// parallelRequests is how many requests are made at the same time.
const parallelRequests = 4

// Run makes the requests and returns what was found. It returns an error if the requests could not be made; faults of
// the answers are in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	client := &http.Client{
		Timeout:       answerTimeout,
		Transport:     &http.Transport{MaxIdleConnsPerHost: parallelRequests},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}

	defer client.CloseIdleConnections()

	d, err := fetchDocument(ctx, client, o.Origin)
	if err != nil {
		return nil, err
	}

	t := &trial{
		Options: o,
		client:  client,
		checker: &checker{
			document: d,
			client:   client,
			origin:   o.Origin,
			links:    map[string]bool{},
		},
		requests: &requests{
			document: d,
			Callers:  o.Callers,
			places:   newPlaces(),
			tools:    &tools{names: map[string][]string{}, schemas: map[string]object{}},
			twilio:   o.Twilio,
			sendGrid: o.SendGrid,
			seed:     o.Seed,
			origin:   o.ToolOrigin,
		},
		report: &Report{Seed: o.Seed, Operations: map[string]*Row{}},
	}

	t.requests.creating = d.findOperations(creators)

	for name, ids := range o.Callers.Spared {
		for _, id := range ids {
			t.requests.places.spare(name, id)
		}
	}

	for _, id := range o.Callers.Contributors {
		t.requests.places.add(o.Callers.Managers[0].Workspace, "contributor", place{"contributor": id})
	}

	for _, id := range o.Callers.Asking {
		t.requests.places.add(o.Callers.Managers[0].Workspace, "chat_id asking", place{"chat_id": id})
	}

	return t.report, t.sendAll(ctx)
}

func fetchDocument(ctx context.Context, client *http.Client, origin string) (*document, error) {
	asked, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+"/docs/openapi.json", http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("get the OpenAPI document: %w", err)
	}

	a, err := client.Do(asked)
	if err != nil {
		return nil, fmt.Errorf("get the OpenAPI document: %w", err)
	}

	raw, err := io.ReadAll(a.Body)
	if err = errors.Join(err, a.Body.Close()); err != nil {
		return nil, fmt.Errorf("get the OpenAPI document: %w", err)
	}

	return readDocument(raw)
}

// trial is a run in progress.
type trial struct {
	Options
	client   *http.Client
	checker  *checker
	requests *requests
	report   *Report
}

// sendAll makes all requests, several at a time.
func (t *trial) sendAll(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64

	for range parallelRequests {
		group.Go(func() error {
			for ctx.Err() == nil {
				number := int(next.Add(1)) - 1
				if number >= t.Requests {
					return nil
				}

				t.sendAndCheck(ctx, t.requests.makeRequest(number))

				if t.Progress != nil && number%2000 == 1999 {
					t.Progress.Printf("%d requests", number+1)
				}
			}

			return ctx.Err()
		})
	}

	return group.Wait()
}

// sendAndCheck makes one request and checks its answer. It keeps the ids that the answer has, for later requests.
func (t *trial) sendAndCheck(ctx context.Context, q *request) {
	a, raw, err := q.send(ctx, t.client, t.Origin)
	if err != nil {
		if ctx.Err() == nil {
			t.report.countAnswer(q, 0, "no answer")
			t.report.add(q, t.Origin, finding{what: "no answer", detail: err.Error()})
		}

		return
	}

	body, found := t.checker.check(ctx, q, a, raw)
	t.report.countAnswer(q, a.StatusCode, getText(asObject(body), "code"))

	for _, f := range append(found, t.checkFurther(ctx, q, a)...) {
		t.report.add(q, t.Origin, f)
	}

	if a.StatusCode < http.StatusMultipleChoices {
		t.requests.places.harvest(t.checker.document, q, body)
		t.requests.tools.harvest(q, body)
	}

	if q.method == http.MethodDelete && !q.stray && a.StatusCode < http.StatusMultipleChoices {
		t.requests.places.forget(q)
	}

	if a.StatusCode == http.StatusTooManyRequests {
		waitRetryAfter(ctx, a)
	}
}

// waitRetryAfter waits for as long as an answer's Retry-After says, and for two seconds at most.
func waitRetryAfter(ctx context.Context, a *http.Response) {
	seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
	if err != nil {
		return
	}

	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(min(seconds, 2)) * time.Second):
	}
}
