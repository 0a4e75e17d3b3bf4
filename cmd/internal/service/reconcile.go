package service

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/db"
	"handrail/metrics"
)

// Reconcile asks the providers, without Temporal, about deliveries that may have been sent,
// and records what they show. It counts those that were found, and
// those whose provider could not be asked.
func Reconcile(
	ctx context.Context,
	c *config.Config,
	store *db.Store,
	deliveries []chat.StaleDelivery,
	logger *slog.Logger,
) (found, failed int, err error) {
	s := &Service{
		Store:   store,
		config:  c,
		logger:  logger,
		monitor: &monitor{meter: metrics.NewMeter(prometheus.NewRegistry(), false)}, // nobody reads what it counts
	}

	acts, err := s.activities()
	if err != nil {
		return 0, 0, err
	}

	for _, d := range deliveries {
		snapshot, err := acts.QueryProvider(
			ctx,
			chat.DeliveryStep{WorkspaceID: d.WorkspaceID, DeliveryID: d.DeliveryID},
		)
		switch {
		case ctx.Err() != nil:
			return found, failed, ctx.Err()
		case err != nil:
			failed++

			logger.WarnContext(ctx, "a provider could not be asked", "delivery_id", d.DeliveryID, "error", err)
		case snapshot.Submission == chat.SubmissionAccepted:
			found++
		}
	}

	return found, failed, nil
}
