package console

import (
	"net/http"
	"net/url"
	"strings"

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
	// next is the cursor of the next page; "" on the last one.
	next string
}

func (h *Handler) peopleRoutes() {
	h.page("/people", h.showPeople)
	h.posted("/people", h.showPeople)
	h.page("/people/{id}", h.showPerson)
	h.form("/people/{id}/edit", h.changePerson, h.showPerson)
	h.form("/people/{id}/opt-out", h.optOutPerson, h.showPerson)
	h.form("/people/{id}/not-opt-out", h.notOptOutPerson, h.showPerson)
	h.form("/people/{id}/merge", h.mergePerson, h.showPerson)
	h.form("/people/{id}/suppressions/{suppression}/lift", h.liftSuppression, h.showPerson)

	h.page("/inbound", h.showInboundList)
	h.page("/inbound/{id}", h.showInbound)
	h.form("/inbound/{id}/replay", h.replayArrival, h.showInbound)

	h.mux.HandleFunc("GET "+Root+"/w/{workspace}/find", h.find)
	h.mux.HandleFunc("POST "+Root+"/w/{workspace}/find", h.find)
}

// showPeople shows the members that a search finds, and without one all of them. A search is posted, so that no name,
// number or address stands in an address.
func (h *Handler) showPeople(v *viewer) (templ.Component, error) {
	v.answersAt(v.path("/people"))

	view := peopleView{
		text: strings.TrimSpace(v.PostFormValue("text")),
		by:   v.PostFormValue("by"),
	}

	params := newMemberSearch(view.by, view.text)
	params.Cursor = v.cursor()

	answer, err := v.ListMembersWithResponse(v.ctx(), v.ws(), params)
	if refused := refusalOf(err); refused != nil && refused.status == http.StatusBadRequest {
		v.refusal = refused // such as a number that cannot be: the form is shown again
		return peoplePage(v, &view), nil
	} else if err != nil {
		return nil, err
	}

	view.people = answer.JSON200.Items
	view.next = client.ValueOf(answer.JSON200.NextCursor)

	return peoplePage(v, &view), nil
}

// newMemberSearch returns what to ask for the members whose field has a text.
func newMemberSearch(by, text string) *client.ListMembersParams {
	limit := pageLength
	params := &client.ListMembersParams{Limit: &limit}

	switch by {
	case byPhone:
		params.Phone = client.IfGiven(formatPhone(text))
	case byEmail:
		params.Email = client.IfGiven(text)
	case byExternalID:
		params.ExternalID = client.IfGiven(text)
	default:
		params.Q = client.IfGiven(text)
	}

	return params
}

// formatPhone returns a phone number as the API takes it: with a plus, and without what people write between digits.
func formatPhone(text string) string {
	digits := strings.Map(func(r rune) rune {
		if r == '+' || strings.ContainsRune(betweenDigits, r) {
			return -1
		}

		return r
	}, text)

	if digits == "" {
		return ""
	}

	return "+" + digits
}

// betweenDigits is what people write between the digits of a phone number.
const betweenDigits = "-./() \u00a0"

// peopleAfter returns the path of the next page of a list without a search.
func (p *peopleView) peopleAfter(v *viewer) templ.SafeURL {
	if p.next == "" {
		return ""
	}

	return v.pathWith("/people", url.Values{"cursor": {p.next}})
}
