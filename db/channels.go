package db

import (
	"fmt"
	"strings"

	"handrail/chat"
)

// The sender, its number or address, and the recipient's address of a chat, as a delivery in it
// would have them: c is the chat, member, phone_number and inbox are what it refers to. All are NULL
// on channels that write to nobody's address.
var (
	chatFrom = caseByChannel("c.channel", func(spec chat.ChannelSpec) string {
		return fromColumns[spec.Sender]
	})
	chatSender = caseByChannel("c.channel", func(spec chat.ChannelSpec) string {
		return senderColumns[spec.Sender]
	})
	chatAddress = caseByChannel("c.channel", func(spec chat.ChannelSpec) string {
		return addressColumns[spec.Address]
	})
	// chatFolded is chatAddress as it is compared.
	chatFolded = caseByChannel("c.channel", func(spec chat.ChannelSpec) string {
		return foldedColumns[spec.Address]
	})
)

var senderColumns = map[chat.SenderKind]string{
	chat.SenderPhone: "'phone:' || c.phone_number_id",
	chat.SenderInbox: "'inbox:' || c.inbox_id",
}

var fromColumns = map[chat.SenderKind]string{
	chat.SenderPhone: "CASE phone_number.number WHEN '' THEN phone_number.messaging_service_sid " +
		"ELSE phone_number.number END",
	chat.SenderInbox: "inbox.address",
}

var addressColumns = map[chat.AddressKind]string{
	chat.AddressPhone: "member.phone",
	chat.AddressEmail: "member.email",
}

var foldedColumns = map[chat.AddressKind]string{
	chat.AddressPhone: "member.phone",
	chat.AddressEmail: "member.email_folded",
}

// caseByChannel is a CASE over the channels that can be sent on, NULL for those without a value.
// The channel is given as SQL.
func caseByChannel(channel string, value func(chat.ChannelSpec) string) string {
	var branches strings.Builder

	for _, known := range chat.Channels() {
		spec := known.Spec()
		if sql := value(spec); sql != "" && spec.CanSend() {
			fmt.Fprintf(&branches, " WHEN '%s' THEN %s", known, sql)
		}
	}

	return "CASE " + channel + branches.String() + " END"
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
