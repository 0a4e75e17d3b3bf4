package service_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/console"
)

// maxFirstPage is how many bytes a browser gets that opens the console for the first time: the page, and all that it
// loads.
const maxFirstPage = 50_000

// TestTheFirstPageOfTheConsoleIsLight counts what goes over the wire to a browser that takes gzip.
func TestTheFirstPageOfTheConsoleIsLight(t *testing.T) {
	t.Parallel()

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	made := w.call("POST", "/sessions", nil)
	require.Equal(t, http.StatusCreated, made.status, made.raw)

	cookie := &http.Cookie{Name: "__Secure-handrail_session_" + string(w.ws), Value: made.at("key").(string)}
	page, total := w.fetch("/console/w/"+string(w.ws)+"/", cookie)

	files := regexp.MustCompile(`(?:src|href)="(/console/static/[^"]+)"`).FindAllStringSubmatch(page, -1)
	require.Len(t, files, 6)

	for _, file := range files {
		_, size := w.fetch(file[1], cookie)
		total += size
	}

	assert.LessOrEqual(t, total, maxFirstPage)
	t.Logf("the first page has %d bytes on the wire", total)
}

// fetch returns a page or file as it is sent, and its size in bytes.
func (w *env) fetch(path string, cookie *http.Cookie) (body string, size int) {
	w.Helper()

	request, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.url+path, nil)
	require.NoError(w, err)
	request.AddCookie(cookie)
	request.Header.Set("Accept-Encoding", "gzip")

	answer, err := (&http.Client{}).Do(request)
	require.NoError(w, err)

	defer answer.Body.Close()

	raw, err := io.ReadAll(answer.Body)
	require.NoError(w, err)
	require.Equal(w, http.StatusOK, answer.StatusCode, path)

	return string(raw), len(raw)
}

// TestComponentsAreAccessibleInABrowser looks at everything that pages are made of, on a telephone and on a desk,
// in light and in dark.
func TestComponentsAreAccessibleInABrowser(t *testing.T) {
	t.Parallel()

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	b := newBrowser(t, w.url)

	for _, width := range []int64{phoneWidth, laptopWidth} {
		b.resize(width)
		b.open("/console/components")
		b.awaitText("An empty list")
		assert.LessOrEqual(t, b.countOverflow(), int64(0), "the page is not wider than its window")
		b.requireAccessible()
	}
}

// TestAThousandRowsScrollInABrowser opens a list of a thousand deliveries, which is more than the API gives at once, and goes
// through it by the keys.
func TestAThousandRowsScrollInABrowser(t *testing.T) {
	t.Parallel()

	const workspace = "11111111-1111-4111-8111-111111111111"

	api := httptest.NewServer(http.HandlerFunc(answerThousandRows))
	t.Cleanup(api.Close)

	handler, err := console.New(console.Config{
		API:    api.URL,
		Doer:   api.Client(),
		Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)

	pages := httptest.NewServer(handler)
	t.Cleanup(pages.Close)

	b := newBrowser(t, pages.URL)
	b.do(network.SetCookie("__Secure-handrail_session_"+workspace, "hr_session").
		WithURL(pages.URL + console.Root).
		WithSecure(true))
	b.open(console.Root + "/w/" + workspace + "/failures")
	b.awaitText("+1555999")
	b.do(chromedp.KeyEvent("jjjk"))
	assert.Equal(t, 1, b.currentRow(), "the third row, and up one")

	b.do(chromedp.Evaluate(`for (let i = 0; i < 120; i++) {
		document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true }));
	}`, nil))
	assert.Equal(t, 121, b.currentRow())

	var isSeen bool

	b.do(chromedp.Evaluate(`(() => {
		const row = document.querySelector('tr.current').getBoundingClientRect();
		return row.top >= 0 && row.bottom <= innerHeight;
	})()`, &isSeen))
	assert.True(t, isSeen, "the chosen row is scrolled to")

	// This API has no stream of events.
	b.awaitText("This page has not been updated for less than a minute")
}

// currentRow returns which row the keys have chosen, from 0.
func (b *browser) currentRow() int {
	b.Helper()

	var row int

	b.do(chromedp.Evaluate(
		`[...document.querySelectorAll('main tbody tr')].findIndex((row) => row.classList.contains('current'))`,
		&row,
	))

	return row
}

// answerThousandRows plays an API whose list of deliveries has a page of a thousand.
func answerThousandRows(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Handrail-Version", "2026-11-29")

	switch {
	case strings.HasSuffix(r.URL.Path, "/session"):
		_, _ = io.WriteString(w, `{"kind":"session","workspace_id":"11111111-1111-4111-8111-111111111111",`+
			`"member_name":"Ana","scopes":["deliveries:read"]}`)
	case strings.HasSuffix(r.URL.Path, "/deliveries"):
		rows := make([]string, 1000)
		for i := range rows {
			rows[i] = fmt.Sprintf(
				`{"id":"01934f6e-7f30-7b22-9b3d-%012d","status":"undelivered","channel":"phone-sms",`+
					`"to":"+1555%03d",`+
					`"created_at":"2026-11-30T10:00:00Z","explanation":"The carrier could not deliver it."}`,
				i,
				i,
			)
		}

		_, _ = io.WriteString(w, `{"items":[`+strings.Join(rows, ",")+`],"next_cursor":null}`)
	default:
		http.Error(w, `{"status":503,"code":"unavailable","detail":"there is no stream"}`, http.StatusServiceUnavailable)
	}
}
