package sendgrid_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/carrier/sendgrid"
	"handrail/chat"
)

const (
	signatureHeader = "X-Twilio-Email-Event-Webhook-Signature"
	timestampHeader = "X-Twilio-Email-Event-Webhook-Timestamp"
)

// postedAt is when the posts of these tests are signed.
var postedAt = strconv.FormatInt(time.Now().Unix(), 10)

// signer is SendGrid's side of a signed webhook.
type signer struct{ key *ecdsa.PrivateKey }

func newSigner(t require.TestingT) signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)

	return signer{key}
}

func (s signer) public(t require.TestingT) string { return encodeKey(t, &s.key.PublicKey) }

func encodeKey(t require.TestingT, key any) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	require.NoError(t, err)

	return base64.StdEncoding.EncodeToString(der)
}

// sign signs as SendGrid's documentation tells it.
func (s signer) sign(t require.TestingT, body []byte) http.Header { return s.signAt(t, postedAt, body) }

func (s signer) signAt(t require.TestingT, at string, body []byte) http.Header {
	sum := sha256.Sum256(append([]byte(at), body...))
	signature, err := ecdsa.SignASN1(rand.Reader, s.key, sum[:])
	require.NoError(t, err)

	header := http.Header{}
	header.Set(signatureHeader, base64.StdEncoding.EncodeToString(signature))
	header.Set(timestampHeader, at)

	return header
}

// newWebhook believes the signer, and another one before it.
func newWebhook(t require.TestingT, s signer) *sendgrid.Webhook {
	w, err := sendgrid.NewWebhook([]string{newSigner(t).public(t), " " + s.public(t) + "\n"})
	require.NoError(t, err)

	return w
}

func TestPublicKeys(t *testing.T) {
	t.Parallel()

	other, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)

	for name, keys := range map[string][]string{
		"none":       nil,
		"empty":      {""},
		"no base64":  {"%"},
		"no key":     {"AAAA"},
		"RSA":        {encodeKey(t, &other.PublicKey)},
		"one of two": {newSigner(t).public(t), "AAAA"},
	} {
		_, err := sendgrid.NewWebhook(keys)
		require.Error(t, err, name)
	}
}

func TestSignature(t *testing.T) {
	t.Parallel()
	s := newSigner(t)

	body := []byte(`[{"event":"delivered","sg_message_id":"a","email":"ana@mail.example","timestamp":1}]`)
	for name, change := range map[string]func(h http.Header, body []byte) []byte{
		"signed by another": func(h http.Header, body []byte) []byte {
			h.Set(signatureHeader, newSigner(t).sign(t, body).Get(signatureHeader))
			return body
		},
		"no signature":   func(h http.Header, body []byte) []byte { h.Del(signatureHeader); return body },
		"no time":        func(h http.Header, body []byte) []byte { h.Del(timestampHeader); return body },
		"two signatures": func(h http.Header, body []byte) []byte { h.Add(signatureHeader, "AAAA"); return body },
		"two times":      func(h http.Header, body []byte) []byte { h.Add(timestampHeader, "1"); return body },
		"no base64":      func(h http.Header, body []byte) []byte { h.Set(signatureHeader, "%"); return body },
		"no ASN.1":       func(h http.Header, body []byte) []byte { h.Set(signatureHeader, "AAAA"); return body },
		"another time":   func(h http.Header, body []byte) []byte { h.Set(timestampHeader, "1600112503"); return body },
		"another body": func(_ http.Header, body []byte) []byte {
			return bytes.Replace(body, []byte("delivered"), []byte("bounce"), 1)
		},
		"a body longer": func(_ http.Header, body []byte) []byte { return append(bytes.Clone(body), ' ') },
		"no body":       func(http.Header, []byte) []byte { return nil },
		"body as time": func(h http.Header, body []byte) []byte {
			h.Set(timestampHeader, postedAt+string(body[:1]))
			return body[1:]
		},
		"time as body": func(h http.Header, body []byte) []byte {
			h.Set(timestampHeader, postedAt[:4])
			return append([]byte(postedAt[4:]), body...)
		},
		"all in the body": func(h http.Header, body []byte) []byte {
			h.Set(timestampHeader, "")
			return append([]byte(postedAt), body...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := s.sign(t, body)
			changed := change(header, body)

			_, err := newWebhook(t, s).Events(header, changed)
			require.Equal(t, chat.CodeInvalidSignature, chat.CodeOf(err))
			require.NotContains(t, err.Error(), "ana@mail.example")
			_, err = newWebhook(t, s).Inbound(header, changed)
			require.Equal(t, chat.CodeInvalidSignature, chat.CodeOf(err))
		})
	}
}

// Whatever byte is changed on the way, it is refused.
func TestChangedBytes(t *testing.T) {
	t.Parallel()
	s := newSigner(t)
	w := newWebhook(t, s)
	body := []byte(`[{"event":"delivered","sg_message_id":"a","email":"ana@mail.example","timestamp":1}]`)
	header := s.sign(t, body)
	rapid.Check(t, func(t *rapid.T) {
		changed, h := bytes.Clone(body), header.Clone()
		signature, at := []byte(h.Get(signatureHeader)), []byte(h.Get(timestampHeader))
		where := rapid.SampledFrom([][]byte{changed, signature, at}).Draw(t, "where")
		where[rapid.IntRange(0, len(where)-1).Draw(t, "at")] ^= rapid.ByteRange(1, 255).Draw(t, "flip")

		h.Set(signatureHeader, string(signature))
		h.Set(timestampHeader, string(at))

		reports, err := w.Events(h, changed)
		if err == nil { // base64 has bits at its end that mean nothing, and may have line breaks
			require.Equal(t, body, changed)
			require.Len(t, reports, 1)

			return
		}

		require.Equal(t, chat.CodeInvalidSignature, chat.CodeOf(err))
	})
}

func TestReplay(t *testing.T) {
	t.Parallel()
	s := newSigner(t)
	body := []byte(`[{"event":"delivered","sg_message_id":"a.recvd-1","sg_event_id":"x","timestamp":1}]`)
	again := []byte(`[{"sg_event_id":"y","timestamp":1,"sg_message_id":"a.recvd-1","event":"delivered"}]`)
	first, err := newWebhook(t, s).Events(s.sign(t, body), body)
	require.NoError(t, err)
	second, err := newWebhook(t, s).Events(s.sign(t, again), again)
	require.NoError(t, err, "it is the same event")
	assert.Equal(t, first[0].Key, second[0].Key)
}

// What was caught is worth nothing after days, and the time cannot be shortened or moved.
func TestATimeIsWithinDays(t *testing.T) {
	t.Parallel()

	s := newSigner(t)
	w := newWebhook(t, s)
	body := []byte(`[{"event":"delivered","sg_message_id":"a.recvd-1","sg_event_id":"x","timestamp":1}]`)
	now := time.Now()

	for name, c := range map[string]struct {
		at   string
		want chat.Code
	}{
		"now":            {postedAt, ""},
		"six days ago":   {strconv.FormatInt(now.Add(-6*24*time.Hour).Unix(), 10), ""},
		"eight days ago": {strconv.FormatInt(now.Add(-8*24*time.Hour).Unix(), 10), chat.CodeInvalidSignature},
		"an hour ahead":  {strconv.FormatInt(now.Add(time.Hour).Unix(), 10), ""},
		"two days ahead": {strconv.FormatInt(now.Add(48*time.Hour).Unix(), 10), chat.CodeInvalidSignature},
		"milliseconds":   {strconv.FormatInt(now.UnixMilli(), 10), chat.CodeInvalidSignature},
		"a digit less":   {postedAt[:9], chat.CodeInvalidSignature},
		"with a sign":    {"+" + postedAt, chat.CodeInvalidSignature},
		"a blank":        {postedAt + " ", chat.CodeInvalidSignature},
	} {
		_, err := w.Events(s.signAt(t, c.at, body), body)
		assert.Equal(t, c.want, chat.CodeOf(err), name)
	}
}
