package chat_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/chat"
)

func ruleOf(types ...chat.EventType) chat.NotificationRule {
	rule := chat.NewNotificationRule("11111111-1111-4111-8111-111111111111")
	rule.ID = 3
	rule.Types = types

	return rule
}

// needing is an event of a type that needs attention.
func needing(kind chat.EventType, sequence int64) chat.Event {
	e := chat.Event{
		ID:        chat.EventID(fmt.Sprintf("e%d", sequence)),
		Type:      kind,
		Sequence:  sequence,
		SubjectID: fmt.Sprintf("s%d", sequence),
		ChatID:    chat.ChatID(6 + sequence),
		At:        webhookNoon,
	}

	switch kind {
	case chat.EventApprovalDecided:
		e.Data.Status = string(chat.ApprovalExpired)
	case chat.EventDeliverySettled:
		e.Data.Submission = string(chat.SubmissionRejected)
	case chat.EventSenderBlocked, chat.EventWebhookEndpointDisabled, chat.EventBulkRetryPaused:
		e.ChatID = 0
	default:
	}

	return e
}

func TestPeopleAreToldOnlyOfWhatNeedsAttention(t *testing.T) {
	t.Parallel()

	for _, kind := range chat.NoticeTypes() {
		e := needing(kind, 1)
		assert.True(t, e.NeedsAttention(), kind)
		assert.True(t, e.CanTellPeople(), kind)

		rule := ruleOf(kind)
		require.NoError(t, rule.Validate())

		due, isTold := rule.Tells(&e, "inbox:1")
		assert.True(t, isTold, kind)

		want := webhookNoon
		if kind == chat.EventDeliveryNeedsReview {
			want = webhookNoon.Add(time.Hour)
		}

		assert.Equal(t, want, due, kind)
	}

	canceled := needing(chat.EventDeliverySettled, 1)
	canceled.Data.Submission = string(chat.SubmissionAccepted)
	rule := ruleOf(chat.EventDeliverySettled)
	_, isTold := rule.Tells(&canceled, "")
	assert.False(t, isTold, "it was delivered")

	disabled := needing(chat.EventWebhookEndpointDisabled, 1)
	disabled.Data.Reason = string(chat.WebhookDisabledByMember)
	rule = ruleOf(chat.EventWebhookEndpointDisabled)
	_, isTold = rule.Tells(&disabled, "")
	assert.False(t, isTold, "whoever has done it knows")
}

func TestTenEventsWithinAQuietPeriodAreOneMessage(t *testing.T) {
	t.Parallel()

	rule := ruleOf(chat.EventChatEscalated)
	rule.Quiet = 5 * time.Minute

	var facts []chat.NoticeFact
	for i := range int64(10) {
		facts = append(facts, chat.NoticeFact{
			Event: needing(chat.EventChatEscalated, i+1),
			DueAt: webhookNoon.Add(time.Duration(i) * 20 * time.Second),
		})
	}

	plan := rule.PlanNotice(facts, webhookNoon.Add(5*time.Minute-time.Second))
	assert.Empty(t, plan.Tell)
	assert.Equal(t, webhookNoon.Add(5*time.Minute), *plan.NextAt)

	plan = rule.PlanNotice(facts, webhookNoon.Add(5*time.Minute))
	assert.Len(t, plan.Tell, 10)
	assert.Nil(t, plan.NextAt)

	text := rule.ComposeNotice(plan.Tell)
	assert.Equal(t, "10 things need a person: 10 chats ask for a person", text.Subject)

	// What comes later waits until the period after the last message is over.
	told := webhookNoon.Add(5 * time.Minute)
	rule.Lane.LastAt = &told
	late := []chat.NoticeFact{{Event: needing(chat.EventChatEscalated, 11), DueAt: webhookNoon.Add(time.Minute)}}
	plan = rule.PlanNotice(late, told.Add(time.Second))
	assert.Empty(t, plan.Tell)
	assert.Equal(t, told.Add(5*time.Minute), *plan.NextAt)
}

// TestEachFactIsToldOrDroppedOnce plays time forward in any steps: nothing is lost, told twice, told before it is due, or
// told when it is over, and two messages are never nearer than the quiet period.
func TestEachFactIsToldOrDroppedOnce(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		rule := ruleOf(chat.EventDeliveryNeedsReview)
		rule.Quiet = time.Duration(rapid.IntRange(0, 600).Draw(t, "quiet")) * time.Second

		var left []chat.NoticeFact

		coming := rapid.SliceOfN(rapid.IntRange(0, 3600), 0, 30).Draw(t, "due")
		for i, seconds := range coming {
			left = append(left, chat.NoticeFact{
				Event:  needing(chat.EventDeliveryNeedsReview, int64(i+1)),
				DueAt:  webhookNoon.Add(time.Duration(seconds) * time.Second),
				IsOver: i%3 == 0,
			})
		}

		seen := map[chat.EventID]bool{}
		now := webhookNoon

		for range 500 {
			plan := rule.PlanNotice(left, now)

			if len(plan.Tell) > 0 {
				if last := rule.Lane.LastAt; last != nil && now.Sub(*last) < rule.Quiet {
					t.Fatalf("a message %s after the last one", now.Sub(*last))
				}

				rule.Lane.LastAt = new(now)
			}

			done := map[chat.EventID]bool{}

			for _, fact := range append(plan.Tell, plan.Drop...) {
				if seen[fact.Event.ID] || fact.DueAt.After(now) {
					t.Fatalf("%s at %s, due %s", fact.Event.ID, now, fact.DueAt)
				}

				seen[fact.Event.ID] = true
				done[fact.Event.ID] = true
			}

			for _, fact := range plan.Tell {
				if fact.IsOver {
					t.Fatalf("%s is over", fact.Event.ID)
				}
			}

			var rest []chat.NoticeFact

			for _, fact := range left {
				if !done[fact.Event.ID] {
					rest = append(rest, fact)
				}
			}

			left = rest

			if plan.NextAt == nil {
				break
			}

			now = plan.NextAt.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "late")) * time.Second)
		}

		if len(seen) != len(coming) {
			t.Fatalf("%d of %d", len(seen), len(coming))
		}
	})
}

// TestAFailingNoticeRaisesNoNotice holds that nothing that becomes of a notice is an event, and that a sender that a
// notice has blocked is not told through itself.
func TestAFailingNoticeRaisesNoNotice(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		change := chat.EventChange{
			Object: rapid.SampledFrom([]chat.ChangedObject{
				chat.ChangedMessage, chat.ChangedDelivery, chat.ChangedChat,
			}).Draw(t, "object"),
			ChatID: 7,
			Was:    rapid.SampledFrom([]string{"", "pending", "accepted", "unknown"}).Draw(t, "was"),
			Now: rapid.SampledFrom([]string{
				"not_sent", "unknown", "needs_review", "bounced", "undelivered", "blocked", "rejected", "suppressed", "open",
			}).Draw(t, "now"),
			Fields:   []string{"needs_response"},
			OfNotice: true,
		}
		change.Data.Submission = rapid.SampledFrom([]string{
			"accepted", "unknown", "needs_review", "blocked", "rejected", "expired",
		}).Draw(t, "submission")

		if events := chat.EventsOf([]chat.EventChange{change}); len(events) != 0 {
			t.Fatalf("%v", events)
		}
	})

	blocked := needing(chat.EventSenderBlocked, 1)
	blocked.SubjectID = "inbox:4"
	rule := ruleOf(chat.EventSenderBlocked)

	_, isTold := rule.Tells(&blocked, "inbox:4")
	assert.False(t, isTold)

	_, isTold = rule.Tells(&blocked, "phone:4")
	assert.True(t, isTold)
}

func TestANoticeSaysWhatItIsAndWhatToDo(t *testing.T) {
	t.Parallel()

	index := 0
	tool := needing(chat.EventToolCallUnknown, 4)
	again := needing(chat.EventChatEscalated, 5)
	again.ChatID = 7
	tool.Data.Index = &index

	facts := []chat.NoticeFact{
		{Event: needing(chat.EventDeliveryNeedsReview, 2)},
		{Event: needing(chat.EventChatEscalated, 1)},
		{Event: needing(chat.EventSenderBlocked, 3)},
		{Event: tool},
		{Event: tool},
		{Event: again},
	}
	facts[0].Event.Data.ErrorCode = "twilio_30007"

	rule := ruleOf(chat.EventDeliveryNeedsReview, chat.EventChatEscalated, chat.EventSenderBlocked)
	text := rule.ComposeNotice(facts)

	assert.Equal(t, "4 things need a person: 1 chat asks for a person, 1 tool call waits for a decision, "+
		"1 delivery waits for a decision, 1 sender is blocked", text.Subject)
	assert.Contains(t, text.Body, "- Chat 7: The assistant has asked for a person. Read it with `handrail chats show 7`")
	assert.Contains(t, text.Body, "- Delivery s2 in chat 8: A delivery waits for a person's decision: ")
	assert.Contains(t, text.Body, "`handrail deliveries show s2`")
	assert.Contains(t, text.Body, "- Sender s3: The provider refuses everything of a sender.")
	assert.Contains(t, text.Body, "notification rule 3")

	rule.Channel = chat.ChannelSMS
	text = rule.ComposeNotice(facts)
	assert.Contains(t, text.Body, "- and 1 more")
	assert.NotContains(t, text.Body, "`")

	for i := range int64(40) {
		facts = append(facts, chat.NoticeFact{Event: needing(chat.EventChatEscalated, 100+i)})
	}

	assert.NoError(t, chat.CheckText("message", rule.ComposeNotice(facts).Body, chat.ChannelSMS.Spec().MaxMessage))
}

func TestANotificationRuleIsChecked(t *testing.T) {
	t.Parallel()

	cases := map[string]chat.NotificationRulePatch{
		"types":           {Types: &[]chat.EventType{chat.EventChatCreated}},
		"channel":         {Channel: new(chat.ChannelWeb)},
		"quiet_seconds":   {Quiet: new(25 * time.Hour)},
		"phone_number_id": {PhoneNumberID: new(chat.PhoneNumberID(3))},
		"inbox_id":        {Channel: new(chat.ChannelSMS), InboxID: new(chat.InboxID(3))},
		"member_ids":      {MemberIDs: new(make([]chat.MemberID, 0))},
	}

	var many []chat.MemberID
	for i := range chat.MaxRuleMembers + 1 {
		many = append(many, chat.MemberID(i+1))
	}

	cases["member_ids"] = chat.NotificationRulePatch{MemberIDs: &many}

	for field, patch := range cases {
		rule := ruleOf(chat.EventChatEscalated)
		err := chat.AsError(rule.Apply(&patch))
		require.NotNil(t, err, field)
		require.Equal(t, chat.CodeInvalidRequest, err.Code, field)
		assert.Equal(t, field, err.Fields[0].Field)
	}

	rule := ruleOf(chat.EventChatEscalated)
	require.NoError(t, rule.Apply(&chat.NotificationRulePatch{InboxID: new(chat.InboxID(3))}))
	require.NoError(t, rule.Apply(&chat.NotificationRulePatch{InboxID: new(chat.InboxID(0))}))
	assert.Nil(t, rule.InboxID)
	assert.Error(t, rule.Apply(&chat.NotificationRulePatch{Types: &[]chat.EventType{}}))
}

func TestOnlyManagersAreTold(t *testing.T) {
	t.Parallel()

	manager := chat.Member{Kind: chat.KindPerson, Role: chat.RoleManager}
	customer := chat.Member{Kind: chat.KindPerson, Role: chat.RoleUser}
	assistant := chat.Member{Kind: chat.KindAssistant, Role: chat.RoleManager}

	require.NoError(t, chat.CheckNoticeMember("member_ids[0]", 1, &manager))

	for _, refused := range []*chat.Member{nil, &customer, &assistant} {
		err := chat.AsError(chat.CheckNoticeMember("member_ids[0]", 1, refused))
		require.Equal(t, chat.CodeInvalidRequest, err.Code)
		assert.Equal(t, "member_ids[0]", err.Fields[0].Field)
	}

	facts := chat.SendFacts{
		Chat:      chat.Chat{Channel: chat.ChannelEmail},
		Recipient: &customer,
		Inbox:     &chat.Inbox{ID: 3, Address: "support@example.com"},
	}
	_, err := facts.PlanNotice("hello")
	assert.Equal(t, chat.CodeParticipantNotFound, chat.CodeOf(err))

	manager.Email = "boss@example.com"
	manager.NotificationsEnabled = true
	facts.Recipient = &manager
	plan, err := facts.PlanNotice("hello")
	require.NoError(t, err)
	assert.Equal(t, chat.ExpireUnknown, plan.Policy, "a notice needs no person itself")

	facts.Suppressed = true
	_, err = facts.PlanNotice("hello")
	assert.Equal(t, chat.CodeRecipientOptedOut, chat.CodeOf(err))

	facts.Inbox = nil
	_, err = facts.PlanNotice("hello")
	assert.Equal(t, chat.CodeSenderNotConfigured, chat.CodeOf(err))
}

func TestANoticesSenderIsTheRulesOrTheDefaultOrTheFirst(t *testing.T) {
	t.Parallel()

	senders := &chat.NoticeSenders{InboxIDs: []chat.InboxID{3, 4, 5}, PhoneNumberIDs: []chat.PhoneNumberID{8}}
	rule := ruleOf(chat.EventChatEscalated)
	assert.Equal(t, "inbox:3", rule.SenderScope(senders))

	senders.DefaultInboxID = new(chat.InboxID(4))
	assert.Equal(t, "inbox:4", rule.SenderScope(senders))

	rule.InboxID = new(chat.InboxID(5))
	assert.Equal(t, "inbox:5", rule.SenderScope(senders))

	rule.InboxID = new(chat.InboxID(6))
	assert.Empty(t, rule.SenderScope(senders), "another one than somebody has chosen is not taken")

	rule.InboxID = nil
	rule.Channel = chat.ChannelSMS
	assert.Equal(t, "phone:8", rule.SenderScope(senders))
	assert.Empty(t, rule.SenderScope(&chat.NoticeSenders{}))
}

// TestARuleSaysWhomItCannotTell: managers without an address on its channel, and nobody else.
func TestARuleSaysWhomItCannotTell(t *testing.T) {
	t.Parallel()

	managers := []chat.Member{{ID: 1, Email: "mara@example.com"}, {ID: 6, Phone: "+14155550106"}, {ID: 8}}

	for _, tt := range []struct {
		channel chat.Channel
		members []chat.MemberID
		want    string
	}{
		{chat.ChannelSMS, nil, "Nothing to tell. Members 1, 8 have no phone number."},
		{chat.ChannelEmail, []chat.MemberID{1, 6}, "Nothing to tell. Member 6 has no email address."},
		{chat.ChannelSMS, []chat.MemberID{1}, "Nothing to tell. Nobody can be told: member 1 has no phone number."},
		{chat.ChannelSMS, []chat.MemberID{1, 8}, "Nothing to tell. Nobody can be told: members 1, 8 have no phone number."},
		{chat.ChannelEmail, []chat.MemberID{1}, "Nothing to tell."},
		{chat.ChannelEmail, []chat.MemberID{9}, "Nothing to tell. Nobody can be told: there is no such manager any more."},
	} {
		rule := ruleOf(chat.EventChatEscalated)
		rule.Channel = tt.channel
		rule.MemberIDs = tt.members
		rule.NoteReach(managers)
		assert.Equal(t, tt.want, rule.Explain(webhookNoon))
	}

	many := make([]chat.Member, 13)
	rule := ruleOf(chat.EventChatEscalated)
	rule.NoteReach(many)
	assert.Contains(t, rule.Explain(webhookNoon), "and 3 more have no email address.")
}

// TestARuleOfWrongTypesNamesTheRightOnes: who has chosen a type of which nobody can be told reads what may be chosen.
func TestARuleOfWrongTypesNamesTheRightOnes(t *testing.T) {
	t.Parallel()

	rule := ruleOf(chat.EventMessageCreated)
	err := rule.Validate()
	require.ErrorContains(t, err, `"message.created" is none of chat.escalated, chat.possible_opt_out`)
	assert.ErrorContains(t, err, string(chat.EventWebhookEndpointDisabled))
}
