package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"handrail/chat"
	"handrail/client"
)

type bulkRetriesCommand struct {
	List    bulkList    `cmd:"" help:"List bulk retries, newest first."`
	Show    bulkShow    `cmd:"" help:"Show a bulk retry and its progress."`
	Skipped bulkSkipped `cmd:"" help:"List the deliveries that a bulk retry could not retry, and why."`
	Pause   bulkPause   `cmd:"" help:"Pause a bulk retry: it retries no more deliveries until you resume it."`
	Set     bulkSet     `cmd:"" help:"Change the rate of a bulk retry."`
	Resume  bulkResume  `cmd:"" help:"Resume a paused bulk retry: it begins with a canary again."`
	Cancel  bulkCancel  `cmd:"" help:"Cancel a bulk retry: it retries no more deliveries."`
}

// Help is shown by kong.
func (bulkRetriesCommand) Help() string {
	return `To start a bulk retry, use: handrail deliveries retry-all. If you pause or cancel a bulk retry, the
retries that it has already begun continue.

` + exitHelp
}

// bulkView is a bulk retry as the API shows it.
type bulkView struct{ client.BulkRetry }

// formatProgress returns the progress in one line.
func (b *bulkView) formatProgress() string {
	parts := []string{fmt.Sprintf("%s: %d of %d begun", b.State, b.Begun, b.Selected)}
	for _, status := range slices.Sorted(maps.Keys(b.ByStatus)) {
		if n := b.ByStatus[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, status))
		}
	}

	if b.Skipped > 0 {
		parts = append(parts, fmt.Sprintf("%d skipped", b.Skipped))
	}

	return makePrintable(strings.Join(parts, ", "))
}

type bulkList struct {
	remote
	listing
}

// Run lists bulk retries.
func (l *bulkList) Run(c *console) error {
	return showList(c, &l.remote, l.listing, listView[bulkView]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			return api.ListBulkRetries(
				c.ctx,
				api.workspace,
				&client.ListBulkRetriesParams{Limit: at.limit, Cursor: at.cursor},
			)
		},
		empty:   "no bulk retries yet; start one with: handrail deliveries retry-all",
		columns: []string{"BULK RETRY", "STATE", "BEGUN", "OF", "SKIPPED", "AGE", "REASON"},
		row: func(b *bulkView) []string {
			return []string{
				makePrintable(b.ID),
				makePrintable(string(b.State)),
				strconv.FormatInt(b.Begun, 10),
				strconv.FormatInt(b.Selected, 10),
				strconv.FormatInt(b.Skipped, 10),
				formatAge(b.CreatedAt),
				makePrintable(b.Reason),
			}
		},
	})
}

type bulkShow struct {
	remote
	ID string `arg:"" help:"The bulk retry's id, as listed."`
}

// Run shows a bulk retry.
func (s *bulkShow) Run(c *console) error {
	return showBulk(c, &s.remote, func(api *apiClient) (*http.Response, error) {
		return api.GetBulkRetry(c.ctx, api.workspace, s.ID)
	})
}

// showBulk makes a request that is answered with a bulk retry, and shows it.
func showBulk(c *console, r *remote, ask question) error {
	return showOne(c, r, ask, func(_ *apiClient, b *bulkView) error {
		b.show(c, r)
		return nil
	})
}

func (b *bulkView) show(c *console, r *remote) {
	fmt.Fprintf(c.out, "%s\n\n", b.formatProgress())
	f := facts{c}
	f.say("bulk retry", "%s", b.ID)
	f.say("note", "%s", b.Note)
	f.say("reason", "%s", b.Reason)
	f.say("failed", "%s", b.explainFailures())
	f.say("per second", "%s", formatNumber(b.RatePerSecond))
	f.say("canary", "%s", chat.ExplainCanary(int(b.Canary)))
	f.say("pauses when", "%s", chat.FailureLimit(b.PauseAtFailurePercent).Explain())

	for _, reason := range slices.Sorted(maps.Keys(b.SkippedByReason)) {
		f.say("skipped", "%d: %s", b.SkippedByReason[reason], reason)
	}

	f.say("created", "%s (%s ago)", formatTime(b.CreatedAt), formatAge(b.CreatedAt))
	f.say("changed", "%s (%s ago)", formatTime(b.UpdatedAt), formatAge(b.UpdatedAt))
	b.showNext(c, r)
}

// explainFailures says how many of what was begun have failed.
func (b *bulkView) explainFailures() string {
	tally := chat.BulkTally{Attempted: int(b.Attempted), Failed: int(b.Failed)}

	return tally.Explain()
}

// bulkVerbs are the commands of a bulk retry on the command line.
var bulkVerbs = map[client.BulkRetryNext]string{
	client.BulkRetryNextPause:      "pause %s",
	client.BulkRetryNextResume:     "resume %s",
	client.BulkRetryNextChangeRate: "set %s --rate N",
	client.BulkRetryNextCancel:     "cancel %s",
}

// showNext writes the commands that may be used now.
func (b *bulkView) showNext(c *console, r *remote) {
	if len(b.Next) == 0 {
		return
	}

	c.showHeading("What you may do")
	fmt.Fprintln(c.out, "  "+r.line(c, "deliveries list --bulk-retry "+makePrintable(b.ID)))

	for _, next := range b.Next {
		if verb, isKnown := bulkVerbs[next]; isKnown {
			command := "bulk-retries " + fmt.Sprintf(verb, makePrintable(b.ID)) + " --reason '…'"
			fmt.Fprintln(c.out, "  "+r.line(c, command))
		}
	}
}

type bulkSkipped struct {
	remote
	listing
	ID     string `arg:"" help:"The bulk retry's id, as listed."`
	Reason string `help:"Only those with this reason, as 'handrail bulk-retries show' has it." placeholder:"TEXT"`
}

// Run lists what a bulk retry has skipped.
func (s *bulkSkipped) Run(c *console) error {
	empty := "it has skipped nothing"
	if s.Reason != "" {
		empty += " for this reason"
	}

	return showList(c, &s.remote, s.listing, listView[client.BulkSkipped]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			return api.ListBulkSkipped(
				c.ctx,
				api.workspace,
				s.ID,
				&client.ListBulkSkippedParams{
					Reason: client.IfGiven(s.Reason),
					Limit:  at.limit,
					Cursor: at.cursor,
				},
			)
		},
		empty:   empty,
		columns: []string{"DELIVERY", "REASON"},
		row: func(skipped *client.BulkSkipped) []string {
			return []string{makePrintable(skipped.DeliveryID), makePrintable(skipped.Reason)}
		},
	})
}

// bulkMove has the arguments of pause, resume and cancel.
type bulkMove struct {
	remote
	ID     string `arg:"" help:"The bulk retry's id, as listed."`
	Reason string `required:"" help:"The reason, for the audit log." placeholder:"TEXT"`
}

type (
	bulkPause  struct{ bulkMove }
	bulkResume struct{ bulkMove }
	bulkSet    struct {
		bulkMove

		Rate int64 `required:"" help:"How many are begun in a second from now on, 1 to 50." placeholder:"N"`
	}
	bulkCancel struct{ bulkMove }
)

// Run pauses a bulk retry.
func (m *bulkPause) Run(c *console) error {
	return showBulk(c, &m.remote, func(api *apiClient) (*http.Response, error) {
		return api.PauseBulkRetry(c.ctx, api.workspace, m.ID, nil, m.reason(), client.Repeatable)
	})
}

// Run lets a bulk retry go on.
func (m *bulkResume) Run(c *console) error {
	return showBulk(c, &m.remote, func(api *apiClient) (*http.Response, error) {
		return api.ResumeBulkRetry(c.ctx, api.workspace, m.ID, nil, m.reason(), client.Repeatable)
	})
}

// Run changes the rate of a bulk retry.
func (m *bulkSet) Run(c *console) error {
	return showBulk(c, &m.remote, func(api *apiClient) (*http.Response, error) {
		return api.UpdateBulkRetry(c.ctx, api.workspace, m.ID, client.BulkRate{
			Reason:        &m.Reason,
			RatePerSecond: &m.Rate,
		})
	})
}

// Run ends a bulk retry.
func (m *bulkCancel) Run(c *console) error {
	return showBulk(c, &m.remote, func(api *apiClient) (*http.Response, error) {
		return api.CancelBulkRetry(c.ctx, api.workspace, m.ID, nil, m.reason(), client.Repeatable)
	})
}

func (m *bulkMove) reason() client.Reason { return client.Reason{Reason: m.Reason} }
