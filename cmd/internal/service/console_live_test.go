package service_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/sandbox"
)

// TestPagesLiveInABrowser holds what live updates promise: two people do not decide the same thing twice without
// a word, nothing that is typed is replaced, and nothing jumps.
func TestPagesLiveInABrowser(t *testing.T) {
	t.Parallel()

	n := newNight(t)

	t.Run("of two who press the same button, one is told who and when", func(t *testing.T) {
		pressTogether(n.within(t))
	})
	t.Run("nothing that is typed is replaced", func(t *testing.T) {
		typeThroughAnUpdate(n.within(t))
	})
	t.Run("a list says how many are new, and shows them by a key", func(t *testing.T) {
		countWhatIsNew(n.within(t))
	})
	t.Run("a line says that the stream is broken, and for how long", func(t *testing.T) {
		breakTheStream(n.within(t))
	})
	t.Run("a bulk retry is paused by hand, and goes on at another rate", func(t *testing.T) {
		holdBulkRetry(n.within(t))
	})
	t.Run("nothing on the first page jumps", func(t *testing.T) {
		watchNowForShifts(n.within(t))
	})
	t.Run("what somebody decides in stays where it is", func(t *testing.T) {
		decideWhileMoreComes(n.within(t))
	})
	t.Run("the page of a delivery hardly moves", func(t *testing.T) {
		watchDeliveryForShifts(n.within(t))
	})
	t.Run("the keys walk over what waits for a decision", func(t *testing.T) {
		walkOverCards(n.within(t))
	})
}

func walkOverCards(n *night) {
	first := n.sendToNobody()
	second := n.sendToNobody()
	isIn := func(to customerOf) string {
		return fmt.Sprintf(`document.activeElement.closest('article.card.current')?.innerText.includes(%q)`, to.phone)
	}

	n.mara.click("Decisions")
	n.mara.awaitText(first.phone)
	n.mara.awaitText(second.phone)

	// Before them are the cards of what others have sent.
	for range 20 {
		n.mara.do(chromedp.KeyEvent("j"))

		isThere := false
		n.mara.do(chromedp.Evaluate("Boolean("+isIn(first)+")", &isThere))

		if isThere {
			break
		}
	}

	n.mara.await(isIn(first), "j goes to the card of the first message")
	n.mara.do(chromedp.KeyEvent("j"))
	n.mara.await(isIn(second), "j goes to the next card")
	n.mara.do(chromedp.KeyEvent("k"))
	n.mara.await(isIn(first), "k goes back")
}

// sendToNobody sends a message of which nobody knows whether it was taken.
func (n *night) sendToNobody() customerOf {
	n.Helper()

	to := n.newCustomer()
	n.w.setFaults(sandbox.Fault{Kind: sandbox.FaultLate, To: to.phone, Times: 1, Delay: time.Hour})
	n.w.sendTo(to, waiting)

	return to
}

func pressTogether(n *night) {
	to := n.sendToNobody()

	for _, b := range []*browser{n.mara, n.noor} {
		b.click("Decisions")
		b.openCommand(cardOf(to.phone), "Say what became of it")
		b.choose("sent")
		b.enter("reason", "the customer has it")
	}

	n.mara.press()
	n.mara.awaitText("that wait for a person would be here")

	// The form that Noor has open has stayed, and comes too late.
	n.noor.awaitText("somebody has decided it meanwhile")
	n.noor.press()
	n.noor.awaitText("This was not done.")
	assert.Regexp(n, `Mara Feld \(member \d+\) confirmed that it was sent, at .*\d\d:\d\d`, n.noor.text())
	n.noor.awaitText("that wait for a person would be here")

	n.d.answers(func(_ deskCall, answer http.ResponseWriter) { answer.WriteHeader(http.StatusBadGateway) })
	n.sendWithTool(n.newCustomer(), "Table 4 is yours.", "book")

	for _, b := range []*browser{n.mara, n.noor} {
		b.click("Decisions")
		b.openCommand(cardOf("Table 4 is yours."), "Decide")
		b.choose("failed")
		b.enter("reason", "it is not in the book")
	}

	n.mara.press()
	n.noor.press()
	n.noor.awaitText("This was not done.")
	assert.Regexp(n, `Mara Feld \(member \d+\) resolved it as failed, at .*\d\d:\d\d`, n.noor.text())
}

func typeThroughAnUpdate(n *night) {
	to := n.sendToNobody()

	n.mara.click("Decisions")
	n.mara.openCommand(cardOf(to.phone), "Say what became of it")
	n.mara.choose("not_sent")
	n.mara.enter("reason", "Twilio's log ha")

	other := n.sendToNobody()
	n.mara.awaitText(other.phone)
	n.mara.do(chromedp.KeyEvent("s nothing"))

	var typed string

	n.mara.do(chromedp.Value(`main details[open] [name="reason"]`, &typed, chromedp.ByQuery))
	assert.Equal(n, "Twilio's log has nothing", typed, "the field has kept its text and the focus")

	var isChosen bool

	chosen := `document.querySelector('main details[open] input[value="not_sent"]').checked`
	n.mara.do(chromedp.Evaluate(chosen, &isChosen))
	assert.True(n, isChosen)
	assert.NotContains(n, n.mara.text(), "somebody has decided it meanwhile")

	n.mara.press()
	n.mara.awaitText("said that it was not sent")
	n.mara.click("Decisions")
	n.mara.openCommand(cardOf(other.phone), "Say what became of it")
	n.mara.choose("sent")
	n.mara.enter("reason", "the customer has it")
	n.mara.press()
	n.mara.awaitText("that wait for a person would be here")
}

func countWhatIsNew(n *night) {
	n.mara.click("Failures")
	n.mara.awaitStream()

	before := n.mara.countDeliveries()
	arrives := n.newCustomer()
	fails := n.newCustomer()

	// What arrives has several events.
	n.w.sendTo(arrives, taken)
	n.strike(fails, sandbox.FaultRefuse)
	n.w.sendTo(fails, failed)
	n.awaitEvent(n.mara, arrives, chat.EventDeliveryDelivered)
	n.awaitEvent(n.mara, fails, chat.EventDeliverySettled)

	assert.Equal(n, "2 new", n.mara.textOf("[data-news]"))
	assert.Equal(n, before, n.mara.countDeliveries(), "the list has not jumped")

	n.mara.pressKey("r")
	n.mara.awaitText("recipient's number is not a mobile number")
	assert.Equal(n, before+1, n.mara.countDeliveries(), "what has arrived is no failure")
}

func breakTheStream(n *night) {
	n.mara.do(network.SetBlockedURLs([]string{"*/w/*/stream"}))
	n.mara.lookAtNow()
	n.mara.awaitText("This page has not been updated for less than a minute: the stream of events is broken.")

	n.mara.do(chromedp.Evaluate(`brokenSince -= 2 * 60000; sayBroken()`, nil))
	n.mara.awaitText("This page has not been updated for 2 min")

	n.mara.do(network.SetBlockedURLs([]string{}))
	n.mara.await(`document.getElementById('stream-state').hidden`, "the line has stayed")
	n.mara.awaitStream()
}

func holdBulkRetry(n *night) {
	const all = 20

	to := n.newCustomer()
	n.w.setFaults(sandbox.Fault{Kind: sandbox.FaultRefuse, To: to.phone, Times: all})

	for range all {
		n.w.sendTo(to, failed)
	}

	begun := n.w.call("POST", "/deliveries/retry", fields(
		"status", "rejected", "chat_id", to.chat, "reason", "the number is right", "canary", 0, "rate_per_second", 1,
	))
	require.Equal(n, http.StatusAccepted, begun.status, begun.raw)

	n.mara.open("/console/w/" + string(n.w.ws) + "/failures/bulk/" + begun.at("id").(string))
	n.mara.openCommand("", "Pause")
	n.mara.enter("reason", "they write back")
	n.mara.press()
	n.mara.awaitShown(mainHas("summary", "Resume"))

	n.mara.openCommand("", "Change the rate")
	n.mara.do(chromedp.Clear(`main details[open] [name="rate_per_second"]`, chromedp.ByQuery))
	n.mara.enter("rate_per_second", "50")
	n.mara.press()
	n.mara.awaitShown(mainHas("summary", "Resume"))

	n.mara.openCommand("", "Resume")
	n.mara.enter("reason", "they have stopped")
	n.mara.press()
	n.mara.awaitText("20 of 20 have had their turn")
	n.mara.awaitText("finished")
}

// awaitStream waits until the page follows the events.
func (b *browser) awaitStream() {
	b.Helper()
	b.await(`isCurrent && brokenSince === null`, "the page does not follow the events")
}

// awaitEvent waits until the log has an event of a customer's chat, and the page has read it.
func (n *night) awaitEvent(b *browser, of customerOf, kind chat.EventType) {
	n.Helper()

	var logged response

	path := fmt.Sprintf("/events?chat_id=%d&types=%s", of.chat, kind)

	n.w.eventually(func() bool {
		logged = n.w.call("GET", path, nil)

		return logged.at("items", 0, "type") == string(kind)
	})

	sequence, _ := logged.at("items", 0, "sequence").(float64)
	b.await(fmt.Sprintf(`Number(position) >= %.0f`, sequence), "the page has not read %s", kind)
}

// countDeliveries returns how many deliveries the list of the page has.
func (b *browser) countDeliveries() int {
	b.Helper()

	var rows int

	b.do(chromedp.Evaluate(`document.querySelectorAll('main tbody a[href*="/deliveries/"]').length`, &rows))

	return rows
}

// textOf returns the text of the first element that a selector finds.
func (b *browser) textOf(selector string) string {
	b.Helper()

	var text string

	b.do(chromedp.Text(selector, &text, chromedp.ByQuery))

	return text
}
