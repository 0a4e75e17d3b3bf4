package api

import (
	"context"
	"net/http"
	"time"

	"handrail/chat"
)

// newDefaultsJSON replaces a workspace's defaults.
type newDefaultsJSON struct {
	AssistantMemberID *chat.MemberID      `json:"assistant_member_id,omitempty" minimum:"1" nullable:"true" doc:"Who speaks as the assistant."`
	PhoneNumberID     *chat.PhoneNumberID `json:"phone_number_id,omitempty" minimum:"1" nullable:"true" doc:"What messages are sent from on phone-sms."`
	InboxID           *chat.InboxID       `json:"inbox_id,omitempty" minimum:"1" nullable:"true" doc:"What messages are sent from on email."`
	MaxUnanswered     *int                `json:"max_unanswered,omitempty" minimum:"1" maximum:"100" nullable:"true" doc:"How many messages of the assistant may leave in one chat since the customer has written last. What is over that is held, and asks a person."`
	MaxPerHour        *int                `json:"max_per_hour,omitempty" minimum:"1" maximum:"1000" nullable:"true" doc:"How many messages of the assistant may leave in one chat in an hour. What is over that is held, and asks a person."`
	MaxSegments       *int                `json:"max_segments_per_month,omitempty" minimum:"1" maximum:"10000000" nullable:"true" doc:"How many segments of SMS the assistant may send in all chats in a month of UTC. What is over that is held, and asks a person."`
	WhenTakenOver     chat.TakeoverPolicy `json:"when_taken_over,omitempty" enum:"refuse,hold" doc:"What becomes of what the assistant is to say in a chat that a person has taken over: it is refused with 409, as without this field, or held until a person retries or cancels it."`
}

// workspaceDefaultsJSON are a workspace's defaults.
type workspaceDefaultsJSON struct {
	AssistantMemberID *chat.MemberID      `json:"assistant_member_id" doc:"Who speaks as the assistant."`
	PhoneNumberID     *chat.PhoneNumberID `json:"phone_number_id" doc:"What messages are sent from on phone-sms."`
	InboxID           *chat.InboxID       `json:"inbox_id" doc:"What messages are sent from on email."`
	MaxUnanswered     *int                `json:"max_unanswered" doc:"How many messages of the assistant may leave in one chat since the customer has written last; null for any number."`
	MaxPerHour        *int                `json:"max_per_hour" doc:"How many messages of the assistant may leave in one chat in an hour; null for any number."`
	MaxSegments       *int                `json:"max_segments_per_month" doc:"How many segments of SMS the assistant may send in all chats in a month; null for any number."`
	WhenTakenOver     chat.TakeoverPolicy `json:"when_taken_over" enum:"refuse,hold" doc:"What becomes of what the assistant is to say in a chat that a person has taken over."`
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
		description: "What a chat gets that `POST /messages` makes, and how much the assistant may say before a " +
			"person is asked, or while one has the chat.",
		answer: shown,
	})

	registerRoute(s, s.updateDefaults, route{
		method:  http.MethodPut,
		path:    "/workspace-defaults",
		access:  withScope(chat.ScopeWorkspaceAdmin),
		id:      "updateWorkspaceDefaults",
		tag:     tagWorkspace,
		summary: "Replace the workspace's defaults",
		description: "All of them are replaced: a field that is null or left out has no default, and no limit, " +
			"afterwards. " +
			brakesDoc,
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

// brakesDoc says what becomes of a send that a brake stops.
const brakesDoc = "`max_unanswered`, `max_per_hour` and `max_segments_per_month` are brakes: a send of the " +
	"assistant that is over one is accepted, and held with the error `braked`, until a person retries it, which sends it all the same, or cancels it. What a " +
	"person says is never held so, and does not count."

type defaultsOutput struct{ Body workspaceDefaultsJSON }

func (s *service) getDefaults(ctx context.Context, _ *struct{}) (*defaultsOutput, error) {
	return shownDefaults(s.store.WorkspaceDefaults(ctx, callFrom(ctx).workspace()))
}

type updateDefaultsInput struct{ Body newDefaultsJSON }

func (s *service) updateDefaults(ctx context.Context, in *updateDefaultsInput) (*defaultsOutput, error) {
	c := callFrom(ctx)

	return shownDefaults(s.store.UpdateWorkspaceDefaults(ctx, c.workspace(), c.actor(), chat.WorkspaceDefaults{
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

func shownDefaults(defaults chat.WorkspaceDefaults, err error) (*defaultsOutput, error) {
	if err != nil {
		return nil, err
	}

	return &defaultsOutput{Body: presentDefaults(defaults)}, nil
}
