package sandbox_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgrid/sendgrid-go/helpers/eventwebhook"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twilio/twilio-go/client"

	"handrail/sandbox"
)

// hook is the service under test, as far as the providers see it.
type hook struct {
	url    string
	calls  chan call
	status atomic.Int32
}

// call is one request that a provider made.
type call struct {
	target string
	header http.Header
	body   []byte
}

func newHook(t *testing.T) *hook {
	t.Helper()

	h := &hook{calls: make(chan call, 100)}
	h.status.Store(http.StatusNoContent)

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		w.WriteHeader(int(h.status.Load()))

		h.calls <- call{target: r.URL.RequestURI(), header: r.Header, body: body}
	}))

	t.Cleanup(server.Close)
	h.url = server.URL

	return h
}

func (h *hook) next(t *testing.T) call {
	t.Helper()

	select {
	case c := <-h.calls:
		return c

	case <-t.Context().Done():
	case <-time.After(30 * time.Second):
	}

	require.Fail(t, "the provider did not call")

	return call{}
}

// twilioForm is the form of a call, whose signature twilio-go has verified.
func (h *hook) twilioForm(t *testing.T, c call) url.Values {
	t.Helper()

	validator := client.NewRequestValidator(token)
	assert.True(t, validator.ValidateBody(h.url+c.target, c.body, c.header.Get("X-Twilio-Signature")))
	assert.False(t, validator.ValidateBody(h.url+c.target+"x", c.body, c.header.Get("X-Twilio-Signature")))
	form, err := url.ParseQuery(string(c.body))
	require.NoError(t, err)

	return form
}

// verifySendGrid checks a call's signature with SendGrid's own library.
func verifySendGrid(t *testing.T, publicKey string, c call) {
	t.Helper()

	public, err := eventwebhook.ConvertPublicKeyBase64ToECDSA(publicKey)
	require.NoError(t, err)

	signature, timestamp := c.header.Get(
		eventwebhook.VerificationHTTPHeader,
	), c.header.Get(
		eventwebhook.TimestampHTTPHeader,
	)

	verified, err := eventwebhook.VerifySignature(public, c.body, signature, timestamp)
	require.NoError(t, err)
	assert.True(t, verified)

	forged, err := eventwebhook.VerifySignature(public, append(c.body, ' '), signature, timestamp)
	require.NoError(t, err)
	assert.False(t, forged)
}

// fastCallbacks lets what is accepted come to its end at once.
func fastCallbacks(c *sandbox.Config) { c.CallbackDelay = time.Millisecond }

func withSigning(t *testing.T, c *sandbox.Config) (publicKey string) {
	t.Helper()
	var err error
	c.SigningKey, err = sandbox.NewSigningKey()
	require.NoError(t, err)
	publicKey, err = sandbox.PublicKey(c.SigningKey)
	require.NoError(t, err)

	return publicKey
}

// settled waits until a message has come to its end.
func (w *world) settled(t *testing.T, index int) sandbox.Message {
	t.Helper()
	var m sandbox.Message

	require.Eventually(t, func() bool {
		messages := w.Messages(sandbox.MessageFilter{})
		if len(messages) <= index {
			return false
		}

		m = messages[index]

		return m.Status == "delivered" || m.Status == "undelivered"
	}, 30*time.Second, time.Millisecond)

	return m
}

func (w *world) mailSettled(t *testing.T) sandbox.Mail {
	t.Helper()
	m, err := w.AwaitMail(t.Context(), func(sandbox.Mail) bool { return true })
	require.NoError(t, err)

	require.Eventually(t, func() bool {
		m = w.Mails()[0]
		return m.Status() == "delivered" || m.Status() == "bounced"
	}, 30*time.Second, time.Millisecond)

	return m
}
