package chaos

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/freeport"
)

const receiverSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// postEvent posts an event, and returns the status of the answer, 0 for none.
func postEvent(t *testing.T, r *receiver, secret string, id int) int {
	t.Helper()

	signer, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)

	name := fmt.Sprintf("event-%d", id)
	body := fmt.Appendf(nil, `{"type":"message.created","id":%q,"sequence":%d,"chat_id":7,"chat_sequence":%d}`, name, id, id)
	now := time.Now()

	signature, err := signer.Sign(name, now, body)
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()

	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+r.address, bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Webhook-Id", name)
	request.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	request.Header.Set("Webhook-Signature", signature)

	answer, err := (&http.Client{}).Do(request)
	if err != nil {
		return 0
	}

	require.NoError(t, answer.Body.Close())

	return answer.StatusCode
}

func startReceiver(t *testing.T) *receiver {
	t.Helper()

	ports, err := freeport.Find(1)
	require.NoError(t, err)

	r := newReceiver(freeport.Loopback(ports[0]), 1, receiverFaults())
	require.NoError(t, r.start(t.Context()))
	t.Cleanup(func() { assert.NoError(t, r.close()) })
	require.NoError(t, r.trust(receiverSecret))

	return r
}

// TestAReceiverFailsAFifthOfWhatItIsTold plays each of its faults, takes everything once it is to, and nothing that is
// not signed.
func TestAReceiverFailsAFifthOfWhatItIsTold(t *testing.T) {
	t.Parallel()

	const posts = 200

	r := startReceiver(t)
	answers := map[int]int{}

	for id := range posts {
		answers[postEvent(t, r, receiverSecret, id)]++
	}

	failed := 0

	for _, fault := range receiverFaults() {
		assert.Positive(t, r.struck[fault.kind], fault.kind)
		failed += r.struck[fault.kind]
	}

	assert.InDelta(t, posts*receiverShare, failed, 20)
	assert.Equal(t, map[int]int{
		http.StatusNoContent:           posts - failed,
		http.StatusInternalServerError: r.struck[receiverError],
		http.StatusServiceUnavailable:  r.struck[receiverBusy],
		0:                              r.struck[receiverCut] + r.struck[receiverLate] + r.struck[receiverHang],
	}, answers)

	taken := 0

	for _, one := range r.listPosts() {
		if one.taken {
			taken++
		}
	}

	assert.Equal(t, posts-failed+r.struck[receiverLate], taken)

	r.stopFailing()

	for id := range 50 {
		assert.Equal(t, http.StatusNoContent, postEvent(t, r, receiverSecret, id))
	}

	assert.Equal(t, http.StatusUnauthorized, postEvent(t, r, "whsec_AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1))
	assert.Equal(t, 1, r.forged)
	assert.Len(t, r.listPosts(), posts+50)
}

// TestAReceiverThatWasKilledComesBack holds that it is away meanwhile, and keeps what it has taken.
func TestAReceiverThatWasKilledComesBack(t *testing.T) {
	t.Parallel()

	r := startReceiver(t)
	r.stopFailing()
	require.Equal(t, http.StatusNoContent, postEvent(t, r, receiverSecret, 1))

	assert.False(t, r.kill(t.Context(), time.Hour, 0), "it is spared after its start")

	back := make(chan bool)
	go func() { back <- r.kill(t.Context(), 0, 300*time.Millisecond) }()

	require.Eventually(t, func() bool { return postEvent(t, r, receiverSecret, 2) == 0 }, 5*time.Second, time.Millisecond)
	assert.True(t, <-back)
	assert.Equal(t, 1, r.kills)
	require.Equal(t, http.StatusNoContent, postEvent(t, r, receiverSecret, 3))
	assert.Equal(t, int64(1), r.listPosts()[0].Sequence)
}
