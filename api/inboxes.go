package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"handrail/chat"
)

// inboxJSON is a sender for email.
type inboxJSON struct {
	ID          chat.InboxID `json:"id"`
	Address     string       `json:"address"`
	DisplayName string       `json:"display_name"`
	CreatedAt   time.Time    `json:"created_at"`
	RevokedAt   *time.Time   `json:"revoked_at,omitempty" doc:"Since when the workspace may not use the sender any more, because it belongs to another one or to none."`
}

func presentInbox(i chat.Inbox) inboxJSON {
	return inboxJSON{
		ID:          i.ID,
		Address:     i.Address,
		DisplayName: i.DisplayName,
		CreatedAt:   i.CreatedAt.UTC(),
		RevokedAt:   i.RevokedAt,
	}
}

var exampleInbox = inboxJSON{
	ID:          1,
	Address:     "support@example.com",
	DisplayName: "Example Support",
	CreatedAt:   exampleTime,
}

// newInboxJSON makes a sender for email.
type newInboxJSON struct {
	Address     string `json:"address" minLength:"1" maxLength:"254"`
	DisplayName string `json:"display_name,omitempty" maxLength:"100" doc:"The name beside the address."`
}

// inboxPatchJSON changes a sender for email.
type inboxPatchJSON struct {
	Address     *string `json:"address,omitempty" minLength:"1" maxLength:"254"`
	DisplayName *string `json:"display_name,omitempty" nullable:"true" maxLength:"100"`
}

func (s *service) inboxRoutes() {
	admin := withScope(chat.ScopeWorkspaceAdmin)
	reader := withEither(chat.ScopeChatsRead, chat.ScopeWorkspaceAdmin)

	registerRoute(s, s.listInboxes, route{
		method:      http.MethodGet,
		path:        "/inboxes",
		access:      reader,
		id:          "listInboxes",
		tag:         tagSenders,
		summary:     "List inboxes",
		description: "By id.",
		answer:      listOf(exampleInbox),
	})

	registerRoute(s, s.createInbox, route{
		method:   http.MethodPost,
		path:     "/inboxes",
		access:   admin,
		id:       "createInbox",
		tag:      tagSenders,
		summary:  "Create an inbox",
		status:   http.StatusCreated,
		answer:   exampleInbox,
		request:  newInboxJSON{Address: "support@example.com", DisplayName: "Example Support"},
		problems: []chat.Code{chat.CodeAlreadyExists, chat.CodeSenderNotGranted},
	})

	registerRoute(s, s.getInbox, route{
		method:   http.MethodGet,
		path:     "/inboxes/{inbox_id}",
		access:   reader,
		id:       "getInbox",
		tag:      tagSenders,
		summary:  "Get an inbox",
		answer:   exampleInbox,
		problems: []chat.Code{chat.CodeSenderNotFound},
	})

	s.inboxChangeRoutes()
}

// inboxChangeRoutes are those by which one that is there is changed or deleted.
func (s *service) inboxChangeRoutes() {
	admin := withScope(chat.ScopeWorkspaceAdmin)

	registerRoute(s, s.updateInbox, route{
		method:      http.MethodPatch,
		path:        "/inboxes/{inbox_id}",
		access:      admin,
		id:          "updateInbox",
		tag:         tagSenders,
		summary:     "Update an inbox",
		description: "Fields that are left out stay as they are.",
		request:     inboxPatchJSON{DisplayName: new("Example Support")},
		answer:      exampleInbox,
		problems:    []chat.Code{chat.CodeSenderNotFound, chat.CodeAlreadyExists, chat.CodeSenderNotGranted},
	})

	registerRoute(s, s.deleteInbox, route{
		method:      http.MethodDelete,
		path:        "/inboxes/{inbox_id}",
		access:      admin,
		id:          "deleteInbox",
		tag:         tagSenders,
		summary:     "Delete an inbox",
		description: "Not while a chat uses it.",
		problems:    []chat.Code{chat.CodeSenderNotFound, chat.CodeInUse},
	})
}

func (s *service) listInboxes(ctx context.Context, in *pagedInput) (*listOutput[inboxJSON], error) {
	all, err := s.store.Inboxes(ctx, callFrom(ctx).workspace())
	if err != nil {
		return nil, err
	}

	return pageOf(all, in.Paging, func(i chat.Inbox) chat.InboxID { return i.ID }, presentInbox)
}

type createInboxInput struct{ Body newInboxJSON }

type inboxOutput struct{ Body inboxJSON }

func (s *service) createInbox(ctx context.Context, in *createInboxInput) (*created[inboxJSON], error) {
	c := callFrom(ctx)

	inbox := chat.Inbox{Address: in.Body.Address, DisplayName: in.Body.DisplayName}
	if err := inbox.Validate(); err != nil {
		return nil, err
	}

	made, err := s.store.CreateInbox(ctx, c.workspace(), c.actor(), inbox)
	if err != nil {
		return nil, err
	}

	return &created[inboxJSON]{Location: c.path(fmt.Sprintf("/inboxes/%d", made.ID)), Body: presentInbox(made)}, nil
}

type inboxPath struct {
	InboxID chat.InboxID `inPath:"inbox_id"`
}

func (s *service) getInbox(ctx context.Context, in *inboxPath) (*inboxOutput, error) {
	c := callFrom(ctx)

	found, err := s.store.Inbox(ctx, c.workspace(), in.InboxID)
	if err != nil {
		return nil, err
	}

	return &inboxOutput{Body: presentInbox(found)}, nil
}

type updateInboxInput struct {
	inboxPath

	Body inboxPatchJSON
}

func (s *service) updateInbox(ctx context.Context, in *updateInboxInput) (*inboxOutput, error) {
	c := callFrom(ctx)

	changed, err := s.store.UpdateInbox(
		ctx,
		c.workspace(),
		c.actor(),
		in.InboxID,
		chat.InboxPatch(in.Body),
	)
	if err != nil {
		return nil, err
	}

	return &inboxOutput{Body: presentInbox(changed)}, nil
}

func (s *service) deleteInbox(ctx context.Context, in *inboxPath) (*struct{}, error) {
	c := callFrom(ctx)
	return nil, s.store.DeleteInbox(ctx, c.workspace(), c.actor(), in.InboxID)
}
