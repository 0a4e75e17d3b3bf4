package api

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"handrail/canonical"
	"handrail/chat"
)

// memberJSON is a person or an assistant.
type memberJSON struct {
	ID                   chat.MemberID      `json:"id"`
	Kind                 chat.MemberKind    `json:"kind" enum:"person,assistant"`
	Role                 chat.WorkspaceRole `json:"role" enum:"manager,user"`
	Name                 string             `json:"name"`
	Email                string             `json:"email"`
	Phone                string             `json:"phone"`
	SenderName           string             `json:"sender_name,omitempty" doc:"Like SUPPORT or a short code, which cannot be written to."`
	NotificationsEnabled bool               `json:"notifications_enabled"`
	Consent              consentJSON        `json:"consent"`
	Tools                *[]string          `json:"tools,omitempty" doc:"With an assistant: the tools it may use."`
	ExternalID           string             `json:"external_id" doc:"Your own id of the member; empty when there is none."`
	Metadata             metadataJSON       `json:"metadata"`
	CreatedAt            time.Time          `json:"created_at"`
	UpdatedAt            time.Time          `json:"updated_at"`
}

type consentJSON struct {
	SMS   chat.Consent `json:"phone-sms" enum:"unknown,granted,revoked"`
	Email chat.Consent `json:"email" enum:"unknown,granted,revoked"`
}

func presentMember(m chat.Member) memberJSON {
	shown := memberJSON{
		ID:                   m.ID,
		Kind:                 m.Kind,
		Role:                 m.Role,
		Name:                 m.Name,
		Email:                m.Email,
		Phone:                m.Phone,
		SenderName:           m.SenderName,
		NotificationsEnabled: m.NotificationsEnabled,
		Consent: consentJSON{
			SMS:   m.Consents.On(chat.ChannelSMS),
			Email: m.Consents.On(chat.ChannelEmail),
		},
		ExternalID: m.ExternalID,
		Metadata:   presentMetadata(m.Metadata),
		CreatedAt:  m.CreatedAt.UTC(),
		UpdatedAt:  m.UpdatedAt.UTC(),
	}

	if m.Kind == chat.KindAssistant {
		shown.Tools = new(orEmpty(m.Tools))
	}

	return shown
}

var exampleMember = memberJSON{
	ID:                   42,
	Kind:                 chat.KindPerson,
	Role:                 chat.RoleUser,
	Name:                 "Ana Lopez",
	Email:                "ana@example.com",
	Phone:                "+14155550123",
	NotificationsEnabled: true,
	Consent:              consentJSON{SMS: chat.ConsentGranted, Email: chat.ConsentUnknown},
	ExternalID:           "crm-8117",
	Metadata:             metadataJSON{"plan": "gold"},
	CreatedAt:            exampleTime,
	UpdatedAt:            exampleTime,
}

// newMemberJSON makes a member.
type newMemberJSON struct {
	Kind                 chat.MemberKind    `json:"kind,omitempty" enum:"person,assistant" default:"person"`
	Role                 chat.WorkspaceRole `json:"role,omitempty" enum:"manager,user" default:"user" doc:"A manager may use the scopes of its keys; a user reaches its own chats only."`
	Name                 string             `json:"name" minLength:"1" maxLength:"200"`
	Email                string             `json:"email,omitempty" maxLength:"254"`
	Phone                string             `json:"phone,omitempty" maxLength:"20" pattern:"^([+][1-9][0-9]{6,14})?$" doc:"An E.164 number."`
	NotificationsEnabled *bool              `json:"notifications_enabled,omitempty" default:"true" doc:"Whether it may be written to."`
	Consent              *newConsentJSON    `json:"consent,omitempty"`
	Tools                *[]string          `json:"tools,omitempty" maxItems:"100" uniqueItems:"true" doc:"With the kind assistant: the names of the tools it may use, server.* for all of an MCP server, * for all, which it is when left out."`
	ExternalID           clearableJSON      `json:"external_id,omitzero" maxLength:"255" doc:"Your own id, unique in the workspace: visible characters. null and empty are none."`
	Metadata             metadataJSON       `json:"metadata,omitempty"`
}

type newConsentJSON struct {
	SMS   *chat.Consent `json:"phone-sms,omitempty" enum:"unknown,granted,revoked"`
	Email *chat.Consent `json:"email,omitempty" enum:"unknown,granted,revoked"`
}

// consents returns the consents that are given, which may be none.
func (c *newConsentJSON) consents() chat.Consents {
	if c == nil {
		return nil
	}

	given := chat.Consents{}

	for channel, consent := range map[chat.Channel]*chat.Consent{chat.ChannelSMS: c.SMS, chat.ChannelEmail: c.Email} {
		if consent != nil {
			given[channel] = *consent
		}
	}

	return given
}

// memberPatchJSON changes a member.
type memberPatchJSON struct {
	Role                 *chat.WorkspaceRole `json:"role,omitempty" enum:"manager,user"`
	Name                 *string             `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Email                *string             `json:"email,omitempty" nullable:"true" maxLength:"254" doc:"null or empty takes it away."`
	Phone                *string             `json:"phone,omitempty" nullable:"true" maxLength:"20" pattern:"^([+][1-9][0-9]{6,14})?$" doc:"An E.164 number; null or empty takes it away."`
	NotificationsEnabled *bool               `json:"notifications_enabled,omitempty"`
	Consent              *newConsentJSON     `json:"consent,omitempty"`
	Tools                *[]string           `json:"tools,omitempty" maxItems:"100" uniqueItems:"true" doc:"The tools that an assistant may use."`
	ExternalID           clearableJSON       `json:"external_id,omitzero" maxLength:"255" doc:"Your own id of the member; null or empty takes it away."`
	Metadata             metadataPatchJSON   `json:"metadata,omitempty"`
}

func (b *memberPatchJSON) patch() chat.MemberPatch {
	return chat.MemberPatch{
		Name:                 b.Name,
		Email:                b.Email,
		Phone:                b.Phone,
		Role:                 b.Role,
		NotificationsEnabled: b.NotificationsEnabled,
		Consents:             b.Consent.consents(),
		Tools:                b.Tools,
		ExternalID:           b.ExternalID.pointer(),
		Metadata:             chat.MetadataPatch(b.Metadata),
	}
}

func (s *service) memberRoutes() {
	registerRoute(s, s.listMembers, route{
		method:      http.MethodGet,
		path:        "/members",
		access:      withScope(chat.ScopeMembersRead),
		id:          "listMembers",
		tag:         tagMembers,
		summary:     "List members",
		description: "By id.",
		answer:      listOf(exampleMember),
	})

	registerRoute(s, s.createMember, route{
		method:  http.MethodPost,
		path:    "/members",
		access:  withScope(chat.ScopeMembersWrite),
		id:      "createMember",
		tag:     tagMembers,
		summary: "Create a member",
		status:  http.StatusCreated,
		answer:  exampleMember,
		request: newMemberJSON{
			Kind:    chat.KindPerson,
			Name:    "Ana Lopez",
			Email:   "ana@example.com",
			Phone:   "+14155550123",
			Consent: &newConsentJSON{SMS: new(chat.ConsentGranted)},

			ExternalID: newClearable("crm-8117"),
			Metadata:   metadataJSON{"plan": "gold"},
		},
		problems: []chat.Code{chat.CodeAddressTaken, chat.CodeExternalIDTaken},
		description: "An address belongs to one member. Numbers and mail addresses are kept in one form: E.164 " +
			"without the zero that is dialed within a country, and the domain in ASCII and lower case.",
		second: "a member with the role `manager`, who is created with the decision.",
	})

	registerRoute(s, s.getMember, route{
		method:      http.MethodGet,
		path:        "/members/{member_id}",
		access:      withScope(chat.ScopeMembersRead),
		id:          "getMember",
		tag:         tagMembers,
		summary:     "Get a member",
		description: "One that was merged into another is not found; `member_id` of the answer is the other one.",
		answer:      exampleMember,
		problems:    []chat.Code{chat.CodeMemberNotFound},
	})

	s.memberChangeRoutes()
}

// memberChangeRoutes registers the routes that change a member.
func (s *service) memberChangeRoutes() {
	registerRoute(s, s.updateMember, route{
		method:  http.MethodPatch,
		path:    "/members/{member_id}",
		access:  withScope(chat.ScopeMembersWrite),
		id:      "updateMember",
		tag:     tagMembers,
		summary: "Update a member",
		description: "Fields that are left out stay as they are. With a role that waits, all of them do. " +
			aboutMetadata,
		second:  "making a manager.",
		request: memberPatchJSON{Phone: new("+14155550123"), NotificationsEnabled: new(true)},
		answer:  exampleMember,
		problems: []chat.Code{
			chat.CodeMemberNotFound,
			chat.CodeAddressTaken,
			chat.CodeExternalIDTaken,
			chat.CodeLastManager,
		},
	})

	registerRoute(s, s.deleteMember, route{
		method:  http.MethodDelete,
		path:    "/members/{member_id}",
		access:  withScope(chat.ScopeMembersWrite),
		id:      "deleteMember",
		tag:     tagMembers,
		summary: "Delete a member",
		description: "Only one to whom nothing refers, like one that was made by mistake. 409 `member_in_use` " +
			"counts in `errors` what does: chats, messages, API keys, entries of the audit log and others. It " +
			"erases nothing of what a person has written or was sent.",
		problems: []chat.Code{chat.CodeMemberNotFound, chat.CodeMemberInUse, chat.CodeLastManager},
	})

	s.memberUpsertRoute()

	s.optOutRoutes()
	s.memberMergeRoute()
}

type listMembersInput struct {
	Paging
	Kind  chat.MemberKind `query:"kind" enum:"person,assistant"`
	Query string          `query:"q" maxLength:"200" doc:"A part of the name."`
	Phone string          `query:"phone" maxLength:"20" doc:"The phone number, however it is written." example:"+14155550123"`
	Email string          `query:"email" maxLength:"254" doc:"The email address, whatever its case." example:"ana@example.com"`

	ExternalID string `query:"external_id" maxLength:"255" doc:"Your own id of the member." example:"crm-8117"`

	Sort         string    `query:"sort" enum:"created_at,-created_at,updated_at,-updated_at" doc:"With - the newest first."`
	UpdatedSince time.Time `query:"updated_since" doc:"Changed then or later."`
}

func (s *service) listMembers(ctx context.Context, in *listMembersInput) (*listOutput[memberJSON], error) {
	phone, err := canonical.Address("query.phone", chat.AddressPhone, in.Phone)
	if err != nil {
		return nil, err
	}

	email, err := canonical.Address("query.email", chat.AddressEmail, in.Email)
	if err != nil {
		return nil, err
	}

	page, err := in.sortedPage(in.Sort)
	if err != nil {
		return nil, err
	}

	part, err := s.store.Members(ctx, callFrom(ctx).workspace(), chat.MemberFilter{
		Kind:  in.Kind,
		Query: in.Query,
		Phone: phone,
		Email: email,

		ExternalID:   in.ExternalID,
		UpdatedSince: timeIfGiven(in.UpdatedSince),
		Page:         page,
	})

	return presentList(part, err, presentMember)
}

type createMemberInput struct{ Body newMemberJSON }

type memberOutput struct{ Body memberJSON }

func (s *service) createMember(ctx context.Context, in *createMemberInput) (*agreedOutput, error) {
	c := callFrom(ctx)
	b := in.Body

	member := chat.Member{
		WorkspaceID:          c.workspace(),
		Kind:                 b.Kind,
		Role:                 b.Role,
		Name:                 b.Name,
		Email:                b.Email,
		Phone:                b.Phone,
		NotificationsEnabled: b.NotificationsEnabled == nil || *b.NotificationsEnabled,
		Consents:             b.Consent.consents(),
		ExternalID:           b.ExternalID.Text,
		Metadata:             chat.Metadata(b.Metadata),
	}

	if err := checkToolNames(b.Tools); err != nil {
		return nil, err
	}

	if b.Tools != nil && b.Kind != chat.KindAssistant {
		return nil, chat.Invalid("tools", "must not be given with the kind person")
	}

	member.Tools = valueOr(b.Tools, chat.AllTools())
	if err := canonical.Member(&member); err != nil {
		return nil, err
	}

	if err := member.Validate(); err != nil {
		return nil, err
	}

	made, err := s.store.CreateMember(ctx, c.workspace(), c.actor(), member)
	if err != nil {
		return s.orAsk(ctx, err, func() (chat.NewApproval, error) { return newManager(&member), nil })
	}

	return &agreedOutput{
		Status:   http.StatusCreated,
		Location: c.path(fmt.Sprintf("/members/%d", made.ID)),
		Body:     presentMember(made),
	}, nil
}

// newManager returns the approval that is needed to create a manager.
func newManager(member *chat.Member) chat.NewApproval {
	return chat.NewApproval{
		Kind: chat.ApprovalMemberRole,
		Request: chat.ApprovalRequest{
			Member:  &chat.MemberRequest{Kind: member.Kind, Name: member.Name},
			Changes: []chat.FieldChange{{Field: "role", After: member.Role}},
		},
		Effect: &chat.ApprovalEffect{NewMember: member},
	}
}

func valueOr[T any](given *T, otherwise T) T {
	if given == nil {
		return otherwise
	}

	return *given
}

type memberPath struct {
	MemberID chat.MemberID `inPath:"member_id"`
}

func (s *service) getMember(ctx context.Context, in *memberPath) (*memberOutput, error) {
	c := callFrom(ctx)

	found, err := s.store.Member(ctx, c.workspace(), in.MemberID)
	if err != nil {
		return nil, err
	}

	return &memberOutput{Body: presentMember(found)}, nil
}

func (s *service) deleteMember(ctx context.Context, in *memberPath) (*struct{}, error) {
	c := callFrom(ctx)
	return nil, s.store.DeleteMember(ctx, c.workspace(), c.actor(), in.MemberID)
}

type updateMemberInput struct {
	memberPath

	Body memberPatchJSON
}

func (s *service) updateMember(ctx context.Context, in *updateMemberInput) (*agreedOutput, error) {
	c := callFrom(ctx)
	b := in.Body

	patch := b.patch()

	if err := checkToolNames(b.Tools); err != nil {
		return nil, err
	}

	if err := canonical.Patch(&patch); err != nil {
		return nil, err
	}

	if err := checkOwnRole(c, in.MemberID, b.Role); err != nil {
		return nil, err
	}

	changed, err := s.store.UpdateMember(ctx, c.workspace(), c.actor(), in.MemberID, patch)
	if err != nil {
		return s.orAsk(ctx, err, func() (chat.NewApproval, error) { return s.newPromotion(ctx, in.MemberID, patch) })
	}

	return &agreedOutput{Status: http.StatusOK, Body: presentMember(changed)}, nil
}

// checkOwnRole refuses to remove one's own role of a manager, because the last manager would lock everybody out.
func checkOwnRole(c *requestInfo, id chat.MemberID, role *chat.WorkspaceRole) error {
	if id == c.principal.MemberID && valueOr(role, chat.RoleManager) != chat.RoleManager {
		return chat.Invalid("role", "can be taken from a manager by another manager only")
	}

	return nil
}

// newPromotion asks for a change of a member that makes it a manager.
func (s *service) newPromotion(
	ctx context.Context,
	id chat.MemberID,
	patch chat.MemberPatch,
) (chat.NewApproval, error) {
	before, err := s.store.Member(ctx, callFrom(ctx).workspace(), id)
	if err != nil {
		return chat.NewApproval{}, err
	}

	return chat.NewApproval{
		Kind: chat.ApprovalMemberRole,
		Request: chat.ApprovalRequest{
			Member: &chat.MemberRequest{
				ID:        id,
				Kind:      before.Kind,
				Name:      before.Name,
				UpdatedAt: before.UpdatedAt,
			},
			Changes: chat.MemberChanges(&before, &patch),
		},
		Effect: &chat.ApprovalEffect{MemberID: id, Patch: &patch},
	}, nil
}

// grantedTool is a tool's name, a whole MCP server, or everything.
var grantedTool = regexp.MustCompile(`^(\*|[a-zA-Z0-9_-]{1,64}|[a-zA-Z0-9_-]{1,32}\.(\*|[a-zA-Z0-9_.-]{1,128}))$`)

// checkToolNames checks the form only: a tool may be granted before it is defined.
func checkToolNames(names *[]string) error {
	for i, name := range valueOr(names, nil) {
		if !grantedTool.MatchString(name) {
			return chat.Invalid(
				fmt.Sprintf("tools[%d]", i),
				"must be the name of a tool, server.* for all of an MCP server, or *",
			)
		}
	}

	return nil
}
