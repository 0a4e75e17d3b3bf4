package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// aDelivery is a delivery as GET /deliveries/{id} answers, with fields in place of others.
func aDelivery(t *testing.T, with map[string]any) string {
	t.Helper()

	d := map[string]any{
		"id":                  stubDelivery,
		"chat_id":             7,
		"message_id":          "01a2049f-5492-79f2-b79c-ed612f087f8b",
		"action_id":           stubAction,
		"channel":             "phone-sms",
		"provider":            "twilio",
		"status":              "needs_review",
		"submission":          "needs_review",
		"carrier":             "",
		"explanation":         "May have been sent: Twilio did not confirm (timeout), and a person must decide.",
		"from":                "+14155550100",
		"to":                  "+14155550101",
		"provider_message_id": "",
		"error_code":          "timeout",
		"error_message":       "",
		"segments":            1,
		"attempt_count":       1,
		"retry_at":            nil,
		"unknown_since":       "2026-11-22T10:00:31Z",
		"retry_of":            nil,
		"retried_by":          nil,
		"bulk_retry_id":       nil,
		"decision":            nil,
		"created_at":          "2026-11-22T10:00:00Z",
		"updated_at":          "2026-11-22T10:02:31Z",
		"payload":             map[string]any{"text": "On its way"},
		"attempts": []any{map[string]any{
			"number":         1,
			"started_at":     "2026-11-22T10:00:01Z",
			"finished_at":    "2026-11-22T10:00:31Z",
			"got_connection": true,
			"reached":        "possibly",
			"outcome":        "unknown",
			"error_code":     "timeout",
		}},
		"events": []any{},
		"timeline": []any{
			map[string]any{"at": "2026-11-22T10:00:31Z", "what": "Attempt 1: unknown, timeout.", "attempt": 1},
			map[string]any{"at": "2026-11-22T10:00:31Z", "what": "Since then it is looked for in Twilio's list."},
		},
		"next": []any{"retry", "resolve"},

		"customer_sentence": "Our message may not have reached you.",
	}

	maps.Copy(d, with)
	raw, err := json.Marshal(d)
	require.NoError(t, err)

	return string(raw)
}

func aPage(next string, items ...string) reply {
	cursor := "null"
	if next != "" {
		cursor = `"` + next + `"`
	}

	return okReply(`{"items":[` + strings.Join(items, ",") + `],"next_cursor":` + cursor + `}`)
}

func TestListShowsATableThatFits(t *testing.T) {
	t.Parallel()

	wide := aDelivery(
		t,
		map[string]any{
			"status":     "confirmed_sent",
			"duplicate":  "possible",
			"error_code": "provider_message_id_taken_by_another",
			"created_at": time.Now().Add(-90 * time.Minute),
		},
	)

	s := newStub(t, map[string][]reply{"GET deliveries": {aPage("c2", wide, aDelivery(t, nil))}})
	status, out, errs := s.do(
		"deliveries",
		"list",
		"--status",
		"needs_review",
		"--channel",
		"phone-sms",
		"--error-code",
		"timeout",
		"--chat-id",
		"7",
		"--since",
		"2026-11-22T11:00:00+01:00",
		"--limit",
		"2",
		"--duplicate",
		"confirmed,possible",
		"--failed-for-good",
		"--waiting-for",
		"people",
	)

	require.Equal(t, 0, status, errs)

	for _, want := range []string{
		"DELIVERY", "STATUS", "CHANNEL", "ERROR", "AGE", stubDelivery, "confirmed_sent",
		"TWICE", "maybe", "provider_message_id_taken_by_another", "1h", "TO", "+14155550101", "CHAT",
	} {
		assert.Contains(t, out, want)
	}

	assert.Contains(t, errs, "--all")

	query := s.sent("deliveries").query
	for _, want := range []string{
		"status=needs_review", "channel=phone-sms", "error_code=timeout", "chat_id=7",
		"since=2026-11-22T10%3A00%3A00Z", "limit=2", "duplicate=confirmed%2Cpossible",
		"failed_for_good=true", "waiting_for=approval%2Ctool_decision%2Cperson%2Csender",
	} {
		assert.Contains(t, query, want)
	}

	assert.NotContains(t, query, "until")
}

func TestListFollowsCursorsAndSaysWhenItIsEmpty(t *testing.T) {
	t.Parallel()

	s := newStub(
		t,
		map[string][]reply{
			"GET deliveries": {aPage("c2", aDelivery(t, nil)), aPage("", aDelivery(t, map[string]any{"id": stubNext}))},
		},
	)

	status, out, errs := s.do("deliveries", "list", "--all", "--json")
	require.Equal(t, 0, status, errs)

	var got struct {
		Items []map[string]any `json:"items"`
		Next  *string          `json:"next_cursor"`
	}

	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.Len(t, got.Items, 2)
	assert.Nil(t, got.Next)
	assert.Contains(t, got.Items[0], "payload", "JSON is the API's, whole")
	assert.Contains(t, s.sent("deliveries").query, "cursor=c2")

	s = newStub(t, map[string][]reply{"GET deliveries": {aPage("")}})
	_, out, _ = s.do("deliveries", "list")
	assert.Equal(t, "no deliveries yet\n", out)
	_, out, _ = s.do("deliveries", "list", "--since", "2h")
	assert.Equal(t, "no deliveries match\n", out)
}

func TestShowExplainsFirstAndEndsWithCommands(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{"GET deliveries/" + stubDelivery: {okReply(aDelivery(t, map[string]any{
		"retry_of":      stubNext,
		"bulk_retry_id": stubBulk,
		"events": []any{
			map[string]any{
				"type":        "sent\u001b[2J",
				"provider":    "twilio",
				"received_at": "2026-11-22T10:01:00Z",
				"raw":         "MessageStatus=sent",
			},
		},
	}))}})

	status, out, errs := s.do("deliveries", "show", stubDelivery)
	require.Equal(t, 0, status, errs)

	assert.True(
		t,
		strings.HasPrefix(out, "May have been sent: Twilio did not confirm (timeout), and a person must decide.\n"),
	)

	for _, want := range []string{
		"+14155550101", "needs_review", "Attempts", "30s", "possibly", "sent [2J", "retry of", stubNext, stubBulk,
		"Since then it is looked for in Twilio's list.", "Our message may not have reached you.",
		"  handrail deliveries retry " + stubDelivery + "\n",
		"  handrail deliveries resolve " + stubDelivery + " --as not_sent --reason '…'\n",
	} {
		assert.Contains(t, out, want)
	}

	assert.NotContains(t, out, "Attempt 1: unknown", "attempts have their own table")
	assert.NotContains(t, out, "deliveries cancel")
	assert.NotContains(t, out, "\x1b")
	assert.NotContains(t, out, stubKey)

	for line := range strings.Lines(out) {
		assert.LessOrEqual(t, utf8.RuneCountInString(line), 101, line)
	}
}

func TestCommandsToPasteRepeatTheFlags(t *testing.T) {
	t.Parallel()

	s := newStub(
		t,
		map[string][]reply{
			"GET deliveries/" + stubDelivery: {
				okReply(aDelivery(t, map[string]any{"next": []any{"cancel"}, "attempts": []any{}})),
			},
		},
	)

	one := s.session("")
	one.environ = nil
	require.Equal(
		t,
		0,
		one.run(
			[]string{
				"deliveries",
				"show",
				stubDelivery,
				"--url",
				s.url,
				"--key",
				stubKey,
				"--workspace",
				stubWorkspace,
			},
		),
		one.errs.String(),
	)

	assert.Contains(
		t,
		one.out.String(),
		"deliveries cancel "+stubDelivery+" --reason '…' --url "+s.url+" --workspace "+stubWorkspace,
	)

	assert.Contains(t, one.out.String(), "No attempt has been made.")
	assert.NotContains(t, one.out.String(), stubKey)

	s = newStub(
		t,
		map[string][]reply{"GET deliveries/" + stubDelivery: {okReply(aDelivery(t, map[string]any{"next": []any{}}))}},
	)

	_, out, _ := s.do("deliveries", "show", stubDelivery)
	assert.Contains(t, out, "There is nothing to do.")
}

func TestRetryShowsHowItWent(t *testing.T) {
	t.Parallel()

	standing := func(submission, status, explanation string) reply {
		return okReply(
			aDelivery(
				t,
				map[string]any{
					"id":          stubNext,
					"submission":  submission,
					"carrier":     status,
					"status":      submission,
					"explanation": explanation,
				},
			),
		)
	}

	begun := acceptedReply(
		`{"action_id":"` + stubAction + `","kind":"retry_delivery","state":"running","delivery":{"id":"` + stubNext + `"}}`,
	)

	early := acceptedReply(`{"action_id":"` + stubAction + `","kind":"retry_delivery","state":"running"}`)
	tests := map[string]struct {
		posted []reply
		looks  []reply
		status int
		says   string
	}{
		"taken at last": {
			[]reply{begun},
			[]reply{standing("pending", "", "Waits."), standing("accepted", "", "Twilio accepted the message.")},
			0,
			"Twilio accepted",
		},
		"answered": {
			[]reply{okReply(`{"success":true,"action_id":"a","delivery":{"id":"` + stubNext + `"}}`)},
			[]reply{standing("accepted", "delivered", "Delivered.")},
			0,
			"Delivered.",
		},
		"not there yet": {[]reply{early}, []reply{standing("accepted", "sent", "Sent.")}, 0, "Sent."},
		"refused by it": {
			[]reply{begun},
			[]reply{standing("rejected", "", "Refused for good.")},
			1,
			"Refused for good.",
		},
		"lost": {
			[]reply{begun},
			[]reply{standing("accepted", "undelivered", "Not delivered.")},
			1,
			"Not delivered.",
		},
		"still open": {
			[]reply{begun},
			[]reply{standing("unknown", "", "May have been sent.")},
			3,
			"May have been sent.",
		},
		"may not": {[]reply{refusalReply(http.StatusConflict, "conflict", "the provider has it")}, nil, 1, ""},
		"asked for again": {
			[]reply{refusalReply(http.StatusServiceUnavailable, "unavailable", "x"), begun},
			[]reply{standing("accepted", "", "Taken.")},
			0,
			"Taken.",
		},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newStub(t, map[string][]reply{
				"POST deliveries/" + stubDelivery + "/retry": tt.posted,
				"GET deliveries/" + stubNext:                 tt.looks,
				"GET actions/" + stubAction:                  {begun},
			})

			status, out, errs := s.do(
				"deliveries",
				"retry",
				stubDelivery,
				"--to",
				"+14155550199",
				"--reason",
				"new number",
				"--wait",
				"50ms",
			)

			assert.Equal(t, tt.status, status, errs)
			assert.Contains(t, out, tt.says)

			sent := s.sent("deliveries/" + stubDelivery + "/retry")
			assert.Equal(t, map[string]any{"to": "+14155550199", "reason": "new number"}, sent.body)
			assert.NotEmpty(t, sent.idempotency)
			assert.Equal(t, s.all()[0].idempotency, sent.idempotency, "a repetition is the same request")

			if status == 3 {
				assert.Contains(t, errs, "handrail deliveries show "+stubNext)
			}
		})
	}
}

func TestRetryThatFailedBeforeItHadADelivery(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"POST deliveries/" + stubDelivery + "/retry": {
			acceptedReply(`{"action_id":"` + stubAction + `","state":"running"}`),
		},
		"GET actions/" + stubAction: {
			okReply(
				`{"action_id":"` + stubAction + `","state":"failed","problem":{"code":"recipient_opted_out",` +
					`"detail":"the recipient has opted out","status":400}}`,
			),
		},
	})

	status, _, errs := s.do("deliveries", "retry", stubDelivery)
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "the recipient has opted out (recipient_opted_out)")
}

func TestCancelAndResolve(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"POST deliveries/" + stubDelivery + "/cancel": {
			okReply(aDelivery(t, map[string]any{"status": "canceled", "explanation": "Not sent: it was canceled."})),
		},
		"POST deliveries/" + stubDelivery + "/resolve": {
			okReply(
				aDelivery(
					t,
					map[string]any{"status": "confirmed_sent", "explanation": "A person confirmed that it was sent."},
				),
			),
		},
	})

	status, out, errs := s.do("deliveries", "cancel", stubDelivery, "--reason", "wrong customer")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "Not sent: it was canceled.")
	assert.Equal(t, map[string]any{"reason": "wrong customer"}, s.sent("deliveries/"+stubDelivery+"/cancel").body)

	status, out, errs = s.do(
		"deliveries",
		"resolve",
		stubDelivery,
		"--as",
		"sent",
		"--reason",
		"seen in the console",
		"--provider-message-id",
		"SM1",
		"--json",
	)

	require.Equal(t, 0, status, errs)
	assert.True(t, json.Valid([]byte(out)))

	assert.Equal(
		t,
		map[string]any{"as": "sent", "reason": "seen in the console", "provider_message_id": "SM1"},
		s.sent("deliveries/"+stubDelivery+"/resolve").body,
	)
}

// TestARetryThatMaySendTwiceIsConfirmed has the API say that the message may be sent twice: on a terminal
// the person is asked, and anywhere else the command names its flag.
func TestARetryThatMaySendTwiceIsConfirmed(t *testing.T) {
	t.Parallel()

	refusal := reply{status: http.StatusBadRequest, body: `{"status":400,"code":"invalid_request",` +
		`"detail":"acknowledge_duplicate must be true: this delivery is needs_review, so a retry may send the message twice",` +
		`"errors":[{"field":"acknowledge_duplicate",` +
		`"message":"must be true: this delivery is needs_review, so a retry may send the message twice"}]}`}
	taken := okReply(`{"success":true,"action_id":"a","delivery":{"id":"` + stubNext + `"}}`)

	for name, tt := range map[string]struct {
		args         []string
		typed        string
		asks         bool
		first        reply
		status       int
		acknowledged bool
		says         string
	}{
		"yes":           {[]string{"--reason", "r"}, "y\n", true, refusal, 0, true, "A retry may send it twice. Retry it? [y/N]"},
		"no":            {[]string{"--reason", "r"}, "n\n", true, refusal, 1, false, "nothing was retried"},
		"nobody there":  {[]string{"--reason", "r"}, "", false, refusal, 2, false, "--may-duplicate must be true"},
		"no reason":     {nil, "y\n", true, refusal, 2, false, "--reason"},
		"said at first": {[]string{"--reason", "r", "--may-duplicate"}, "", false, taken, 0, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newStub(t, map[string][]reply{
				"POST deliveries/" + stubDelivery + "/retry": {tt.first, taken},
				"GET deliveries/" + stubNext: {
					okReply(aDelivery(t, map[string]any{"submission": "accepted", "carrier": "delivered"})),
				},
			})

			one := s.session(tt.typed)
			one.asks = tt.asks

			assert.Equal(t, tt.status, one.run(append([]string{"deliveries", "retry", stubDelivery}, tt.args...)))
			assert.Contains(t, one.errs.String(), tt.says)

			sent := s.sent("deliveries/" + stubDelivery + "/retry")
			assert.Equal(t, tt.acknowledged, sent.body["acknowledge_duplicate"] == true)
		})
	}
}

func TestShowOffersARetryWithWhatItNeeds(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{"GET deliveries/" + stubDelivery: {okReply(aDelivery(t, map[string]any{
		"duplicate":   "confirmed",
		"retry_needs": []any{"reason", "acknowledge_duplicate"},
	}))}})

	_, out, _ := s.do("deliveries", "show", stubDelivery)
	assert.Contains(t, out, "deliveries retry "+stubDelivery+" --reason '…' --may-duplicate\n")
	assert.Regexp(t, `sent twice +yes`, out)
}

// TestHelpHoldsWhatAnOperatorNeeds reads the help as one who has nothing else.
func TestHelpHoldsWhatAnOperatorNeeds(t *testing.T) {
	t.Parallel()

	space := regexp.MustCompile(`\s+`)

	for command, wants := range map[string][]string{
		"deliveries": {
			"list",
			"show",
			"retry",
			"cancel",
			"resolve",
			"retry-all",
			"HANDRAIL_API_KEY",
			"0 done, 1 failed or refused, 2 wrong use, 3 no outcome yet",
		},
		"deliveries list": {
			"--status",
			"--channel",
			"--error-code",
			"--chat-id",
			"--since",
			"--until",
			"--duplicate",
			"--all",
			"--json",
			"$HANDRAIL_URL",
			"http://127.0.0.1:8080",
		},
		"deliveries retry": {
			"--to",
			"--body",
			"--sender",
			"--reason",
			"--wait=30s",
			"--may-duplicate",
			"may send it twice",
			"Exit status",
		},
		"deliveries resolve":   {"--as=WHAT", "sent or not_sent", "--provider-message-id"},
		"deliveries retry-all": {"--dry-run", "--rate", "--canary", "--yes", "Ctrl-C leaves it running", "Exit status"},
		"bulk-retries":         {"list", "show", "pause", "resume", "cancel", "retry-all"},
		"members":              {"opt-out", "not-opt-out", "possible_opt_out"},
		"members opt-out":      {"--channel=CHANNEL", "--reason"},
		"suppressions":         {"list", "lift", "only if the person has asked"},
		"inbound":              {"list", "show", "replay", "orphans", "nobody knows whose they are"},
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()

			help := space.ReplaceAllString(newTerminal(t).must(append(strings.Fields(command), "--help")...), " ")
			for _, want := range wants {
				assert.Contains(t, help, want)
			}
		})
	}
}

func TestDeliveriesOfAnAddress(t *testing.T) {
	t.Parallel()
	s := newStub(t, map[string][]reply{
		"GET members":    {aPage("", aMember), aPage("")},
		"GET deliveries": {aPage("")},
	})

	status, _, errs := s.do("deliveries", "list", "--to", "+14155550123")
	require.Equal(t, 0, status, errs)
	assert.Equal(t, "limit=1&phone=%2B14155550123", s.sent("members").query)
	assert.Equal(t, "limit=20&member_id=12", s.sent("deliveries").query)

	status, _, errs = s.do("deliveries", "list", "--to", "nobody@example.com")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "no member has the address")
}

func TestAListedDeliveryWithoutAnErrorSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()

	waiting := aDelivery(t, map[string]any{
		"status":      "pending",
		"error_code":  "",
		"waiting_for": "contributor",
	})

	s := newStub(t, map[string][]reply{"GET deliveries": {aPage("", waiting)}})
	status, out, errs := s.do("deliveries", "list")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "waits: contributor")
}

// TestAllIsNoFilterInEachList gives all for each word that a list can be narrowed by.
func TestAllIsNoFilterInEachList(t *testing.T) {
	t.Parallel()

	for line, path := range map[string]string{
		"actions list --waiting-for all --state all": "actions",
		"approvals list --state all":                 "approvals",
		"chats list --state all --needs all":         "chats",
		"deliveries list --status all --channel all": "deliveries",
		"inbound list --status all --channel all":    "inbound",
		"requests list --state all":                  "contributor-requests",
		"tool-calls list --status all":               "tool-calls",
		"deliveries list --status all --chat-id 7":   "deliveries",
	} {
		s := newStub(t, map[string][]reply{"GET " + path: {aPage("")}})

		status, _, errs := s.do(strings.Fields(line)...)
		require.Equal(t, 0, status, "%s: %s", line, errs)
		assert.NotContains(t, s.sent(path).query, "all", line)
	}
}
