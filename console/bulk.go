package console

import (
	"maps"
	"slices"
	"time"

	"github.com/a-h/templ"

	"handrail/chat"
	"handrail/client"
)

// defaultCanary is the canary that the form of a bulk retry begins with: that of the API.
const defaultCanary = 5

// firstBegun is how many of the first deliveries of a bulk retry its page shows at least.
const firstBegun = 5

// lostStatuses are the statuses of deliveries that have certainly failed.
var lostStatuses = []client.DeliveryStatus{
	client.DeliveryStatusBounced,
	client.DeliveryStatusExpired,
	client.DeliveryStatusFailed,
	client.DeliveryStatusRejected,
	client.DeliveryStatusSuppressed,
	client.DeliveryStatusUndelivered,
}

// The API answers before a new bulk retry can be read. The console tries to read it for birthTimeout, with a pause of
// birthPause between two tries.
const (
	birthTimeout = 5 * time.Second
	birthPause   = 200 * time.Millisecond
)

func (h *Handler) bulkRoutes() {
	h.page("/failures/bulk", h.showBulkRetries)
	h.page("/failures/bulk/new", h.showNewBulkRetry)
	h.page("/failures/bulk/{id}", h.showBulkRetry)
	h.page("/failures/bulk/{id}/skipped", h.showBulkSkipped)

	h.form("/failures/bulk/new", h.beginBulkRetry, h.showNewBulkRetry)
	h.form("/failures/bulk/{id}/pause", h.pauseBulkRetry, h.showBulkRetry)
	h.form("/failures/bulk/{id}/rate", h.changeBulkRate, h.showBulkRetry)
	h.form("/failures/bulk/{id}/resume", h.resumeBulkRetry, h.showBulkRetry)
	h.form("/failures/bulk/{id}/cancel", h.cancelBulkRetry, h.showBulkRetry)
}

func (h *Handler) showBulkRetries(v *viewer) (templ.Component, error) {
	answer, err := v.ListBulkRetriesWithResponse(v.ctx(), v.ws(), &client.ListBulkRetriesParams{
		Limit:  new(pageLimit),
		Cursor: readCursor(v),
	})
	if err != nil {
		return nil, err
	}

	next := v.nextPage("/failures/bulk", answer.JSON200.NextCursor)

	return bulkRetriesPage(v, answer.JSON200.Items, next), nil
}

// newBulkView is the page on which a bulk retry is begun.
type newBulkView struct {
	// filter is frozen: what was made after asOf is not retried, whatever happens while somebody reads the page.
	filter deliveryFilter
	asOf   time.Time
	would  *client.DryRun
}

// showNewBulkRetry shows what a bulk retry would do. Nothing is retried yet.
func (h *Handler) showNewBulkRetry(v *viewer) (templ.Component, error) {
	filter, err := readFrozenFilter(v)
	if err != nil {
		return nil, err
	}

	would, err := dryRun(v, filter)
	if err != nil {
		return nil, err
	}

	return newBulkPage(v, &newBulkView{
		filter: filter,
		asOf:   *filter.until,
		would:  would,
	}), nil
}

// readFrozenFilter reads the filter of a bulk retry, which ends now at the latest. Errors: that of a field that cannot
// be read, or that no bulk retry can have.
func readFrozenFilter(v *viewer) (deliveryFilter, error) {
	filter, err := readFilter(v)

	switch {
	case err != nil:
		return filter, err
	case !filter.isOfBulk():
		return filter, newInputError("status", "must be one at most, without member, duplicate and bulk retry")
	}

	// To the second, what has failed in this one would be left out.
	if now := v.now().UTC().Truncate(time.Millisecond); filter.until == nil || filter.until.After(now) {
		filter.until = &now
	}

	return filter, nil
}

// beginBulkRetry begins a bulk retry with the filter as it was shown.
func (h *Handler) beginBulkRetry(v *viewer) (templ.SafeURL, error) {
	asked, err := readNewBulkRetry(v)
	if err != nil {
		return "", err
	}

	params := &client.RetryDeliveriesParams{IdempotencyKey: v.once()}

	answer, err := v.RetryDeliveriesWithResponse(v.ctx(), v.ws(), params, asked)
	if err != nil {
		return "", err
	}

	begun := answer.JSON202
	awaitBulkRetry(v, begun.ID)

	return v.path("/failures/bulk/" + begun.ID), nil
}

// readNewBulkRetry reads the form of a new bulk retry. Errors: that of a field that cannot be read.
func readNewBulkRetry(v *viewer) (client.NewBulkRetry, error) {
	filter, err := readFrozenFilter(v)
	if err != nil {
		return client.NewBulkRetry{}, err
	}

	asked := filter.bulk()
	asked.Reason = client.IfGiven(readText(v, "reason"))
	asked.AcknowledgeDuplicate = client.IfGiven(v.PostFormValue("acknowledge_duplicate") != "")
	asked.AllowOverlap = client.IfGiven(v.PostFormValue("allow_overlap") != "")

	for name, field := range map[string]**int64{
		"canary":                   &asked.Canary,
		"rate_per_second":          &asked.RatePerSecond,
		"pause_at_failure_percent": &asked.PauseAtFailurePercent,
	} {
		if *field, err = readNumber(v, name); err != nil {
			return client.NewBulkRetry{}, err
		}
	}

	return asked, nil
}

// awaitBulkRetry waits until a new bulk retry can be read. Whatever goes wrong is shown by its page.
func awaitBulkRetry(v *viewer, id string) {
	for deadline := time.Now().Add(birthTimeout); time.Now().Before(deadline); {
		_, err := v.GetBulkRetryWithResponse(v.ctx(), v.ws(), id)
		if !client.HasCode(err, client.ProblemCodeBulkRetryNotFound) {
			return
		}

		select {
		case <-v.ctx().Done():
			return
		case <-time.After(birthPause):
		}
	}
}

// bulkView is what the page of a bulk retry shows.
type bulkView struct {
	client.BulkRetry

	// first are the deliveries that it has begun first: those of its canary, and a few without one.
	first []client.Delivery
}

func (h *Handler) showBulkRetry(v *viewer) (templ.Component, error) {
	answer, err := v.GetBulkRetryWithResponse(v.ctx(), v.ws(), v.PathValue("id"))
	if err != nil {
		return nil, err
	}

	view := bulkView{BulkRetry: *answer.JSON200}
	v.answersAt(v.path("/failures/bulk/" + view.ID))

	oldestFirst := client.ListDeliveriesParamsOrderAsc

	first, err := v.ListDeliveriesWithResponse(v.ctx(), v.ws(), &client.ListDeliveriesParams{
		BulkRetryID: &view.ID,
		Order:       &oldestFirst,
		Expand:      expandMember(v),
		Limit:       new(max(firstBegun, min(view.Canary, pageLimit))),
	})
	if err != nil {
		return nil, err
	}

	view.first = first.JSON200.Items
	v.learnNames(view.MemberID)

	return bulkRetryPage(v, &view), nil
}

// done returns how many deliveries have had their turn.
func (b *bulkView) done() int64 { return b.Begun + b.Skipped }

// statuses returns the statuses of what was begun, in the order of their names.
func (b *bulkView) statuses() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(b.ByStatus)), func(status string) bool {
		return b.ByStatus[status] == 0
	})
}

// reasons returns why deliveries were skipped, in the order of the alphabet.
func (b *bulkView) reasons() []string { return slices.Sorted(maps.Keys(b.SkippedByReason)) }

// describeFailures returns how many of what was begun have failed so far, in words.
func (b *bulkView) describeFailures() string {
	var failed int64

	for status, count := range b.ByStatus {
		if slices.Contains(lostStatuses, client.DeliveryStatus(status)) {
			failed += count
		}
	}

	if b.Begun == 0 {
		return "none begun yet"
	}

	return formatCount(failed) + " of " + formatCount(b.Begun) + " (" + formatCount(100*failed/b.Begun) + " %)"
}

// describeThreshold returns when the bulk retry pauses by itself, in words.
func (b *bulkView) describeThreshold() string {
	if b.PauseAtFailurePercent == 0 {
		return "never by itself after its canary"
	}

	return formatCount(b.PauseAtFailurePercent) + " % of the last " + formatCount(chat.BulkWindow) + " have failed"
}

// describeCanary returns how many are retried first, in words.
func (b *bulkView) describeCanary() string {
	if b.Canary == 0 {
		return "none"
	}

	return formatCount(b.Canary) + " first; the rest waits for their outcome, and one failure pauses it"
}

// filterOf returns the filter of a bulk retry as pages have it.
func filterOf(chosen client.BulkFilter) deliveryFilter {
	filter := deliveryFilter{
		channel:   string(client.ValueOf(chosen.Channel)),
		errorCode: client.ValueOf(chosen.ErrorCode),
		chatID:    chosen.ChatID,
		since:     chosen.Since,
		until:     chosen.Until,
	}

	if chosen.Status != nil {
		filter.statuses = []string{string(*chosen.Status)}
	}

	return filter
}

// begunBy returns the filter of what a bulk retry has begun.
func begunBy(id string, statuses ...string) deliveryFilter {
	return deliveryFilter{bulkRetryID: id, statuses: statuses}
}

func (h *Handler) showBulkSkipped(v *viewer) (templ.Component, error) {
	id := v.PathValue("id")

	answer, err := v.ListBulkSkippedWithResponse(v.ctx(), v.ws(), id, &client.ListBulkSkippedParams{
		Limit:  new(pageLimit),
		Cursor: readCursor(v),
	})
	if err != nil {
		return nil, err
	}

	next := v.nextPage("/failures/bulk/"+id+"/skipped", answer.JSON200.NextCursor)

	return bulkSkippedPage(v, id, answer.JSON200.Items, next), nil
}

func (h *Handler) pauseBulkRetry(v *viewer) (templ.SafeURL, error) {
	id := v.PathValue("id")
	params := &client.PauseBulkRetryParams{IdempotencyKey: v.once()}
	_, err := v.PauseBulkRetryWithResponse(v.ctx(), v.ws(), id, params, readReason(v))

	return v.path("/failures/bulk/" + id), err
}

func (h *Handler) resumeBulkRetry(v *viewer) (templ.SafeURL, error) {
	id := v.PathValue("id")
	params := &client.ResumeBulkRetryParams{IdempotencyKey: v.once()}
	_, err := v.ResumeBulkRetryWithResponse(v.ctx(), v.ws(), id, params, readReason(v))

	return v.path("/failures/bulk/" + id), err
}

func (h *Handler) changeBulkRate(v *viewer) (templ.SafeURL, error) {
	id := v.PathValue("id")

	rate, err := readRequiredNumber(v, "rate_per_second")
	if err != nil {
		return "", err
	}

	_, err = v.UpdateBulkRetryWithResponse(v.ctx(), v.ws(), id, client.BulkRate{
		Reason:        v.given("reason"),
		RatePerSecond: &rate,
	})

	return v.path("/failures/bulk/" + id), err
}

func (h *Handler) cancelBulkRetry(v *viewer) (templ.SafeURL, error) {
	id := v.PathValue("id")
	params := &client.CancelBulkRetryParams{IdempotencyKey: v.once()}
	_, err := v.CancelBulkRetryWithResponse(v.ctx(), v.ws(), id, params, readReason(v))

	return v.path("/failures/bulk/" + id), err
}

// readReason reads the reason of a command.
func readReason(v *viewer) client.Reason { return client.Reason{Reason: v.reason()} }
