package db_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// noticeWorld is a workspace whose manager is told of some things by email, five minutes after the first one.
type noticeWorld struct {
	*testing.T
	*dbtest.World
	store *db.Store
	// now is when rules go on.
	now  time.Time
	rule chat.NotificationRule
}

func newNoticeWorld(t *testing.T, s *db.Store, types ...chat.EventType) *noticeWorld {
	t.Helper()

	w := &noticeWorld{
		T:     t,
		World: dbtest.Seed(t, s),
		store: s,
		now:   time.Now(),
	}

	w.Manager.Email = "boss@example.com"
	_, err := s.UpdateMember(t.Context(), w.Workspace, w.By, w.Manager.ID, chat.MemberPatch{Email: &w.Manager.Email})
	require.NoError(t, err)
	numberAll(t, s)

	rule := chat.NewNotificationRule(w.Workspace)
	rule.Types = types

	w.rule, err = s.CreateNotificationRule(t.Context(), w.Workspace, w.By, rule)
	require.NoError(t, err)

	return w
}

// needReview makes a delivery that waits for a person.
func (w *noticeWorld) needReview(text string) chat.DeliveryID {
	w.Helper()

	sent := w.Prepare(w.T, w.store, w.SMS.ID, text)
	_, err := w.store.Bun().NewRaw(
		"UPDATE deliveries SET submission = 'needs_review', error_code = 'lease_expired' WHERE id = ?",
		sent.DeliveryID,
	).Exec(w.Context())
	require.NoError(w, err)
	numberAll(w.T, w.store)

	return sent.DeliveryID
}

func (w *noticeWorld) collect() chat.NoticeProgress {
	w.Helper()

	progress, err := w.store.CollectNotices(w.Context(), chat.NoticeStep{WorkspaceID: w.Workspace}, w.now)
	require.NoError(w, err)

	return progress
}

func (w *noticeWorld) notices() []chat.Notice {
	w.Helper()

	list, err := w.store.Notices(w.Context(), w.Workspace, chat.NoticeFilter{Page: pageOfTen()})
	require.NoError(w, err)

	return list.Items
}

// sendOf is what a workflow asks for to send a notice.
func (w *noticeWorld) sendOf(n *chat.NoticeSend) chat.SendAssistantMessage {
	return chat.SendAssistantMessage{
		Request: chat.Request{
			ActionID:    chat.NoticeActionID(n.NoticeID),
			WorkspaceID: w.Workspace,
			ChatID:      n.ChatID,
			Fingerprint: chat.Fingerprint{},
			AcceptedAt:  time.Now(),
		},
		Message: n.Text,
		Notice:  &chat.NoticeRef{NoticeID: n.NoticeID},
	}
}

func planNotice(text string) func(*chat.SendFacts) (chat.SendPlan, error) {
	return func(facts *chat.SendFacts) (chat.SendPlan, error) {
		plan, err := facts.PlanNotice(text)
		plan.Payload = chat.Payload{Subject: facts.Chat.Title, Text: text}

		return plan, err
	}
}

// events are the types of all events of the workspace after a position.
func (w *noticeWorld) eventsAfter(position int64) []chat.EventType {
	w.Helper()
	numberAll(w.T, w.store)

	list, err := w.store.Events(w.Context(), w.Workspace, chat.EventFilter{After: position, Limit: 100})
	require.NoError(w, err)

	var types []chat.EventType
	for _, e := range list.Items {
		types = append(types, e.Type)
	}

	return types
}

func (w *noticeWorld) latest() int64 {
	w.Helper()
	numberAll(w.T, w.store)

	list, err := w.store.Events(w.Context(), w.Workspace, chat.EventFilter{Limit: 1})
	require.NoError(w, err)

	return list.Latest
}

// TestADeliveryThatWaitsForAPersonIsToldAfterAnHour also holds that what was decided before is not told, that ten are one
// message, and that a process that ends anywhere between makes none twice.
func TestADeliveryThatWaitsForAPersonIsToldAfterAnHour(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newNoticeWorld(t, s, chat.EventDeliveryNeedsReview)

		for i := range 9 {
			w.needReview("hello " + strconv.Itoa(i))
		}

		decided := w.needReview("decided soon")

		progress := w.collect()
		assert.Empty(t, progress.Send)
		assert.Contains(t, progress.Explanation, "Collects 10; next message ")
		assert.InDelta(t, (time.Hour + chat.DefaultQuiet).Seconds(), progress.In.Seconds(), 60)

		_, err := s.Bun().NewRaw("UPDATE deliveries SET submission = 'abandoned' WHERE id = ?", decided).Exec(t.Context())
		require.NoError(t, err)

		waiting, err := s.WaitingNotices(t.Context(), nil, w.now)
		require.NoError(t, err)
		assert.Empty(t, waiting, "nothing is due, and all was read")

		w.now = w.now.Add(time.Hour + chat.DefaultQuiet + time.Minute)
		waiting, err = s.WaitingNotices(t.Context(), []chat.WorkspaceID{w.Workspace}, w.now)
		require.NoError(t, err)
		assert.Equal(t, []chat.NoticeStep{{WorkspaceID: w.Workspace}}, waiting)

		progress = w.collect()
		require.Len(t, progress.Send, 1)
		assert.Equal(t, w.Manager.ID, progress.Send[0].MemberID)
		assert.NotContains(t, progress.Send[0].Text, string(decided))
		assert.NotContains(t, progress.Send[0].Text, "hello", "no texts")

		again := w.collect()
		assert.Equal(t, progress.Send, again.Send, "the same one, until it has begun")

		notices := w.notices()
		require.Len(t, notices, 1)
		assert.Equal(t, 9, notices[0].Events)
		assert.Equal(t, "9 things need a person: 9 deliveries wait for a decision", notices[0].Text.Subject)
		assert.Equal(t, "waiting", notices[0].Status())

		w.now = w.now.Add(24 * time.Hour)
		w.collect()
		assert.Len(t, w.notices(), 1)
	})
}

// TestANoticeIsADeliveryOfNoConversation follows one through its delivery: it has a claim and attempts, no chat shows it,
// no event tells of it, and nothing of a customer's is touched.
func TestANoticeIsADeliveryOfNoConversation(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newNoticeWorld(t, s, chat.EventDeliveryNeedsReview)
		w.needReview("hello")

		w.now = w.now.Add(2 * time.Hour)
		w.collect()
		w.now = w.now.Add(chat.DefaultQuiet)
		progress := w.collect()
		require.Len(t, progress.Send, 1)

		before := w.latest()
		chats, err := s.Chats(t.Context(), w.Workspace, chat.ChatFilter{Page: pageOfTen()})
		require.NoError(t, err)

		in := w.sendOf(&progress.Send[0])
		now := time.Now()
		sent, claim, err := s.PrepareAndClaim(t.Context(), in, dbtest.SendIDs(), planNotice(in.Message), now, time.Minute)
		require.NoError(t, err)
		require.True(t, claim.Granted)
		assert.True(t, claim.Delivery.IsNotice())
		assert.Equal(t, w.Manager.Email, claim.Delivery.To)
		assert.Contains(t, claim.Delivery.Payload.Subject, "1 thing needs a person")

		assert.Empty(t, w.collect().Send, "it has begun")
		assert.Equal(t, "sending", w.notices()[0].Status())

		// A process that has ended here asks again, and finds what it has stored: it posts nothing.
		_, claimedAgain, err := s.PrepareAndClaim(t.Context(), in, dbtest.SendIDs(), planNotice(in.Message), now, time.Minute)
		require.NoError(t, err)
		assert.False(t, claimedAgain.Granted)

		// The claim ends. Nobody knows whether it was posted, and it is not posted again.
		late, err := s.Claim(t.Context(), w.Workspace, sent.DeliveryID, now.Add(time.Hour), time.Minute)
		require.NoError(t, err)
		assert.False(t, late.Granted)
		assert.Equal(t, chat.SubmissionUnknown, late.Delivery.Submission)
		assert.Equal(t, chat.ExpireUnknown, late.Delivery.Policy)

		assert.Empty(t, w.eventsAfter(before), "a notice is no event, whatever becomes of it")

		after, err := s.Chats(t.Context(), w.Workspace, chat.ChatFilter{Page: pageOfTen()})
		require.NoError(t, err)
		assert.Equal(t, chats, after)

		_, err = s.Chat(t.Context(), w.Workspace, in.ChatID)
		assert.Equal(t, chat.CodeChatNotFound, chat.CodeOf(err))

		shown, err := s.Delivery(t.Context(), w.Workspace, sent.DeliveryID)
		require.NoError(t, err)
		assert.Len(t, shown.Attempts, 1)
	})
}

// TestWhoeverIsNoManagerAnyMoreIsNotTold asks when the notice is made, and again when it is claimed.
func TestWhoeverIsNoManagerAnyMoreIsNotTold(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newNoticeWorld(t, s, chat.EventChatEscalated)

		_, err := s.UpdateNotificationRule(t.Context(), w.Workspace, w.By, w.rule.ID, chat.NotificationRulePatch{
			MemberIDs: &[]chat.MemberID{w.Customer.ID},
		})
		require.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err))
		assert.Equal(t, "member_ids[0]", chat.AsError(err).Fields[0].Field)

		notices, err := s.TestNotificationRule(t.Context(), w.Workspace, w.By, w.rule.ID)
		require.NoError(t, err)
		require.Len(t, notices, 1)

		progress := w.collect()
		require.Len(t, progress.Send, 1)
		in := w.sendOf(&progress.Send[0])
		sent, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), planNotice(in.Message))
		require.NoError(t, err)

		_, err = s.Bun().NewRaw("UPDATE members SET role = 'user' WHERE id = ?", w.Manager.ID).Exec(t.Context())
		require.NoError(t, err)

		claim, err := s.Claim(t.Context(), w.Workspace, sent.DeliveryID, time.Now(), time.Minute)
		require.NoError(t, err)
		assert.False(t, claim.Granted)
		assert.Equal(t, chat.SubmissionCanceled, claim.Delivery.Submission)
		assert.Equal(t, "the recipient is no manager of the workspace any more", claim.Delivery.ErrorMessage)

		// A failure is recorded once.
		failure := chat.NoticeFailure{WorkspaceID: w.Workspace, NoticeID: notices[0].ID, Why: claim.Delivery.ErrorMessage}
		_, isNew, err := s.FailNotice(t.Context(), failure)
		require.NoError(t, err)
		assert.True(t, isNew)

		_, isNew, err = s.FailNotice(t.Context(), failure)
		require.NoError(t, err)
		assert.False(t, isNew)
	})
}

// TestAnOptOutFromNoticesIsHeeded also holds that no brake stops a notice.
func TestAnOptOutFromNoticesIsHeeded(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newNoticeWorld(t, s, chat.EventChatEscalated)
		_, err := s.UpdateWorkspaceDefaults(t.Context(), w.Workspace, w.By, chat.WorkspaceDefaults{
			Brakes: chat.Brakes{MaxPerHour: new(1), MaxUnanswered: new(1)},
		})
		require.NoError(t, err)

		send := func() chat.Claim {
			_, err := s.TestNotificationRule(t.Context(), w.Workspace, w.By, w.rule.ID)
			require.NoError(t, err)

			progress := w.collect()
			require.Len(t, progress.Send, 1)
			in := w.sendOf(&progress.Send[0])
			sent, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), planNotice(in.Message))
			require.NoError(t, err)

			claim, err := s.Claim(t.Context(), w.Workspace, sent.DeliveryID, time.Now(), time.Minute)
			require.NoError(t, err)

			return claim
		}

		for range 3 {
			claim := send()
			require.True(t, claim.Granted, claim.Delivery.ErrorMessage)
			_, err := s.RecordSubmission(t.Context(), w.Workspace, claim.Delivery.ID, claim.Delivery.Fence, chat.Submission{
				Outcome:           chat.OutcomeAccepted,
				ProviderMessageID: string(claim.Delivery.ID),
			}, time.Now())
			require.NoError(t, err)
		}

		_, err = s.Bun().NewRaw("UPDATE members SET consent_email = 'revoked' WHERE id = ?", w.Manager.ID).Exec(t.Context())
		require.NoError(t, err)

		_, err = s.TestNotificationRule(t.Context(), w.Workspace, w.By, w.rule.ID)
		require.NoError(t, err)

		progress := w.collect()
		require.Len(t, progress.Send, 1)
		in := w.sendOf(&progress.Send[0])
		_, err = s.PrepareSend(t.Context(), in, dbtest.SendIDs(), planNotice(in.Message))
		assert.Equal(t, chat.CodeRecipientOptedOut, chat.CodeOf(err))
	})
}

// TestTheFirstWebhookEndpointBringsARuleForManagers also holds that somebody who has taken it away is heeded.
func TestTheFirstWebhookEndpointBringsARuleForManagers(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		endpoint := chat.WebhookEndpoint{URL: "https://example.com", Payload: chat.PayloadThin, Enabled: true}

		for range 2 {
			_, err := s.CreateWebhookEndpoint(t.Context(), w.Workspace, w.By, endpoint)
			require.NoError(t, err)
		}

		rules, err := s.NotificationRules(t.Context(), w.Workspace)
		require.NoError(t, err)
		require.Len(t, rules, 1)
		assert.Equal(t, []chat.EventType{chat.EventWebhookEndpointDisabled}, rules[0].Types)
		assert.Equal(t, chat.ChannelEmail, rules[0].Channel)
		assert.Empty(t, rules[0].MemberIDs, "all managers")

		require.NoError(t, s.DeleteNotificationRule(t.Context(), w.Workspace, w.By, rules[0].ID))

		_, err = s.CreateWebhookEndpoint(t.Context(), w.Workspace, w.By, endpoint)
		require.NoError(t, err)

		rules, err = s.NotificationRules(t.Context(), w.Workspace)
		require.NoError(t, err)
		assert.Empty(t, rules)
	})
}

// TestARuleThatIsEnabledAgainBeginsAnew holds that nobody is told of what happened while nobody wanted to hear it.
func TestARuleThatIsEnabledAgainBeginsAnew(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newNoticeWorld(t, s, chat.EventDeliveryNeedsReview)
		turn := func(on bool) chat.NotificationRule {
			rule, err := s.UpdateNotificationRule(
				t.Context(), w.Workspace, w.By, w.rule.ID, chat.NotificationRulePatch{Enabled: &on},
			)
			require.NoError(t, err)

			return rule
		}

		w.needReview("collected")
		w.collect()
		turn(false)
		w.needReview("not read")
		assert.True(t, w.collect().Ended)

		assert.Equal(t, "Nothing to tell.", func() string { r := turn(true); return r.Explain(w.now) }())

		w.now = w.now.Add(48 * time.Hour)
		assert.Empty(t, w.collect().Send)
		assert.Empty(t, w.notices())
	})
}

// TestANotificationRuleSaysWhoHasNoAddress: as soon as it is created, and wherever it is read.
func TestANotificationRuleSaysWhoHasNoAddress(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newNoticeWorld(t, s, chat.EventChatEscalated)
		assert.Empty(t, w.rule.Reach.Unreached)

		second := newManager(t, s, w.Workspace, "Ivo")
		rule := chat.NewNotificationRule(w.Workspace)
		rule.MemberIDs = []chat.MemberID{second.MemberID}

		made, err := s.CreateNotificationRule(t.Context(), w.Workspace, w.By, rule)
		require.NoError(t, err)

		want := "Nobody can be told: member " + strconv.FormatInt(int64(second.MemberID), 10) + " has no email address."
		assert.Contains(t, made.Explain(w.now), want)

		found, err := s.NotificationRule(t.Context(), w.Workspace, made.ID)
		require.NoError(t, err)
		assert.Contains(t, found.Explain(w.now), want)

		listed, err := s.NotificationRules(t.Context(), w.Workspace)
		require.NoError(t, err)
		assert.Equal(t, []chat.MemberID{second.MemberID}, listed[0].Reach.Unreached, "all managers are told")
		assert.Equal(t, 2, listed[0].Reach.Told)

		changed, err := s.UpdateNotificationRule(t.Context(), w.Workspace, w.By, made.ID, chat.NotificationRulePatch{
			MemberIDs: &[]chat.MemberID{w.Manager.ID},
		})
		require.NoError(t, err)
		assert.Equal(t, "Nothing to tell.", changed.Explain(w.now))
	})
}
