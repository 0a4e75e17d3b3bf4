package db_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// figureRows is how many deliveries the plan of the figures is judged with. BenchmarkFigures has a million.
const figureRows = 6_000

// fillDeliveries fills a workspace with deliveries of one message: of each 100, one needs review, one waits for its
// first attempt, two for their receipts, and the others have arrived.
func fillDeliveries(tb testing.TB, s *db.Store, w *dbtest.World, of chat.AssistantMessageSent, rows int) {
	tb.Helper()

	at := "strftime('%Y-%m-%d %H:%M:%S+00:00', '2026-11-01', '+' || i || ' seconds')"
	if s.Engine() == "postgres" {
		at = "timestamptz '2026-11-01' + i * interval '1 second'"
	}

	_, err := s.Bun().NewRaw(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
		INSERT INTO deliveries (id, workspace_id, chat_id, message_id, action_id,
			channel, provider, purpose_key, text_key, sender, from_address, to_address, payload, policy, submission,
			carrier, carrier_rank, fence, provider_message_id, evidence, error_code, error_message, segments,
			watermark, created_at, updated_at, sweep_after)
		SELECT 'd' || i, ?0, d.chat_id, d.message_id, d.action_id, 'phone-sms', 'twilio', 'send:' || i, 'text:' || i,
			'phone:1', '+1', '+1' || i, '{}', 'at_most_once',
			CASE i % 100 WHEN 0 THEN 'needs_review' WHEN 1 THEN 'pending' ELSE 'accepted' END,
			CASE WHEN i % 100 < 4 THEN '' ELSE 'delivered' END,
			0, 1, 'PM' || i, 'none', '', '', 1, 0, `+at+`, `+at+`, `+at+`
		FROM n, deliveries AS d WHERE d.id = ?2`, w.Workspace, rows, of.DeliveryID).Exec(tb.Context())
	require.NoError(tb, err)

	// As autovacuum does on PostgreSQL; on SQLite nobody does.
	if s.Engine() == "postgres" {
		_, err := s.Bun().ExecContext(tb.Context(), "ANALYZE")
		require.NoError(tb, err)
	}
}

// TestFiguresComeFromPartialIndexes holds that a scrape counts what has not ended, by one query that reads nothing
// else, however much has ended.
func TestFiguresComeFromPartialIndexes(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		fillDeliveries(t, s, w, w.Prepare(t, s, w.SMS.ID, "hi"), figureRows)

		watched := &watcher{}
		began := time.Now()
		figures, err := s.Watched(watched).Figures(t.Context(), false)
		require.NoError(t, err)
		t.Logf("figures of %d deliveries took %s", figureRows, time.Since(began))

		counts := map[string]int{}
		for _, f := range figures {
			counts[f.State] = f.Count
		}

		assert.Equal(t, map[string]int{
			"needs_review": figureRows / 100,
			"pending":      figureRows/100 + 1,
			"accepted":     figureRows / 50,
			// Changes that have not become events, which nobody numbers here.
			"": counts[""],
		}, counts)
		assert.Greater(t, counts[""], figureRows/2)

		require.Len(t, watched.queries, 1)
		plan := explainAsIs(t, s, watched.queries[0])

		for _, index := range []string{"deliveries_unsettled", "deliveries_unreceipted", "deliveries_duplicates"} {
			assert.Contains(t, plan, index)
		}

		assert.NotContains(t, plan, "Seq Scan on deliveries")
		assert.NotRegexp(t, `(?m)^SCAN deliveries($| USING INDEX sqlite_)`, plan)
	})
}

// TestFiguresOfEachWorkspace holds that the figures are told by workspace if that is asked for, with the oldest.
func TestFiguresOfEachWorkspace(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		first := dbtest.Seed(t, s)
		second := dbtest.Seed(t, s)
		began := time.Now()

		first.Prepare(t, s, first.SMS.ID, "hi")
		second.Prepare(t, s, second.SMS.ID, "hi")

		figures, err := s.Figures(t.Context(), true)
		require.NoError(t, err)

		waiting := map[chat.WorkspaceID]int{}

		for _, f := range figures {
			if f.Matter == chat.FigureDelivery {
				waiting[f.WorkspaceID] += f.Count
				assert.Equal(t, string(chat.SubmissionPending), f.State)
				assert.WithinDuration(t, began, f.Oldest, time.Minute)
			}
		}

		assert.Equal(t, map[chat.WorkspaceID]int{first.Workspace: 1, second.Workspace: 1}, waiting)
	})
}

// TestFiguresOfWebhooksThatAreBehind holds that each enabled endpoint has its figure, 0 as well: what its lane has before
// it, and what has stepped aside, with the age of the oldest of them.
func TestFiguresOfWebhooksThatAreBehind(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newWebhookWorld(t, s, asItIs)

		behind := func() chat.Figure {
			figures, err := s.Figures(t.Context(), true)
			require.NoError(t, err)

			for _, f := range figures {
				if f.Matter == chat.FigureWebhook {
					assert.Equal(t, w.Workspace, f.WorkspaceID)
					assert.Equal(t, strconv.FormatInt(int64(w.step.EndpointID), 10), f.State)

					return f
				}
			}

			return chat.Figure{Count: -1}
		}

		none := behind()
		assert.Zero(t, none.Count)
		assert.WithinDuration(t, time.Now(), none.Oldest, time.Minute, "nothing is old")

		w.happens("one", "two") // three events
		first := w.batch().Tries[0].Event

		waiting := behind()
		assert.Equal(t, 3, waiting.Count)
		assert.True(t, first.At.Equal(waiting.Oldest), "%s %s", first.At, waiting.Oldest)

		for range 3 {
			w.record(&w.batch().Tries[0], http.StatusInternalServerError)
			w.now = w.now.Add(time.Minute)
		}

		assert.Equal(t, waiting, behind(), "the first one has stepped aside, and is still the oldest")

		w.now = w.now.Add(time.Hour)
		w.posts()
		assert.Zero(t, behind().Count)

		_, err := s.UpdateWebhookEndpoint(
			t.Context(),
			w.step,
			w.By,
			chat.WebhookEndpointPatch{Enabled: new(false)},
			func(*chat.WebhookEndpoint) error { return nil },
		)
		require.NoError(t, err)
		assert.Equal(t, -1, behind().Count, "it is told of nothing")
	})
}

// BenchmarkFigures shows how long a scrape takes with a million deliveries, of which 40,000 have not ended, and the plan.
// Run it by
//
//	scripts/with-postgres go test ./db -run '^$' -bench Figures -benchtime 10x -timeout 1h -v
func BenchmarkFigures(b *testing.B) {
	const rows = 1_000_000

	engines := map[string]func(testing.TB, ...db.Option) *db.Store{"sqlite": dbtest.New, "postgres": dbtest.NewPostgres}

	for engine, open := range engines {
		b.Run(engine, func(b *testing.B) {
			s := open(b)
			w := dbtest.Seed(b, s)
			fillDeliveries(b, s, w, w.Prepare(b, s, w.SMS.ID, "hi"), rows)

			// Those that came are events by now.
			_, err := s.Bun().ExecContext(b.Context(), "DELETE FROM event_changes")
			require.NoError(b, err)

			watched := &watcher{}
			_, err = s.Watched(watched).Figures(b.Context(), false)
			require.NoError(b, err)
			b.Log(explainAsIs(b, s, watched.queries[0]))

			for b.Loop() {
				_, err := s.Figures(b.Context(), false)
				require.NoError(b, err)
			}
		})
	}
}

// explainAsIs is the plan that is chosen with as much data as there is.
func explainAsIs(tb testing.TB, s *db.Store, query string) string {
	tb.Helper()

	if s.Engine() == "sqlite" {
		return explainQuery(tb, s, query)
	}

	var lines []string
	require.NoError(tb, s.Bun().NewRaw("EXPLAIN "+query).Scan(tb.Context(), &lines))

	return strings.Join(lines, "\n")
}
