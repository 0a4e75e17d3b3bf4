package sandbox_test

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

const aTable = `{"name":"Lopez","people":6,"at":"2026-11-27T19:00:00Z"}`

func withKey(key string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Idempotency-Key", key) }
}

type booked struct {
	BookingID string `json:"booking_id"`
	Table     int    `json:"table"`
}

func (w *world) book(t *testing.T, body, key string) booked {
	t.Helper()
	got := w.do(t, http.MethodPost, "/tools/tables", body, withKey(key))
	require.Equal(t, http.StatusCreated, got.status, got.body)
	var b booked
	got.decode(t, &b)

	return b
}

func TestATableIsBookedOnceUnderAKey(t *testing.T) {
	t.Parallel()
	w := setup(t)
	first := w.book(t, aTable, "k1")
	assert.Equal(t, 6, first.Table, "the smallest table that is big enough")
	assert.Equal(t, first, w.book(t, aTable, "k1"))
	assert.Equal(t, 7, w.book(t, aTable, "k2").Table)
	other := w.do(t, http.MethodPost, "/tools/tables", strings.Replace(aTable, "6", "2", 1), withKey("k1"))
	assert.Equal(t, http.StatusConflict, other.status)
	assert.JSONEq(t, `{"detail":"this Idempotency-Key was used for something else"}`, other.body)

	orders := w.Orders()
	require.Len(t, orders, 2)
	assert.Equal(t, 2, orders[0].Calls)
	assert.Equal(t, 1, orders[1].Calls)
}

func TestCallsAtOnceBookOneTable(t *testing.T) {
	t.Parallel()
	w := setup(t)

	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { w.do(t, http.MethodPost, "/tools/tables", aTable, withKey("same")) })
	}

	all.Wait()
	require.Len(t, w.Orders(), 1)
	assert.Equal(t, 8, w.Orders()[0].Calls)
}

func TestACanceledTableIsFreeAgain(t *testing.T) {
	t.Parallel()
	w := setup(t)
	free := func() int {
		return strings.Count(w.get(t, "/tools/tables?at=2026-11-27T20:59:00%2B01:00").body, `"seats"`)
	}

	assert.Equal(t, 8, free())
	b := w.book(t, aTable, "")
	assert.Equal(t, 7, free(), "two hours are taken, in whatever zone they are asked for")

	for range 2 {
		got := w.do(t, http.MethodDelete, "/tools/tables/"+b.BookingID, "", nil)
		assert.Equal(t, http.StatusOK, got.status)
		assert.JSONEq(t, `{"booking_id":"`+b.BookingID+`","canceled":true}`, got.body)
	}

	assert.Equal(t, 8, free())
	assert.NotNil(t, w.Orders()[0].CanceledAt)
	assert.Equal(t, http.StatusNotFound, w.do(t, http.MethodDelete, "/tools/tables/table_0", "", nil).status)
}

func TestWhatTheRestaurantRefuses(t *testing.T) {
	t.Parallel()

	w := setup(t)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		detail             string
	}{
		"too many":    {http.MethodPost, "/tools/tables", strings.Replace(aTable, "6", "13", 1), 422, "more than 12"},
		"nobody":      {http.MethodPost, "/tools/tables", strings.Replace(aTable, "6", "0", 1), 400, "people"},
		"no name":     {http.MethodPost, "/tools/tables", strings.Replace(aTable, "Lopez", " ", 1), 400, "name"},
		"no time":     {http.MethodPost, "/tools/tables", `{"name":"Lopez","people":2,"at":"Friday"}`, 400, "2026-11-27T19:00:00Z"},
		"no JSON":     {http.MethodPost, "/tools/tables", `name=Lopez`, 400, "JSON"},
		"other field": {http.MethodPost, "/tools/tables", `{"guests":2}`, 400, "fields"},
		"free when":   {http.MethodGet, "/tools/tables", "", 400, "at must be"},
		"no refund":   {http.MethodPost, "/tools/refunds", `{"amount_cents":0}`, 400, "amount_cents"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := w.do(t, c.method, c.path, c.body, nil)
			assert.Equal(t, c.status, got.status)
			assert.Contains(t, got.body, c.detail)
			assert.Empty(t, w.Orders())
		})
	}
}

func TestAFullRestaurantSaysSo(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.book(t, strings.Replace(aTable, "6", "12", 1), "")
	got := w.do(t, http.MethodPost, "/tools/tables", strings.Replace(aTable, "6", "12", 1), nil)
	assert.Equal(t, http.StatusConflict, got.status)
	assert.Contains(t, got.body, "no table for 12 people")
}

func TestOrdersOutliveTheSandbox(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "sandbox.jsonl")
	onFile := func(c *sandbox.Config) { c.File = file }
	w := setup(t, onFile)
	b := w.book(t, aTable, "k1")
	w.book(t, aTable, "k2")
	w.do(t, http.MethodDelete, "/tools/tables/"+b.BookingID, "", nil)
	before := w.Orders()
	require.NoError(t, w.Close())
	again := setup(t, onFile)
	assert.Equal(t, before, again.Orders())
	assert.Equal(t, b, again.book(t, aTable, "k1"), "a key is known after a restart, too")
	require.NoError(t, again.Forget())
	assert.Empty(t, again.Orders())
}

func secretOf(key string) string {
	return "whsec_" + base64.StdEncoding.EncodeToString([]byte(key))
}

// signedBy signs a call as Handrail does.
func signedBy(t *testing.T, secret, body string, at time.Time) func(*http.Request) {
	t.Helper()

	hook, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	signature, err := hook.Sign("msg_1", at, []byte(body))
	require.NoError(t, err)

	return func(r *http.Request) {
		r.Header.Set("Webhook-Id", "msg_1")
		r.Header.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
		r.Header.Set("Webhook-Signature", "v1,bm90IHRoaXMgb25l "+signature)
	}
}

func TestCallsMustBeSignedWhenThereAreSecrets(t *testing.T) {
	t.Parallel()

	one, two := secretOf("one of 24 bytes, no more"), secretOf("two of 24 bytes, no more")
	w := setup(t, func(c *sandbox.Config) {
		c.ToolSecrets = func(context.Context) ([]string, error) { return []string{one, two}, nil }
	})

	now := time.Now()
	for name, c := range map[string]struct {
		sign   func(*http.Request)
		status int
	}{
		"not at all":    {nil, 401},
		"with one":      {signedBy(t, one, aTable, now), 201},
		"with the next": {signedBy(t, two, aTable, now), 201},
		"another body":  {signedBy(t, one, `{}`, now), 401},
		"another key":   {signedBy(t, secretOf("three"), aTable, now), 401},
		"long ago":      {signedBy(t, one, aTable, now.Add(-time.Hour)), 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := w.do(t, http.MethodPost, "/tools/tables", aTable, c.sign)
			assert.Equal(t, c.status, got.status, got.body)
		})
	}

	got := w.do(t, http.MethodGet, "/tools/tables?at=2026-11-27T19:00:00Z", "", signedBy(t, one, "", now))
	assert.Equal(t, http.StatusOK, got.status, "a call without a body is signed over none")
}

func TestFaultsOfTools(t *testing.T) {
	t.Parallel()

	const broken = 0
	for _, c := range []struct {
		kind   sandbox.FaultKind
		status int
		acts   bool
	}{
		{sandbox.FaultCut, broken, true},
		{sandbox.FaultTruncate, broken, true},
		{sandbox.FaultError, 500, true},
		{sandbox.FaultGarbage, 200, true},
		{sandbox.FaultSlow, 201, true},
		{sandbox.FaultRateLimit, 429, false},
		{sandbox.FaultRedirect, 302, false},
		{sandbox.FaultUnavailable, 503, false},
		{sandbox.FaultRefuse, 422, false},
		{sandbox.FaultSuspended, 401, false},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			require.NoError(t, w.SetFaults(sandbox.Fault{
				Kind:    c.kind,
				Channel: sandbox.ChannelTool,
				To:      "tables",
				Delay:   time.Millisecond,
				Times:   1,
			}))

			refund := w.do(t, http.MethodPost, "/tools/refunds", `{"amount_cents":500}`, nil)
			assert.Equal(t, http.StatusCreated, refund.status, "it is for tables")
			assert.Equal(t, c.status, w.call(t))
			assert.Len(t, w.Orders(), map[bool]int{false: 1, true: 2}[c.acts])
			assert.Equal(t, http.StatusCreated, w.call(t), "once")
		})
	}
}

// call books a table and returns the answer's status, 0 when there was no whole one.
func (w *world) call(t *testing.T) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/tools/tables", strings.NewReader(aTable))
	require.NoError(t, err)

	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

	res, err := c.Do(r)
	if err != nil {
		return 0
	}

	defer res.Body.Close()

	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0
	}

	return res.StatusCode
}

func TestALateToolActsAfterItHasHungUp(t *testing.T) {
	t.Parallel()
	w := setup(t)
	require.NoError(
		t,
		w.SetFaults(sandbox.Fault{Kind: sandbox.FaultLate, Channel: sandbox.ChannelTool, Delay: time.Millisecond}),
	)

	assert.Zero(t, w.call(t))
	require.Eventually(t, func() bool { return len(w.Orders()) == 1 }, 30*time.Second, time.Millisecond)
}

func TestRulesForBothCarriersSpareTheTools(t *testing.T) {
	t.Parallel()
	w := setup(t)
	require.NoError(t, w.SetFaults(sandbox.Fault{Kind: sandbox.FaultError}))
	assert.Equal(t, http.StatusCreated, w.call(t))
	require.Error(t, w.SetFaults(sandbox.Fault{Kind: sandbox.FaultGarbage}))
}

func TestOrdersAreShown(t *testing.T) {
	t.Parallel()
	w := setup(t)
	assert.JSONEq(t, `{"bookings":[],"refunds":[],"taxis":[]}`, w.get(t, "/sandbox/bookings").body)
	assert.Contains(t, w.page(t, "").body, "<button disabled>")
	b := w.book(t, strings.Replace(aTable, "Lopez", "<b>Lopez", 1), "k1")
	w.book(t, strings.Replace(aTable, "Lopez", "<b>Lopez", 1), "k1")
	w.do(t, http.MethodPost, "/tools/refunds", `{"amount_cents":1905,"reason":"too late"}`, nil)

	page := w.page(t, "").body
	for _, want := range []string{"Table 6 for 6, &lt;b&gt;Lopez", b.BookingID, "2 calls under one key", "Refund of 19.05: too late"} {
		assert.Contains(t, page, want)
	}

	assert.NotContains(t, page, "<button disabled>")
	w.do(t, http.MethodDelete, "/tools/tables/"+b.BookingID, "", nil)
	assert.Contains(t, w.page(t, "").body, `class="canceled"`)
	shown := w.get(t, "/sandbox/bookings").body
	assert.Contains(t, shown, `"idempotency_key":"k1"`)
	assert.Contains(t, shown, `"amount_cents":1905`)
}
