package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// ActionJSON is an action as lists have it. The type is exported because huma finds the fields of what is
// embedded in exported types only.
type ActionJSON struct {
	ActionID     chat.ActionID    `json:"action_id" format:"uuid"`
	Kind         string           `json:"kind" enum:"add_participant,send_assistant_message,summarize_chat,retry_delivery,retry_deliveries"`
	State        chat.ActionState `json:"state" enum:"running,parked,succeeded,failed" doc:"parked waits for more than a moment, as waiting_for says."`
	Status       string           `json:"status" doc:"waiting_for_approval, waiting_for_contributor or tool_call_unknown while a send waits for people; else its delivery's status, else the state." example:"unknown"`
	ChatID       chat.ChatID      `json:"chat_id"`
	WorkflowID   string           `json:"workflow_id,omitempty" doc:"In Temporal."`
	WaitingFor   waitingJSON      `json:"waiting_for,omitempty"`
	WaitingUntil *time.Time       `json:"waiting_until,omitempty" doc:"When that ends by itself, if it is known."`
	Explanation  string           `json:"explanation,omitempty" doc:"Where it stands, and what may be done."`
	Problem      *problem         `json:"problem,omitempty" doc:"When it failed: what the call answers."`
	RequestedBy  chat.MemberID    `json:"requested_by,omitempty" doc:"Left out for Handrail itself."`
	CreatedAt    time.Time        `json:"created_at"`
	UpdatedAt    time.Time        `json:"updated_at"`
}

// wholeActionJSON is an action with all that is known of it.
type wholeActionJSON struct {
	ActionJSON
	Timeline []momentJSON         `json:"timeline" doc:"What has happened, oldest first."`
	Message  *sentJSON            `json:"message,omitempty" doc:"With a send."`
	Approval *approvalJSON        `json:"approval,omitempty" doc:"With a send whose tool calls need it."`
	Delivery *receiptJSON         `json:"delivery,omitempty" doc:"With a send or a retry."`
	Result   any                  `json:"result,omitempty" doc:"When it succeeded: what the call answers with 200."`
	Next     []chat.ActionCommand `json:"next" enum:"approve,refuse,resolve_tool_call,resume,change,cancel" doc:"What the caller may do about it now."`
}

// TransformSchema is asked by huma: the result is what the call of the action's kind answers with.
func (wholeActionJSON) TransformSchema(registry huma.Registry, s *huma.Schema) *huma.Schema {
	s.Properties["result"] = &huma.Schema{
		Description: "When it succeeded: what the call answers with 200, by its kind.",
		AnyOf: []*huma.Schema{
			registry.Schema(reflect.TypeFor[participantAddedJSON](), true, ""),
			registry.Schema(reflect.TypeFor[messageSentJSON](), true, ""),
			registry.Schema(reflect.TypeFor[chatJSON](), true, ""),
			registry.Schema(reflect.TypeFor[retriedJSON](), true, ""),
			registry.Schema(reflect.TypeFor[bulkRetryJSON](), true, ""),
		},
	}

	return s
}

// waitingJSON is what something waits for.
type waitingJSON chat.Waiting

// Schema is asked by huma.
func (waitingJSON) Schema(huma.Registry) *huma.Schema {
	schema := &huma.Schema{Type: huma.TypeString}
	for _, w := range chat.Waitings() {
		schema.Enum = append(schema.Enum, string(w))
	}

	return schema
}

type momentJSON struct {
	At         time.Time `json:"at"`
	What       string    `json:"what"`
	Attempt    int64     `json:"attempt,omitempty" doc:"The number of the delivery's attempt that it is about."`
	Report     int       `json:"report,omitempty" doc:"Which of the delivery's events it is, from 1."`
	ToolCallID string    `json:"tool_call_id,omitempty"`
}

// actionKinds are the API's names of the kinds.
var actionKinds = map[chat.ActionKind]string{
	chat.ActionAddParticipant:       "add_participant",
	chat.ActionSendAssistantMessage: "send_assistant_message",
	chat.ActionSummarizeChat:        "summarize_chat",
	chat.ActionRetryDelivery:        "retry_delivery",
	chat.ActionRetryDeliveries:      "retry_deliveries",
}

func (s *service) actionRoutes() {
	registerRoute(s, s.listActions, route{
		method:  http.MethodGet,
		path:    "/actions",
		access:  withScope(chat.ScopeDeliveriesRead),
		id:      "listActions",
		tag:     tagActions,
		summary: "List actions",
		description: "The newest first. `waiting_for=approval,tool_decision,person` finds what waits for people. A " +
			"key without `chats:read` sees sends and retries only.",
		answer: listOf(exampleRunning().ActionJSON),
	})

	registerRoute(s, s.getAction, route{
		method:  http.MethodGet,
		path:    "/actions/{action_id}",
		access:  readingTheAction(),
		id:      "getAction",
		tag:     tagActions,
		summary: "Get an action",
		answer:  exampleRunning(),
		description: "With `wait` it answers when the action has ended or waits for more than a moment, or the " +
			"wait is over.",
		problems: []chat.Code{chat.CodeActionNotFound},
	})

	s.actionCommandRoutes()
}

// actionCommandRoutes are those by which something is done about an action.
func (s *service) actionCommandRoutes() {
	registerRoute(s, s.resumeAction, route{
		method:  http.MethodPost,
		path:    "/actions/{action_id}/resume",
		access:  asTheAction(),
		id:      "resumeAction",
		tag:     tagActions,
		summary: "Resume an action that was ended in Temporal",
		description: "For an action that was answered with 202 and ended in Temporal before it had done anything: " +
			"its problem is `action_ended`. It starts again with what was asked for, and if it is refused then, it " +
			"may be resumed once more. It may be asked twice.",
		request:    reasonJSON{Reason: "Terminated by mistake."},
		answer:     exampleRunning(),
		status:     http.StatusAccepted,
		repeatable: true,
		problems:   []chat.Code{chat.CodeActionNotFound, chat.CodeConflict},
	})

	registerRoute(s, s.changeAction, route{
		method:  http.MethodPatch,
		path:    "/actions/{action_id}",
		access:  asTheAction(),
		id:      "changeAction",
		tag:     tagActions,
		summary: "Change a send that has not left",
		description: "Its text, its address, or both: what certainly was not handed to its provider leaves as it is " +
			"then. 409 `already_sending` when an attempt may have left. A send that needs approval is not changed: " +
			"cancel it, and send another one. An action in whose `next` there is no `change` is refused.",
		request:  changeActionJSON{Message: "Your table for six is booked.", Reason: "They are six now."},
		answer:   exampleRunning(),
		problems: append(changeProblems(), chat.CodeActionNotFound, chat.CodeAlreadySending, chat.CodeConflict),
	})

	registerRoute(s, s.cancelAction, route{
		method:  http.MethodPost,
		path:    "/actions/{action_id}/cancel",
		access:  asTheAction(),
		id:      "cancelAction",
		tag:     tagActions,
		summary: "Cancel an action that has not left",
		description: "A send or a retry that certainly was not handed to its provider never will be; 409 " +
			"`already_sending` when an attempt may have left. What its tool calls have done is taken back where it " +
			"can be. A bulk retry begins nothing more. An action without `cancel` in `next` is refused.",
		request:  reasonJSON{Reason: "The customer called, and knows."},
		answer:   exampleRunning(),
		problems: []chat.Code{chat.CodeActionNotFound, chat.CodeAlreadySending, chat.CodeConflict},
	})
}

type getActionInput struct {
	Wait int `query:"wait" minimum:"0" maximum:"60" doc:"How many seconds to wait for the outcome." example:"25"`
}

type actionOutput struct{ Body wholeActionJSON }

func (s *service) getAction(ctx context.Context, in *getActionInput) (*actionOutput, error) {
	action, err := s.await(ctx, callFrom(ctx).action, time.Duration(in.Wait)*time.Second)
	if err != nil {
		return nil, err
	}

	body, err := s.present(ctx, action)
	if err != nil {
		return nil, err
	}

	return &actionOutput{Body: body}, nil
}

// permitAction finds the action that the path names, and lets in who could have asked for it or, to read it, who may
// read what it is about. Who may neither learns nothing about which exist.
func (s *service) permitAction(ctx huma.Context, c *requestInfo, isRead bool) error {
	id, err := actionParameter.read(ctx)
	if err == nil {
		c.action, err = s.findAction(ctx.Context(), c.workspace(), id)
	}

	if err != nil {
		chats, deliveries := chat.ScopeChatsWrite, chat.ScopeDeliveriesWrite
		if isRead {
			chats, deliveries = chat.ScopeChatsRead, chat.ScopeDeliveriesRead
		}

		mayLook := c.principal.May(chats) || c.principal.May(deliveries)
		if kind := chat.CodeOf(err).Kind(); mayLook || (kind != chat.KindNotFound && kind != chat.KindInvalid) {
			return err
		}

		return forbiddenError(c, withScope(chats))
	}

	who := askersOf(c.action.Kind)
	if isRead {
		who = readersOf(c.action.Kind)
	}

	return s.permitIn(ctx.Context(), c, who, c.action.ChatID)
}

// askersOf returns who could have asked for an action of a kind.
func askersOf(kind chat.ActionKind) access {
	switch kind {
	case chat.ActionSendAssistantMessage:
		return withScope(chat.ScopeChatsAdmin)
	case chat.ActionSummarizeChat:
		return ownOr(chat.ScopeChatsWrite)
	case chat.ActionRetryDelivery:
		return withScope(chat.ScopeDeliveriesWrite)
	case chat.ActionRetryDeliveries:
		return withScope(chat.ScopeDeliveriesAdmin)
	case chat.ActionAddParticipant:
	}

	return withScope(chat.ScopeChatsWrite)
}

// readersOf returns who may read an action of a kind: what it is about is a chat's, or a delivery's.
func readersOf(kind chat.ActionKind) access {
	switch kind {
	case chat.ActionRetryDelivery, chat.ActionRetryDeliveries:
		return withScope(chat.ScopeDeliveriesRead)
	case chat.ActionSummarizeChat:
		return ownOr(chat.ScopeChatsRead)
	case chat.ActionSendAssistantMessage, chat.ActionAddParticipant:
	}

	return withScope(chat.ScopeChatsRead)
}

// findAction looks in the store, and then in the engine: an action is recorded there
// before it has its row, and may run again though its row tells that it was ended.
func (s *service) findAction(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (chat.Action, error) {
	action, err := s.store.Action(ctx, ws, id)

	unwritten := chat.CodeOf(err) == chat.CodeActionNotFound
	if err != nil && !unwritten || err == nil && action.Resumable() != nil {
		return action, err
	}

	newest, engineErr := s.engine.Action(ctx, ws, id)

	switch {
	case engineErr == nil && newest.State == chat.ActionRunning:
		return newest, nil
	case engineErr == nil && newest.EndedRun.ID != action.EndedRun.ID && (!unwritten || newest.Resumable() == nil):
		return s.storeEnded(ctx, newest)
	case !unwritten && engineErr != nil && chat.CodeOf(engineErr) != chat.CodeActionNotFound:
		// It may run again, and may have sent.
		return chat.Action{}, engineErr
	}

	// It may have been stored, and have ended, in between.
	action, err = s.store.Action(ctx, ws, id)
	if chat.CodeOf(err) == chat.CodeActionNotFound {
		return newest, engineErr
	}

	return action, err
}

// storedWithin is how long a caller is kept while a step of a run that was ended goes on.
const storedWithin = 2 * time.Second

// storeEnded stores that an action was ended in Temporal, and returns what is stored then. Nobody must
// read that nothing was sent before that is certain: a step of the ended run may still go on, and is
// refused from then on, or was quicker.
func (s *service) storeEnded(ctx context.Context, ended chat.Action) (chat.Action, error) {
	storing, cancel := context.WithTimeout(ctx, storedWithin)
	defer cancel()

	_, err := s.store.RecordEndedAction(storing, ended)
	if chat.CodeOf(err).Kind() == chat.KindNotFound {
		// Without its workspace, chat or delivery, nothing can be stored or sent.
		return ended, nil
	}

	if err != nil {
		unsettled := chat.Unavailable("the action was ended in Temporal, and it cannot be told now whether it has " +
			"done anything")
		unsettled.ActionID = string(ended.ID)

		return chat.Action{}, unsettled.Because(err)
	}

	return s.store.Action(ctx, ended.WorkspaceID, ended.ID)
}

// outcome is what the call of a settled action answers: a body, or its failure. Both are
// nil when it is not settled.
func (s *service) outcome(ctx context.Context, action chat.ActionView) (any, error) {
	switch action.State {
	case chat.ActionFailed:
		if action.Problem == nil {
			return nil, fmt.Errorf("action %s failed without a problem", action.ID)
		}

		return nil, action.Problem

	case chat.ActionRunning, chat.ActionParked:
		return nil, nil
	case chat.ActionSucceeded:
	}

	switch action.Kind {
	case chat.ActionAddParticipant:
		return s.participantAdded(ctx, action.Action)
	case chat.ActionSummarizeChat:
		summarized, err := s.store.Chat(ctx, action.WorkspaceID, action.ChatID)
		return presentChat(summarized), err
	case chat.ActionSendAssistantMessage:
		if action.Send != nil {
			return presentSend(action.Send.AssistantMessageSent), nil
		}

		sent, err := s.store.SentMessage(ctx, action.WorkspaceID, action.ID)

		return presentSend(sent), err
	case chat.ActionRetryDelivery:
		return s.retried(ctx, action)
	case chat.ActionRetryDeliveries:
		run, err := s.store.BulkRetry(ctx, action.WorkspaceID, action.ID)
		return presentBulk(run), err
	}

	return nil, fmt.Errorf("action %s is of the unknown kind %s", action.ID, action.Kind)
}

// retried is what a retry answers, nil while the provider has not taken the message: a
// delivery that goes on under its own id is followed by another workflow.
func (s *service) retried(ctx context.Context, action chat.ActionView) (any, error) {
	d := action.Delivery
	if d == nil {
		found, err := s.store.Delivery(ctx, action.WorkspaceID, action.DeliveryID)
		if err != nil {
			return nil, err
		}

		d = &found
	}

	if !handedOver(d.Submission) {
		return nil, nil
	}

	of := d.ID
	if d.ActionID == action.ID && d.RetryOf != "" {
		of = d.RetryOf
	}

	return presentRetried(action.ID, of, d.Snapshot()), nil
}

// presentAction is an action as lists have it.
func presentAction(v chat.ActionView) ActionJSON {
	standing := v.Standing()

	return ActionJSON{
		ActionID:     v.ID,
		Kind:         actionKinds[v.Kind],
		State:        v.State,
		Status:       v.Status(standing.WaitingFor),
		ChatID:       visibleChatOf(&v),
		WorkflowID:   v.WorkflowID,
		WaitingFor:   waitingJSON(standing.WaitingFor),
		WaitingUntil: standing.Until,
		Explanation:  standing.Explanation,
		RequestedBy:  v.RequestedBy,
		CreatedAt:    v.CreatedAt.UTC(),
		UpdatedAt:    v.UpdatedAt.UTC(),
	}
}

// visibleChatOf returns the chat of an action, 0 of a notice, whose chat nobody sees.
func visibleChatOf(v *chat.ActionView) chat.ChatID {
	if v.Delivery != nil && v.Delivery.IsNotice() {
		return 0
	}

	return v.ChatID
}

// presentAlone is an action of which only its own row is known.
func presentAlone(action chat.Action) wholeActionJSON {
	return wholeActionJSON{
		ActionJSON: presentAction(chat.ActionView{Action: action}),
		Timeline:   presentMoments(action.Timeline()),
		Next:       []chat.ActionCommand{},
	}
}

func presentMoments(moments []chat.Moment) []momentJSON {
	presented := make([]momentJSON, len(moments))
	for i, m := range moments {
		presented[i] = momentJSON(m)
	}

	return presented
}

// present is an action with all that is known of it.
func (s *service) present(ctx context.Context, action chat.Action) (wholeActionJSON, error) {
	view := chat.ActionView{Action: action}
	if err := s.findParts(ctx, &view); err != nil {
		return wholeActionJSON{}, err
	}

	a := wholeActionJSON{
		ActionJSON: presentAction(view),
		Timeline:   presentMoments(view.Timeline()),
		Next:       nextForAction(&view, &callFrom(ctx).principal),
	}

	body, err := s.outcome(ctx, view)
	switch {
	case err != nil && action.State == chat.ActionFailed && action.Problem != nil:
		a.Problem = newProblem(requestIDFrom(ctx), chat.AsError(ofAction(action.Problem, action.ID)))
	case action.State == chat.ActionSucceeded && chat.CodeOf(err).Kind() == chat.KindNotFound:
		// What it made was deleted since, with its chat. That it was made is still so.
	case err != nil:
		return a, err
	default:
		a.Result = body
	}

	if view.Delivery != nil {
		receipt := presentReceipt(view.Delivery.Snapshot())
		a.Delivery = &receipt
	}

	if view.Send != nil {
		message := presentSend(view.Send.AssistantMessageSent).Message
		a.Message = &message

		if view.Send.Approval != nil {
			approval := presentApproval(*view.Send.Approval, &callFrom(ctx).principal)
			a.Approval = &approval
		}
	}

	return a, nil
}

// findParts adds the message and the delivery of a send or a retry, when it has them already.
func (s *service) findParts(ctx context.Context, view *chat.ActionView) error {
	id := view.DeliveryID

	switch view.Kind {
	case chat.ActionSendAssistantMessage:
		sent, err := s.store.SendView(ctx, view.WorkspaceID, view.ID)
		if chat.CodeOf(err) == chat.CodeActionNotFound {
			// Started, and not yet prepared.
			return nil
		}

		if err != nil {
			return err
		}

		view.Send = &sent
		id = sent.DeliveryID

	case chat.ActionRetryDelivery:
	case chat.ActionAddParticipant, chat.ActionSummarizeChat, chat.ActionRetryDeliveries:
		return nil
	}

	if id == "" {
		return nil
	}

	delivery, err := s.store.Delivery(ctx, view.WorkspaceID, id)
	view.Delivery = &delivery

	return err
}
