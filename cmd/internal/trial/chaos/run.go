package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"handrail/cmd/internal/command"
	"handrail/cmd/internal/trial/testcluster"
)

// Options say how a run is made.
type Options struct {
	Sends   int
	Callers int
	// Faults is the share of the providers' answers and callbacks that go wrong, in per
	// cent, split evenly over all faults.
	Faults float64
	// KillEvery is how often a process is killed; 0 is never.
	KillEvery time.Duration
	// Settle bounds the wait for what is still open after the last answer.
	Settle time.Duration
	// Seed decides who is killed, and when. What the providers do with it, and how the
	// processes are scheduled, is not repeatable.
	Seed uint64
	// Dir is where everything is kept; it is made, and stays. "" is a temporary folder,
	// which stays only when the run fails.
	Dir string
	// Programs is the folder of handrail and handrail-dev.
	Programs string
}

// run is one trial while it lasts.
type run struct {
	Options
	progress  *command.Progress
	cluster   *testcluster.Cluster
	providers *providers
	callers   *callers
	ledger    *ledger
	report    Report
}

// Run makes one trial and returns what it has found. It says on out what happens. The
// error reports that the trial could not be made; what Handrail did wrong is in the report.
func Run(ctx context.Context, o Options, out io.Writer) (*Report, error) {
	folder, err := makeFolder(o.Dir)
	if err != nil {
		return nil, err
	}

	r := &run{
		Options:  o,
		progress: command.NewProgress(out),
		report: Report{
			Seed:          o.Seed,
			Sends:         o.Sends,
			Callers:       o.Callers,
			FaultsPercent: o.Faults,
			KillEvery:     o.KillEvery.Seconds(),
		},
	}

	err = errors.Join(r.trial(ctx, folder), r.close())
	switch {
	case o.Dir == "" && (errors.Is(err, context.Canceled) || err == nil && r.report.Passed()):
		err = errors.Join(err, os.RemoveAll(folder))
	default:
		r.progress.Printf(
			"everything is kept in %s, the logs of each process in %s",
			folder,
			filepath.Join(folder, "logs"),
		)
	}

	return &r.report, err
}

func makeFolder(dir string) (string, error) {
	if dir == "" {
		folder, err := os.MkdirTemp("", "handrail-chaos.")
		if err != nil {
			return "", fmt.Errorf("make a folder: %w", err)
		}

		return folder, nil
	}

	folder, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the folder: %w", err)
	}

	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", fmt.Errorf("make the folder: %w", err)
	}

	return folder, nil
}

func (r *run) trial(ctx context.Context, folder string) error {
	r.progress.Printf("starting PostgreSQL, Temporal, the sandbox, two APIs and two workers in %s", folder)

	var err error
	if r.cluster, err = testcluster.New(ctx, testcluster.Options{
		Folder:   folder,
		Programs: r.Programs,
		APIs:     2,
		Workers:  2,
		Environ:  shortWaits(),
	}); err != nil {
		return err
	}

	if err := r.cluster.StartParts(ctx); err != nil {
		return err
	}

	seeded, err := r.seed(ctx)
	if err != nil {
		return err
	}

	if err := r.cluster.StartHandrail(ctx); err != nil {
		return err
	}

	r.providers = newProviders(r.cluster.Sandbox(), r.Faults)

	answers, err := r.send(ctx, seeded)
	if err != nil {
		return err
	}

	r.ledger = openLedger(r.cluster.HandrailURL())
	if err := r.settle(ctx, answers); err != nil {
		return err
	}

	return r.compare(ctx, answers)
}

// shortWaits let what is not known settle within a run; the providers' time limits are those
// of production.
func shortWaits() []string {
	return []string{
		"HANDRAIL_WAIT=5s",
		"HANDRAIL_SETTLE=5s",
		"HANDRAIL_RECEIPT_SMS=30s",
		"HANDRAIL_RECEIPT_EMAIL=30s",
	}
}

// sendsPerChat is how many messages a chat gets: enough that they meet at its address.
const sendsPerChat = 10

// emailEvery makes every fourth chat one by email, the others are by SMS.
const emailEvery = 4

// seed makes the workspace that everything is sent in.
func (r *run) seed(ctx context.Context) (*testcluster.Seeded, error) {
	store, err := r.cluster.Store(ctx)
	if err != nil {
		return nil, err
	}

	defer func() { _ = store.Close() }() // all is stored, or reported as an error

	return testcluster.Seed(ctx, store, testcluster.SeedOptions{
		Keys:       r.Callers,
		Chats:      max(emailEvery, r.Sends/sendsPerChat),
		EmailEvery: emailEvery,
	})
}

// send makes all sends while providers misbehave and processes are killed.
func (r *run) send(ctx context.Context, s *testcluster.Seeded) ([]answer, error) {
	if err := r.providers.ensureFaults(ctx); err != nil {
		return nil, err
	}

	r.progress.Printf(
		"sending %d messages by %d callers; %g per cent faults, a kill every %s",
		r.Sends,
		r.Callers,
		r.Faults,
		r.KillEvery,
	)

	began := time.Now()
	r.callers = newCallers(r.cluster.APIs(), s)

	disturbing, stop := context.WithCancel(ctx)
	defer stop()

	done := make(chan struct{})
	go func() {
		defer close(done)

		r.disturb(disturbing, func() string {
			return fmt.Sprintf("%d of %d answered", r.callers.answered.Load(), r.Sends)
		})
	}()

	answers := r.callers.send(ctx, r.Sends)

	stop()
	<-done

	r.report.Sending = time.Since(began).Seconds()

	return answers, ctx.Err()
}

// How often something is looked at, set again, or reported.
const (
	misbehaveEvery = time.Second
	reportEvery    = 10 * time.Second
	settleLook     = 2 * time.Second
	maxPause       = 2 * time.Second
	// spareFor is how long a process is left alone after its start: were Temporal killed
	// before it answers, nothing would be done between the kills, and nothing be shown.
	spareFor = 8 * time.Second
)

// disturb kills processes, and sets the faults again that a killed sandbox has forgotten.
func (r *run) disturb(ctx context.Context, progress func() string) {
	chance := rand.New(rand.NewPCG(r.Seed, 0)) //nolint:gosec // to be repeated, not to be secret

	faults := time.NewTicker(misbehaveEvery)
	defer faults.Stop()

	reporting := time.NewTicker(reportEvery)
	defer reporting.Stop()

	var kill <-chan time.Time

	if r.KillEvery > 0 {
		killing := time.NewTicker(r.KillEvery)
		defer killing.Stop()

		kill = killing.C
	}

	for {
		select {
		case <-ctx.Done():
			return

		case <-kill:
			r.killOne(chance)

		case <-faults.C:
			_ = r.providers.ensureFaults(ctx) // it may be away

		case <-reporting.C:
			r.progress.Printf("%s; kills: %s", progress(), formatCounts(r.kills()))
		}
	}
}

// killOne kills a process of a random kind: Handrail has two of each kind and they are
// not to be killed more often for it.
func (r *run) killOne(chance *rand.Rand) {
	kinds := []string{"postgres", "temporal", "sandbox", "api", "worker"}
	chance.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	pause := time.Duration(chance.Int64N(int64(maxPause)))

	for _, kind := range kinds {
		victims := slices.DeleteFunc(slices.Clone(r.cluster.Running()), func(p *testcluster.Process) bool {
			return p.Kind != kind
		})
		if victims[chance.IntN(len(victims))].Kill(spareFor, pause) {
			return
		}
	}
}

func (r *run) kills() map[string]int {
	counts := make(map[string]int)

	for _, p := range r.cluster.Running() {
		kills, _ := p.Counts()
		counts[p.Kind] += kills
	}

	return counts
}

// settle waits until nothing more happens by itself, as long as it may.
func (r *run) settle(ctx context.Context, answers []answer) error {
	began := time.Now()

	reporting := time.NewTicker(reportEvery)
	defer reporting.Stop()

	late := time.After(r.Settle)
	for {
		open, err := r.open(ctx, answers)
		r.report.Settling = time.Since(began).Seconds()

		if err == nil && open == 0 {
			return nil
		}

		select {
		case <-ctx.Done():
			return ctx.Err()

		case <-late: // the comparison says what has not settled
			return nil

		case <-reporting.C:
			r.progress.Printf("all requests are answered; %d sends are still open", open)

		case <-time.After(settleLook):
		}
	}
}

func (r *run) open(ctx context.Context, answers []answer) (int, error) {
	rows, err := r.ledger.rows(ctx)
	if err != nil {
		return 0, err
	}

	r.callers.askForMissing(ctx, answers, markersOf(rows))

	return countOpen(answers, rows), nil
}

func (r *run) compare(ctx context.Context, answers []answer) error {
	rows, err := r.ledger.rows(ctx)
	if err != nil {
		return err
	}

	received, err := r.providers.arrived(ctx)
	if err != nil {
		return err
	}

	if err := r.providers.ensureFaults(ctx); err != nil {
		return err
	}

	r.report.Struck = r.providers.struck()

	r.report.Outcome = compareSends(answers, rows, received)
	for _, a := range answers {
		r.report.Tries += a.tries
	}

	r.report.Kills, r.report.EndedByThemselves = r.kills(), make(map[string]int)
	for _, p := range r.cluster.Running() {
		if _, ended := p.Counts(); ended > 0 {
			r.report.EndedByThemselves[p.Name] = ended
		}
	}

	return nil
}

func (r *run) close() error {
	var all []error
	if r.ledger != nil {
		all = append(all, r.ledger.close())
	}

	if r.cluster != nil {
		all = append(all, r.cluster.Close())
	}

	return errors.Join(all...)
}
