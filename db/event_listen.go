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
	// eventChannel is where PostgreSQL tells which workspaces have new events. Installations in other schemas of the
	// database hear it too, and look once for nothing.
	eventChannel = "handrail_events"
	// listenPing is how often a connection that hears nothing is written to, so that a broken one is found.
	listenPing = 15 * time.Second
)

// eventListeners are those of this process who want to hear of new events, on SQLite.
type eventListeners struct {
	mutex sync.Mutex
	last  int
	heard map[int]func(chat.WorkspaceID)
}

// add adds a listener, and returns what removes it.
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

func (l *eventListeners) report(numbered []chat.NumberedEvents) {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	for _, heard := range l.heard {
		for _, events := range numbered {
			heard(events.WorkspaceID)
		}
	}
}

// ListenEvents calls heard with each workspace that has got new events, soon after they have their numbers, until ctx
// ends or the connection is lost. It calls heard with "" once it listens: what came before was not heard.
//
// On PostgreSQL it hears what all processes number, by a connection of its own; on SQLite what this process numbers.
// Nothing is promised: whoever must not miss an event looks from time to time. heard must not wait.
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
	defer func() { _ = listener.Close() }() // what was heard was told

	// The driver ends a reading only by its timeout.
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

// notifyStatements tell all processes which workspaces have new events, when the transaction commits.
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
