package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

const aStatus = `{"need_person":3,"matters":[
	{"matter":"person","count":2,"oldest":"2026-11-22T10:00:00Z","needs_person":true,
		"explanation":"deliveries that wait for a decision"},
	{"matter":"response","count":1,"oldest":"2026-11-22T10:00:00Z","needs_person":true,
		"explanation":"chats whose customer waits for a response"},
	{"matter":"attempt","count":14,"oldest":"2026-11-22T10:00:00Z","needs_person":false,
		"explanation":"sends that wait for their next attempt"}]}`

const aHealth = `{"senders":[
	{"sender":"phone:12","address":"+14155550123","state":"blocked","probe_delivery_id":"0193",
		"explanation":"Twilio refuses every message of this sender."},
	{"sender":"inbox:3","address":"team@example.com","state":"ready",
		"explanation":"Nothing was tried in the last hour."}],
	"workers":{"needs_person":true,"explanation":"No worker polls Temporal."}}`

func TestStatusShowsWhatNeedsAPersonFirst(t *testing.T) {
	t.Parallel()
	s := newStub(t, map[string][]reply{
		"GET status": {okReply(aStatus), okReply(aStatus), okReply(`{"need_person":0,"matters":[]}`)},
		"GET health": {okReply(aHealth), okReply(`{"senders":[]}`)},
	})

	status, out, errs := s.do("status")
	require.Equal(t, 0, status, errs)
	assert.Regexp(t, `(?s)Needs a person.*2 .*deliveries that wait.*actions list --waiting-for person.*`+
		`chats list --needs response.*Waits by itself.*14 .*actions list --waiting-for attempt`, out)
	assert.Contains(t, out, "\n+14155550123 (phone:12) blocked: Twilio refuses every message of this sender. "+
		"To try now: handrail deliveries retry 0193")
	assert.Contains(t, out, "\nteam@example.com (inbox:3) ready: Nothing was tried in the last hour.\n")
	assert.Contains(t, out, "\nNo worker polls Temporal.\n")

	_, out, _ = s.do("status", "--json")
	assert.Contains(t, out, `"need_person"`)

	_, out, _ = s.do("status")
	assert.Equal(t, "Nothing needs a person.\n", out)
}

// TestEveryMatterIsListedByACommand takes the commands that a status names.
func TestEveryMatterIsListedByACommand(t *testing.T) {
	t.Parallel()

	for _, matter := range chat.Matters() {
		assert.NotEmpty(t, matter.Explain(1), matter)

		s := newStub(t, map[string][]reply{
			"GET actions":      {aPage("")},
			"GET approvals":    {aPage("")},
			"GET bulk-retries": {aPage("")},
			"GET inbound":      {aPage("")},
			"GET chats":        {aPage("")},
			"GET deliveries":   {aPage("")},
			"GET notices":      {aPage("")},

			"GET webhook-endpoints": {aPage("")},
		})

		status, _, errs := s.do(strings.Fields(chooseListCommand(matter))...)
		assert.Equal(t, 0, status, "%s: %s", matter, errs)
	}
}

const aChat = `{"id":7,"channel":"phone-sms","state":"open","title":"A table for\u001b[2J four","summary":"` +
	`Ana wants a table for four on Friday evening, on the terrace if that is possible, and asks whether the dog may come along.",
	"member_id":12,"member_name":"Ana Lopez","needs_response":true,"needs_response_reason":"undelivered","labels":[{"name":"vip"}],
	"last_activity_at":"2026-11-22T10:00:00Z"}`

func TestChatsAreListedAndShown(t *testing.T) {
	t.Parallel()
	s := newStub(t, map[string][]reply{
		"GET chats":   {aPage("", aChat), aPage("")},
		"GET chats/7": {okReply(aChat), okReply(aChat)},
		"GET deliveries": {
			aPage("", `{"id":"0193","status":"unknown","channel":"phone-sms","to":"+14155550103","created_at":"2026-11-22T10:00:00Z"}`),
			aPage(""),
		},
		"GET chats/7/participants": {
			aPage("", `{"id":1,"member_id":12,"member_name":"Ana","member_kind":"person","role":"owner"}`,
				`{"id":2,"member_id":5,"member_name":"Priya","member_kind":"person","role":"contributor"}`),
		},
		"GET chats/7/messages": {
			aPage("older", `{"role":"assistant","content":"On its way?","state":"sent","delivery_id":"0193","created_at":"2026-11-22T10:00:00Z"}`,
				`{"role":"user","member_id":5,"content":"Yes.","state":"received","created_at":"2026-11-22T09:30:00Z"}`,
				`{"role":"user","member_id":12,"content":"Where is it?","state":"received","created_at":"2026-11-22T09:00:00Z"}`),
			aPage(""),
		},
	})

	status, out, errs := s.doNarrow("chats", "list", "--member", "12", "--needs-response", "--text", "table")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "yes: undelivered")
	assert.Contains(t, out, "Ana Lopez (12)")
	assert.NotContains(t, out, "\x1b")
	assert.Equal(t, "limit=20&member_id=12&needs_response=true&q=table", s.sent("chats").query)

	_, out, _ = s.do("chats", "list")
	assert.Equal(t, "no such chats\n", out)

	status, out, errs = s.doNarrow("chats", "show", "7")
	require.Equal(t, 0, status, errs)
	assert.Regexp(t, `  summary +Ana wants a table for four on Friday evening, on the terrace if\n`+
		` {17}that is possible, and asks whether the dog may come along\.\n`, out)
	assert.Regexp(t, `(?s)vip.*The newest 3 messages; --messages shows more.*Ana \(customer\): Where is it\?.*`+
		`Priya \(contributor\): Yes\..*assistant: On its way\?.*to \+14155550103: unknown, delivery 0193`, out)

	_, out, _ = s.do("chats", "show", "7")
	assert.Contains(t, out, "no messages yet")
}

// TestFindChats: whose chats they are is asked first, and an address that nobody has is looked for in the texts.
func TestFindChats(t *testing.T) {
	t.Parallel()

	const aChat = `{"id":7,"channel":"phone-sms","state":"open","title":"Booking","member_id":12,"member_name":"Ana"}`

	s := newStub(t, map[string][]reply{
		"GET members": {aPage("", aMember), aPage("")},
		"GET chats":   {aPage("", aChat), aPage("", aChat), aPage("")},
	})

	for _, tt := range []struct{ text, query string }{
		{"+14155550123", "limit=20&member_id=12"},
		{"nobody@example.com", "limit=20&q=nobody%40example.com"},
		{"table for four", "limit=20&q=table+for+four"},
	} {
		status, _, errs := s.doNarrow("chats", "find", tt.text)
		require.Equal(t, 0, status, errs)
		assert.Equal(t, tt.query, s.sent("chats").query)
	}
}
