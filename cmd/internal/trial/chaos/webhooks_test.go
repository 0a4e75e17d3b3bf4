package chaos

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// toldLog has four events: three of chat 7, and one of no chat.
func toldLog() []toldEvent {
	var all []toldEvent

	for _, e := range []postedEvent{
		{chat.EventMessageCreated, "a", 5, 7, 2},
		{chat.EventDeliveryAccepted, "b", 6, 7, 3},
		{chat.EventSenderBlocked, "c", 7, 0, 0},
		{chat.EventDeliverySettled, "d", 8, 7, 4},
	} {
		all = append(all, toldEvent{postedEvent: e})
	}

	return all
}

// postOf is a post of an event, which the receiver has taken.
func postOf(e toldEvent) post {
	return post{
		id:          e.ID,
		body:        sha256.Sum256([]byte(e.ID)),
		postedEvent: e.postedEvent,
		taken:       true,
	}
}

// TestWhatAReceiverWasToldIsComparedWithTheLog tampers with what has arrived.
func TestWhatAReceiverWasToldIsComparedWithTheLog(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		arrives func(told []toldEvent, posts []post) []post
		want    Webhooks
	}{
		"all of it": {
			func(_ []toldEvent, posts []post) []post { return posts },
			Webhooks{Events: 4, Posts: 4},
		},
		"one again, and one refused at first": {
			func(_ []toldEvent, p []post) []post {
				refused := p[2]
				refused.taken = false

				return []post{p[0], p[1], p[1], refused, p[2], p[3]}
			},
			Webhooks{Events: 4, Posts: 6, Repeated: 1},
		},
		"one is missing": {
			func(_ []toldEvent, p []post) []post { return []post{p[0], p[2], p[3]} },
			Webhooks{Events: 4, Posts: 3, Missing: 1, Gaps: 1},
		},
		"the last one is missing, which is no gap": {
			func(_ []toldEvent, p []post) []post { return p[:3] },
			Webhooks{Events: 4, Posts: 3, Missing: 1},
		},
		"one was never taken": {
			func(_ []toldEvent, p []post) []post {
				p[2].taken = false
				return p
			},
			Webhooks{Events: 4, Posts: 4, Missing: 1},
		},
		"one comes too late": {
			func(_ []toldEvent, p []post) []post { return []post{p[0], p[3], p[1], p[2]} },
			Webhooks{Events: 4, Posts: 4, Disordered: 2},
		},
		"one that has stepped aside comes later": {
			func(told []toldEvent, p []post) []post {
				told[1].aside = true
				return []post{p[0], p[2], p[3], p[1]}
			},
			Webhooks{Events: 4, Posts: 4, Aside: 1},
		},
		"another id": {
			func(_ []toldEvent, p []post) []post {
				other := p[3]
				other.id = "e"

				return append(p, other)
			},
			Webhooks{Events: 4, Posts: 5, Changed: 1},
		},
		"the id of another event": {
			func(_ []toldEvent, p []post) []post {
				other := p[3]
				other.id = "a"

				return append(p, other)
			},
			Webhooks{Events: 4, Posts: 5, Changed: 1},
		},
		"another number": {
			func(_ []toldEvent, p []post) []post {
				p[0].Sequence = 9
				return p
			},
			Webhooks{Events: 4, Posts: 4, Changed: 1, Missing: 1, Gaps: 1},
		},
		"another body, when it comes again": {
			func(_ []toldEvent, p []post) []post {
				again := p[3]
				again.body[0]++

				return append(p, again)
			},
			Webhooks{Events: 4, Posts: 5, Changed: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			told := toldLog()

			var posts []post
			for _, e := range told {
				posts = append(posts, postOf(e))
			}

			got := comparePosts(told, c.arrives(told, posts))
			assert.Equal(t, c.want, got)

			isFine := c.want.Missing+c.want.Gaps+c.want.Disordered+c.want.Changed == 0
			assert.Equal(t, isFine, got.Passed())
		})
	}
}

// TestWhatIsBehindIsCounted follows an endpoint from its making to the end of its lane.
func TestWhatIsBehindIsCounted(t *testing.T) {
	t.Parallel()

	address := dbtest.NewPostgresURL(t)
	s, err := db.Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	_, err = db.NewMigrator(s).Up(t.Context())
	require.NoError(t, err)

	w := dbtest.Seed(t, s)
	_, _, err = s.NumberEvents(t.Context(), 1000)
	require.NoError(t, err)

	l := openLedger(address)

	t.Cleanup(func() { require.NoError(t, l.close()) })

	after, err := l.awaitNumbers(t.Context())
	require.NoError(t, err)
	assert.Positive(t, after)

	endpoint, err := s.CreateWebhookEndpoint(t.Context(), w.Workspace, w.By, chat.WebhookEndpoint{
		WorkspaceID: w.Workspace,
		URL:         "http://127.0.0.1/",
		Payload:     chat.PayloadThin,
		Enabled:     true,
	})
	require.NoError(t, err)

	message := chat.NewMessage{MemberID: w.Customer.ID, Content: "Hello"}
	_, err = s.AddMessage(t.Context(), w.Workspace, w.SMS.ID, message)
	require.NoError(t, err)
	requireBehind(t, l, func(behind int) bool { return behind > 0 })

	_, _, err = s.NumberEvents(t.Context(), 1000)
	require.NoError(t, err)

	told, err := l.toldEvents(t.Context(), after)
	require.NoError(t, err)
	require.NotEmpty(t, told)
	assert.Equal(t, after+1, told[0].Sequence)
	assert.Equal(t, w.SMS.ID, told[0].ChatID)
	requireBehind(t, l, func(behind int) bool { return behind == len(told) })

	_, err = l.db.ExecContext(
		t.Context(),
		"UPDATE webhook_endpoints SET position = $1 WHERE id = $2",
		told[len(told)-1].Sequence,
		int64(endpoint.ID),
	)
	require.NoError(t, err)
	requireBehind(t, l, func(behind int) bool { return behind == 0 })
}

func requireBehind(t *testing.T, l *ledger, is func(behind int) bool) {
	t.Helper()

	lane, aside, err := l.countBehind(t.Context())
	require.NoError(t, err)
	require.Zero(t, aside)
	require.True(t, is(lane), "%d are behind", lane)
}
