package console

import (
	"github.com/a-h/templ"

	"handrail/client"
)

func (h *Handler) defaultsRoutes() {
	h.page("/settings/defaults", h.showDefaults)
	h.form("/settings/defaults", h.updateDefaults, h.showDefaults)
}

// defaultsView is what the page of the defaults shows. senders is nil for whoever may not see them.
type defaultsView struct {
	client.WorkspaceDefaults

	senders *sendersView
	// assistants are those whom the field offers.
	assistants []client.Member
}

func (h *Handler) showDefaults(v *viewer) (templ.Component, error) {
	answer, err := v.GetWorkspaceDefaultsWithResponse(v.ctx(), v.ws())
	if err != nil {
		return nil, err
	}

	view := &defaultsView{WorkspaceDefaults: *answer.JSON200}

	if view.assistants, err = listMembersOf(v, client.MemberKindAssistant); err != nil {
		return nil, err
	}

	v.learnNames(client.ValueOf(view.UpdatedBy), client.ValueOf(view.AssistantMemberID))

	if v.may("chats:read") || v.may("workspace:admin") {
		if view.senders, err = readSenders(v); err != nil {
			return nil, err
		}
	}

	return defaultsPage(v, view), nil
}

// updateDefaults replaces the defaults: the form has all of them.
func (h *Handler) updateDefaults(v *viewer) (templ.SafeURL, error) {
	defaults := client.NewDefaults{
		WhenTakenOver: client.IfGiven(client.TakeoverPolicy(readText(v, "when_taken_over"))),
	}

	for _, field := range []struct {
		name  string
		value **int64
	}{
		{"phone_number_id", &defaults.PhoneNumberID},
		{"inbox_id", &defaults.InboxID},
		{"max_unanswered", &defaults.MaxUnanswered},
		{"max_per_hour", &defaults.MaxPerHour},
		{"max_segments_per_month", &defaults.MaxSegmentsPerMonth},
	} {
		number, err := readNumber(v, field.name)
		if err != nil {
			return "", err
		}

		*field.value = number
	}

	assistant, err := readMember(v, "assistant_member_id")
	if err != nil {
		return "", err
	}

	defaults.AssistantMemberID = assistant

	_, err = v.UpdateWorkspaceDefaultsWithResponse(v.ctx(), v.ws(), defaults)

	return v.path("/settings/defaults"), err
}

// isChosen reports whether an optional id is this one.
func isChosen(chosen *int64, id int64) bool { return chosen != nil && *chosen == id }
