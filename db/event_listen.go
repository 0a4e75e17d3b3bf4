package db

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"

	"handrail/chat"
)

const (
	// eventChannel is the channel of PostgreSQL on which workspaces with new events are announced. Installations in
	// other schemas of the database hear it too, and then query once in vain.
	eventChannel = "handrail_events"
	// listenPing is how often a connection that hears nothing is written to, so that a broken one is found.
	listenPing = 15 * time.Second
)

// eventListeners are the functions of this process that are called with the workspaces that have new events. They are
// used on SQLite, where there is no other process to hear of.
type eventListeners struct {
	mutex sync.Mutex
	last  int
	heard map[int]func(chat.WorkspaceID)
}

// add adds a listener, and returns the function that removes it.
func (l *eventListeners) add(heard func(chat.WorkspaceID)) func() {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	if l.heard == nil {
		l.heard = map[int]func(chat.WorkspaceID){}
	}

	l.last++
	number := l.last
	l.heard[number] = heard

	return func() {
		l.mutex.Lock()
		defer l.mutex.Unlock()

		delete(l.heard, number)
	}
}

// report calls all listeners. They must not wait, because they are called under the lock.
func (l *eventListeners) report(numbered []chat.NumberedEvents) {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	for _, heard := range l.heard {
		for _, events := range numbered {
			heard(events.WorkspaceID)
		}
	}
}

// ListenEvents calls heard with each workspace that has got new events, soon after they have their numbers. It returns
// the error of ctx when that ends, and another one when the connection is lost. As soon as it listens, it calls heard
// with "", since it has not heard of what came before.
//
// On PostgreSQL it hears of what all processes number, through a connection of its own; on SQLite, of what this process
// numbers. A call may be lost: a reader that must not miss an event also queries from time to time. heard must not
// wait.
func (s *Store) ListenEvents(ctx context.Context, heard func(chat.WorkspaceID)) error {
	if s.postgres() {
		return wrapErr("listen for events", listenPostgres(ctx, s.db, heard))
	}

	defer s.listeners.add(heard)()

	heard("")
	<-ctx.Done()

	return ctx.Err()
}

func listenPostgres(ctx context.Context, db *bun.DB, heard func(chat.WorkspaceID)) error {
	listener := pgdriver.NewListener(db)
	defer func() { _ = listener.Close() }() // what was heard was passed on, whatever Close says

	// The driver does not end a read when ctx ends, only after its timeout.
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()

	if err := listener.Listen(ctx, eventChannel); err != nil {
		return err
	}

	heard("")

	for {
		_, payload, err := listener.ReceiveTimeout(ctx, listenPing)

		switch timeout, isNetwork := errors.AsType[net.Error](err); {
		case ctx.Err() != nil:
			return ctx.Err()

		case err == nil:
			heard(chat.WorkspaceID(payload))

		case isNetwork && timeout.Timeout():
			if err := listener.Listen(ctx, eventChannel); err != nil {
				return err
			}

		default:
			return err
		}
	}
}

// notifyStatements returns the statements that announce the workspaces with new events to all processes, when the
// transaction commits.
func (s *Store) notifyStatements(tx bun.Tx, numbered []chat.NumberedEvents) []bun.Query {
	if !s.postgres() {
		return nil
	}

	statements := make([]bun.Query, 0, len(numbered))
	for _, events := range numbered {
		statements = append(
			statements,
			tx.NewRaw("NOTIFY ?, ?", bun.Ident(eventChannel), string(events.WorkspaceID)),
		)
	}

	return statements
}
