package db

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// duplicateEvent records that a provider has taken a delivery a second time.
func duplicateEvent(row *deliveryRow, in submission) (providerEventRow, error) {
	raw, err := json.Marshal(map[string]any{
		"kept":                row.ProviderMessageID,
		"provider_message_id": in.said.ProviderMessageID,
		"fence":               in.fence,
	})

	return providerEventRow{
		Key:               fmt.Sprintf("%s:%s:%s", chat.EventDuplicate, row.ID, in.said.ProviderMessageID),
		WorkspaceID:       in.ws,
		DeliveryID:        in.id,
		Provider:          row.Provider,
		ProviderMessageID: in.said.ProviderMessageID,
		Type:              chat.EventDuplicate,
		Raw:               raw,
		ReceivedAt:        in.now,
		Applied:           true,
	}, err
}

// keepNamedMessage is the statement that keeps the message which a person has named for a delivery, if
// the provider now says that the delivery has become another one: it may have become both.
func keepNamedMessage(ctx context.Context, tx bun.Tx, in *submission) ([]bun.Query, error) {
	row, err := findDelivery(ctx, tx.NewSelect(), in.ws, in.id)
	if err != nil {
		return nil, err
	}

	named := row.ProviderMessageID
	proven := in.said.ProviderMessageID

	if row.Submission == chat.SubmissionAccepted || named == "" || proven == "" || named == proven {
		return nil, nil
	}

	row.ProviderMessageID = proven
	copied := *in
	copied.said.ProviderMessageID = named
	copied.fence = 0

	event, err := duplicateEvent(&row, copied)
	if err != nil {
		return nil, err
	}

	return []bun.Query{newEventInsert(tx, &event)}, nil
}

// recordSentTwice is the statement that records an acceptance of row when another delivery
// of its message, of which each repeats the one before, was sent as well. Whichever of the two it
// is found for, it is recorded once. One that the provider took and then lost was not, and of one
// without a receipt nobody knows.
func (s *Store) recordSentTwice(tx bun.Tx, row *deliveryRow, now time.Time) *bun.RawQuery {
	raw := `CAST('{"other_delivery":"' || o.id || '"}' AS blob)`
	if s.postgres() {
		raw = `convert_to('{"other_delivery":"' || o.id || '"}', 'UTF8')`
	}

	event := []any{
		row.ID,
		row.ID,
		row.ID,
		row.WorkspaceID,
		row.ID,
		row.Provider,
		bun.NullZero(row.ProviderMessageID),
		chat.EventDuplicate,
		now,
	}
	other := []any{row.WorkspaceID, row.MessageID, row.ID}

	return tx.NewRaw(`INSERT INTO provider_events (event_key, workspace_id, delivery_id, provider,
			provider_message_id, type, raw, received_at, applied)
		SELECT 'duplicate_confirmed:' || CASE WHEN o.id < ? THEN o.id || ':' || ? ELSE ? || ':' || o.id END,
			?, ?, ?, ?, ?, `+raw+`, ?, TRUE FROM deliveries o
		WHERE o.workspace_id = ? AND o.message_id = ? AND o.id <> ?
			AND o.status IN ('accepted', 'delivered', 'read', 'confirmed_sent')
		ON CONFLICT (event_key) DO NOTHING`, append(event, other...)...)
}
