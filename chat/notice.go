package chat

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// NoticeID is the UUIDv7 of one message that tells one member of events.
type NoticeID string

// NoticeState is how far a notice has come before its delivery, which has its own status.
type NoticeState string

// The states.
const (
	// NoticeWaiting is to be sent.
	NoticeWaiting NoticeState = "waiting"
	// NoticeBegun has a delivery.
	NoticeBegun NoticeState = "begun"
	// NoticeFailed was refused before it had a delivery, or was not delivered.
	NoticeFailed NoticeState = "failed"
)

// Notice tells one member of events, in one message.
type Notice struct {
	ID          NoticeID
	WorkspaceID WorkspaceID
	RuleID      NotificationRuleID
	// Number counts the messages of the rule.
	Number   int64
	MemberID MemberID
	Channel  Channel
	// ChatID is a chat that nobody sees: deliveries are of chats.
	ChatID   ChatID
	ActionID ActionID
	// Events counts what it tells of, 0 for a test.
	Events int
	Text   NoticeText
	State  NoticeState
	// ErrorMessage is why it has failed.
	ErrorMessage string
	// Delivery is nil until there is one.
	Delivery  *Delivery
	CreatedAt time.Time
}

// NoticeText is what a notice says. It has no texts and no addresses of customers.
type NoticeText struct{ Subject, Body string }

// NoticeFilter narrows a list of notices.
type NoticeFilter struct {
	RuleID NotificationRuleID
	// Failed leaves out, if true, all others.
	Failed bool
	Page   Page
}

// NoticeActionID is the action that sends a notice.
func NoticeActionID(id NoticeID) ActionID { return DeriveActionID("notice", string(id)) }

// NoticePurpose begins the [Delivery.PurposeKey] of a notice.
const NoticePurpose = "notice:"

// IsNotice reports whether the delivery tells a member of events, and is no part of any conversation.
func (d *Delivery) IsNotice() bool { return strings.HasPrefix(d.PurposeKey, NoticePurpose) }

// Status is the status of the notice's delivery, or the state of a notice that has none.
func (n *Notice) Status() string {
	if n.Delivery != nil {
		return n.Delivery.Status()
	}

	return string(n.State)
}

// Explain says how the notice stands.
func (n *Notice) Explain() string {
	switch {
	case n.Delivery != nil:
		return n.Delivery.Explain()
	case n.State == NoticeFailed:
		return "Not sent: " + strings.TrimSuffix(n.ErrorMessage, ".") + "."
	}

	return "Waits to be sent."
}

// NoticeStep names a workspace to a step of the workflow that tells its people.
type NoticeStep struct {
	WorkspaceID WorkspaceID `json:"workspace_id"`
}

// NoticeSend is a notice that is to be sent.
type NoticeSend struct {
	NoticeID NoticeID `json:"notice_id"`
	ChatID   ChatID   `json:"chat_id"`
	MemberID MemberID `json:"member_id"`
	Text     string   `json:"text"`
}

// NoticeProgress is how the rules of a workspace stand after a step.
type NoticeProgress struct {
	// Send is what is to be sent. It may have been begun before.
	Send []NoticeSend `json:"send,omitempty"`
	// More says that there is more to read.
	More bool `json:"more,omitempty"`
	// In is when something is to be told; 0 if nothing was collected.
	In time.Duration `json:"in,omitempty"`
	// Ended says that the workspace has no rules in force.
	Ended bool `json:"ended,omitempty"`
	// Untold are rules whose message had nobody to go to.
	Untold []NotificationRuleID `json:"untold,omitempty"`
	// Explanation says how they stand, in words.
	Explanation string `json:"explanation"`
}

// NoticeRef makes a send a notice.
type NoticeRef struct {
	NoticeID NoticeID `json:"notice_id"`
}

// NoticeFailure is why a notice has not reached its member.
type NoticeFailure struct {
	WorkspaceID WorkspaceID `json:"workspace_id"`
	NoticeID    NoticeID    `json:"notice_id"`
	Why         string      `json:"why"`
}

// NoticeWorkflowID is the workflow that tells people of a workspace's events.
func NoticeWorkflowID(in NoticeStep) string { return "notices:" + string(in.WorkspaceID) }

// PlanNotice checks whether a notice may be sent, and says from whom to whom. The errors are those of
// [SendFacts.Plan], and participant_not_found for whoever is no manager any more.
//
// If nobody can tell whether the provider took it, it is given up: a notice must not need a person itself.
func (f *SendFacts) PlanNotice(message string) (SendPlan, error) {
	spec := f.Chat.Channel.Spec()

	if f.Recipient == nil || !f.Recipient.MayBeTold() {
		return SendPlan{}, Errorf(CodeParticipantNotFound, "the member is no manager of the workspace any more")
	}

	if _, ok := f.senders().find(spec.Sender); !ok {
		return SendPlan{}, Errorf(CodeSenderNotConfigured, "the workspace has no sender for %s", spec.Channel)
	}

	if err := CheckText("message", message, spec.MaxMessage); err != nil {
		return SendPlan{}, err
	}

	plan, err := f.addressPlan(spec)
	if err != nil {
		return SendPlan{}, err
	}

	plan.Policy = ExpireUnknown

	return plan, f.checkWanted()
}

// How much a notice names. The others are counted.
const (
	maxNoticeLines    = 20
	maxNoticeSMSLines = 3
)

// ComposeNotice says what a rule tells of the facts.
func (r *NotificationRule) ComposeNotice(facts []NoticeFact) NoticeText {
	events := eventsToTell(facts)
	subject := noticeSubject(events)

	if r.Channel == ChannelSMS {
		return NoticeText{Subject: subject, Body: subject + "\n\n" + noticeLines(events, maxNoticeSMSLines, false)}
	}

	return NoticeText{
		Subject: subject,
		Body:    noticeLines(events, maxNoticeLines, true) + "\n\n" + r.noticeFooter(),
	}
}

// ComposeTest says that a rule is tried.
func (r *NotificationRule) ComposeTest() NoticeText {
	subject := fmt.Sprintf("Test of notification rule %d", r.ID)

	const body = "Nothing has happened. Somebody has tried whether this rule reaches you."
	if r.Channel == ChannelSMS {
		return NoticeText{Subject: subject, Body: subject + ". " + body}
	}

	return NoticeText{Subject: subject, Body: body + "\n\n" + r.noticeFooter()}
}

func (r *NotificationRule) noticeFooter() string {
	return fmt.Sprintf(
		"You are told by notification rule %d of workspace `%s`. `handrail status` says what else needs a person.",
		r.ID,
		r.WorkspaceID,
	)
}

// eventsToTell are the events of the facts in their order, the newest of those that say the same of the same thing.
func eventsToTell(facts []NoticeFact) []Event {
	type key struct {
		kind    EventType
		subject string
		index   int
	}

	newest := map[key]Event{}

	for _, fact := range facts {
		k := key{kind: fact.Event.Type, subject: fact.Event.SubjectID, index: -1}

		switch {
		case fact.Event.Type == EventChatEscalated || fact.Event.Type == EventChatPossibleOptOut:
			// The subject of the first one is its message, and the chat asks once.
			k.subject = strconv.FormatInt(int64(fact.Event.ChatID), 10)
		case fact.Event.Data.Index != nil:
			k.index = *fact.Event.Data.Index
		}

		if known, ok := newest[k]; !ok || fact.Event.Sequence > known.Sequence {
			newest[k] = fact.Event
		}
	}

	events := make([]Event, 0, len(newest))
	for _, e := range newest {
		events = append(events, e)
	}

	slices.SortFunc(events, func(a, b Event) int { return cmp.Compare(a.Sequence, b.Sequence) })

	return events
}

// noticeSubject is like "3 things need a person: 2 chats ask for a person, 1 delivery waits for a decision".
func noticeSubject(events []Event) string {
	counts := map[EventType]int{}
	for i := range events {
		counts[events[i].Type]++
	}

	var parts []string

	for i := range noticeTypes {
		kind := &noticeTypes[i]

		switch n := counts[kind.Type]; n {
		case 0:
		case 1:
			parts = append(parts, "1 "+kind.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", n, kind.many))
		}
	}

	things := "1 thing needs a person"
	if len(events) > 1 {
		things = fmt.Sprintf("%d things need a person", len(events))
	}

	return things + ": " + strings.Join(parts, ", ")
}

func noticeLines(events []Event, limit int, withRemedy bool) string {
	lines := make([]string, 0, limit+1)

	for i := range events {
		if i == limit {
			lines = append(lines, fmt.Sprintf("- and %d more", len(events)-limit))
			break
		}

		e := &events[i]
		line := "- " + e.describeSubject() + ": " + e.Explanation()

		if withRemedy {
			line += " " + e.remedy()
		}

		lines = append(lines, line)
	}

	return strings.Join(lines, "\n")
}

// describeSubject names what an event is about by its id.
func (e *Event) describeSubject() string {
	object, _, _ := strings.Cut(string(e.Type), ".")

	name := map[ChangedObject]string{
		ChangedDelivery:        "Delivery ",
		ChangedApproval:        "Approval ",
		ChangedSender:          "Sender ",
		ChangedBulkRetry:       "Bulk retry ",
		ChangedWebhookEndpoint: "Webhook endpoint ",
	}[ChangedObject(object)]

	switch {
	case name == "" && e.ChatID != 0:
		return fmt.Sprintf("Chat %d", e.ChatID)
	case e.ChatID != 0:
		return fmt.Sprintf("%s%s in chat %d", name, e.SubjectID, e.ChatID)
	}

	return name + e.SubjectID
}

// remedy is what a person may do about an event.
func (e *Event) remedy() string {
	kind := findNoticeType(e.Type)
	if kind == nil {
		return ""
	}

	return strings.NewReplacer(
		"{subject}", e.SubjectID,
		"{chat}", strconv.FormatInt(int64(e.ChatID), 10),
	).Replace(kind.remedy)
}

// NeedsLook reports whether it must be asked if what the fact says still stands.
func (f *NoticeFact) NeedsLook(now time.Time) bool {
	return f.Event.Type.ToldWhenItStands() && !f.DueAt.After(now)
}

// Summarize says how the rules in force stand.
func (p *NoticeProgress) Summarize(rules []NotificationRule, now time.Time) {
	var next *time.Time

	waiting := 0

	for i := range rules {
		lane := &rules[i].Lane
		waiting += lane.Waiting

		if lane.NextAt != nil && (next == nil || lane.NextAt.Before(*next)) {
			next = lane.NextAt
		}
	}

	if next != nil {
		p.In = max(next.Sub(now), time.Millisecond)
	}

	p.Ended = len(rules) == 0 && len(p.Send) == 0

	switch {
	case p.Ended:
		p.Explanation = "The workspace has no notification rule in force."
	case next == nil:
		p.Explanation = "Nothing to tell."
	default:
		p.Explanation = fmt.Sprintf("Collects %d; next message %s.", waiting, formatClock(*next, now))
	}
}

// NoticeSenders are from whom notices of a workspace can be sent.
type NoticeSenders struct {
	DefaultPhoneNumberID *PhoneNumberID
	DefaultInboxID       *InboxID
	// PhoneNumberIDs and InboxIDs are all that the workspace may use, in their order.
	PhoneNumberIDs []PhoneNumberID
	InboxIDs       []InboxID
}

// ChooseSender returns the sender of the rule's notices: its own, or the workspace's default, or the first one. Both
// are nil if there is none, or if the rule's own is not the workspace's any more.
func (r *NotificationRule) ChooseSender(s *NoticeSenders) (*PhoneNumberID, *InboxID) {
	if r.Channel == ChannelSMS {
		return chooseSender(r.PhoneNumberID, s.DefaultPhoneNumberID, s.PhoneNumberIDs), nil
	}

	return nil, chooseSender(r.InboxID, s.DefaultInboxID, s.InboxIDs)
}

func chooseSender[T comparable](own, byDefault *T, all []T) *T {
	switch {
	case own != nil && slices.Contains(all, *own):
		return own
	case own != nil || len(all) == 0:
		return nil
	case byDefault != nil && slices.Contains(all, *byDefault):
		return byDefault
	}

	return &all[0]
}

// SenderScope names the sender of the rule's notices as deliveries and events do, "" if there is none.
func (r *NotificationRule) SenderScope(s *NoticeSenders) string {
	number, inbox := r.ChooseSender(s)

	switch {
	case number != nil:
		return (&PhoneNumber{ID: *number}).Scope()
	case inbox != nil:
		return (&Inbox{ID: *inbox}).Scope()
	}

	return ""
}
