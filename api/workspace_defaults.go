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
}

// workspaceDefaultsJSON are a workspace's defaults.
type workspaceDefaultsJSON struct {
	AssistantMemberID *chat.MemberID      `json:"assistant_member_id" doc:"Who speaks as the assistant."`
	PhoneNumberID     *chat.PhoneNumberID `json:"phone_number_id" doc:"What messages are sent from on phone-sms."`
	InboxID           *chat.InboxID       `json:"inbox_id" doc:"What messages are sent from on email."`
	UpdatedBy         chat.MemberID       `json:"updated_by,omitempty" doc:"Who has set them."`
	UpdatedAt         *time.Time          `json:"updated_at,omitempty"`
}

func presentDefaults(d chat.WorkspaceDefaults) workspaceDefaultsJSON {
	return workspaceDefaultsJSON{
		AssistantMemberID: d.AssistantMemberID,
		PhoneNumberID:     d.PhoneNumberID,
		InboxID:           d.InboxID,
		UpdatedBy:         d.UpdatedBy,
		UpdatedAt:         chat.UTC(d.UpdatedAt),
	}
}

func (s *service) workspaceDefaultsRoutes() {
	shown := presentDefaults(chat.WorkspaceDefaults{
		AssistantMemberID: new(chat.MemberID(2)),
		PhoneNumberID:     new(chat.PhoneNumberID(1)),
		InboxID:           new(chat.InboxID(1)),
		UpdatedBy:         1,
		UpdatedAt:         &exampleTime,
	})

	registerRoute(s, s.getDefaults, route{
		method:      http.MethodGet,
		path:        "/workspace-defaults",
		access:      withScope(chat.ScopeWorkspaceRead),
		id:          "getWorkspaceDefaults",
		tag:         tagWorkspace,
		summary:     "Get the workspace's defaults",
		description: "What a chat gets that `POST /messages` makes.",
		answer:      shown,
	})

	registerRoute(s, s.updateDefaults, route{
		method:      http.MethodPut,
		path:        "/workspace-defaults",
		access:      withScope(chat.ScopeWorkspaceAdmin),
		id:          "updateWorkspaceDefaults",
		tag:         tagWorkspace,
		summary:     "Replace the workspace's defaults",
		description: "All of them are replaced: a field that is null or left out has no default afterwards.",
		request: newDefaultsJSON{
			AssistantMemberID: new(chat.MemberID(2)),
			PhoneNumberID:     new(chat.PhoneNumberID(1)),
			InboxID:           new(chat.InboxID(1)),
		},
		answer:   shown,
		problems: []chat.Code{chat.CodeAssistantNotFound, chat.CodeSenderNotFound},
	})
}

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
	}))
}

func shownDefaults(defaults chat.WorkspaceDefaults, err error) (*defaultsOutput, error) {
	if err != nil {
		return nil, err
	}

	return &defaultsOutput{Body: presentDefaults(defaults)}, nil
}
