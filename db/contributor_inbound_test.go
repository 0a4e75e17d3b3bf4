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
)

// asksByEmail puts a question to somebody who has no phone number.
func asksByEmail(t *testing.T, s *db.Store) (*asking, chat.Member, chat.ContributorRequest, chat.AssistantMessageSent) {
	t.Helper()
	a := newAsking(t, s)
	ben := a.contributor("Ben", "", "Ben@example.com")
	r := a.open(a.question())

	return a, ben, r, a.ask(&r, 0, chat.TurnQuestion)
}

func TestAnAnswerByEmail(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		for name, test := range map[string]struct {
			from   string
			change func(in *chat.Inbound, question chat.AssistantMessageSent)
			// answers, else it is a message of the same chat, or of another one.
			answers, sameChat bool
		}{
			"the address": {"ben@example.com", func(*chat.Inbound, chat.AssistantMessageSent) {}, true, true},
			"the token, from another address": {"b.okri@example.org", func(in *chat.Inbound, q chat.AssistantMessageSent) {
				in.To, in.ReplyTokens = []string{"reply@in.example.com"}, tokensOf(t, s, q.MessageID)
				in.Trust = chat.TrustNone
			}, true, true},
			"a reference": {"ben@example.com", func(in *chat.Inbound, _ chat.AssistantMessageSent) {
				in.References = []string{"<question@handrail.example>"}
			}, true, true},
			"a reference in what was forwarded": {"eve@example.org", func(in *chat.Inbound, _ chat.AssistantMessageSent) {
				in.References = []string{"<question@handrail.example>"}
			}, false, true},
			"a form that names them": {"ben@example.com", func(in *chat.Inbound, _ chat.AssistantMessageSent) {
				in.Via = "form@shop.example"
			}, false, true},
			"the address, which anybody writes": {"ben@example.com", func(in *chat.Inbound, _ chat.AssistantMessageSent) {
				in.Trust = chat.TrustNone
			}, false, true},
			"a reference, which anybody writes": {"ben@example.com", func(in *chat.Inbound, _ chat.AssistantMessageSent) {
				in.References = []string{"<question@handrail.example>"}
				in.Trust = chat.TrustDoubtful
			}, false, true},
			"the message's uuid, which the API shows": {"eve@example.org", func(in *chat.Inbound, q chat.AssistantMessageSent) {
				token := chat.ReplyToken(strings.ReplaceAll(string(q.MessageID), "-", ""))
				in.ReplyTokens = []string{token.Hash(), string(q.MessageID)}
			}, false, false},
			"somebody else": {"eve@example.org", func(*chat.Inbound, chat.AssistantMessageSent) {}, false, false},
			"automatic mail": {"ben@example.com", func(in *chat.Inbound, q chat.AssistantMessageSent) {
				in.Automatic, in.ReplyTokens = chat.AutomaticSubmitted, tokensOf(t, s, q.MessageID)
			}, false, true},
		} {
			a, ben, r, question := asksByEmail(t, s)
			_, err := s.Bun().
				NewRaw("UPDATE messages SET email_message_id = '<question@handrail.example>' WHERE workspace_id = "+
					"? AND id = ?", a.w.Workspace, question.MessageID).
				Exec(t.Context())

			require.NoError(t, err)

			in := newMail(test.from, "yes")
			// The inbox of the oldest workspace would take it: give each its own.
			address := string(a.w.Workspace) + "@example.com"
			a.w.Grant(t, s, address)
			_, err = s.UpdateInbox(t.Context(), a.w.Workspace, a.w.By, a.w.Inbox.ID, chat.InboxPatch{Address: &address})
			require.NoError(t, err)

			in.To = []string{address}
			test.change(&in, question)
			got := receiveInbound(t, s, in, a.now)
			assert.Equal(t, a.w.Workspace, got.WorkspaceID, name)
			assert.Equal(t, test.sameChat, got.ChatID == a.chat, name)

			if !test.answers {
				assert.Equal(t, []any{"", chat.QuestionAsked}, []any{got.Awaited, a.request(r.ID).Questions[0].State}, name)
				continue
			}

			assert.Equal(t, r.WorkflowID, got.Awaited, name)
			message := messagesOf(t, s, a.w, a.chat)[0]
			assert.Equal(t, []any{ben.ID, r.Questions[0].ID}, []any{*message.MemberID, message.AskID}, name)
			assert.Equal(t, chat.RequestAnswered, a.read(r.ID).State, name)
		}
	})
}

func TestQuestionsStayOutOfTheCustomersThread(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		a.in(a.w.Email.ID)

		hers := newMail("ana@example.com", "hello")
		hers.Subject = "Invoice 7"
		receiveInbound(t, s, hers, a.now)
		a.contributor("Ben", "", "ben@example.com")
		r := a.open(a.question())

		facts := func(in chat.SendAssistantMessage) (got chat.SendFacts) {
			_, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), func(f *chat.SendFacts) (chat.SendPlan, error) {
				got = *f
				return dbtest.PlanText("hi")(f)
			})
			require.NoError(t, err)

			return got
		}

		question := facts(a.turn(&r, 0, chat.TurnQuestion))
		assert.Equal(
			t,
			[]any{"", "", 0},
			[]any{question.FirstSubject, question.LastInboundID, len(question.References)},
		)

		reply := newMail("ben@example.com", "perhaps")
		receiveInbound(t, s, reply, a.now)
		hisOwn := receiveInbound(t, s, newMail("eve@example.org", "hi"), a.now)
		assert.NotEqual(t, a.chat, hisOwn.ChatID)
		a.read(r.ID)
		again := facts(a.turn(&r, 0, chat.TurnAgain))
		assert.Equal(
			t,
			[]any{"Ben", reply.EmailMessageID, []string{reply.EmailMessageID}},
			[]any{again.Recipient.Name, again.LastInboundID, again.References},
		)

		next := facts(a.w.Send(a.chat, "hi"))
		assert.Equal(
			t,
			[]any{a.w.Customer.ID, hers.Subject, hers.EmailMessageID},
			[]any{next.Recipient.ID, next.FirstSubject, next.LastInboundID},
		)
	})
}

func TestAContributorSaysStop(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		priya := a.contributor("Priya", priyasPhone, "")
		r := a.open(a.question())
		asked := a.ask(&r, 0, chat.TurnQuestion)
		help := newText(priya.Phone, "HELP")
		help.Keyword = chat.KeywordHelp
		got := receiveInbound(t, s, help, a.now)
		assert.Equal(t, []any{a.chat, ""}, []any{got.ChatID, got.Awaited}, "carriers answer it")
		assert.Equal(t, chat.QuestionAsked, a.request(r.ID).Questions[0].State)

		stop := newText(priya.Phone, "STOP")
		stop.Keyword = chat.KeywordStop
		got = receiveInbound(t, s, stop, a.now)
		assert.Equal(
			t,
			[]any{r.WorkflowID, []string{chat.ActionWorkflowID(a.w.Workspace, asked.ActionID)}},
			[]any{got.Awaited, got.Stopped},
		)

		ended := a.request(r.ID)
		assert.Equal(t, []any{chat.RequestFailed, chat.QuestionFailed}, []any{ended.State, ended.Questions[0].State})

		call, action := a.call()
		assert.Equal(t, []any{chat.ToolCallFailed, chat.ActionRunning}, []any{call.State, action})
		list, err := s.Suppressions(t.Context(), a.w.Workspace, chat.SuppressionFilter{Page: pageOfTen()})
		require.NoError(t, err)
		assert.Len(t, list.Items, 1)
	})
}

func TestWhatComesAfterAnAnswer(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		priya := a.contributor("Priya", priyasPhone, "")
		r := a.open(a.question())
		a.ask(&r, 0, chat.TurnQuestion)
		receiveInbound(t, s, newText(priya.Phone, "wait"), a.now)
		receiveInbound(t, s, newText(priya.Phone, "yes"), a.now)
		assert.Equal(t, chat.RequestAnswered, a.read(r.ID).State, "the newest reply counts")
		late := receiveInbound(t, s, newText(priya.Phone, "I bring a friend"), a.forward(time.Hour))
		assert.Equal(t, []any{a.chat, ""}, []any{late.ChatID, late.Awaited})
		message := messagesOf(t, s, a.w, a.chat)[0]
		assert.Equal(t, []any{priya.ID, "I bring a friend"}, []any{*message.MemberID, message.Content})
		assert.True(t, a.inChat().NeedsResponse)

		archived := chat.StateArchived
		_, err := s.UpdateChat(t.Context(), a.w.Workspace, a.w.By, a.chat, chat.ChatPatch{State: &archived})
		require.NoError(t, err)
		own := receiveInbound(t, s, newText(priya.Phone, "a matter of mine"), a.now)
		assert.NotEqual(t, a.chat, own.ChatID)

		open := chat.StateOpen
		_, err = s.UpdateChat(t.Context(), a.w.Workspace, a.w.By, a.chat, chat.ChatPatch{State: &open})
		require.NoError(t, err)

		assert.Equal(
			t,
			own.ChatID,
			receiveInbound(t, s, newText(priya.Phone, "and more"), a.now).ChatID,
			"who has a chat of their own writes there",
		)
	})
}
