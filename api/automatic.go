package api

import (
	"context"
	"sync"
	"time"

	"handrail/chat"
)

const (
	// automaticKnown is how long it is remembered whether a workspace has its chats
	// summarized by themselves: another API process may have changed it since.
	automaticKnown = 10 * time.Second
	// automaticKept is how many workspaces are remembered.
	automaticKept = 10_000
)

// automatic remembers which workspaces have their chats summarized by themselves, so that
// a message costs no query.
type automatic struct {
	mutex sync.Mutex
	known map[chat.WorkspaceID]automaticEntry
}

type automaticEntry struct {
	on    bool
	until time.Time
}

func (a *automatic) recall(ws chat.WorkspaceID, now time.Time) (on, known bool) {
	a.mutex.Lock()
	defer a.mutex.Unlock()

	entry, ok := a.known[ws]

	return entry.on, ok && now.Before(entry.until)
}

func (a *automatic) remember(ws chat.WorkspaceID, on bool, now time.Time) {
	a.mutex.Lock()
	defer a.mutex.Unlock()

	if a.known == nil || len(a.known) >= automaticKept {
		a.known = map[chat.WorkspaceID]automaticEntry{}
	}

	a.known[ws] = automaticEntry{on, now.Add(automaticKnown)}
}

func (a *automatic) forget(ws chat.WorkspaceID) {
	a.mutex.Lock()
	defer a.mutex.Unlock()

	delete(a.known, ws)
}

// chatChanged tells the workflow that summarizes a chat by itself of a message, if the
// workspace wants that, beside the request. What is lost is found by the workers' sweep.
func (s *service) chatChanged(ws chat.WorkspaceID, id chat.ChatID) {
	if on, known := s.automatic.recall(ws, time.Now()); known && !on {
		return
	}

	s.notifier.queue(notification{about: "the automatic summary of a chat", tell: func(ctx context.Context) error {
		on, known := s.automatic.recall(ws, time.Now())
		if !known {
			settings, err := s.store.SummarySettings(ctx, ws)
			if err != nil {
				return err
			}

			on = settings.Automatic()
			s.automatic.remember(ws, on, time.Now())
		}

		if !on {
			return nil
		}

		return s.engine.ChatChanged(ctx, ws, id)
	}})
}
