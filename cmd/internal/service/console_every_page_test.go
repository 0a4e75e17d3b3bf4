package service_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/console"
)

// deskWidth is the widest window that pages are made for.
const deskWidth = 1920

// TestEveryPageIsSoundInABrowser opens every page that the console serves, with all that can be opened on it, and holds
// that axe-core finds nothing, and that the page is as wide as its window: a telephone, a laptop, and a desk.
func TestEveryPageIsSoundInABrowser(t *testing.T) {
	t.Parallel()

	s := newShownEvening(t)
	b := newBrowser(t, s.url)

	b.open(console.Root + "/login")
	b.requireSound("login")
	b.requireFaultsFound()
	b.logIn(s.env)

	// The page after a form that shows a secret once.
	b.open(s.below("/settings/webhooks"))
	b.openCommand("", "Create an endpoint")
	b.enter("url", "http://"+strings.TrimSpace(s.config.ToolHosts)+"/events")
	b.press()
	b.awaitText("secret")
	b.requireSound("a secret")

	b.do(chromedp.SendKeys("#find", s.people.ana.Name+kb.Enter, chromedp.ByQuery))
	b.awaitText("words of a chat")
	b.requireSound("what was found")

	for _, path := range s.listPages() {
		b.open(path)
		assert.Equal(t, http.StatusOK, b.readStatus(), path)
		b.requireSound(path)
	}

	b.open(s.below("/no-such-page"))
	assert.Equal(t, http.StatusNotFound, b.readStatus())
	b.requireSound("a failure")
}

// readStatus returns the status of the answer that the page came with.
func (b *browser) readStatus() int {
	b.Helper()

	var status int

	b.do(chromedp.Evaluate(`performance.getEntriesByType('navigation')[0].responseStatus`, &status))

	return status
}

// requireFaultsFound holds that a page would be found that is too wide, and one that not everybody can read.
func (b *browser) requireFaultsFound() {
	b.Helper()
	b.do(chromedp.Evaluate(
		`document.querySelector('main').append(document.createElement('img'));
		document.querySelector('main img').style = 'display: block; width: 2000px; height: 1px;'`,
		nil,
	))
	assert.Positive(b, b.countOverflow())
	assert.NotEmpty(b, b.findViolations())
}

// requireSound holds what every page must be, in all widths.
func (b *browser) requireSound(name string) {
	b.Helper()
	b.do(chromedp.Evaluate(
		`document.querySelectorAll('main details:not(.menu)').forEach((details) => { details.open = true; })`,
		nil,
	))

	for _, width := range []int64{phoneWidth, deskWidth, laptopWidth} {
		b.resize(width)
		assert.LessOrEqual(b, b.countOverflow(), int64(0), "%s is wider than its window of %d", name, width)
	}

	assert.Empty(b, b.findViolations(), "axe-core finds this on %s", name)
}

// listPages returns the paths of all pages of the workspace, with ids of the evening, and of some that say that there
// is nothing.
func (s *shownEvening) listPages() []string {
	s.Helper()

	pages, err := console.New(console.Config{
		API:             s.url,
		Doer:            &http.Client{},
		Logger:          slog.New(slog.DiscardHandler),
		ShowsComponents: true,
	})
	require.NoError(s, err)

	filled := s.fillPatterns()
	paths := []string{
		s.below("/failures?counted=yes"),
		s.below("/failures?status=bounced"),
		s.below("/deliveries/" + s.twice),
		s.below(fmt.Sprintf("/chats/%d", s.people.email.ID)),
	}

	for _, pattern := range pages.Patterns() {
		path, isPage := strings.CutPrefix(pattern, "GET ")
		if !isPage || strings.HasPrefix(path, console.Root+"/static/") || strings.HasSuffix(path, ".csv") {
			continue
		}

		path = strings.TrimSuffix(strings.Replace(path, "{workspace}", string(s.ws), 1), "{$}")

		if strings.Contains(path, "{") {
			below := strings.TrimPrefix(path, s.below(""))
			require.Contains(s, filled, below, "the page needs an id of the evening")
			path = s.below(filled[below])
		}

		paths = append(paths, path)
	}

	return paths
}

// fillPatterns returns the paths of pages that show one thing, by their patterns.
func (s *shownEvening) fillPatterns() map[string]string {
	s.Helper()

	first := func(list, field string) string {
		found := s.call("GET", list, nil)
		require.NotNil(s, found.at("items", 0, field), "%s: %s", list, found.raw)

		return fmt.Sprint(found.at("items", 0, field))
	}

	chat := fmt.Sprintf("/chats/%d", s.people.sms.ID)
	person := fmt.Sprintf("/people/%d", s.people.ana.ID)
	bulk := "/failures/bulk/" + s.beginBulkRetry()

	return map[string]string{
		"/actions/{id}":               "/actions/" + first("/approvals?state=waiting", "action_id"),
		"/chats/{id}":                 chat,
		"/chats/{id}/summaries":       chat + "/summaries",
		"/deliveries/{id}":            "/deliveries/" + s.review,
		"/failures/bulk/{id}":         bulk,
		"/failures/bulk/{id}/skipped": bulk + "/skipped",
		"/inbound/{id}":               "/inbound/" + first("/inbound", "id"),
		"/people/{id}":                person,
		"/people/{id}/merge":          fmt.Sprintf("%s/merge?into=%d", person, s.people.priya.ID),
		"/settings/tools/{id}":        "/settings/tools/" + first("/tools", "id"),
		"/settings/webhooks/{id}":     "/settings/webhooks/" + first("/webhook-endpoints", "id"),
	}
}
