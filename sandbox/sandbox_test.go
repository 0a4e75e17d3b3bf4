package sandbox_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

const (
	account    = "AC0123456789abcdef0123456789abcdef"
	token      = "sandboxtoken"
	arrivalKey = "SG.sandbox"
	service    = "MG0123456789abcdef0123456789abcdef"
	ours       = "+15550001111"
	ana        = "+14155550123"
	ben        = "+442071838750"
)

// world is a sandbox behind a real listener.
type world struct {
	*sandbox.Sandbox
	url string
}

func testConfig() sandbox.Config {
	// What is accepted stays as it is, unless a test is about what becomes of it.
	return sandbox.Config{
		AccountSID:    account,
		AuthToken:     token,
		SendGridKey:   arrivalKey,
		CallbackDelay: time.Hour,
	}
}

func setup(t *testing.T, with ...func(*sandbox.Config)) *world {
	t.Helper()

	c := testConfig()
	for _, change := range with {
		change(&c)
	}

	box, err := sandbox.New(c)
	require.NoError(t, err)

	server := httptest.NewServer(box.Handler())

	t.Cleanup(func() {
		require.NoError(t, box.Close())
		server.Close()
	})

	return &world{Sandbox: box, url: server.URL}
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) decode(t *testing.T, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.body), into), a.body)
}

func (w *world) do(t *testing.T, method, path string, body string, change func(*http.Request)) answer {
	t.Helper()
	// No require: it is called from other goroutines too.
	r, err := http.NewRequestWithContext(t.Context(), method, w.url+path, strings.NewReader(body))
	if !assert.NoError(t, err) { //nolint:testifylint // see above
		return answer{}
	}

	if change != nil {
		change(r)
	}

	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

	res, err := client.Do(r)
	if !assert.NoError(t, err) { //nolint:testifylint // see above
		return answer{}
	}

	defer res.Body.Close()

	read, err := io.ReadAll(res.Body)
	if !assert.NoError(t, err) { //nolint:testifylint // see above
		return answer{}
	}

	return answer{status: res.StatusCode, header: res.Header, body: string(read)}
}

func (w *world) get(t *testing.T, path string) answer {
	t.Helper()
	return w.do(t, http.MethodGet, path, "", nil)
}

const messagesPath = "/2010-04-01/Accounts/" + account + "/Messages.json"

func asTwilioCaller(r *http.Request) {
	r.SetBasicAuth(account, token)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
}

// smsForm is a valid SMS, changed; an empty value removes a parameter.
func smsForm(pairs ...string) url.Values {
	values := url.Values{"To": {ana}, "From": {ours}, "Body": {"Hello Ana"}}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])

		if pairs[i+1] == "" {
			values.Del(pairs[i])
		}
	}

	return values
}

func (w *world) sms(t *testing.T, pairs ...string) answer {
	t.Helper()
	return w.do(t, http.MethodPost, messagesPath, smsForm(pairs...).Encode(), asTwilioCaller)
}

const validMail = `{"from":{"email":"care@acme.example","name":"Acme Care"},
	"personalizations":[{"to":[{"email":"ana@customer.example","name":"Ana Lopez"}],"custom_args":{"delivery_id":"d-1"}}],
	"subject":"Your order","headers":{"References":"<conv-1@acme.example>"},"custom_args":{"fence":"1"},
	"content":[{"type":"text/plain","value":"It has left."},{"type":"text/html","value":"<p>It has <b>left</b>.</p>"}]}`

func asSendGridCaller(r *http.Request) {
	r.Header.Set("Authorization", "Bearer "+arrivalKey)
	r.Header.Set("Content-Type", "application/json")
}

func (w *world) mail(t *testing.T, body string) answer {
	t.Helper()
	return w.do(t, http.MethodPost, "/v3/mail/send", body, asSendGridCaller)
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()

	for name, change := range map[string]func(*sandbox.Config){
		"AccountSID":  func(c *sandbox.Config) { c.AccountSID = "" },
		"AuthToken":   func(c *sandbox.Config) { c.AuthToken = "not alphanumeric" },
		"SendGridKey": func(c *sandbox.Config) { c.SendGridKey = "" },
		"Latency":     func(c *sandbox.Config) { c.Latency = -time.Second },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			c := testConfig()
			change(&c)
			_, err := sandbox.New(c)
			require.ErrorContains(t, err, name)
		})
	}
}

func TestAwait(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.sms(t, "Body", "first")

	already, err := w.Await(t.Context(), func(m sandbox.Message) bool { return m.Body == "first" })
	require.NoError(t, err)
	assert.Equal(t, ana, already.To)

	var seen []string
	third := make(chan sandbox.Message)

	go func() {
		m, err := w.Await(t.Context(), func(m sandbox.Message) bool {
			seen = append(seen, m.Body)
			return len(seen) == 3
		})

		assert.NoError(t, err)

		third <- m
	}()

	w.sms(t, "Body", "second")
	w.sms(t, "Body", "third")
	assert.Equal(t, "third", (<-third).Body)
	assert.Equal(t, []string{"first", "second", "third"}, seen, "every message once, in order")

	w.mail(t, validMail)
	mail, err := w.AwaitMail(t.Context(), func(m sandbox.Mail) bool { return m.Subject == "Your order" })
	require.NoError(t, err)
	assert.Equal(t, "ana@customer.example", mail.To[0].Email)

	ended, cancel := context.WithCancel(t.Context())
	cancel()

	_, err = w.Await(ended, func(sandbox.Message) bool { return false })
	require.ErrorIs(t, err, context.Canceled)
}

func TestAwaitSurvivesForgetting(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.sms(t, "Body", "before")

	looking := make(chan struct{})
	found := make(chan sandbox.Message)

	go func() {
		m, err := w.Await(t.Context(), func(m sandbox.Message) bool {
			if m.Body == "before" {
				close(looking)
			}

			return m.Body == "after"
		})

		assert.NoError(t, err)

		found <- m
	}()

	<-looking
	require.NoError(t, w.Forget())
	w.sms(t, "Body", "after")
	assert.Equal(t, "after", (<-found).Body)
}

func TestHoldKeepsAnAcceptedSendUnanswered(t *testing.T) {
	t.Parallel()
	w := setup(t)
	release := w.Hold()
	another := w.Hold()

	answered := make(chan answer, 2)
	go func() { answered <- w.sms(t) }()
	go func() { answered <- w.mail(t, validMail) }()

	_, err := w.Await(t.Context(), func(sandbox.Message) bool { return true })
	require.NoError(t, err)
	_, err = w.AwaitMail(t.Context(), func(sandbox.Mail) bool { return true })
	require.NoError(t, err)

	assert.Equal(t, http.StatusBadRequest, w.sms(t, "To", "").status, "a refusal is not held")
	assert.Equal(t, http.StatusOK, w.do(t, http.MethodGet, messagesPath, "", asTwilioCaller).status, "nor is a look-up")
	release()
	release()
	assert.Empty(t, answered, "the other hold is still in force")
	another()

	assert.ElementsMatch(
		t,
		[]int{http.StatusCreated, http.StatusAccepted},
		[]int{(<-answered).status, (<-answered).status},
	)

	assert.Equal(t, http.StatusCreated, w.sms(t).status, "nothing is held any more")
}

func TestHeldSendIsKeptWhenTheCallerHangsUp(t *testing.T) {
	t.Parallel()

	w := setup(t)
	defer w.Hold()()

	ctx, hangUp := context.WithCancel(t.Context())
	failed := make(chan error)

	go func() {
		r, err := http.NewRequestWithContext(
			ctx,
			http.MethodPost,
			w.url+messagesPath,
			strings.NewReader(smsForm().Encode()),
		)
		if err == nil {
			asTwilioCaller(r)

			var res *http.Response
			if res, err = new(http.Client).Do(r); err == nil {
				err = res.Body.Close()
			}
		}

		failed <- err
	}()

	_, err := w.Await(t.Context(), func(sandbox.Message) bool { return true })
	require.NoError(t, err)
	hangUp()
	require.ErrorIs(t, <-failed, context.Canceled)
	assert.Len(t, w.Messages(sandbox.MessageFilter{}), 1, "accepted, and never answered")
}

func TestCloseReleasesAndRefuses(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.Hold()

	answered := make(chan answer)
	go func() { answered <- w.sms(t) }()

	_, err := w.Await(t.Context(), func(sandbox.Message) bool { return true })
	require.NoError(t, err)
	require.NoError(t, w.Close())
	assert.Equal(t, http.StatusCreated, (<-answered).status)

	assert.Equal(t, http.StatusInternalServerError, w.sms(t).status)
	assert.Equal(t, http.StatusInternalServerError, w.mail(t, validMail).status)
	require.Error(t, w.Forget())
	assert.Equal(t, http.StatusInternalServerError, w.do(t, http.MethodDelete, "/sandbox", "", nil).status)
	assert.Equal(t, http.StatusInternalServerError, w.do(t, http.MethodPost, "/sandbox/empty", "", nil).status)
	assert.Len(t, w.Messages(sandbox.MessageFilter{}), 1)
}

func TestLatencyIsSpentAfterKeeping(t *testing.T) {
	t.Parallel()
	const latency = 40 * time.Millisecond
	w := setup(t, func(c *sandbox.Config) { c.Latency = latency })
	began := time.Now()

	assert.Equal(t, http.StatusCreated, w.sms(t).status)
	assert.GreaterOrEqual(t, time.Since(began), latency)
}

func TestTools(t *testing.T) {
	t.Parallel()
	w := setup(t)
	assert.JSONEq(t, `{"status":"ok"}`, w.get(t, "/healthz").body)
	assert.JSONEq(t, `{"messages":[]}`, w.get(t, "/sandbox/messages.json").body)
	assert.JSONEq(t, `{"mails":[],"answers":[]}`, w.get(t, "/sandbox/mails.json").body)

	w.sms(t)
	w.sms(t, "To", ben)
	w.mail(t, validMail)
	var messages struct{ Messages []sandbox.Message }
	w.get(t, "/sandbox/messages.json?to="+url.QueryEscape(ben)).decode(t, &messages)
	assert.Equal(t, w.Messages(sandbox.MessageFilter{To: ben}), messages.Messages)
	var mails struct{ Mails []sandbox.Mail }
	w.get(t, "/sandbox/mails.json").decode(t, &mails)
	require.Len(t, mails.Mails, 1)
	assert.Equal(t, "Your order", mails.Mails[0].Subject)

	assert.Equal(t, http.StatusNoContent, w.do(t, http.MethodDelete, "/sandbox", "", nil).status)
	assert.Empty(t, w.Messages(sandbox.MessageFilter{}))
	assert.Empty(t, w.Mails())
	assert.Equal(t, http.StatusNotFound, w.get(t, "/elsewhere").status)
}

func TestOtherSitesMayNotPost(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.sms(t)

	from := func(site string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", site) }
	}

	assert.Equal(t, http.StatusForbidden, w.do(t, http.MethodPost, "/sandbox/empty", "", from("cross-site")).status)
	assert.Len(t, w.Messages(sandbox.MessageFilter{}), 1)
	own := w.do(t, http.MethodPost, "/sandbox/empty", "", from("same-origin"))
	assert.Equal(t, http.StatusSeeOther, own.status)
	assert.Equal(t, "/", own.header.Get("Location"))
	assert.Empty(t, w.Messages(sandbox.MessageFilter{}))
}
