package console

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/sync/errgroup"

	"handrail/chat"
	"handrail/client"
)

// tile is one thing that the page Now counts.
type tile struct {
	count int64
	// oldest is since when the oldest waits; the zero time where that says nothing.
	oldest time.Time
	// hasTrend reports whether lately and late were counted.
	hasTrend    bool
	explanation string
	// path is the page that lists what is counted.
	path templ.SafeURL
	tone string
	// lately and late are how many began to wait in the last hour, and how many wait for more than 10 minutes.
	lately, late int64
	// deadline is when the first of them ends by itself; nil where that says nothing.
	deadline *time.Time
}

// nowView is what the page Now shows.
type nowView struct {
	at time.Time
	// lookedAt is since when messages that did not arrive are counted. hasLooked reports whether it is the time of a
	// look.
	lookedAt  time.Time
	hasLooked bool

	needPerson int64
	// people are the tiles of what needs a person, waits those of what continues by itself.
	people, waits []tile
	isPartial     bool
	endpoints     []client.WebhookEndpoint

	// failed, undelivered and duplicates are what a person should know of. They have ended.
	failed      tile
	undelivered tile
	duplicates  tile

	health     client.WorkspaceHealth
	retries    []client.BulkRetry
	workspaces []otherWorkspace
}

// otherWorkspace is a workspace that the browser is logged in to, too.
type otherWorkspace struct {
	path       templ.SafeURL
	name       string
	needPerson int64
	// isUnknown reports that the workspace could not be asked.
	isUnknown bool
}

// liveNow are the events after which the page Now is fetched anew.
const liveNow = "delivery message chat summary tool_call approval contributor_request bulk_retry sender " +
	"webhook_endpoint"

// duplicatesSince is how far back the page Now looks for messages that were sent twice, and for those that did not
// arrive, unless somebody has said that they have seen them.
const duplicatesSince = 24 * time.Hour

func (h *Handler) nowRoutes() {
	h.page("/{$}", h.showFirst)
	h.form("/probe", h.probeSender, h.showNow)
	h.handleForm("/seen", h.showNow, markSeen)
}

func (h *Handler) showNow(v *viewer) (templ.Component, error) {
	v.shownAt = v.path("/")
	view := nowView{at: v.now()}
	view.lookedAt, view.hasLooked = readLook(v)

	var fetching errgroup.Group

	for _, fetch := range []func(*viewer) error{
		view.fetchStatus,
		view.fetchHealth,
		view.fetchRetries,
		view.fetchDuplicates,
		view.fetchUndelivered,
	} {
		fetching.Go(func() error { return fetch(v) })
	}

	fetching.Go(func() error {
		view.workspaces = h.loadOtherWorkspaces(v)
		return nil
	})

	if err := fetching.Wait(); err != nil {
		return nil, err
	}

	for _, ended := range []tile{view.failed, view.undelivered, view.duplicates} {
		if ended.count > 0 {
			view.people = append(view.people, ended)
		}
	}

	return nowPage(v, &view), nil
}

// isCalm reports whether nothing needs a person, as far as the page knows.
func (n *nowView) isCalm() bool {
	return n.needPerson == 0 && (n.health.Workers == nil || !n.health.Workers.NeedsPerson)
}

// fetchStatus fetches what waits and, if there are any, the webhook endpoints that fail.
func (n *nowView) fetchStatus(v *viewer) error {
	answer, err := v.GetStatusWithResponse(v.ctx(), v.ws())
	if err != nil {
		return err
	}

	n.needPerson = answer.JSON200.NeedPerson
	n.isPartial = client.ValueOf(answer.JSON200.Partial)

	for _, matter := range answer.JSON200.Matters {
		t := newTile(v, matter)

		if matter.Matter == client.MatterMatterFailed {
			t.tone = toneWarn
			n.failed = t

			continue
		}

		if !matter.NeedsPerson {
			n.waits = append(n.waits, t)
			continue
		}

		n.people = append(n.people, t)

		if gone := client.ValueOf(matter.WorkflowGone); gone > 0 {
			n.people = append(n.people, newGoneTile(v, gone))
		}

		if matter.Matter == client.MatterMatterWebhookEndpoint {
			if n.endpoints, err = listFailingEndpoints(v); err != nil {
				return err
			}
		}
	}

	return nil
}

// newTile returns the tile of a matter of the workspace's status.
func newTile(v *viewer, matter client.Matter) tile {
	t := tile{
		count:       matter.Count,
		oldest:      matter.Oldest,
		explanation: matter.Explanation,
		path:        pathOfMatter(v, chat.Matter(matter.Matter)),
		hasTrend:    true,
		tone:        toneWait,
		lately:      matter.Lately,
		late:        matter.Late,
		deadline:    matter.Deadline,
	}

	switch {
	case matter.NeedsPerson:
		t.tone = toneBad
	case t.late > 0:
		t.tone = toneWarn
	}

	return t
}

// newGoneTile returns the tile of the deliveries whose workflow was ended. They are among those that wait for a
// decision.
func newGoneTile(v *viewer, gone int64) tile {
	return tile{
		count:       gone,
		explanation: "of these: not sent, because their workflow was ended in Temporal",
		path: v.pathWith("/failures", url.Values{
			"error_code": {chat.ErrorWorkflowGone},
			"status":     {string(client.DeliveryStatusPending), string(client.DeliveryStatusBlocked)},
		}),
		tone: toneBad,
	}
}

// pathOfMatter returns the page that lists what a matter counts.
func pathOfMatter(v *viewer, matter chat.Matter) templ.SafeURL {
	switch matter {
	case matterReviews, matterCalls, matterQuestions, chat.MatterApproval, chat.MatterInbound, chat.MatterOptOut:
		return v.path("/decisions") + templ.SafeURL("#"+matter)
	case chat.MatterWebhook:
		return v.path("/settings/webhooks")
	case chat.MatterNotice:
		return v.pathWith("/settings/notifications", url.Values{"failed": {yesValue}})
	case chat.MatterBulkRetry:
		return v.path("/failures/bulk")
	case chat.MatterFailed:
		return v.pathWith("/failures", url.Values{
			failedForGoodField: {yesValue},
			"since":            {v.now().Add(-chat.FailedPatience).UTC().Format(secondLayout)},
		})
	case chat.MatterResponse, chat.MatterAttention:
		return v.pathWith("/chats", url.Values{needsField: {string(matter)}})
	}

	return v.pathWith("/actions", url.Values{"waiting_for": {string(matter)}})
}

// fetchHealth fetches how senders and workers fare.
func (n *nowView) fetchHealth(v *viewer) error {
	answer, err := v.GetHealthWithResponse(v.ctx(), v.ws())
	if err != nil {
		return err
	}

	n.health = *answer.JSON200

	return nil
}

// listBlockedSenders returns the senders that their providers refuse.
func (n *nowView) listBlockedSenders() []client.SenderHealth {
	return listBlocked(&n.health, func(*client.SenderHealth) bool { return true })
}

// mostAged is of how many deliveries Now says how old the oldest is: to find it among more takes longer than to count
// them.
const mostAged = 1000

// countDeliveries counts the deliveries that a list would have, and returns the first one; a zero one if there is none,
// or more than [mostAged].
func countDeliveries(v *viewer, params client.ListDeliveriesParams) (int64, client.Delivery, error) {
	counting := params
	counting.Total = new(true)
	counting.Limit = new(int64(0))

	counted, err := v.ListDeliveriesWithResponse(v.ctx(), v.ws(), &counting)
	if err != nil {
		return 0, client.Delivery{}, err
	}

	count := client.ValueOf(counted.JSON200.Total)
	if count == 0 || count > mostAged {
		return count, client.Delivery{}, nil
	}

	params.Limit = new(int64(1))

	answer, err := v.ListDeliveriesWithResponse(v.ctx(), v.ws(), &params)
	if err != nil || len(answer.JSON200.Items) == 0 {
		return count, client.Delivery{}, err
	}

	return count, answer.JSON200.Items[0], nil
}

// nameMessages returns what stands behind a count of messages, which the API counts so far and no further.
func nameMessages(count int64) string {
	if count >= chat.MaxTotal {
		return "or more messages"
	}

	return chat.NounOf(count, "message")
}

// fetchDuplicates counts what was sent twice in the last day, or may have been.
func (n *nowView) fetchDuplicates(v *viewer) error {
	since := n.at.Add(-duplicatesSince)
	sort := client.ListDeliveriesParamsSortCreatedAt

	count, oldest, err := countDeliveries(v, client.ListDeliveriesParams{
		Duplicate: []client.ListDeliveriesParamsDuplicate{
			client.ListDeliveriesParamsDuplicatePossible,
			client.ListDeliveriesParamsDuplicateConfirmed,
		},
		Since: &since,
		Sort:  &sort,
	})

	n.duplicates = tile{
		count:       count,
		oldest:      oldest.CreatedAt,
		explanation: nameMessages(count) + " of the last 24 hours that arrived twice, or may have",
		path:        v.pathWith("/failures", url.Values{"duplicate": {anyDuplicate}, "since": {formatField(&since)}}),
		tone:        toneWarn,
	}

	return err
}

// undeliveredStatuses are those of messages that a provider took and that did not arrive.
var undeliveredStatuses = []client.DeliveryStatus{
	client.DeliveryStatusUndelivered,
	client.DeliveryStatusBounced,
	client.DeliveryStatusFailed,
}

// fetchUndelivered counts what turned out not to have arrived since somebody has last looked.
func (n *nowView) fetchUndelivered(v *viewer) error {
	sort := client.ListDeliveriesParamsSortUpdatedAt

	count, oldest, err := countDeliveries(v, client.ListDeliveriesParams{
		Status:       undeliveredStatuses,
		UpdatedSince: &n.lookedAt,
		Sort:         &sort,
	})

	listed := deliveryFilter{updatedSince: &n.lookedAt}
	for _, status := range undeliveredStatuses {
		listed.statuses = append(listed.statuses, string(status))
	}

	n.undelivered = tile{
		count:       count,
		oldest:      oldest.UpdatedAt,
		explanation: nameMessages(count) + " that did not arrive, " + n.sinceLook(),
		path:        v.pathWith("/failures", listed.query()),
		tone:        toneWarn,
	}

	return err
}

// sinceLook returns since when messages that did not arrive are counted, in words.
func (n *nowView) sinceLook() string {
	if n.hasLooked {
		return "since the last look at " + formatTime(n.lookedAt) + " UTC"
	}

	return "in the last 24 hours"
}

// fetchRetries fetches the newest bulk retries that run or are paused.
func (n *nowView) fetchRetries(v *viewer) error {
	answer, err := v.ListBulkRetriesWithResponse(v.ctx(), v.ws(), &client.ListBulkRetriesParams{})
	if err != nil {
		return err
	}

	n.retries = slices.DeleteFunc(answer.JSON200.Items, func(retry client.BulkRetry) bool {
		return retry.State != client.BulkRetryStateRunning && retry.State != client.BulkRetryStatePaused
	})

	return nil
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

	return slices.DeleteFunc(answer.JSON200.Items, func(endpoint client.WebhookEndpoint) bool {
		return endpoint.FailingSince == nil
	}), nil
}

// loadOtherWorkspaces counts what needs a person in the other workspaces that the browser is logged in to, each with
// its own session. One whose session has ended is left out.
func (h *Handler) loadOtherWorkspaces(v *viewer) []otherWorkspace {
	found := make([]otherWorkspace, len(v.others))

	var looking errgroup.Group

	for i, other := range v.others {
		looking.Go(func() error {
			var err error
			if found[i], err = h.loadOtherWorkspace(v, other); err != nil && !isLoggedOut(err) {
				h.config.Logger.WarnContext(
					v.ctx(),
					"another workspace of the browser cannot be asked",
					"request_id", requestIDOf(v.Request),
					"workspace_id", other.workspace,
					"error", err,
				)

				there := viewer{session: other}
				found[i] = otherWorkspace{
					path:      there.path("/"),
					name:      there.workspaceName(),
					isUnknown: true,
				}
			}

			return nil
		})
	}

	_ = looking.Wait() // none returns an error

	return slices.DeleteFunc(found, func(w otherWorkspace) bool { return w.name == "" })
}

// loadOtherWorkspace counts what needs a person in another workspace.
func (h *Handler) loadOtherWorkspace(v *viewer, other session) (otherWorkspace, error) {
	api, err := h.dial(other.key)
	if err != nil {
		return otherWorkspace{}, err
	}

	me, err := api.GetSessionWithResponse(v.ctx(), other.workspace)
	if err != nil {
		return otherWorkspace{}, err
	}

	status, err := api.GetStatusWithResponse(v.ctx(), other.workspace)
	if err != nil {
		return otherWorkspace{}, err
	}

	there := viewer{session: other, me: *me.JSON200}

	return otherWorkspace{
		path:       there.path("/"),
		name:       there.workspaceName(),
		needPerson: status.JSON200.NeedPerson,
	}, nil
}

// probeSender retries the delivery that a blocked sender is probed with.
func (h *Handler) probeSender(v *viewer) (templ.SafeURL, error) {
	retry := client.Retry{Reason: v.given("reason")}

	answer, err := requestRetry(v, v.PostFormValue("delivery"), v.once(), retry)
	if err != nil {
		return "", err
	}

	v.done = "It was tried. The provider has not taken it yet: the sender below says how it stands."
	if answer.JSON200 != nil {
		v.done = "It was tried, and the provider has taken it: the others follow."
	}

	return v.path("/"), nil
}

// lookPrefix begins the name of the cookie that says when somebody has last looked at a workspace's messages that did
// not arrive; the workspace's id follows. It is of the browser alone: nobody else's look ends with it.
const lookPrefix = "handrail_look_"

// lookKept is how long a browser keeps the cookie.
const lookKept = 30 * 24 * time.Hour

// markSeen stores the present time as that of the last look: only what turns out later is counted from now on.
func markSeen(w http.ResponseWriter, v *viewer) error {
	http.SetCookie(w, newCookie(lookPrefix+v.ws(), formatInstant(v.now()), Root, int(lookKept.Seconds())))
	http.Redirect(w, v.Request, string(v.path("/")), http.StatusSeeOther)

	return nil
}

// readLook returns the time of the last look, and whether there was one; without one, the beginning of the last day.
func readLook(v *viewer) (time.Time, bool) {
	cookie, err := v.Cookie(lookPrefix + v.ws())
	if err == nil {
		if at, err := time.Parse(time.RFC3339, cookie.Value); err == nil && at.Before(v.now()) {
			return at, true
		}
	}

	return v.now().Add(-duplicatesSince), false
}
