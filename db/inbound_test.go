package db_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

func inboundID() chat.MessageID { return chat.MessageID(uuid.NewString()) }

func newText(from, words string) chat.Inbound {
	return chat.Inbound{
		Provider: chat.ProviderTwilio,
		Channel:  chat.ChannelSMS,
		Key:      "twilio:" + uuid.NewString(),
		From:     from,
		To:       []string{"+14155550100"},
		Text:     words,
		Raw:      []byte("Body=" + words),
	}
}

func newMail(from, words string) chat.Inbound {
	return chat.Inbound{
		Provider:       chat.ProviderSendGrid,
		Channel:        chat.ChannelEmail,
		Key:            "sendgrid:" + uuid.NewString(),
		From:           from,
		FromName:       "Ana",
		To:             []string{"Support@example.com"},
		Text:           words,
		Subject:        "Invoice",
		EmailMessageID: "<" + uuid.NewString() + "@mail.example.com>",
		Trust:          chat.TrustDKIM,
	}
}

// tokensOf gives the mail of a message, which has no payload in these tests, a reply token, and
// returns what a reply to it brings.
func tokensOf(t *testing.T, s *db.Store, id chat.MessageID) []string {
	t.Helper()

	hash := chat.NewReplyToken().Hash()
	_, err := s.Bun().NewRaw("UPDATE deliveries SET reply_token = ? WHERE message_id = ?", hash, id).Exec(t.Context())
	require.NoError(t, err)

	return []string{hash}
}

func receiveInbound(t *testing.T, s *db.Store, in chat.Inbound, now time.Time) chat.Arrival {
	t.Helper()
	a, err := s.ReceiveInbound(t.Context(), in, inboundID(), now)
	require.NoError(t, err)

	return a
}

func messagesOf(t *testing.T, s *db.Store, w *dbtest.World, id chat.ChatID) []chat.Message {
	t.Helper()
	list, err := s.Messages(t.Context(), w.Workspace, id, chat.MessagePage{Page: chat.Page{Limit: 100}})
	require.NoError(t, err)

	return list.Items
}

func TestReceiveSMS(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		closed := chat.StateClosed
		_, err := s.UpdateChat(t.Context(), w.Workspace, w.By, w.SMS.ID, chat.ChatPatch{State: &closed})
		require.NoError(t, err)

		in := newText("+14155550123", "Where is\x00 my parcel? \xff")
		first := receiveInbound(t, s, in, clock.now)
		assert.Equal(t, chat.Arrival{
			Known:       true,
			WorkspaceID: w.Workspace,
			ChatID:      w.SMS.ID,
			MessageID:   first.MessageID,
		}, first)

		again := receiveInbound(t, s, in, clock.now)
		assert.Equal(t, chat.Arrival{Known: true, Repeated: true, WorkspaceID: w.Workspace}, again)
		all := messagesOf(t, s, w, w.SMS.ID)
		require.Len(t, all, 1)
		assert.Equal(t, "Where is my parcel? \uFFFD", all[0].Content)

		assert.Equal(
			t,
			[]any{chat.RoleUserMessage, chat.MessageReceived, w.Customer.ID},
			[]any{all[0].Role, all[0].State, *all[0].MemberID},
		)

		c, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Equal(t, []any{chat.StateOpen, true, clock.now}, []any{c.State, c.NeedsResponse, c.LastActivityAt})
	})
}

func TestReceiveFromSomebodyNew(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		first := receiveInbound(t, s, newText("+14155550177", "hello"), clock.now)
		assert.NotContains(t, []chat.ChatID{0, w.SMS.ID, w.Email.ID}, first.ChatID, "a new chat")
		second := receiveInbound(t, s, newText("+14155550177", "anybody?"), clock.forward(time.Second))
		assert.Equal(t, first.ChatID, second.ChatID)
		c, err := s.Chat(t.Context(), w.Workspace, first.ChatID)
		require.NoError(t, err)
		assert.Equal(t, int64(2), c.Attention)

		assert.Equal(
			t,
			[]any{w.PhoneNumber.ID, w.Assistant.ID, chat.ChannelSMS},
			[]any{*c.PhoneNumberID, *c.AssistantMemberID, c.Channel},
		)

		m, err := s.Member(t.Context(), w.Workspace, c.MemberID)
		require.NoError(t, err)

		assert.Equal(
			t,
			[]any{"+14155550177", "+14155550177", chat.KindPerson, chat.RoleUser, true},
			[]any{m.Name, m.Phone, m.Kind, m.Role, m.NotificationsEnabled},
		)

		people, err := s.Participants(t.Context(), w.Workspace, c.ID)
		require.NoError(t, err)
		require.Len(t, people, 2)

		assert.Equal(
			t,
			[]chat.ParticipantRole{chat.ParticipantOwner, chat.ParticipantAssistant},
			[]chat.ParticipantRole{people[0].Role, people[1].Role},
		)

		in := newMail("bo@example.com", "an invoice, please")
		in.Subject = strings.Repeat("ä", 300)
		in.FromName = "Bo"
		in.Original = "an invoice, please\n> quoted"
		opened := receiveInbound(t, s, in, clock.now)
		c, err = s.Chat(t.Context(), w.Workspace, opened.ChatID)
		require.NoError(t, err)
		assert.Equal(t, []any{w.Inbox.ID, strings.Repeat("ä", 200)}, []any{*c.InboxID, c.Title})
		assert.Equal(t, in.Original, messagesOf(t, s, w, c.ID)[0].Original)
	})
}

func TestTwoFirstMessagesAtOnce(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)

		arrivals, errs := make([]chat.Arrival, 6), make([]error, 6)

		var all sync.WaitGroup
		for i := range arrivals {
			all.Go(func() {
				arrivals[i], errs[i] = s.ReceiveInbound(
					t.Context(),
					newText("+14155550177", "hello"),
					inboundID(),
					newClock().now,
				)
			})
		}

		all.Wait()

		for i, a := range arrivals {
			require.NoError(t, errs[i])
			assert.Equal(t, arrivals[0].ChatID, a.ChatID)
		}

		assert.NotContains(t, []chat.ChatID{0, w.SMS.ID, w.Email.ID}, arrivals[0].ChatID, "one new chat")
	})
}

func TestWhoseAnInboundMessageIs(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		younger := dbtest.Seed(t, s)

		assert.Equal(
			t,
			w.Workspace,
			receiveInbound(t, s, newText("+14155550123", "to both"), clock.now).WorkspaceID,
			"the older claim wins",
		)

		nobodys := newText("+14155550123", "hello")
		nobodys.To = []string{"+19995550100"}
		assert.Equal(t, chat.Arrival{}, receiveInbound(t, s, nobodys, clock.now))
		nobodys.Key, nobodys.ServiceSID = "service", "MG0123456789abcdef0123456789abcdef"
		younger.Grant(t, s, nobodys.ServiceSID)

		_, err := s.CreatePhoneNumber(
			t.Context(),
			younger.Workspace,
			younger.By,
			chat.PhoneNumber{MessagingServiceSID: nobodys.ServiceSID},
		)
		require.NoError(t, err)
		assert.Equal(t, younger.Workspace, receiveInbound(t, s, nobodys, clock.now).WorkspaceID)

		tagged := newMail("ANA@example.com", "hi")
		tagged.To = []string{"other@example.com", "support+7@Example.com"}
		a := receiveInbound(t, s, tagged, clock.now)
		assert.Equal(t, []any{w.Workspace, w.Email.ID}, []any{a.WorkspaceID, a.ChatID}, "whatever the tag and the case")

		answered := younger.Prepare(t, s, younger.Email.ID, "hi")
		token := newMail("ana@example.com", "an answer")
		token.To, token.ReplyTokens = []string{"reply@in.example.com"}, tokensOf(t, s, answered.MessageID)
		a = receiveInbound(t, s, token, clock.now)
		assert.Equal(t, []any{younger.Workspace, younger.Email.ID}, []any{a.WorkspaceID, a.ChatID})
		require.Len(t, messagesOf(t, s, younger, younger.Email.ID), 2)

		reference := newMail("stranger@example.com", "I answer for her")
		reference.References = []string{"<nobody@knows>", tagged.EmailMessageID}
		a = receiveInbound(t, s, reference, clock.now)
		assert.Equal(t, w.Email.ID, a.ChatID)
		author := *messagesOf(t, s, w, w.Email.ID)[0].MemberID
		assert.NotEqual(t, w.Customer.ID, author, "who wrote, not whose chat it is")

		archived := chat.StateArchived
		_, err = s.UpdateChat(t.Context(), w.Workspace, w.By, w.Email.ID, chat.ChatPatch{State: &archived})
		require.NoError(t, err)

		reference.Key = "again"
		assert.NotEqual(t, w.Email.ID, receiveInbound(t, s, reference, clock.now).ChatID, "an archived chat stays closed")
	})
}

func TestStopAndStart(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		waiting := w.Prepare(t, s, w.SMS.ID, "one")
		email := w.Prepare(t, s, w.Email.ID, "two")
		stop := newText("+14155550123", "Stop")
		stop.Keyword = chat.KeywordStop
		a := receiveInbound(t, s, stop, clock.forward(time.Second))
		assert.Equal(t, []string{chat.ActionWorkflowID(w.Workspace, waiting.ActionID)}, a.Stopped)
		assert.Equal(t, w.SMS.ID, a.ChatID)
		ended, action, message, c := readStanding(t, s, w, &waiting)
		assert.Equal(
			t,
			[]any{chat.SubmissionSuppressed, chat.ErrorOptedOut, chat.ActionFailed, chat.MessageNotSent, false},
			[]any{ended.Submission, ended.ErrorCode, action.State, message.State, c.NeedsResponse},
		)

		inFlight, _, _, _ := readStanding(t, s, w, &sent)
		assert.Equal(t, chat.SubmissionSending, inFlight.Submission, "the provider may have it")
		other, _, _, _ := readStanding(t, s, w, &email)
		assert.Equal(t, chat.SubmissionPending, other.Submission, "another sender")
		acceptDelivery(t, s, w, &d, "SM1", clock.now)
		_, err := s.PrepareSend(t.Context(), w.Send(w.SMS.ID, "hi"), dbtest.SendIDs(), dbtest.PlanText("hi"))
		requireCode(t, chat.CodeRecipientOptedOut, err)

		bounced := chat.Report{
			Provider:   chat.ProviderSendGrid,
			Key:        "b",
			DeliveryID: email.DeliveryID,
			Suppress:   chat.SuppressedBounce,
		}

		reporter{t, s, clock}.report(bounced)

		start := newText("+14155550123", "Start")
		start.Keyword = chat.KeywordStart
		arrived := receiveInbound(t, s, start, clock.now)
		c, err = s.Chat(t.Context(), arrived.WorkspaceID, arrived.ChatID)
		require.NoError(t, err)
		assert.Equal(t, int64(1), c.Attention, "it may be the answer to a question: YES")
		w.Prepare(t, s, w.SMS.ID, "hi")
		list, err := s.Suppressions(t.Context(), w.Workspace, chat.SuppressionFilter{Page: pageOfTen()})
		require.NoError(t, err)
		require.Len(t, list.Items, 1, "the bounce stays")

		stranger := newText("+14155550178", "STOP")
		stranger.Keyword = chat.KeywordStop
		a = receiveInbound(t, s, stranger, clock.now)
		opened, err := s.Chat(t.Context(), w.Workspace, a.ChatID)
		require.NoError(t, err)
		assert.Equal(t, []any{int64(0), false}, []any{opened.Attention, opened.NeedsResponse}, "it asks for nothing")
		assert.Equal(t, "STOP", messagesOf(t, s, w, a.ChatID)[0].Content)

		help := newText("+14155550178", "HELP")
		help.Keyword = chat.KeywordHelp
		assert.NotZero(t, receiveInbound(t, s, help, clock.now).ChatID)
	})
}

func TestAutomaticMail(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		vacation := newMail("ana@example.com", "I am away")
		vacation.Automatic = chat.AutomaticSubmitted
		assert.Equal(t, w.Email.ID, receiveInbound(t, s, vacation, clock.now).ChatID)
		assert.Equal(t, chat.AutomaticSubmitted, messagesOf(t, s, w, w.Email.ID)[0].Automatic)

		stranger := newMail("robot@example.net", "Your ticket 17 was received")
		stranger.Automatic = chat.AutomaticResponder
		opened := receiveInbound(t, s, stranger, clock.now)
		first, err := s.Chat(t.Context(), w.Workspace, opened.ChatID)
		require.NoError(t, err)
		assert.Equal(t, []any{int64(0), false}, []any{first.Attention, first.NeedsResponse})
		assert.Equal(t, chat.AutomaticResponder, messagesOf(t, s, w, opened.ChatID)[0].Automatic)

		answered := w.Prepare(t, s, w.Email.ID, "hi")
		bounce := newMail("mailer-daemon@example.com", "could not be delivered")
		bounce.Automatic, bounce.ReplyTokens = chat.AutomaticReport, tokensOf(t, s, answered.MessageID)
		a := receiveInbound(t, s, bounce, clock.now)
		assert.Equal(t, w.Email.ID, a.ChatID)
		assert.Nil(t, messagesOf(t, s, w, w.Email.ID)[0].MemberID, "no member is made of a machine")
		c, err := s.Chat(t.Context(), w.Workspace, w.Email.ID)
		require.NoError(t, err)
		assert.False(t, c.NeedsResponse)

		// A report often comes from nobody at all.
		for range 2 {
			report := newMail("", "could not be delivered")
			report.FromName, report.Automatic = "", chat.AutomaticReport
			opened = receiveInbound(t, s, report, clock.now)
		}

		require.Len(t, messagesOf(t, s, w, opened.ChatID), 2, "the second one finds the chat of the first")
	})
}

func TestInboundThreadsTheNextEmail(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		in := newMail("ana@example.com", "hello")
		receiveInbound(t, s, in, newClock().now)

		_, err := s.PrepareSend(
			t.Context(),
			w.Send(w.Email.ID, "hi"),
			dbtest.SendIDs(),
			func(f *chat.SendFacts) (chat.SendPlan, error) {
				assert.Equal(t, []string{in.EmailMessageID, in.Subject}, []string{f.LastInboundID, f.FirstSubject})
				return dbtest.PlanText("hi")(f)
			},
		)
		require.NoError(t, err)
	})
}
