package console

import (
	"strings"

	"github.com/a-h/templ"

	"handrail/client"
)

// writeToPerson sends a message to a member as the assistant, in the chat that the API chooses or makes.
func (h *Handler) writeToPerson(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	v.saysItself = true
	prefer := sendWait

	answer, err := v.SendMessageWithResponse(
		v.ctx(),
		v.ws(),
		&client.SendMessageParams{IdempotencyKey: v.once(), Prefer: &prefer},
		client.DirectMessage{
			To:      client.MessageTo{MemberID: &id},
			Channel: client.IfGiven(client.Channel(v.PostFormValue("channel"))),
			Message: v.PostFormValue("message"),
			Title:   client.IfGiven(strings.TrimSpace(v.PostFormValue("title"))),
		},
	)
	if failed := failedDelivery(err); failed != "" {
		return v.deliveryPath(failed), nil
	} else if err != nil {
		return "", explainNoAnswer(err)
	}

	if sent := answer.JSON200; sent != nil {
		return v.sentPath(sent.ChatID, sent.ActionID), nil
	}

	return v.sentPath(answer.JSON202.ChatID, answer.JSON202.ActionID), nil
}

// sentPath returns where a chat says what has become of a message that was sent a moment ago.
func (v *viewer) sentPath(chatID int64, action string) templ.SafeURL {
	return v.chatPath(chatID) + templ.SafeURL("?action="+action+"#sent")
}

// writableChannels returns the channels on which a member has an address.
func writableChannels(m *client.Member) []client.AddressedChannel {
	var channels []client.AddressedChannel

	if m.Phone != "" {
		channels = append(channels, client.AddressedChannelPhoneSms)
	}

	if m.Email != "" {
		channels = append(channels, client.AddressedChannelEmail)
	}

	return channels
}

// mayWriteTo reports whether the page offers to write to the member.
func (p *personView) mayWriteTo(v *viewer) bool {
	return v.may("chats:admin") && p.person.Kind == client.MemberKindPerson && len(writableChannels(p.person)) > 0
}

// mergeView is what is shown before two members become one.
type mergeView struct {
	goes  *client.Member
	stays *client.Member
}

// showMerge shows both members before they become one. A name that nobody has is refused on the page of the member.
func (h *Handler) showMerge(v *viewer) (templ.Component, error) {
	id, err := v.number("id")
	if err != nil {
		return nil, err
	}

	into, err := findMember(v, v.FormValue("into"))
	if isInvalid(err) {
		v.refusal = refusalOf(err)
		return h.showPerson(v)
	} else if err != nil {
		return nil, err
	}

	goes, err := v.GetMemberWithResponse(v.ctx(), v.ws(), id)
	if err != nil {
		return nil, err
	}

	stays, err := v.GetMemberWithResponse(v.ctx(), v.ws(), into)
	if isAbsent(err) {
		v.refusal = refusalOf(err)
		return h.showPerson(v)
	} else if err != nil {
		return nil, err
	}

	return mergePage(v, &mergeView{goes: goes.JSON200, stays: stays.JSON200}), nil
}
