// Package uuidv7 makes the ids of messages, deliveries, actions and summaries: UUIDs that rise with
// the time they are made at (RFC 9562 5.7). It stands beside chat, which owns the types of these
// ids, because chat imports the standard library only.
package uuidv7

import "github.com/google/uuid"

// New returns a new UUIDv7 in lower-case canonical form. It panics only if the system has no
// randomness left.
func New[ID ~string]() ID { return ID(uuid.Must(uuid.NewV7()).String()) }
