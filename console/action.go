package console

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/a-h/templ"

	"handrail/chat"
	"handrail/client"
)

// actionView is what the page of an action shows.
type actionView struct {
	*client.WholeAction

	// delivery and chat are nil where there is none, or the session may not see it.
	delivery *client.WholeDelivery
	chat     *client.Chat
	moments  []moment
	// unknown are the tool calls, and the undos, that a person must decide about.
	unknown []unknownCall
}

// unknownCall is a tool call whose outcome nobody knows.
type unknownCall struct {
	// id is that of the call, or of the call that takes it back.
	id, name, err string
	arguments     json.RawMessage
}

func (h *Handler) actionRoutes() {
	h.page("/actions", h.showActions)
	h.page("/actions/{id}", h.showAction)
	h.form("/actions/{id}/approve", h.decideAction, h.showAction)
	h.form("/actions/{id}/tool-calls", h.resolveCallOfAction, h.showAction)
	h.form("/actions/{id}/resume", h.resumeAction, h.showAction)
	h.form("/actions/{id}/change", h.changeAction, h.showAction)
	h.form("/actions/{id}/cancel", h.cancelAction, h.showAction)
}

func (h *Handler) showAction(v *viewer) (templ.Component, error) {
	answer, err := v.GetActionWithResponse(v.ctx(), v.ws(), v.PathValue("id"), &client.GetActionParams{})
	if err != nil {
		return nil, err
	}

	view := actionView{WholeAction: answer.JSON200}
	view.unknown = listUnknownCalls(view.WholeAction)
	v.shownAt = v.actionPath(view.ActionID)

	if view.chat, err = findChat(v, view.ChatID); err != nil {
		return nil, err
	}

	v.keepChat(view.ChatID, view.chat)

	if view.Delivery != nil && v.may("deliveries:read") {
		if view.delivery, err = findDelivery(v, view.Delivery.ID); err != nil {
			return nil, err
		}
	}

	view.moments = append(
		makeTimeline(view.WholeAction, view.delivery, nil),
		waitMoments(view.retryAt(), view.WaitingUntil, view.WaitingFor)...,
	)

	v.learnNamed(client.ValueOf(view.Explanation))
	v.learnNamed(tellMoments(view.moments)...)
	v.learnNames(client.ValueOf(view.RequestedBy))

	if view.Approval != nil {
		v.learnNames(view.Approval.RequestedBy)
		v.learnNames(client.ValueOf(view.Approval.DecidedBy))
	}

	return actionPage(v, &view), nil
}

// listUnknownCalls returns the tool calls of an action that a person must decide about, and their undos.
func listUnknownCalls(a *client.WholeAction) []unknownCall {
	if a.Message == nil {
		return nil
	}

	var unknown []unknownCall

	for i := range a.Message.ToolCalls {
		call := &a.Message.ToolCalls[i]
		if call.Status == client.ToolCallStatusUnknown {
			unknown = append(unknown, unknownCall{
				id:        call.ID,
				name:      call.Name,
				err:       client.ValueOf(call.Error),
				arguments: call.Arguments,
			})
		}

		if call.Undo != nil && client.ValueOf(call.Undo.Status) == client.ToolCallStatusUnknown {
			unknown = append(unknown, unknownCall{
				id:   client.ValueOf(call.Undo.ID),
				name: call.Undo.Tool,
				err:  client.ValueOf(call.Undo.Error),
			})
		}
	}

	return unknown
}

// retryAt returns when the delivery of the action is tried again; nil if that is not known.
func (a *actionView) retryAt() *time.Time {
	if a.delivery == nil {
		return nil
	}

	return a.delivery.RetryAt
}

// offers reports whether a command will work. What is offered takes the right to have asked for the action, which the
// session has if it sees it; needed is a scope that it takes besides, "" for none.
func (a *actionView) offers(v *viewer, next client.WholeActionNext, needed chat.Scope) bool {
	return slices.Contains(a.Next, next) && v.mayWrite() && (needed == "" || v.may(needed))
}

// markdown returns the text of the message as it was written.
func (a *actionView) markdown() string {
	return messageOf(a.WholeAction)
}

// actionKindNames are the kinds of actions in words.
var actionKindNames = map[client.ActionKind]string{
	client.ActionKindAddParticipant:       "New participant",
	client.ActionKindRetryDeliveries:      "Bulk retry",
	client.ActionKindRetryDelivery:        "Retry",
	client.ActionKindSendAssistantMessage: "Send",
	client.ActionKindSummarizeChat:        "Summary",
}

// nameActionKind returns the kind of an action in words.
func nameActionKind(kind client.ActionKind) string {
	if name, known := actionKindNames[kind]; known {
		return name
	}

	return nameStatus(string(kind))
}

func (h *Handler) decideAction(v *viewer) (templ.SafeURL, error) {
	id := v.PathValue("id")

	return v.actionPath(id), decideSend(v, id)
}

// decideSend approves or refuses a send, as the form says.
func decideSend(v *viewer, action string) error {
	_, err := v.DecideApprovalWithResponse(
		v.ctx(),
		v.ws(),
		action,
		&client.DecideApprovalParams{IdempotencyKey: v.once()},
		client.NewApproval{
			Decision: client.NewApprovalDecision(v.PostFormValue("decision")),
			Reason:   v.reason(),
		},
	)

	return err
}

func (h *Handler) resolveCallOfAction(v *viewer) (templ.SafeURL, error) {
	id := v.PathValue("id")

	return v.actionPath(id), resolveCall(v, id, v.PostFormValue("call"), v.once())
}

// resolveCall records what became of a tool call, as the form says.
func resolveCall(v *viewer, action, call string, once *string) error {
	resolved := client.ResolveCall{
		Outcome: client.ToolVerdict(v.PostFormValue("outcome")),
		Reason:  v.reason(),
	}

	if result := v.given("result"); result != nil && resolved.Outcome == client.ToolVerdictSucceeded {
		if !json.Valid([]byte(*result)) {
			return newInvalid("result must be JSON, such as {\"booking_id\":\"b-9\"}")
		}

		resolved.Result = json.RawMessage(*result)
	}

	_, err := v.ResolveToolCallWithResponse(
		v.ctx(),
		v.ws(),
		action,
		call,
		&client.ResolveToolCallParams{IdempotencyKey: once},
		resolved,
	)

	return err
}

func (h *Handler) resumeAction(v *viewer) (templ.SafeURL, error) {
	id := v.PathValue("id")
	_, err := v.ResumeActionWithResponse(
		v.ctx(),
		v.ws(),
		id,
		&client.ResumeActionParams{IdempotencyKey: v.once()},
		readReason(v),
	)

	return v.actionPath(id), err
}

// changeAction changes the text or the address of a send that has not left. What is left as it is stays.
func (h *Handler) changeAction(v *viewer) (templ.SafeURL, error) {
	id := v.PathValue("id")
	change := client.ChangeAction{
		Reason:  v.given("reason"),
		To:      v.given("to"),
		Message: v.givenIfChanged("body"),
	}

	_, err := v.ChangeActionWithResponse(v.ctx(), v.ws(), id, change)

	return v.actionPath(id), err
}

func (h *Handler) cancelAction(v *viewer) (templ.SafeURL, error) {
	id := v.PathValue("id")
	_, err := v.CancelActionWithResponse(
		v.ctx(),
		v.ws(),
		id,
		&client.CancelActionParams{IdempotencyKey: v.once()},
		readReason(v),
	)

	return v.actionPath(id), err
}

// actionsView is what the list of actions shows.
type actionsView struct {
	actions []client.Action
	// waitingFor, state, kind and order are the filters.
	waitingFor, state, kind, order string
	next                           templ.SafeURL
}

// The values that a filter of the list of actions may have.
var (
	waitings = []client.Waiting{
		client.WaitingPerson,
		client.WaitingToolDecision,
		client.WaitingApproval,
		client.WaitingSender,
		client.WaitingContributor,
		client.WaitingAddress,
		client.WaitingTool,
		client.WaitingModel,
		client.WaitingAttempt,
		client.WaitingProvider,
		client.WaitingReceipt,
	}
	actionStates = []client.ActionState{
		client.ActionStateRunning,
		client.ActionStateParked,
		client.ActionStateSucceeded,
		client.ActionStateFailed,
	}
	actionKinds = []client.ActionKind{
		client.ActionKindSendAssistantMessage,
		client.ActionKindRetryDelivery,
		client.ActionKindRetryDeliveries,
		client.ActionKindSummarizeChat,
		client.ActionKindAddParticipant,
	}
)

func (h *Handler) showActions(v *viewer) (templ.Component, error) {
	query := v.URL.Query()
	view := actionsView{
		waitingFor: query.Get("waiting_for"),
		state:      query.Get("state"),
		kind:       query.Get("kind"),
		order:      query.Get("order"),
	}

	answer, err := v.ListActionsWithResponse(v.ctx(), v.ws(), &client.ListActionsParams{
		Cursor:     readCursor(v),
		Kind:       readWords[client.ActionKind](v, "kind"),
		State:      readWords[client.ActionState](v, "state"),
		WaitingFor: readWords[client.Waiting](v, "waiting_for"),
		Order:      client.IfGiven(client.ListActionsParamsOrder(view.order)),
	})
	if err != nil {
		return nil, err
	}

	view.actions = answer.JSON200.Items
	view.next = v.nextPage("/actions", answer.JSON200.NextCursor)

	return actionsPage(v, &view), nil
}

// isNotice reports whether an action tells a member of events: nobody has asked for such a send, and its chat is
// nobody's.
func isNotice(a *client.Action) bool {
	return a.Kind == client.ActionKindSendAssistantMessage && a.RequestedBy == nil
}
