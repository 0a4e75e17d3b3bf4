package console

import (
	"slices"
	"strings"

	"github.com/a-h/templ"

	"handrail/chat"
	"handrail/client"
)

// personView is what the page of a member shows. Lists that the session may not read are empty.
type personView struct {
	person       *client.Member
	suppressions []client.Suppression
	deliveries   []client.Delivery
	chats        []client.Chat
	// messages are to the member and by them, the newest first.
	messages []personMessage
	// members are those whom the form of a merge offers.
	members []client.Member
	// questions are the open ones that the member was asked.
	questions []client.ContributorRequest
	// hasMoreQuestions reports whether the workspace has more open questions than were searched.
	hasMoreQuestions bool
	// health says whether what is written to them would wait; nil if it is not known, or nobody may write.
	health *client.WorkspaceHealth
	// doubles are other members of the same name.
	doubles []client.Member
}

// livePerson are the events after which the page of a member is fetched anew.
const livePerson = "delivery message chat contributor_request suppression"

// addressedChannels are the channels on which people have an address.
var addressedChannels = []client.AddressedChannel{client.AddressedChannelPhoneSms, client.AddressedChannelEmail}

func (h *Handler) showPerson(v *viewer) (templ.Component, error) {
	id, err := v.number("id")
	if err != nil {
		return nil, err
	}

	v.answersAt(v.personPath(id))

	answer, err := v.GetMemberWithResponse(v.ctx(), v.ws(), id)
	if err != nil {
		return nil, err
	}

	view := &personView{person: answer.JSON200}

	for _, load := range []func(*viewer) error{
		view.loadSuppressions,
		view.loadDeliveries,
		view.loadChats,
		view.loadMessages,
		view.loadQuestions,
		view.loadDoubles,
		view.loadMembers,
	} {
		if err = load(v); err != nil {
			return nil, err
		}
	}

	view.learnExplained(v)

	if view.mayWriteTo(v) {
		view.health = readHealth(v)
	}

	return personPage(v, view), nil
}

// learnExplained learns the names of the members whom the sentences of the page name by their numbers.
func (p *personView) learnExplained(v *viewer) {
	v.keepName(p.person.ID, p.person.Name)

	for i := range p.deliveries {
		v.learnNamed(p.deliveries[i].Explanation)
	}

	for i := range p.messages {
		if d := p.messages[i].delivery; d != nil {
			v.learnNamed(d.Explanation)
		}
	}
}

// loadSuppressions loads what keeps messages from the member's addresses.
func (p *personView) loadSuppressions(v *viewer) error {
	for _, address := range []string{p.person.Phone, p.person.Email} {
		suppressions, err := listSuppressionsOf(v, address, nil)
		if err != nil {
			return err
		}

		p.suppressions = append(p.suppressions, suppressions...)
	}

	return nil
}

// listSuppressionsOf returns what keeps messages on a channel, nil for any, from an address; none if the session may
// not see it.
func listSuppressionsOf(
	v *viewer,
	address string,
	channel *client.AddressedChannel,
) ([]client.Suppression, error) {
	if address == "" || !v.may("deliveries:admin") {
		return nil, nil
	}

	answer, err := v.ListSuppressionsWithResponse(v.ctx(), v.ws(), &client.ListSuppressionsParams{
		Address: &address,
		Channel: channel,
		Limit:   new(mostListed),
	})

	switch {
	case isInvalid(err): // the API finds nobody by a short code, and by a number that cannot exist
		return nil, nil
	case err != nil:
		return nil, err
	}

	return answer.JSON200.Items, nil
}

func (p *personView) loadDeliveries(v *viewer) error {
	if !v.may("deliveries:read") {
		return nil
	}

	limit := int64(25)

	answer, err := v.ListDeliveriesWithResponse(v.ctx(), v.ws(), &client.ListDeliveriesParams{
		MemberID: &p.person.ID,
		Limit:    &limit,
	})
	if err != nil {
		return err
	}

	p.deliveries = answer.JSON200.Items

	return nil
}

func (p *personView) loadChats(v *viewer) error {
	if !v.may("chats:read") {
		return nil
	}

	answer, err := v.ListChatsWithResponse(v.ctx(), v.ws(), &client.ListChatsParams{
		MemberID: &p.person.ID,
		Limit:    new(pageLimit),
	})
	if err != nil {
		return err
	}

	p.chats = answer.JSON200.Items

	return nil
}

// loadQuestions loads the open questions that the member was asked, of the newest hundred of the workspace.
func (p *personView) loadQuestions(v *viewer) error {
	if !v.may("chats:read") {
		return nil
	}

	answer, err := v.ListContributorRequestsWithResponse(v.ctx(), v.ws(), &client.ListContributorRequestsParams{
		State: []client.ContributorRequestState{client.ContributorRequestStateOpen},
		Limit: new(mostListed),
	})
	if err != nil {
		return err
	}

	isAsked := func(ask client.Ask) bool { return ask.MemberID == p.person.ID }

	for _, request := range answer.JSON200.Items {
		if slices.ContainsFunc(request.Asks, isAsked) {
			p.questions = append(p.questions, request)
		}
	}

	p.hasMoreQuestions = answer.JSON200.NextCursor != nil

	return nil
}

// loadDoubles loads the members of the same name, which may be the same person.
func (p *personView) loadDoubles(v *viewer) error {
	if !v.may("members:write") || p.person.Name == "" {
		return nil
	}

	answer, err := v.ListMembersWithResponse(v.ctx(), v.ws(), newMemberSearch(byName, p.person.Name))
	if err != nil {
		return err
	}

	for _, m := range answer.JSON200.Items {
		if m.ID != p.person.ID && m.Kind == p.person.Kind && strings.EqualFold(m.Name, p.person.Name) {
			p.doubles = append(p.doubles, m)
		}
	}

	return nil
}

// loadMembers loads those whom the form of a merge offers.
func (p *personView) loadMembers(v *viewer) (err error) {
	if v.may("members:write") {
		p.members, err = listMembers(v)
	}

	return err
}

// suppressionOn returns what keeps messages on a channel from the member; nil for nothing.
func (p *personView) suppressionOn(channel client.AddressedChannel) *client.Suppression {
	for i := range p.suppressions {
		if p.suppressions[i].Channel == channel {
			return &p.suppressions[i]
		}
	}

	return nil
}

// openOptOut returns the chat whose words may mean that the member has opted out; nil if nobody has to decide that,
// such as when their consent is revoked already.
func (p *personView) openOptOut() *client.Chat {
	for i := range p.chats {
		if isOptOutOpen(&p.chats[i]) && consentOn(p.person, p.chats[i].Channel) != client.ConsentStateRevoked {
			return &p.chats[i]
		}
	}

	return nil
}

// changePerson changes the fields of a member that the form has changed, so that what somebody else has changed
// meanwhile stays.
func (h *Handler) changePerson(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	_, err = v.UpdateMemberWithResponse(v.ctx(), v.ws(), id, client.MemberPatch{
		Name:  readChanged(v, "name"),
		Phone: readChanged(v, "phone"),
		Email: readChanged(v, "email"),
	})

	return v.personPath(id), err
}

// newOptOut returns the decision of a form about a channel.
func newOptOut(v *viewer) client.OptOut {
	return client.OptOut{
		Channel: client.AddressedChannel(v.PostFormValue("channel")),
		Reason:  v.given("reason"),
	}
}

// recordOptOut records what the form says: whether a member has opted out of a channel.
func recordOptOut(v *viewer, member int64, isOptOut bool) (err error) {
	if isOptOut {
		params := &client.OptOutMemberParams{IdempotencyKey: v.once()}
		_, err = v.OptOutMemberWithResponse(v.ctx(), v.ws(), member, params, newOptOut(v))
	} else {
		params := &client.NotOptOutMemberParams{IdempotencyKey: v.once()}
		_, err = v.NotOptOutMemberWithResponse(v.ctx(), v.ws(), member, params, newOptOut(v))
	}

	return err
}

func (h *Handler) optOutPerson(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	return v.personPath(id), recordOptOut(v, id, true)
}

func (h *Handler) notOptOutPerson(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	return v.personPath(id), recordOptOut(v, id, false)
}

// mergePerson makes the member of the path a part of another one, to whose page it leads.
func (h *Handler) mergePerson(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	into, err := findMember(v, v.PostFormValue("into"))
	if err != nil {
		return "", err
	}

	_, err = v.MergeMemberWithResponse(
		v.ctx(),
		v.ws(),
		id,
		&client.MergeMemberParams{IdempotencyKey: v.once()},
		client.Merge{Into: into, Reason: v.given("reason")},
	)

	return v.personPath(into), err
}

// liftFromPerson lifts a suppression on the page of the member whose address it keeps from messages.
func (h *Handler) liftFromPerson(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	suppression, err := v.number("suppression")
	if err != nil {
		return "", err
	}

	return v.personPath(id), liftSuppression(v, suppression)
}

// explainSuppression returns what a reason of a suppression means, and what ends it by itself.
func explainSuppression(reason client.SuppressionReason) string {
	for _, table := range chat.WordTables() {
		if table.Title != "Reason of a suppression" {
			continue
		}

		for _, word := range table.Words {
			if word.Word == string(reason) {
				return strings.TrimSpace(word.Meaning + " " + word.ByItself)
			}
		}
	}

	return nameStatus(string(reason))
}

// describeSuppressedSenders returns whose messages a suppression stops.
func describeSuppressedSenders(s *client.Suppression) string {
	switch {
	case s.SenderAddress != "":
		return "from " + s.SenderAddress
	case s.Sender != "":
		return "from " + s.Sender
	}

	return "from all senders"
}

// nameChannel returns a channel in words.
func nameChannel(channel client.AddressedChannel) string {
	if channel == client.AddressedChannelPhoneSms {
		return "SMS"
	}

	return string(channel)
}
