package sandbox_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

// attempt is a post of which anything may become.
func (w *world) attempt(t *testing.T, channel string) (answer, error) {
	t.Helper()

	path := messagesPath
	body := smsForm().Encode()
	as := asTwilioCaller

	if channel == sandbox.ChannelEmail {
		path = "/v3/mail/send"
		body = validMail
		as = asSendGridCaller
	}

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+path, strings.NewReader(body))
	require.NoError(t, err)
	as(r)

	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

	res, err := c.Do(r)
	if err != nil {
		return answer{}, err
	}

	defer res.Body.Close()

	read, err := io.ReadAll(res.Body)

	return answer{status: res.StatusCode, header: res.Header, body: string(read)}, err
}

func TestFaultsOfThePost(t *testing.T) {
	t.Parallel()

	const broken = 0
	for _, c := range []struct {
		fault     sandbox.Fault
		sms, mail int
		code      string // that the SMS is refused with
		kept      bool
	}{
		{
			fault: sandbox.Fault{Kind: sandbox.FaultCut},
			sms:   broken,
			mail:  broken,
			kept:  true,
		},
		{
			fault: sandbox.Fault{Kind: sandbox.FaultError},
			sms:   500,
			mail:  500,
			code:  "20500",
			kept:  true,
		},
		{
			fault: sandbox.Fault{Kind: sandbox.FaultTruncate},
			sms:   201,
			mail:  202,
			kept:  true,
		},
		{
			fault: sandbox.Fault{Kind: sandbox.FaultSlow, Delay: time.Millisecond},
			sms:   201,
			mail:  202,
			kept:  true,
		},
		{
			fault: sandbox.Fault{Kind: sandbox.FaultRateLimit, Delay: 1500 * time.Millisecond},
			sms:   429,
			mail:  429,
			code:  "20429",
		},
		{fault: sandbox.Fault{Kind: sandbox.FaultRedirect}, sms: 302, mail: 302},
		{fault: sandbox.Fault{Kind: sandbox.FaultUnavailable}, sms: 503, mail: 503},
		{fault: sandbox.Fault{Kind: sandbox.FaultDown}, sms: broken, mail: broken},
		{
			fault: sandbox.Fault{Kind: sandbox.FaultRefuse},
			sms:   400,
			mail:  400,
			code:  "21614",
		},
		{
			fault: sandbox.Fault{Kind: sandbox.FaultSuspended},
			sms:   401,
			mail:  401,
			code:  "20003",
		},
		{
			fault: sandbox.Fault{Kind: sandbox.FaultOptedOut},
			sms:   400,
			mail:  202,
			code:  "21610",
		},
	} {
		t.Run(string(c.fault.Kind), func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			require.NoError(t, w.SetFaults(c.fault))
			sms, smsErr := w.attempt(t, sandbox.ChannelSMS)
			mail, mailErr := w.attempt(t, sandbox.ChannelEmail)
			assert.Equal(t, c.sms, sms.status)
			assert.Equal(t, c.mail, mail.status)
			cut := c.sms == broken || c.fault.Kind == sandbox.FaultTruncate
			assert.Equal(t, cut, smsErr != nil)
			assert.Equal(t, cut, mailErr != nil)

			if c.code != "" {
				assert.Contains(t, sms.body, `"code":`+c.code)
			}

			if c.fault.Kind == sandbox.FaultRateLimit {
				assert.Equal(t, "2", sms.header.Get("Retry-After"))
				assert.Equal(t, "2", mail.header.Get("Retry-After"))
			}

			assert.Equal(t, c.kept, len(w.Messages(sandbox.MessageFilter{})) == 1)
			assert.Equal(t, c.kept || c.mail == http.StatusAccepted, len(w.Mails()) == 1)
		})
	}
}

func TestLatePostIsAcceptedAfterItsConnectionWasCut(t *testing.T) {
	t.Parallel()
	w := setup(t)
	require.NoError(t, w.SetFaults(sandbox.Fault{Kind: sandbox.FaultLate, Delay: time.Millisecond}))
	_, err := w.attempt(t, sandbox.ChannelSMS)
	require.Error(t, err)
	_, err = w.attempt(t, sandbox.ChannelEmail)
	require.Error(t, err)
	_, err = w.Await(t.Context(), func(sandbox.Message) bool { return true })
	require.NoError(t, err)
	_, err = w.AwaitMail(t.Context(), func(sandbox.Mail) bool { return true })
	require.NoError(t, err)
}

func TestCloseEndsSlowAnswers(t *testing.T) {
	t.Parallel()
	w := setup(t)
	require.NoError(t, w.SetFaults(sandbox.Fault{Kind: sandbox.FaultSlow, Delay: time.Hour}))

	answered := make(chan answer)
	go func() { answered <- w.sms(t) }()

	_, err := w.Await(t.Context(), func(sandbox.Message) bool { return true })
	require.NoError(t, err)
	require.NoError(t, w.Close())
	assert.Equal(t, http.StatusCreated, (<-answered).status)
}

func TestFaultRules(t *testing.T) {
	t.Parallel()
	w := setup(t)
	require.NoError(t, w.SetFaults(
		sandbox.Fault{Kind: sandbox.FaultRefuse, Channel: sandbox.ChannelSMS},
		sandbox.Fault{Kind: sandbox.FaultRateLimit, To: ben, Times: 2},
	))

	assert.Equal(t, http.StatusBadRequest, w.sms(t).status)
	assert.Equal(t, http.StatusTooManyRequests, w.sms(t, "To", ben).status, "a rule for an address wins")
	assert.Equal(t, http.StatusTooManyRequests, w.sms(t, "To", ben).status)
	assert.Equal(t, http.StatusBadRequest, w.sms(t, "To", ben).status, "and is spent")
	assert.Equal(t, http.StatusAccepted, w.mail(t, validMail).status, "the other channel is not concerned")
	assert.Equal(t, []int{2, 2}, []int{w.Faults()[0].Struck, w.Faults()[1].Struck})

	require.Error(t, w.SetFaults(sandbox.Fault{Kind: "flood"}))
	assert.Len(t, w.Faults(), 2, "nothing is changed by what makes no sense")
}

func TestFaultRateIsRepeatable(t *testing.T) {
	t.Parallel()

	statuses := func(seed uint64) (got []int) {
		w := setup(t, func(c *sandbox.Config) { c.Seed = seed })
		require.NoError(t, w.SetFaults(sandbox.Fault{Kind: sandbox.FaultRefuse, Rate: 0.3}))

		for range 60 {
			got = append(got, w.sms(t).status)
		}

		return got
	}

	first := statuses(7)
	assert.Equal(t, first, statuses(7))
	assert.NotEqual(t, first, statuses(8))
	assert.Contains(t, first, http.StatusBadRequest)
	assert.Contains(t, first, http.StatusCreated)
}

func (w *world) put(t *testing.T, body string) answer {
	t.Helper()
	return w.do(t, http.MethodPut, "/sandbox/faults", body, nil)
}

func TestFaultsOverHTTP(t *testing.T) {
	t.Parallel()
	w := setup(t)
	assert.JSONEq(t, `[]`, w.get(t, "/sandbox/faults").body)

	got := w.put(t, `[{"fault": "slow", "to": "+14155550123", "channel": "phone-sms"},
		{"fault": "cut", "rate": 0.1, "times": 3, "delay": "250ms"}, {"fault": "error", "rate": 0}]`)

	assert.Equal(t, http.StatusOK, got.status)

	want := `[{"fault":"slow","rate":1,"to":"+14155550123","channel":"phone-sms","times":0,"delay":"40s","struck":0},
		{"fault":"cut","rate":0.1,"to":"","channel":"","times":3,"delay":"250ms","struck":0}]`

	assert.JSONEq(t, want, got.body, "a rate of nothing is left out")
	assert.JSONEq(t, want, w.get(t, "/sandbox/faults").body)

	for name, body := range map[string]string{
		"no list":   `{"fault":"cut"}`,
		"kind":      `[{"fault":"flood"}]`,
		"rate":      `[{"fault":"cut","rate":2}]`,
		"channel":   `[{"fault":"cut","channel":"fax"}]`,
		"times":     `[{"fault":"cut","times":-1}]`,
		"delay":     `[{"fault":"cut","delay":"soon"}]`,
		"negative":  `[{"fault":"cut","delay":"-1s"}]`,
		"no number": `[{"fault":"cut","rate":"often"}]`,
	} {
		assert.Equal(t, http.StatusBadRequest, w.put(t, body).status, name)
	}

	assert.JSONEq(t, want, w.get(t, "/sandbox/faults").body)
	assert.Equal(t, http.StatusOK, w.put(t, `[]`).status)
	assert.Empty(t, w.Faults())
}

func (w *world) post(t *testing.T, path string, pairs ...string) answer {
	t.Helper()

	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}

	return w.do(t, http.MethodPost, path, values.Encode(), func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	})
}

func TestFaultsOnThePage(t *testing.T) {
	t.Parallel()
	w := setup(t)
	calm := w.page(t, "")
	assert.Contains(t, calm.body, "None: the providers and the tools behave.")

	added := w.post(
		t,
		"/sandbox/faults/add",
		"fault",
		"late",
		"percent",
		"12.5",
		"channel",
		"email",
		"to",
		"",
		"times",
		"2",
		"delay",
		"3s",
	)

	assert.Equal(t, http.StatusSeeOther, added.status)

	assert.Equal(t, []sandbox.Fault{{
		Kind:    sandbox.FaultLate,
		Rate:    0.125,
		Channel: sandbox.ChannelEmail,
		Times:   2,
		Delay:   3 * time.Second,
	}}, w.Faults())

	page := w.page(t, "")
	assert.Contains(t, page.body, "12.5 %")
	assert.Contains(t, page.body, `<option value="down">down: closes the connection and does not take it</option>`)
	assert.NotContains(t, page.body, ": </option>", "each fault is explained")
	assert.NotEqual(t, calm.header.Get("ETag"), page.header.Get("ETag"), "the page keeps itself fresh")

	for _, wrong := range [][]string{{"fault", "flood"}, {"fault", "cut", "percent", "0"}, {"fault", "cut", "times", "often"}} {
		assert.Equal(t, http.StatusBadRequest, w.post(t, "/sandbox/faults/add", wrong...).status)
	}

	w.post(t, "/sandbox/faults/add", "fault", "cut")
	w.post(t, "/sandbox/faults/remove", "number", "1", "fault", "cut")
	assert.Len(t, w.Faults(), 2, "another rule is there by now")
	w.post(t, "/sandbox/faults/remove", "number", "1", "fault", "late")
	assert.Equal(t, []sandbox.Fault{{Kind: sandbox.FaultCut}}, w.Faults())
	w.post(t, "/sandbox/faults/reset")
	assert.Empty(t, w.Faults())
}
