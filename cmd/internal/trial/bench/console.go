package bench

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"

	"handrail/chat"
	handrail "handrail/client"
	"handrail/cmd/internal/trial/testcluster"
)

// ConsolePage is what a full workspace makes of a page of the console: its p50 in milliseconds. All three are measured
// in turns.
type ConsolePage struct {
	Page string `json:"page"`
	// Empty is without deliveries, Small with as many as fill a page of every list, and Full with a hundred times as
	// many.
	Empty float64 `json:"empty_ms"`
	Small float64 `json:"1000_deliveries_ms"`
	Full  float64 `json:"100000_deliveries_ms"`
}

const (
	// smallChats and fullChats have ten deliveries each, of which one has not arrived.
	smallChats       = 100
	fullChats        = 10_000
	deliveriesOfChat = 10
	consoleRounds    = 10
	consoleEach      = 20
	// maxConsolePage is the p50 in milliseconds that a page may have, whatever is behind it.
	maxConsolePage = 200
	// smallFirst is above the ids of all other copies.
	smallFirst = 3 * firstCopy
)

// consolePage is a page with its path below the workspace.
type consolePage struct {
	name, path string
	// mayGrow reports whether the page counts all that has failed, after another one was shown.
	mayGrow bool
}

// consolePages are the pages that must stay quick.
func consolePages() []consolePage {
	return []consolePage{
		{name: "Now", path: "/"},
		{name: "Failures", path: "/failures"},
		{name: "Failures, counted", path: "/failures?counted=yes", mayGrow: true},
	}
}

// console measures pages of the console in a workspace with many deliveries, in one with some, and in one with none.
func (r *run) console(ctx context.Context, e *benchEnv) error {
	empty, err := e.newActor(ctx, 1)
	if err != nil {
		return err
	}

	small, err := e.newActor(ctx, 2)
	if err != nil {
		return err
	}

	r.progress.Printf("growing to %d deliveries", fullChats*deliveriesOfChat)

	if err := r.fillWorkspace(ctx, e, small, bulkOf{small.sending[0], smallFirst, smallChats}); err != nil {
		return err
	}

	if err := r.fillWorkspace(ctx, e, e.actor, bulkOf{e.actor.model, firstCopy, fullChats}); err != nil {
		return err
	}

	var viewers []*consoleViewer

	for _, a := range []*actor{empty, small, e.actor} {
		viewer, err := e.logIn(ctx, a.seeded)
		if err != nil {
			return err
		}

		viewers = append(viewers, viewer)
	}

	for _, page := range consolePages() {
		if err := r.measurePage(ctx, viewers, page); err != nil {
			return fmt.Errorf("the page %s: %w", page.name, err)
		}
	}

	return nil
}

// bulkOf is a chat, and how many copies it gets, with ids from first on.
type bulkOf struct {
	chat          chat.ChatID
	first, copies int
}

// fillWorkspace writes the messages of a chat, and multiplies it.
func (r *run) fillWorkspace(ctx context.Context, e *benchEnv, a *actor, of bulkOf) error {
	if err := a.writeFailingChat(ctx, of.chat); err != nil {
		return err
	}

	b, err := newBulk(ctx, openSQL(e.cluster.HandrailURL()), r.out, of.chat, of.first)
	if err != nil {
		return err
	}

	defer b.close()

	return b.grow(ctx, of.copies)
}

// writeFailingChat sends messages in a chat. All but the last one arrive.
func (a *actor) writeFailingChat(ctx context.Context, id chat.ChatID) error {
	for n := range deliveriesOfChat {
		var faults []string
		if n == deliveriesOfChat-1 {
			faults = []string{"undelivered"}
		}

		if err := a.faults(ctx, faults...); err != nil {
			return err
		}

		workflow, err := a.sendIn(ctx, 0, id, handrail.Send{Message: text})
		if err != nil {
			return err
		}

		if err := a.temporal.GetWorkflow(ctx, workflow, "").Get(ctx, nil); err != nil {
			return err
		}
	}

	return a.faults(ctx)
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
			Name:  "__Secure-handrail_session_" + workspace,
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
func (r *run) measurePage(ctx context.Context, viewers []*consoleViewer, page consolePage) error {
	done := make([]slice, len(viewers))

	for round := range consoleRounds + 1 {
		for _, i := range rand.Perm(len(viewers)) { //nolint:gosec // not a secret
			look := &scenario{name: page.name, act: func(ctx context.Context, _ int) (string, error) {
				return "", viewers[i].open(ctx, page.path)
			}}

			part, err := repeatScenario(ctx, look, 1, enoughTimes(consoleEach))
			if err != nil {
				return err
			}

			if round > 0 {
				done[i].join(part)
			}
		}
	}

	result := ConsolePage{
		Page:  page.name,
		Empty: toMilliseconds(done[0].quantile(0.5)),
		Small: toMilliseconds(done[1].quantile(0.5)),
		Full:  toMilliseconds(done[2].quantile(0.5)),
	}

	r.report.Console = append(r.report.Console, result)
	r.report.Goals = append(r.report.Goals, consoleGoals(page, &result)...)

	return nil
}

// consoleGoals hold a page in a full workspace to how long a person waits gladly, and to the same page in an empty one.
func consoleGoals(page consolePage, p *ConsolePage) []Goal {
	full := "p50 of the console's page " + page.name + " with 100,000 deliveries"
	goals := []Goal{atMost(full+", in ms", p.Full, maxConsolePage)}

	if !page.mayGrow {
		goals = append(goals, atMost(full+", to none", p.Full/p.Empty, 1.3))
	}

	return goals
}

func (r *Report) showConsole(t io.Writer) {
	fmt.Fprint(t, "\npage of the console, p50 in ms\twithout deliveries\twith 1,000\twith 100,000\t\n")

	for _, page := range r.Console {
		fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.1f\t\n", page.Page, page.Empty, page.Small, page.Full)
	}
}
