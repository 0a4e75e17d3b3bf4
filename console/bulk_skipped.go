package console

import (
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"handrail/client"
)

// skipReasonField is the name of the filter of what a bulk retry has skipped: the [skipReasonKey] of a reason.
const skipReasonField = "why"

// skipReasonKey returns what stands for a reason in an address. A reason may quote what a person has written, which
// stands in no address.
func skipReasonKey(reason string) string {
	sum := sha256.Sum256([]byte(reason))

	return hex.EncodeToString(sum[:8])
}

// skippedView is what the page of what a bulk retry has skipped shows.
type skippedView struct {
	bulkID string
	// reason is the only one that is listed; "" for all.
	reason string
	items  []client.BulkSkipped
	next   templ.SafeURL
}

// skippedPath returns the page of what a bulk retry has skipped for a reason, "" for any, or that page as a file.
func (v *viewer) skippedPath(bulkID, reason, suffix string) templ.SafeURL {
	query := url.Values{}
	if reason != "" {
		query.Set(skipReasonField, skipReasonKey(reason))
	}

	return v.pathWith("/failures/bulk/"+bulkID+"/skipped"+suffix, query)
}

func (h *Handler) showBulkSkipped(v *viewer) (templ.Component, error) {
	reason, err := findSkipReason(v)
	if err != nil {
		return nil, err
	}

	id := v.PathValue("id")

	answer, err := v.ListBulkSkippedWithResponse(v.ctx(), v.ws(), id, &client.ListBulkSkippedParams{
		Reason: client.IfGiven(reason),
		Limit:  new(pageLimit),
		Cursor: readCursor(v),
	})
	if err != nil {
		return nil, err
	}

	return bulkSkippedPage(v, &skippedView{
		bulkID: id,
		reason: reason,
		items:  answer.JSON200.Items,
		next:   v.nextPage("/failures/bulk/"+id+"/skipped", answer.JSON200.NextCursor),
	}), nil
}

// findSkipReason returns the reason of which the request lists the skipped deliveries; "" for all. Errors: [errNoPage]
// if the bulk retry has skipped nothing for it.
func findSkipReason(v *viewer) (string, error) {
	key := readText(v, skipReasonField)
	if key == "" {
		return "", nil
	}

	answer, err := v.GetBulkRetryWithResponse(v.ctx(), v.ws(), v.PathValue("id"))
	if err != nil {
		return "", err
	}

	for reason := range answer.JSON200.SkippedByReason {
		if skipReasonKey(reason) == key {
			return reason, nil
		}
	}

	return "", errNoPage
}

// listAllSkipped returns all that a bulk retry has skipped for a reason, "" for any, page by page.
func listAllSkipped(v *viewer, reason string) iter.Seq2[client.BulkSkipped, error] {
	return client.Items[client.BulkSkipped](func(cursor *string) (*http.Response, error) {
		return v.ListBulkSkipped(v.ctx(), v.ws(), v.PathValue("id"), &client.ListBulkSkippedParams{
			Reason: client.IfGiven(reason),
			Limit:  new(mostListed),
			Cursor: cursor,
		})
	})
}
