package pgproxy

import (
	"context"
	"regexp"
	"slices"
)

// Side is the side of the server on which a connection is cut.
type Side string

// The sides.
const (
	// BeforeServer cuts before the statement reaches the server, which does not carry it out.
	BeforeServer Side = "before"
	// AfterServer cuts when the server has carried the statement out, before its answer reaches
	// the client.
	AfterServer Side = "after"
)

// Trap is a statement at which one connection is to be cut.
type Trap struct {
	// Statement matches the text of the statement.
	Statement *regexp.Regexp
	// Within, if it is given, matches an earlier statement of the same transaction.
	Within *regexp.Regexp
	Side   Side
}

// armedTrap is a trap that waits for its statement.
type armedTrap struct {
	Trap
	sprung chan struct{}
}

func (t *armedTrap) catches(in *transaction, statement string) bool {
	return t.Statement.MatchString(statement) &&
		(t.Within == nil || slices.ContainsFunc(in.statements, t.Within.MatchString))
}

// Cut waits for the statement of the trap and cuts its connection. It returns the context's
// error if no such statement came in time; then the trap is taken away.
func (p *Proxy) Cut(ctx context.Context, t Trap) error {
	armed := &armedTrap{Trap: t, sprung: make(chan struct{})}

	p.mu.Lock()
	p.traps = append(p.traps, armed)
	p.mu.Unlock()

	select {
	case <-armed.sprung:
		return nil

	case <-ctx.Done():
	}

	p.mu.Lock()
	p.traps = slices.DeleteFunc(p.traps, func(other *armedTrap) bool { return other == armed })
	p.mu.Unlock()

	return ctx.Err()
}

// Armed returns how many traps wait for their statements.
func (p *Proxy) Armed() int {
	p.mu.Lock()
	defer p.mu.Unlock()

	return len(p.traps)
}
