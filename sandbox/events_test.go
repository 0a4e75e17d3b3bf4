package sandbox_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

type event = map[string]any

// nextEvents takes batches until there are that many events.
func (h *hook) nextEvents(t *testing.T, publicKey string, count int) (events []event) {
	t.Helper()

	for len(events) < count {
		c := h.next(t)
		verifySendGrid(t, publicKey, c)
		var batch []event
		require.NoError(t, json.Unmarshal(c.body, &batch))
		events = append(events, batch...)
	}

	return events
}

func eventfulWorld(t *testing.T, h *hook) (w *world, publicKey string) {
	t.Helper()

	w = setup(t, fastCallbacks, func(c *sandbox.Config) {
		c.EventURL = h.url + "/events"
		publicKey = withSigning(t, c)
	})

	return w, publicKey
}

func TestEvents(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	w, publicKey := eventfulWorld(t, h)
	accepted := w.mail(t, validMail)
	events := h.nextEvents(t, publicKey, 2)
	require.Len(t, events, 2)

	for i, want := range []string{"processed", "delivered"} {
		got := events[i]
		assert.Equal(t, want, got["event"])
		assert.Equal(t, "ana@customer.example", got["email"])
		assert.Equal(t, "d-1", got["delivery_id"], "custom arguments are beside SendGrid's fields")
		assert.Equal(t, "1", got["fence"])
		assert.Regexp(t, `^`+accepted.header.Get("X-Message-Id")+`\.recvd-.+\.0$`, got["sg_message_id"])
		assert.NotEmpty(t, got["smtp-id"])
		assert.NotZero(t, got["timestamp"])
	}

	assert.NotEqual(t, events[0]["sg_event_id"], events[1]["sg_event_id"])
	assert.NotEmpty(t, events[1]["response"])
	m := w.mailSettled(t)
	assert.Equal(t, events[0]["sg_message_id"], m.SGMessageID)
}

func TestBounceEvent(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	w, publicKey := eventfulWorld(t, h)
	require.NoError(t, w.SetFaults(sandbox.Fault{Kind: sandbox.Bounce, To: "ana@customer.example"}))
	w.mail(t, validMail)
	bounce := h.nextEvents(t, publicKey, 2)[1]
	assert.Equal(t, "bounce", bounce["event"])
	assert.Equal(t, "bounce", bounce["type"])
	assert.Equal(t, "5.1.1", bounce["status"])
	assert.NotEmpty(t, bounce["reason"])
	assert.Equal(t, "bounced", w.mailSettled(t).Status())
}

func TestEventsAreRepeatedUntilTheyAreTaken(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	h.status.Store(http.StatusBadGateway)
	w, publicKey := eventfulWorld(t, h)
	require.NoError(t, w.SetFaults(sandbox.Fault{Kind: sandbox.CallbackEarly}))
	w.mail(t, validMail)

	told := map[any]int{}
	for told["processed"] < 2 || told["delivered"] < 2 {
		for _, e := range h.nextEvents(t, publicKey, 1) {
			told[e["event"]]++
		}
	}
}

func TestSigningKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "made", "key.pem")
	created, err := sandbox.SigningKeyFile(path)
	require.NoError(t, err)
	loaded, err := sandbox.SigningKeyFile(path)
	require.NoError(t, err)
	assert.True(t, created.Equal(loaded))

	_, err = sandbox.SigningKeyFile(filepath.Dir(path))
	require.Error(t, err)

	c := testConfig()
	c.EventURL = "http://127.0.0.1:1/events"
	_, err = sandbox.New(c)
	require.ErrorContains(t, err, "SigningKey")

	c.SigningKey, c.EventURL = created, "nowhere"
	_, err = sandbox.New(c)
	require.ErrorContains(t, err, "EventURL")
}
