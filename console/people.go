package console

import (
	"github.com/a-h/templ"

	"handrail/client"
)

// The fields by which people are searched.
const (
	byName       = "name"
	byPhone      = "phone"
	byEmail      = "email"
	byExternalID = "external_id"
)

// peopleView is what the list of people shows.
type peopleView struct {
	// text and by are the search: what is looked for, and in which field.
	text   string
	by     string
	people []client.Member
	next   templ.SafeURL
}

func (h *Handler) peopleRoutes() {
	h.page("/people", h.showPeople)
	h.searchPosted("/people", "by")
	h.page("/people/{id}", h.showPerson)
	h.form("/people/{id}/edit", h.changePerson, h.showPerson)
	h.form("/people/{id}/opt-out", h.optOutPerson, h.showPerson)
	h.form("/people/{id}/not-opt-out", h.notOptOutPerson, h.showPerson)
	h.form("/people/{id}/write", h.writeToPerson, h.showPerson)
	h.page("/people/{id}/merge", h.showMerge)
	h.form("/people/{id}/merge", h.mergePerson, h.showPerson)
	h.form("/people/{id}/suppressions/{suppression}/lift", h.liftFromPerson, h.showPerson)

	h.page("/inbound", h.showInboundList)
	h.page("/inbound/{id}", h.showInbound)
	h.form("/inbound/{id}/replay", h.replayInboundHere, h.showInbound)

	h.mux.HandleFunc("GET "+Root+"/w/{workspace}/find", h.showFound)
	h.searchPosted("/find")
}

// showPeople shows the members that a search finds, and without one all of them.
func (h *Handler) showPeople(v *viewer) (templ.Component, error) {
	view := peopleView{
		text: searchText(v),
		by:   v.URL.Query().Get("by"),
	}

	found, err := searchMembers(v, view.by, view.text, readCursor(v))
	if isInvalid(err) {
		v.refusal = refusalOf(err) // such as a number that cannot be: the form is shown again
		return peoplePage(v, &view), nil
	} else if err != nil {
		return nil, err
	}

	view.people = found.Items
	view.next = v.nextPage("/people", found.NextCursor)

	return peoplePage(v, &view), nil
}

// newMemberSearch returns what to ask for the members whose field has a text.
func newMemberSearch(by, text string) *client.ListMembersParams {
	params := &client.ListMembersParams{Limit: new(pageLimit)}

	switch by {
	case byPhone:
		params.Phone = client.IfGiven(text)
	case byEmail:
		params.Email = client.IfGiven(text)
	case byExternalID:
		params.ExternalID = client.IfGiven(text)
	default:
		params.Q = client.IfGiven(text)
	}

	return params
}
