package console

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

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

// showFound leads to what has a number or an id, and else shows the people, chats and failures that a text finds.
func (h *Handler) showFound(w http.ResponseWriter, r *http.Request) {
	v, err := h.view(r)
	if err != nil {
		h.showFailure(w, r, nil, err)
		return
	}

	view, err := loadFound(v)
	if err != nil {
		h.showFailure(w, r, v, err)
		return
	}

	if only := view.onlyHit(); only != "" {
		http.Redirect(w, r, string(only), http.StatusSeeOther)
		return
	}

	h.render(w, r, http.StatusOK, findPage(v, view))
}

// loadFound returns what the search of the request finds.
func loadFound(v *viewer) (*findView, error) {
	view := &findView{text: searchText(v)}

	var err error

	switch {
	case view.text == "":
	case isUUID(view.text):
		err = view.findByID(v)
	case numberedThing.MatchString(view.text):
		err = view.findNumbered(v)
	default:
		err = view.findByText(v)
	}

	return view, err
}

// numberedThing is how people name what has a number.
var numberedThing = regexp.MustCompile(`(?i)^(chat|member|person) *#? *([0-9]{1,18})$`)

// findNumbered finds the chat or the member that a text names by its number.
func (f *findView) findNumbered(v *viewer) error {
	named := numberedThing.FindStringSubmatch(f.text)
	lookups := lookUpNumber(v, parseNumber(named[2]))

	if strings.EqualFold(named[1], "chat") {
		return f.collect(lookups[:1])
	}

	return f.collect(lookups[1:])
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

// lookUpNumber returns the chat and the member that may have a number.
func lookUpNumber(v *viewer, id int64) []lookup {
	return []lookup{
		{"Chat " + formatCount(id), v.chatPath(id), func() error {
			_, err := v.GetChatWithResponse(v.ctx(), v.ws(), id, &client.GetChatParams{})
			return err
		}},
		{"Member " + formatCount(id), v.personPath(id), func() error {
			_, err := v.GetMemberWithResponse(v.ctx(), v.ws(), id)
			return err
		}},
	}
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
		if err = f.collect(lookUpNumber(v, id)); err != nil {
			return err
		}
	}

	if err := f.findPeople(v); err != nil {
		return err
	}

	if err := f.findErrorCode(v); err != nil {
		return err
	}

	return f.findChats(v)
}

// errorCodes are texts that may be the code of an error, and numbers of Twilio's.
var errorCodes = regexp.MustCompile(`^([a-z]+_[a-z0-9_]+|[0-9]{5})$`)

// findErrorCode finds the deliveries that have the text as their error code.
func (f *findView) findErrorCode(v *viewer) error {
	code := f.text
	if !errorCodes.MatchString(code) || !v.may("deliveries:read") {
		return nil
	}

	if _, err := strconv.Atoi(code); err == nil {
		code = "twilio_" + code
	}

	limit := int64(1)

	answer, err := v.ListDeliveriesWithResponse(v.ctx(), v.ws(), &client.ListDeliveriesParams{
		ErrorCode: &code,
		Limit:     &limit,
	})

	switch {
	case isInvalid(err):
		return nil
	case err != nil:
		return err
	}

	if len(answer.JSON200.Items) > 0 {
		f.hits = append(f.hits, hit{
			name: "Deliveries with the error " + code,
			path: v.pathWith("/failures", url.Values{"error_code": {code}}),
		})
	}

	return nil
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
		found, err := searchMembers(v, field, f.text, nil)

		switch {
		case isInvalid(err):
			continue // the text is not what this field has
		case err != nil:
			return err
		}

		for _, m := range found.Items {
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

		switch {
		case isInvalid(err):
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

// isEmpty reports whether nothing was found.
func (f *findView) isEmpty() bool { return len(f.hits)+len(f.people)+len(f.chats) == 0 }
