package db

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// requestKeyRow is the first request with an Idempotency-Key. Actions are not among them.
type requestKeyRow struct {
	bun.BaseModel `bun:"table:request_keys,alias:k"`

	ID          chat.ActionID    `bun:"id,pk"`
	WorkspaceID chat.WorkspaceID `bun:"workspace_id,pk"`
	State       chat.KeyState    `bun:"state"`
	Holder      string           `bun:"holder"`
	RequestID   string           `bun:"request_id"`
	Repeatable  bool             `bun:"repeatable"`
	Fingerprint chat.Fingerprint `bun:"fingerprint"`
	LeaseUntil  time.Time        `bun:"lease_until"`
	Status      int              `bun:"status"`
	Location    string           `bun:"location"`
	Answer      json.RawMessage  `bun:"answer,nullzero"`
	CreatedAt   time.Time        `bun:"created_at"`
}

func (r *requestKeyRow) request() chat.StoredRequest {
	return chat.StoredRequest{
		KeyedRequest: chat.KeyedRequest{
			WorkspaceID: r.WorkspaceID,
			ID:          r.ID,
			Holder:      r.Holder,
			RequestID:   r.RequestID,
			Fingerprint: r.Fingerprint,
			Repeatable:  r.Repeatable,
		},
		State:      r.State,
		LeaseUntil: r.LeaseUntil.UTC(),
		Answer: chat.RequestAnswer{
			Status:   r.Status,
			Location: r.Location,
			Body:     r.Answer,
		},
	}
}

// BeginRequest reserves a request's key. It returns nil if the request is to be carried out, and the answer of the
// first request with the key if there was one. The errors are those of [chat.StoredRequest.DecideRepeat], and
// idempotency_key_reused for the key of an action.
//
// The reservation is committed before the request is carried out. Every transaction of the request (see
// [chat.WithKeyedRequest]) marks the same row as done, and is rolled back if the key has another holder by then. So at
// most one request with the key stores anything, whenever a process crashes:
//
//   - before the first commit: the reservation expires, and the next request with the key is carried out;
//   - after it: the row is marked as done, and the next request gets the answer if it was kept. If it was not,
//     a repeatable request is carried out again, and any other gets answer_lost.
func (s *Store) BeginRequest(ctx context.Context, in chat.KeyedRequest) (*chat.RequestAnswer, error) {
	var answer *chat.RequestAnswer

	err := s.inTx(ctx, "reserve an idempotency key", func(ctx context.Context, tx bun.Tx) error {
		now := s.time()
		row := requestKeyRow{
			ID:          in.ID,
			WorkspaceID: in.WorkspaceID,
			State:       chat.KeyBegun,
			Holder:      in.Holder,
			RequestID:   in.RequestID,
			Repeatable:  in.Repeatable,
			Fingerprint: in.Fingerprint,
			LeaseUntil:  now.Add(chat.RequestLease),
			CreatedAt:   now,
		}

		result, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)

		fresh, err := hasChanged(result, err)
		if err != nil {
			return err
		}

		if fresh {
			return refuseKeyOfAction(ctx, tx, in.WorkspaceID, in.ID)
		}

		answer, err = s.decideRepeat(ctx, tx, &row, &in)

		return err
	})

	return answer, err
}

// decideRepeat returns the answer for a request whose key an earlier one has, or reserves the key for it.
func (s *Store) decideRepeat(
	ctx context.Context,
	tx bun.Tx,
	row *requestKeyRow,
	in *chat.KeyedRequest,
) (*chat.RequestAnswer, error) {
	var stored requestKeyRow

	q := s.locked(tx.NewSelect()).
		Model(&stored).
		Where("k.workspace_id = ?", in.WorkspaceID).
		Where("k.id = ?", in.ID)

	err := q.Scan(ctx)
	if noRows(err) {
		// The first one was refused just now, and has freed the key.
		return nil, chat.RequestInProgress(
			"the first request with this Idempotency-Key has just failed; send this one again",
		)
	}

	if err != nil {
		return nil, err
	}

	first := stored.request()

	takeOver, err := first.DecideRepeat(in, row.CreatedAt)
	if err != nil {
		return nil, err
	}

	if !takeOver {
		return &first.Answer, nil
	}

	_, err = tx.NewUpdate().
		Model(row).
		Column("state", "holder", "request_id", "lease_until", "created_at").
		Where("workspace_id = ?", in.WorkspaceID).
		Where("id = ?", in.ID).
		Exec(ctx)

	return nil, err
}

// refuseKeyOfAction returns idempotency_key_reused if the id, which is derived from a key, is that of an action or a
// bulk retry.
func refuseKeyOfAction(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, id chat.ActionID) error {
	for _, table := range []string{"actions", "bulk_retries"} {
		used, err := tx.NewSelect().
			TableExpr("? AS t", bun.Ident(table)).
			Where("t.workspace_id = ?", ws).
			Where("t.id = ?", id).
			Exists(ctx)
		if err != nil {
			return err
		}

		if used {
			return chat.KeyUsedElsewhere()
		}
	}

	return nil
}

// markRequest marks the request of the context, if there is one, as done: its transaction stores something. It returns
// request_in_progress if another request holds the key by now.
func (s *Store) markRequest(ctx context.Context, tx bun.Tx) error {
	r := chat.KeyedRequestFrom(ctx)
	if r == nil {
		return nil
	}

	result, err := tx.NewUpdate().
		Model((*requestKeyRow)(nil)).
		Set("state = ?", chat.KeyDone).
		Where("workspace_id = ?", r.WorkspaceID).
		Where("id = ?", r.ID).
		Where("holder = ?", r.Holder).
		Exec(ctx)

	held, err := hasChanged(result, err)
	if err != nil || held {
		return err
	}

	return chat.RequestInProgress("another request with this Idempotency-Key has taken the place of this one")
}

// KeepAnswer stores the answer of a request, for requests that repeat it. Idempotent.
func (s *Store) KeepAnswer(ctx context.Context, in chat.KeyedRequest, answer chat.RequestAnswer) error {
	return s.inTx(ctx, "keep the answer to a request", func(ctx context.Context, tx bun.Tx) error {
		row := requestKeyRow{
			State:    chat.KeyAnswered,
			Status:   answer.Status,
			Location: answer.Location,
			Answer:   answer.Body,
		}

		_, err := tx.NewUpdate().
			Model(&row).
			Column("state", "status", "location", "answer").
			Where("workspace_id = ?", in.WorkspaceID).
			Where("id = ?", in.ID).
			Where("holder = ?", in.Holder).
			Exec(ctx)

		return err
	})
}

// FreeRequest frees the key of a request that was not carried out. A request that has stored something keeps its key,
// unless evenIfDone is set. Idempotent.
func (s *Store) FreeRequest(ctx context.Context, in chat.KeyedRequest, evenIfDone bool) error {
	return s.inTx(ctx, "free an idempotency key", func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewDelete().
			Model((*requestKeyRow)(nil)).
			Where("workspace_id = ?", in.WorkspaceID).
			Where("id = ?", in.ID).
			Where("holder = ?", in.Holder)

		if !evenIfDone {
			q.Where("state = ?", chat.KeyBegun)
		}

		_, err := q.Exec(ctx)

		return err
	})
}

// HasRequest reports whether there is a request, other than an action, with the key that the id is derived from.
func (s *Store) HasRequest(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (bool, error) {
	found, err := s.db.NewSelect().
		Model((*requestKeyRow)(nil)).
		Where("k.workspace_id = ?", ws).
		Where("k.id = ?", id).
		Exists(ctx)

	return found, wrapErr("look for an idempotency key", err)
}

// ForgetRequests deletes at most limit keys of requests that were made before a time, in all workspaces, and returns
// how many it has deleted. These keys can then be used again. Idempotent.
func (s *Store) ForgetRequests(ctx context.Context, before time.Time, limit int) (int, error) {
	var count int64

	err := s.inTx(ctx, "forget old idempotency keys", func(ctx context.Context, tx bun.Tx) error {
		old := tx.NewSelect().
			Model((*requestKeyRow)(nil)).
			Column("workspace_id", "id").
			Where("k.created_at < ?", toMicroseconds(before)).
			OrderExpr("k.created_at").
			Limit(int64(limit))

		result, err := tx.NewDelete().
			Model((*requestKeyRow)(nil)).
			Where("(workspace_id, id) IN (?)", old).
			Exec(ctx)
		if err != nil {
			return err
		}

		count, err = result.RowsAffected()

		return err
	})

	return int(count), err
}
