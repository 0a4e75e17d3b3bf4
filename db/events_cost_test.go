package db_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// BenchmarkSendTransactions measures the two transactions of a send that is accepted, eight at once in one workspace:
// without events, with their changes noted, and with these numbered as they come. Run it by
//
//	scripts/with-postgres go test ./db -run '^$' -bench SendTransactions -benchtime 2000x
func BenchmarkSendTransactions(b *testing.B) {
	engines := map[string]func(testing.TB, ...db.Option) *db.Store{"sqlite": dbtest.New, "postgres": dbtest.NewPostgres}

	for engine, open := range engines {
		for _, events := range []string{"without", "noted", "numbered"} {
			b.Run(engine+"/"+events, func(b *testing.B) {
				s := open(b, db.WithMaxConns(16))
				benchmarkSends(b, s, events)
			})
		}
	}
}

const benchSenders = 8

func benchmarkSends(b *testing.B, s *db.Store, events string) {
	b.Helper()

	w := dbtest.Seed(b, s)
	chats := make([]chat.ChatID, benchSenders)

	for i := range chats {
		customer, err := s.CreateMember(b.Context(), w.Workspace, w.By, chat.Member{
			Kind:                 chat.KindPerson,
			Role:                 chat.RoleUser,
			Name:                 "Customer",
			Phone:                fmt.Sprintf("+1415555%04d", 2000+i),
			NotificationsEnabled: true,
		})
		require.NoError(b, err)

		c, err := s.CreateChat(b.Context(), w.Workspace, w.By, chat.NewChat{
			Channel:           chat.ChannelSMS,
			MemberID:          customer.ID,
			AssistantMemberID: &w.Assistant.ID,
			PhoneNumberID:     &w.PhoneNumber.ID,
		})
		require.NoError(b, err)

		chats[i] = c.ID
	}

	if events == "without" {
		dropEventTriggers(b, s)
	}

	ctx, stop := context.WithCancel(b.Context())
	defer stop()

	if events == "numbered" {
		go func() {
			for ctx.Err() == nil {
				_, _, _ = s.NumberEvents(ctx, 500) // it fails when the context ends

				time.Sleep(50 * time.Millisecond)
			}
		}()
	}

	var next atomic.Int64

	// As many at once as there are chats: of one chat, the second send waits for the first.
	b.SetParallelism(max(1, benchSenders/runtime.GOMAXPROCS(0)))
	b.ResetTimer()

	b.RunParallel(func(pb *testing.PB) {
		id := chats[int(next.Add(1)-1)%benchSenders]
		for pb.Next() {
			sendOnce(b, s, w, id)
		}
	})
}

func sendOnce(b *testing.B, s *db.Store, w *dbtest.World, id chat.ChatID) {
	b.Helper()

	text := fmt.Sprintf("hello %d", time.Now().UnixNano())
	now := time.Now()

	sent, claim, err := s.PrepareAndClaim(
		b.Context(), w.Send(id, text), dbtest.SendIDs(), dbtest.PlanText(text), now, time.Minute)
	if err != nil || claim.Delivery.Fence == 0 {
		b.Errorf("the send was not claimed: %v", err)
		return
	}

	said := chat.Submission{Outcome: chat.OutcomeAccepted, ProviderMessageID: "SM-" + string(sent.DeliveryID)}

	_, err = s.RecordSubmission(b.Context(), w.Workspace, sent.DeliveryID, claim.Delivery.Fence, said, time.Now())
	if err != nil {
		b.Errorf("record: %v", err)
	}
}

// dropEventTriggers takes the triggers away that note changes.
func dropEventTriggers(tb testing.TB, s *db.Store) {
	tb.Helper()

	for _, name := range eventTriggers(tb, s) {
		table, trigger := name[0], name[1]

		statement := "DROP TRIGGER " + trigger
		if s.Engine() == "postgres" {
			statement += " ON " + table
		}

		_, err := s.Bun().ExecContext(tb.Context(), statement)
		require.NoError(tb, err)
	}
}
