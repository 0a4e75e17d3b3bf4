package console

import (
	"github.com/a-h/templ"

	"handrail/client"
)

func (h *Handler) senderRoutes() {
	h.page("/settings/senders", h.showSenders)
	h.form("/settings/senders/phone-numbers", h.createPhoneNumber, h.showSenders)
	h.form(
		"/settings/senders/phone-numbers/{id}/delete",
		deleteAt("/settings/senders", deletePhoneNumber),
		h.showSenders,
	)
	h.form("/settings/senders/phone-numbers/{id}/test", h.testPhoneNumber, h.showSenders)
	h.form("/settings/senders/phone-numbers/{id}", h.updatePhoneNumber, h.showSenders)
	h.form("/settings/senders/inboxes/{id}", h.updateInbox, h.showSenders)
	h.form("/settings/senders/inboxes", h.createInbox, h.showSenders)
	h.form("/settings/senders/inboxes/{id}/test", h.testInbox, h.showSenders)
	h.form("/settings/senders/inboxes/{id}/delete", deleteAt("/settings/senders", deleteInbox), h.showSenders)
}

// sendersView are the senders of a workspace.
type sendersView struct {
	numbers []client.PhoneNumber
	inboxes []client.Inbox
	// isCut reports whether there are more than one page has.
	isCut bool
	// health says how they stand; nil if that is not known, or the session may not read it.
	health *client.WorkspaceHealth
	// members are those whom the field of a test offers.
	members []client.Member
}

func (h *Handler) showSenders(v *viewer) (templ.Component, error) {
	view, err := readSenders(v)
	if err != nil {
		return nil, err
	}

	view.health = fetchHealth(v)

	if mayTestSenders(v) {
		if view.members, err = listMembersOf(v, client.MemberKindPerson); err != nil {
			return nil, err
		}
	}

	return sendersPage(v, view), nil
}

// readSenders reads the senders, as many as one page of the API has.
func readSenders(v *viewer) (*sendersView, error) {
	numbers, hasMoreNumbers, err := listPhoneNumbers(v)
	if err != nil {
		return nil, err
	}

	inboxes, hasMoreInboxes, err := listInboxes(v)
	if err != nil {
		return nil, err
	}

	return &sendersView{
		numbers: numbers,
		inboxes: inboxes,
		isCut:   hasMoreNumbers || hasMoreInboxes,
	}, nil
}

// healthOf returns how a sender stands, such as phone:12; nil if that is not known.
func (s *sendersView) healthOf(sender string) *client.SenderHealth {
	if s.health == nil {
		return nil
	}

	for i := range s.health.Senders {
		if s.health.Senders[i].Sender == sender {
			return &s.health.Senders[i]
		}
	}

	return nil
}

func (h *Handler) createPhoneNumber(v *viewer) (templ.SafeURL, error) {
	params := &client.CreatePhoneNumberParams{IdempotencyKey: v.once()}
	_, err := v.CreatePhoneNumberWithResponse(v.ctx(), v.ws(), params, client.NewPhoneNumber{
		Number:              v.given("number"),
		MessagingServiceSid: v.given("messaging_service_sid"),
		Name:                v.given("name"),
	})

	return v.path("/settings/senders"), err
}

// updatePhoneNumber changes the fields of the form that say something else than before.
func (h *Handler) updatePhoneNumber(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	_, err = v.UpdatePhoneNumberWithResponse(v.ctx(), v.ws(), id, client.PhoneNumberPatch{
		Number:              readChanged(v, "number"),
		MessagingServiceSid: readChanged(v, "messaging_service_sid"),
		Name:                readChanged(v, "name"),
	})

	return v.path("/settings/senders"), err
}

// updateInbox changes the fields of the form that say something else than before.
func (h *Handler) updateInbox(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	_, err = v.UpdateInboxWithResponse(v.ctx(), v.ws(), id, client.InboxPatch{
		Address:     readChanged(v, "address"),
		DisplayName: readChanged(v, "display_name"),
	})

	return v.path("/settings/senders"), err
}

func deletePhoneNumber(v *viewer, id int64) error {
	_, err := v.DeletePhoneNumberWithResponse(v.ctx(), v.ws(), id)

	return err
}

func (h *Handler) createInbox(v *viewer) (templ.SafeURL, error) {
	params := &client.CreateInboxParams{IdempotencyKey: v.once()}
	_, err := v.CreateInboxWithResponse(v.ctx(), v.ws(), params, client.NewInbox{
		Address:     readText(v, "address"),
		DisplayName: v.given("display_name"),
	})

	return v.path("/settings/senders"), err
}

func deleteInbox(v *viewer, id int64) error {
	_, err := v.DeleteInboxWithResponse(v.ctx(), v.ws(), id)

	return err
}

// nameNumber returns a phone number, or its messaging service.
func nameNumber(number client.PhoneNumber) string {
	if number.Number != "" {
		return number.Number
	}

	return number.MessagingServiceSid
}
