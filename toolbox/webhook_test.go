package toolbox_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/toolbox"
)

const webhookEvent chat.EventID = "01983c5e-8b10-7c2d-9e3f-1a2b3c4d5e6f"

// receive verifies what docs/webhooks.md says that a receiver does, and notes what was taken.
func receive(secret string, taken *[]string) http.HandlerFunc {
	webhook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		panic(err)
	}

	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil || webhook.Verify(body, r.Header) != nil {
			http.Error(w, "not from Handrail", http.StatusUnauthorized)
			return
		}

		*taken = append(*taken, r.Header.Get("webhook-id")+" "+string(body))

		w.WriteHeader(http.StatusNoContent)
	}
}

// TestAReceiverKnowsWhatHandrailHasPosted runs the receiver of the documentation: it takes what was signed with the
// secret, also while the secret is changed, and refuses what is forged, tampered with, or was kept and posted again.
func TestAReceiverKnowsWhatHandrailHasPosted(t *testing.T) {
	t.Parallel()

	box := newBox(t, toolbox.Config{Allowed: []string{"127.0.0.1"}})
	endpoint := &chat.WebhookEndpoint{ID: 3, WorkspaceID: "w"}
	now := time.Now()

	first, err := box.NewWebhookSecret(endpoint, now)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(first, "whsec_"))
	require.NotContains(t, string(endpoint.Sealed), first)

	var taken []string

	var seen http.Header

	check := receive(first, &taken)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		check(w, r)
	}))
	t.Cleanup(server.Close)
	endpoint.URL = server.URL

	post := func() chat.WebhookAnswer {
		return box.PostWebhook(t.Context(), endpoint, webhookEvent, []byte(`{"type":"chat.created"}`))
	}

	answer := post()
	require.True(t, answer.Arrived(), "%+v", answer)
	assert.Equal(t, http.StatusNoContent, answer.Status)
	assert.Equal(t, []string{string(webhookEvent) + ` {"type":"chat.created"}`}, taken)

	// A new secret signs along with the old one for a day, and then alone.
	second, err := box.NewWebhookSecret(endpoint, now)
	require.NoError(t, err)
	assert.NotEqual(t, first, second)
	assert.True(t, new(post()).Arrived(), "the old secret")
	assert.Len(t, strings.Fields(seen.Get("webhook-signature")), 2)

	check = receive(second, &taken)

	assert.True(t, new(post()).Arrived(), "the new secret")

	_, err = box.NewWebhookSecret(endpoint, now.Add(-25*time.Hour))
	require.NoError(t, err)

	refused := post()
	assert.Equal(t, http.StatusUnauthorized, refused.Status, "the day is over")
	assert.Equal(t, "not from Handrail\n", refused.Body)
	assert.Equal(t, chat.WebhookStatusNotAccepted, refused.Fault)
}

// TestAReceiverRefusesWhatHandrailHasNotPosted is the other half.
func TestAReceiverRefusesWhatHandrailHasNotPosted(t *testing.T) {
	t.Parallel()

	secret := "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	webhook, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)

	forger, err := standardwebhooks.NewWebhook("whsec_AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)

	var taken []string

	check := receive(secret, &taken)
	body := `{"type":"chat.created"}`

	cases := map[string]struct {
		signer *standardwebhooks.Webhook
		at     time.Time
		id     string
		body   string
		want   int
	}{
		"as it was signed": {webhook, time.Now(), "e1", body, http.StatusNoContent},
		"forged":           {forger, time.Now(), "e1", body, http.StatusUnauthorized},
		"tampered with":    {webhook, time.Now(), "e1", `{"type":"chat.updated"}`, http.StatusUnauthorized},
		"another id":       {webhook, time.Now(), "e2", body, http.StatusUnauthorized},
		"kept for an hour": {webhook, time.Now().Add(-time.Hour), "e1", body, http.StatusUnauthorized},
	}

	for name, tt := range cases {
		signature, err := tt.signer.Sign("e1", tt.at, []byte(body))
		require.NoError(t, err)

		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(tt.body))
		request.Header.Set("webhook-id", tt.id)
		request.Header.Set("webhook-timestamp", strconv.FormatInt(tt.at.Unix(), 10))
		request.Header.Set("webhook-signature", signature)

		recorder := httptest.NewRecorder()
		check(recorder, request)
		assert.Equal(t, tt.want, recorder.Code, name)
	}

	assert.Len(t, taken, 1)
}

func TestAPostSaysWhatHasComeOfIt(t *testing.T) {
	t.Parallel()

	box := newBox(t, toolbox.Config{Allowed: []string{"127.0.0.1"}})
	elsewhere := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		case "/elsewhere":
			elsewhere++
		case "/busy":
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, strings.Repeat("x", 5000)+"\x00")
		case "/odd":
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "\xff\x00!")
		case "/cut":
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(server.Close)

	endpoint := &chat.WebhookEndpoint{WorkspaceID: "w"}
	_, err := box.NewWebhookSecret(endpoint, time.Now())
	require.NoError(t, err)

	post := func(url string) chat.WebhookAnswer {
		endpoint.URL = url
		answer := box.PostWebhook(t.Context(), endpoint, webhookEvent, []byte("{}"))
		answer.Duration = 0

		return answer
	}

	assert.Equal(t, chat.WebhookAnswer{Status: 307, Fault: chat.WebhookRedirectNotTaken}, post(server.URL+"/moved"))
	assert.Zero(t, elsewhere, "it is not followed")
	assert.Equal(t, chat.WebhookAnswer{
		Status:     503,
		Fault:      chat.WebhookStatusNotAccepted,
		Body:       strings.Repeat("x", chat.MaxWebhookAnswer),
		RetryAfter: 2 * time.Minute,
	}, post(server.URL+"/busy"))
	assert.Equal(t, "\uFFFD\uFFFD!", post(server.URL+"/odd").Body)
	assert.Equal(t, chat.WebhookAnswer{Fault: chat.WebhookConnectionFailed}, post(server.URL+"/cut"))
	assert.Equal(t, chat.WebhookAnswer{Fault: chat.WebhookConnectionFailed}, post("http://127.0.0.1:1"))

	endpoint.Sealed = []byte("of another key")

	assert.Equal(t, chat.WebhookAnswer{Fault: chat.WebhookSecretUnreadable}, post(server.URL))
}

// TestAWebhookReachesPublicAddressesOnly holds that the guard of tools guards posts too.
func TestAWebhookReachesPublicAddressesOnly(t *testing.T) {
	t.Parallel()

	reached := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(server.Close)

	box := newBox(t, toolbox.Config{})
	endpoint := &chat.WebhookEndpoint{WorkspaceID: "w", URL: server.URL}
	_, err := box.NewWebhookSecret(endpoint, time.Now())
	require.NoError(t, err)

	for _, url := range []string{server.URL, "https://169.254.169.254/latest", "https://[::1]/", "https://10.0.0.1/"} {
		refused := chat.AsError(box.CheckWebhookURL(t.Context(), url))
		require.Equal(t, chat.CodeAddressRefused, refused.Code, url)
		assert.Equal(t, "url", refused.Fields[0].Field)

		endpoint.URL = url
		answer := box.PostWebhook(t.Context(), endpoint, webhookEvent, []byte("{}"))
		assert.Equal(t, chat.WebhookAddressRefused, answer.Fault, url)
	}

	assert.False(t, reached)

	for url, want := range map[string]string{
		"http://1.1.1.1/":         "must begin with https://",
		"https://1.1.1.1:8443/":   "must be on port 443, not on 8443",
		"https://10.0.0.1/":       "must not be a private address",
		"https://nobody.invalid/": "is not found, or its address is private",
		"https://localhost/":      "is not found, or its address is private",
	} {
		require.ErrorContains(t, box.CheckWebhookURL(t.Context(), url), want, url)
	}

	err = box.CheckWebhookURL(t.Context(), "https://user:password@example.com/")
	require.ErrorContains(t, err, "the signature says who posts", "there are no headers to put them in")

	unsealed, err := toolbox.New(toolbox.Config{})
	require.NoError(t, err)
	_, err = unsealed.NewWebhookSecret(endpoint, time.Now())
	assert.Equal(t, chat.CodeEncryptionOff, chat.CodeOf(err))
}

// TestSecretsOfAnEndpointAreThoseThatSign knows both for a day after the change, and the new one alone afterwards.
func TestSecretsOfAnEndpointAreThoseThatSign(t *testing.T) {
	t.Parallel()

	box := newBox(t, toolbox.Config{})
	endpoint := &chat.WebhookEndpoint{ID: 3, WorkspaceID: "w"}
	now := time.Now()

	first, err := box.NewWebhookSecret(endpoint, now)
	require.NoError(t, err)

	second, err := box.NewWebhookSecret(endpoint, now)
	require.NoError(t, err)

	secrets, err := box.WebhookSecrets(endpoint, now)
	require.NoError(t, err)
	assert.Equal(t, []string{second, first}, secrets)

	secrets, err = box.WebhookSecrets(endpoint, now.Add(25*time.Hour))
	require.NoError(t, err)
	assert.Equal(t, []string{second}, secrets)
}
