package service_test

import (
	"fmt"

	"github.com/chromedp/chromedp"
)

// What people do on the pages of the console, by clicks and typing alone.

// mainHas returns the XPath of elements of the page's own part that have a text in them.
func mainHas(element, text string) string {
	return fmt.Sprintf(`//main//%s[contains(normalize-space(.), "%s")]`, element, text)
}

// cardOf returns the XPath of the card on the page of decisions that has a text in it.
func cardOf(text string) string { return mainHas(`article[contains(@class, "card")]`, text) }

// isComplete reports whether the page is loaded, so that its scripts hear clicks and keys.
const isComplete = `document.readyState === 'complete'`

// lookAtNow goes to the first page.
func (b *browser) lookAtNow() {
	b.Helper()
	b.click("Now")
	b.await(
		isComplete+` && document.querySelector('nav a[aria-current]')?.innerText === 'Now'`,
		"the page Now is not shown",
	)
}

// followTile goes to the first page, waits for the tile that says something, and opens it.
func (b *browser) followTile(says string) {
	b.Helper()
	b.lookAtNow()
	b.awaitText(says)
	b.clickOn(mainHas("a", says))
}

// awaitCalm waits until the first page says that nothing needs a person.
func (b *browser) awaitCalm() {
	b.Helper()
	b.lookAtNow()
	b.awaitText("Nothing needs a person")
}

// openCommand opens the form of a command, of those in an element; "" for all of the page.
func (b *browser) openCommand(within, name string) {
	b.Helper()

	if within == "" {
		within = "//main"
	}

	b.clickOn(fmt.Sprintf(`%s//summary[normalize-space(.)="%s"]`, within, name))
	b.await(`document.querySelector('main details[open] form') !== null`, "the form of %q is not open", name)
}

// enter types a value into a field of the form that is open.
func (b *browser) enter(field, value string) {
	b.Helper()
	b.do(chromedp.SendKeys(`main details[open] [name="`+field+`"]`, value, chromedp.ByQuery, chromedp.NodeVisible))
}

// choose ticks the box, or the one of several, whose value it is, in the form that is open.
func (b *browser) choose(value string) {
	b.Helper()
	b.clickFirst(`main details[open] input[value="` + value + `"]`)
}

// press presses the button of the form that is open, and waits for the page that comes then.
func (b *browser) press() {
	b.Helper()
	b.clickFirst(`main details[open] form button`)
	b.await(
		`document.readyState === 'complete' && document.querySelector('main details[open] form') === null`,
		"the form is still open",
	)
}

// openDelivery goes from the page of a chat to that of the delivery of a message.
func (b *browser) openDelivery(text string) {
	b.Helper()
	b.clickOn(mainHas("article", text) + `//a[contains(@href, "/deliveries/")]`)
	b.awaitText("Sent through")
}
