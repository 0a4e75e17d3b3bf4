package chat

import (
	"fmt"
	"slices"
	"time"
)

// NotificationRuleID identifies a rule by which members are told of events.
type NotificationRuleID int64

const (
	// MaxNotificationRules is how many rules a workspace may have.
	MaxNotificationRules = 50
	// MaxRuleMembers is how many members one rule may name.
	MaxRuleMembers = 50
	// DefaultQuiet is how long events are collected for one message, unless a rule says otherwise.
	DefaultQuiet = 5 * time.Minute
	// MaxQuiet is the longest time for which a rule may collect events.
	MaxQuiet = 24 * time.Hour
)

// NotificationRule says which events members of the workspace are told of, and how.
type NotificationRule struct {
	ID          NotificationRuleID
	WorkspaceID WorkspaceID
	// Types are types of [NoticeTypes]: at least one.
	Types []EventType
	// MemberIDs are who is told. All managers are if there are none.
	MemberIDs []MemberID
	// Channel is ChannelEmail or ChannelSMS.
	Channel Channel
	// PhoneNumberID or InboxID is the sender. Without one it is the workspace's default, or else its first one.
	PhoneNumberID *PhoneNumberID
	InboxID       *InboxID
	// Quiet is how long events are collected for one message, from the first one on.
	Quiet   time.Duration
	Enabled bool
	Lane    NotificationLane
	// Reach is whom the rule can tell, nil if nobody has looked.
	Reach     *NoticeReach
	CreatedAt time.Time
	UpdatedAt time.Time
}

// NotificationLane is how far a rule has read the log, and what it has collected.
type NotificationLane struct {
	// Position is the sequence of the last event that was read.
	Position int64
	// Messages counts the messages so far; one goes to several members.
	Messages int64
	// LastAt is when the last one was made, nil if there was none.
	LastAt *time.Time
	// NextAt is when something is to be told, nil if nothing was collected.
	NextAt *time.Time
	// Waiting counts what was collected.
	Waiting int
}

// NotificationRulePatch changes the fields that are not nil.
type NotificationRulePatch struct {
	Types     *[]EventType
	MemberIDs *[]MemberID
	Channel   *Channel
	// PhoneNumberID and InboxID of 0 take the sender away.
	PhoneNumberID *PhoneNumberID
	InboxID       *InboxID
	Quiet         *time.Duration
	Enabled       *bool
}

// NewNotificationRule returns a rule with what holds unless somebody says otherwise.
func NewNotificationRule(ws WorkspaceID) NotificationRule {
	return NotificationRule{
		WorkspaceID: ws,
		Types: []EventType{
			EventChatEscalated,
			EventDeliveryNeedsReview,
			EventSenderBlocked,
			EventWebhookEndpointDisabled,
		},
		Channel: ChannelEmail,
		Quiet:   DefaultQuiet,
		Enabled: true,
	}
}

// DisabledEndpointRule returns the rule that a workspace gets with its first webhook endpoint: its managers are told by
// email when an endpoint was disabled.
func DisabledEndpointRule(ws WorkspaceID) NotificationRule {
	rule := NewNotificationRule(ws)
	rule.Types = []EventType{EventWebhookEndpointDisabled}

	return rule
}

// Apply changes the rule as a patch asks, and checks what comes of it: CodeInvalidRequest naming the field.
func (r *NotificationRule) Apply(p *NotificationRulePatch) error {
	if p.Types != nil {
		r.Types = sortedSet(*p.Types)
	}

	if p.MemberIDs != nil {
		r.MemberIDs = sortedSet(*p.MemberIDs)
	}

	if p.Channel != nil {
		r.Channel = *p.Channel
	}

	if p.PhoneNumberID != nil {
		r.PhoneNumberID = IDIfGiven(p.PhoneNumberID)
	}

	if p.InboxID != nil {
		r.InboxID = IDIfGiven(p.InboxID)
	}

	if p.Quiet != nil {
		r.Quiet = *p.Quiet
	}

	if p.Enabled != nil {
		r.Enabled = *p.Enabled
	}

	return r.Validate()
}

// sortedSet returns the values without those that are there twice.
func sortedSet[T ~int64 | ~string](values []T) []T {
	sorted := slices.Clone(values)
	slices.Sort(sorted)

	return slices.Compact(sorted)
}

// Validate checks a rule to be stored: CodeInvalidRequest naming the field. Whether its members and its sender are
// there is for the store to say.
func (r *NotificationRule) Validate() error {
	if len(r.Types) == 0 {
		return Invalid("types", "must name at least one type of event, like chat.escalated")
	}

	for _, kind := range r.Types {
		if findNoticeType(kind) == nil {
			return Invalid(
				"types",
				"must be types that people can be told of: %q is none of %s",
				kind,
				listNoticeTypes(),
			)
		}
	}

	switch {
	case len(r.MemberIDs) > MaxRuleMembers:
		return Invalid("member_ids", "must be at most %d members", MaxRuleMembers)
	case r.Channel != ChannelEmail && r.Channel != ChannelSMS:
		return Invalid("channel", "must be %s or %s", ChannelEmail, ChannelSMS)
	case r.Channel != ChannelSMS && r.PhoneNumberID != nil:
		return Invalid("phone_number_id", "is for the channel %s only", ChannelSMS)
	case r.Channel != ChannelEmail && r.InboxID != nil:
		return Invalid("inbox_id", "is for the channel %s only", ChannelEmail)
	case r.Quiet < 0 || r.Quiet > MaxQuiet:
		return Invalid("quiet_seconds", "must be 0 to %d", int(MaxQuiet.Seconds()))
	}

	return nil
}

// CheckNoticeMember refuses to tell somebody of events who is not the workspace's own: CodeInvalidRequest naming the
// field. Customers are members too, so that only managers are told.
func CheckNoticeMember(field string, id MemberID, m *Member) error {
	switch {
	case m == nil:
		return Invalid(field, "must be members of the workspace: there is no member %d", id)
	case !m.MayBeTold():
		return Invalid(field, "must be people with the role manager: member %d is none", id)
	}

	return nil
}

// MayBeTold reports whether the member may be sent notices: customers, contributors and assistants never are.
func (m *Member) MayBeTold() bool { return m.Kind == KindPerson && m.Role == RoleManager }

// Tells reports whether the rule tells of an event, and when that is due. sender is the scope of the sender that the
// rule writes from: that it is blocked cannot be told through itself, and a notice that blocks its own sender would
// cause another one.
func (r *NotificationRule) Tells(e *Event, sender string) (dueAt time.Time, isTold bool) {
	kind := findNoticeType(e.Type)

	switch {
	case kind == nil || !slices.Contains(r.Types, e.Type) || !e.NeedsAttention():
		return time.Time{}, false
	case e.Type == EventSenderBlocked && e.SubjectID == sender:
		return time.Time{}, false
	case e.Type == EventWebhookEndpointDisabled && e.Data.Reason == string(WebhookDisabledByMember):
		// Somebody has done that, and knows.
		return time.Time{}, false
	}

	return e.At.Add(kind.delay), true
}

// NoticeFact is an event that a rule has collected.
type NoticeFact struct {
	Event Event
	// DueAt is from when on it may be told.
	DueAt time.Time
	// IsOver reports that it does not stand any more, and is not told.
	IsOver bool
}

// NoticePlan is what becomes of what a rule has collected.
type NoticePlan struct {
	// Tell is told in one message now.
	Tell []NoticeFact
	// Drop is not told, because it is over.
	Drop []NoticeFact
	// NextAt is when to look again, nil if nothing is left.
	NextAt *time.Time
}

// PlanNotice says what of the facts is told now. The first fact that is due begins a period of the rule's length; at
// its end, all that is due by then is one message. Two messages are never nearer than that.
func (r *NotificationRule) PlanNotice(facts []NoticeFact, now time.Time) NoticePlan {
	var plan NoticePlan

	left := slices.Clone(facts)
	slices.SortStableFunc(left, func(a, b NoticeFact) int { return a.DueAt.Compare(b.DueAt) })

	for len(left) > 0 {
		closes := left[0].DueAt.Add(r.Quiet)
		if last := r.Lane.LastAt; last != nil && last.After(left[0].DueAt) {
			closes = last.Add(r.Quiet)
		}

		if now.Before(closes) {
			plan.NextAt = &closes
			break
		}

		due := 0
		for due < len(left) && !left[due].DueAt.After(now) {
			if left[due].IsOver {
				plan.Drop = append(plan.Drop, left[due])
			} else {
				plan.Tell = append(plan.Tell, left[due])
			}

			due++
		}

		left = left[due:]
	}

	return plan
}

// Explain says how the rule stands, and who cannot be told.
func (r *NotificationRule) Explain(now time.Time) string {
	if !r.Enabled {
		return "Disabled: nobody is told."
	}

	return r.Lane.explain(now) + r.explainReach()
}

func (l *NotificationLane) explain(now time.Time) string {
	if l.Waiting == 0 || l.NextAt == nil {
		return "Nothing to tell."
	}

	words := "1 event waits"
	if l.Waiting > 1 {
		words = fmt.Sprintf("%d events wait", l.Waiting)
	}

	return words + "; next message " + formatClock(*l.NextAt, now) + "."
}
