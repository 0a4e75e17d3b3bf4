package chaos

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// disturbance is one kind of trouble that a run makes.
type disturbance struct {
	kind string
	// needs is what only one disturbance at a time may have, "" for nothing.
	needs string
	// once keeps it out of what is played at random: the first round plays it.
	once bool
	// long says that it lasts for much of a short run, and has to begin early.
	long bool
	// play makes the trouble and ends it again, at once if ctx ends. It reports whether the
	// trouble was really made. It is called concurrently with other kinds.
	play func(ctx context.Context, chance *rand.Rand) bool
}

// How the first round and the sends keep together.
const (
	// firstRoundWithin bounds how long the sends are held back for the first round. It is far
	// more than that needs: a kind that has not been played by then is one that cannot be.
	firstRoundWithin = 5 * time.Minute
	// reservedShare is the part of the sends that is kept for the end of the first round:
	// some kinds can only be played while something is sent.
	reservedShare = 10 // per cent
	// reservedPace is the time between two of them.
	reservedPace = time.Second
)

// scheduler decides what is played when. In a first round it plays each kind once, in a
// shuffled order; from then on it chooses at random. A kind that could not be played, because
// there was nothing to play it with, gets another turn.
type scheduler struct {
	all   []disturbance
	every time.Duration

	mu     sync.Mutex
	chance *rand.Rand
	queue  []disturbance // what the first round has still to begin
	busy   map[string]bool
	counts map[string]int
	// nextSend is when the next send may begin.
	nextSend time.Time
	// rounded is closed when the first round is over, or has been given up.
	rounded  chan struct{}
	complete func() // closes it
	playing  sync.WaitGroup
}

func newScheduler(seed uint64, every time.Duration, all []disturbance) *scheduler {
	chance := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // to be repeated, not to be secret
	queue := slices.Clone(all)
	chance.Shuffle(len(queue), func(i, j int) { queue[i], queue[j] = queue[j], queue[i] })
	slices.SortStableFunc(queue, func(a, b disturbance) int { return turnOf(a) - turnOf(b) })

	s := &scheduler{
		all:     all,
		every:   every,
		chance:  chance,
		queue:   queue,
		busy:    map[string]bool{},
		counts:  map[string]int{},
		rounded: make(chan struct{}),
	}
	s.complete = sync.OnceFunc(func() { close(s.rounded) })

	if len(all) == 0 {
		s.complete()
	}

	return s
}

// turnOf puts what is long before the rest.
func turnOf(d disturbance) int {
	if d.long {
		return 0
	}

	return 1
}

// run begins a disturbance every so often, until ctx ends and all that it began are over.
func (s *scheduler) run(ctx context.Context) {
	defer s.playing.Wait()

	if len(s.all) == 0 {
		return
	}

	timer := time.AfterFunc(firstRoundWithin, s.complete)
	defer timer.Stop()

	ticker := time.NewTicker(s.every)
	defer ticker.Stop()

	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.begin(ctx)
		}
	}
}

// begin begins the next disturbance, unless nothing can be played now.
func (s *scheduler) begin(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()

	next, first, ok := s.next()
	if !ok {
		return
	}

	chance := rand.New(rand.NewPCG(s.chance.Uint64(), 0)) //nolint:gosec // as above

	if next.needs != "" {
		s.busy[next.needs] = true
	}

	s.playing.Go(func() { s.finish(next, first, next.play(ctx, chance)) })
}

// next chooses what is played next, and reports whether it is of the first round.
func (s *scheduler) next() (d disturbance, first, ok bool) {
	free := func(d disturbance) bool { return d.needs == "" || !s.busy[d.needs] }

	if i := slices.IndexFunc(s.queue, free); i >= 0 {
		d = s.queue[i]
		s.queue = slices.Delete(s.queue, i, i+1)

		return d, true, true
	}

	open := slices.DeleteFunc(slices.Clone(s.all), func(d disturbance) bool { return d.once || !free(d) })
	if len(open) == 0 {
		return disturbance{}, false, false
	}

	return oneOf(s.chance, open), false, true
}

// finish notes the end of a disturbance.
func (s *scheduler) finish(d disturbance, first, played bool) {
	s.mu.Lock()
	defer s.mu.Unlock()

	if d.needs != "" {
		s.busy[d.needs] = false
	}

	switch {
	case played:
		s.counts[d.kind]++
	case first:
		s.queue = append(s.queue, d)
	}

	if len(s.counts) == len(s.all) {
		s.complete()
	}
}

// admit waits until the n'th of so many sends may begin. While the first round lasts, the sends
// are spread over it, so that every kind is played while there is something to be sent.
func (s *scheduler) admit(ctx context.Context, n, sends int) {
	pace := s.every * time.Duration(len(s.all)) / time.Duration(sends)
	if n*100 >= sends*(100-reservedShare) {
		pace = max(pace, reservedPace)
	}

	s.mu.Lock()
	due := time.Now()

	if due.Before(s.nextSend) {
		due = s.nextSend
	}

	s.nextSend = due.Add(pace)
	s.mu.Unlock()

	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()

	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-s.rounded:
	}
}

// awaitRound waits until every kind has been played, or cannot be.
func (s *scheduler) awaitRound(ctx context.Context, within time.Duration) {
	timer := time.NewTimer(within)
	defer timer.Stop()

	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-s.rounded:
	}
}

// played returns how often each kind was played, with 0 for those that never were.
func (s *scheduler) played() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()

	counts := make(map[string]int, len(s.all))
	for _, d := range s.all {
		counts[d.kind] = s.counts[d.kind]
	}

	return counts
}

// waitFor waits for a time, and reports false if ctx ended before.
func waitFor(ctx context.Context, long time.Duration) bool {
	timer := time.NewTimer(long)
	defer timer.Stop()

	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// pickBetween is a time from least up to most.
func pickBetween(chance *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(chance.Int64N(int64(most-least)))
}

// oneOf chooses one of several.
func oneOf[T any](chance *rand.Rand, all []T) T { return all[chance.IntN(len(all))] }
