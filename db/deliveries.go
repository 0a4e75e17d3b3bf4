package db

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type deliveryRow struct {
	bun.BaseModel `bun:"table:deliveries,alias:d"`

	ID          chat.DeliveryID  `bun:"id,pk"`
	WorkspaceID chat.WorkspaceID `bun:"workspace_id"`
	ChatID      chat.ChatID      `bun:"chat_id"`
	MessageID   chat.MessageID   `bun:"message_id"`
	ActionID    chat.ActionID    `bun:"action_id"`
	Channel     chat.Channel     `bun:"channel"`
	Provider    chat.Provider    `bun:"provider"`
	PurposeKey  string           `bun:"purpose_key"`
	TextKey     string           `bun:"text_key,nullzero"`
	Sender      string           `bun:"sender"`
	From        string           `bun:"from_address"`
	To          string           `bun:"to_address"`
	ToMemberID  chat.MemberID    `bun:"to_member_id,nullzero"`
	ToGiven     bool             `bun:"to_given"`
	ToFolded    string           `bun:"to_folded"`
	Payload     chat.Payload     `bun:"payload"`
	// ReplyToken is the hash of the token in the payload's address for answers, "" for none.
	ReplyToken        string               `bun:"reply_token"`
	Policy            chat.UnknownPolicy   `bun:"policy"`
	Submission        chat.SubmissionState `bun:"submission"`
	DeliveryStatus    chat.DeliveryStatus  `bun:"carrier"`
	StatusRank        int                  `bun:"carrier_rank"`
	AlsoReported      chat.DeliveryStatus  `bun:"also_reported"`
	Fence             int64                `bun:"fence"`
	LeaseUntil        *time.Time           `bun:"lease_until"`
	RetryAt           *time.Time           `bun:"retry_at"`
	UnknownSince      *time.Time           `bun:"unknown_since"`
	Evidence          chat.EvidenceState   `bun:"evidence"`
	EvidenceUntil     *time.Time           `bun:"evidence_until"`
	ProviderMessageID string               `bun:"provider_message_id,nullzero"`
	ErrorCode         string               `bun:"error_code"`
	ErrorMessage      string               `bun:"error_message"`
	Segments          int                  `bun:"segments"`
	Duplicate         chat.Duplicate       `bun:"duplicate"`
	ByPerson          bool                 `bun:"by_person"`
	SeenMessage       int64                `bun:"seen_message,nullzero"`
	DespiteTakeover   bool                 `bun:"despite_takeover"`
	DespiteBrakes     bool                 `bun:"despite_brakes"`
	Watermark         int64                `bun:"watermark"`
	// AcceptedAt is when the request of a send was accepted, nil for all other deliveries.
	AcceptedAt     *time.Time      `bun:"accepted_at"`
	RetryOf        chat.DeliveryID `bun:"retry_of,nullzero"`
	ReleasedBy     chat.ActionID   `bun:"released_by,nullzero"`
	BulkRetryID    chat.ActionID   `bun:"bulk_retry_id,nullzero"`
	BulkNumber     int             `bun:"bulk_number,nullzero"`
	Verdict        chat.Verdict    `bun:"decision,nullzero"`
	DecisionReason string          `bun:"decision_reason,nullzero"`
	DecidedBy      chat.MemberID   `bun:"decided_by,nullzero"`
	DecidedAt      *time.Time      `bun:"decided_at"`
	CreatedAt      time.Time       `bun:"created_at"`
	UpdatedAt      time.Time       `bun:"updated_at"`
	SweepAfter     time.Time       `bun:"sweep_after"`

	RetriedBy chat.DeliveryID `bun:"retried_by,scanonly"`
	// ToolsUndone and ToolsUnfinished are [chat.RetryTools].
	ToolsUndone     bool `bun:"tools_undone,scanonly"`
	ToolsUnfinished bool `bun:"tools_unfinished,scanonly"`
	allowanceRow
	Busy     bool            `bun:"busy,scanonly"`
	BusyWith chat.DeliveryID `bun:"busy_with,scanonly"`
	// SameTextUntil is until when another delivery of the same text stands before this one.
	SameTextUntil *time.Time `bun:"same_text_until,scanonly"`
	FailedOver    bool       `bun:"failed_over,scanonly"`
	// OlderID and OlderRetryAt are [chat.OlderDelivery].
	OlderID      chat.DeliveryID `bun:"older_id,scanonly"`
	OlderRetryAt *time.Time      `bun:"older_retry_at,scanonly"`
	// ProbeAt is when the sender's breaker lets a probe through, nil when it is closed.
	ProbeAt       *time.Time `bun:"probe_at,scanonly"`
	BreakerReason string     `bun:"breaker_reason,scanonly"`
	// Probing reports that the sender has a breaker; a claim is its probe then.
	Probing bool `bun:"probing,scanonly"`
	// HasBrakes reports that the workspace has brakes.
	HasBrakes bool `bun:"has_brakes,scanonly"`
	// WorkflowID is the workflow that follows the delivery.
	WorkflowID string `bun:"workflow_id,scanonly"`

	// senderWorks is [chat.Delivery.SenderWorks].
	senderWorks bool
	// copyFound reports that a second copy was recorded that was not known, copyTold that its chat has
	// been made to need a response because of that.
	copyFound bool
	copyTold  bool
}

func (r *deliveryRow) delivery() chat.Delivery {
	d := chat.Delivery{
		ID:                r.ID,
		ChatID:            r.ChatID,
		MessageID:         r.MessageID,
		ActionID:          r.ActionID,
		Channel:           r.Channel,
		Provider:          r.Provider,
		PurposeKey:        r.PurposeKey,
		Sender:            r.Sender,
		From:              r.From,
		To:                r.To,
		ToMemberID:        r.ToMemberID,
		ToGiven:           r.ToGiven,
		Payload:           r.Payload,
		Policy:            r.Policy,
		Submission:        r.Submission,
		DeliveryStatus:    r.DeliveryStatus,
		AlsoReported:      r.AlsoReported,
		Fence:             r.Fence,
		LeaseUntil:        chat.UTC(r.LeaseUntil),
		RetryAt:           chat.UTC(r.RetryAt),
		UnknownSince:      chat.UTC(r.UnknownSince),
		Evidence:          r.Evidence,
		EvidenceUntil:     chat.UTC(r.EvidenceUntil),
		ProviderMessageID: r.ProviderMessageID,
		ErrorCode:         r.ErrorCode,
		ErrorMessage:      r.ErrorMessage,
		Segments:          r.Segments,
		Duplicate:         r.Duplicate,
		Author:            r.author(),
		SeenMessage:       r.SeenMessage,
		DespiteTakeover:   r.DespiteTakeover,
		DespiteBrakes:     r.DespiteBrakes,
		SenderWorks:       r.senderWorks,
		Watermark:         r.Watermark,
		RetryOf:           r.RetryOf,
		RetriedBy:         r.RetriedBy,
		BulkRetryID:       r.BulkRetryID,
		CreatedAt:         r.CreatedAt.UTC(),
		UpdatedAt:         r.UpdatedAt.UTC(),
		Tools:             r.retryTools(),
	}

	if r.DecidedAt != nil {
		d.Decision = &chat.Decision{
			Verdict: r.Verdict,
			Reason:  r.DecisionReason,
			By:      chat.Actor{MemberID: r.DecidedBy},
			At:      r.DecidedAt.UTC(),
		}

		if r.Verdict == chat.VerdictSent {
			d.Decision.ProviderMessageID = r.ProviderMessageID
		}
	}

	return d
}

func (r *deliveryRow) author() chat.AuthorKind {
	if r.ByPerson {
		return chat.AuthorPerson
	}

	return chat.AuthorAssistant
}

func (r *deliveryRow) retryTools() chat.RetryTools {
	return chat.RetryTools{Undone: r.ToolsUndone, Unfinished: r.ToolsUnfinished}
}

// actionKey names the action that has made the delivery.
func (r *deliveryRow) actionKey() actionKey {
	return actionKey{workspace: r.WorkspaceID, id: r.ActionID}
}

type attemptRow struct {
	bun.BaseModel `bun:"table:delivery_attempts,alias:t"`

	WorkspaceID       chat.WorkspaceID       `bun:"workspace_id,pk"`
	DeliveryID        chat.DeliveryID        `bun:"delivery_id,pk"`
	Fence             int64                  `bun:"fence,pk"`
	Sender            string                 `bun:"sender"`
	StartedAt         time.Time              `bun:"started_at"`
	FinishedAt        *time.Time             `bun:"finished_at"`
	GotConnection     bool                   `bun:"got_connection"`
	Outcome           chat.SubmissionOutcome `bun:"outcome,nullzero"`
	HTTPStatus        int                    `bun:"http_status"`
	ErrorCode         string                 `bun:"error_code"`
	ErrorMessage      string                 `bun:"error_message"`
	ProviderRequestID string                 `bun:"provider_request_id"`
	ProviderMessageID string                 `bun:"provider_message_id"`
}

func (r *attemptRow) attempt() chat.Attempt {
	return chat.Attempt{
		Fence:             r.Fence,
		StartedAt:         r.StartedAt.UTC(),
		FinishedAt:        chat.UTC(r.FinishedAt),
		GotConnection:     r.GotConnection,
		Outcome:           r.Outcome,
		HTTPStatus:        r.HTTPStatus,
		ErrorCode:         r.ErrorCode,
		ErrorMessage:      r.ErrorMessage,
		ProviderRequestID: r.ProviderRequestID,
		ProviderMessageID: r.ProviderMessageID,
	}
}

type providerEventRow struct {
	bun.BaseModel `bun:"table:provider_events,alias:e"`

	ID                int64            `bun:"id,pk,autoincrement"`
	Key               string           `bun:"event_key"`
	WorkspaceID       chat.WorkspaceID `bun:"workspace_id,nullzero"`
	DeliveryID        chat.DeliveryID  `bun:"delivery_id,nullzero"`
	Provider          chat.Provider    `bun:"provider"`
	ProviderMessageID string           `bun:"provider_message_id,nullzero"`
	Type              string           `bun:"type"`
	Raw               []byte           `bun:"raw"`
	ReceivedAt        time.Time        `bun:"received_at"`
	// Applied reports that the report has had its effect on the delivery.
	Applied bool `bun:"applied"`
}

func (r *providerEventRow) event() chat.ProviderEvent {
	return chat.ProviderEvent{
		Key:        r.Key,
		Provider:   r.Provider,
		DeliveryID: r.DeliveryID,
		Type:       r.Type,
		Raw:        r.Raw,
		ReceivedAt: r.ReceivedAt.UTC(),
	}
}

var deliveriesOrder = keyset[deliveryRow, chat.DeliveryID]{
	list: "deliveries",
	id:   "d.id",
	idOf: func(r *deliveryRow) chat.DeliveryID { return r.ID },
	times: []timeColumn[deliveryRow]{
		{
			name:    "created_at",
			column:  "d.created_at",
			valueOf: func(r *deliveryRow) time.Time { return r.CreatedAt },
		},
		{
			name:    "updated_at",
			column:  "d.updated_at",
			valueOf: func(r *deliveryRow) time.Time { return r.UpdatedAt },
		},
	},
	newestFirst: true,
}

// Deliveries lists deliveries by creation, newest first, without attempts and events.
func (s *Store) Deliveries(
	ctx context.Context,
	ws chat.WorkspaceID,
	f chat.DeliveryFilter,
) (chat.List[chat.Delivery], error) {
	var rows []deliveryRow
	q := withTools(s.db.NewSelect()).Model(&rows).Where("d.workspace_id = ?", ws)
	filterDeliveries(q, &f)

	if f.Words != nil && len(f.Words.WaitingFor) > 0 {
		filterDeliveryWaits(q, ws, f.Words.WaitingFor)
	}

	list, err := listQuery[deliveryRow, chat.DeliveryID, chat.Delivery]{
		query: q,
		rows:  &rows,
		order: &deliveriesOrder,
		page:  f.Page,
		item:  (*deliveryRow).delivery,
	}.read(ctx)
	if err != nil {
		return chat.List[chat.Delivery]{}, wrapErr("list the deliveries", err)
	}

	if err := s.addRetryRefusals(ctx, rows, list.Items); err != nil {
		return chat.List[chat.Delivery]{}, err
	}

	return list, s.addSends(ctx, ws, list.Items)
}

// haveFailedForGood narrows a query of deliveries, d, to what has not reached its recipient for good, and was not sent
// again: what [chat.MatterFailed] counts.
func haveFailedForGood(q *bun.SelectQuery) *bun.SelectQuery {
	return q.
		Where("d.status IN ?", bun.Tuple(append(chat.FailedStatuses(), string(chat.SubmissionCanceled)))).
		Where("(d.status <> ? OR d.error_code = ?)", chat.SubmissionCanceled, chat.ErrorToolCallFailed).
		Where("NOT EXISTS " + retriedBy)
}

func filterDeliveries(q *bun.SelectQuery, f *chat.DeliveryFilter) {
	if f.Status != "" {
		q.Where("d.status = ?", f.Status)
	}

	if f.Channel != "" {
		q.Where("d.channel = ?", f.Channel)
	}

	if f.Words != nil && len(f.Words.IDs) > 0 {
		q.Where("d.id IN ?", bun.Tuple(f.Words.IDs))
	}

	if f.Words != nil && len(f.Words.Statuses) > 0 {
		q.Where("d.status IN ?", bun.Tuple(f.Words.Statuses))
	}

	if f.Words != nil && len(f.Words.Channels) > 0 {
		q.Where("d.channel IN ?", bun.Tuple(f.Words.Channels))
	}

	filterTime(q, "d.updated_at", f.UpdatedSince, nil)

	if f.FailedForGood {
		haveFailedForGood(q)
	}

	if f.ErrorCode != "" {
		// What waits for a sender whose account was refused with the code has the code in its message.
		refused := f.ErrorCode + ", "
		q.Where("(d.error_code = ?0 OR d.error_code = ?1 AND substr(d.error_message, 1, ?2) = ?3)",
			f.ErrorCode, chat.ErrorSenderBlocked, utf8.RuneCountInString(refused), refused)
	}

	if f.ChatID != 0 {
		q.Where("d.chat_id = ?", f.ChatID)
	}

	if f.Sender != "" {
		q.Where("d.sender = ?", f.Sender)
	}

	if kinds := f.Duplicate.Kinds(); len(kinds) > 0 {
		// The first condition is that of the partial index deliveries_duplicates.
		q.Where("d.duplicate <> 'none'").Where("d.duplicate IN ?", bun.Tuple(kinds))
	}

	if f.MemberID != 0 {
		q.Where(`d.chat_id IN (SELECT c.id FROM chats AS c
			WHERE c.workspace_id = d.workspace_id AND c.member_id = ? AND c.deleted_at IS NULL)`, f.MemberID)
	}

	if f.BulkRetryID != "" {
		q.Where("d.bulk_retry_id = ?", f.BulkRetryID)
	}

	filterTime(q, "d.created_at", f.Since, f.Until)
}

// Delivery finds a delivery with its attempts, in order, its provider's reports, by time, and what stands
// before it or against a retry: delivery_not_found.
func (s *Store) Delivery(ctx context.Context, ws chat.WorkspaceID, id chat.DeliveryID) (chat.Delivery, error) {
	row, err := findDelivery(ctx, withTools(s.db.NewSelect()), ws, id)
	if err != nil {
		return chat.Delivery{}, wrapErr("find a delivery", err)
	}

	attempts, err := findAttempts(ctx, s.db, &row)
	if err != nil {
		return chat.Delivery{}, err
	}

	var events []providerEventRow

	err = s.db.NewSelect().Model(&events).Where("e.workspace_id = ?", ws).Where("e.delivery_id = ?", id).
		OrderExpr("e.received_at, e.id").Scan(ctx)
	if err != nil {
		return chat.Delivery{}, wrapErr("list the events of a delivery", err)
	}

	d := row.delivery()
	d.Attempts = attempts
	d.Events = mapSlice(events, (*providerEventRow).event)
	d.ClockSkew = s.clockSkew

	whole := []chat.Delivery{d}
	if err := s.addSends(ctx, ws, whole); err != nil {
		return chat.Delivery{}, err
	}

	err = s.addRetryRefusals(ctx, []deliveryRow{row}, whole)

	return whole[0], err
}

// findAttempts are the attempts of a delivery, in order.
func findAttempts(ctx context.Context, db bun.IDB, row *deliveryRow) ([]chat.Attempt, error) {
	var attempts []attemptRow

	err := db.NewSelect().
		Model(&attempts).
		Where("t.workspace_id = ?", row.WorkspaceID).
		Where("t.delivery_id = ?", row.ID).
		OrderExpr("t.fence").
		Scan(ctx)

	return mapSlice(attempts, (*attemptRow).attempt), wrapErr("list the attempts of a delivery", err)
}

// FindDelivery finds a delivery, without attempts and events: delivery_not_found.
func (s *Store) FindDelivery(ctx context.Context, ws chat.WorkspaceID, id chat.DeliveryID) (chat.Delivery, error) {
	row, err := findDelivery(ctx, withRetry(s.db.NewSelect()), ws, id)
	return row.delivery(), wrapErr("find a delivery", err)
}

// retriedBy is the delivery that repeats d, NULL for none.
const retriedBy = "(SELECT r.id FROM deliveries r WHERE r.workspace_id = d.workspace_id AND r.retry_of = d.id)"

// toolsUndone and toolsUnfinished report what d's tool calls say to a retry.
const (
	toolsUndone = "EXISTS (SELECT 1 FROM tool_calls AS t WHERE t.workspace_id = d.workspace_id AND " +
		"t.message_id = d.message_id AND t.undoes IS NOT NULL)"
	toolsUnfinished = "EXISTS (SELECT 1 FROM tool_calls AS t WHERE t.workspace_id = d.workspace_id AND " +
		"t.message_id = d.message_id AND t.undoes IS NULL AND t.state <> 'succeeded')"
)

// withRetry also selects the delivery that repeats each one.
func withRetry(q *bun.SelectQuery) *bun.SelectQuery {
	return q.ColumnExpr("d.*").ColumnExpr(retriedBy + " AS retried_by")
}

// withTools also selects what withRetry does, and what the tool calls say to a retry.
func withTools(q *bun.SelectQuery) *bun.SelectQuery {
	return withRetry(q).
		ColumnExpr(toolsUndone + " AS tools_undone").
		ColumnExpr(toolsUnfinished + " AS tools_unfinished")
}

// findRetryTools reads what the tool calls of a delivery that is held say to a retry: what was read before it was held
// may have changed.
func findRetryTools(ctx context.Context, tx bun.Tx, row *deliveryRow) (chat.RetryTools, error) {
	now, err := findDelivery(ctx, withTools(tx.NewSelect()), row.WorkspaceID, row.ID)

	return now.retryTools(), err
}

func findDelivery(
	ctx context.Context,
	q *bun.SelectQuery,
	ws chat.WorkspaceID,
	id chat.DeliveryID,
) (deliveryRow, error) {
	var row deliveryRow
	err := q.Model(&row).Where("d.workspace_id = ?", ws).Where("d.id = ?", id).Scan(ctx)

	return row, orNotFound(err, chat.CodeDeliveryNotFound, "delivery")
}
