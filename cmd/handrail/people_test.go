package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const stubRequest = "01a204a0-0000-7000-8000-00000000000c"

// anApproval is an approval as the API shows it.
func anApproval(state string) string {
	return `{"id":"` + stubAction + `","kind":"send","action_id":"` + stubAction + `","chat_id":7,"state":"` + state + `","tool_call_ids":["call_1",` +
		`"call_2","call_3"],` +
		`"request":{"calls":[{"id":"call_1","tool":{"name":"refund"}},{"id":"call_2","tool":{"name":"pay"}}]},` +
		`"deadline":"2026-11-24T10:00:00Z","requested_by":3}`
}

// aRequest is a contributor request as the API shows it, with fields in place of others.
func aRequest(t *testing.T, with map[string]any) string {
	t.Helper()

	r := map[string]any{
		"id":           stubRequest,
		"chat_id":      7,
		"action_id":    stubAction,
		"call_id":      "call_1",
		"requested_by": 3,
		"question":     "Is the terrace\u001b[2J open on Friday?",
		"hint":         "Please answer yes or no.",
		"expects":      map[string]any{"type": "boolean"},
		"require":      "any",
		"wait":         true,
		"default":      false,
		"reminders":    1,
		"state":        "open",
		"deadline":     "2026-11-24T10:00:00Z",
		"asks": []any{
			map[string]any{"member_id": 42, "member_name": "Priya Raman", "channel": "phone-sms", "state": "asked"},
			map[string]any{
				"member_id":   43,
				"member_name": "Tom Beck",
				"channel":     "email",
				"state":       "failed",
				"why":         "the address bounces",
			},
		},
		"created_at": "2026-11-23T10:00:00Z",
		"updated_at": "2026-11-23T10:00:00Z",
	}

	maps.Copy(r, with)
	maps.DeleteFunc(r, func(_ string, v any) bool { return v == nil }) // as the API leaves out what there is none of
	raw, err := json.Marshal(r)
	require.NoError(t, err)

	return string(raw)
}

func TestApprovalsAreListed(t *testing.T) {
	t.Parallel()
	s := newStub(t, map[string][]reply{"GET approvals": {aPage("c2", anApproval("approved")), aPage("")}})
	status, out, errs := s.doNarrow("approvals", "list", "--state", "approved", "--limit", "1")
	require.Equal(t, 0, status, errs)

	for _, want := range []string{"BY", stubAction, "send", "approved", "refund, pay", "2026-11-24T10:00:00Z"} {
		assert.Contains(t, out, want)
	}

	assert.Contains(t, errs, "--all")
	assert.Contains(t, s.sent("approvals").query, "state=approved")
	_, out, _ = s.do("approvals", "list")
	assert.Equal(t, "no approvals are waiting; --state all shows all\n", out)
	assert.Contains(t, s.sent("approvals").query, "state=waiting")
	_, out, _ = s.do("approvals", "list", "--state", "all")
	assert.Equal(t, "no approvals yet; what one member may not do alone needs one\n", out)
	assert.NotContains(t, s.sent("approvals").query, "state=")
}

// TestAnApprovalShowsWhatOneDecidesAbout: nobody decides about "call_1".
func TestAnApprovalShowsWhatOneDecidesAbout(t *testing.T) {
	t.Parallel()

	whole := `{"id":"` + stubAction + `","kind":"send","action_id":"` + stubAction + `","chat_id":7,"state":"waiting",` +
		`"request":{"calls":[{"id":"call_1","tool":{"name":"refund","version":2,"where":"POST https://desk.example/refunds"},` +
		`"arguments":{"amount":50}}]},"message":"I have refunded \u001b[2J50 euros.","requester_name":"Mona Manager",` +
		`"deadline":"2026-11-24T10:00:00Z","requested_by":3}`
	s := newStub(t, map[string][]reply{"GET approvals/" + stubAction: {okReply(whole)}})

	status, out, errs := s.do("approvals", "show", stubAction)
	require.Equal(t, 0, status, errs)

	for _, want := range []string{
		"send: waiting\n", "refund, version 2, POST https://desk.example/refunds", `{"amount":50}`, "50 euros.",
		"Mona Manager (member 3)", "2026-11-24T10:00:00Z",
		"  handrail approvals approve " + stubAction + " --reason '…'\n",
		"  handrail approvals refuse " + stubAction + " --reason '…'\n",
	} {
		assert.Contains(t, out, want)
	}

	assert.NotContains(t, out, "\x1b")
	_, out, _ = s.do("approvals", "show", stubAction, "--json")
	assert.JSONEq(t, whole, out)
}

// TestAVoidApprovalIsListedAsSuch lists one that waits, and that nobody can approve any more.
func TestAVoidApprovalIsListedAsSuch(t *testing.T) {
	t.Parallel()

	void := strings.Replace(anApproval("waiting"), "{", `{"void":true,`, 1)
	s := newStub(t, map[string][]reply{"GET approvals": {aPage("", void)}})

	status, out, errs := s.doNarrow("approvals", "list")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "waiting (void)")
}

func TestASendIsApprovedOrRefused(t *testing.T) {
	t.Parallel()

	for decision, state := range map[string]string{"approve": "approved", "refuse": "refused"} {
		s := newStub(t, map[string][]reply{"POST approvals/" + stubAction: {
			okReply(anApproval(state)),
			okReply(anApproval(state)),
			refusalReply(http.StatusConflict, "own_request", "who has asked cannot decide"),
		}})

		status, out, errs := s.do("approvals", decision, stubAction, "--reason", "the terrace was closed")
		require.Equal(t, 0, status, errs)
		assert.Equal(t, "approval "+stubAction+" is "+state+"\n", out)

		assert.Equal(
			t,
			map[string]any{"decision": decision, "reason": "the terrace was closed"},
			s.sent("approvals/"+stubAction).body,
		)

		_, out, _ = s.do("approvals", decision, stubAction, "--reason", "x", "--json")
		assert.JSONEq(t, anApproval(state), out)

		status, _, errs = s.do("approvals", decision, stubAction, "--reason", "x")
		assert.Equal(t, 1, status)
		assert.Contains(t, errs, "(own_request)")
		status, _, errs = s.do("approvals", decision, stubAction)
		assert.Equal(t, 2, status)
		assert.Contains(t, errs, "--reason")
	}
}

func TestAToolCallIsResolved(t *testing.T) {
	t.Parallel()

	path := "actions/" + stubAction + "/tool-calls/call_1/resolve"
	resolved := `{"id":"call_1","name":"book_table","arguments":{},"status":"succeeded"}`
	s := newStub(
		t,
		map[string][]reply{
			"POST " + path: {
				okReply(resolved),
				okReply(resolved),
				refusalReply(http.StatusServiceUnavailable, "unavailable", "not now"),
			},
		},
	)

	status, out, errs := s.do(
		"tool-calls",
		"resolve",
		stubAction,
		"call_1",
		"--outcome",
		"succeeded",
		"--result",
		`{"booking_id":"b1"}`,
		"--reason",
		"it is in their list",
	)

	require.Equal(t, 0, status, errs)
	assert.Equal(t, "tool call call_1 (book_table) is succeeded\n", out)

	assert.Equal(
		t,
		map[string]any{
			"outcome": "succeeded",
			"result":  map[string]any{"booking_id": "b1"},
			"reason":  "it is in their list",
		},
		s.sent(path).body,
	)

	_, out, _ = s.do("tool-calls", "resolve", stubAction, "call_1", "--outcome", "retry", "--reason", "x", "--json")
	assert.JSONEq(t, resolved, out)
	assert.Equal(t, map[string]any{"outcome": "retry", "reason": "x"}, s.sent(path).body)
	status, _, _ = s.do("tool-calls", "resolve", stubAction, "call_1", "--outcome", "failed", "--reason", "x")
	assert.Equal(t, 1, status)
	assert.Len(t, s.all(), 3, "a decision is asked for once")

	for flag, args := range map[string][]string{
		"--result":  {"--outcome", "succeeded", "--result", "{", "--reason", "x"},
		"--outcome": {"--outcome", "maybe", "--reason", "x"},
		"--reason":  {"--outcome", "failed"},
	} {
		status, _, errs := s.do(append([]string{"tool-calls", "resolve", stubAction, "call_1"}, args...)...)
		assert.Equal(t, 2, status)
		assert.Contains(t, errs, flag)
	}

	assert.Len(t, s.all(), 3)
}

func TestRequestsAreListedAndShown(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"GET contributor-requests": {aPage("", aRequest(t, map[string]any{"state": "defaulted"})), aPage("")},
		"GET contributor-requests/" + stubRequest: {
			okReply(aRequest(t, nil)),
			okReply(aRequest(t, map[string]any{"state": "answered", "result": map[string]any{"answer": true}})),
		},
	})

	status, out, errs := s.doNarrow("requests", "list", "--state", "defaulted", "--chat-id", "7")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, stubRequest+"  defaulted  7     2026-11-24T10:00:00Z")
	assert.Contains(t, out, "Is the terrace")
	assert.Equal(t, "chat_id=7&limit=20&state=defaulted", s.sent("contributor-requests").query)
	_, out, _ = s.do("requests", "list", "--state", "open")
	assert.Equal(t, "no questions to contributors match\n", out)
	_, out, _ = s.do("requests", "list")
	assert.Equal(t, "no questions to contributors yet\n", out)

	status, out, errs = s.do("requests", "show", stubRequest)
	require.Equal(t, 0, status, errs)

	for _, want := range []string{
		"Is the terrace [2J open on Friday?\n", `{"type":"boolean"}`, "Please answer yes or no.", "any who is asked", "42", "Priya Raman", "asked", "the address bounces",
		"  handrail requests answer " + stubRequest + " --member-id 42 --answer '…'\n", "  handrail requests cancel " + stubRequest + " --reason '…'\n",
	} {
		assert.Contains(t, out, want)
	}

	assert.NotContains(t, out, "\x1b")
	_, out, _ = s.doNarrow("requests", "show", stubRequest)
	assert.Contains(t, out, `{"answer":true}`)
	assert.Contains(t, out, "There is nothing to do.")
}

// TestARequestShowsWhatWasWritten shows a contributor's own words below the question, and who is not asked yet.
func TestARequestShowsWhatWasWritten(t *testing.T) {
	t.Parallel()

	asks := []map[string]any{
		{"member_id": 42, "member_name": "Priya Raman", "channel": "phone-sms", "state": "unreadable", "reply": "Ask\nBen \x1b[2J"},
		{"member_id": 43, "member_name": "Ben Ito", "channel": "phone-sms", "state": "pending"},
	}
	s := newStub(t, map[string][]reply{
		"GET contributor-requests/" + stubRequest: {okReply(aRequest(t, map[string]any{"asks": asks}))},
	})

	status, out, errs := s.do("requests", "show", stubRequest)
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "\nPriya Raman wrote:\n  Ask Ben")
	assert.NotContains(t, out, "\x1b")
	assert.NotContains(t, out, "Ben Ito wrote")
	assert.Regexp(t, `Ben Ito .*pending .*not asked yet`, out)
}

func TestAnAnswerIsWhatTheQuestionExpects(t *testing.T) {
	t.Parallel()
	answered := okReply(aRequest(t, map[string]any{"state": "answered"}))
	text := map[string]any{"expects": nil}
	tests := map[string]struct {
		question map[string]any
		args     []string
		body     map[string]any
	}{
		"JSON":                {nil, []string{"--answer", "true"}, map[string]any{"answer": true}},
		"no JSON":             {nil, []string{"--answer", "yes"}, map[string]any{"answer": "yes"}},
		"a text":              {text, []string{"--answer", "It is."}, map[string]any{"answer": "It is."}},
		"a text like a value": {text, []string{"--answer", "42"}, map[string]any{"answer": "42"}},
		"for another": {
			nil,
			[]string{"--answer", "false", "--member-id", "42"},
			map[string]any{"answer": false, "member_id": 42.0},
		},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			path := "contributor-requests/" + stubRequest
			s := newStub(
				t,
				map[string][]reply{
					"GET " + path:              {okReply(aRequest(t, tt.question))},
					"POST " + path + "/answer": {answered},
				},
			)

			status, out, errs := s.do(append([]string{"requests", "answer", stubRequest}, tt.args...)...)
			require.Equal(t, 0, status, errs)
			assert.Equal(t, "request "+stubRequest+" is answered\n", out)
			assert.Equal(t, tt.body, s.sent(path+"/answer").body)
		})
	}
}

func TestARequestIsCanceledOrRefuses(t *testing.T) {
	t.Parallel()

	path := "contributor-requests/" + stubRequest

	wrong := reply{
		http.StatusBadRequest,
		`{"code":"invalid_answer","detail":"the answer does not fit","errors":[{"field":"answer","message":"must ` +
			`be a boolean"}]}`,
	}

	s := newStub(t, map[string][]reply{
		"GET " + path: {okReply(aRequest(t, nil))}, "POST " + path + "/answer": {wrong},
		"POST " + path + "/extend": {okReply(aRequest(t, nil))},
		"POST " + path + "/cancel": {
			okReply(aRequest(t, map[string]any{"state": "canceled"})),
			refusalReply(http.StatusConflict, "already_decided", "this request is over"),
		},
	})

	status, _, errs := s.do("requests", "answer", stubRequest, "--answer", "perhaps")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "--answer must be a boolean")
	status, out, errs := s.do(
		"requests", "extend", stubRequest, "--deadline", "2026-12-02T10:00:00Z", "--reason", "she travels",
	)
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "request "+stubRequest+" waits until ")
	assert.Equal(
		t,
		map[string]any{"deadline": "2026-12-02T10:00:00Z", "reason": "she travels"},
		s.sent(path+"/extend").body,
	)

	status, _, errs = s.do("requests", "extend", stubRequest, "--deadline", "soon")
	assert.NotEqual(t, 0, status)
	assert.Contains(t, errs, "must be how long from now")

	status, out, errs = s.do("requests", "cancel", stubRequest, "--reason", "the guest has canceled")
	require.Equal(t, 0, status, errs)
	assert.Equal(t, "request "+stubRequest+" is canceled\n", out)
	assert.Equal(t, map[string]any{"reason": "the guest has canceled"}, s.sent(path+"/cancel").body)
	status, _, errs = s.do("requests", "cancel", stubRequest, "--reason", "x")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "(already_decided)")
}

func TestTheHelpOfPeoplesCommandsNamesTheirScopes(t *testing.T) {
	t.Parallel()

	c := newTerminal(t)
	for _, group := range []string{"approvals", "tool-calls", "requests"} {
		help := c.must(group, "--help")
		assert.Contains(t, help, "chats:admin")
		assert.Contains(t, help, "Exit status")
		assert.Contains(t, c.must("--help"), group)
	}
}
