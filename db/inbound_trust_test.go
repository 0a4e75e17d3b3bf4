package db_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
	"handrail/uuidv7"
)

// planMail plans a mail whose answers go to an address with a token.
func planMail(facts *chat.SendFacts) (chat.SendPlan, error) {
	plan, err := facts.Plan("hi")
	plan.Payload = chat.Payload{Text: "hi", ReplyTo: "reply@in.example.com"}

	return plan, err
}

func sendMail(t *testing.T, s *db.Store, w *dbtest.World, id chat.ChatID) chat.Delivery {
	t.Helper()

	sent, err := s.PrepareSend(t.Context(), w.Send(id, "hi"), dbtest.SendIDs(), planMail)
	require.NoError(t, err)
	d, err := s.Delivery(t.Context(), w.Workspace, sent.DeliveryID)
	require.NoError(t, err)

	return d
}

// Each delivery has a token of its own, which names the chat and whom it was sent to.
func TestATokenIsOfOneDelivery(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		first := sendMail(t, s, w, w.Email.ID)
		second := sendMail(t, s, w, w.Email.ID)

		one := chat.ReadReplyToken(first.Payload.ReplyTo)
		two := chat.ReadReplyToken(second.Payload.ReplyTo)

		require.NotEmpty(t, one)
		require.NotEmpty(t, two)
		assert.NotEqual(t, one, two)

		for name, c := range map[string]struct {
			from  string
			token chat.ReplyToken
			trust chat.Trust
		}{
			"hers, from her address":     {"ana@example.com", one, chat.TrustToken},
			"hers, from somebody else's": {"eve@example.org", one, chat.TrustNone},
			"nobody's":                   {"ana@example.com", chat.NewReplyToken(), chat.TrustNone},
		} {
			in := newMail(c.from, name)
			in.Trust = chat.TrustNone
			in.ReplyTokens = []string{c.token.Hash()}
			a := receiveInbound(t, s, in, clock.now)
			require.Equal(t, w.Email.ID == a.ChatID, c.from == "ana@example.com" || c.token == one, name)
			assert.Equal(t, c.trust, messagesOf(t, s, w, a.ChatID)[0].Trust, name)
			assert.NotNil(t, messagesOf(t, s, w, a.ChatID)[0].MemberID, name)
		}
	})
}

// What nothing speaks for is never a manager's: it is kept under the address with a mark, and asks
// for a response.
func TestAnUnverifiedMailIsNoManagers(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		boss := dbtest.NewPerson("The Boss", "", "boss@example.com")
		boss.Role = chat.RoleManager
		boss, err := s.CreateMember(t.Context(), w.Workspace, chat.Actor{}, boss)
		require.NoError(t, err)

		genuine := receiveInbound(t, s, newMail("boss@example.com", "it is me"), clock.now)
		assert.Equal(t, boss.ID, *messagesOf(t, s, w, genuine.ChatID)[0].MemberID)

		for _, trust := range []chat.Trust{"", chat.TrustNone, chat.TrustNamed, chat.TrustDoubtful} {
			forged := newMail("Boss@example.com", "transfer the money")
			forged.FromName = "The Boss"
			forged.Trust = trust
			a := receiveInbound(t, s, forged, clock.forward(time.Minute))
			require.NotContains(t, []chat.ChatID{0, genuine.ChatID}, a.ChatID, "kept, in another chat")

			message := messagesOf(t, s, w, a.ChatID)[0]
			assert.Equal(t, "transfer the money", message.Content)
			assert.False(t, message.Trust.HasAuthority())
			require.NotNil(t, message.MemberID)

			author, err := s.Member(t.Context(), w.Workspace, *message.MemberID)
			require.NoError(t, err)
			assert.Equal(t, []any{"Boss@example.com (unverified)", "", chat.RoleUser},
				[]any{author.Name, author.Email, author.Role})

			c, err := s.Chat(t.Context(), w.Workspace, a.ChatID)
			require.NoError(t, err)
			assert.True(t, c.NeedsResponse)
		}

		// In a chat that headers name, it is there, and not the manager's.
		there := newMail("ana@example.com", "hello")
		receiveInbound(t, s, there, clock.now)

		forged := newMail("boss@example.com", "refund her")
		forged.Trust = chat.TrustNone
		forged.References = []string{there.EmailMessageID}
		a := receiveInbound(t, s, forged, clock.forward(time.Minute))
		assert.Equal(t, w.Email.ID, a.ChatID)
		assert.NotEqual(t, boss.ID, *messagesOf(t, s, w, w.Email.ID)[0].MemberID)
	})
}

// Whoever asks for less needs no proof; whoever asks for more does.
func TestAnUnverifiedMailLoosensNoConsent(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		count := func() int {
			list, err := s.Suppressions(t.Context(), w.Workspace, chat.SuppressionFilter{Page: pageOfTen()})
			require.NoError(t, err)

			return len(list.Items)
		}

		stop := newMail("ana@example.com", "STOP")
		stop.Keyword = chat.KeywordStop
		stop.Trust = chat.TrustNone
		receiveInbound(t, s, stop, clock.now)
		assert.Equal(t, 1, count(), "who is strict needs no proof")

		for trust, want := range map[chat.Trust]int{chat.TrustNone: 1, chat.TrustNamed: 1} {
			start := newMail("ana@example.com", "START")
			start.Keyword = chat.KeywordStart
			start.Trust = trust
			receiveInbound(t, s, start, clock.forward(time.Minute))
			assert.Equal(t, want, count(), trust)
		}

		start := newMail("ana@example.com", "START")
		start.Keyword = chat.KeywordStart
		receiveInbound(t, s, start, clock.forward(time.Minute))
		assert.Zero(t, count(), "it is hers")
	})
}

// A token that somebody's mail names is shown nowhere.
func TestTokensAreNotKeptInWhatIsShown(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		token := chat.ReadReplyToken(sendMail(t, s, w, w.Email.ID).Payload.ReplyTo)
		address := token.Address("in.example.com")

		in := newMail("ana@example.com", "I answer, to "+address)
		in.Original = "I answer\n> To: <" + address + ">"
		in.Subject = "Re: " + address
		in.To = []string{address, "support@example.com"}
		in.Delivered = []string{address}
		in.ReplyTokens = []string{token.Hash()}
		a := receiveInbound(t, s, in, clock.now)

		message := messagesOf(t, s, w, a.ChatID)[0]
		assert.Equal(t, "I answer, to reply@in.example.com", message.Content)
		assert.NotContains(t, message.Original, token)

		list, err := s.Inbound(t.Context(), w.Workspace, chat.InboundFilter{Page: pageOfTen()})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)
		assert.Equal(t, chat.TrustToken, list.Items[0].Trust)
		assert.Equal(t, []string{"reply@in.example.com", "support@example.com"}, list.Items[0].To)
		assert.NotContains(t, list.Items[0].Subject, token)
	})
}

// An address for answers as they were before there were tokens leads to the inbox, and shows nothing.
func TestAnOldReplyAddressLeadsToTheInbox(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		d := sendMail(t, s, w, w.Email.ID)
		old := "Reply+" + strings.ReplaceAll(string(d.MessageID), "-", "") + "@in.example.com"

		for from, sameChat := range map[string]bool{"ana@example.com": true, "eve@example.org": false} {
			in := newMail(from, "I answer")
			in.To = []string{old}
			in.Trust = chat.TrustNone
			a := receiveInbound(t, s, in, clock.forward(time.Minute))
			require.NotZero(t, a.ChatID, "it is no orphan")
			assert.Equal(t, sameChat, a.ChatID == w.Email.ID, from)
			assert.Equal(t, chat.TrustNone, messagesOf(t, s, w, a.ChatID)[0].Trust, from)
		}

		nobodys := newMail("ana@example.com", "I answer")
		nobodys.To = []string{"reply+" + strings.Repeat("0", 32) + "@in.example.com"}
		assert.Zero(t, receiveInbound(t, s, nobodys, clock.now).ChatID)
	})
}

// A code is not found by trying, and an attempt does not end the question.
func TestManyWrongCodesLockAQuestion(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		cem := a.contributor("Cem", "+14155550133", "")
		in := a.question()
		in.Confirm = true
		r := a.open(in)
		a.ask(&r, 0, chat.TurnQuestion)

		var code string

		q := s.Bun().NewRaw("SELECT code FROM contributor_asks WHERE workspace_id = ? AND id = ?", a.w.Workspace, r.Questions[0].ID)
		require.NoError(t, q.Scan(t.Context(), &code))
		require.Len(t, code, 6)

		wrong := "000000"
		if code == wrong {
			wrong = "000001"
		}

		says := func(words string) chat.ContributorQuestion {
			receiveInbound(t, s, newText(cem.Phone, words), a.now)
			return a.read(r.ID).Questions[0]
		}

		assert.Zero(t, says("yes").WrongCodes, "without a code it is no attempt")

		for attempt := 1; attempt <= 10; attempt++ {
			got := says(wrong + " " + code + " yes")
			require.Equal(t, []any{attempt, chat.QuestionUnreadable}, []any{got.WrongCodes, got.State})
		}

		got := says(code + " yes")
		assert.Equal(t, []any{10, chat.QuestionUnreadable}, []any{got.WrongCodes, got.State}, "the right one is late")
		assert.Contains(t, got.Why, "through the API")

		c, err := s.Chat(t.Context(), a.w.Workspace, a.chat)
		require.NoError(t, err)
		assert.True(t, c.NeedsResponse)

		answered, err := a.answer(r.ID, chat.ContributorAnswer{
			MessageID: uuidv7.New[chat.MessageID](),
			MemberID:  cem.ID,
			Answer:    []byte("true"),
			Text:      "yes",
		})
		require.NoError(t, err)
		assert.Equal(t, chat.RequestAnswered, answered.State)
	})
}

// A summary reads who is said to have written a mail that nothing speaks for, with a mark.
func TestASummaryMarksUnverifiedSpeakers(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()

		genuine := receiveInbound(t, s, newMail("ana@example.com", "one"), clock.now)
		forged := newMail("ana@example.com", "two")
		forged.Trust = chat.TrustNone
		receiveInbound(t, s, forged, clock.forward(time.Minute))

		reading, err := s.Reading(t.Context(), chat.SummaryPart{
			SummaryStep: chat.SummaryStep{WorkspaceID: w.Workspace, ChatID: genuine.ChatID},
			Messages:    chat.MessageRange{From: 1, To: 100},
		})
		require.NoError(t, err)
		require.Len(t, reading.Messages, 2)
		assert.Equal(t, reading.Messages[0].Speaker+" (unverified)", reading.Messages[1].Speaker)
	})
}
