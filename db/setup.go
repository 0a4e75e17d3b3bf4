package db

import (
	"context"
	"time"

	"handrail/chat"
)

// SenderAddresses are what an installation sends from, in every workspace.
type SenderAddresses struct {
	// Numbers are in E.164; Services are SIDs of messaging services.
	Numbers  []string
	Services []string
	Inboxes  []string
}

// SenderAddresses lists what is sent from, so that an operator can compare it with what the
// providers have. It is for the operator alone: it asks for no workspace.
func (s *Store) SenderAddresses(ctx context.Context) (SenderAddresses, error) {
	var all SenderAddresses

	for _, list := range []struct {
		query string
		into  *[]string
	}{
		{"SELECT DISTINCT number FROM phone_numbers WHERE number <> '' ORDER BY number", &all.Numbers},
		{
			"SELECT DISTINCT messaging_service_sid FROM phone_numbers WHERE messaging_service_sid <> '' " +
				"ORDER BY messaging_service_sid",
			&all.Services,
		},
		{"SELECT DISTINCT address_folded FROM inboxes ORDER BY address_folded", &all.Inboxes},
	} {
		if err := s.db.NewRaw(list.query).Scan(ctx, list.into); err != nil {
			return SenderAddresses{}, wrapErr("list the addresses that are sent from", err)
		}
	}

	return all, nil
}

// Callback is the last call of a provider of one kind.
type Callback struct {
	Provider chat.Provider `bun:"provider"`
	// Inbound is true for messages of customers, and false for what became of ours.
	Inbound bool      `bun:"inbound"`
	At      time.Time `bun:"at"`
}

// callbacksRead is how many of the newest calls are looked at, so that the look is quick.
const callbacksRead = 10_000

// LastCallbacks finds when each provider has last called, among the newest calls. It is for the
// operator alone: it asks for no workspace.
func (s *Store) LastCallbacks(ctx context.Context) ([]Callback, error) {
	var rows []Callback

	err := s.db.NewRaw(
		`SELECT provider, (type = ?0) AS inbound, MAX(received_at) AS at
			FROM (SELECT event_key, provider, type, received_at FROM provider_events
				ORDER BY id DESC LIMIT ?1) AS newest
			WHERE event_key NOT LIKE 'lookup:%' AND type NOT IN (?2, ?3, ?4)
			GROUP BY provider, (type = ?0) ORDER BY provider, inbound`,
		eventInbound, callbacksRead, chat.EventAmbiguous, chat.EventDuplicate, eventRefused,
	).Scan(ctx, &rows)

	for i := range rows {
		rows[i].At = rows[i].At.UTC()
	}

	return rows, wrapErr("find the last calls of the providers", err)
}
