package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func aBulk(state string, begun int, note string) string {
	next := map[string]string{
		"running": `"pause","change_rate","cancel"`,
		"paused":  `"resume","change_rate","cancel"`,
	}

	return fmt.Sprintf(
		`{"id":"%s","state":"%s","note":"%s","reason":"Twilio was suspended for two hours","selected":40,"begun":%d,"skipped":1,"attempted":4,"failed":1,"next":[%s],
		"by_status":{"accepted":%d,"pending":0},"skipped_by_reason":{"it has been tried again already":1},"pause_at_failure_percent":20,"rate_per_second":5,"canary":5,"created_at":"2026-11-22T10:00:00Z","updated_at":"2026-11-22T10:00:09Z"}`,
		stubBulk,
		state,
		note,
		begun,
		next[state],
		begun,
	)
}

var retryAll = []string{
	"deliveries",
	"retry-all",
	"--status",
	"blocked",
	"--since",
	"2026-11-22T08:00:00Z",
	"--rate",
	"9",
	"--canary",
	"0",
	"--reason",
	"paid again",
}

const wouldRetry = `{"dry_run":true,"count":40,"judged":40,"skipped":3,"skipped_by_reason":{"it has moved on":3},` +
	`"groups":[{"sender":"phone:12","status":"blocked","error_code":"twilio_20003",` +
	`"count":39},{"sender":"phone:13","status":"rejected","error_code":"twilio_21211","count":1}]}`

func TestRetryAllShowsWhatItWouldDo(t *testing.T) {
	t.Parallel()

	s := newStub(
		t,
		map[string][]reply{
			"POST deliveries/retry": {okReply(wouldRetry), okReply(`{"dry_run":true,"count":0,"groups":[]}`)},
		},
	)

	status, out, errs := s.do(append(retryAll, "--dry-run")...)
	require.Equal(t, 0, status, errs)

	for _, want := range []string{"twilio_20003", "phone:12", "39", "twilio_21211", "all", "40", "3 would be skipped as they stand, and 37 retried:\n  3: it has moved on"} {
		assert.Contains(t, out, want)
	}

	sent := s.sent("deliveries/retry")
	assert.Equal(t, map[string]any{
		"dry_run":         true,
		"status":          "blocked",
		"since":           "2026-11-22T08:00:00Z",
		"rate_per_second": 9.0,
		"canary":          0.0,
		"reason":          "paid again",
	}, sent.body)

	status, out, _ = s.do(append(retryAll, "--sender", "phone:12")...)
	assert.Equal(t, 0, status)
	assert.Contains(t, out, "nothing to retry")
	assert.Equal(t, "phone:12", s.sent("deliveries/retry").body["sender"])
}

func TestRetryAllSaysWhatMayBeSentTwice(t *testing.T) {
	t.Parallel()

	would := strings.Replace(wouldRetry, `"count":40`, `"count":40,"may_duplicate":12`, 1)

	for flag, says := range map[string]string{
		"":                "12 of them may have been sent already. They are skipped; --may-duplicate retries them too.",
		"--may-duplicate": "12 of them may have been sent already, and may be sent twice.",
	} {
		s := newStub(t, map[string][]reply{"POST deliveries/retry": {okReply(would)}})

		args := append(slices.Clone(retryAll), "--dry-run")
		if flag != "" {
			args = append(args, flag)
		}

		status, out, errs := s.do(args...)
		require.Equal(t, 0, status, errs)
		assert.Contains(t, out, says)
		assert.Equal(t, flag != "", s.sent("deliveries/retry").body["acknowledge_duplicate"] == true)
	}
}

func TestRetryAllAsksFirst(t *testing.T) {
	t.Parallel()

	for typed, want := range map[string]struct {
		asks   bool
		status int
		begins bool
	}{
		"y\n":   {true, 0, true},
		"yes\n": {true, 0, true},
		"n\n":   {true, 1, false},
		"\n":    {true, 1, false},
		"":      {true, 1, false},
		"y \n":  {false, 2, false},
	} {
		t.Run(fmt.Sprintf("%q", typed), func(t *testing.T) {
			t.Parallel()

			s := newStub(
				t,
				map[string][]reply{
					"POST deliveries/retry": {okReply(wouldRetry), acceptedReply(aBulk("finished", 39, ""))},
				},
			)

			one := s.session(typed)
			one.asks = want.asks
			assert.Equal(t, want.status, one.run(retryAll), one.errs.String())
			assert.Contains(t, one.out.String(), "twilio_20003")
			assert.Equal(t, want.begins, s.sent("deliveries/retry").body["dry_run"] == false)

			if !want.asks {
				assert.Contains(t, one.errs.String(), "--yes")
			}
		})
	}
}

func TestRetryAllShowsItsProgress(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		last   string
		draws  bool
		status int
		out    []string
		errs   string
	}{
		"finished": {
			aBulk("finished", 39, ""),
			false,
			0,
			[]string{"running: 3 of 40 begun, 3 accepted, 1 skipped\n", "finished: 39 of 40 begun"},
			"",
		},
		"drawn": {
			aBulk("finished", 39, ""),
			true,
			0,
			[]string{"\r\x1b[Krunning: 3 of 40", "\r\x1b[Kfinished: 39 of 40"},
			"",
		},
		"paused": {
			aBulk("paused", 5, "2 of the first 5 were not taken."),
			false,
			3,
			[]string{"2 of the first 5"},
			"bulk-retries resume " + stubBulk,
		},
		"canceled": {aBulk("canceled", 5, ""), false, 1, []string{"canceled: 5 of 40"}, "canceled"},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newStub(t, map[string][]reply{
				"POST deliveries/retry": {acceptedReply(aBulk("running", 0, ""))},
				"GET bulk-retries/" + stubBulk: {
					refusalReply(404, "bulk_retry_not_found", "not yet"),
					okReply(aBulk("running", 3, "")),
					okReply(aBulk("running", 3, "")),
					okReply(tt.last),
				},
			})

			one := s.session("")
			one.draws = tt.draws
			assert.Equal(t, tt.status, one.run(append(retryAll, "--yes")), one.errs.String())

			for _, want := range tt.out {
				assert.Contains(t, one.out.String(), want)
			}

			assert.Contains(t, one.errs.String(), tt.errs)

			if !tt.draws {
				assert.Equal(
					t,
					1,
					strings.Count(one.out.String(), "running: 3 of 40"),
					"a line that says nothing new is not repeated",
				)
			}

			assert.NotEmpty(t, s.sent("deliveries/retry").idempotency)
		})
	}
}

func TestCtrlCLeavesABulkRetryRunning(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"POST deliveries/retry": {
			acceptedReply(aBulk("running", 0, "")),
		}, "GET bulk-retries/" + stubBulk: {okReply(aBulk("running", 3, ""))},
	})

	one := s.session("")
	ctx, cancel := context.WithCancel(t.Context())
	one.ctx = ctx

	s.hook = func(a stubCall) {
		if a.method == "GET" {
			cancel()
		}
	}

	assert.Equal(t, 3, one.run(append(retryAll, "--yes")))
	assert.Contains(t, one.errs.String(), "continues in the background")
	assert.Contains(t, one.errs.String(), "handrail bulk-retries pause "+stubBulk+" --reason")

	for _, a := range s.all() {
		assert.NotContains(t, a.path, "pause")
	}
}

func TestBulkRetriesAreSteered(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"GET bulk-retries":             {aPage("", aBulk("running", 3, ""))},
		"GET bulk-retries/" + stubBulk: {okReply(aBulk("running", 3, ""))},
		"POST bulk-retries/" + stubBulk + "/pause": {
			refusalReply(503, "unavailable", "its workflow could not be told"),
			okReply(aBulk("paused", 3, "")),
		},
		"POST bulk-retries/" + stubBulk + "/resume": {okReply(aBulk("running", 3, ""))},
		"POST bulk-retries/" + stubBulk + "/cancel": {okReply(aBulk("canceled", 3, ""))},
	})

	status, out, errs := s.doNarrow("bulk-retries", "list")
	require.Equal(t, 0, status, errs)

	assert.Contains(t, out, "Twilio was suspended")
	_, out, _ = s.do("bulk-retries", "show", stubBulk)
	assert.True(t, strings.HasPrefix(out, "running: 3 of 40 begun, 3 accepted, 1 skipped\n"))
	assert.Contains(t, out, "handrail bulk-retries pause "+stubBulk)
	assert.Contains(t, out, "handrail deliveries list --bulk-retry "+stubBulk)
	assert.Contains(t, out, "1: it has been tried again already")
	assert.Contains(t, out, "10 of its last 50 attempts have failed (20 %)")
	assert.Contains(t, out, "1 of 4 with an outcome (25 %)")
	assert.Contains(t, out, "handrail bulk-retries set "+stubBulk+" --rate N --reason")
	assert.NotContains(t, out, "handrail bulk-retries resume")

	for verb, shows := range map[string]string{
		"pause":  "bulk-retries resume",
		"resume": "bulk-retries pause",
		"cancel": "canceled: 3 of 40",
	} {
		status, out, errs = s.do("bulk-retries", verb, stubBulk, "--reason", "wait for Twilio")
		require.Equal(t, 0, status, errs)
		assert.Contains(t, out, shows)
		assert.Equal(t, map[string]any{"reason": "wait for Twilio"}, s.sent("bulk-retries/"+stubBulk+"/"+verb).body)
	}

	s = newStub(t, map[string][]reply{"GET bulk-retries": {aPage("")}})
	_, out, _ = s.do("bulk-retries", "list")
	assert.Contains(t, out, "no bulk retries yet")
}

func TestRetryAllSaysWhichBulkRetriesOverlap(t *testing.T) {
	t.Parallel()

	overlaps := strings.TrimSuffix(wouldRetry, "}") +
		`,"overlaps":[{"bulk_retry_id":"` + stubBulk + `","state":"paused","count":147}]}`
	s := newStub(t, map[string][]reply{"POST deliveries/retry": {
		okReply(overlaps),
		refusalReply(409, "bulk_retry_overlaps", "bulk retry "+stubBulk+" is to retry 147 of the same deliveries"),
		acceptedReply(aBulk("finished", 39, "")),
	}})

	_, out, _ := s.do(append(retryAll, "--dry-run")...)
	assert.Contains(t, out, "bulk retry "+stubBulk+", which is paused, is to retry 147 of these")
	assert.Contains(t, out, "handrail bulk-retries show "+stubBulk)

	status, _, errs := s.do(append(retryAll, "--yes")...)
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "(bulk_retry_overlaps)")

	status, _, errs = s.do(append(retryAll, "--yes", "--allow-overlap", "--pause-at", "50")...)
	require.Equal(t, 0, status, errs)

	body := s.sent("deliveries/retry").body
	assert.Equal(t, []any{true, 50.0}, []any{body["allow_overlap"], body["pause_at_failure_percent"]})
}

func TestWhatABulkRetryHasBegunAndSkippedIsListed(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"GET bulk-retries/" + stubBulk + "/skipped": {
			aPage("", `{"delivery_id":"`+stubAction+`","reason":"it has been tried again already"}`),
			aPage(""),
		},
		"GET deliveries": {aPage("")},
	})

	status, out, errs := s.doNarrow("bulk-retries", "skipped", stubBulk)
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, stubAction)
	assert.Contains(t, out, "it has been tried again already")

	_, out, _ = s.do("bulk-retries", "skipped", stubBulk)
	assert.Contains(t, out, "it has skipped nothing\n")

	_, out, _ = s.do("bulk-retries", "skipped", stubBulk, "--reason", "the provider has it")
	assert.Contains(t, out, "it has skipped nothing for this reason")
	assert.Contains(t, s.sent("bulk-retries/"+stubBulk+"/skipped").query, "reason=the+provider+has+it")

	status, out, errs = s.do("deliveries", "list", "--bulk-retry", stubBulk, "--sender", "phone:12")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "no deliveries match")
	assert.Contains(t, s.sent("deliveries").query, "bulk_retry_id="+stubBulk)
	assert.Contains(t, s.sent("deliveries").query, "sender=phone%3A12")
}

func TestSuppressionsAreListedAndLifted(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"GET suppressions": {
			aPage(
				"",
				`{"id":4,"channel":"phone-sms","sender":"phone:12","address":"+14155550101","reason":"opt_out",`+
					`"created_at":"2026-11-22T10:00:00Z"}`,
			),
		},
		"DELETE suppressions/4":  {{204, ""}},
		"DELETE suppressions/44": {refusalReply(404, "suppression_not_found", "there is no suppression 44")},
	})

	status, out, errs := s.do("suppressions", "list")
	require.Equal(t, 0, status, errs)

	for _, want := range []string{"ADDRESS", "4", "phone:12", "+14155550101", "opt_out"} {
		assert.Contains(t, out, want)
	}

	status, out, errs = s.do("suppressions", "lift", "4")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "lifted")

	status, _, errs = s.do("suppressions", "lift", "44")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "suppression_not_found")
}
