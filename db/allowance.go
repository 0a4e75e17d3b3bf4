package db

import (
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// posting is the SQL of what a delivery is posted by: a row of deliveries, or one to be.
type posting struct {
	workspace, chat, member, channel string
	from, to, folded, given          string
	// seen is the number of the message after which the customer must not have written, NULL for none. heeds is the
	// condition that a takeover of the chat stands against it.
	seen, heeds string
	// braked is the condition that a brake stands against it.
	braked string
}

// storedPosting is the delivery d. plannedPosting is one that is not stored yet, whose parameters
// are those of [preparedSend.postingArgs].
var (
	storedPosting = posting{
		workspace: "d.workspace_id",
		chat:      "d.chat_id",
		member:    "d.to_member_id",
		channel:   "d.channel",
		from:      "d.from_address",
		to:        "d.to_address",
		folded:    "d.to_folded",
		given:     "d.to_given",
		seen:      "d.seen_message",
		heeds:     "NOT (d.by_person OR d.despite_takeover)",
		braked:    storedBraked,
	}
	plannedPosting = posting{
		workspace: "?0",
		chat:      "?1",
		member:    "CAST(?2 AS bigint)",
		channel:   "?3",
		from:      "?4",
		to:        "?5",
		given:     "?6",
		folded:    "?7",
		seen:      "CAST(?8 AS bigint)",
		heeds:     "?9",
		braked:    plannedBraked,
	}
)

// allowedNow and plannedAllowedNow are the conditions that nothing stands against posting, of the
// rows as they are where they are evaluated: all may have changed since the send was prepared. The parameter of the
// first are [hourBefore] the claim and its [chat.BrakeMonth].
var (
	allowedNow        = storedPosting.allowed()
	plannedAllowedNow = plannedPosting.allowed()
)

// forbidding is a fact of [chat.Allowance]: the name of the column that it is read as, and its
// condition.
type forbidding struct{ column, condition string }

// forbiddings are all facts that stand against posting, over ac, am and ap: the chat, the
// recipient, and the recipient's place in the chat.
func (p posting) forbiddings() []forbidding {
	return []forbidding{
		{"suppressed", suppressedCondition(p.workspace, p.channel, p.from, p.folded)},
		{"consent_revoked", "COALESCE(" + caseByChannel(p.channel, consentColumn) + ", '') = 'revoked'"},
		{"notifications_off", "NOT am.notifications_enabled"},
		{"chat_deleted", "(ac.deleted_at IS NOT NULL AND NOT ac.for_notices)"},
		{"chat_archived", "ac.state = 'archived'"},
		{
			"recipient_left",
			"CASE WHEN ac.for_notices THEN am.kind <> 'person' OR am.role <> 'manager' " +
				"ELSE ap.id IS NULL OR am.id <> ac.member_id AND ap.role <> 'contributor' END",
		},
		{"sender_gone", "COALESCE(" + caseByChannel(p.channel, p.senderGone) + ", FALSE)"},
		{
			"address_changed",
			"(NOT " + p.given + " AND COALESCE(" + caseByChannel(p.channel, p.addressChanged) + ", FALSE))",
		},
		{"possible_opt_out", `EXISTS (SELECT 1 FROM recipient_holds ah WHERE ah.workspace_id = ac.workspace_id
			AND ah.member_id = am.id AND ah.channel = ` + p.channel + ")"},
		// A question to a contributor is no part of what the customer and the assistant say.
		{"moved_on", "(am.id = ac.member_id AND " + p.seen + " IS NOT NULL AND " +
			customerWrote("ac.workspace_id", "ac.id", p.seen) + ")"},
		{"taken_over", "(am.id = ac.member_id AND ac.taken_over_at IS NOT NULL AND " + p.heeds + ")"},
	}
}

// The tables that the facts are read of. What was stored before deliveries had a recipient goes to
// the chat's member.
func (p posting) recipientJoin() string {
	return "members AS am ON am.workspace_id = ac.workspace_id AND am.id = COALESCE(" + p.member + ", ac.member_id)"
}

const placeJoin = `participants AS ap
	ON ap.workspace_id = ac.workspace_id AND ap.chat_id = ac.id AND ap.member_id = am.id`

// allowed is the condition that none of the facts holds: one subquery over primary keys.
func (p posting) allowed() string {
	facts := p.forbiddings()
	conditions := make([]string, len(facts))

	for i, fact := range facts {
		conditions[i] = fact.condition
	}

	conditions = append(conditions, p.braked)

	return "(SELECT NOT (" + strings.Join(conditions, " OR ") + ") FROM chats AS ac JOIN " + p.recipientJoin() +
		" LEFT JOIN " + placeJoin + " LEFT JOIN " + brakesJoin +
		" WHERE ac.workspace_id = " + p.workspace + " AND ac.id = " + p.chat + ")"
}

// selectAllowance adds to a query of the delivery d what stands against posting it at a moment.
func selectAllowance(q *bun.SelectQuery, now time.Time) *bun.SelectQuery {
	for _, fact := range storedPosting.forbiddings() {
		q.ColumnExpr(fact.condition + " AS " + fact.column)
	}

	level := suppressionLevel(storedPosting.workspace, storedPosting.channel, storedPosting.from, storedPosting.folded)

	q.
		ColumnExpr(level + " AS suppression_level").
		Join("JOIN chats AS ac ON ac.workspace_id = d.workspace_id AND ac.id = d.chat_id").
		Join("JOIN " + storedPosting.recipientJoin()).
		Join("LEFT JOIN " + placeJoin)

	return selectPace(q, now)
}

// allowanceRow is what [selectAllowance] selects.
type allowanceRow struct {
	Suppressed       bool `bun:"suppressed,scanonly"`
	SuppressionLevel int  `bun:"suppression_level,scanonly"`
	ConsentRevoked   bool `bun:"consent_revoked,scanonly"`
	NotificationsOff bool `bun:"notifications_off,scanonly"`
	ChatDeleted      bool `bun:"chat_deleted,scanonly"`
	ChatArchived     bool `bun:"chat_archived,scanonly"`
	RecipientLeft    bool `bun:"recipient_left,scanonly"`
	SenderGone       bool `bun:"sender_gone,scanonly"`
	AddressChanged   bool `bun:"address_changed,scanonly"`
	PossibleOptOut   bool `bun:"possible_opt_out,scanonly"`
	MovedOn          bool `bun:"moved_on,scanonly"`
	TakenOver        bool `bun:"taken_over,scanonly"`
	paceRow
}

func (r *allowanceRow) allowance(now time.Time, segments int) chat.Allowance {
	return chat.Allowance{
		Suppressed:       r.Suppressed,
		Bounced:          r.SuppressionLevel == levelBounced,
		ConsentRevoked:   r.ConsentRevoked,
		NotificationsOff: r.NotificationsOff,
		ChatDeleted:      r.ChatDeleted,
		ChatArchived:     r.ChatArchived,
		RecipientLeft:    r.RecipientLeft,
		SenderGone:       r.SenderGone,
		AddressChanged:   r.AddressChanged,
		PossibleOptOut:   r.PossibleOptOut,
		MovedOn:          r.MovedOn,
		TakenOver:        r.TakenOver,
		Braked:           r.explainBrake(now, segments),
	}
}

// consentColumn is where a member's consent on a channel is stored.
func consentColumn(spec chat.ChannelSpec) string {
	return map[chat.Channel]string{
		chat.ChannelSMS:   "am.consent_sms",
		chat.ChannelEmail: "am.consent_email",
	}[spec.Channel]
}

// senderGone is the condition that the workspace has no sender with the delivery's From. Numbers
// and services are told apart, so that each has its own index.
func (p posting) senderGone(spec chat.ChannelSpec) string {
	const phones = `NOT EXISTS (SELECT 1 FROM phone_numbers an
			WHERE an.workspace_id = %[1]s AND an.number = %[2]s AND an.number <> ''
			AND an.revoked_at IS NULL)
		AND NOT EXISTS (SELECT 1 FROM phone_numbers an WHERE an.workspace_id = %[1]s
			AND an.messaging_service_sid = %[2]s AND an.messaging_service_sid <> '' AND an.revoked_at IS NULL)`

	switch spec.Sender {
	case chat.SenderPhone:
		return fmt.Sprintf(phones, p.workspace, p.from)
	case chat.SenderInbox:
		return fmt.Sprintf(
			"NOT EXISTS (SELECT 1 FROM inboxes ai WHERE ai.workspace_id = %s AND ai.address_folded = lower(%s) "+
				"AND ai.revoked_at IS NULL)",
			p.workspace,
			p.from,
		)
	case chat.SenderNone:
	}

	return ""
}

// addressChanged is the condition that the recipient has another address than the delivery's To.
func (p posting) addressChanged(spec chat.ChannelSpec) string {
	switch spec.Address {
	case chat.AddressPhone:
		return "am.phone <> " + p.to
	case chat.AddressEmail:
		return "am.email_folded <> " + p.folded
	case chat.AddressNone:
	}

	return ""
}
