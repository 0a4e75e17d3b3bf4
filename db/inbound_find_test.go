package db_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// newEmailChat opens another chat of the customer with the inbox.
func newEmailChat(t *testing.T, s *db.Store, w *dbtest.World, title string) chat.Chat {
	t.Helper()
	c, err := s.CreateChat(t.Context(), w.Workspace, w.By, chat.NewChat{
		Channel:           chat.ChannelEmail,
		MemberID:          w.Customer.ID,
		AssistantMemberID: &w.Assistant.ID,
		InboxID:           &w.Inbox.ID,
		Title:             title,
	})
	require.NoError(t, err)

	return c
}

func TestTheThreadRootIsReadBack(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		newest := newEmailChat(t, s, w, "Invoice 9")
		root := chat.ThreadRoot(w.Email.ID, "example.com")

		in := newMail("ana@example.com", "still broken")
		in.References = []string{"<DB7PR01@prod.example>", root}
		assert.Equal(t, w.Email.ID, receiveInbound(t, s, in, clock.now).ChatID)

		in = newMail("ana@example.com", "another domain's chat")
		in.References = []string{chat.ThreadRoot(w.Email.ID, "partner.example")}
		in.Subject = newest.Title
		assert.Equal(t, newest.ID, receiveInbound(t, s, in, clock.now).ChatID)

		stranger := newMail("mallory@example.net", "let me in")
		stranger.References = []string{root}
		opened := receiveInbound(t, s, stranger, clock.now).ChatID
		assert.NotContains(t, []chat.ChatID{w.Email.ID, newest.ID}, opened, "roots can be guessed")

		other := dbtest.Seed(t, s)
		foreign := newMail("ana@example.com", "of another workspace")
		foreign.References = []string{chat.ThreadRoot(other.Email.ID, "example.com")}
		foreign.Subject = newest.Title
		assert.Equal(t, newest.ID, receiveInbound(t, s, foreign, clock.now).ChatID)
	})
}

func TestTheThreadRootGoesBeforeReferences(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		other := newEmailChat(t, s, w, "Invoice 9")

		misfiled := newMail("ana@example.com", "it was put into the wrong chat")
		misfiled.Subject = other.Title
		require.Equal(t, other.ID, receiveInbound(t, s, misfiled, clock.now).ChatID)

		in := newMail("ana@example.com", "once more")
		in.References = []string{misfiled.EmailMessageID, chat.ThreadRoot(w.Email.ID, "example.com")}
		assert.Equal(t, w.Email.ID, receiveInbound(t, s, in, clock.now).ChatID)
	})
}

func TestAReferenceIsFoundBehindManyOthers(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		first := newMail("ana@example.com", "the lamp is broken")
		require.Equal(t, w.Email.ID, receiveInbound(t, s, first, clock.now).ChatID)

		newest := newEmailChat(t, s, w, "Invoice 9")
		second := newMail("ana@example.com", "the invoice")
		second.Subject = newest.Title
		require.Equal(t, newest.ID, receiveInbound(t, s, second, clock.forward(time.Second)).ChatID)

		in := newMail("ana@example.com", "and now?")
		in.Subject = "Re: something else"

		for i := range 60 {
			in.References = append(in.References, fmt.Sprintf("<%d@foreign.example>", i))
		}

		in.References = append(in.References, first.EmailMessageID, second.EmailMessageID)
		assert.Equal(t, w.Email.ID, receiveInbound(t, s, in, clock.now).ChatID, "the nearest of ours")
	})
}

func TestTheSubjectTellsChatsApart(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		leak := newEmailChat(t, s, w, "Leaking boiler")
		invoice := newEmailChat(t, s, w, "Invoice 9")
		archived := chat.StateArchived
		_, err := s.UpdateChat(t.Context(), w.Workspace, w.By, w.Email.ID, chat.ChatPatch{State: &archived})
		require.NoError(t, err)

		touch := newMail("ana@example.com", "the invoice is wrong")
		touch.Subject = "Invoice 9"
		require.Equal(t, invoice.ID, receiveInbound(t, s, touch, clock.forward(time.Second)).ChatID)

		for _, subject := range []string{
			"Re: Leaking boiler",
			"AW: RE: leaking  Boiler",
			"[EXTERN] Fwd: Leaking boiler",
		} {
			in := newMail("ana@example.com", "it still leaks: "+subject)
			in.Subject = subject
			assert.Equal(t, leak.ID, receiveInbound(t, s, in, clock.forward(time.Second)).ChatID, subject)
		}

		// A title is made anew; the subject of the mails stays.
		_, err = s.UpdateChat(t.Context(), w.Workspace, w.By, leak.ID, chat.ChatPatch{Title: new("A pipe")})
		require.NoError(t, err)

		touch.Key, touch.EmailMessageID, touch.Text = "again", "<again@x.example>", "still wrong"
		require.Equal(t, invoice.ID, receiveInbound(t, s, touch, clock.forward(time.Second)).ChatID)

		in := newMail("ana@example.com", "and leaks")
		in.Subject = "Re: Leaking boiler"
		assert.Equal(t, leak.ID, receiveInbound(t, s, in, clock.forward(time.Second)).ChatID)

		in = newMail("ana@example.com", "no subject that is known")
		in.Subject = "Something new"
		assert.Equal(t, leak.ID, receiveInbound(t, s, in, clock.now).ChatID, "else the newest")
	})
}

func TestOneMailForTwoInboxes(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sales, err := s.CreateInbox(t.Context(), w.Workspace, w.By, chat.Inbox{Address: "sales@example.com"})
		require.NoError(t, err)

		in := newMail("ana@example.com", "an offer, and the invoice")
		in.To = []string{"Sales+now@example.com", "support@example.com"}
		in.Delivered = in.To
		a := receiveInbound(t, s, in, clock.now)
		require.Len(t, a.Others, 1)

		chats := map[chat.InboxID]chat.ChatID{}

		for _, id := range []chat.ChatID{a.ChatID, a.Others[0].ChatID} {
			c, err := s.Chat(t.Context(), w.Workspace, id)
			require.NoError(t, err)
			require.NotNil(t, c.InboxID)
			chats[*c.InboxID] = id
			assert.Len(t, messagesOf(t, s, w, id), 1)
		}

		assert.Equal(t, w.Email.ID, chats[w.Inbox.ID])
		assert.NotZero(t, chats[sales.ID])

		again := receiveInbound(t, s, in, clock.now)
		assert.True(t, again.Repeated)
		require.Len(t, again.Others, 1)
		assert.True(t, again.Others[0].Repeated)

		// Mail servers may hand it over once for each address.
		split := newMail("ana@example.com", "once for each")
		split.To = []string{"support@example.com", "sales@example.com"}

		for _, to := range split.To {
			split.Delivered = []string{to}
			receiveInbound(t, s, split, clock.now)
			receiveInbound(t, s, split, clock.now)
		}

		assert.Len(t, messagesOf(t, s, w, chats[w.Inbox.ID]), 2)
		assert.Len(t, messagesOf(t, s, w, chats[sales.ID]), 2)
	})
}

// A contact form may write from any inbox of ours: two who filled it in are two, and are answered
// themselves.
func TestAFormThatWritesFromAnInboxOfOursIsItsAuthors(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		_, err := s.CreateInbox(t.Context(), w.Workspace, w.By, chat.Inbox{Address: "sales@example.com"})
		require.NoError(t, err)

		writers := map[chat.MemberID]string{}

		for _, person := range []string{"rosa@customers.example", "Ben@customers.example"} {
			in := newMail("Sales@example.com", "I am "+person)
			in.AnswersTo = person
			c, err := s.Chat(t.Context(), w.Workspace, receiveInbound(t, s, in, clock.now).ChatID)
			require.NoError(t, err)
			m, err := s.Member(t.Context(), w.Workspace, c.MemberID)
			require.NoError(t, err)

			writers[m.ID] = m.Email
		}

		require.Len(t, writers, 2)
		assert.Contains(t, slices.Collect(maps.Values(writers)), "rosa@customers.example")

		// A person who wants answers elsewhere is no form, and neither are two inboxes of ours.
		for from, answersTo := range map[string]string{
			"ana@example.com":   "ana@home.example",
			"sales@example.com": "support+x@example.com",
		} {
			in := newMail(from, "from "+from)
			in.AnswersTo = answersTo
			m := messagesOf(t, s, w, receiveInbound(t, s, in, clock.now).ChatID)
			author, err := s.Member(t.Context(), w.Workspace, *m[0].MemberID)
			require.NoError(t, err)
			assert.Equal(t, from, author.Email)
		}
	})
}

func TestWhoAnswersAllIsHeardOnce(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		answered := w.Prepare(t, s, w.Email.ID, "hi")

		in := newMail("ana@example.com", "thank you all")
		in.To = []string{"reply+x@in.example.com", "support@example.com"}
		in.Delivered = in.To
		in.ReplyTokens = tokensOf(t, s, answered.MessageID)
		a := receiveInbound(t, s, in, clock.now)
		assert.Equal(t, w.Email.ID, a.ChatID)
		assert.Empty(t, a.Others)
	})
}

func TestAnAnswerToAnArchivedChatIsKept(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		answered := w.Prepare(t, s, w.Email.ID, "hi")
		archived := chat.StateArchived
		_, err := s.UpdateChat(t.Context(), w.Workspace, w.By, w.Email.ID, chat.ChatPatch{State: &archived})
		require.NoError(t, err)

		in := newMail("ana@example.com", "one more thing")
		in.To, in.ReplyTokens = []string{"reply@in.example.com"}, tokensOf(t, s, answered.MessageID)
		a := receiveInbound(t, s, in, clock.now)
		assert.NotContains(t, []chat.ChatID{0, w.Email.ID}, a.ChatID)

		c, err := s.Chat(t.Context(), w.Workspace, a.ChatID)
		require.NoError(t, err)
		assert.Equal(t, []any{w.Inbox.ID, true}, []any{*c.InboxID, c.NeedsResponse})
	})
}

func TestTheChatsOwnMemberIsTheAuthor(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		const shared = "+14155550188"

		var members []chat.MemberID

		for _, name := range []string{"Older", "Younger"} {
			m, err := s.CreateMember(t.Context(), w.Workspace, w.By, chat.Member{
				Kind: chat.KindPerson,
				Role: chat.RoleUser,
				Name: name,
			})
			require.NoError(t, err)

			// Members may share an address from before it was refused.
			_, err = s.Bun().ExecContext(t.Context(), "UPDATE members SET phone = ? WHERE id = ?", shared, m.ID)
			require.NoError(t, err)

			members = append(members, m.ID)
		}

		c, err := s.CreateChat(t.Context(), w.Workspace, w.By, chat.NewChat{
			Channel:       chat.ChannelSMS,
			MemberID:      members[1],
			PhoneNumberID: &w.PhoneNumber.ID,
		})
		require.NoError(t, err)

		a := receiveInbound(t, s, newText(shared, "it is me"), clock.now)
		assert.Equal(t, c.ID, a.ChatID)
		assert.Equal(t, members[1], *messagesOf(t, s, w, c.ID)[0].MemberID)
	})
}

func TestASenderWithoutANumberIsFoundAgain(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()

		for _, from := range []string{"SUPPORT", "72345"} {
			first := receiveInbound(t, s, newText(from, "your code is 1"), clock.now)
			second := receiveInbound(t, s, newText(from, "your code is 2"), clock.now)
			assert.NotZero(t, first.ChatID)
			assert.Equal(t, first.ChatID, second.ChatID)

			c, err := s.Chat(t.Context(), w.Workspace, first.ChatID)
			require.NoError(t, err)

			m, err := s.UpdateMember(t.Context(), w.Workspace, w.By, c.MemberID, chat.MemberPatch{Name: new("Bank")})
			require.NoError(t, err, "it can be changed")
			assert.Equal(t, []string{"", from, "Bank"}, []string{m.Phone, m.SenderName, m.Name})
			assert.Equal(t, first.ChatID, receiveInbound(t, s, newText(from, "your code is 3"), clock.now).ChatID)
		}
	})
}

// newService enters a messaging service, and opens a chat of the customer with it.
func newService(t *testing.T, s *db.Store, w *dbtest.World) (service chat.PhoneNumber, c chat.Chat) {
	t.Helper()
	service, err := s.CreatePhoneNumber(t.Context(), w.Workspace, w.By, chat.PhoneNumber{
		MessagingServiceSID: "MG0123456789abcdef0123456789abcdef",
	})
	require.NoError(t, err)

	c, err = s.CreateChat(t.Context(), w.Workspace, w.By, chat.NewChat{
		Channel:           chat.ChannelSMS,
		MemberID:          w.Customer.ID,
		AssistantMemberID: &w.Assistant.ID,
		PhoneNumberID:     &service.ID,
	})
	require.NoError(t, err)

	return service, c
}

func TestAMessagingServiceGoesBeforeItsNumber(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		service, c := newService(t, s, w)

		in := newText("+14155550123", "yes, please")
		in.ServiceSID = service.MessagingServiceSID
		assert.Equal(t, c.ID, receiveInbound(t, s, in, clock.now).ChatID)

		waiting := w.Prepare(t, s, c.ID, "one")
		alsoWaiting := w.Prepare(t, s, w.SMS.ID, "two")
		stop := newText("+14155550123", "STOP")
		stop.Keyword, stop.ServiceSID = chat.KeywordStop, service.MessagingServiceSID
		a := receiveInbound(t, s, stop, clock.now)
		assert.Equal(t, c.ID, a.ChatID)

		assert.ElementsMatch(t, []string{
			chat.ActionWorkflowID(w.Workspace, waiting.ActionID),
			chat.ActionWorkflowID(w.Workspace, alsoWaiting.ActionID),
		}, a.Stopped)

		for _, id := range []chat.ChatID{c.ID, w.SMS.ID} {
			_, err := s.PrepareSend(t.Context(), w.Send(id, "hi"), dbtest.SendIDs(), dbtest.PlanText("hi"))
			requireCode(t, chat.CodeRecipientOptedOut, err)
		}

		start := newText("+14155550123", "START")
		start.Keyword, start.ServiceSID = chat.KeywordStart, service.MessagingServiceSID
		receiveInbound(t, s, start, clock.now)
		w.Prepare(t, s, c.ID, "hi")
		w.Prepare(t, s, w.SMS.ID, "hi")
	})
}

func TestAChatWithANumberOfAServicesPoolGoesOn(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		service, err := s.CreatePhoneNumber(t.Context(), w.Workspace, w.By, chat.PhoneNumber{
			MessagingServiceSID: "MG0123456789abcdef0123456789abcdef",
		})
		require.NoError(t, err)

		in := newText("+14155550123", "my chat is with the number")
		in.ServiceSID = service.MessagingServiceSID
		assert.Equal(t, w.SMS.ID, receiveInbound(t, s, in, clock.now).ChatID)
	})
}

func TestLoopsAreFoundByCounting(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()

		attention := func() int64 {
			c, err := s.Chat(t.Context(), w.Workspace, w.Email.ID)
			require.NoError(t, err)

			return c.Attention
		}

		group := func(text string) chat.AutomaticReason {
			in := newMail("ana@example.com", text)
			in.LooksAutomatic = true
			require.Equal(t, w.Email.ID, receiveInbound(t, s, in, clock.forward(time.Minute)).ChatID)

			return messagesOf(t, s, w, w.Email.ID)[0].Automatic
		}

		for i := range chat.LoopLimit {
			assert.Empty(t, group(fmt.Sprintf("ping %d", i)), "a weak sign alone marks nothing")
		}

		assert.Equal(t, int64(chat.LoopLimit), attention())
		assert.Equal(t, chat.AutomaticLoop, group("ping 6"))
		assert.Equal(t, int64(chat.LoopLimit), attention(), "the loop asks for no response")

		person := newMail("ana@example.com", "a question of my own")
		receiveInbound(t, s, person, clock.now)
		assert.Empty(t, messagesOf(t, s, w, w.Email.ID)[0].Automatic, "what does not look automatic is no part of it")

		clock.forward(chat.LoopWithin)
		assert.Empty(t, group("ping 7"), "an hour later")
	})
}

func TestTheSameTextAgainAndAgainIsALoop(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()

		var marked []chat.AutomaticReason

		for range chat.LoopLimit + 2 {
			receiveInbound(t, s, newMail("ana@example.com", "We have received your mail."), clock.forward(time.Minute))
			marked = append(marked, messagesOf(t, s, w, w.Email.ID)[0].Automatic)
		}

		assert.Equal(t, chat.AutomaticLoop, marked[len(marked)-1])
		assert.NotContains(t, marked[:chat.LoopLimit], chat.AutomaticLoop)
	})
}

func TestFilesAreToldOnTheMessage(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		in := newText("+14155550123", "look at this")
		picture := chat.File{Type: "image/jpeg", URL: "https://api.twilio.com/media/ME1"}
		in.Files = []chat.File{picture, {Name: "a\x00.pdf", Size: 12}}
		in.Undecoded = "x-unknown"
		receiveInbound(t, s, in, clock.now)

		m := messagesOf(t, s, w, w.SMS.ID)[0]
		assert.Equal(t, []chat.File{picture, {Name: "a.pdf", Size: 12}}, m.Files)
		assert.Equal(t, "x-unknown", m.Undecoded)
	})
}
