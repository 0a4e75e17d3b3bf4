package api

import (
	"context"
	"net/http"
	"time"

	"handrail/chat"
)

// DefaultsStore keeps a workspace's defaults.
type DefaultsStore interface {
	WorkspaceDefaults(ctx context.Context, ws chat.WorkspaceID) (chat.WorkspaceDefaults, error)
	UpdateWorkspaceDefaults(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		defaults chat.WorkspaceDefaults,
	) (chat.WorkspaceDefaults, error)
}

// newDefaultsJSON replaces a workspace's defaults.
type newDefaultsJSON struct {
	AssistantMemberID *chat.MemberID      `json:"assistant_member_id,omitempty" minimum:"1" nullable:"true" doc:"Who speaks as the assistant."`
	PhoneNumberID     *chat.PhoneNumberID `json:"phone_number_id,omitempty" minimum:"1" nullable:"true" doc:"What messages are sent from on phone-sms."`
	InboxID           *chat.InboxID       `json:"inbox_id,omitempty" minimum:"1" nullable:"true" doc:"What messages are sent from on email."`
	MaxUnanswered     *int                `json:"max_unanswered,omitempty" minimum:"1" maximum:"100" nullable:"true" doc:"How many messages of the assistant may leave in one chat after the customer's last one. Further ones are held until a person decides."`
	MaxPerHour        *int                `json:"max_per_hour,omitempty" minimum:"1" maximum:"1000" nullable:"true" doc:"How many messages of the assistant may leave in one chat in an hour. Further ones are held until a person decides."`
	MaxSegments       *int                `json:"max_segments_per_month,omitempty" minimum:"1" maximum:"10000000" nullable:"true" doc:"How many segments of SMS the assistant may send in all chats in a calendar month of UTC. Further messages are held until a person decides."`
	WhenTakenOver     chat.TakeoverPolicy `json:"when_taken_over,omitempty" enum:"refuse,hold" doc:"What happens to the assistant's sends in a chat that a person has taken over: they are refused with 409, which is the default, or held until a person retries or cancels them."`
}

// workspaceDefaultsJSON are a workspace's defaults.
type workspaceDefaultsJSON struct {
	AssistantMemberID *chat.MemberID      `json:"assistant_member_id" doc:"Who speaks as the assistant."`
	PhoneNumberID     *chat.PhoneNumberID `json:"phone_number_id" doc:"What messages are sent from on phone-sms."`
	InboxID           *chat.InboxID       `json:"inbox_id" doc:"What messages are sent from on email."`
	MaxUnanswered     *int                `json:"max_unanswered" doc:"How many messages of the assistant may leave in one chat after the customer's last one; null for any number."`
	MaxPerHour        *int                `json:"max_per_hour" doc:"How many messages of the assistant may leave in one chat in an hour; null for any number."`
	MaxSegments       *int                `json:"max_segments_per_month" doc:"How many segments of SMS the assistant may send in all chats in a month; null for any number."`
	WhenTakenOver     chat.TakeoverPolicy `json:"when_taken_over" enum:"refuse,hold" doc:"What happens to the assistant's sends in a chat that a person has taken over."`
	UpdatedBy         chat.MemberID       `json:"updated_by,omitempty" doc:"Who has set them."`
	UpdatedAt         *time.Time          `json:"updated_at,omitempty"`
}

func presentDefaults(d chat.WorkspaceDefaults) workspaceDefaultsJSON {
	return workspaceDefaultsJSON{
		AssistantMemberID: d.AssistantMemberID,
		PhoneNumberID:     d.PhoneNumberID,
		InboxID:           d.InboxID,
		MaxUnanswered:     d.MaxUnanswered,
		MaxPerHour:        d.MaxPerHour,
		MaxSegments:       d.MaxSegmentsPerMonth,
		WhenTakenOver:     d.WhenTakenOver,
		UpdatedBy:         d.UpdatedBy,
		UpdatedAt:         chat.UTC(d.UpdatedAt),
	}
}

func (s *service) workspaceDefaultsRoutes() {
	shown := presentDefaults(chat.WorkspaceDefaults{
		AssistantMemberID: new(chat.MemberID(2)),
		PhoneNumberID:     new(chat.PhoneNumberID(1)),
		InboxID:           new(chat.InboxID(1)),
		Brakes:            chat.Brakes{MaxUnanswered: new(5)},
		WhenTakenOver:     chat.TakeoverRefuses,
		UpdatedBy:         1,
		UpdatedAt:         &exampleTime,
	})

	registerRoute(s, s.getDefaults, route{
		method:  http.MethodGet,
		path:    "/workspace-defaults",
		access:  withScope(chat.ScopeWorkspaceRead),
		id:      "getWorkspaceDefaults",
		tag:     tagWorkspace,
		summary: "Get the workspace's defaults",
		description: "The assistant and the senders of a chat that `POST /messages` creates, how much the assistant " +
			"may say before a person must decide, and what happens to its sends in a chat that was taken over.",
		answer: shown,
	})

	registerRoute(s, s.updateDefaults, route{
		method:  http.MethodPut,
		path:    "/workspace-defaults",
		access:  withScope(chat.ScopeWorkspaceAdmin),
		id:      "updateWorkspaceDefaults",
		tag:     tagWorkspace,
		summary: "Replace the workspace's defaults",
		description: "Replaces all of them: a field that is null or left out has no default, or no limit, " +
			"afterwards. " + brakesDoc,
		request: newDefaultsJSON{
			AssistantMemberID: new(chat.MemberID(2)),
			PhoneNumberID:     new(chat.PhoneNumberID(1)),
			InboxID:           new(chat.InboxID(1)),
			MaxUnanswered:     new(5),
		},
		answer:   shown,
		problems: []chat.Code{chat.CodeAssistantNotFound, chat.CodeSenderNotFound},
	})
}

// brakesDoc documents the brakes.
const brakesDoc = "`max_unanswered`, `max_per_hour` and `max_segments_per_month` are brakes. A send of the " +
	"assistant that exceeds one is accepted, but held with the error `braked` until a person retries it, which sends " +
	"it, or cancels it. Sends by a person are never held and do not count."

type defaultsOutput struct{ Body workspaceDefaultsJSON }

func (s *service) getDefaults(ctx context.Context, _ *struct{}) (*defaultsOutput, error) {
	return newDefaultsOutput(s.store.WorkspaceDefaults(ctx, callFrom(ctx).workspace()))
}

type updateDefaultsInput struct{ Body newDefaultsJSON }

func (s *service) updateDefaults(ctx context.Context, in *updateDefaultsInput) (*defaultsOutput, error) {
	c := callFrom(ctx)

	return newDefaultsOutput(s.store.UpdateWorkspaceDefaults(ctx, c.workspace(), c.actor(), chat.WorkspaceDefaults{
		AssistantMemberID: in.Body.AssistantMemberID,
		PhoneNumberID:     in.Body.PhoneNumberID,
		InboxID:           in.Body.InboxID,
		Brakes: chat.Brakes{
			MaxUnanswered:       in.Body.MaxUnanswered,
			MaxPerHour:          in.Body.MaxPerHour,
			MaxSegmentsPerMonth: in.Body.MaxSegments,
		},
		WhenTakenOver: in.Body.WhenTakenOver,
	}))
}

// newDefaultsOutput returns the answer with a workspace's defaults.
func newDefaultsOutput(defaults chat.WorkspaceDefaults, err error) (*defaultsOutput, error) {
	if err != nil {
		return nil, err
	}

	return &defaultsOutput{Body: presentDefaults(defaults)}, nil
}
