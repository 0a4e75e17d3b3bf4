package db

import "github.com/uptrace/bun"

// Bun is the pool, for tests that look behind the methods.
func (s *Store) Bun() *bun.DB { return s.db }

// Engine is postgres or sqlite.
func (s *Store) Engine() string { return s.engine }

// Watched is the store with a hook on its queries.
func (s *Store) Watched(hook bun.QueryHook) *Store {
	watched := *s
	watched.db = s.db.WithQueryHook(hook)
	return &watched
}
