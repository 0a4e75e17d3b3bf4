package sandbox

import (
	"context"
	"time"
)

// stage is one step of what becomes of an accepted message.
type stage struct {
	after time.Duration
	// reach makes it so; false ends the journey, as the message has been forgotten.
	reach func() bool
	// tell tells the service, once.
	tell func(ctx context.Context)
}

// travel goes through the stages and tells of them as the faults allow.
func (s *Sandbox) travel(ctx context.Context, stages []stage, faults aftermath) {
	for i, next := range stages {
		if !pauseFor(ctx, next.after) || !next.reach() {
			return
		}

		if withheld := faults.disorder && i < len(stages)-1; !withheld {
			s.tell(ctx, next, faults)
		}
	}

	if faults.disorder && len(stages) > 0 {
		for _, earlier := range stages[:len(stages)-1] {
			s.tell(ctx, earlier, faults)
		}
	}
}

func (s *Sandbox) tell(ctx context.Context, reached stage, faults aftermath) {
	times := 1
	if faults.twice {
		times = 2
	}

	telling := func(ctx context.Context) {
		for range times {
			reached.tell(ctx)
		}
	}

	switch {
	case faults.never:
	case faults.delay > 0:
		s.background.run(func(ctx context.Context) {
			if pauseFor(ctx, faults.delay) {
				telling(ctx)
			}
		})

	default:
		telling(ctx)
	}
}

// depart begins the journey of what has been accepted: its first stage at once, before
// the answer, if the faults say so. What it returns is to be called after the answer.
func (s *Sandbox) depart(stages []stage, faults aftermath) (goOn func()) {
	if faults.early && len(stages) > 0 && stages[0].reach() {
		s.tell(s.background.ctx, stages[0], faults)
		stages = stages[1:]
	}

	return func() {
		s.background.run(func(ctx context.Context) { s.travel(ctx, stages, faults) })
	}
}

// resume lets everything go on that had not come to its end when the file was left.
func (s *Sandbox) resume() {
	v := s.arrived.look()
	for _, k := range v.messages {
		if m := k.now(); !m.ended() || m.Contradicted && m.Status == "undelivered" {
			s.depart(s.messageStages(m), resumeAftermath(m.Faults))()
		}
	}

	for _, k := range v.mails {
		if m := k.now(); m.Status() == "processed" {
			s.depart(s.mailStages(m), resumeAftermath(m.Faults))()
		}
	}
}
