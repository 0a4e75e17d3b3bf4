package api

import (
	"context"
	"slices"
	"time"

	"handrail/chat"
)

type listActionsInput struct {
	Paging
	State      []chat.ActionState `query:"state" enum:"running,parked,succeeded,failed" doc:"In any of these states."`
	Kind       []string           `query:"kind" enum:"add_participant,send_assistant_message,summarize_chat,retry_delivery,retry_deliveries" doc:"Of any of these kinds."`
	WaitingFor []waitingJSON      `query:"waiting_for" doc:"What waits for any of these."`
	Sort       string             `query:"sort" enum:"created_at,-created_at,updated_at,-updated_at" doc:"With - the newest first."`
	ChatID     chat.ChatID        `query:"chat_id" minimum:"1"`
	Since      time.Time          `query:"since" doc:"Made at this time or later."`
	Until      time.Time          `query:"until" doc:"Made before this time."`

	UpdatedSince time.Time `query:"updated_since" doc:"Changed then or later."`
}

func (s *service) listActions(ctx context.Context, in *listActionsInput) (*listOutput[ActionJSON], error) {
	page, err := in.sortedPage(in.Sort)
	if err != nil {
		return nil, err
	}

	filter := chat.ActionFilter{
		States: in.State,
		Kinds:  listKinds(&callFrom(ctx).principal, in.Kind),
		ChatID: in.ChatID,
		Since:  timeIfGiven(in.Since),
		Until:  timeIfGiven(in.Until),
		Page:   page,

		UpdatedSince: timeIfGiven(in.UpdatedSince),
	}

	for _, waiting := range in.WaitingFor {
		filter.WaitingFor = append(filter.WaitingFor, chat.Waiting(waiting))
	}

	if len(filter.Kinds) == 0 {
		return presentList(chat.List[chat.ActionView]{}, nil, presentListed)
	}

	part, err := s.store.Actions(ctx, callFrom(ctx).workspace(), filter)

	return presentList(part, err, presentListed)
}

// presentListed returns an action with its problem, if it has failed.
func presentListed(v chat.ActionView) ActionJSON {
	a := presentAction(v)
	if v.State == chat.ActionFailed && v.Problem != nil {
		a.Problem = newProblem("", chat.AsError(ofAction(v.Problem, v.ID)))
	}

	return a
}

// listKinds returns the kinds of actions in a list for a caller: those that are asked for, or all. Kinds other than
// deliveries are only for callers that may read chats.
func listKinds(principal *chat.Principal, asked []string) []chat.ActionKind {
	var kinds []chat.ActionKind

	for kind, name := range actionKinds {
		isDelivery := kind != chat.ActionAddParticipant && kind != chat.ActionSummarizeChat
		mayRead := isDelivery || principal.May(chat.ScopeChatsRead)

		if mayRead && (len(asked) == 0 || slices.Contains(asked, name)) {
			kinds = append(kinds, kind)
		}
	}

	slices.Sort(kinds)

	return kinds
}
