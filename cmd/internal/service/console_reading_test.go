package service_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	browserdomain "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

// TestPagesHelpTheirReaderInABrowser tries what pages do for who reads them: they obey keys, copy, and show times in the
// zone of the reader.
func TestPagesHelpTheirReaderInABrowser(t *testing.T) {
	t.Parallel()

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	w.setFaults(sandbox.Fault{Kind: sandbox.FaultRefuse, Times: 1})
	w.call("POST", sendPath(w.people.sms.ID), sendBody("Your table is booked."))

	b := newBrowser(t, w.url)
	b.logIn(w)

	t.Run("keys lead to the sections and to the search", func(t *testing.T) { obeyKeys(b.within(t)) })
	t.Run("what is copied is what is shown", func(t *testing.T) { copyTexts(b.within(t)) })
	t.Run("times are in the zone of the reader", func(t *testing.T) { readTimes(b.within(t)) })
	t.Run("what could not be fetched is asked for again", func(t *testing.T) { fetchAgain(b.within(t)) })
}

// fetchAgain lets there be too many requests when the groups of failures are asked for.
func fetchAgain(b *browser) {
	executor := cdp.WithExecutor(b.ctx, chromedp.FromContext(b.ctx).Target)

	var isRefused atomic.Bool

	chromedp.ListenTarget(b.ctx, func(event any) {
		paused, isPaused := event.(*fetch.EventRequestPaused)
		if !isPaused {
			return
		}

		answer := func() error { return fetch.ContinueRequest(paused.RequestID).Do(executor) }
		if isRefused.CompareAndSwap(false, true) {
			answer = func() error {
				return fetch.FulfillRequest(paused.RequestID, http.StatusTooManyRequests).Do(executor)
			}
		}

		// Whoever listens must not wait for the browser.
		go func() { assert.NoError(b, answer()) }()
	})

	b.do(fetch.Enable().WithPatterns([]*fetch.RequestPattern{{URLPattern: "*counted=yes*"}}))
	b.click("Failures")
	b.awaitText("Retry all")
	assert.True(b, isRefused.Load())
}

func obeyKeys(b *browser) {
	for _, section := range []struct{ key, name string }{
		{"d", "Decisions"},
		{"f", "Failures"},
		{"c", "Chats"},
		{"p", "People"},
		{"s", "Settings"},
		{"n", "Now"},
	} {
		b.do(chromedp.KeyEvent("g" + section.key))
		b.await(
			isComplete+` && document.querySelector('nav a[aria-current]')?.innerText === '`+section.name+`'`,
			"the key %q does not lead to %s",
			section.key,
			section.name,
		)
	}

	b.pressKey("/")
	b.await(`document.activeElement.id === 'find'`, "the cursor is not in the search")
	b.do(chromedp.KeyEvent("gd"))

	var typed string

	b.do(chromedp.Value("#find", &typed, chromedp.ByQuery))
	assert.Equal(b, "gd", typed, "where one types, keys are letters")
}

// pressKey presses a key as keyboards do: a page that obeys it keeps the letter from what has the cursor then.
// [chromedp.KeyEvent] types the letter all the same.
func (b *browser) pressKey(key string) {
	b.Helper()
	b.do(
		input.DispatchKeyEvent(input.KeyDown).WithKey(key).WithText(key),
		input.DispatchKeyEvent(input.KeyUp).WithKey(key),
	)
}

func copyTexts(b *browser) {
	granted := browserdomain.GrantPermissions([]browserdomain.PermissionType{
		browserdomain.PermissionTypeClipboardReadWrite,
		browserdomain.PermissionTypeClipboardSanitizedWrite,
	}).WithOrigin(b.origin)
	require.NoError(b, granted.Do(cdp.WithExecutor(b.ctx, chromedp.FromContext(b.ctx).Browser)))

	b.lookAtNow()
	b.click("Write a note of this page")
	b.click("Copy the note")
	b.requireCopied("incident-note", "chat whose customer has written")

	b.openFirstFailure()
	b.click("Copy the sentence")
	b.requireCopied("customer-sentence", "message")
}

// openFirstFailure goes to the delivery at the top of Failures.
func (b *browser) openFirstFailure() {
	b.Helper()
	b.click("Failures")
	b.clickFirst(`main tbody a[href*="/deliveries/"]`)
	b.awaitText("What has happened")
	b.await(isComplete, "the scripts of the page do not run")
}

// requireCopied holds that the clipboard has the text of an element, and some words.
func (b *browser) requireCopied(id, words string) {
	b.Helper()

	var copied, shown string

	require.True(b, holdsWithin(browserPatience, func() bool {
		b.do(
			chromedp.Evaluate(`navigator.clipboard.readText()`, &copied, awaitPromise),
			chromedp.Evaluate(`document.getElementById('`+id+`').textContent.trim()`, &shown),
		)

		return copied == shown
	}), "what is shown is not copied")
	assert.Contains(b, copied, words)
}

// shownTime is a time on a page: as a program reads it, as people do, and what they see when they point at it.
type shownTime struct {
	At    time.Time `json:"at"`
	Text  string    `json:"text"`
	Title string    `json:"title"`
}

func readTimes(b *browser) {
	// Kabul has no summer time.
	kabul := time.FixedZone("Asia/Kabul", 4*3600+1800)

	b.do(emulation.SetTimezoneOverride(kabul.String()), emulation.SetLocaleOverride().WithLocale("en-GB"))
	b.openFirstFailure()

	var times []shownTime

	b.do(chromedp.Evaluate(
		`[...document.querySelectorAll('main time[datetime]:not([data-age])')].map((time) => ({
			at: time.dateTime, text: time.textContent, title: time.title,
		}))`,
		&times,
	))
	require.NotEmpty(b, times)

	for _, shown := range times {
		assert.Contains(b, shown.Text, shown.At.In(kabul).Format("15:04:05"))
		assert.Contains(b, shown.Title, shown.At.UTC().Format("15:04:05"))
		assert.True(b, strings.HasSuffix(shown.Title, " UTC"), shown.Title)
	}

	assert.Contains(b, b.text(), "Times are in Asia/Kabul, those of filters in UTC.")
}
