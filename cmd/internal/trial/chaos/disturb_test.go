package chaos

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/cmd/internal/trial/testcluster"
	"handrail/codec"
	"handrail/sandbox"
)

func newChance() *rand.Rand { return rand.New(rand.NewPCG(1, 1)) }

func TestARefusalIsNotedFromWhenItIsHeard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &run{}
		began := time.Now()

		var said []bool

		played := r.refuseFor(t.Context(), newChance(), 7, func(_ context.Context, refuses bool) error {
			said = append(said, refuses)
			if len(said) < 3 {
				return errors.New("nobody has heard it")
			}

			return nil
		})

		assert.True(t, played)
		assert.Equal(t, []bool{true, true, true, false}, said)
		require.Len(t, r.refusals, 1)
		assert.Equal(t, 7, r.refusals[0].chat)
		assert.Equal(t, began.Add(2*heardAgain), r.refusals[0].from)
		assert.Equal(t, time.Now(), r.refusals[0].until)
		assert.GreaterOrEqual(t, r.refusals[0].until.Sub(r.refusals[0].from), refusesLeast)
	})
}

func TestARefusalThatNobodyHasHeardIsTakenBackAllTheSame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &run{}
		allowed := false

		played := r.refuseFor(t.Context(), newChance(), 7, func(_ context.Context, refuses bool) error {
			if refuses {
				return errors.New("nobody has heard it")
			}

			allowed = true

			return nil
		})

		assert.False(t, played)
		assert.True(t, allowed)
		assert.Empty(t, r.refusals, "when it began is not known")
	})
}

func TestARefusalIsTakenBackAtTheEndOfARun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &run{}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()

		var said []bool

		assert.False(t, r.refuseFor(ctx, newChance(), 7, func(ctx context.Context, refuses bool) error {
			said = append(said, refuses)
			return ctx.Err()
		}))
		assert.Equal(t, []bool{true, false}, said)
		assert.Len(t, r.refusals, 1, "it held until then")
	})
}

func TestACustomerAnswersThroughTheSandbox(t *testing.T) {
	t.Parallel()

	status := http.StatusNoContent
	handrail := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.NoError(t, r.ParseForm())
		assert.Equal(t, "STOP", r.PostForm.Get("Body"))
		assert.Equal(t, "+14155550123", r.PostForm.Get("From"))
		assert.Equal(t, "+14155550100", r.PostForm.Get("To"))
		w.WriteHeader(status)
	}))

	t.Cleanup(handrail.Close)

	b, err := sandbox.New(sandbox.Config{
		AccountSID:       "AC1",
		AuthToken:        "token",
		SendGridKey:      "SG.key",
		TwilioInboundURL: handrail.URL,
	})
	require.NoError(t, err)

	server := httptest.NewServer(b.Handler())

	t.Cleanup(func() {
		server.Close()
		assert.NoError(t, b.Close())
	})

	p := newProviders(server.URL, 0, Selection{})
	require.NoError(t, p.answer(t.Context(), "+14155550123", "+14155550100", "STOP"))

	status = http.StatusForbidden

	require.ErrorContains(t, p.answer(t.Context(), "+14155550123", "+14155550100", "STOP"), "502")
}

func TestConsentsAndRetriesAreAskedOfTheAPI(t *testing.T) {
	t.Parallel()

	var asked []string

	status := http.StatusOK
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)

		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("Idempotency-Key")+" "+string(body))

		w.WriteHeader(status)
	}))

	t.Cleanup(api.Close)

	c := newCallers([]string{api.URL}, &testcluster.Seeded{Workspace: "w", Secrets: []string{"hr_1"}}, nil)
	require.NoError(t, c.changeConsent(t.Context(), 3, chat.ChannelSMS, chat.ConsentRevoked))
	require.NoError(t, c.retry(t.Context(), "d1"))

	status = http.StatusConflict

	require.ErrorContains(t, c.changeConsent(t.Context(), 3, chat.ChannelEmail, chat.ConsentGranted), "409")
	require.ErrorContains(t, c.retry(t.Context(), "d1"), "409")

	assert.Equal(t, []string{
		`PATCH /api/v2/w/w/members/3  {"consent":{"phone-sms":"revoked"}}`,
		`POST /api/v2/w/w/deliveries/d1/retry retry-d1 {"acknowledge_duplicate":true,"reason":"make chaos retries it"}`,
		`PATCH /api/v2/w/w/members/3  {"consent":{"email":"granted"}}`,
		`POST /api/v2/w/w/deliveries/d1/retry retry-d1 {"acknowledge_duplicate":true,"reason":"make chaos retries it"}`,
	}, asked)
}

func TestAChatIsOfTheChannel(t *testing.T) {
	t.Parallel()

	r := &run{seeded: &testcluster.Seeded{Chats: make([]chat.ChatID, 2*emailEvery)}}
	chance := newChance()

	for range 100 {
		assert.Equal(t, emailEvery-1, r.randomChat(chance, chat.ChannelEmail)%emailEvery)
		assert.NotEqual(t, emailEvery-1, r.randomChat(chance, chat.ChannelSMS)%emailEvery)
	}
}

func TestKeysAreThoseOfTheCodec(t *testing.T) {
	t.Parallel()

	variable := keysVariable([]string{newKey(2), newKey(1)})
	assert.Regexp(t, `^HANDRAIL_ENCRYPTION_KEYS=k2:.+,k1:`, variable)

	_, err := codec.Parse(variable[len("HANDRAIL_ENCRYPTION_KEYS="):])
	require.NoError(t, err)
}
