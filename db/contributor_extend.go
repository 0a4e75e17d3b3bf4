package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// ExtendRequest moves the deadline of an open request: contributor_request_not_found; already_decided when it is over;
// invalid_request for a deadline that it cannot have.
//
// Idempotent: a request that has the deadline stays as it is.
func (s *Store) ExtendRequest(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	in chat.ContributorExtension,
	now time.Time,
) (chat.ContributorRequest, error) {
	change := requestChange{
		what:      "extend a contributor request",
		workspace: ws,
		id:        in.RequestID,
		now:       toMicroseconds(now),
	}

	return s.changeRequest(ctx, change, func(ctx context.Context, tx bun.Tx, r *chat.ContributorRequest) error {
		if r.State != chat.RequestOpen {
			if err := addAnswerers(ctx, tx, r); err != nil {
				return err
			}
		}

		before := r.Deadline

		isChanged, err := r.Extend(toMicroseconds(in.Deadline), change.now)
		if err != nil || !isChanged {
			return err
		}

		row := contributorRequestRow{Deadline: r.Deadline, UpdatedAt: change.now}

		_, err = tx.NewUpdate().Model(&row).Column("deadline", "updated_at").
			Where("workspace_id = ?", ws).Where("id = ?", in.RequestID).Exec(ctx)
		if err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "contributor_request.extended",
			object:    string(in.RequestID),
			detail: changed{
				"chat_id":  r.ChatID,
				"deadline": r.Deadline,
				"before":   before,
			}.withReason(in.Reason),
		})
	})
}
