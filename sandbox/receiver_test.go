package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

const aWebhook = `{"type": "delivery.settled", "explanation": "A delivery has its <b>final</b> status."}`

// receivers are the receivers as programs see them.
type receivers struct {
	Receivers []struct {
		Name, Mode string
		Older      int
		Posts      []sandbox.ReceivedWebhook
	}
}

func (w *world) receivers(t *testing.T) receivers {
	t.Helper()

	var listed receivers
	w.get(t, "/sandbox/webhooks.json").decode(t, &listed)

	return listed
}

// form posts a form of the page.
func (w *world) form(t *testing.T, path string, fields url.Values) answer {
	t.Helper()

	return w.do(t, http.MethodPost, path, fields.Encode(), func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	})
}

// TestAReceiverSaysWhyAPostIsNotVerified goes through all reasons.
func TestAReceiverSaysWhyAPostIsNotVerified(t *testing.T) {
	t.Parallel()

	pasted, asked, foreign := secretOf("pasted"), secretOf("asked"), secretOf("foreign")
	w := setup(t, func(c *sandbox.Config) {
		c.WebhookSecrets = func(context.Context) ([]string, error) { return []string{asked}, nil }
	})

	require.Equal(t, http.StatusSeeOther,
		w.form(t, "/sandbox/webhooks/demo/secret", url.Values{"secret": {pasted}}).status)

	now := time.Now()
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			signedBy(t, pasted, aWebhook, now)(r)
			r.Header.Set(name, value)
		}
	}

	for name, post := range map[string]struct {
		sign    func(*http.Request)
		problem string
	}{
		"pasted":    {signedBy(t, pasted, aWebhook, now), ""},
		"asked for": {signedBy(t, asked, aWebhook, now), ""},
		"foreign":   {signedBy(t, foreign, aWebhook, now), "the signature fits none of 2 secrets"},
		"changed":   {signedBy(t, asked, `{}`, now), "the signature fits none of 2 secrets"},
		"old":       {signedBy(t, asked, aWebhook, now.Add(-6*time.Minute)), "more than five minutes ago"},
		"new":       {signedBy(t, asked, aWebhook, now.Add(6*time.Minute)), "in the future"},
		"unsigned":  {nil, "is missing"},
		"no time":   {header("webhook-timestamp", "noon"), "webhook-timestamp is no number"},
	} {
		status := http.StatusNoContent
		if post.problem != "" {
			status = http.StatusUnauthorized
		}

		got := w.do(t, http.MethodPost, "/sandbox/webhooks/demo", aWebhook, post.sign)
		assert.Equal(t, status, got.status, name)

		newest := w.receivers(t).Receivers[0].Posts[0]
		assert.Contains(t, newest.Problem, post.problem, name)
		assert.Equal(t, post.problem == "", newest.Problem == "", name)
		assert.Contains(t, got.body, newest.Problem, name)
		assert.Equal(t, "delivery.settled", newest.Type)
	}

	page := w.page(t, "").body
	assert.Contains(t, page, "not verified: the signature fits none of 2 secrets")
	assert.Contains(t, page, "&lt;b&gt;final&lt;/b&gt;")
	assert.NotContains(t, page, pasted, "a secret is not shown")
}

// TestAReceiverWithoutASecretSaysSo names what to do, and so does its empty state.
func TestAReceiverWithoutASecretSaysSo(t *testing.T) {
	t.Parallel()

	w := setup(t)
	assert.Contains(t, w.page(t, "").body, "paste its secret here")
	assert.NotContains(t, w.page(t, "").body, "Create the endpoint and send a test")

	got := w.do(t, http.MethodPost, "/sandbox/webhooks/demo", aWebhook, signedBy(t, secretOf("one"), aWebhook, time.Now()))
	assert.Equal(t, http.StatusUnauthorized, got.status)
	assert.Contains(t, w.page(t, "").body, "no secret is known: create the endpoint here, or paste its secret")
}

// TestAReceiverFailsWhenToldTo shows how it answers, and goes back to accepting.
func TestAReceiverFailsWhenToldTo(t *testing.T) {
	t.Parallel()

	secret := secretOf("one")
	w := setup(t, func(c *sandbox.Config) {
		c.WebhookSecrets = func(context.Context) ([]string, error) { return []string{secret}, nil }
	})
	post := func() answer {
		return w.do(t, http.MethodPost, "/sandbox/webhooks/demo", aWebhook, signedBy(t, secret, aWebhook, time.Now()))
	}

	for _, told := range []struct {
		mode   string
		status int
	}{{"error", 500}, {"unavailable", 503}, {"gone", 410}, {"accept", 204}} {
		set := w.form(t, "/sandbox/webhooks/demo/answer", url.Values{"mode": {told.mode}})
		require.Equal(t, http.StatusSeeOther, set.status)

		got := post()
		assert.Equal(t, told.status, got.status)
		assert.Equal(t, told.status == 503, got.header.Get("Retry-After") == "30")

		page := w.page(t, "").body
		assert.Contains(t, page, `<option value="`+told.mode+`" selected>`)
		assert.Contains(t, page, "answered "+strconv.Itoa(told.status))
	}

	assert.Contains(t, w.page(t, "").body, "the same id came before")
	assert.Equal(t, http.StatusBadRequest,
		w.form(t, "/sandbox/webhooks/demo/answer", url.Values{"mode": {"sleep"}}).status)
	assert.Equal(t, http.StatusBadRequest,
		w.form(t, "/sandbox/webhooks/demo/secret", url.Values{"secret": {"whsec_?"}}).status)

	require.Equal(t, http.StatusSeeOther,
		w.form(t, "/sandbox/webhooks/demo/answer", url.Values{"mode": {"hang"}}).status)

	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()

	request, err := http.NewRequestWithContext(
		ctx, http.MethodPost, w.url+"/sandbox/webhooks/demo", strings.NewReader(aWebhook))
	require.NoError(t, err)

	_, err = http.DefaultClient.Do(request) //nolint:bodyclose // there is no answer
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Contains(t, w.page(t, "").body, "not answered")
}

// TestReceiversKeepTheNewest bounds what is kept, by the number of receivers and of posts.
func TestReceiversKeepTheNewest(t *testing.T) {
	t.Parallel()

	w := setup(t)

	for i := range 105 {
		w.do(t, http.MethodPost, "/sandbox/webhooks/demo", fmt.Sprintf(`{"type": "number.%d"}`, i), nil)
	}

	demo := w.receivers(t).Receivers[0]
	assert.Len(t, demo.Posts, 100)
	assert.Equal(t, 5, demo.Older)
	assert.Equal(t, "number.104", demo.Posts[0].Type)
	assert.Contains(t, w.page(t, "").body, "75 older posts not shown")

	for i := range 25 {
		want := http.StatusUnauthorized
		if i >= 19 {
			want = http.StatusNotFound
		}

		got := w.do(t, http.MethodPost, "/sandbox/webhooks/other"+strconv.Itoa(i), `{}`, nil)
		assert.Equal(t, want, got.status, i)
	}

	assert.Len(t, w.receivers(t).Receivers, 20)

	w.do(t, http.MethodDelete, "/sandbox", "", nil)
	assert.Empty(t, w.receivers(t).Receivers[0].Posts)
	assert.Contains(t, w.page(t, "").body, "<button disabled>")
}

// TestThePageCreatesAnEndpoint asks the service for one, and shows what goes wrong.
func TestThePageCreatesAnEndpoint(t *testing.T) {
	t.Parallel()

	var asked []string

	w := setup(t, func(c *sandbox.Config) {
		c.CreateEndpoint = func(_ context.Context, path string) error {
			asked = append(asked, path)
			if strings.HasSuffix(path, "broken") {
				return errors.New("there are 50 endpoints")
			}

			return nil
		}
	})

	assert.Contains(t, w.page(t, "").body, "Create the endpoint and send a test")
	assert.Equal(t, http.StatusSeeOther, w.form(t, "/sandbox/webhooks/demo/create", nil).status)

	broken := w.form(t, "/sandbox/webhooks/broken/create", nil)
	assert.Equal(t, http.StatusBadGateway, broken.status)
	assert.Contains(t, broken.body, "there are 50 endpoints")
	assert.Equal(t, []string{"/sandbox/webhooks/demo", "/sandbox/webhooks/broken"}, asked)
	assert.Equal(t, http.StatusNotFound, w.form(t, "/sandbox/webhooks/no%20name/create", nil).status)
}
