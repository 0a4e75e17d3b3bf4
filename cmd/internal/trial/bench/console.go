package bench

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"

	handrail "handrail/client"
	"handrail/cmd/internal/trial/testcluster"
)

// ConsolePage is what a full workspace makes of a page of the console: its p50 in milliseconds.
type ConsolePage struct {
	Page       string `json:"page"`
	Deliveries int    `json:"deliveries"`
	// Empty is the p50 in a workspace without deliveries, measured in turns with Full.
	Empty float64 `json:"empty_ms"`
	Full  float64 `json:"full_ms"`
}

const (
	// consoleChats have ten deliveries each, of which one has not arrived.
	consoleChats      = 10_000
	deliveriesOfChat  = 10
	consoleRounds     = 10
	consoleEach       = 20
	consoleWorkspaces = 2
)

// consolePages are the pages that must stay quick, by their names, below the workspace.
func consolePages() map[string]string {
	return map[string]string{"Now": "/", "Failures": "/failures"}
}

// console measures pages of the console in a workspace with many deliveries and in one with none, in turns.
func (r *run) console(ctx context.Context, e *benchEnv) error {
	if err := e.writeFailingChat(ctx); err != nil {
		return err
	}

	b, err := newBulk(ctx, openSQL(e.cluster.HandrailURL()), r.out, e.actor.model, firstCopy)
	if err != nil {
		return err
	}

	defer b.close()

	r.progress.Printf("growing to %d deliveries", consoleChats*deliveriesOfChat)

	if err := b.grow(ctx, consoleChats); err != nil {
		return err
	}

	empty, err := e.seedEmptyWorkspace(ctx)
	if err != nil {
		return err
	}

	viewers := make([]*consoleViewer, consoleWorkspaces)
	for i, seeded := range []*testcluster.Seeded{empty, e.actor.seeded} {
		if viewers[i], err = e.logIn(ctx, seeded); err != nil {
			return err
		}
	}

	for page, path := range consolePages() {
		measured, err := r.measurePage(ctx, viewers, path)
		if err != nil {
			return fmt.Errorf("the page %s: %w", page, err)
		}

		result := ConsolePage{
			Page:       page,
			Deliveries: consoleChats * deliveriesOfChat,
			Empty:      toMilliseconds(measured[0].quantile(0.5)),
			Full:       toMilliseconds(measured[1].quantile(0.5)),
		}

		r.report.Console = append(r.report.Console, result)
		r.report.Goals = append(r.report.Goals, atMost(
			"p50 of the console's page "+page+" with 100,000 deliveries, to an empty workspace",
			result.Full/result.Empty,
			1.3,
		))
	}

	return nil
}

// writeFailingChat sends messages in the chat that is multiplied. All but the last one arrive.
func (e *benchEnv) writeFailingChat(ctx context.Context) error {
	a := e.actor

	for n := range deliveriesOfChat {
		var faults []string
		if n == deliveriesOfChat-1 {
			faults = []string{"undelivered"}
		}

		if err := a.faults(ctx, faults...); err != nil {
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

	return a.faults(ctx)
}

// seedEmptyWorkspace makes a workspace without messages.
func (e *benchEnv) seedEmptyWorkspace(ctx context.Context) (*testcluster.Seeded, error) {
	store, err := e.cluster.Store(ctx)
	if err != nil {
		return nil, err
	}

	defer func() { _ = store.Close() }() // all is stored, or reported as an error

	return testcluster.Seed(ctx, store, testcluster.SeedOptions{Number: 1, Keys: keys, Chats: 1})
}

// consoleViewer is a browser that is logged in to a workspace.
type consoleViewer struct {
	http    *http.Client
	root    string
	cookies []*http.Cookie
	turn    int
}

// logIn logs a browser in with each key of a workspace: together they may ask as often as one measures.
func (e *benchEnv) logIn(ctx context.Context, seeded *testcluster.Seeded) (*consoleViewer, error) {
	address := e.cluster.APIs()[0]
	workspace := string(seeded.Workspace)

	apis, err := newClients(address, seeded.Secrets)
	if err != nil {
		return nil, err
	}

	v := &consoleViewer{http: newHTTP(), root: address + "/console/w/" + workspace}

	for _, api := range apis {
		made, err := api.CreateSessionWithResponse(ctx, workspace, &handrail.CreateSessionParams{})
		if err != nil {
			return nil, fmt.Errorf("log in to the console: %w", err)
		}

		v.cookies = append(v.cookies, &http.Cookie{ //nolint:gosec // it is sent, and set nowhere
			Name:  "handrail_session_" + workspace,
			Value: handrail.ValueOf(made.JSON201.Key),
		})
	}

	return v, nil
}

// open asks for a page, and reads all of it.
func (v *consoleViewer) open(ctx context.Context, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.root+path, nil)
	if err != nil {
		return fmt.Errorf("ask for a page: %w", err)
	}

	request.AddCookie(v.cookies[v.turn%len(v.cookies)])
	v.turn++

	answer, err := v.http.Do(request)
	if err != nil {
		return fmt.Errorf("ask for a page: %w", err)
	}

	defer answer.Body.Close()

	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("ask for a page: %s", answer.Status)
	}

	_, err = io.Copy(io.Discard, answer.Body)

	return err
}

// measurePage asks for a page of each viewer in turns. The first round warms up.
func (r *run) measurePage(ctx context.Context, viewers []*consoleViewer, path string) ([]*slice, error) {
	done := make([]*slice, len(viewers))
	for i := range done {
		done[i] = &slice{}
	}

	for round := range consoleRounds + 1 {
		for _, i := range rand.Perm(len(viewers)) { //nolint:gosec // not a secret
			look := &scenario{name: path, act: func(ctx context.Context, _ int) (string, error) {
				return "", viewers[i].open(ctx, path)
			}}

			part, err := repeatScenario(ctx, look, 1, enoughTimes(consoleEach))
			if err != nil {
				return nil, err
			}

			if round > 0 {
				done[i].join(part)
			}
		}
	}

	return done, nil
}

func (r *Report) showConsole(t io.Writer) {
	fmt.Fprint(t, "\npage of the console, p50 in ms\twithout deliveries\twith so many\tratio\t\n")

	for _, page := range r.Console {
		fmt.Fprintf(t, "%s\t%.1f\t%.1f (%d)\t%.2f\t\n", page.Page, page.Empty, page.Full, page.Deliveries, page.Full/page.Empty)
	}
}
