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

// eventLock is the first key of the advisory lock of whoever numbers events: "even" in ASCII. The second is
// the schema.
const eventLock = 0x6576656e

// eventRow is one event. Rows are never changed.
type eventRow struct {
	bun.BaseModel `bun:"table:events,alias:ev"`

	ID           chat.EventID     `bun:"id,pk"`
	WorkspaceID  chat.WorkspaceID `bun:"workspace_id"`
	Sequence     int64            `bun:"sequence"`
	ChatID       chat.ChatID      `bun:"chat_id,nullzero"`
	ChatSequence int64            `bun:"chat_sequence,nullzero"`
	Type         chat.EventType   `bun:"type"`
	SubjectID    string           `bun:"subject_id"`
	At           time.Time        `bun:"at"`
	Data         chat.EventData   `bun:"data"`
}

func (r *eventRow) event() chat.Event {
	return chat.Event{
		ID:           r.ID,
		WorkspaceID:  r.WorkspaceID,
		Sequence:     r.Sequence,
		ChatID:       r.ChatID,
		ChatSequence: r.ChatSequence,
		Type:         r.Type,
		SubjectID:    r.SubjectID,
		At:           r.At.UTC(),
		Data:         r.Data,
	}
}

// eventChangeRow is what a trigger has noted, in the transaction that made the change.
type eventChangeRow struct {
	bun.BaseModel `bun:"table:event_changes,alias:ec"`

	ID          int64              `bun:"id,pk,autoincrement"`
	WorkspaceID chat.WorkspaceID   `bun:"workspace_id"`
	Object      chat.ChangedObject `bun:"object"`
	ChatID      chat.ChatID        `bun:"chat_id,nullzero"`
	SubjectID   string             `bun:"subject_id"`
	Was         string             `bun:"was"`
	Now         string             `bun:"now"`
	Fields      string             `bun:"fields"`
	Data        chat.EventData     `bun:"data"`
	At          time.Time          `bun:"at"`
}

func (r *eventChangeRow) change() chat.EventChange {
	change := chat.EventChange{
		WorkspaceID: r.WorkspaceID,
		Object:      r.Object,
		ChatID:      r.ChatID,
		SubjectID:   r.SubjectID,
		Was:         r.Was,
		Now:         r.Now,
		Data:        r.Data,
		At:          toMicroseconds(r.At),
	}

	if r.Fields != "" {
		change.Fields = strings.Split(r.Fields, ",")
	}

	return change
}

// eventCounterRow is the last number that was given in a chat, or in the workspace: that is the chat 0.
type eventCounterRow struct {
	bun.BaseModel `bun:"table:event_counters,alias:en"`

	WorkspaceID chat.WorkspaceID `bun:"workspace_id,pk"`
	ChatID      chat.ChatID      `bun:"chat_id,pk"`
	Last        int64            `bun:"last"`
}

// noticeChange puts an entry into [Store.Changed], unless there is one already.
func (s *Store) noticeChange() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// Changed has an entry after this store has committed something that may have made events. It has none for what other
// processes commit.
func (s *Store) Changed() <-chan struct{} { return s.changed }

// NumberEvents makes events of at most limit changes that were committed, and returns the workspaces that have new
// events. The second result reports whether there may be more to number.
//
// Numbers are given in one place at a time, and only to changes that were committed: no number is given twice, and none
// is left out. A change that is committed later gets a later number. Changes to one row wait for each other, so that
// their order is right. If the process ends in between, nothing was numbered, and the next call does it.
func (s *Store) NumberEvents(ctx context.Context, limit int) ([]chat.NumberedEvents, bool, error) {
	var pending bool

	// Mostly there is nothing to number: this query then saves a transaction.
	err := s.db.NewRaw("SELECT EXISTS (SELECT 1 FROM event_changes)").Scan(ctx, &pending)
	if err != nil || !pending {
		return nil, false, wrapErr("look for events without numbers", err)
	}

	var (
		numbered []chat.NumberedEvents
		events   []eventRow
		more     bool
	)

	err = s.runTx(ctx, "number events", func(ctx context.Context, tx bun.Tx) error {
		if s.postgres() {
			// The statements after this one see all that was committed before the lock was released.
			_, err := tx.NewRaw("SELECT pg_advisory_xact_lock(?, hashtext(current_schema()))", eventLock).Exec(ctx)
			if err != nil {
				return err
			}
		}

		var changes []eventChangeRow

		err := tx.NewSelect().Model(&changes).OrderExpr("ec.id").Limit(int64(limit)).Scan(ctx)
		if err != nil || len(changes) == 0 {
			return err
		}

		more = len(changes) == limit
		numbered, events, err = s.numberChanges(ctx, tx, changes)

		return err
	})
	if err != nil {
		return nil, false, err
	}

	s.listeners.report(numbered)

	if len(events) > 0 && s.onEvents != nil {
		s.onEvents(ctx, mapSlice(events, (*eventRow).event))
	}

	return numbered, more, nil
}

// numberChanges stores the events that follow from changes, and deletes the changes. It returns the workspaces that
// have new events, and the events.
func (s *Store) numberChanges(
	ctx context.Context,
	tx bun.Tx,
	changes []eventChangeRow,
) ([]chat.NumberedEvents, []eventRow, error) {
	noted := mapSlice(changes, (*eventChangeRow).change)
	if err := markNoticeChanges(ctx, tx, noted); err != nil {
		return nil, nil, err
	}

	events := mapSlice(chat.EventsOf(noted), newEventRow)

	counters, err := loadEventCounters(ctx, tx, events)
	if err != nil {
		return nil, nil, err
	}

	for i := range events {
		events[i].takeNumbers(counters)
	}

	numbers := mapSlice(changes, func(r *eventChangeRow) int64 { return r.ID })
	statements := []bun.Query{
		tx.NewDelete().Model((*eventChangeRow)(nil)).Where("id IN ?", bun.Tuple(numbers)),
	}

	if len(events) > 0 {
		given := counters.rows()
		statements = append(
			statements,
			tx.NewInsert().Model(&events).Returning("NULL"),
			tx.NewInsert().
				Model(&given).
				On("CONFLICT (workspace_id, chat_id) DO UPDATE").
				Set("last = EXCLUDED.last").
				Returning("NULL"),
		)
		statements = append(statements, s.notifyStatements(tx, counters.latest())...)
	}

	if err := s.batch(ctx, tx, statements...); err != nil {
		return nil, nil, err
	}

	return markTellable(counters.latest(), events), events, nil
}

// markNoticeChanges marks the changes that are of notices. Chats for notices are few.
func markNoticeChanges(ctx context.Context, db bun.IDB, changes []chat.EventChange) error {
	var ids []chat.ChatID

	for i := range changes {
		if changes[i].ChatID != 0 {
			ids = append(ids, changes[i].ChatID)
		}
	}

	if len(ids) == 0 {
		return nil
	}

	slices.Sort(ids)

	var found []chat.ChatID

	err := db.NewSelect().
		Model((*chatRow)(nil)).
		Column("c.id").
		Where("c.for_notices").
		Where("c.id IN ?", bun.Tuple(slices.Compact(ids))).
		Scan(ctx, &found)

	for i := range changes {
		changes[i].OfNotice = slices.Contains(found, changes[i].ChatID)
	}

	return err
}

// markTellable marks the workspaces with events that people can be told of.
func markTellable(numbered []chat.NumberedEvents, events []eventRow) []chat.NumberedEvents {
	for i := range numbered {
		numbered[i].TellPeople = slices.ContainsFunc(events, func(r eventRow) bool {
			e := r.event()

			return e.WorkspaceID == numbered[i].WorkspaceID && e.CanTellPeople()
		})
	}

	return numbered
}

func newEventRow(e *chat.Event) eventRow {
	return eventRow{
		ID:          uuidv7.New[chat.EventID](),
		WorkspaceID: e.WorkspaceID,
		ChatID:      e.ChatID,
		Type:        e.Type,
		SubjectID:   e.SubjectID,
		At:          e.At,
		Data:        e.Data,
	}
}

// takeNumbers gives the event the next numbers of its workspace and of its chat.
func (r *eventRow) takeNumbers(counters eventCounters) {
	r.Sequence = counters.next(r.WorkspaceID, 0)

	if r.ChatID != 0 {
		r.ChatSequence = counters.next(r.WorkspaceID, r.ChatID)
	}
}

// eventCounters are the last numbers that were given, by workspace and chat; the chat 0 is the workspace.
type eventCounters map[chat.WorkspaceID]map[chat.ChatID]int64

// eventCounterKey names a counter.
type eventCounterKey struct {
	workspace chat.WorkspaceID
	chat      chat.ChatID
}

// loadEventCounters reads the counters that events need, of however many workspaces these are, with one query.
func loadEventCounters(ctx context.Context, tx bun.Tx, events []eventRow) (eventCounters, error) {
	counters := eventCounters{}
	needed := map[eventCounterKey]bool{}

	for i := range events {
		ws := events[i].WorkspaceID

		counters[ws] = map[chat.ChatID]int64{}
		needed[eventCounterKey{workspace: ws}] = true
		needed[eventCounterKey{workspace: ws, chat: events[i].ChatID}] = true
	}

	if len(needed) == 0 {
		return counters, nil
	}

	keys := make([]any, 0, 2*len(needed))
	for key := range needed {
		keys = append(keys, key.workspace, key.chat)
	}

	// SQLite knows no list of row values, but rows of VALUES.
	values := strings.TrimSuffix(strings.Repeat("(?, ?), ", len(needed)), ", ")

	var rows []eventCounterRow

	err := tx.NewSelect().
		Model(&rows).
		Where("(en.workspace_id, en.chat_id) IN (VALUES "+values+")", keys...).
		Scan(ctx)
	if err != nil {
		return nil, err
	}

	for _, row := range rows {
		counters[row.WorkspaceID][row.ChatID] = row.Last
	}

	return counters, nil
}

func (c eventCounters) next(ws chat.WorkspaceID, id chat.ChatID) int64 {
	c[ws][id]++

	return c[ws][id]
}

func (c eventCounters) rows() []eventCounterRow {
	var rows []eventCounterRow

	for ws, chats := range c {
		for id, last := range chats {
			rows = append(rows, eventCounterRow{
				WorkspaceID: ws,
				ChatID:      id,
				Last:        last,
			})
		}
	}

	return rows
}

func (c eventCounters) latest() []chat.NumberedEvents {
	var all []chat.NumberedEvents
	for ws, chats := range c {
		all = append(all, chat.NumberedEvents{WorkspaceID: ws, Latest: chats[0]})
	}

	return all
}

// eventWindow is how many numbers one query for events of some types looks through, so that rare types cost no more
// than common ones.
const eventWindow = 10_000

// Events lists events of a workspace after one that is known, in the order of their numbers. An empty list is not the
// end: the reader goes on at Next, until Next is Latest.
func (s *Store) Events(ctx context.Context, ws chat.WorkspaceID, f chat.EventFilter) (chat.EventList, error) {
	var list chat.EventList

	err := s.snapshot(ctx, "list events", func(ctx context.Context, tx bun.Tx) (err error) {
		list, err = listEvents(ctx, tx, ws, f)
		return err
	})

	return list, err
}

func listEvents(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, f chat.EventFilter) (chat.EventList, error) {
	var list chat.EventList

	err := tx.NewRaw(
		`SELECT COALESCE((SELECT last FROM event_counters WHERE workspace_id = ?0 AND chat_id = 0), 0),
			COALESCE((SELECT MIN(sequence) FROM events WHERE workspace_id = ?0), 0)`,
		ws,
	).Scan(ctx, &list.Latest, &list.Oldest)
	if err != nil {
		return list, err
	}

	err = readEvents(ctx, tx, ws, f, &list)

	return list, err
}

// readEvents fills the items of a list, and says where the next one begins.
func readEvents(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, f chat.EventFilter, list *chat.EventList) error {
	// A reader from before the oldest event need not go through what was deleted, window by window.
	after := max(f.After, list.Oldest-1, 0)
	end := list.Latest

	sequence := bun.Safe("ev.sequence")
	order := "ev.sequence"

	q := tx.NewSelect().
		Where("ev.workspace_id = ?", ws).
		Limit(int64(f.Limit))

	switch {
	case f.ChatID != 0:
		// The events of a chat have an index of their own. By the sequence, the whole log would be read for them: the
		// plus keeps SQLite from it.
		sequence = "+ev.sequence"
		order = "ev.chat_sequence"

		q.Where("ev.chat_id = ?", f.ChatID)

	case len(f.Types) > 0:
		end = min(end, after+eventWindow)
	}

	if len(f.Types) > 0 {
		q.Where("ev.type IN ?", bun.Tuple(f.Types))
	}

	var rows []eventRow

	err := q.Model(&rows).
		Where("? > ?", sequence, after).
		Where("? <= ?", sequence, end).
		OrderExpr(order).
		Scan(ctx)
	if err != nil {
		return err
	}

	list.Items = mapSlice(rows, (*eventRow).event)
	list.Next = max(f.After, end)

	if len(rows) == f.Limit {
		list.Next = rows[len(rows)-1].Sequence
	}

	return nil
}

// ForgetEvents deletes events that are older than before, the oldest first and at most limit of them, and returns
// how many these were. Numbers go on as if they were still there.
func (s *Store) ForgetEvents(ctx context.Context, before time.Time, limit int) (int, error) {
	var count int64

	err := s.runTx(ctx, "delete old events", func(ctx context.Context, tx bun.Tx) error {
		old := tx.NewSelect().
			Model((*eventRow)(nil)).
			Column("id").
			Where("ev.at < ?", toMicroseconds(before)).
			OrderExpr("ev.at").
			Limit(int64(limit))

		result, err := tx.NewDelete().Model((*eventRow)(nil)).Where("id IN (?)", old).Exec(ctx)
		if err != nil {
			return err
		}

		count, err = result.RowsAffected()

		return err
	})

	return int(count), err
}
