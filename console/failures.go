package console

import (
	"cmp"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/a-h/templ"

	"handrail/chat"
	"handrail/client"
)

// failedStatuses are those of the list without filters: what has not arrived, or may not have.
var failedStatuses = []client.DeliveryStatus{
	client.DeliveryStatusAbandoned,
	client.DeliveryStatusBlocked,
	client.DeliveryStatusBounced,
	client.DeliveryStatusExpired,
	client.DeliveryStatusFailed,
	client.DeliveryStatusNeedsReview,
	client.DeliveryStatusRejected,
	client.DeliveryStatusSuppressed,
	client.DeliveryStatusUnconfirmed,
	client.DeliveryStatusUndelivered,
	client.DeliveryStatusUnknown,
}

// otherStatuses are the statuses of deliveries that have not failed.
var otherStatuses = []client.DeliveryStatus{
	client.DeliveryStatusAccepted,
	client.DeliveryStatusCanceled,
	client.DeliveryStatusConfirmedSent,
	client.DeliveryStatusDelivered,
	client.DeliveryStatusPending,
	client.DeliveryStatusRead,
	client.DeliveryStatusSending,
}

// sentChannels are the channels with deliveries.
var sentChannels = []client.Channel{client.ChannelPhoneSms, client.ChannelEmail}

// groupsSince is how far back groups are counted where no time is given, so that the page is quick however much there
// is.
const groupsSince = 7 * 24 * time.Hour

// deliveryFilter chooses deliveries, as the query of a page does.
type deliveryFilter struct {
	statuses    []string
	channel     string
	errorCode   string
	sender      string
	duplicates  []string
	bulkRetryID string
	// failedForGood chooses what the page Now counts: what has not arrived for good, and was not sent again.
	failedForGood bool

	chatID   *int64
	memberID *int64
	since    *time.Time
	until    *time.Time
	// updatedSince chooses what has changed then or later.
	updatedSince *time.Time
}

// readFilter reads the filter of a request. Errors: that of a field that cannot be read.
func readFilter(v *viewer) (filter deliveryFilter, err error) {
	filter = deliveryFilter{
		statuses:    readValues(v, "status"),
		channel:     readText(v, "channel"),
		errorCode:   readText(v, "error_code"),
		sender:      readText(v, "sender"),
		duplicates:  readDuplicates(v),
		bulkRetryID: readText(v, "bulk_retry_id"),

		failedForGood: readText(v, failedForGoodField) == yesValue,
	}

	if filter.chatID, err = readNumber(v, "chat_id"); err != nil {
		return filter, err
	}

	if filter.memberID, err = readNumber(v, "member_id"); err != nil {
		return filter, err
	}

	if filter.since, err = readTime(v, "since"); err != nil {
		return filter, err
	}

	if filter.until, err = readTime(v, "until"); err != nil {
		return filter, err
	}

	filter.updatedSince, err = readTime(v, "updated_since")

	return filter, err
}

// failedForGoodField is the name of a field of the filter that is either [yesValue] or empty.
const (
	failedForGoodField = "failed_for_good"
	yesValue           = "true"
)

// anyDuplicate stands for all duplicates in a field.
const anyDuplicate = "any"

// duplicateChoices are what the filter of duplicates may be.
var duplicateChoices = []struct{ value, name string }{
	{anyDuplicate, "Duplicates, certain or not"},
	{string(client.DuplicatePossible), "Possible duplicates"},
	{string(client.DuplicateConfirmed), "Certain duplicates"},
}

// isRetried reports whether a delivery was tried again as another one, which now counts.
func isRetried(delivery client.Delivery) bool { return client.ValueOf(delivery.RetriedBy) != "" }

// readDuplicates reads which duplicates are meant.
func readDuplicates(v *viewer) []string {
	given := readValues(v, "duplicate")
	if slices.Contains(given, anyDuplicate) {
		return []string{string(client.DuplicatePossible), string(client.DuplicateConfirmed)}
	}

	return given
}

// duplicateField returns the filter's duplicates as the field has them.
func (f deliveryFilter) duplicateField() string {
	switch len(f.duplicates) {
	case 0:
		return ""
	case 1:
		return f.duplicates[0]
	}

	return anyDuplicate
}

// query returns the filter as the query of a page.
func (f deliveryFilter) query() url.Values {
	query := url.Values{}

	for name, value := range map[string]string{
		"channel":       f.channel,
		"error_code":    f.errorCode,
		"sender":        f.sender,
		"bulk_retry_id": f.bulkRetryID,
		"chat_id":       formatOptional(f.chatID),
		"member_id":     formatOptional(f.memberID),
		"since":         formatField(f.since),
		"until":         formatField(f.until),
		"updated_since": formatField(f.updatedSince),
	} {
		if value != "" {
			query.Set(name, value)
		}
	}

	if f.failedForGood {
		query.Set(failedForGoodField, yesValue)
	}

	for _, status := range f.statuses {
		query.Add("status", status)
	}

	for _, duplicate := range f.duplicates {
		query.Add("duplicate", duplicate)
	}

	return query
}

// isOfFailures reports whether nothing says which statuses are meant, so that those of failures are.
func (f deliveryFilter) isOfFailures() bool {
	return len(f.statuses) == 0 && len(f.duplicates) == 0 && f.bulkRetryID == "" && !f.failedForGood
}

// listParams returns the filter as the API's list takes it.
func (f deliveryFilter) listParams() *client.ListDeliveriesParams {
	params := &client.ListDeliveriesParams{
		ChannelFilter: client.OnlyGiven(client.Channel(f.channel)),
		ErrorCode:     client.IfGiven(f.errorCode),
		Sender:        client.IfGiven(f.sender),
		ChatID:        f.chatID,
		MemberID:      f.memberID,
		BulkRetryID:   client.IfGiven(f.bulkRetryID),
		Since:         f.since,
		Until:         f.until,
		UpdatedSince:  f.updatedSince,
		FailedForGood: client.IfGiven(f.failedForGood),
	}

	for _, status := range f.statuses {
		params.Status = append(params.Status, client.DeliveryStatus(status))
	}

	for _, duplicate := range f.duplicates {
		params.Duplicate = append(params.Duplicate, client.ListDeliveriesParamsDuplicate(duplicate))
	}

	if f.isOfFailures() {
		params.Status = failedStatuses
	}

	return params
}

// isOfBulk reports whether a bulk retry can have this filter: it knows one status at most, no members, and no
// time of a change.
func (f deliveryFilter) isOfBulk() bool {
	return len(f.statuses) <= 1 && len(f.duplicates) == 0 && f.bulkRetryID == "" && f.memberID == nil &&
		!f.failedForGood && f.updatedSince == nil
}

// newBulkRetry returns the bulk retry of what fits the filter.
func (f deliveryFilter) newBulkRetry() client.NewBulkRetry {
	chosen := client.NewBulkRetry{
		Channel:   client.IfGiven(client.Channel(f.channel)),
		ChatID:    f.chatID,
		ErrorCode: client.IfGiven(f.errorCode),
		Sender:    client.IfGiven(f.sender),
		Since:     f.since,
		Until:     f.until,
	}

	if len(f.statuses) > 0 {
		chosen.Status = new(client.DeliveryStatus(f.statuses[0]))
	}

	return chosen
}

// narrowTo returns the filter of one group of a dry run. A group without a code has that of its status only, since no
// filter asks for none.
func (f deliveryFilter) narrowTo(group client.BulkGroup) deliveryFilter {
	f.statuses = []string{group.Status}
	f.sender = group.Sender

	if group.ErrorCode != "" {
		f.errorCode = group.ErrorCode
	}

	return f
}

// failuresView is what the page of failures shows.
type failuresView struct {
	filter deliveryFilter
	// senders are those that the filter offers, and the groups name.
	senders senderList
	items   []client.Delivery
	next    templ.SafeURL
	// hasGroups reports whether the viewer may retry many, and the filter is one of a bulk retry.
	hasGroups bool
	// groups is what may be retried, counted; nil until the page is asked for with [countedField].
	groups *client.DryRun
	// groupFilter is the filter of the groups.
	groupFilter deliveryFilter
}

func (h *Handler) failureRoutes() {
	h.page("/failures", h.showFailures)
	h.mux.HandleFunc("GET "+Root+"/w/{workspace}/failures.csv", h.downloadFailures)
}

func (h *Handler) showFailures(v *viewer) (templ.Component, error) {
	filter, err := readFilter(v)
	if err != nil {
		return nil, err
	}

	params := filter.listParams()
	params.Limit = new(pageLimit)
	params.Cursor = readCursor(v)
	params.Expand = expandMember(v)

	answer, err := v.ListDeliveriesWithResponse(v.ctx(), v.ws(), params)
	if err != nil {
		return nil, err
	}

	view := failuresView{
		filter:  filter,
		senders: listAllSenders(v),
		items:   answer.JSON200.Items,
		next:    v.nextPage("/failures", answer.JSON200.NextCursor),
	}

	view.hasGroups = v.may("deliveries:admin") && filter.isOfBulk() && params.Cursor == nil

	if view.hasGroups && readText(v, countedField) != "" {
		if err = countGroups(v, &view); err != nil {
			return nil, err
		}
	}

	return failuresPage(v, &view), nil
}

// countedField asks for the page with what may be retried. To count that takes the longer the more has failed, so the
// page is shown without it first.
const countedField = "counted"

// countedPath returns the path of the page with what may be retried.
func (f *failuresView) countedPath(v *viewer) templ.SafeURL {
	query := f.filter.query()
	query.Set(countedField, "yes")

	return v.pathWith("/failures", query)
}

// countGroups counts what of the filter's deliveries may be retried.
func countGroups(v *viewer, view *failuresView) error {
	view.groupFilter = view.filter
	if view.filter.since == nil && view.filter.until == nil {
		view.groupFilter.since = new(v.now().UTC().Add(-groupsSince).Truncate(time.Second))
	}

	groups, err := dryRun(v, view.groupFilter)
	view.groups = groups

	return err
}

// describeForecast returns how many deliveries would be retried, and how many would be skipped.
func describeForecast(forecast *client.DryRun) string {
	of := "Of "
	if forecast.Judged < forecast.Count {
		of = "Of the first " + formatCount(forecast.Judged) + " of "
	}

	return of + formatCount(forecast.Count) + ", " + formatCount(forecast.Judged-forecast.Skipped) +
		" would be retried, and " + formatCount(forecast.Skipped) + " would be skipped as things stand:"
}

// listReasons returns the reasons of a count, the most frequent one first.
func listReasons(counts map[string]int64) []string {
	reasons := slices.Collect(maps.Keys(counts))

	slices.SortFunc(reasons, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})

	return reasons
}

// dryRun counts what a bulk retry with the filter would retry.
func dryRun(v *viewer, filter deliveryFilter) (*client.DryRun, error) {
	asked := filter.newBulkRetry()
	asked.DryRun = new(true)

	answer, err := v.RetryDeliveriesWithResponse(v.ctx(), v.ws(), &client.RetryDeliveriesParams{}, asked)
	if err != nil {
		return nil, err
	}

	return answer.JSON200, nil
}

// expandMember asks for the members of deliveries, where the viewer may see them.
func expandMember(v *viewer) client.Expand {
	if !v.may("members:read") {
		return nil
	}

	return client.Expand{"member"}
}

// nameRecipient returns the name of a delivery's member, or its address.
func nameRecipient(delivery client.Delivery) string {
	if delivery.Member != nil && delivery.Member.Name != "" {
		return delivery.Member.Name
	}

	return delivery.To
}

// describeStatuses returns which statuses a filter has, in words.
func (f deliveryFilter) describeStatuses() string {
	switch {
	case f.isOfFailures():
		return "All failures"
	case len(f.statuses) == 0:
		return "All statuses"
	case len(f.statuses) == 1:
		return "Status: " + nameStatus(f.statuses[0])
	}

	return chat.CountOf(len(f.statuses), "status")
}

// hasStatus reports whether the filter names a status.
func (f deliveryFilter) hasStatus(status client.DeliveryStatus) bool {
	return slices.Contains(f.statuses, string(status))
}

// listAllDeliveries returns all deliveries of a filter, page by page.
func listAllDeliveries(v *viewer, filter deliveryFilter) iter.Seq2[client.Delivery, error] {
	return client.Items[client.Delivery](func(cursor *string) (*http.Response, error) {
		params := filter.listParams()
		params.Limit = new(mostListed)
		params.Cursor = cursor

		return v.ListDeliveries(v.ctx(), v.ws(), params)
	})
}
