package db

import (
	"context"
	"errors"
	"strings"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// sameRetry is a retry that would change nothing, to find out whether it would be refused.
type sameRetry struct {
	retryPlan

	delivery *chat.Delivery
	// facts are nil if the chat is gone.
	facts *chat.SendFacts
}

// addRetryRefusals sets RetryRefused of the deliveries for which a retry that changes nothing would be refused. A page
// takes as many queries as one delivery. rows are the rows of deliveries, in the same order.
func (s *Store) addRetryRefusals(ctx context.Context, rows []deliveryRow, deliveries []chat.Delivery) error {
	var retries []*sameRetry

	for i := range deliveries {
		if deliveries[i].CheckRetry() != nil {
			continue // no retry is offered, so none can be refused
		}

		r := &sameRetry{retryPlan: retryPlan{old: rows[i]}, delivery: &deliveries[i]}
		r.WorkspaceID = rows[i].WorkspaceID
		retries = append(retries, r)
	}

	if len(retries) == 0 {
		return nil
	}

	return s.snapshot(ctx, "see which retries are allowed", func(ctx context.Context, tx bun.Tx) error {
		err := s.readRetries(ctx, tx, retries)
		if errors.Is(err, errFailedOver) {
			return nil // no retry is judged until it is known what the failover has lost
		}

		if err != nil {
			return err
		}

		for _, r := range retries {
			r.noteRefusal()
		}

		return nil
	})
}

// noteRefusal sets the delivery's RetryRefused if the retry would be refused.
func (r *sameRetry) noteRefusal() {
	err := error(noChat())
	if r.facts != nil {
		_, err = r.facts.PlanRetry(r.delivery, chat.Change{})
	}

	refusal, isRefusal := errors.AsType[*chat.Error](err)

	// A delivery that goes on as it is waits until it is allowed, which it never is in a deleted chat.
	if isRefusal && (!r.delivery.GoesOnAsIs() || refusal.Code == chat.CodeChatNotFound) {
		r.delivery.RetryRefused = refusal
	}
}

// readRetries reads the facts of many retries of one workspace, the same as [Store.retryFacts] reads for one retry.
func (s *Store) readRetries(ctx context.Context, tx bun.Tx, retries []*sameRetry) error {
	if err := s.readRetryChats(ctx, tx, retries); err != nil {
		return err
	}

	if err := readRetrySenders(ctx, tx, retries); err != nil {
		return err
	}

	if err := readRetryContributors(ctx, tx, retries); err != nil {
		return err
	}

	return readRetrySuppressions(ctx, tx, retries)
}

// readRetryChats reads the chats of the retries, and returns errFailedOver if a failover is unresolved in one of them.
func (s *Store) readRetryChats(ctx context.Context, tx bun.Tx, retries []*sameRetry) error {
	var rows []factsRow

	err := tx.NewSelect().
		Model(&rows).
		ColumnExpr("c.*").
		Relation("Member").
		Relation("PhoneNumber").
		Relation("Inbox").
		ColumnExpr(recipientTakesPart+" AS recipient_takes_part").
		ColumnExpr(s.failedOver()+" AS failed_over").
		Where("c.workspace_id = ?", retries[0].WorkspaceID).
		Where("c.id IN ?", bun.Tuple(mapSlice(retries, func(r **sameRetry) chat.ChatID { return (*r).old.ChatID }))).
		Where("c.deleted_at IS NULL").
		Scan(ctx)
	if err != nil {
		return err
	}

	chats := map[chat.ChatID]*factsRow{}

	for i := range rows {
		if rows[i].FailedOver {
			return errFailedOver
		}

		chats[rows[i].ID] = &rows[i]
	}

	for _, r := range retries {
		if row, ok := chats[r.old.ChatID]; ok {
			r.facts = row.facts()
			r.facts.Chat.Channel = r.old.Channel
		}
	}

	return nil
}

// readRetrySenders sets the senders to those of the deliveries, where the workspace still has them.
func readRetrySenders(ctx context.Context, tx bun.Tx, retries []*sameRetry) error {
	var (
		numbers []chat.PhoneNumberID
		inboxes []chat.InboxID
	)

	for _, r := range retries {
		switch kind, id := splitScope(r.old.Sender); kind {
		case "phone":
			numbers = append(numbers, chat.PhoneNumberID(id))
		case "inbox":
			inboxes = append(inboxes, chat.InboxID(id))
		}
	}

	found, err := findSenders(ctx, tx, retries[0].WorkspaceID, numbers, inboxes)
	if err != nil {
		return err
	}

	for _, r := range retries {
		if sender, ok := found[r.old.Sender]; ok && r.facts != nil {
			r.facts.PhoneNumber = sender.PhoneNumber
			r.facts.Inbox = sender.Inbox
		}
	}

	return nil
}

// findSenders returns the senders that the workspace has among the ids, by their scopes.
func findSenders(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	numbers []chat.PhoneNumberID,
	inboxes []chat.InboxID,
) (map[string]chat.Senders, error) {
	found := map[string]chat.Senders{"web": {}}

	if len(numbers) > 0 {
		var rows []phoneNumberRow

		q := tx.NewSelect().Model(&rows).Where("pn.workspace_id = ?", ws).Where("pn.id IN ?", bun.Tuple(numbers))
		if err := q.Scan(ctx); err != nil {
			return nil, err
		}

		for i := range rows {
			number := rows[i].phoneNumber()
			found[number.Scope()] = chat.Senders{PhoneNumber: &number}
		}
	}

	if len(inboxes) > 0 {
		var rows []inboxRow

		q := tx.NewSelect().Model(&rows).Where("i.workspace_id = ?", ws).Where("i.id IN ?", bun.Tuple(inboxes))
		if err := q.Scan(ctx); err != nil {
			return nil, err
		}

		for i := range rows {
			inbox := rows[i].inbox()
			found[inbox.Scope()] = chat.Senders{Inbox: &inbox}
		}
	}

	return found, nil
}

// readRetryContributors sets the recipients of questions to the members whom they went to, if these still are
// contributors of the chats.
func readRetryContributors(ctx context.Context, tx bun.Tx, retries []*sameRetry) error {
	type place struct {
		chat   chat.ChatID
		member chat.MemberID
	}

	asked := map[place][]*sameRetry{}

	var (
		chats   []chat.ChatID
		members []chat.MemberID
	)

	for _, r := range retries {
		if r.facts != nil && r.goesToContributor(r.facts) {
			recipient := place{r.old.ChatID, r.old.ToMemberID}
			asked[recipient] = append(asked[recipient], r)
			chats = append(chats, recipient.chat)
			members = append(members, recipient.member)
			r.facts.Recipient = nil
		}
	}

	if len(asked) == 0 {
		return nil
	}

	var rows []participantRow

	err := tx.NewSelect().
		Model(&rows).
		Relation("Member").
		Where("p.workspace_id = ?", retries[0].WorkspaceID).
		Where("p.chat_id IN ?", bun.Tuple(chats)).
		Where("p.member_id IN ?", bun.Tuple(members)).
		Where("p.role = ?", chat.ParticipantContributor).
		Scan(ctx)
	if err != nil {
		return err
	}

	for i := range rows {
		for _, r := range asked[place{rows[i].ChatID, rows[i].MemberID}] {
			contributor := rows[i].Member.member()
			r.facts.Recipient = &contributor
		}
	}

	return nil
}

// readRetrySuppressions sets Suppressed of the retries to whose address nothing may be sent.
func readRetrySuppressions(ctx context.Context, tx bun.Tx, retries []*sameRetry) error {
	var (
		selects []string
		args    []any
	)

	for i, r := range retries {
		if r.facts == nil {
			continue
		}

		selects = append(selects, "SELECT ? AS number, "+suppressionLevel("?", "?", "?", "?")+" AS level")
		row := r.suppression(r.facts)
		args = append(args, i, row.WorkspaceID, row.Channel, row.Sender, foldedAddress(row.Channel, row.Address))
	}

	if len(selects) == 0 {
		return nil
	}

	var found []struct {
		Number int `bun:"number"`
		Level  int `bun:"level"`
	}

	err := tx.NewRaw(strings.Join(selects, " UNION ALL "), args...).Scan(ctx, &found)
	if err != nil {
		return err
	}

	for _, address := range found {
		setSuppressed(retries[address.Number].facts, address.Level)
	}

	return nil
}
