package service_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
)

// TestOneComesBackInABrowser searches for a number, writes by the keys alone, and comes back by the browser's Back.
func TestOneComesBackInABrowser(t *testing.T) {
	t.Parallel()

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	b := newBrowser(t, w.url)
	b.logIn(w)

	b.do(chromedp.SendKeys("#find", w.people.ana.Phone+kb.Enter, chromedp.ByQuery, chromedp.NodeVisible))
	b.click(w.people.ana.Name)
	b.awaitText("Write to them")
	b.requireAccessible()

	b.do(chromedp.NavigateBack())
	b.awaitText("words of a chat")
	b.awaitText(w.people.ana.Phone)

	b.open(fmt.Sprintf("/console/w/%s/chats/%d", w.ws, w.people.sms.ID))
	b.awaitText("You see it before it is sent.")
	b.requireAccessible()

	b.pressKey("w")
	b.do(chromedp.KeyEvent("Written by keys"))

	var written string

	b.do(chromedp.Value(`main [data-write]`, &written, chromedp.ByQuery))
	assert.Equal(t, "Written by keys", written)

	b.do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(2))) // Ctrl
	b.awaitText("Preview again")
	b.requireAccessible()

	b.click("Send")
	b.awaitText("Your message:")
	b.awaitText("in the place of " + w.people.assistant.Name)
	b.requireAccessible()

	b.do(chromedp.NavigateBack())
	b.awaitText("Preview again")

	assert.Contains(t, b.text(), "Written by keys")
}
