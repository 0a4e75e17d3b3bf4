package db

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
	"handrail/uuidv7"
)

// maxOrphans is how many messages are taken when their sender is entered: the newest, and before
// them all that say STOP or START. The others stay in the list, and can be replayed.
const maxOrphans = 1000

// waitingRow is an address that a message waits for.
type waitingRow struct {
	bun.BaseModel `bun:"table:inbound_waiting,alias:iw"`

	InboundID chat.InboundID `bun:"inbound_id,pk"`
	Address   string         `bun:"address,pk"`
}

// storePost keeps the post as it came, and returns false when it was kept before.
func storePost(ctx context.Context, tx bun.Tx, post *inboundPost, arrivals []*arrival) (bool, error) {
	event := providerEventRow{
		Key:               post.Key,
		Provider:          post.Provider,
		ProviderMessageID: post.ProviderMessageID,
		Type:              eventInbound,
		Raw:               post.Raw,
		ReceivedAt:        post.receivedAt,
	}
	if len(event.Raw) == 0 {
		event.Raw = []byte("{}")
	}

	if len(arrivals) > 0 {
		event.WorkspaceID = arrivals[0].workspace
		event.Applied = true
	}

	return insertEvent(ctx, tx, &event)
}

// insertEvent stores an event, and returns false when one with its key was stored before.
func insertEvent(ctx context.Context, tx bun.Tx, event *providerEventRow) (bool, error) {
	return hasChanged(newEventInsert(tx, event).Exec(ctx))
}

// newEventInsert is the statement that stores an event, unless one with its key was stored before.
func newEventInsert(tx bun.Tx, event *providerEventRow) *bun.InsertQuery {
	return tx.NewInsert().Model(event).On("CONFLICT (event_key) DO NOTHING").Returning("NULL")
}

// eventInbound is the type of the event that keeps what came in, as it came; eventRefused of one
// that could not be read.
const (
	eventInbound = "inbound"
	eventRefused = "inbound_refused"
)

// keepOrphan keeps a post that is for no sender of ours, and the addresses that it waits for.
func keepOrphan(ctx context.Context, tx bun.Tx, post *inboundPost) error {
	row := newInboundRow(uuidv7.New[chat.InboundID](), post, post.receivedAt)
	row.Status = chat.InboundOrphaned

	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return err
	}

	return keepWaiting(ctx, tx, row.ID, waitsFor(post))
}

func keepWaiting(ctx context.Context, tx bun.Tx, id chat.InboundID, addresses []string) error {
	rows := make([]waitingRow, len(addresses))
	for i := range addresses {
		rows[i] = waitingRow{InboundID: id, Address: addresses[i]}
	}

	if len(rows) == 0 {
		return nil
	}

	_, err := tx.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Exec(ctx)

	return err
}

// waitsFor are the addresses of which one must be entered for the post to be taken.
func waitsFor(post *inboundPost) []string {
	var all []string
	if post.ServiceSID != "" {
		all = append(all, chat.FoldAddress(post.ServiceSID))
	}

	for _, to := range append(slices.Clone(post.Delivered), post.To...) {
		all = append(all, inboxForms(to)...)
	}

	slices.Sort(all)

	return slices.DeleteFunc(slices.Compact(all), func(address string) bool { return strings.TrimSpace(address) == "" })
}

// findOrphan finds the row under which a post waits that came before; "" when it does not wait.
func (s *Store) findOrphan(ctx context.Context, tx bun.Tx, key string) (chat.InboundID, error) {
	var row inboundRow

	err := s.locked(tx.NewSelect().Model(&row)).Column("id").
		Where("i.event_key = ?", key).
		Where("i.recipient = ''").
		Scan(ctx)

	return row.ID, unlessNone(err)
}

// takeOrphans takes what came in for a number, messaging service or inbox before it was entered, in
// the transaction that enters it: a send right after it must find every STOP.
func (s *Store) takeOrphans(ctx context.Context, tx bun.Tx, address string, now time.Time) error {
	address = chat.FoldAddress(address)

	var rows []inboundRow

	err := s.locked(tx.NewSelect().Model(&rows)).
		Where("i.id IN (SELECT iw.inbound_id FROM inbound_waiting AS iw WHERE iw.address = ?)", address).
		OrderExpr("CASE WHEN i.keyword IN ('stop', 'start') THEN 0 ELSE 1 END, i.received_at DESC, i.id DESC").
		Limit(maxOrphans).
		Scan(ctx)
	if err != nil || len(rows) == 0 {
		return err
	}

	slices.SortFunc(rows, func(a, b inboundRow) int {
		if order := a.ReceivedAt.Compare(b.ReceivedAt); order != 0 {
			return order
		}

		return strings.Compare(string(a.ID), string(b.ID))
	})

	ids := make([]chat.InboundID, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID

		if _, err := s.takeOrphan(ctx, tx, &rows[i], now); err != nil {
			return err
		}
	}

	_, err = tx.NewDelete().Model((*waitingRow)(nil)).
		Where("iw.address = ?", address).
		Where("iw.inbound_id IN ?", bun.Tuple(ids)).
		Exec(ctx)

	return err
}

// takeOrphan takes a message that waits, which is held, for the senders that are known by now. An
// SMS is for one: a number and the messaging service that it is in the pool of have one message.
func (s *Store) takeOrphan(ctx context.Context, tx bun.Tx, row *inboundRow, now time.Time) (chat.Arrival, error) {
	if row.Recipient != "" && row.Channel.Spec().Sender == chat.SenderPhone {
		return chat.Arrival{}, nil
	}

	post, err := readPost(ctx, tx, row)
	if err != nil || post == nil {
		return chat.Arrival{}, err
	}

	arrivals, err := s.findRecipients(ctx, tx, post, now)
	if err != nil || len(arrivals) == 0 {
		return chat.Arrival{}, err
	}

	_, err = tx.NewUpdate().Model((*providerEventRow)(nil)).
		Set("workspace_id = ?", arrivals[0].workspace).
		Set("applied = TRUE").
		Where("event_key = ?", row.EventKey).
		Where("NOT applied").
		Exec(ctx)
	if err != nil {
		return chat.Arrival{}, err
	}

	return s.takePost(ctx, tx, post, arrivals)
}

// readPost makes the post of a row again; nil when it could never be read. What it says is in the
// message when it was taken.
func readPost(ctx context.Context, tx bun.Tx, row *inboundRow) (*inboundPost, error) {
	if row.Message == nil {
		return nil, nil
	}

	post := &inboundPost{Inbound: *row.Message, receivedAt: row.ReceivedAt.UTC()}
	if row.Recipient == "" {
		post.orphan = row.ID
		return post, nil
	}

	var said messageRow

	err := tx.NewSelect().Model(&said).Column("content", "original").
		Where("m.workspace_id = ?", row.WorkspaceID).
		Where("m.id = ?", row.MessageID).
		Scan(ctx)
	post.Text = said.Content
	post.Original = said.Original

	return post, unlessNone(err)
}
