package console

import (
	"net/url"
	"time"

	"github.com/a-h/templ"

	"handrail/client"
)

// tile is one thing that the page Now counts.
type tile struct {
	count int64
	// oldest is since when the oldest waits; the zero time where that says nothing.
	oldest      time.Time
	needsPerson bool
	explanation string
	// path is the page that lists what is counted.
	path templ.SafeURL
	tone string
}

// nowView is what the page Now shows.
type nowView struct {
	needPerson int64
	// people are the tiles of what needs a person, waits those of what continues by itself.
	people, waits []tile
	isPartial     bool
	retries       []client.BulkRetry
	endpoints     []client.WebhookEndpoint
}

// liveNow are the events after which the page Now is fetched anew.
const liveNow = "delivery message chat summary tool_call approval contributor_request bulk_retry sender " +
	"webhook_endpoint"

// duplicatesSince is how far back the page Now looks for messages that were sent twice.
const duplicatesSince = 24 * time.Hour

func (h *Handler) nowRoutes() { h.page("/{$}", h.showFirst) }

func (h *Handler) showNow(v *viewer) (templ.Component, error) {
	answer, err := v.GetStatusWithResponse(v.ctx(), v.ws())
	if err != nil {
		return nil, err
	}

	status := answer.JSON200
	view := nowView{
		needPerson: status.NeedPerson,
		isPartial:  client.ValueOf(status.Partial),
	}

	for _, matter := range status.Matters {
		t := newTile(v, matter)
		if matter.NeedsPerson {
			view.people = append(view.people, t)
		} else {
			view.waits = append(view.waits, t)
		}
	}

	duplicates, err := countDuplicates(v)
	if err != nil {
		return nil, err
	}

	if duplicates.count > 0 {
		view.people = append(view.people, duplicates)
	}

	if view.retries, err = listRunningRetries(v); err != nil {
		return nil, err
	}

	if view.endpoints, err = listFailingEndpoints(v); err != nil {
		return nil, err
	}

	return nowPage(v, &view), nil
}

// newTile returns the tile of a matter of the workspace's status.
func newTile(v *viewer, matter client.Matter) tile {
	t := tile{
		count:       matter.Count,
		oldest:      matter.Oldest,
		needsPerson: matter.NeedsPerson,
		explanation: matter.Explanation,
		path:        pathOfMatter(v, string(matter.Matter)),
		tone:        toneWait,
	}

	if t.needsPerson {
		t.tone = toneBad
	}

	return t
}

// pathOfMatter returns the page that lists what a matter counts.
func pathOfMatter(v *viewer, matter string) templ.SafeURL {
	switch matter {
	case "person", "tool_decision", "approval", "contributor", "inbound":
		return v.path("/decisions") + templ.SafeURL("#"+matter)
	case "webhook_endpoint":
		return v.path("/settings/webhooks")
	case "notice":
		return v.path("/settings/notices")
	case "bulk_retry":
		return v.path("/failures/bulk")
	case "response", "attention":
		return v.pathWith("/chats", url.Values{"needs_response": {"true"}})
	}

	return v.pathWith("/actions", url.Values{"waiting_for": {matter}})
}

// countDuplicates counts what was sent twice in the last day, or may have been.
func countDuplicates(v *viewer) (tile, error) {
	since := v.now().Add(-duplicatesSince)
	total := true
	limit := int64(1)

	answer, err := v.ListDeliveriesWithResponse(v.ctx(), v.ws(), &client.ListDeliveriesParams{
		Duplicate: []client.ListDeliveriesParamsDuplicate{"possible", "confirmed"},
		Since:     &since,
		Total:     &total,
		Limit:     &limit,
	})
	if err != nil {
		return tile{}, err
	}

	return tile{
		count:       client.ValueOf(answer.JSON200.Total),
		needsPerson: true,
		explanation: "messages of the last 24 hours that arrived twice, or may have",
		path:        v.pathWith("/failures", url.Values{"duplicate": {"possible", "confirmed"}}),
		tone:        toneWarn,
	}, nil
}

// listRunningRetries returns the newest bulk retries that run or are paused.
func listRunningRetries(v *viewer) ([]client.BulkRetry, error) {
	answer, err := v.ListBulkRetriesWithResponse(v.ctx(), v.ws(), &client.ListBulkRetriesParams{})
	if err != nil {
		return nil, err
	}

	var open []client.BulkRetry

	for _, retry := range answer.JSON200.Items {
		if retry.State == "running" || retry.State == "paused" {
			open = append(open, retry)
		}
	}

	return open, nil
}

// listFailingEndpoints returns the webhook endpoints that fail or were disabled because they failed. Who may not read
// them sees none.
func listFailingEndpoints(v *viewer) ([]client.WebhookEndpoint, error) {
	if !v.may("webhooks:read") {
		return nil, nil
	}

	answer, err := v.ListWebhookEndpointsWithResponse(v.ctx(), v.ws(), &client.ListWebhookEndpointsParams{})
	if err != nil {
		return nil, err
	}

	var failing []client.WebhookEndpoint

	for _, endpoint := range answer.JSON200.Items {
		if endpoint.FailingSince != nil {
			failing = append(failing, endpoint)
		}
	}

	return failing, nil
}
