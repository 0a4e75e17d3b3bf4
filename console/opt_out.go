package console

import (
	"strconv"

	"github.com/a-h/templ"

	"handrail/chat"
	"handrail/client"
)

// The verdicts of a form about a possible opt-out.
const (
	optedOutYes = "yes"
	optedOutNo  = "no"
)

// optOutVerdict is a decision whether a member has opted out, as a command offers it.
type optOutVerdict struct {
	value, name string
	// consequence says what happens by it.
	consequence string
	tone        string
}

var optOutVerdicts = []optOutVerdict{
	{
		value:       optedOutYes,
		name:        "They have opted out",
		consequence: "Nothing is sent to them on this channel any more, until they opt in again.",
		tone:        toneBad,
	},
	{
		value:       optedOutNo,
		name:        "They have not opted out",
		consequence: "What waits for this decision is sent.",
		tone:        tonePlain,
	},
}

// heldMember returns the id of the member of whom somebody must decide whether they have opted out, since the delivery
// waits for that; "" if it does not.
func (d *deliveryView) heldMember() string {
	isHeld := d.ErrorCode == chat.ErrorPossibleOptOut && client.ValueOf(d.WaitingFor) == client.WaitingPerson
	if !isHeld {
		return ""
	}

	// The API names the recipient, who need not be the customer of the chat, in this sentence.
	found := namedThings.FindStringSubmatch(d.ErrorMessage)
	if found == nil {
		return ""
	}

	return found[4]
}

// decideOptOut decides whether a member has opted out of a channel.
func (h *Handler) decideOptOut(v *viewer) (templ.SafeURL, error) {
	next := v.path("/decisions#person")

	member, err := strconv.ParseInt(v.PostFormValue("member"), 10, 64)
	if err != nil {
		return next, newInvalid("member must be an id")
	}

	switch v.PostFormValue("opted_out") {
	case optedOutYes:
		return next, recordOptOut(v, member, true)
	case optedOutNo:
		return next, recordOptOut(v, member, false)
	}

	// What was held would leave if nothing counted as no.
	return next, newInvalid("opted_out must be yes or no")
}
