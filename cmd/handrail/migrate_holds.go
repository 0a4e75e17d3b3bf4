package main

import (
	"fmt"

	"handrail/chat"
	"handrail/cmd/internal/service"
	"handrail/db"
)

// Run holds what the backup has as unsent, and resolves what the providers show.
func (migrateAfterRestore) Run(p *process) error {
	return p.withStore(func(s *db.Store) error {
		held, err := s.HoldUnsent(p.ctx, chat.ErrorDatabaseRestored)
		if err != nil {
			return err
		}

		if len(held) == 0 {
			fmt.Fprintln(p.out, "nothing to hold: no delivery in the backup may have been sent since")
			return nil
		}

		fmt.Fprintf(
			p.out,
			"held %d deliveries that may have been sent since the backup; asking the providers\n",
			len(held),
		)

		return p.askProviders(s, held, chat.ErrorDatabaseRestored)
	})
}

// Run holds what a standby may not know to have been sent, and resolves what the providers show.
func (migrateAfterFailover) Run(p *process) error {
	return p.withStore(func(s *db.Store) error {
		if err := p.holdAfterFailover(s); err != nil {
			return err
		}

		held, err := s.HeldDeliveries(p.ctx, chat.ErrorDatabaseFailedOver)
		if err != nil {
			return err
		}

		if len(held) == 0 {
			fmt.Fprintln(p.out, "no delivery waits for a person because of a failover")
			return nil
		}

		fmt.Fprintf(p.out, "%d deliveries may have been sent before a failover; asking the providers\n", len(held))

		return p.askProviders(s, held, chat.ErrorDatabaseFailedOver)
	})
}

// holdAfterFailover holds what may have been sent, and says what the timeline shows. Where the
// server shows none, the operator's word is enough.
func (p *process) holdAfterFailover(s *db.Store) error {
	found, err := s.HoldAfterFailover(p.ctx)
	if err != nil {
		return err
	}

	switch {
	case found.Current == "":
		held, err := s.HoldUnsent(p.ctx, chat.ErrorDatabaseFailedOver)
		if err != nil {
			return err
		}

		fmt.Fprintf(p.out, "this database shows no timeline; held %d deliveries\n", len(held))

	case found.Detected():
		fmt.Fprintf(
			p.out,
			"the timeline was %s and is %s; held %d deliveries\n",
			found.Known,
			found.Current,
			len(found.Held),
		)

	default:
		fmt.Fprintf(p.out, "timeline %s is known already; nothing new to hold\n", found.Current)
	}

	return nil
}

// askProviders asks the providers about what is held, and says what is left for a person.
func (p *process) askProviders(s *db.Store, held []chat.StaleDelivery, reason string) error {
	found, failed, err := service.Reconcile(p.ctx, p.config, s, held, p.logger)
	if err != nil {
		return err
	}

	fmt.Fprintf(
		p.out,
		"%d were found at their provider and are resolved, %d wait for a person",
		found,
		len(held)-found,
	)

	if failed > 0 {
		fmt.Fprintf(p.out, ", %d of them because the provider could not be asked", failed)
	}

	fmt.Fprintln(p.out, ": handrail deliveries list --status needs_review --error-code", reason)

	return nil
}
