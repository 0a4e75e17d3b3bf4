package service_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/sandbox"
)

// shownEvening is an evening in a restaurant whose assistant writes to its guests: what the pictures of the console
// show.
type shownEvening struct {
	*env

	chats map[string]chat.ChatID
	// review is a delivery that a person must look at, and twice one that may have arrived twice.
	review, twice string
}

// guest is somebody whom the restaurant writes to, and what befalls it.
type guest struct {
	name, phone, text string
	fault             *sandbox.Fault
}

var lostPost = &sandbox.Fault{Kind: sandbox.FaultLate, Delay: time.Hour, Times: 1}

var refusedForGood = &sandbox.Fault{Kind: sandbox.FaultRefuse, Times: 1}

// guests are the guests of the evening. Their numbers belong to nobody.
var guests = []guest{
	{name: "Ben Okafor", phone: "+14155550111", text: "Your table for 4 is booked: Friday, 19:30."},
	{name: "Jo Park", phone: "+14155550112", text: "Your table for 2 is ready at 20:15.", fault: lostPost},
	{name: "Sam Reed", phone: "+14155550113", text: "We have moved your booking to 21:00.", fault: lostPost},
	{
		name:  "Nina Roth",
		phone: "+14155550114",
		text:  "Your table for 6 is booked: Saturday, 18:00.",
		fault: &sandbox.Fault{Kind: sandbox.Undelivered},
	},
	{name: "Tom Blake", phone: "+14155550115", text: "See you tonight at 19:00!", fault: refusedForGood},
	{name: "Lena Weiss", phone: "+14155550116", text: "See you tonight at 19:30!", fault: refusedForGood},
	{name: "Ivy Chen", phone: "+14155550117", text: "See you tonight at 20:00!", fault: refusedForGood},
	{name: "Raj Patel", phone: "+14155550118", text: "See you tonight at 20:30!", fault: refusedForGood},
	{name: "Mia Sandberg", phone: "+14155550119", text: "See you tonight at 21:00!", fault: refusedForGood},
	{name: "Leo Martin", phone: "+14155550120", text: "See you tonight at 21:30!", fault: refusedForGood},
	{
		name:  "Omar Haddad",
		phone: "+14155550121",
		text:  "We would love to see you again.",
		fault: &sandbox.Fault{Kind: sandbox.FaultOptedOut},
	},
	{name: "Eva Lindt", phone: "+14155550122", text: "Your table for 3 is booked: Sunday, 12:30."},
	{name: "Maya Torres", phone: "+14155550123", text: "We hold your table until 20:00."},
	{name: "Kim Novak", phone: "+14155550124", text: "How was your evening with us?"},
}

// chefPhone is the number of the colleague whom the assistant asks.
const chefPhone = "+14155550130"

// newShownEvening plays the evening.
func newShownEvening(t *testing.T) *shownEvening {
	t.Helper()

	d := newDesk(t)
	d.answers(func(call deskCall, answer http.ResponseWriter) {
		if strings.Contains(call.path, "take_deposit") {
			answer.WriteHeader(http.StatusBadGateway)
		}
	})

	s := &shownEvening{
		env: newEnv(
			t,
			"sqlite:"+t.TempDir()+"/handrail.db",
			allowHost(d.Server),
			withEncryption,
			func(c *config.Config) { c.Settle = time.Second },
		),
		chats: map[string]chat.ChatID{},
	}

	s.openChats()
	s.defineTool(eveningTool(d, "take_deposit", "Takes a deposit from the guest's card", "write"))
	s.defineTool(eveningTool(d, "refund", "Pays money back to the guest", "approval"))
	s.writeToGuests()
	s.askForDecisions()
	s.talkWithAna()

	return s
}

// eveningTool is a tool of the restaurant's own desk.
func eveningTool(d *desk, name, description, risk string) map[string]any {
	text := map[string]any{"type": "string", "minLength": 1}

	return httpTool(d, name, map[string]any{
		"description": description,
		"risk":        risk,
		"http": map[string]any{
			"method": "POST",
			"url":    d.URL + "/" + name,
			"schema": map[string]any{
				"type":                 "object",
				"properties":           map[string]any{"booking": text, "amount": text},
				"required":             []string{"booking", "amount"},
				"additionalProperties": false,
			},
		},
	})
}

// openChats opens a chat with each guest, and has their faults strike.
func (s *shownEvening) openChats() {
	s.Helper()

	var faults []sandbox.Fault

	for _, g := range guests {
		_, s.chats[g.name] = s.customerChat(g.name, g.phone)

		if g.fault != nil {
			of := *g.fault
			of.To = g.phone
			faults = append(faults, of)
		}
	}

	s.setFaults(append(faults, sandbox.Fault{Kind: sandbox.FaultSuspended, Channel: sandbox.ChannelEmail})...)
}

// writeToGuests sends each guest a message, and retries one that nobody knows of.
func (s *shownEvening) writeToGuests() {
	s.Helper()

	deliveries := map[string]string{}

	for _, g := range guests {
		r := s.call("POST", sendPath(s.chats[g.name]), sendBody(g.text), "Prefer", "wait=1")
		deliveries[g.name], _ = r.at("delivery", "id").(string)
	}

	s.review = deliveries["Jo Park"]
	s.twice = deliveries["Sam Reed"]

	for _, id := range []string{s.review, s.twice} {
		s.eventually(func() bool { return s.delivery(id).at("status") == "needs_review" })
	}

	mailed := s.call("POST", sendPath(s.people.email.ID), sendBody("Here is your invoice."), "Prefer", "wait=1")
	require.Less(s, mailed.status, http.StatusBadRequest, mailed.raw)

	again := s.call("POST", "/deliveries/"+s.twice+"/retry", fields(
		"reason", "The guest is on the way and must know", "acknowledge_duplicate", true,
	))
	require.Less(s, again.status, http.StatusBadRequest, again.raw)
}

// askForDecisions has an approval, a tool call and a possible opt-out wait for a person.
func (s *shownEvening) askForDecisions() {
	s.Helper()

	call := func(name, tool, text, amount string) {
		body := sendBody(text, newToolCall(tool, map[string]any{"booking": "B-2207", "amount": amount}))
		r := s.call("POST", sendPath(s.chats[name]), body, "Prefer", "respond-async")
		require.Equal(s, http.StatusAccepted, r.status, r.raw)
	}

	call("Ben Okafor", "refund", "We have sent your deposit of 40.00 EUR back.", "40.00 EUR")
	call("Maya Torres", "take_deposit", "Thank you, the deposit of 25.00 EUR has arrived.", "25.00 EUR")
	s.replies("+14155550124", "Please stop texting me")
	s.eventually(func() bool { return s.countItems("/tool-calls?status=unknown") == 1 })
	s.eventually(func() bool { return s.countItems("/approvals?state=waiting") == 1 })
}

// countItems returns how many items a list has.
func (s *shownEvening) countItems(path string) int {
	s.Helper()

	items, _ := s.call("GET", path, nil).at("items").([]any)

	return len(items)
}

// talkWithAna is the conversation of the picture of a chat.
func (s *shownEvening) talkWithAna() {
	s.Helper()

	const ana = "+14155550101"

	send := func(text string, tools ...map[string]any) {
		r := s.call("POST", sendPath(s.people.sms.ID), sendBody(text, tools...))
		require.Less(s, r.status, http.StatusBadRequest, r.raw)
	}

	s.contributor("Cem Arslan", chefPhone, "")
	send(
		"I am sorry for the wait, Ana. Your order 7-1184 leaves the kitchen in ten minutes.",
		newToolCall("add_label", map[string]any{"label": "vip"}),
	)
	s.replies(ana, "Thank you! And could I come on Friday at 8 with three friends? One cannot eat nuts.")
	send("A table for four on Friday at 20:00 is yours.")

	summarized := s.call("POST", fmt.Sprintf("/chats/%d/summarize?update_labels=true", s.people.sms.ID), nil)
	require.Less(s, summarized.status, http.StatusBadRequest, summarized.raw)
	send(
		"The chef says yes: he cooks the menu without nuts.",
		newToolCall("contributor_input_request", map[string]any{
			"question": "Can you cook Friday's menu without nuts?",
			"expects":  yesOrNo,
		}),
	)
	s.eventually(func() bool { return len(s.texts(chefPhone)) > 0 })
}

// beginBulkRetry retries what was refused, and returns its id once the
// canary has arrived.
func (s *shownEvening) beginBulkRetry() string {
	s.Helper()

	r := s.call("POST", "/deliveries/retry", fields(
		"status", "rejected", "reason", "The numbers are mobiles after all", "canary", 1, "rate_per_second", 1,
	))
	require.Equal(s, http.StatusAccepted, r.status, r.raw)

	id, _ := r.at("id").(string)

	s.eventually(func() bool {
		begun, _ := s.call("GET", "/bulk-retries/"+id, nil).at("begun").(float64)

		return begun >= 2
	})

	return id
}
