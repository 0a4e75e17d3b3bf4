package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"handrail/canonical"
	"handrail/chat"
)

// phoneNumberJSON is a sender for SMS.
type phoneNumberJSON struct {
	ID                  chat.PhoneNumberID `json:"id"`
	Name                string             `json:"name"`
	Number              string             `json:"number" doc:"E.164, or empty when it is a messaging service."`
	MessagingServiceSID string             `json:"messaging_service_sid"`
	CreatedAt           time.Time          `json:"created_at"`
	RevokedAt           *time.Time         `json:"revoked_at,omitempty" doc:"Since when the workspace may not use the sender any more, because it belongs to another one or to none."`
}

func presentPhoneNumber(p chat.PhoneNumber) phoneNumberJSON {
	return phoneNumberJSON{
		ID:                  p.ID,
		Name:                p.Name,
		Number:              p.Number,
		MessagingServiceSID: p.MessagingServiceSID,
		CreatedAt:           p.CreatedAt.UTC(),
		RevokedAt:           p.RevokedAt,
	}
}

var examplePhoneNumber = phoneNumberJSON{
	ID:        1,
	Name:      "Support",
	Number:    "+14155550100",
	CreatedAt: exampleTime,
}

// newPhoneNumberJSON makes a sender for SMS.
type newPhoneNumberJSON struct {
	Name                string `json:"name,omitempty" maxLength:"100"`
	Number              string `json:"number,omitempty" maxLength:"20" pattern:"^([+][1-9][0-9]{6,14})?$" doc:"E.164. Either this or messaging_service_sid."`
	MessagingServiceSID string `json:"messaging_service_sid,omitempty" doc:"A Twilio messaging service: MG and 32 hexadecimal digits."`
}

// phoneNumberPatchJSON changes a sender for SMS.
type phoneNumberPatchJSON struct {
	Name                *string `json:"name,omitempty" nullable:"true" maxLength:"100"`
	Number              *string `json:"number,omitempty" nullable:"true" maxLength:"20" pattern:"^([+][1-9][0-9]{6,14})?$" doc:"E.164; empty takes it away, for a messaging service."`
	MessagingServiceSID *string `json:"messaging_service_sid,omitempty" nullable:"true" doc:"A Twilio messaging service; empty takes it away, for a number."`
}

func (s *service) phoneNumberRoutes() {
	admin := withScope(chat.ScopeWorkspaceAdmin)
	reader := withEither(chat.ScopeChatsRead, chat.ScopeWorkspaceAdmin)

	registerRoute(s, s.listPhoneNumbers, route{
		method:      http.MethodGet,
		path:        "/phone-numbers",
		access:      reader,
		id:          "listPhoneNumbers",
		tag:         tagSenders,
		summary:     "List phone numbers",
		description: "By id.",
		answer:      listOf(examplePhoneNumber),
	})

	registerRoute(s, s.createPhoneNumber, route{
		method:   http.MethodPost,
		path:     "/phone-numbers",
		access:   admin,
		id:       "createPhoneNumber",
		tag:      tagSenders,
		summary:  "Create a phone number",
		status:   http.StatusCreated,
		answer:   examplePhoneNumber,
		request:  newPhoneNumberJSON{Name: "Support", Number: "+14155550100"},
		problems: []chat.Code{chat.CodeAlreadyExists, chat.CodeSenderNotGranted},
	})

	registerRoute(s, s.getPhoneNumber, route{
		method:   http.MethodGet,
		path:     "/phone-numbers/{phone_number_id}",
		access:   reader,
		id:       "getPhoneNumber",
		tag:      tagSenders,
		summary:  "Get a phone number",
		answer:   examplePhoneNumber,
		problems: []chat.Code{chat.CodeSenderNotFound},
	})

	s.phoneNumberChangeRoutes()
}

// phoneNumberChangeRoutes are those by which one that is there is changed or deleted.
func (s *service) phoneNumberChangeRoutes() {
	admin := withScope(chat.ScopeWorkspaceAdmin)

	registerRoute(s, s.updatePhoneNumber, route{
		method:      http.MethodPatch,
		path:        "/phone-numbers/{phone_number_id}",
		access:      admin,
		id:          "updatePhoneNumber",
		tag:         tagSenders,
		summary:     "Update a phone number",
		description: "Fields that are left out stay as they are.",
		request:     phoneNumberPatchJSON{Name: new("Support")},
		answer:      examplePhoneNumber,
		problems:    []chat.Code{chat.CodeSenderNotFound, chat.CodeAlreadyExists, chat.CodeSenderNotGranted},
	})

	registerRoute(s, s.deletePhoneNumber, route{
		method:      http.MethodDelete,
		path:        "/phone-numbers/{phone_number_id}",
		access:      admin,
		id:          "deletePhoneNumber",
		tag:         tagSenders,
		summary:     "Delete a phone number",
		description: "Not while a chat uses it.",
		problems:    []chat.Code{chat.CodeSenderNotFound, chat.CodeInUse},
	})
}

func (s *service) listPhoneNumbers(ctx context.Context, in *pagedInput) (*listOutput[phoneNumberJSON], error) {
	all, err := s.store.PhoneNumbers(ctx, callFrom(ctx).workspace())
	if err != nil {
		return nil, err
	}

	return pageOf(all, in.Paging, func(p chat.PhoneNumber) chat.PhoneNumberID { return p.ID }, presentPhoneNumber)
}

type createPhoneNumberInput struct{ Body newPhoneNumberJSON }

type phoneNumberOutput struct{ Body phoneNumberJSON }

func (s *service) createPhoneNumber(
	ctx context.Context,
	in *createPhoneNumberInput,
) (*created[phoneNumberJSON], error) {
	c := callFrom(ctx)

	number := chat.PhoneNumber{
		Name:                in.Body.Name,
		Number:              in.Body.Number,
		MessagingServiceSID: in.Body.MessagingServiceSID,
	}

	if err := number.Validate(); err != nil {
		return nil, err
	}

	var err error
	if number.Number, err = canonical.Address("number", chat.AddressPhone, number.Number); err != nil {
		return nil, err
	}

	made, err := s.store.CreatePhoneNumber(ctx, c.workspace(), c.actor(), number)
	if err != nil {
		return nil, err
	}

	return &created[phoneNumberJSON]{
		Location: c.path(fmt.Sprintf("/phone-numbers/%d", made.ID)),
		Body:     presentPhoneNumber(made),
	}, nil
}

type phoneNumberPath struct {
	PhoneNumberID chat.PhoneNumberID `inPath:"phone_number_id"`
}

func (s *service) getPhoneNumber(ctx context.Context, in *phoneNumberPath) (*phoneNumberOutput, error) {
	c := callFrom(ctx)

	found, err := s.store.PhoneNumber(ctx, c.workspace(), in.PhoneNumberID)
	if err != nil {
		return nil, err
	}

	return &phoneNumberOutput{Body: presentPhoneNumber(found)}, nil
}

type updatePhoneNumberInput struct {
	phoneNumberPath

	Body phoneNumberPatchJSON
}

func (s *service) updatePhoneNumber(ctx context.Context, in *updatePhoneNumberInput) (*phoneNumberOutput, error) {
	c := callFrom(ctx)

	if _, err := canonical.Address("number", chat.AddressPhone, valueOr(in.Body.Number, "")); err != nil {
		return nil, err
	}

	changed, err := s.store.UpdatePhoneNumber(
		ctx,
		c.workspace(),
		c.actor(),
		in.PhoneNumberID,
		chat.PhoneNumberPatch(in.Body),
	)
	if err != nil {
		return nil, err
	}

	return &phoneNumberOutput{Body: presentPhoneNumber(changed)}, nil
}

func (s *service) deletePhoneNumber(ctx context.Context, in *phoneNumberPath) (*struct{}, error) {
	c := callFrom(ctx)

	return nil, s.store.DeletePhoneNumber(
		ctx,
		c.workspace(),
		c.actor(),
		in.PhoneNumberID,
	)
}
