package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"handrail/client"
)

type deliveryRetryAll struct {
	remote
	deliveryFilter
	DryRun       bool   `help:"Only show what would be retried."`
	Rate         *int64 `help:"How many deliveries to retry per second, 1 to 50." placeholder:"N"`
	Canary       *int64 `help:"How many to retry first. The rest waits until the provider has taken these. 0 to 100; 0 for none." placeholder:"N"`
	PauseAt      *int64 `help:"Pause when so many of the last 50 attempts have failed, in percent, 1 to 100." placeholder:"PERCENT"`
	AllowOverlap bool   `help:"Begin also when an unfinished bulk retry is to retry some of the same deliveries."`
	Reason       string `help:"The reason, for the audit log." placeholder:"TEXT"`
	Yes          bool   `short:"y" help:"Begin without asking."`
	MayDuplicate bool   `help:"Also retry messages that may have been sent already, so that they may be sent twice. Without it they are skipped."`
}

// Help is shown by kong.
func (deliveryRetryAll) Help() string {
	return `Give at least one filter. The command shows what it would do, asks, and then shows the progress until
the bulk retry is finished or paused. Ctrl-C leaves it running. To pause, resume or cancel it: handrail
bulk-retries.

` + exitHelp
}

// retryGroups is the answer of a dry run.
type retryGroups struct{ client.DryRun }

// showOverlaps writes which unfinished bulk retries have some of the same deliveries.
func (g *retryGroups) showOverlaps(c *console, r *remote) {
	for _, o := range g.Overlaps {
		fmt.Fprintf(
			c.out,
			"bulk retry %s, which is %s, is to retry %d of these\n  to check: %s\n",
			makePrintable(o.BulkRetryID),
			makePrintable(string(o.State)),
			o.Count,
			r.line(c, "bulk-retries show "+makePrintable(o.BulkRetryID)),
		)
	}
}

// explainDuplicates says what happens to deliveries that may have been sent already, "" if there are none.
func (g *retryGroups) explainDuplicates(taken bool) string {
	switch {
	case g.MayDuplicate == 0:
		return ""
	case taken:
		return fmt.Sprintf("%d of them may have been sent already, and may be sent twice.", g.MayDuplicate)
	}

	return fmt.Sprintf(
		"%d of them may have been sent already. They are skipped; --may-duplicate retries them too.",
		g.MayDuplicate,
	)
}

// showSkipped writes how many would be skipped, and why.
func (g *retryGroups) showSkipped(c *console) {
	if g.Skipped == 0 {
		return
	}

	of := ""
	if g.Judged < g.Count {
		of = fmt.Sprintf(" of the first %d", g.Judged)
	}

	fmt.Fprintf(c.out, "%d%s would be skipped as they stand, and %d retried:\n", g.Skipped, of, g.Judged-g.Skipped)

	for _, reason := range slices.Sorted(maps.Keys(g.SkippedByReason)) {
		fmt.Fprintf(c.out, "  %d: %s\n", g.SkippedByReason[reason], makePrintable(reason))
	}
}

// Run retries many deliveries and shows the progress.
func (r *deliveryRetryAll) Run(c *console) error {
	switch {
	case r.isEmpty():
		return &exitError{
			errors.New(
				"choose the deliveries: give at least one of " +
					"--status, --channel, --error-code, --sender, --chat-id, --since, --until",
			),
			exitUsage,
		}

	case r.Reason == "" && !r.DryRun:
		return &exitError{errors.New("a bulk retry needs --reason"), exitUsage}
	}

	api, err := r.dial(c)
	if err != nil {
		return err
	}

	if r.DryRun || !r.Yes {
		goesOn, err := r.preview(api)
		if err != nil || !goesOn {
			return err
		}

		if err := r.confirm(c); err != nil {
			return err
		}
	}

	return r.begin(api)
}

// preview shows what would be done. It returns false for a dry run, and if there is nothing to retry.
func (r *deliveryRetryAll) preview(api *apiClient) (goesOn bool, err error) {
	got, err := api.read(api.RetryDeliveries(api.ctx, api.workspace, nil, r.body(true)))
	if err != nil {
		return false, err
	}

	var would retryGroups
	if err := got.into(&would); err != nil {
		return false, err
	}

	switch {
	case r.DryRun && r.JSON:
		return false, api.showJSON(got.raw)
	case would.Count == 0:
		fmt.Fprintln(api.out, "nothing to retry: no delivery that matches may be retried")
		return false, nil
	}

	t := newTable(api.out, "STATUS", "ERROR", "SENDER", "DELIVERIES")
	for _, g := range would.Groups {
		t.row(
			makePrintable(g.Status),
			shortenText(g.ErrorCode, 40),
			makePrintable(g.Sender),
			strconv.FormatInt(g.Count, 10),
		)
	}

	t.row("all", "", "", strconv.FormatInt(would.Count, 10))

	if err := t.flush(); err != nil {
		return false, err
	}

	if words := would.explainDuplicates(r.MayDuplicate); words != "" {
		fmt.Fprintln(api.out, words)
	}

	would.showSkipped(api.console)
	would.showOverlaps(api.console, &r.remote)

	return !r.DryRun, nil
}

// confirm asks the person, and fails unless the answer is yes.
func (r *deliveryRetryAll) confirm(c *console) error {
	if !c.asks {
		return &exitError{errors.New("there is no terminal to ask on; use --yes to begin without asking"), exitUsage}
	}

	if !c.confirm("Retry these?") {
		return &exitError{errors.New("nothing was retried; --yes begins without asking"), exitFailed}
	}

	return nil
}

// body returns the body of the request.
func (r *deliveryRetryAll) body(dryRun bool) client.NewBulkRetry {
	return client.NewBulkRetry{
		AcknowledgeDuplicate:  client.IfGiven(r.MayDuplicate),
		AllowOverlap:          client.IfGiven(r.AllowOverlap),
		Canary:                r.Canary,
		Channel:               client.IfGiven(client.Channel(r.Channel)),
		ChatID:                client.IfGiven(r.ChatID),
		DryRun:                &dryRun,
		ErrorCode:             client.IfGiven(r.ErrorCode),
		PauseAtFailurePercent: r.PauseAt,
		RatePerSecond:         r.Rate,
		Reason:                client.IfGiven(r.Reason),
		Sender:                client.IfGiven(r.Sender),
		Since:                 r.Since.time(),
		Status:                client.IfGiven(client.DeliveryStatus(r.Status)),
		Until:                 r.Until.time(),
	}
}

// begin starts the bulk retry and follows it.
func (r *deliveryRetryAll) begin(api *apiClient) error {
	got, err := api.read(api.RetryDeliveries(
		api.ctx,
		api.workspace,
		&client.RetryDeliveriesParams{IdempotencyKey: new(client.NewIdempotencyKey())},
		r.body(false),
	))
	if err != nil {
		if api.ctx.Err() != nil {
			return &exitError{
				fmt.Errorf("the bulk retry may have begun. To check: %s", r.line(api.console, "bulk-retries list")),
				exitUnsettled,
			}
		}

		return err
	}

	if r.JSON {
		return api.showJSON(got.raw)
	}

	var b bulkView
	if err := got.into(&b); err != nil {
		return err
	}

	fmt.Fprintf(api.out, "bulk retry %s\n", makePrintable(b.ID))

	return r.follow(api, &b)
}

// maxUnborn is how often a new bulk retry may be not found: it is answered before it is stored.
const maxUnborn = 60

// reload reads the bulk retry again.
func (b *bulkView) reload(api *apiClient) error {
	got, err := api.read(api.GetBulkRetry(api.ctx, api.workspace, b.ID))
	if err != nil {
		return err
	}

	return got.into(b)
}

// follow shows the progress until it stops.
func (r *deliveryRetryAll) follow(api *apiClient, b *bulkView) error {
	unborn := 0

	for shown := ""; ; {
		shown = api.redraw(shown, b.formatProgress())

		if b.State != client.BulkRetryStateRunning {
			break
		}

		if !api.pause(nil) {
			return r.leave(api, b)
		}

		switch err := b.reload(api); {
		case err == nil:
		case api.ctx.Err() != nil:
			return r.leave(api, b)
		case unborn < maxUnborn && client.HasCode(err, client.ProblemCodeBulkRetryNotFound):
			unborn++
		default:
			return fmt.Errorf(
				"%w\nThe bulk retry continues. To check: %s",
				err,
				r.line(api.console, "bulk-retries show "+b.ID),
			)
		}
	}

	api.endLine()

	if b.Note != "" {
		fmt.Fprintln(api.out, makePrintable(b.Note))
	}

	switch b.State {
	case client.BulkRetryStatePaused:
		return &exitError{
			fmt.Errorf(
				"the bulk retry is paused. To resume: %s",
				r.line(api.console, "bulk-retries resume "+b.ID+" --reason '…'"),
			),
			exitUnsettled,
		}

	case client.BulkRetryStateCanceled:
		return &exitError{errors.New("the bulk retry was canceled"), exitFailed}
	case client.BulkRetryStateRunning, client.BulkRetryStateFinished:
	}

	return nil
}

// leave says how to steer what goes on without this command.
func (r *deliveryRetryAll) leave(api *apiClient, b *bulkView) error {
	api.endLine()

	return &exitError{
		fmt.Errorf(
			"the bulk retry continues in the background.\n  to check: %s\n  to pause: %s",
			r.line(api.console, "bulk-retries show "+b.ID),
			r.line(api.console, "bulk-retries pause "+b.ID+" --reason '…'"),
		),
		exitUnsettled,
	}
}

// redraw shows a line in the place of the one before: on a terminal over it, elsewhere
// below it when it is another.
func (c *console) redraw(before, line string) string {
	switch {
	case c.draws:
		fmt.Fprintf(c.out, "\r\x1b[K%s", line)
	case line != before:
		fmt.Fprintln(c.out, line)
	}

	return line
}

// endLine ends what redraw has drawn.
func (c *console) endLine() {
	if c.draws {
		fmt.Fprintln(c.out)
	}
}
