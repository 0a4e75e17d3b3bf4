package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"golang.org/x/sync/errgroup"

	"handrail/chat"
	"handrail/cmd/internal/trial/testcluster"
	"handrail/engine"
	"handrail/freeport"
)

// benchEnv is an installation with everything to measure in it.
type benchEnv struct {
	name            string // what Temporal is on
	cluster         *testcluster.Cluster
	actor           *actor
	meter           *meter
	postgresVersion string
}

const (
	// namespace is that of the embedded Temporal server.
	namespace = "default"
	// sendingChats are for mostCallers, four each; readingChats one each. One more is left
	// alone, to be copied.
	sendingChats = 4 * mostCallers
	readingChats = mostCallers
	// keys are enough for the most requests in a second that one may make, and few enough
	// that the note of their last use, once a minute, is none of the cost of a send.
	keys = 10
	// joining are the members that can be added to chats.
	joining = 200
	// readingMessages is how many messages a chat has that is summarized.
	readingMessages = 20
)

// newBenchEnv starts an installation and makes it ready to measure. The caller must close
// what it returns, also with an error.
func newBenchEnv(ctx context.Context, o testcluster.Options, store string) (*benchEnv, error) {
	e := &benchEnv{name: store}

	var err error
	if e.cluster, err = testcluster.New(ctx, o); err != nil {
		return e, err
	}

	return e, e.prepare(ctx)
}

func (e *benchEnv) prepare(ctx context.Context) error {
	if err := e.cluster.StartParts(ctx); err != nil {
		return err
	}

	seeded, members, err := e.seed(ctx)
	if err != nil {
		return err
	}

	if err := e.cluster.StartHandrail(ctx); err != nil {
		return err
	}

	origin, err := e.startBaseline(ctx)
	if err != nil {
		return err
	}

	if e.meter, err = newMeter(e.cluster); err != nil {
		return err
	}

	c, err := client.DialContext(ctx, client.Options{
		HostPort:  e.cluster.Temporal(),
		Namespace: namespace,
		Logger:    log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return fmt.Errorf("connect to Temporal: %w", err)
	}

	apis, err := newClients(e.cluster.APIs()[0], seeded.Secrets)
	if err != nil {
		return err
	}

	e.actor = &actor{
		cluster:  e.cluster,
		seeded:   seeded,
		members:  members,
		sending:  seeded.Chats[:sendingChats],
		reading:  seeded.Chats[sendingChats : sendingChats+readingChats],
		model:    seeded.Chats[sendingChats+readingChats],
		temporal: c,
		engine:   engine.NewClient(c, "", nil),
		baseline: origin,
		apis:     apis,
		http:     newHTTP(),
	}

	return e.fillReadingChats(ctx)
}

// seed makes the workspace, and the members that are added to chats.
func (e *benchEnv) seed(ctx context.Context) (*testcluster.Seeded, []chat.MemberID, error) {
	store, err := e.cluster.Store(ctx)
	if err != nil {
		return nil, nil, err
	}

	defer func() { _ = store.Close() }() // all is stored, or reported as an error

	seeded, err := testcluster.Seed(ctx, store, testcluster.SeedOptions{
		Keys:  keys,
		Chats: sendingChats + readingChats + 1,
	})
	if err != nil {
		return nil, nil, err
	}

	if _, err := store.CreateLabel(ctx, seeded.Workspace, seeded.By, chat.Label{Name: benchLabel}); err != nil {
		return nil, nil, err
	}

	members := make([]chat.MemberID, joining)
	for n := range members {
		m, err := store.CreateMember(ctx, seeded.Workspace, seeded.By, chat.Member{
			Kind: chat.KindPerson,
			Role: chat.RoleUser,
			Name: fmt.Sprintf("Observer %d", n),
		})
		if err != nil {
			return nil, nil, err
		}

		members[n] = m.ID
	}

	return seeded, members, nil
}

// fillReadingChats fills the chats that are summarized.
func (e *benchEnv) fillReadingChats(ctx context.Context) error {
	words := []string{
		"Where is my order 4711? It was promised for Friday.",
		"The parcel came, but the blue cup in it is broken.",
		"Could you send the invoice to our new address?",
		"Thank you, that is all I wanted to know.",
	}

	fill := &scenario{name: "write", act: func(ctx context.Context, caller int) (string, error) {
		n := int(e.actor.turn.Add(1))
		id := e.actor.reading[n%len(e.actor.reading)]

		return "", e.actor.write(ctx, caller, id, words[n%len(words)])
	}}

	_, err := repeatScenario(ctx, fill, 10, enoughTimes(readingChats*readingMessages))

	return err
}

// startBaseline starts the process of the baselines, on a database of its own, and returns
// its address.
func (e *benchEnv) startBaseline(ctx context.Context) (string, error) {
	admin := openSQL(e.cluster.HandrailURL())
	defer func() { _ = admin.Close() }() // all is done

	if err := admin.QueryRowContext(ctx, `SHOW server_version`).Scan(&e.postgresVersion); err != nil {
		return "", err
	}

	e.postgresVersion, _, _ = strings.Cut(e.postgresVersion, " ")

	if _, err := admin.ExecContext(ctx, `CREATE DATABASE baseline`); err != nil {
		return "", fmt.Errorf("make the baseline's database: %w", err)
	}

	ports, err := freeport.Find(1)
	if err != nil {
		return "", err
	}

	addr := fmt.Sprintf("127.0.0.1:%d", ports[0])

	return "http://" + addr, e.cluster.Start(ctx, testcluster.Program{
		Name:    "baseline",
		Kind:    "baseline",
		Environ: e.cluster.Environment(),
		Args: []string{
			filepath.Join(e.cluster.Programs, "handrail-bench"),
			"baseline",
			"--temporal=" + e.cluster.Temporal(),
			"--namespace=" + namespace,
			"--database=" + e.cluster.DatabaseURL("baseline"),
			"--sandbox=" + e.cluster.Sandbox(),
			"--addr=" + addr,
			"--twilio-account=" + testcluster.SandboxAccount,
			"--twilio-token=" + testcluster.SandboxToken,
		},
		Ready: func(ctx context.Context) error { return testcluster.Answers(ctx, "http://"+addr+"/healthz") },
	})
}

// measureSlice runs a scenario until it is enough, and ends what is open.
func (e *benchEnv) measureSlice(ctx context.Context, sc *scenario, callers int, until enough) (*slice, error) {
	done, err := e.runScenario(ctx, sc, callers, until)
	if err != nil {
		return nil, err
	}

	return done, e.terminateOpen(ctx, sc, done)
}

// runScenario runs a scenario until it is enough, with receipts or without, as it says.
func (e *benchEnv) runScenario(ctx context.Context, sc *scenario, callers int, until enough) (*slice, error) {
	if err := e.actor.silence(ctx, sc.silent); err != nil {
		return nil, err
	}

	return repeatScenario(ctx, sc, callers, until)
}

// terminateOpen terminates the workflows that wait for receipts that never come. Their timers
// would fire while something else is measured.
func (e *benchEnv) terminateOpen(ctx context.Context, sc *scenario, done *slice) error {
	if !sc.silent {
		return nil
	}

	ending, ctx := errgroup.WithContext(ctx)
	ending.SetLimit(mostCallers)

	for _, id := range done.workflows {
		if id == "" {
			continue
		}

		ending.Go(func() error {
			err := e.actor.temporal.TerminateWorkflow(ctx, id, "", "it was measured")
			if _, closed := errors.AsType[*serviceerror.NotFound](err); closed {
				return nil
			}

			return err
		})
	}

	return ending.Wait()
}

func (e *benchEnv) close() error {
	if e.actor != nil {
		e.actor.temporal.Close()
	}

	var err error
	if e.meter != nil {
		err = e.meter.db.Close()
	}

	if e.cluster != nil {
		err = errors.Join(err, e.cluster.Close())
	}

	return err
}
