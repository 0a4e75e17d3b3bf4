package api

import (
	"context"
	"fmt"
	"net/http"

	"handrail/canonical"
	"handrail/chat"
)

// memberUpsertJSON creates or changes the member with an external id.
type memberUpsertJSON struct {
	Kind                 chat.MemberKind     `json:"kind,omitempty" enum:"person,assistant" doc:"Of a member who is made: person when left out. It does not change afterwards."`
	Role                 *chat.WorkspaceRole `json:"role,omitempty" enum:"manager,user"`
	Name                 *string             `json:"name,omitempty" minLength:"1" maxLength:"200" doc:"Needed when nobody has the external id yet."`
	Email                *string             `json:"email,omitempty" maxLength:"254" doc:"Empty takes it away."`
	Phone                *string             `json:"phone,omitempty" maxLength:"20" doc:"An E.164 number; empty takes it away."`
	NotificationsEnabled *bool               `json:"notifications_enabled,omitempty"`
	Consent              *newConsentJSON     `json:"consent,omitempty"`
	Tools                *[]string           `json:"tools,omitempty" maxItems:"100" uniqueItems:"true" doc:"The tools that an assistant may use."`
	Metadata             metadataPatchJSON   `json:"metadata,omitempty"`
}

func (b *memberUpsertJSON) newUpsert(externalID string) chat.MemberUpsert {
	return chat.MemberUpsert{
		ExternalID: externalID,
		Kind:       b.Kind,
		Patch: chat.MemberPatch{
			Name:                 b.Name,
			Email:                b.Email,
			Phone:                b.Phone,
			Role:                 b.Role,
			NotificationsEnabled: b.NotificationsEnabled,
			Consents:             b.Consent.consents(),
			Tools:                b.Tools,
			Metadata:             chat.MetadataPatch(b.Metadata),
		},
	}
}

func (s *service) memberUpsertRoute() {
	registerRoute(s, s.upsertMember, route{
		method:  http.MethodPut,
		path:    "/members/by-external-id/{external_id}",
		access:  withScope(chat.ScopeMembersWrite),
		id:      "upsertMember",
		tag:     tagMembers,
		summary: "Create or update a member by external id",
		description: "200 when somebody has the external id: then fields that are left out stay as they are. 201 " +
			"when nobody has, and the member is created. " + aboutMetadata,
		second: "making a manager.",
		request: memberUpsertJSON{
			Name:     new("Ana Lopez"),
			Phone:    new("+14155550123"),
			Metadata: metadataPatchJSON{"plan": new("gold")},
		},
		answer:    exampleMember,
		createsOr: true,
		problems: []chat.Code{
			chat.CodeAddressTaken,
			chat.CodeExternalIDTaken,
			chat.CodeLastManager,
		},
	})
}

type upsertMemberInput struct {
	ExternalID string `inPath:"external_id"`
	Body       memberUpsertJSON
}

func (s *service) upsertMember(ctx context.Context, in *upsertMemberInput) (*agreedOutput, error) {
	c := callFrom(ctx)
	asked := in.Body.newUpsert(in.ExternalID)

	if err := checkToolNames(in.Body.Tools); err != nil {
		return nil, err
	}

	if err := canonical.Patch(&asked.Patch); err != nil {
		return nil, err
	}

	existing, err := s.findByExternalID(ctx, in.ExternalID)
	if err != nil {
		return nil, err
	}

	if existing != nil {
		if err := checkOwnRole(c, existing.ID, in.Body.Role); err != nil {
			return nil, err
		}
	}

	member, made, err := s.store.UpsertMember(ctx, c.workspace(), c.actor(), asked)
	if err != nil {
		return s.orAsk(ctx, err, func() (chat.NewApproval, error) { return s.newUpsertApproval(ctx, existing, &asked) })
	}

	answer := &agreedOutput{Status: http.StatusOK, Body: presentMember(member)}
	if made {
		answer.Status = http.StatusCreated
		answer.Location = c.path(fmt.Sprintf("/members/%d", member.ID))
	}

	return answer, nil
}

// findByExternalID returns the member with an external id, nil if there is none.
func (s *service) findByExternalID(ctx context.Context, id string) (*chat.Member, error) {
	found, err := s.store.Members(ctx, callFrom(ctx).workspace(), chat.MemberFilter{
		ExternalID: id,
		Page:       chat.Page{Limit: 1},
	})
	if err != nil || len(found.Items) == 0 {
		return nil, err
	}

	return &found.Items[0], nil
}

// newUpsertApproval returns the approval that an upsert needs which makes somebody a manager.
func (s *service) newUpsertApproval(
	ctx context.Context,
	existing *chat.Member,
	asked *chat.MemberUpsert,
) (chat.NewApproval, error) {
	if existing != nil {
		return s.newPromotion(ctx, existing.ID, asked.Patch)
	}

	made, err := asked.NewMember(callFrom(ctx).workspace())

	return newManager(&made), err
}
