package db

import (
	"fmt"
	"strings"

	"handrail/chat"
)

// The sender and the recipient's address of a chat, as a delivery in it would have them: c is
// the chat, member its member. Both are NULL on channels that write to nobody's address.
var (
	chatSender = caseByChannel(func(spec chat.ChannelSpec) string {
		return senderColumns[spec.Sender]
	})
	chatAddress = caseByChannel(func(spec chat.ChannelSpec) string {
		return addressColumns[spec.Address]
	})
)

var senderColumns = map[chat.SenderKind]string{
	chat.SenderPhone: "'phone:' || c.phone_number_id",
	chat.SenderInbox: "'inbox:' || c.inbox_id",
}

var addressColumns = map[chat.AddressKind]string{
	chat.AddressPhone: "member.phone",
	chat.AddressEmail: "member.email",
}

// caseByChannel is a CASE over the channels that can be sent on.
func caseByChannel(value func(chat.ChannelSpec) string) string {
	var branches strings.Builder

	for _, channel := range chat.Channels() {
		spec := channel.Spec()
		if sql := value(spec); sql != "" && spec.CanSend() {
			fmt.Fprintf(&branches, " WHEN '%s' THEN %s", channel, sql)
		}
	}

	return "CASE c.channel" + branches.String() + " END"
}

// oneAtATime is the condition that a delivery's channel lets one message to an address be in
// flight. It has the form of the index deliveries_in_flight, which the databases then use.
func oneAtATime(alias string) string {
	var conditions []string

	for _, channel := range chat.Channels() {
		if spec := channel.Spec(); !spec.OneAtATime {
			conditions = append(conditions, fmt.Sprintf("%s.channel <> '%s'", alias, channel))
		}
	}

	if len(conditions) == 0 {
		return "TRUE"
	}

	return strings.Join(conditions, " AND ")
}
