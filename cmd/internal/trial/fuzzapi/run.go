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

// Options say what a run asks, and of whom.
type Options struct {
	// Origin is where the API is, like "http://127.0.0.1:8080".
	Origin  string
	Callers *Callers
	// ToolOrigin is where tools may be called.
	ToolOrigin string
	Twilio     Twilio
	// SendGrid signs what comes from SendGrid; with nil, nothing is signed.
	SendGrid *ecdsa.PrivateKey
	Requests int
	Seed     uint64
	// Progress says how far it is; nil says nothing.
	Progress *command.Progress
}

// answerWithin is how long an answer may take.
const answerWithin = time.Minute

// atOnce is how many requests are made at the same time.
const atOnce = 4

// Run makes the requests and returns what it has found. The error reports that they could not be made.
func Run(ctx context.Context, o Options) (*Report, error) {
	client := &http.Client{
		Timeout:       answerWithin,
		Transport:     &http.Transport{MaxIdleConnsPerHost: atOnce},
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
		checker: &checker{document: d, client: client, origin: o.Origin, links: map[string]bool{}},
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

	t.requests.creating = d.find(creators)

	for name, ids := range o.Callers.Spared {
		for _, id := range ids {
			t.requests.places.spare(name, id)
		}
	}

	for _, id := range o.Callers.Contributors {
		t.requests.places.add(o.Callers.Managers[0].Workspace, "contributor", place{"contributor": id})
	}

	return t.report, t.askAll(ctx)
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

// trial is a run while it lasts.
type trial struct {
	Options
	client   *http.Client
	checker  *checker
	requests *requests
	report   *Report
}

func (t *trial) askAll(ctx context.Context) error {
	asking, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64

	for range atOnce {
		asking.Go(func() error {
			for ctx.Err() == nil {
				number := int(next.Add(1)) - 1
				if number >= t.Requests {
					return nil
				}

				t.ask(ctx, t.requests.make(number))

				if t.Progress != nil && number%2000 == 1999 {
					t.Progress.Printf("%d requests", number+1)
				}
			}

			return ctx.Err()
		})
	}

	return asking.Wait()
}

// ask makes one request, and checks what it is answered with.
func (t *trial) ask(ctx context.Context, q *request) {
	a, raw, err := q.send(ctx, t.client, t.Origin)
	if err != nil {
		if ctx.Err() == nil {
			t.report.note(q, 0, "no answer")
			t.report.add(q, t.Origin, finding{what: "no answer", detail: err.Error()})
		}

		return
	}

	body, found := t.checker.check(ctx, q, a, raw)
	t.report.note(q, a.StatusCode, textIn(asObject(body), "code"))

	for _, f := range append(found, t.follow(ctx, q, a)...) {
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
		pause(ctx, a)
	}
}

// pause waits as long as an answer says, but not for long.
func pause(ctx context.Context, a *http.Response) {
	seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
	if err != nil {
		return
	}

	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(min(seconds, 2)) * time.Second):
	}
}
