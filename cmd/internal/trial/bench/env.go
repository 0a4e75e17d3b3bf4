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
	"handrail/cmd/internal/trial/freeport"
	"handrail/cmd/internal/trial/testcluster"
	"handrail/workflows"
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

// newBenchEnv makes it ready to measure. What it returns must be closed, also with an error.
func newBenchEnv(ctx context.Context, o testcluster.Options, store string) (*benchEnv, error) {
	h := &benchEnv{name: store}

	var err error
	if h.cluster, err = testcluster.New(ctx, o); err != nil {
		return h, err
	}

	return h, h.prepare(ctx)
}

func (h *benchEnv) prepare(ctx context.Context) error {
	if err := h.cluster.StartParts(ctx); err != nil {
		return err
	}

	seeded, members, err := h.seed(ctx)
	if err != nil {
		return err
	}

	if err := h.cluster.StartHandrail(ctx); err != nil {
		return err
	}

	baseline, err := h.startBaseline(ctx)
	if err != nil {
		return err
	}

	if h.meter, err = newMeter(h.cluster); err != nil {
		return err
	}

	c, err := client.DialContext(
		ctx,
		client.Options{
			HostPort:  h.cluster.Temporal(),
			Namespace: namespace,
			Logger:    log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
		},
	)
	if err != nil {
		return fmt.Errorf("connect to Temporal: %w", err)
	}

	h.actor = &actor{
		cluster:   h.cluster,
		seeded:    seeded,
		members:   members,
		sending:   seeded.Chats[:sendingChats],
		reading:   seeded.Chats[sendingChats : sendingChats+readingChats],
		model:     seeded.Chats[sendingChats+readingChats],
		temporal:  c,
		engine:    workflows.NewClient(c, "", nil),
		baseline: baseline,
		http:      newHTTP(),
	}

	return h.fillReadingChats(ctx)
}

// seed makes the workspace, and the members that are added to chats.
func (h *benchEnv) seed(ctx context.Context) (*testcluster.Seeded, []chat.MemberID, error) {
	store, err := h.cluster.Store(ctx)
	if err != nil {
		return nil, nil, err
	}

	defer func() { _ = store.Close() }() // all is stored, or reported as an error

	seeded, err := testcluster.Seed(ctx, store, testcluster.SeedOptions{Keys: keys, Chats: sendingChats + readingChats + 1})
	if err != nil {
		return nil, nil, err
	}

	if _, err := store.CreateLabel(ctx, seeded.Workspace, seeded.By, chat.Label{Name: benchLabel}); err != nil {
		return nil, nil, err
	}

	members := make([]chat.MemberID, joining)
	for n := range members {
		m, err := store.CreateMember(ctx, seeded.Workspace, seeded.By, chat.Member{
			Kind:         chat.KindPerson,
			Role:         chat.RoleUser,
			Name:         fmt.Sprintf("Observer %d", n),
			ConsentSMS:   chat.ConsentUnknown,
			ConsentEmail: chat.ConsentUnknown,
		})
		if err != nil {
			return nil, nil, err
		}

		members[n] = m.ID
	}

	return seeded, members, nil
}

// fillReadingChats fills the chats that are summarized.
func (h *benchEnv) fillReadingChats(ctx context.Context) error {
	words := []string{
		"Where is my order 4711? It was promised for Friday.", "The parcel came, but the blue cup in it is broken.",
		"Could you send the invoice to our new address?", "Thank you, that is all I wanted to know.",
	}

	fill := &scenario{name: "write", act: func(ctx context.Context, caller int) (string, error) {
		n := int(h.actor.turn.Add(1))
		id := h.actor.reading[n%len(h.actor.reading)]

		return "", h.actor.post(
			ctx,
			h.actor.chatPath(id, "/messages"),
			h.actor.secretOf(caller),
			"",
			map[string]string{"content": words[n%len(words)]},
		)
	}}

	_, err := repeatScenario(ctx, fill, 10, enoughTimes(readingChats*readingMessages))

	return err
}

// startBaseline starts the process of what is compared with, on a database of its own.
func (h *benchEnv) startBaseline(ctx context.Context) (string, error) {
	admin := openSQL(h.cluster.HandrailURL())
	defer func() { _ = admin.Close() }() // all is done

	if err := admin.QueryRowContext(ctx, `SHOW server_version`).Scan(&h.postgresVersion); err != nil {
		return "", err
	}

	h.postgresVersion, _, _ = strings.Cut(h.postgresVersion, " ")

	if _, err := admin.ExecContext(ctx, `CREATE DATABASE baseline`); err != nil {
		return "", fmt.Errorf("make the baseline's database: %w", err)
	}

	ports, err := freeport.Find(1)
	if err != nil {
		return "", err
	}

	addr := fmt.Sprintf("127.0.0.1:%d", ports[0])

	return "http://" + addr, h.cluster.Start(ctx, testcluster.Program{
		Name:    "baseline",
		Kind:    "baseline",
		Environ: h.cluster.Environment(),
		Args: []string{
			filepath.Join(
				h.cluster.Programs,
				"handrail-bench",
			), "baseline", "--temporal=" + h.cluster.Temporal(), "--namespace=" + namespace,
			"--database=" + h.cluster.DatabaseURL("baseline"), "--sandbox=" + h.cluster.Sandbox(), "--addr=" + addr,
			"--twilio-account=" + testcluster.SandboxAccount, "--twilio-token=" + testcluster.SandboxToken,
		},
		Ready: func(ctx context.Context) error { return testcluster.Answers(ctx, "http://"+addr+"/healthz") },
	})
}

// measureSlice does a scenario until it is enough, and ends it.
func (h *benchEnv) measureSlice(ctx context.Context, sc *scenario, callers int, until enough) (*slice, error) {
	done, err := h.runScenario(ctx, sc, callers, until)
	if err != nil {
		return nil, err
	}

	return done, h.terminateOpen(ctx, sc, done)
}

// runScenario does a scenario until it is enough, with receipts or without, as it says.
func (h *benchEnv) runScenario(ctx context.Context, sc *scenario, callers int, until enough) (*slice, error) {
	if err := h.actor.silence(ctx, sc.silent); err != nil {
		return nil, err
	}

	return repeatScenario(ctx, sc, callers, until)
}

// terminateOpen terminates what waits for receipts that never come, or it would wake up while
// something else is measured.
func (h *benchEnv) terminateOpen(ctx context.Context, sc *scenario, done *slice) error {
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
			err := h.actor.temporal.TerminateWorkflow(ctx, id, "", "it was measured")
			if _, closed := errors.AsType[*serviceerror.NotFound](err); closed {
				return nil
			}

			return err
		})
	}

	return ending.Wait()
}

func (h *benchEnv) close() error {
	if h.actor != nil {
		h.actor.temporal.Close()
	}

	var err error
	if h.meter != nil {
		err = h.meter.db.Close()
	}

	if h.cluster != nil {
		err = errors.Join(err, h.cluster.Close())
	}

	return err
}
