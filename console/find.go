package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/a-h/templ"

	"handrail/client"
)

// hit is an object that a search has found by its number or id.
type hit struct {
	name string
	path templ.SafeURL
}

// findView is what a search through everything shows.
type findView struct {
	text   string
	hits   []hit
	people []client.Member
	chats  []client.Chat
}

// find leads to what has a number or an id, and else shows the people and chats that a text finds. The form at the head
// of pages posts, so that no name, number or address stands in an address.
func (h *Handler) find(w http.ResponseWriter, r *http.Request) {
	v, err := h.view(r)

	switch {
	case err != nil:
		h.showFailure(w, r, nil, err)
		return
	case r.Method == http.MethodPost && !v.session.hasToken(r):
		h.showFailure(w, r, v, errForged)
		return
	}

	v.answersAt(v.path("/find"))

	// Addresses of pages are kept: in the browser's history, and in logs of whatever is between.
	if r.Method == http.MethodGet && mayBeAddress(readText(v, "q")) {
		v.refusal = &refusal{detail: "a phone number or mail address is found by the form only, not by a link"}
		h.render(w, r, http.StatusBadRequest, findPage(v, &findView{}))

		return
	}

	view, err := loadFound(v)
	if err != nil {
		h.showFailure(w, r, v, err)
		return
	}

	if only := view.onlyHit(); only != "" {
		http.Redirect(w, r, string(only), http.StatusSeeOther) //nolint:gosec // it begins with our root
		return
	}

	h.render(w, r, http.StatusOK, findPage(v, view))
}

// loadFound returns what the search of the request finds.
func loadFound(v *viewer) (*findView, error) {
	view := &findView{text: strings.TrimSpace(v.FormValue("q"))}

	var err error

	switch {
	case view.text == "":
	case isUUID(view.text):
		err = view.findByID(v)
	default:
		err = view.findByText(v)
	}

	return view, err
}

// onlyHit returns the path of the one object that was found by its number or id; "" if there are others to choose from.
func (f *findView) onlyHit() templ.SafeURL {
	if len(f.hits) != 1 || len(f.people)+len(f.chats) > 0 {
		return ""
	}

	return f.hits[0].path
}

// findByID finds the deliveries, actions and so on that have a UUID.
func (f *findView) findByID(v *viewer) error {
	id := strings.ToLower(f.text)

	return f.collect([]lookup{
		{"Delivery", v.deliveryPath(id), func() error {
			_, err := v.GetDeliveryWithResponse(v.ctx(), v.ws(), id)
			return err
		}},
		{"Action", v.actionPath(id), func() error {
			_, err := v.GetActionWithResponse(v.ctx(), v.ws(), id, &client.GetActionParams{})
			return err
		}},
		{"What came in", v.inboundPath(id), func() error {
			_, err := v.GetInboundWithResponse(v.ctx(), v.ws(), id)
			return err
		}},
	})
}

// findByNumber finds the chat and the member that have a number.
func (f *findView) findByNumber(v *viewer, id int64) error {
	return f.collect([]lookup{
		{"Chat " + formatCount(id), v.chatPath(id), func() error {
			_, err := v.GetChatWithResponse(v.ctx(), v.ws(), id, &client.GetChatParams{})
			return err
		}},
		{"Member " + formatCount(id), v.personPath(id), func() error {
			_, err := v.GetMemberWithResponse(v.ctx(), v.ws(), id)
			return err
		}},
	})
}

// lookup is an object that may exist.
type lookup struct {
	name string
	path templ.SafeURL
	get  func() error
}

// collect adds the objects that exist.
func (f *findView) collect(lookups []lookup) error {
	for _, l := range lookups {
		err := l.get()
		if err != nil && !isAbsent(err) {
			return err
		}

		if err == nil {
			f.hits = append(f.hits, hit{name: l.name, path: l.path})
		}
	}

	return nil
}

// findByText finds what has the text as its number, address, name, external id or title.
func (f *findView) findByText(v *viewer) error {
	if id, err := strconv.ParseInt(f.text, 10, 64); err == nil && id > 0 {
		if err = f.findByNumber(v, id); err != nil {
			return err
		}
	}

	if err := f.findPeople(v); err != nil {
		return err
	}

	return f.findChats(v)
}

// findPeople finds the members whose name, address or external id the text is.
func (f *findView) findPeople(v *viewer) error {
	if !v.may("members:read") {
		return nil
	}

	fields := []string{byName, byExternalID}

	switch {
	case strings.Contains(f.text, "@"):
		fields = append(fields, byEmail)
	case mayBePhone(f.text):
		fields = append(fields, byPhone)
	}

	for _, field := range fields {
		answer, err := v.ListMembersWithResponse(v.ctx(), v.ws(), newMemberSearch(field, f.text))

		switch refused := refusalOf(err); {
		case refused != nil && refused.code == "invalid_request":
			continue // the text is not what this field has
		case err != nil:
			return err
		}

		for _, m := range answer.JSON200.Items {
			if !slices.ContainsFunc(f.people, func(have client.Member) bool { return have.ID == m.ID }) {
				f.people = append(f.people, m)
			}
		}
	}

	return nil
}

// findChats finds the chats whose title, summary or messages have the text, or whose external id it is.
func (f *findView) findChats(v *viewer) error {
	if !v.may("chats:read") {
		return nil
	}

	limit := int64(20)

	for _, params := range []*client.ListChatsParams{
		{ExternalID: &f.text, Limit: &limit},
		{Q: &f.text, Limit: &limit},
	} {
		answer, err := v.ListChatsWithResponse(v.ctx(), v.ws(), params)

		switch refused := refusalOf(err); {
		case refused != nil && refused.code == "invalid_request":
			continue // such as a text that is too short
		case err != nil:
			return err
		}

		for _, c := range answer.JSON200.Items {
			if !slices.ContainsFunc(f.chats, func(have client.Chat) bool { return have.ID == c.ID }) {
				f.chats = append(f.chats, c)
			}
		}
	}

	return nil
}

// mayBeAddress reports whether a text may be an address of somebody. A number without signs may be that of a chat.
func mayBeAddress(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	isPlain := err == nil && !strings.HasPrefix(text, "+") && len(text) <= longestNumber

	return strings.Contains(text, "@") || !isPlain && !isUUID(text) && mayBePhone(text)
}

// longestNumber is how many digits the number of a chat or a member may have in a link: phone numbers are longer.
const longestNumber = 8

// fewestDigits is how many digits a phone number has at least.
const fewestDigits = 5

// mayBePhone reports whether a text may be a phone number: it has digits, and what people write between them.
func mayBePhone(text string) bool {
	digits := 0

	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			digits++
		case r != '+' && !strings.ContainsRune(betweenDigits, r):
			return false
		}
	}

	return digits >= fewestDigits
}

// isEmpty reports whether nothing was found.
func (f *findView) isEmpty() bool { return len(f.hits)+len(f.people)+len(f.chats) == 0 }
