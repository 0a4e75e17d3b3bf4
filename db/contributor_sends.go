package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// askFacts reads what decides about a question to a contributor and holds its ask.
func (s *Store) askFacts(ctx context.Context, tx bun.Tx, in *chat.SendAssistantMessage) (*chat.SendFacts, error) {
	return s.sendFacts(ctx, tx, in)
}

// putQuestion records that the ask is put by this message.
func (*Store) putQuestion(context.Context, bun.Tx, *chat.SendAssistantMessage, chat.MessageID, time.Time) error {
	return nil
}
