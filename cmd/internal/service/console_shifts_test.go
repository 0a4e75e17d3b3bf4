package service_test

import (
	"fmt"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

// What is on a page stays where it is, while more comes.

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

// pushDown moves all of the page.
const pushDown = `
	document.querySelector('main').prepend(document.createElement('div'));
	document.querySelector('main > div').style.height = '200px';
`

const (
	// noShift is what moves so little that nobody notices.
	noShift = 0.01
	// smallShift is what browsers call good.
	smallShift = 0.1
)

// requireStill holds that the page moves by less than a part of its window while something happens. A browser that
// measures nothing does not pass: the page is moved on purpose in the end.
func (b *browser) requireStill(maxShift float64, happens func()) {
	b.Helper()
	b.do(chromedp.Evaluate(noteShifts, nil))
	happens()

	var shifts []struct {
		Value float64  `json:"value"`
		Moved []string `json:"moved"`
	}

	b.do(chromedp.Evaluate(`window.shifts`, &shifts))

	sum := 0.0
	for _, shift := range shifts {
		sum += shift.Value
	}

	assert.Less(b, sum, maxShift, "%+v", shifts)

	b.do(chromedp.Evaluate(`window.shifts.length = 0`, nil), chromedp.Evaluate(pushDown, nil))
	b.await(`window.shifts.some((shift) => shift.value > 0.01)`, "the browser has not measured that the page was moved")
}

func watchNowForShifts(n *night) {
	n.noor.lookAtNow()
	n.noor.requireStill(noShift, func() {
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
	})
}

// decideWhileMoreComes has a card come above the one in which Noor decides.
func decideWhileMoreComes(n *night) {
	const text = "You get 30 back."

	n.sendWithTool(n.newCustomer(), text, "refund")
	n.noor.click("Decisions")
	n.noor.openCommand(cardOf(text), "Refuse")
	n.noor.enter("reason", "nobody has paid that")
	n.noor.awaitStream()

	var before, after, above float64

	top := `document.querySelector('main details[open] form button').getBoundingClientRect().top`
	n.noor.do(chromedp.Evaluate(top, &before))

	came := n.sendToNobody()
	n.noor.awaitText(came.phone)
	n.noor.do(
		chromedp.Evaluate(top, &after),
		chromedp.Evaluate(
			`[...document.querySelectorAll('main article.card')]
				.find((card) => card.innerText.includes('`+came.phone+`')).getBoundingClientRect().top`,
			&above,
		),
	)
	assert.Less(n, above, after, "the card has come above")
	assert.InDelta(n, before, after, 1, "the button is where it was")

	n.noor.press()
	n.noor.await(`!document.body.innerText.includes('`+text+`')`, "the card has stayed")
}

// watchDeliveryForShifts has a message arrive whose delivery is looked at: its first sentence changes, and what may be
// done.
func watchDeliveryForShifts(n *night) {
	to := n.newCustomer()
	n.strike(to, sandbox.CallbackNever)
	n.w.sendTo(to, taken)
	n.noor.open("/console/w/" + string(n.w.ws) + "/deliveries/" + n.deliveryTo(to))
	n.noor.awaitStream()
	n.noor.requireStill(smallShift, func() {
		sent := n.w.box.Messages(sandbox.MessageFilter{To: to.phone})
		n.w.reportSMS(&sent[0], "delivered", "")
		n.noor.awaitText("reports it as delivered")
	})
}

// deliveryTo returns the id of the newest delivery to a customer.
func (n *night) deliveryTo(to customerOf) string {
	n.Helper()

	id, isText := n.w.call("GET", fmt.Sprintf("/deliveries?chat_id=%d", to.chat), nil).at("items", 0, "id").(string)
	require.True(n, isText)

	return id
}
