package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// eventTokenRow is a token that opens one stream of events.
type eventTokenRow struct {
	bun.BaseModel `bun:"table:event_tokens,alias:et"`

	Hash        []byte           `bun:"hash,pk"`
	WorkspaceID chat.WorkspaceID `bun:"workspace_id"`
	KeyID       chat.KeyID       `bun:"key_id"`
	ExpiresAt   time.Time        `bun:"expires_at"`
}

// CreateEventToken stores a token that stands for a key, by the SHA-256 of its secret, and deletes the tokens of the
// workspace that have expired. Errors: api_key_not_found.
func (s *Store) CreateEventToken(ctx context.Context, token chat.EventToken, hash [32]byte, now time.Time) error {
	return s.inTx(ctx, "create a token for a stream", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewDelete().
			Model((*eventTokenRow)(nil)).
			Where("workspace_id = ?", token.WorkspaceID).
			Where("expires_at <= ?", toMicroseconds(now)).
			Exec(ctx)
		if err != nil {
			return err
		}

		row := eventTokenRow{
			Hash:        hash[:],
			WorkspaceID: token.WorkspaceID,
			KeyID:       token.KeyID,
			ExpiresAt:   toMicroseconds(token.ExpiresAt),
		}

		_, err = tx.NewInsert().Model(&row).Exec(ctx)

		return onViolation(err, referenceViolation, notFound(chat.CodeKeyNotFound, "API key"))
	})
}

// UseEventToken deletes a token, so that it counts once, and returns who its key speaks for. Errors: unauthenticated
// when the token is unknown in the workspace, used or expired, or when its key has expired or was revoked.
func (s *Store) UseEventToken(
	ctx context.Context,
	ws chat.WorkspaceID,
	hash [32]byte,
	now time.Time,
) (chat.Principal, error) {
	var key keyRow

	err := s.inTx(ctx, "use a token for a stream", func(ctx context.Context, tx bun.Tx) error {
		var token eventTokenRow

		_, err := tx.NewDelete().
			Model(&token).
			Where("workspace_id = ?", ws).
			Where("hash = ?", hash[:]).
			Where("expires_at > ?", toMicroseconds(now)).
			Returning("key_id").
			Exec(ctx)
		if err != nil {
			return unlessNone(err)
		}

		key, err = findLiveKey(ctx, tx, now, func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("k.workspace_id = ?", ws).Where("k.id = ?", token.KeyID)
		})

		return err
	})
	if err != nil {
		return chat.Principal{}, err
	}

	return key.principal(), nil
}
