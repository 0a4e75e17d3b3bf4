package db_test

import (
	"encoding/json"
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

type requestStates = []chat.ContributorRequestState

// asking is a send in the customer's SMS chat whose tool call asks contributors.
type asking struct {
	t *testing.T
	s *db.Store
	w *dbtest.World
	*clock

	chat chat.ChatID
	sent chat.AssistantMessageSent
}

// newAsking makes a world with a send, whose chat has no contributors yet.
func newAsking(t *testing.T, s *db.Store) *asking {
	t.Helper()

	a := &asking{
		t:     t,
		s:     s,
		w:     dbtest.Seed(t, s),
		clock: newClock(),
	}

	a.in(a.w.SMS.ID)

	return a
}

// in makes a send in another chat the one that asks.
func (a *asking) in(id chat.ChatID) {
	a.t.Helper()

	a.chat, a.sent = id, a.w.Prepare(
		a.t,
		a.s,
		id,
		"She comes.",
		chat.ToolCall{ID: "ask", Name: chat.ToolAskContributor},
	)
}

// contributor adds somebody to the chat; "" leaves phone or email out.
func (a *asking) contributor(name, phone, email string) chat.Member {
	a.t.Helper()

	m, err := a.s.CreateMember(a.t.Context(), a.w.Workspace, a.w.By, dbtest.NewPerson(name, phone, email))
	require.NoError(a.t, err)
	a.joins(m)

	return m
}

func (a *asking) joins(m chat.Member) {
	a.t.Helper()

	_, err := a.s.AddParticipant(a.t.Context(), chat.AddParticipant{
		Request: a.w.Request(
			a.chat,
		), NewParticipant: chat.NewParticipant{MemberID: m.ID, Role: chat.ParticipantContributor},
	})
	require.NoError(a.t, err)
}

// question is a request to everybody that waits for a yes or no from anybody.
func (a *asking) question() chat.NewContributorRequest {
	id := uuidv7.New[chat.ContributorRequestID]()

	return chat.NewContributorRequest{
		ToolStep:      chat.ToolStep{WorkspaceID: a.w.Workspace, ActionID: a.sent.ActionID},
		ID:            id,
		Question:      "Can you come?",
		Hint:          "Please answer yes or no.",
		Expects:       json.RawMessage(`{"type":"boolean"}`),
		Require:       "any",
		Wait:          true,
		Reminders:     1,
		Within:        24 * time.Hour,
		NewQuestionID: uuidv7.New[string],
		WorkflowID:    chat.ContributorWorkflowID(a.w.Workspace, id),
	}
}

func (a *asking) open(in chat.NewContributorRequest) chat.ContributorRequest {
	a.t.Helper()
	r, err := a.s.OpenRequest(a.t.Context(), in, a.now)
	require.NoError(a.t, err)

	return r
}

// turn is a send that puts a question.
func (a *asking) turn(r *chat.ContributorRequest, ask int, turn chat.QuestionTurn) chat.SendAssistantMessage {
	in := a.w.Send(r.ChatID, r.Text(turn, &r.Questions[ask]))
	in.Question = &chat.QuestionStep{RequestID: r.ID, QuestionID: r.Questions[ask].ID, Turn: turn}

	return in
}

func (a *asking) ask(r *chat.ContributorRequest, ask int, turn chat.QuestionTurn) chat.AssistantMessageSent {
	a.t.Helper()
	sent, err := a.tryAsk(r, ask, turn)
	require.NoError(a.t, err)

	return sent
}

func (a *asking) tryAsk(r *chat.ContributorRequest, ask int, turn chat.QuestionTurn) (chat.AssistantMessageSent, error) {
	return a.s.PrepareSend(a.t.Context(), a.turn(r, ask, turn), dbtest.SendIDs(), dbtest.PlanText(r.Text(turn, &r.Questions[ask])))
}

func (a *asking) request(id chat.ContributorRequestID) chat.ContributorRequest {
	a.t.Helper()
	r, err := a.s.ContributorRequest(a.t.Context(), a.w.Workspace, id)
	require.NoError(a.t, err)

	return r
}

// read reads the replies: yes and no.
func (a *asking) read(id chat.ContributorRequestID) chat.ContributorRequest {
	a.t.Helper()
	r, err := a.s.ReadReplies(a.t.Context(), a.w.Workspace, id, yesOrNo, a.now)
	require.NoError(a.t, err)

	return r
}

func yesOrNo(_ *chat.ContributorRequest, _ *chat.ContributorQuestion, text string) (json.RawMessage, error) {
	switch strings.ToLower(text) {
	case "yes":
		return json.RawMessage(`true`), nil
	case "no":
		return json.RawMessage(`false`), nil
	}

	return nil, chat.Errorf(chat.CodeInvalidAnswer, "it is neither yes nor no")
}

// call is the tool call that asks, with the state of its action.
func (a *asking) call() (chat.ToolCall, chat.ActionState) {
	a.t.Helper()
	sent, err := a.s.SentMessage(a.t.Context(), a.w.Workspace, a.sent.ActionID)
	require.NoError(a.t, err)
	action, err := a.s.Action(a.t.Context(), a.w.Workspace, a.sent.ActionID)
	require.NoError(a.t, err)

	return sent.ToolCalls[0], action.State
}

func (a *asking) inChat() chat.Chat {
	a.t.Helper()
	c, err := a.s.Chat(a.t.Context(), a.w.Workspace, a.chat)
	require.NoError(a.t, err)

	return c
}

const priyasPhone, bensPhone = "+14155550188", "+14155550189"

func TestOpenRequest(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		priya, ben := a.contributor("Priya", priyasPhone, "priya@example.com"), a.contributor(
			"Ben",
			"",
			"Ben@example.com",
		)

		nobody := a.contributor("Nora", "", "")
		in := a.question()
		r := a.open(in)
		assert.Equal(
			t,
			[]any{
				in.ID,
				a.chat,
				a.sent.ActionID,
				"ask",
				0,
				a.w.Manager.ID,
				chat.RequestOpen,
				a.now.Add(24 * time.Hour),
				in.WorkflowID,
			},
			[]any{r.ID, r.ChatID, r.ActionID, r.CallID, r.Index, r.RequestedBy, r.State, r.Deadline, r.WorkflowID},
		)

		require.Len(t, r.Questions, 3)

		question := r.Questions[0]
		number, inbox := a.w.PhoneNumber.Scope(), a.w.Inbox.Scope()
		assert.Equal(t, []any{priya.ID, "Priya", chat.ChannelSMS, number, chat.QuestionPending},
			[]any{question.MemberID, question.MemberName, question.Channel, question.Sender, question.State})

		assert.Equal(t, []any{ben.ID, chat.ChannelEmail, inbox, chat.QuestionPending},
			[]any{r.Questions[1].MemberID, r.Questions[1].Channel, r.Questions[1].Sender, r.Questions[1].State})

		assert.Equal(t, []any{nobody.ID, chat.QuestionFailed}, []any{r.Questions[2].MemberID, r.Questions[2].State})
		assert.Contains(t, r.Questions[2].Why, "no phone number")
		assert.Contains(t, r.Questions[2].Why, "no email address")

		call, action := a.call()
		assert.Equal(t, []any{chat.ToolCallWaiting, chat.ActionParked}, []any{call.State, action})

		again := in
		again.ID, again.WorkflowID = "another", "another"
		assert.Equal(t, r, a.open(again), "a call opens one request")
		assert.Equal(t, r, a.request(r.ID))
	})
}

func TestOpenRequestWithoutWaiting(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		a.contributor("Priya", priyasPhone, "")
		in := a.question()
		in.Wait = false
		r := a.open(in)
		call, action := a.call()
		assert.Equal(t, []any{chat.ToolCallSucceeded, chat.ActionRunning}, []any{call.State, action})
		assert.JSONEq(t, `{"contributor_request_id":"`+string(r.ID)+`","state":"open"}`, string(call.Result))
	})
}

func TestWhoCanBeAsked(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		refused := func(in chat.NewContributorRequest, says string) {
			t.Helper()
			_, err := s.OpenRequest(t.Context(), in, a.now)
			requireCode(t, chat.CodeInvalidToolArguments, err)
			assert.Equal(t, "tool_calls[0].arguments.contributor_id", chat.AsError(err).Fields[0].Field)
			assert.Contains(t, err.Error(), says)
		}

		refused(a.question(), "contributor of this chat")
		muted := a.contributor("Mute", "+14155550170", "")
		off := false
		_, err := s.UpdateMember(
			t.Context(),
			a.w.Workspace,
			a.w.By,
			muted.ID,
			chat.MemberPatch{NotificationsEnabled: &off},
		)
		require.NoError(t, err)
		refused(a.question(), "notifications are disabled")
		call, action := a.call()
		assert.Equal(
			t,
			[]any{chat.ToolCallPending, chat.ActionRunning},
			[]any{call.State, action},
			"nothing has happened",
		)

		stopped := a.contributor("Stan", "+14155550171", "")
		stop := newText("+14155550171", "STOP")
		stop.Keyword = chat.KeywordStop
		receiveInbound(t, s, stop, a.now)
		in := a.question()
		in.ContributorID = stopped.ID
		refused(in, "opted out")
		in.ContributorID = a.w.Customer.ID
		refused(in, "contributor of this chat")

		_, err = s.UpdateMember(t.Context(), a.w.Workspace, a.w.By, stopped.ID, chat.MemberPatch{Phone: new("")})
		require.NoError(t, err, "a number is one member's, and now Priya's")

		priya := a.contributor("Priya", "+14155550171", "priya@example.com")
		in.ContributorID = priya.ID
		r := a.open(in)
		require.Len(t, r.Questions, 1)
		assert.Equal(t, chat.ChannelEmail, r.Questions[0].Channel, "the number is on the list of those who want no SMS")
	})
}

func TestAnAnswerOfAllWithoutOneOfThem(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		a.contributor("Priya", priyasPhone, "")
		a.contributor("Nora", "", "")
		in := a.question()
		in.Require = chat.ContributorRequireAll
		r := a.open(in)
		assert.Equal(t, []any{chat.RequestFailed, chat.QuestionClosed}, []any{r.State, r.Questions[0].State})

		call, action := a.call()
		assert.Equal(t, []any{chat.ToolCallFailed, "contributor_not_answered", r.Note, chat.ActionRunning},
			[]any{call.State, call.ErrorCode, call.Error, action})
	})
}

func TestPutAQuestion(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		priya := a.contributor("Priya", priyasPhone, "")
		r := a.open(a.question())
		asked := a.ask(&r, 0, chat.TurnQuestion)
		d, err := s.Delivery(t.Context(), a.w.Workspace, asked.DeliveryID)
		require.NoError(t, err)
		assert.Equal(t, []any{priya.Phone, a.w.PhoneNumber.Number, chat.ChannelSMS}, []any{d.To, d.From, d.Channel})
		assert.Equal(t, r.Questions[0].ID, messagesOf(t, s, a.w, a.chat)[0].AskID)
		assert.Equal(t, chat.QuestionAsked, a.request(r.ID).Questions[0].State)
		a.ask(&r, 0, chat.TurnReminder)
		_, err = a.tryAsk(&r, 0, chat.TurnAgain)
		requireCode(t, chat.CodeConflict, err)
		_, err = a.tryAsk(&r, 0, chat.TurnQuestion)
		requireCode(t, chat.CodeConflict, err)

		receiveInbound(t, s, newText(priya.Phone, "perhaps"), a.now)

		assert.Equal(
			t,
			[]any{chat.QuestionUnreadable, "it is neither yes nor no"},
			[]any{a.read(r.ID).Questions[0].State, a.request(r.ID).Questions[0].Why},
		)

		phone := "+14155550187"
		_, err = s.UpdateMember(t.Context(), a.w.Workspace, a.w.By, priya.ID, chat.MemberPatch{Phone: &phone})
		require.NoError(t, err)

		again := a.ask(&r, 0, chat.TurnAgain)
		d, err = s.Delivery(t.Context(), a.w.Workspace, again.DeliveryID)
		require.NoError(t, err)
		assert.Equal(t, phone, d.To)

		now := a.request(r.ID).Questions[0]
		assert.Equal(t, chat.QuestionAsked, now.State)
		receiveInbound(t, s, newText(phone, "yes"), a.now)
		assert.Equal(t, chat.RequestAnswered, a.read(r.ID).State)
		_, err = a.tryAsk(&r, 0, chat.TurnReminder)
		requireCode(t, chat.CodeConflict, err)
	})
}

func TestAQuestionToSomebodyWhoIsGone(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		priya := a.contributor("Priya", priyasPhone, "")
		r := a.open(a.question())
		people, err := s.Participants(t.Context(), a.w.Workspace, a.chat)
		require.NoError(t, err)

		for _, p := range people {
			if p.MemberID == priya.ID {
				require.NoError(t, s.RemoveParticipant(t.Context(), a.w.Workspace, a.w.By, a.chat, p.ID))
			}
		}

		_, err = a.tryAsk(&r, 0, chat.TurnQuestion)
		requireCode(t, chat.CodeParticipantNotFound, err)
		a.joins(priya)
		stop := newText(priya.Phone, "STOP")
		stop.Keyword = chat.KeywordStop
		receiveInbound(t, s, stop, a.now)
		_, err = a.tryAsk(&r, 0, chat.TurnQuestion)
		requireCode(t, chat.CodeRecipientOptedOut, err)
		failed, err := s.FailQuestion(t.Context(), a.w.Workspace, r.Questions[0].ID, "opted out", a.now)
		require.NoError(t, err)

		assert.Equal(
			t,
			[]any{chat.RequestFailed, "Priya could not be asked: opted out"},
			[]any{failed.State, failed.Note},
		)

		again, err := s.FailQuestion(t.Context(), a.w.Workspace, r.Questions[0].ID, "something else", a.forward(time.Hour))
		require.NoError(t, err)
		assert.Equal(t, failed, again)
	})
}

func TestOneQuestionAtATimeBySMS(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		priya := a.contributor("Priya", priyasPhone, "")
		first := a.open(a.question())
		a.ask(&first, 0, chat.TurnQuestion)
		a.in(a.w.Email.ID)
		a.joins(priya)
		second := a.open(a.question())
		_, err := a.tryAsk(&second, 0, chat.TurnQuestion)
		var later *chat.RetryLaterError
		require.ErrorAs(t, err, &later)
		assert.Equal(t, []any{30 * time.Second, "busy"}, []any{later.After, later.Code})
		_, err = s.Action(t.Context(), a.w.Workspace, a.sent.ActionID)
		require.NoError(t, err)
		a.ask(&first, 0, chat.TurnReminder)
		receiveInbound(t, s, newText(priyasPhone, "yes"), a.now)
		assert.Equal(t, chat.RequestAnswered, a.read(first.ID).State)
		a.ask(&second, 0, chat.TurnQuestion)
		got := receiveInbound(t, s, newText(priyasPhone, "no"), a.now)
		assert.Equal(t, []any{second.WorkflowID, a.w.Email.ID}, []any{got.Awaited, got.ChatID})
	})
}

func TestContributorRequests(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		priya := a.contributor("Priya", "", "priya@example.com")
		var ids []chat.ContributorRequestID

		for i := range 3 {
			a.in(a.w.SMS.ID)
			a.forward(time.Duration(i%2) * time.Second)
			ids = append([]chat.ContributorRequestID{a.open(a.question()).ID}, ids...)
		}

		a.in(a.w.Email.ID)
		a.joins(priya)
		other := a.open(a.question())
		_, err := s.EndRequest(t.Context(), a.w.By, chat.ContributorStep{
			WorkspaceID: a.w.Workspace,
			RequestID:   ids[1],
			State:       chat.RequestCanceled,
			Note:        "not needed",
		}, a.now)
		require.NoError(t, err)

		for name, test := range map[string]struct {
			f    chat.ContributorFilter
			want []chat.ContributorRequestID
		}{
			"all":          {chat.ContributorFilter{}, append([]chat.ContributorRequestID{other.ID}, ids...)},
			"open":         {chat.ContributorFilter{States: requestStates{chat.RequestOpen}}, []chat.ContributorRequestID{other.ID, ids[0], ids[2]}},
			"canceled":     {chat.ContributorFilter{States: requestStates{chat.RequestCanceled}}, ids[1:2]},
			"of a chat":    {chat.ContributorFilter{ChatID: a.w.SMS.ID}, ids},
			"none of them": {chat.ContributorFilter{ChatID: a.w.SMS.ID, States: requestStates{chat.RequestFailed}}, nil},
		} {
			var got []chat.ContributorRequestID

			for _, r := range readPages(t, 2, func(p chat.Page) (chat.List[chat.ContributorRequest], error) {
				test.f.Page = p
				return s.ContributorRequests(t.Context(), a.w.Workspace, test.f)
			}) {
				require.Len(t, r.Questions, 1, name)
				got = append(got, r.ID)
			}

			assert.Equal(t, test.want, got, name)
		}
	})
}
