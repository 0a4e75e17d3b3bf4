package chaos

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"time"

	"handrail/cmd/internal/trial/testcluster"
	"handrail/workflows"
)

// How processes are disturbed.
const (
	// maxPause is how long a process that was killed stays away at most.
	maxPause = 2 * time.Second
	// spareFor is how long a process is left alone after its start: were Temporal killed
	// before it answers, nothing would be done between the kills, and nothing be shown.
	spareFor = 8 * time.Second
	// pauseLeast and pauseMost are how long a process stands still.
	pauseLeast = 3 * time.Second
	pauseMost  = 12 * time.Second
	// pastLease is how much longer than a claim lasts a worker stands still.
	pastLease = 5 * time.Second
	// withoutKey is how long workers run without the newest key, at least.
	withoutKey = 3 * time.Second
	// readyAgain bounds the wait for an API that was restarted.
	readyAgain = 30 * time.Second
)

// processDisturbances are what happens to the processes.
func (r *run) processDisturbances() []disturbance {
	var all []disturbance

	for _, kind := range []string{"postgres", "temporal", "sandbox", "api", "worker"} {
		d := disturbance{
			kind: "kill_" + kind,
			play: func(_ context.Context, chance *mathrand.Rand) bool { return r.killOne(kind, chance) },
		}
		if kind == "postgres" {
			d.needs = needsDatabase
		}

		all = append(all, d)
	}

	return append(
		all,
		disturbance{
			kind: "pause",
			play: func(ctx context.Context, chance *mathrand.Rand) bool {
				kind := oneOf(chance, []string{"api", "worker"})
				return r.pauseOne(ctx, chance, kind, pickBetween(chance, pauseLeast, pauseMost))
			},
		},
		disturbance{
			kind: "pause_past_lease",
			once: true,
			long: true,
			play: func(ctx context.Context, chance *mathrand.Rand) bool {
				return r.pauseOne(ctx, chance, "worker", workflows.Lease+pastLease)
			},
		},
		disturbance{
			kind: "kill_receiver",
			play: func(ctx context.Context, chance *mathrand.Rand) bool {
				return r.killReceiver(ctx, pickBetween(chance, 0, maxPause))
			},
		},
		disturbance{kind: "rotate_keys", needs: "keys", play: r.rotateKeys},
	)
}

// processes returns the processes of a kind that may be disturbed, in a random order.
func (r *run) processes(kind string, chance *mathrand.Rand) []*testcluster.Process {
	if kind == "postgres" {
		return []*testcluster.Process{r.cluster.Primary()}
	}

	all := slices.DeleteFunc(r.cluster.Running(), func(p *testcluster.Process) bool { return p.Kind != kind })
	chance.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })

	return all
}

// killOne kills a process of the kind.
func (r *run) killOne(kind string, chance *mathrand.Rand) bool {
	pause := pickBetween(chance, 0, maxPause)

	return slices.ContainsFunc(
		r.processes(kind, chance),
		func(p *testcluster.Process) bool { return p.Kill(spareFor, pause) },
	)
}

// pauseOne stops a process of the kind where it is, and lets it go on after a while.
func (r *run) pauseOne(ctx context.Context, chance *mathrand.Rand, kind string, pause time.Duration) bool {
	for _, p := range r.processes(kind, chance) {
		if p.Pause(0) {
			defer p.Resume()
			return waitFor(ctx, pause)
		}
	}

	return false
}

// newKey returns an encryption key, as HANDRAIL_ENCRYPTION_KEYS takes it.
func newKey(number int) string {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails: it would rather crash

	return fmt.Sprintf("k%d:%s", number, base64.StdEncoding.EncodeToString(key[:]))
}

// keysVariable sets the encryption keys, the newest first.
func keysVariable(keys []string) string { return "HANDRAIL_ENCRYPTION_KEYS=" + strings.Join(keys, ",") }

// rotateKeys gives a new key to the APIs first, which is the wrong order: for a while, workers
// cannot read what is started. Then the workers get it too.
func (r *run) rotateKeys(ctx context.Context, chance *mathrand.Rand) bool {
	r.keys = slices.Insert(r.keys, 0, newKey(len(r.keys)+1))
	environ := keysVariable(r.keys)

	for _, p := range r.processes("api", chance) {
		p.Restart(environ)
		awaitReady(ctx, p)
	}

	played := waitFor(ctx, pickBetween(chance, withoutKey, 2*withoutKey))

	for _, p := range r.processes("worker", chance) {
		p.Restart(environ) // also at the end of a run: what is started must be read
	}

	return played
}

// awaitReady waits until a process answers, or is too slow to be waited for.
func awaitReady(ctx context.Context, p *testcluster.Process) {
	ctx, cancel := context.WithTimeout(ctx, readyAgain)
	defer cancel()

	for waitFor(ctx, 200*time.Millisecond) {
		if p.Ready(ctx) == nil {
			return
		}
	}
}
