package chaos

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

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
	// Every is how often a disturbance begins; 0 is never.
	Every time.Duration
	// Kinds are the kinds of disturbances and faults that are played.
	Kinds Selection
	// Settle bounds the wait for what is still open after the last answer.
	Settle time.Duration
	// Seed decides what is played, and when. What the providers do with it, and how the
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
	seeded    *testcluster.Seeded
	providers *providers
	callers   *callers
	temporal  client.Client
	scheduler *scheduler
	ledger    *ledger
	// receiver is told of events after toldAfter, by webhooks.
	receiver  *receiver
	endpoint  int64
	toldAfter int64
	report    Report
	// keys are the encryption keys, the newest first. Only rotateKeys changes them.
	keys []string

	mu sync.Mutex
	// refusals are the times in which a customer wanted no messages, ended the workflows that
	// were ended in Temporal.
	refusals []refusal
	ended    map[string]bool
}

// Run makes one trial and returns what it has found. It says on out what happens. The
// error reports that the trial could not be made; what Handrail did wrong is in the report.
func Run(ctx context.Context, o Options, out io.Writer) (*Report, error) {
	folder, err := testcluster.MakeFolder(o.Dir, "chaos")
	if err != nil {
		return nil, err
	}

	r := &run{
		Options:  o,
		progress: command.NewProgress(out),
		keys:     []string{newKey(1)},
		ended:    map[string]bool{},
		report: Report{
			Seed:          o.Seed,
			Sends:         o.Sends,
			Callers:       o.Callers,
			FaultsPercent: o.Faults,
			Every:         o.Every.Seconds(),
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

func (r *run) trial(ctx context.Context, folder string) error {
	if err := r.start(ctx, folder); err != nil {
		return err
	}

	answers, err := r.send(ctx)
	if err != nil {
		return err
	}

	r.ledger = openLedger(r.cluster.HandrailURL())
	if err := r.settle(ctx, answers); err != nil {
		return err
	}

	return r.compare(ctx, answers)
}

// start starts an installation with a workspace to send in.
func (r *run) start(ctx context.Context, folder string) error {
	r.progress.Printf("starting PostgreSQL, Temporal, the sandbox, two APIs and two workers in %s", folder)

	told, err := r.prepareReceiver()
	if err != nil {
		return err
	}

	if r.cluster, err = testcluster.New(ctx, testcluster.Options{
		Folder:   folder,
		Programs: r.Programs,
		APIs:     2,
		Workers:  2,
		Environ:  slices.Concat(shortWaits(), told, []string{keysVariable(r.keys)}),
		Proxied:  true,
		Standby:  r.Every > 0 && r.Kinds.has(kindFailover),
	}); err != nil {
		return err
	}

	if err := r.cluster.StartParts(ctx); err != nil {
		return err
	}

	if r.seeded, err = r.seed(ctx); err != nil {
		return err
	}

	if err := r.cluster.StartHandrail(ctx); err != nil {
		return err
	}

	if r.temporal, err = dialTemporal(r.cluster.Temporal()); err != nil {
		return err
	}

	r.providers = newProviders(r.cluster.Sandbox(), r.Faults, r.Kinds)

	return r.openWebhook(ctx)
}

// shortWaits let what is not known settle within a run; the providers' time limits are those
// of production.
func shortWaits() []string {
	return []string{
		"HANDRAIL_WAIT=5s",
		"HANDRAIL_SETTLE=5s",
		"HANDRAIL_RECEIPT_SMS=30s",
		"HANDRAIL_RECEIPT_EMAIL=30s",
		"HANDRAIL_STALE_AFTER=20s",
		"HANDRAIL_CLOCK_SKEW=3s",
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

// send makes all sends while providers misbehave and the run makes trouble.
func (r *run) send(ctx context.Context) ([]answer, error) {
	if err := r.providers.ensureFaults(ctx); err != nil {
		return nil, err
	}

	r.progress.Printf(
		"sending %d messages by %d callers; %g per cent faults, a disturbance every %s",
		r.Sends,
		r.Callers,
		r.Faults,
		r.Every,
	)

	began := time.Now()
	texts := chooseTexts(r.Seed, r.Sends, len(r.seeded.Chats), r.Kinds.has(kindEqualText))
	r.report.EqualTexts = countEqual(texts)
	r.callers = newCallers(r.cluster.APIs(), r.seeded, texts)

	var disturbances []disturbance
	if r.Every > 0 {
		disturbances = r.disturbances()
	}

	r.scheduler = newScheduler(r.Seed, r.Every, disturbances)
	r.callers.admit = r.scheduler.admit

	disturbing, stop := context.WithCancel(ctx)
	defer stop()

	var playing sync.WaitGroup

	playing.Go(func() { r.scheduler.run(disturbing) })
	playing.Go(func() { r.watch(disturbing) })

	answers := r.callers.send(ctx)
	r.scheduler.awaitRound(ctx, lastOfRound)
	stop()
	playing.Wait()

	r.report.Sending = time.Since(began).Seconds()

	return answers, ctx.Err()
}

// How often something is looked at, set again, or reported.
const (
	misbehaveEvery = time.Second
	reportEvery    = 10 * time.Second
	settleLook     = 2 * time.Second
	// lastOfRound bounds the wait, after the last answer, for what has been begun.
	lastOfRound = 90 * time.Second
)

// watch sets the faults again that a killed sandbox has forgotten, and reports how the run
// stands.
func (r *run) watch(ctx context.Context) {
	faults := time.NewTicker(misbehaveEvery)
	defer faults.Stop()

	reporting := time.NewTicker(reportEvery)
	defer reporting.Stop()

	for {
		select {
		case <-ctx.Done():
			return

		case <-faults.C:
			_ = r.providers.ensureFaults(ctx) // it may be away

		case <-reporting.C:
			r.progress.Printf(
				"%d of %d answered; played: %s",
				r.callers.answered.Load(),
				r.Sends,
				formatCounts(r.scheduler.played()),
			)
		}
	}
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

	return countOpen(answers, rows, r.ended), nil
}

func (r *run) compare(ctx context.Context, answers []answer) error {
	rows, err := r.ledger.rowsWithAttempts(ctx)
	if err != nil {
		return err
	}

	// What is not stored is judged by how its action stands now, all of it.
	for range answers[:len(answers)/askAtOnce+1] {
		r.callers.askForMissing(ctx, answers, markersOf(rows))
	}

	copies, err := r.providers.arrived(ctx)
	if err != nil {
		return err
	}

	if err := r.providers.ensureFaults(ctx); err != nil {
		return err
	}

	r.report.Outcome = compareSends(gatherEvidence(&records{
		answers:   answers,
		rows:      rows,
		copies:    copies,
		workspace: r.seeded.Workspace,
		chats:     len(r.seeded.Chats),
		refusals:  r.refusals,
		ended:     r.ended,
	}))

	if r.report.EventLog, err = r.ledger.eventLog(ctx); err != nil {
		return err
	}

	if r.report.Webhooks, err = r.awaitWebhooks(ctx); err != nil {
		return err
	}

	for _, a := range answers {
		r.report.Tries += a.tries
	}

	r.report.Struck = r.providers.struck()
	r.report.Played = r.scheduler.played()
	r.report.NotPlayed = r.notPlayed()

	r.report.EndedByThemselves = make(map[string]int)
	for _, p := range r.cluster.Running() {
		if _, ended := p.Counts(); ended > 0 {
			r.report.EndedByThemselves[p.Name] = ended
		}
	}

	return nil
}

// notPlayed returns the kinds that were to be played and were not.
func (r *run) notPlayed() []string {
	var missing []string

	for kind, count := range r.report.Played {
		if count == 0 {
			missing = append(missing, kind)
		}
	}

	for _, f := range r.providers.faults {
		if r.report.Struck[f.Fault] == 0 {
			missing = append(missing, f.Fault)
		}
	}

	for _, f := range r.receiver.faults {
		if r.report.Webhooks.Failed[f.kind] == 0 {
			missing = append(missing, f.kind)
		}
	}

	if r.Kinds.has(kindEqualText) && r.report.EqualTexts == 0 {
		missing = append(missing, kindEqualText)
	}

	slices.Sort(missing)

	return missing
}

func (r *run) close() error {
	var all []error
	if r.ledger != nil {
		all = append(all, r.ledger.close())
	}

	if r.receiver != nil {
		all = append(all, r.receiver.close())
	}

	if r.temporal != nil {
		r.temporal.Close()
	}

	if r.cluster != nil {
		all = append(all, r.cluster.Close())
	}

	return errors.Join(all...)
}
