package console

import (
	"maps"
	"slices"
	"time"

	"github.com/a-h/templ"

	"handrail/chat"
	"handrail/client"
)

// leastBegun is how many of the first and of the newest deliveries of a bulk retry its page shows at least.
const leastBegun = 5

// The API answers before a new bulk retry can be read. The console tries to read it for bulkReadTimeout, with a pause
// of bulkReadInterval between two tries.
const (
	bulkReadTimeout  = 5 * time.Second
	bulkReadInterval = 200 * time.Millisecond
)

func (h *Handler) bulkRoutes() {
	h.page("/failures/bulk", h.showBulkRetries)
	h.page("/failures/bulk/new", h.showNewBulkRetry)
	h.page("/failures/bulk/{id}", h.showBulkRetry)
	h.page("/failures/bulk/{id}/skipped", h.showBulkSkipped)
	h.mux.HandleFunc("GET "+Root+"/w/{workspace}/failures/bulk/{id}/skipped.csv", h.downloadSkipped)

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
	filter   deliveryFilter
	asOf     time.Time
	senders  senderList
	forecast *client.DryRun
}

// showNewBulkRetry shows what a bulk retry would do. Nothing is retried yet.
func (h *Handler) showNewBulkRetry(v *viewer) (templ.Component, error) {
	filter, err := readFrozenFilter(v)
	if err != nil {
		return nil, err
	}

	forecast, err := dryRun(v, filter)
	if err != nil {
		return nil, err
	}

	return newBulkPage(v, &newBulkView{
		filter:   filter,
		asOf:     *filter.until,
		senders:  listAllSenders(v),
		forecast: forecast,
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

	asked := filter.newBulkRetry()
	asked.Reason = v.given("reason")
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
	for deadline := time.Now().Add(bulkReadTimeout); time.Now().Before(deadline); {
		_, err := v.GetBulkRetryWithResponse(v.ctx(), v.ws(), id)
		if !client.HasCode(err, client.ProblemCodeBulkRetryNotFound) {
			return
		}

		select {
		case <-v.ctx().Done():
			return
		case <-time.After(bulkReadInterval):
		}
	}
}

// bulkView is what the page of a bulk retry shows.
type bulkView struct {
	client.BulkRetry

	// first are the deliveries that it has begun first: those of its canary, and a few without one. newest are as many
	// of the others, the newest first: while a canary is awaited after a resume, they are that canary.
	first, newest []client.Delivery
	// senders are loaded if its filter names one.
	senders senderList
}

func (h *Handler) showBulkRetry(v *viewer) (templ.Component, error) {
	answer, err := v.GetBulkRetryWithResponse(v.ctx(), v.ws(), v.PathValue("id"))
	if err != nil {
		return nil, err
	}

	view := bulkView{BulkRetry: *answer.JSON200}
	v.answersAt(v.path("/failures/bulk/" + view.ID))

	limit := max(leastBegun, min(view.Canary, pageLimit))

	if view.first, err = listBegun(v, view.ID, client.ListDeliveriesParamsOrderAsc, limit); err != nil {
		return nil, err
	}

	if others := view.Begun - int64(len(view.first)); others > 0 {
		view.newest, err = listBegun(v, view.ID, client.ListDeliveriesParamsOrderDesc, min(limit, others))
		if err != nil {
			return nil, err
		}
	}

	view.senders = listSendersFor(v, view.Filter)
	v.learnNames(view.MemberID)

	return bulkRetryPage(v, &view), nil
}

// listBegun returns the first deliveries, in an order, of those that a bulk retry has begun.
func listBegun(
	v *viewer,
	id string,
	order client.ListDeliveriesParamsOrder,
	limit int64,
) ([]client.Delivery, error) {
	answer, err := v.ListDeliveriesWithResponse(v.ctx(), v.ws(), &client.ListDeliveriesParams{
		BulkRetryID: &id,
		Order:       &order,
		Expand:      expandMember(v),
		Limit:       &limit,
	})
	if err != nil {
		return nil, err
	}

	return answer.JSON200.Items, nil
}

// countHandled returns how many deliveries have had their turn.
func (b *bulkView) countHandled() int64 { return b.Begun + b.Skipped }

// offers reports whether the API takes a command in the state of the bulk retry.
func (b *bulkView) offers(command client.BulkRetryNext) bool { return slices.Contains(b.Next, command) }

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
	tally := chat.BulkTally{Attempted: int(b.Attempted), Failed: int(b.Failed)}

	return tally.Explain()
}

// describeThreshold returns when the bulk retry pauses by itself, in words.
func (b *bulkView) describeThreshold() string {
	return chat.FailureLimit(b.PauseAtFailurePercent).Explain()
}

// filterOf returns the filter of a bulk retry as pages have it.
func filterOf(chosen client.BulkFilter) deliveryFilter {
	filter := deliveryFilter{
		channel:   string(client.ValueOf(chosen.Channel)),
		errorCode: client.ValueOf(chosen.ErrorCode),
		sender:    client.ValueOf(chosen.Sender),
		chatID:    chosen.ChatID,
		since:     chosen.Since,
		until:     chosen.Until,
	}

	if chosen.Status != nil {
		filter.statuses = []string{string(*chosen.Status)}
	}

	return filter
}

// newBegunFilter returns the filter of what a bulk retry has begun.
func newBegunFilter(id string, statuses ...string) deliveryFilter {
	return deliveryFilter{bulkRetryID: id, statuses: statuses}
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
