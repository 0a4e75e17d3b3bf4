package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"handrail/chat"
)

type participantJSON struct {
	ID         chat.ParticipantID   `json:"id"`
	MemberID   chat.MemberID        `json:"member_id"`
	MemberName string               `json:"member_name"`
	MemberKind chat.MemberKind      `json:"member_kind" enum:"person,assistant"`
	Role       chat.ParticipantRole `json:"role" enum:"owner,assistant,operator,contributor,observer"`
	CreatedAt  time.Time            `json:"created_at"`
}

func presentParticipant(p chat.Participant) participantJSON {
	return participantJSON{
		ID:         p.ID,
		MemberID:   p.MemberID,
		MemberName: p.MemberName,
		MemberKind: p.MemberKind,
		Role:       p.Role,
		CreatedAt:  p.CreatedAt.UTC(),
	}
}

var exampleParticipant = participantJSON{
	ID:         7,
	MemberID:   42,
	MemberName: "Ana Lopez",
	MemberKind: chat.KindPerson,
	Role:       chat.ParticipantContributor,
	CreatedAt:  exampleTime,
}

// newParticipantJSON brings a member into a chat.
type newParticipantJSON struct {
	MemberID chat.MemberID        `json:"member_id" minimum:"1" doc:"The member to bring in." example:"42"`
	Role     chat.ParticipantRole `json:"role,omitempty" enum:"owner,assistant,operator,contributor,observer" default:"contributor" doc:"What the member is in this chat. Contributors can be asked for input by tools." example:"contributor"`
}

func (p newParticipantJSON) domain() chat.NewParticipant {
	if p.Role == "" {
		p.Role = chat.ParticipantContributor
	}

	return chat.NewParticipant{MemberID: p.MemberID, Role: p.Role}
}

// participantAddedJSON answers an added participant.
type participantAddedJSON struct {
	Success       bool               `json:"success"`
	Message       string             `json:"message" example:"Ana Lopez added as contributor"`
	ParticipantID chat.ParticipantID `json:"participant_id" example:"7"`
}

func (s *service) participantRoutes() {
	registerRoute(s, s.addParticipant, route{
		method:      http.MethodPost,
		path:        "/chats/{chat_id}/participants",
		access:      withScope(chat.ScopeChatsWrite),
		withChat:    true,
		id:          "addParticipant",
		tag:         tagActions,
		summary:     "Add a participant",
		acts:        true,
		description: "A member has one place in a chat, whatever the role.",
		request:     newParticipantJSON{MemberID: 42, Role: chat.ParticipantContributor},
		answer: participantAddedJSON{
			Success:       true,
			Message:       "Ana Lopez added as contributor",
			ParticipantID: 7,
		},
		problems: []chat.Code{
			chat.CodeParticipantExists,
			chat.CodeMemberNotFound,
			chat.CodeIdempotencyKeyReused,
		},
		codes: map[string]chat.Code{"role": chat.CodeInvalidRole},
	})

	registerRoute(s, s.listParticipants, route{
		method:      http.MethodGet,
		path:        "/chats/{chat_id}/participants",
		access:      ownOr(chat.ScopeChatsRead),
		withChat:    true,
		id:          "listParticipants",
		tag:         tagChats,
		summary:     "List participants",
		description: "By id.",
		answer:      listOf(exampleParticipant),
	})

	s.participantChangeRoutes()
}

// participantChangeRoutes registers the routes that change and remove a participant.
func (s *service) participantChangeRoutes() {
	registerRoute(s, s.updateParticipant, route{
		method:   http.MethodPatch,
		path:     "/chats/{chat_id}/participants/{participant_id}",
		access:   withScope(chat.ScopeChatsWrite),
		withChat: true,
		id:       "updateParticipant",
		tag:      tagChats,
		summary:  "Change a participant's role",
		request:  participantPatchJSON{Role: chat.ParticipantObserver},
		answer:   exampleParticipant,
		problems: []chat.Code{chat.CodeParticipantNotFound, chat.CodeLastOwner},
		codes:    map[string]chat.Code{"role": chat.CodeInvalidRole},
	})

	registerRoute(s, s.removeParticipant, route{
		method:      http.MethodDelete,
		path:        "/chats/{chat_id}/participants/{participant_id}",
		access:      withScope(chat.ScopeChatsWrite),
		withChat:    true,
		id:          "removeParticipant",
		tag:         tagChats,
		summary:     "Remove a participant",
		description: "The last owner cannot be removed.",
		problems:    []chat.Code{chat.CodeParticipantNotFound, chat.CodeLastOwner},
	})
}

type addParticipantInput struct {
	ActionHeaders
	Body newParticipantJSON
}

func (s *service) addParticipant(ctx context.Context, in *addParticipantInput) (*actionResponse, error) {
	asked := in.Body.domain()

	return s.perform(ctx, in.ActionHeaders, actionSpec{
		kind:   chat.ActionAddParticipant,
		chat:   callFrom(ctx).chat.ID,
		fields: map[string]any{"member_id": asked.MemberID, "role": asked.Role},
		start: func(ctx context.Context, request chat.Request, wait time.Duration) (any, bool, error) {
			answer, err := s.engine.AddParticipant(
				ctx,
				chat.AddParticipant{Request: request, NewParticipant: asked},
				wait,
			)

			added := participantAddedJSON{
				Success:       true,
				Message:       answer.Value.Message,
				ParticipantID: answer.Value.ParticipantID,
			}

			return added, answer.Replayed, err
		},
	})
}

// participantAdded answers an addition that has happened before.
func (s *service) participantAdded(ctx context.Context, action chat.Action) (any, error) {
	all, err := s.store.Participants(ctx, action.WorkspaceID, action.ChatID)
	if err != nil && chat.CodeOf(err) != chat.CodeChatNotFound {
		return nil, err
	}

	// Those of a chat that was deleted since are removed with it.
	added := participantAddedJSON{Success: true, ParticipantID: action.ParticipantID}
	if i := slices.IndexFunc(all, func(p chat.Participant) bool { return p.ID == action.ParticipantID }); i >= 0 {
		added.Message = all[i].AddedMessage()
	} else {
		added.Message = fmt.Sprintf("Participant %d was added, and has been removed since", action.ParticipantID)
	}

	return added, nil
}

func (s *service) listParticipants(ctx context.Context, in *pagedInput) (*listOutput[participantJSON], error) {
	c := callFrom(ctx)

	all, err := s.store.Participants(ctx, c.workspace(), c.chat.ID)
	if err != nil {
		return nil, err
	}

	return pageOf(all, in.Paging, func(p chat.Participant) chat.ParticipantID { return p.ID }, presentParticipant)
}

// participantPatchJSON changes a participant.
type participantPatchJSON struct {
	Role chat.ParticipantRole `json:"role" enum:"owner,assistant,operator,contributor,observer" example:"observer"`
}

type participantPath struct {
	ParticipantID chat.ParticipantID `inPath:"participant_id"`
}

type updateParticipantInput struct {
	participantPath

	Body participantPatchJSON
}

type participantOutput struct{ Body participantJSON }

func (s *service) updateParticipant(ctx context.Context, in *updateParticipantInput) (*participantOutput, error) {
	c := callFrom(ctx)

	changed, err := s.store.UpdateParticipant(
		ctx,
		c.workspace(),
		c.actor(),
		c.chat.ID,
		in.ParticipantID,
		in.Body.Role,
	)
	if err != nil {
		return nil, err
	}

	return &participantOutput{Body: presentParticipant(changed)}, nil
}

func (s *service) removeParticipant(ctx context.Context, in *participantPath) (*struct{}, error) {
	c := callFrom(ctx)

	return nil, s.store.RemoveParticipant(ctx, c.workspace(), c.actor(), c.chat.ID, in.ParticipantID)
}
