package service_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newTab opens another tab of the browser.
func (b *browser) newTab() *browser {
	b.Helper()

	ctx, cancel := chromedp.NewContext(b.ctx)
	b.Cleanup(cancel)

	tab := &browser{T: b.T, window: &window{ctx: ctx, origin: b.origin}}
	tab.watch()

	return tab
}

// bringToFront shows the tab: browsers draw no other one.
func (b *browser) bringToFront() {
	b.Helper()
	b.do(page.BringToFront())
}

// TestTabsShareOneStreamInABrowser: over HTTP/1.1 a browser has six connections to a server.
func TestTabsShareOneStreamInABrowser(t *testing.T) {
	t.Parallel()

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	first := newBrowser(t, w.url)
	first.logIn(w)

	tabs := []*browser{first}

	for range 7 {
		tab := first.newTab()
		tab.open("/console/w/" + string(w.ws) + "/")
		tab.awaitText("1\nchat whose customer has written")

		tabs = append(tabs, tab)
	}

	assert.Equal(t, 1, countStreams(tabs))

	setNeedsResponse := func(needs bool) {
		changed := w.call("PATCH", fmt.Sprintf("/chats/%d", w.people.sms.ID), map[string]any{"needs_response": needs})
		require.Equal(t, http.StatusOK, changed.status, changed.raw)
	}

	setNeedsResponse(false)

	for _, tab := range tabs {
		tab.bringToFront()
		tab.awaitText("Nothing needs a person")
	}

	// Another tab takes the stream over.
	first.bringToFront()
	first.open("/healthz")
	setNeedsResponse(true)

	for _, tab := range tabs[1:] {
		tab.bringToFront()
		tab.awaitText("whose customer has written")
	}

	assert.Equal(t, 1, countStreams(tabs[1:]))
}

// countStreams returns how many tabs have a stream of their own.
func countStreams(tabs []*browser) int {
	count := 0

	for _, tab := range tabs {
		var leads bool

		tab.Helper()
		tab.do(chromedp.Evaluate("leads", &leads))

		if leads {
			count++
		}
	}

	return count
}

// TestWhatIsTypedOutlivesTheSessionInABrowser: it is sent when somebody has logged in again in another tab.
func TestWhatIsTypedOutlivesTheSessionInABrowser(t *testing.T) {
	t.Parallel()

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	b := newBrowser(t, w.url)
	b.logIn(w)

	b.open("/console/w/" + string(w.ws) + "/find")
	b.do(chromedp.SendKeys(`main [name="q"]`, "Nobody of this name", chromedp.ByQuery))

	// A link from elsewhere opens the console, though the browser sends no cookie with it.
	other := b.newTab()
	other.do(
		chromedp.Navigate(`data:text/html,<a href="`+w.url+`/console/w/`+string(w.ws)+`/people">a link</a>`),
		chromedp.Click("a", chromedp.ByQuery),
	)
	other.awaitText("All that came in")

	other.click(w.people.manager.Name)
	other.click("Log out")
	other.awaitText("You are logged out.")
	b.bringToFront()
	b.awaitText("You are logged out. What you have typed is still here.")
	b.requireAccessible()

	other.bringToFront()
	other.logIn(w)
	b.bringToFront()
	b.do(
		chromedp.WaitNotPresent("#session-state", chromedp.ByQuery),
		chromedp.Submit(`main [name="q"]`, chromedp.ByQuery),
	)
	b.awaitText("Nothing that your session may read")
}
