package sandbox_test

import (
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

func TestStatusCallbacks(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	w := setup(t, fastCallbacks)
	w.sms(t, "StatusCallback", h.url+"/status?d=7&a=1#rc=5&rp=all")

	sent := h.next(t)
	assert.Equal(t, "/status?d=7&a=1", sent.target, "the fragment is for Twilio alone")
	form := h.twilioForm(t, sent)
	m := w.settled(t, 0)
	assert.NotEmpty(t, sent.header.Get("I-Twilio-Idempotency-Token"))

	for name, want := range map[string]string{
		"MessageSid":          m.SID,
		"SmsSid":              m.SID,
		"MessageStatus":       "sent",
		"SmsStatus":           "sent",
		"To":                  ana,
		"From":                ours,
		"AccountSid":          account,
		"ApiVersion":          "2010-04-01",
		"ErrorCode":           "",
		"MessagingServiceSid": "",
	} {
		assert.Equal(t, want, form.Get(name), name)
	}

	form = h.twilioForm(t, h.next(t))
	assert.Equal(t, "delivered", form.Get("MessageStatus"))
	assert.Regexp(t, `^\d{10}$`, form.Get("RawDlrDoneDate"))

	var resource map[string]any
	w.do(t, http.MethodGet, "/2010-04-01/Accounts/"+account+"/Messages/"+m.SID+".json", "", asTwilioCaller).
		decode(t, &resource)

	assert.Equal(t, "delivered", resource["status"])
	assert.NotNil(t, resource["date_sent"])
	assert.Nil(t, resource["error_code"])
}

func TestUndeliveredMessageOfAService(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	w := setup(t, fastCallbacks)
	require.NoError(t, w.SetFaults(sandbox.Fault{Kind: sandbox.Undelivered}))
	w.sms(t, "StatusCallback", h.url+"/status", "From", "", "MessagingServiceSid", service)
	assert.Equal(t, service, h.twilioForm(t, h.next(t)).Get("MessagingServiceSid"))
	form := h.twilioForm(t, h.next(t))
	assert.Equal(t, "undelivered", form.Get("MessageStatus"))
	assert.Equal(t, "30003", form.Get("ErrorCode"))
	assert.NotEmpty(t, form.Get("From"), "the service has picked a sender")

	m := w.settled(t, 0)
	assert.Equal(t, 30003, m.ErrorCode)
	assert.Equal(t, form.Get("From"), m.From)
	assert.Equal(t, 30003, w.list(t, messagesPath).Messages[0].ErrorCode)
}

func TestCallbackIsRepeatedUntilItIsTaken(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	h.status.Store(http.StatusInternalServerError)

	w := setup(t, fastCallbacks)
	w.sms(t, "StatusCallback", h.url+"/status#rc=5&rp=all")

	tokens := map[string]int{}

	repeated := 0
	for repeated < 2 { // sent and delivered
		token := h.next(t).header.Get("I-Twilio-Idempotency-Token")
		if tokens[token]++; tokens[token] == 2 {
			repeated++
		}
	}

	h.status.Store(http.StatusNoContent)
	assert.Len(t, tokens, 2, "a repetition has the token of the first")
}

func TestCallbacksMisbehave(t *testing.T) {
	t.Parallel()

	statuses := func(t *testing.T, calls int, faults ...sandbox.Fault) (told []string) {
		t.Helper()
		h := newHook(t)
		w := setup(t, fastCallbacks)
		require.NoError(t, w.SetFaults(faults...))
		w.sms(t, "StatusCallback", h.url+"/status")
		w.settled(t, 0)

		for range calls {
			told = append(told, h.twilioForm(t, h.next(t)).Get("MessageStatus"))
		}

		require.NoError(t, w.Close())
		assert.Empty(t, h.calls)

		return told
	}

	for name, c := range map[string]struct {
		faults []sandbox.Fault
		want   []string
	}{
		"twice":    {[]sandbox.Fault{{Kind: sandbox.CallbackTwice}}, []string{"sent", "sent", "delivered", "delivered"}},
		"disorder": {[]sandbox.Fault{{Kind: sandbox.CallbackDisorder}}, []string{"delivered", "sent"}},
		"never":    {[]sandbox.Fault{{Kind: sandbox.CallbackNever}}, nil},
		"delay":    {[]sandbox.Fault{{Kind: sandbox.CallbackDelay, Delay: time.Millisecond}}, []string{"delivered", "sent"}},
		"contradict": {
			[]sandbox.Fault{{Kind: sandbox.CallbackContradict}},
			[]string{"sent", "undelivered", "delivered"},
		},
		"together": {
			[]sandbox.Fault{{Kind: sandbox.CallbackDisorder}, {Kind: sandbox.Bounce}, {Kind: sandbox.CallbackTwice}},
			[]string{"undelivered", "undelivered", "sent", "sent"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			told := statuses(t, len(c.want), c.faults...)
			if name == "delay" {
				assert.ElementsMatch(t, c.want, told)
				return
			}

			assert.Equal(t, c.want, told)
		})
	}
}

func TestEarlyCallbackComesBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	w := setup(t, fastCallbacks)
	require.NoError(t, w.SetFaults(sandbox.Fault{Kind: sandbox.CallbackEarly}))
	release := w.Hold()
	var answeredYet atomic.Bool
	answered := make(chan answer)

	go func() {
		got := w.sms(t, "StatusCallback", h.url+"/status")

		answeredYet.Store(true)

		answered <- got
	}()

	assert.Equal(t, "sent", h.twilioForm(t, h.next(t)).Get("MessageStatus"))
	assert.False(t, answeredYet.Load())
	release()
	assert.Equal(t, http.StatusCreated, (<-answered).status)
	assert.Equal(t, "delivered", h.twilioForm(t, h.next(t)).Get("MessageStatus"))
}

func TestMessageGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	path := filepath.Join(t.TempDir(), "sandbox.jsonl")
	before := setup(t, func(c *sandbox.Config) { c.File = path })
	require.NoError(t, before.SetFaults(sandbox.Fault{Kind: sandbox.Undelivered}))
	before.sms(t, "StatusCallback", h.url+"/status")
	before.mail(t, validMail)
	require.NoError(t, before.Close())

	w := setup(t, fastCallbacks, func(c *sandbox.Config) { c.File = path })
	assert.Empty(t, w.Faults(), "faults are forgotten")
	assert.Equal(t, "sent", h.twilioForm(t, h.next(t)).Get("MessageStatus"))
	assert.Equal(t, "undelivered", h.twilioForm(t, h.next(t)).Get("MessageStatus"), "what was decided stays")
	bounced := w.mailSettled(t)
	m := w.settled(t, 0)
	require.NoError(t, w.Close())

	again := reopenSandbox(t, path, nil)
	assert.Equal(t, []sandbox.Message{m}, again.Messages(sandbox.MessageFilter{}))
	assert.Equal(t, []sandbox.Mail{bounced}, again.Mails())
}

func TestAContradictionIsToldAfterARestart(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	path := filepath.Join(t.TempDir(), "sandbox.jsonl")
	before := setup(t, func(c *sandbox.Config) { c.File = path })
	require.NoError(t, before.SetFaults(
		sandbox.Fault{Kind: sandbox.CallbackContradict, Times: 1},
		sandbox.Fault{Kind: sandbox.CallbackNever, Times: 1},
	))
	before.sms(t, "StatusCallback", h.url+"/silent")
	require.NoError(t, before.SetFaults(sandbox.Fault{Kind: sandbox.CallbackContradict}))
	before.sms(t, "StatusCallback", h.url+"/status")
	before.mail(t, validMail)
	require.NoError(t, before.Close())

	w := setup(t, fastCallbacks, func(c *sandbox.Config) { c.File = path })

	for _, want := range []string{"sent", "undelivered", "delivered"} {
		call := h.next(t)
		assert.Equal(t, "/status", call.target, "the first message stays silent")
		assert.Equal(t, want, h.twilioForm(t, call).Get("MessageStatus"))
	}

	assert.Equal(
		t,
		[]sandbox.FaultKind{sandbox.CallbackNever, sandbox.CallbackContradict},
		w.Messages(sandbox.MessageFilter{})[0].Faults,
	)
	assert.Empty(t, w.Mails()[0].Faults, "a mail is not contradicted")
}

func TestForgottenMessageGoesNowhere(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	w := setup(t, fastCallbacks)
	require.NoError(t, w.SetFaults(sandbox.Fault{Kind: sandbox.CallbackEarly}))
	release := w.Hold()

	answered := make(chan answer)
	go func() { answered <- w.sms(t, "StatusCallback", h.url+"/status") }()

	h.next(t)
	require.NoError(t, w.Forget())
	release()
	assert.Equal(t, http.StatusCreated, (<-answered).status)
	w.sms(t)
	w.settled(t, 0)
	require.NoError(t, w.Close())
	assert.Empty(t, h.calls)
}
