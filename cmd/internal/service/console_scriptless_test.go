package service_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

// TestPagesWorkWithoutScriptsInABrowser logs in, finds what failed by a filter, and sends it again, in a browser that
// runs no scripts.
func TestPagesWorkWithoutScriptsInABrowser(t *testing.T) {
	t.Parallel()

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	w.setFaults(sandbox.Fault{Kind: sandbox.FaultRefuse, Times: 1})
	w.call("POST", sendPath(w.people.sms.ID), sendBody("Your table is booked."))

	b := newBrowser(t, w.url)
	b.do(emulation.SetScriptExecutionDisabled(true))
	b.logIn(w)
	b.do(chromedp.WaitNotVisible("#hint", chromedp.ByQuery)) // scripts show it

	b.filterFailures("bounced")
	b.awaitShown(mainHas("p", "No delivery fits these filters."))
	b.filterFailures("rejected")

	b.clickByMouse(mainHas("tbody/tr", "rejected")+`//a[contains(@href, "/deliveries/")]`, chromedp.BySearch)
	b.clickByMouse(`//main//summary[normalize-space(.)="Try again"]`, chromedp.BySearch)
	b.clickByMouse(`main details[open] form button`, chromedp.ByQuery)
	b.awaitShown(mainHas("h1", "Delivery to"))

	w.eventually(func() bool {
		listed := w.call("GET", "/deliveries?status=delivered", nil)
		require.Equal(t, http.StatusOK, listed.status, listed.raw)

		return listed.at("items", 0) != nil
	})

	b.filterFailures("delivered")
	b.awaitShown(mainHas("tbody/tr", "delivered"))
}

// filterFailures chooses one status on Failures. It needs no scripts of the page.
func (b *browser) filterFailures(status string) {
	b.Helper()
	b.clickByMouse(`//nav//a[normalize-space(.)="Failures"]`, chromedp.BySearch)
	b.clickByMouse(`//main//summary[contains(normalize-space(.), "Status")]`, chromedp.BySearch)
	b.clickByMouse(`main form.filters input[value="`+status+`"]`, chromedp.ByQuery)
	b.clickByMouse(`//main//button[normalize-space(.)="Filter"]`, chromedp.BySearch)
	b.awaitShown(`//main//summary[contains(., "Status: ` + status + `")]`)
}
