package console

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"handrail/chat"
	"handrail/client"
)

// The parts of the page are matters that the page Now counts, whose tiles lead to them.
const (
	matterReviews   = chat.Matter(chat.WaitingPerson)
	matterCalls     = chat.Matter(chat.WaitingToolDecision)
	matterQuestions = chat.Matter(chat.WaitingContributor)
)

// shownDecisions is how many of the oldest of each kind the page shows.
const shownDecisions = int64(20)

// Each delivery, and the action of each tool call, is read by a request of its own. readReviews and readCalls bound how
// many: when hundreds wait, the page must not take hundreds of requests each time it is fetched.
const (
	readReviews = int64(10)
	readCalls   = 5
)

// decisionsView is what the page of decisions shows: of each kind the oldest first. What the session may not see is
// left out.
type decisionsView struct {
	optOuts   []client.Chat
	reviews   []*deliveryView
	calls     []undecidedCall
	approvals []client.Approval
	questions []client.ContributorRequest
	inbound   []client.Inbound
	// refusedAnswer is an answer to a question that was refused, and that no form of the page has any more.
	refusedAnswer string
	// more are the lists of all that wait, for the matters of which more wait than are shown.
	more map[chat.Matter]templ.SafeURL
}

// undecidedCall is a tool call whose outcome a person must say.
type undecidedCall struct {
	client.ListedToolCall

	// arguments is nil if the session may not see them.
	arguments json.RawMessage
	// message is the text that waits for the call, "" if the session may not see it.
	message string
}

// mayDecideSeveral reports whether the member may say of several deliveries at once what became of them.
func (d *decisionsView) mayDecideSeveral(v *viewer) bool {
	found := 0

	for _, review := range d.reviews {
		if review.offers(v, client.WholeDeliveryNextResolve) {
			found++
		}
	}

	return found > 1
}

// isEmpty reports whether nothing waits for a person.
func (d *decisionsView) isEmpty() bool {
	return len(d.optOuts)+len(d.reviews)+len(d.calls)+len(d.approvals)+len(d.questions)+len(d.inbound) == 0
}

func (h *Handler) decisionRoutes() {
	h.page("/decisions", h.showDecisions)
	h.form("/decisions/person", h.decideDeliveries, h.showDecisions)
	h.form("/decisions/opt-out", h.decideOptOut, h.showDecisions)
	h.form("/decisions/tool_decision", h.decideCalls, h.showDecisions)
	h.form("/decisions/approval", h.decideApproval, h.showDecisions)
	h.form("/decisions/contributor", h.answerQuestion, h.showDecisions)
	h.form("/decisions/contributor/extend", h.extendQuestion, h.showDecisions)
	h.form("/decisions/contributor/cancel", h.cancelQuestion, h.showDecisions)
	h.form("/decisions/inbound", h.replayInboundFromList, h.showDecisions)
}

func (h *Handler) showDecisions(v *viewer) (templ.Component, error) {
	v.shownAt = v.path("/decisions")
	view := decisionsView{more: map[chat.Matter]templ.SafeURL{}}

	steps := []struct {
		scope chat.Scope
		load  func(v *viewer) error
	}{
		{"chats:read", view.loadOptOuts},
		{"deliveries:read", view.loadReviews},
		{"chats:read", view.loadCalls},
		{"chats:admin", view.loadApprovals},
		{"chats:read", view.loadQuestions},
		{"chats:read", view.loadInbound},
	}

	for _, step := range steps {
		if !v.may(step.scope) {
			continue
		}

		if err := step.load(v); err != nil {
			return nil, err
		}
	}

	for _, review := range view.reviews {
		v.learnNamed(review.Explanation)
	}

	view.refusedAnswer = findRefusedAnswer(v, view.questions)
	view.learnPlaces(v)

	return decisionsPage(v, &view), nil
}

// learnPlaces reads the chats of approvals and questions, so that their customers are named.
func (d *decisionsView) learnPlaces(v *viewer) {
	for i := range d.approvals {
		v.learnChats(client.ValueOf(d.approvals[i].ChatID))
	}

	for i := range d.questions {
		v.learnChats(d.questions[i].ChatID)
	}
}

// noteMore notes where all of a matter are listed, if more wait than are shown.
func (d *decisionsView) noteMore(matter chat.Matter, hasMore bool, list templ.SafeURL) {
	if hasMore {
		d.more[matter] = list
	}
}

// actionsWaitingFor returns the list of the actions that wait for something, the oldest first.
func actionsWaitingFor(v *viewer, waiting chat.Waiting) templ.SafeURL {
	return v.pathWith("/actions", url.Values{"waiting_for": {string(waiting)}, "order": {"asc"}})
}

// loadOptOuts finds the chats whose customers may have asked not to be written to, whether a message to them waits or
// not.
func (d *decisionsView) loadOptOuts(v *viewer) error {
	sort := client.ListChatsParamsSortLastActivityAt
	needs := client.ListChatsParamsNeedsPossibleOptOut

	answer, err := v.ListChatsWithResponse(v.ctx(), v.ws(), &client.ListChatsParams{
		Limit: new(shownDecisions),
		Needs: &needs,
		Sort:  &sort,
	})
	if err != nil {
		return err
	}

	d.optOuts = answer.JSON200.Items
	d.noteMore(chat.MatterOptOut, answer.JSON200.NextCursor != nil, v.pathWith("/chats", url.Values{
		needsField: {needsOptOut},
	}))

	return nil
}

// loadReviews finds the oldest deliveries that wait for a person's decision.
func (d *decisionsView) loadReviews(v *viewer) error {
	order := client.ListDeliveriesParamsOrderAsc

	answer, err := v.ListDeliveriesWithResponse(v.ctx(), v.ws(), &client.ListDeliveriesParams{
		Expand:     expandMember(v),
		Limit:      new(readReviews),
		Order:      &order,
		WaitingFor: []client.Waiting{client.WaitingPerson},
	})
	if err != nil {
		return err
	}

	d.noteMore(matterReviews, answer.JSON200.NextCursor != nil, actionsWaitingFor(v, chat.WaitingPerson))

	for _, listed := range answer.JSON200.Items {
		whole, err := findDelivery(v, listed.ID)

		switch {
		case err != nil:
			return err
		case whole != nil:
			d.reviews = append(d.reviews, &deliveryView{WholeDelivery: whole, recipient: nameRecipient(listed)})
		}
	}

	return nil
}

// loadCalls finds the tool calls whose outcome nobody knows.
func (d *decisionsView) loadCalls(v *viewer) error {
	order := client.ListToolCallsParamsOrderAsc

	answer, err := v.ListToolCallsWithResponse(v.ctx(), v.ws(), &client.ListToolCallsParams{
		Limit:  new(shownDecisions),
		Order:  &order,
		Status: []client.ToolCallStatus{client.ToolCallStatusUnknown},
	})
	if err != nil {
		return err
	}

	hasMore := answer.JSON200.NextCursor != nil
	actions := map[string]*client.WholeAction{}

	for _, call := range answer.JSON200.Items {
		action, known := actions[call.ActionID]
		if !known && len(actions) == readCalls {
			hasMore = true
			break
		}

		if !known {
			if action, err = findAction(v, call.ActionID); err != nil {
				return err
			}

			actions[call.ActionID] = action
		}

		d.calls = append(d.calls, undecidedCall{
			ListedToolCall: call,
			arguments:      argumentsOf(action, call.ID),
			message:        messageOf(action),
		})
	}

	d.noteMore(matterCalls, hasMore, actionsWaitingFor(v, chat.WaitingToolDecision))

	return nil
}

// messageOf returns the text of an action's message; "" if it has none, or the action is not known.
func messageOf(a *client.WholeAction) string {
	if a == nil || a.Message == nil {
		return ""
	}

	return a.Message.Content
}

// argumentsOf returns the arguments of a call whose outcome nobody knows; nil if they are not known.
func argumentsOf(a *client.WholeAction, call string) json.RawMessage {
	if a == nil {
		return nil
	}

	for _, unknown := range listUnknownCalls(a) {
		if unknown.id == call {
			return unknown.arguments
		}
	}

	return nil
}

func (d *decisionsView) loadApprovals(v *viewer) error {
	order := client.ListApprovalsParamsOrderAsc

	answer, err := v.ListApprovalsWithResponse(v.ctx(), v.ws(), &client.ListApprovalsParams{
		Limit: new(mostListed), // nothing else lists those of keys and tools
		Order: &order,
		State: []client.ApprovalState{client.ApprovalStateWaiting},
	})
	if err != nil {
		return err
	}

	d.approvals = answer.JSON200.Items
	d.noteMore(chat.MatterApproval, answer.JSON200.NextCursor != nil, actionsWaitingFor(v, chat.WaitingApproval))

	return nil
}

func (d *decisionsView) loadQuestions(v *viewer) error {
	order := client.ListContributorRequestsParamsOrderAsc

	answer, err := v.ListContributorRequestsWithResponse(v.ctx(), v.ws(), &client.ListContributorRequestsParams{
		Limit: new(shownDecisions),
		Order: &order,
		State: []client.ContributorRequestState{client.ContributorRequestStateOpen},
	})
	if err != nil {
		return err
	}

	d.questions = answer.JSON200.Items
	d.noteMore(matterQuestions, answer.JSON200.NextCursor != nil, actionsWaitingFor(v, chat.WaitingContributor))

	return nil
}

func (d *decisionsView) loadInbound(v *viewer) error {
	order := client.ListInboundParamsOrderAsc

	answer, err := v.ListInboundWithResponse(v.ctx(), v.ws(), &client.ListInboundParams{
		Limit:  new(shownDecisions),
		Order:  &order,
		Status: []client.InboundStatus{client.InboundStatusRefused},
	})
	if err != nil {
		return err
	}

	d.inbound = answer.JSON200.Items
	d.noteMore(chat.MatterInbound, answer.JSON200.NextCursor != nil, v.pathWith("/inbound", url.Values{
		"status": {string(client.InboundStatusRefused)},
	}))

	return nil
}

// decideDeliveries decides about the deliveries that the form names, one by one.
func (h *Handler) decideDeliveries(v *viewer) (templ.SafeURL, error) {
	if err := v.ParseForm(); err != nil {
		return "", newInvalid("delivery must be a form")
	}

	ids := v.PostForm["delivery"]
	err := decideEach(v, "delivery", ids, func(id string, once *string) error { return decideDelivery(v, id, once) })

	return afterDecision(v, ids), err
}

// decideEach decides about each of what the form names in a field, with a key of its own. If the API refuses some, the
// others are decided all the same, and the error names those that were refused.
func decideEach(v *viewer, field string, ids []string, decide func(id string, once *string) error) error {
	if len(ids) == 0 {
		return newInvalid(field + " must be chosen: tick those that you decide about")
	}

	var refused []decisionRefusal

	for _, id := range ids {
		once := v.once()
		if once != nil && len(ids) > 1 {
			once = new(*once + ":" + id)
		}

		err := decide(id, once)

		switch refusal := refusalOf(err); {
		case err == nil:
		case refusal == nil:
			return err
		default:
			refused = append(refused, decisionRefusal{id: id, err: err, detail: refusal.detail})
		}
	}

	return gatherRefusals(len(ids), refused)
}

// afterDecision returns the page to go to after a decision about deliveries: what was not sent can be sent again there,
// as nothing else would remind of it.
func afterDecision(v *viewer, ids []string) templ.SafeURL {
	switch {
	case v.PostFormValue("as") != string(client.ResolveAsNotSent):
		return v.path("/decisions#person")
	case len(ids) == 1:
		return v.deliveryPath(ids[0])
	}

	return v.pathWith("/failures", url.Values{"status": {string(client.DeliveryStatusAbandoned)}})
}

// decideDelivery carries out what the form says about a delivery: it cancels it, tries it again, or records what became
// of it.
func decideDelivery(v *viewer, id string, once *string) error {
	var err error

	switch v.PostFormValue("do") {
	case "cancel":
		_, err = v.CancelDeliveryWithResponse(
			v.ctx(),
			v.ws(),
			id,
			&client.CancelDeliveryParams{IdempotencyKey: once},
			readReason(v),
		)
	case "retry":
		_, err = requestRetry(v, id, once, client.Retry{
			AcknowledgeDuplicate: client.IfGiven(v.PostFormValue("acknowledge_duplicate") == "true"),
			Reason:               v.given("reason"),
		})
	default:
		err = resolveAs(v, id, once)
	}

	return err
}

// decisionRefusal is what the API has refused about one of several that were decided at once.
type decisionRefusal struct {
	id, detail string
	err        error
}

// gatherRefusals returns one refusal for all, which says how many were decided; nil for none.
func gatherRefusals(all int, refused []decisionRefusal) error {
	switch {
	case len(refused) == 0:
		return nil
	case all == 1:
		return refused[0].err
	}

	first := refusalOf(refused[0].err)
	gathered := &client.Error{
		Problem: client.Problem{
			Status: int64(first.status),
			Code:   client.ProblemCode(first.code),
			Detail: fmt.Sprintf("%d of %d were decided, the others were refused", all-len(refused), all),
		},
		RequestID: first.requestID,
	}

	for _, r := range refused {
		gathered.Errors = append(gathered.Errors, client.FieldError{Field: r.id, Message: r.detail})
	}

	return gathered
}

// decideCalls decides about the tool calls that the form names, each by its action and its id.
func (h *Handler) decideCalls(v *viewer) (templ.SafeURL, error) {
	return v.path("/decisions#tool_decision"), decideEach(v, "call", readValues(v, "call"),
		func(id string, once *string) error {
			action, call, _ := strings.Cut(id, "/")

			return resolveCall(v, action, call, once)
		})
}

// name names the call, as a form does: calls of different actions have the same ids.
func (c *undecidedCall) name() string { return c.ActionID + "/" + c.ID }

// mayDecideSeveralCalls reports whether the member may say of several tool calls at once what became of them.
func (d *decisionsView) mayDecideSeveralCalls(v *viewer) bool {
	return len(d.calls) > 1 && v.may("chats:admin")
}

// decideApproval approves or refuses a send by its action, and everything else by the approval's id.
func (h *Handler) decideApproval(v *viewer) (templ.SafeURL, error) {
	next := v.path("/decisions#approval")
	if action := v.given("action"); action != nil {
		return next, decideSend(v, *action)
	}

	_, err := v.DecideRequestWithResponse(
		v.ctx(),
		v.ws(),
		v.PostFormValue("approval"),
		&client.DecideRequestParams{IdempotencyKey: v.once()},
		client.NewApproval{
			Decision: client.NewApprovalDecision(v.PostFormValue("decision")),
			Reason:   v.reason(),
		},
	)

	return next, err
}

func (h *Handler) cancelQuestion(v *viewer) (templ.SafeURL, error) {
	_, err := v.CancelContributorRequestWithResponse(
		v.ctx(),
		v.ws(),
		v.PostFormValue("request"),
		&client.CancelContributorRequestParams{IdempotencyKey: v.once()},
		readReason(v),
	)

	return v.path("/decisions#contributor"), err
}

func (h *Handler) replayInboundFromList(v *viewer) (templ.SafeURL, error) {
	return v.path("/decisions#inbound"), requestReplay(v, v.PostFormValue("inbound"))
}
