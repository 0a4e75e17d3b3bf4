package service_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"

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
	t.Run("nothing on the first page jumps", func(t *testing.T) {
		watchForShifts(n.within(t))
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

	// The first card is that of the message before.
	n.mara.do(chromedp.KeyEvent("jjj"))
	n.mara.await(isIn(second), "j does not go to the third card")
	n.mara.do(chromedp.KeyEvent("k"))
	n.mara.await(isIn(first), "k does not go back to the second card")
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

// noteShifts adds up how far what the page shows is moved by what comes, as browsers measure it.
const noteShifts = `
	window.shifts = [];
	new PerformanceObserver((list) => {
		for (const entry of list.getEntries()) {
			window.shifts.push({
				value: entry.value,
				moved: entry.sources.map((source) => source.node?.parentElement?.outerHTML.slice(0, 120)),
			});
		}
	}).observe({type: 'layout-shift', buffered: true});
`

func watchForShifts(n *night) {
	n.noor.lookAtNow()
	n.noor.do(chromedp.Evaluate(noteShifts, nil))

	to := n.newCustomer()
	n.w.replies(to.phone, "Is there a table?")
	n.noor.awaitText("whose customer has written")

	n.sendWithTool(n.newCustomer(), "You get 20 back.", "refund")
	n.noor.awaitText("for a second member")

	n.sendToNobody()
	n.noor.awaitText("for a decision")

	n.w.replies(n.newCustomer().phone, "Is there cake?")
	n.noor.await(
		`[...document.querySelectorAll('main .tile')].some((tile) => /^2\b/.test(tile.innerText))`,
		"no second chat is counted",
	)

	var shifts []struct {
		Value float64  `json:"value"`
		Moved []string `json:"moved"`
	}

	n.noor.do(chromedp.Evaluate(`window.shifts`, &shifts))

	sum := 0.0
	for _, shift := range shifts {
		sum += shift.Value
	}

	assert.Less(n, sum, 0.01, "%+v", shifts)
}
