package service_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

// logIn logs the browser in with the key of the workspace's first manager.
func (b *browser) logIn(w *env) {
	b.Helper()
	b.logInWith(w, w.secret)
}

// logInWith logs the browser in with a key.
func (b *browser) logInWith(w *env, key string) {
	b.Helper()

	b.open("/console")
	b.fill("workspace", string(w.ws))
	b.fill("key", key)
	b.click("Log in")
	b.awaitShown(sectionLink("Decisions"))
}

// sectionLink returns the XPath of the link to a section, which is on every page of those who are logged in.
func sectionLink(name string) string { return `//nav//a[normalize-space(.)="` + name + `"]` }

// TestTheConsoleIsUsedInABrowser logs in, looks at the first page, sees it change by itself, and logs out.
func TestTheConsoleIsUsedInABrowser(t *testing.T) {
	t.Parallel()

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	b := newBrowser(t, w.url)

	b.open("/console/w/" + string(w.ws) + "/")
	b.awaitText("Log in to see this page.")
	b.requireAccessible()

	b.logIn(w)
	b.awaitText("1\nchat whose customer has written")
	b.requireAccessible()

	// What changes is on the page without a look at it.
	answered := w.call("PATCH", fmt.Sprintf("/chats/%d", w.people.sms.ID), map[string]any{"needs_response": false})
	require.Equal(t, http.StatusOK, answered.status, answered.raw)
	b.awaitText("Nothing needs a person")

	b.do(chromedp.KeyEvent("?"))
	b.awaitText("next and previous row")
	b.requireAccessible()
	b.click("Close")

	b.click(w.people.manager.Name)
	b.click("Log out")
	b.awaitText("You are logged out.")

	b.open("/console/w/" + string(w.ws) + "/")
	b.awaitText("Log in to see this page.")

	assert.Equal(t, http.StatusOK, w.call("GET", "/session", nil).status, "the key goes on")
}

// TestALoginLinkLogsInOnceInABrowser opens a link as the API makes it, and opens it again.
func TestALoginLinkLogsInOnceInABrowser(t *testing.T) {
	t.Parallel()

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	b := newBrowser(t, w.url)

	made := w.call("POST", "/login-links", nil)
	require.Equal(t, http.StatusCreated, made.status, made.raw)

	link, err := url.Parse(made.at("url").(string))
	require.NoError(t, err)

	b.open(link.RequestURI())
	b.awaitText("It works once.")
	b.requireAccessible()
	b.click("Log in")
	b.awaitShown(sectionLink("Decisions"))

	somebody := b.newWindow()
	somebody.open(link.RequestURI())
	somebody.click("Log in")
	somebody.awaitText("used")
	assert.NotContains(t, somebody.text(), "Decisions", "the link logs nobody else in")
}

// TestASupportLeadMendsAFailedSendInABrowser plays it by clicks alone: what failed is found, explained and sent again.
func TestASupportLeadMendsAFailedSendInABrowser(t *testing.T) {
	t.Parallel()

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	b := newBrowser(t, w.url)

	w.setFaults(sandbox.Fault{Kind: "refuse", Times: 1})
	w.call("POST", sendPath(w.people.sms.ID), sendBody("Your table is booked."))

	b.logIn(w)
	b.click("Failures")
	b.awaitText("rejected")
	b.requireAccessible()

	b.clickFirst(`main tbody a[href*="/deliveries/"]`)
	b.awaitText("What has happened")
	b.requireAccessible()

	b.click("Try again")
	b.clickFirst(`details[open] form button`)
	b.awaitText("reports it as delivered")
	b.requireAccessible()

	for _, page := range []string{"decisions", "chats", "people", "settings", "actions", "failures/bulk", "inbound"} {
		b.open("/console/w/" + string(w.ws) + "/" + page)
		b.do(chromedp.WaitVisible("h1", chromedp.ByQuery))
		b.requireAccessible()
	}
}
