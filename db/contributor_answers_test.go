package db_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// newAnswer is an answer through the API.
func newAnswer(m chat.MemberID, value string) chat.ContributorAnswer {
	return chat.ContributorAnswer{
		MemberID:  m,
		Answer:    json.RawMessage(value),
		MessageID: inboundID(),
		Text:      value,
	}
}

func (a *asking) answer(id chat.ContributorRequestID, in chat.ContributorAnswer) (chat.ContributorRequest, error) {
	return a.s.AnswerRequest(a.t.Context(), a.w.Workspace, a.w.By, id, in, a.now)
}

func TestAnAnswerBySMS(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		priya := a.contributor("Priya", priyasPhone, "")
		a.contributor("Ben", bensPhone, "")
		r := a.open(a.question())
		a.ask(&r, 0, chat.TurnQuestion)
		a.ask(&r, 1, chat.TurnQuestion)

		closed := chat.StateClosed
		_, err := s.UpdateChat(t.Context(), a.w.Workspace, a.w.By, a.chat, chat.ChatPatch{State: &closed})
		require.NoError(t, err)

		in := newText(priya.Phone, "Yes")
		in.Keyword = chat.KeywordStart // as Twilio takes it
		got := receiveInbound(t, s, in, a.forward(time.Minute))
		assert.Equal(t, []any{a.chat, r.WorkflowID}, []any{got.ChatID, got.Awaited})
		again := receiveInbound(t, s, in, a.now)
		assert.Equal(t, []any{true, ""}, []any{again.Repeated, again.Awaited})
		message := messagesOf(t, s, a.w, a.chat)[0]
		assert.Equal(t, []any{chat.RoleUserMessage, priya.ID, "Yes", r.Questions[0].ID},
			[]any{message.Role, *message.MemberID, message.Content, message.AskID})

		c := a.inChat()
		assert.Equal(t, []any{chat.StateClosed, false}, []any{c.State, c.NeedsResponse}, "the send goes on with it")

		replied := a.request(r.ID)
		question := replied.Questions[0]
		assert.Equal(t, []any{chat.QuestionReplied, message.ID}, []any{question.State, question.ReplyID})
		assert.Equal(t, []any{"Yes", ""}, []any{question.Reply, replied.Questions[1].Reply}, "their own words")

		done := a.read(r.ID)
		assert.Equal(
			t,
			[]any{chat.RequestAnswered, chat.QuestionAnswered, chat.QuestionClosed},
			[]any{done.State, done.Questions[0].State, done.Questions[1].State},
		)

		assert.Equal(t, a.now, *done.Questions[0].AnsweredAt)
		call, action := a.call()
		assert.Equal(t, []any{chat.ToolCallSucceeded, chat.ActionRunning}, []any{call.State, action})
		assert.Contains(t, string(call.Result), `"answer":true`)
		a.forward(time.Hour)
		assert.Equal(t, done, a.read(r.ID), "what is over stays as it is")

		done.Questions[0].Reply = "Yes"
		assert.Equal(t, done, a.request(r.ID))
	})
}

func TestAnAnswerThatNobodyWaitsFor(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		priya := a.contributor("Priya", priyasPhone, "")
		in := a.question()
		in.Wait = false
		r := a.open(in)
		a.ask(&r, 0, chat.TurnQuestion)
		receiveInbound(t, s, newText(priya.Phone, "no"), a.now)
		assert.True(t, a.inChat().NeedsResponse)
		a.read(r.ID)
		c := a.inChat()
		assert.Equal(t, []any{true, "a contributor has answered"}, []any{c.NeedsResponse, c.AttentionReason})

		call, action := a.call()
		assert.Equal(t, []any{chat.ToolCallSucceeded, chat.ActionRunning}, []any{call.State, action})
		assert.Contains(t, string(call.Result), `"answer":false`)
	})
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		for name, test := range map[string]struct {
			wait     bool
			fallback string
			state    chat.ContributorRequestState
			call     chat.ToolCallState
			result   string
		}{
			"it waits":            {true, "", chat.RequestExpired, chat.ToolCallFailed, ""},
			"there is a default":  {true, "null", chat.RequestDefaulted, chat.ToolCallSucceeded, `{"contributor_request_id":"ID","answer":null,"defaulted":true,"answers":[]}`},
			"nobody waits for it": {false, "", chat.RequestExpired, chat.ToolCallSucceeded, `{"contributor_request_id":"ID","state":"expired"}`},
		} {
			a := newAsking(t, s)
			a.contributor("Priya", priyasPhone, "")
			in := a.question()

			in.Wait = test.wait
			if test.fallback != "" {
				in.Default = json.RawMessage(test.fallback)
			}

			r := a.open(in)
			a.ask(&r, 0, chat.TurnQuestion)

			end := func() chat.ContributorRequest {
				ended, err := s.EndRequest(t.Context(), chat.Actor{}, chat.ContributorStep{
					WorkspaceID: a.w.Workspace,
					RequestID:   r.ID,
					State:       chat.RequestExpired,
					Note:        "Too late.",
				}, a.forward(time.Hour))
				require.NoError(t, err, name)

				return ended
			}

			ended := end()
			assert.Equal(t, []any{test.state, chat.QuestionClosed}, []any{ended.State, ended.Questions[0].State}, name)
			assert.Equal(t, ended, end(), "%s: a repetition changes nothing", name)

			call, action := a.call()
			assert.Equal(t, []any{test.call, chat.ActionRunning}, []any{call.State, action}, name)

			if test.result == "" {
				assert.Equal(t, []any{"contributor_not_answered", "Too late."}, []any{call.ErrorCode, call.Error}, name)
			} else {
				assert.JSONEq(t, test.result, string(replaceID(call.Result, r.ID)), name)
			}

			assert.Equal(t, !test.wait, a.inChat().NeedsResponse, name)
		}
	})
}

func TestAnAnswerThroughTheAPI(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		priya, ben := a.contributor("Priya", priyasPhone, ""), a.contributor("Ben", bensPhone, "")
		nora := a.contributor("Nora", "", "")
		in := a.question()
		in.Require = chat.ContributorRequireAll
		people, err := s.Participants(t.Context(), a.w.Workspace, a.chat)
		require.NoError(t, err)
		require.NoError(t, s.RemoveParticipant(t.Context(), a.w.Workspace, a.w.By, a.chat, people[len(people)-1].ID))
		r := a.open(in)
		_, err = a.answer(r.ID, newAnswer(nora.ID, "true"))
		requireCode(t, chat.CodeMemberNotFound, err)
		_, err = a.answer("none", newAnswer(priya.ID, "true"))
		requireCode(t, chat.CodeRequestNotFound, err)

		first := newAnswer(priya.ID, "true")
		half, err := a.answer(r.ID, first)
		require.NoError(t, err, "also before the question was sent")
		assert.Equal(t, a.w.By.MemberID, messagesOf(t, s, a.w, a.chat)[0].WrittenBy, "a manager has given it for her")

		assert.Equal(
			t,
			[]any{chat.RequestOpen, chat.QuestionAnswered, chat.QuestionPending},
			[]any{half.State, half.Questions[0].State, half.Questions[1].State},
		)

		again, err := a.answer(r.ID, first)
		require.NoError(t, err)
		assert.Equal(t, half, again)

		_, err = a.answer(r.ID, newAnswer(priya.ID, "false"))
		requireCode(t, chat.CodeDecided, err)
		require.ErrorContains(t, err, "Mona Manager has answered for Priya already, at ")
		require.ErrorContains(t, err, ", with true")

		done, err := a.answer(r.ID, newAnswer(ben.ID, "false"))
		require.NoError(t, err)
		assert.Equal(t, chat.RequestAnswered, done.State)
		assert.Contains(t, string(done.Result), `"Ben"`)

		_, err = a.answer(r.ID, newAnswer(ben.ID, "false"))
		requireCode(t, chat.CodeDecided, err)
		require.ErrorContains(t, err, "; Mona Manager answered for Ben, at ")
		require.ErrorContains(t, err, ", with false")

		messages := messagesOf(t, s, a.w, a.chat)
		require.Len(t, messages, 3)

		assert.Equal(
			t,
			[]any{ben.ID, "false", r.Questions[1].ID},
			[]any{*messages[0].MemberID, messages[0].Content, messages[0].AskID},
		)

		assert.Equal(
			t,
			[]string{"contributor_request.answered", "contributor_request.answered"},
			auditVerbs(t, s, a.w.Workspace)[:2],
		)

		call, action := a.call()
		assert.Equal(t, []any{chat.ToolCallSucceeded, chat.ActionRunning}, []any{call.State, action})
	})
}

func TestCancelARequest(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		priya := a.contributor("Priya", priyasPhone, "")
		r := a.open(a.question())
		a.ask(&r, 0, chat.TurnQuestion)
		receiveInbound(t, s, newText(priya.Phone, "yes"), a.now)
		ended, err := s.EndRequest(t.Context(), a.w.By, chat.ContributorStep{
			WorkspaceID: a.w.Workspace,
			RequestID:   r.ID,
			State:       chat.RequestCanceled,
			Note:        "not needed",
		}, a.now)
		require.NoError(t, err)

		assert.Equal(
			t,
			[]any{chat.RequestCanceled, "not needed", chat.QuestionClosed},
			[]any{ended.State, ended.Note, ended.Questions[0].State},
		)

		assert.Equal(t, "contributor_request.canceled", auditVerbs(t, s, a.w.Workspace)[0])
		_, err = a.answer(r.ID, newAnswer(priya.ID, "true"))
		requireCode(t, chat.CodeDecided, err)

		call, action := a.call()
		assert.Equal(
			t,
			[]any{chat.ToolCallFailed, "not needed", chat.ActionRunning},
			[]any{call.State, call.Error, action},
		)

		late := receiveInbound(t, s, newText(priya.Phone, "yes?"), a.now)
		assert.Equal(t, []any{a.chat, ""}, []any{late.ChatID, late.Awaited})
		assert.True(t, a.inChat().NeedsResponse, "it is a message as any other")
	})
}

func TestTwoAnswersAtOnce(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		members := []chat.MemberID{a.contributor("Priya", priyasPhone, "").ID, a.contributor("Ben", bensPhone, "").ID}
		r := a.open(a.question())
		errs := make([]error, 6)

		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { _, errs[i] = a.answer(r.ID, newAnswer(members[i%2], "true")) })
		}

		all.Wait()

		taken := 0

		for _, err := range errs {
			if err == nil {
				taken++
				continue
			}

			requireCode(t, chat.CodeDecided, err)
		}

		assert.Equal(t, 1, taken)
		assert.Len(t, messagesOf(t, s, a.w, a.chat), 2)
	})
}

func TestAnAnswerAndTheDeadlineAtOnce(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		priya := a.contributor("Priya", priyasPhone, "")
		r := a.open(a.question())
		a.ask(&r, 0, chat.TurnQuestion)
		var answered, ended error
		var reply chat.Arrival
		var all sync.WaitGroup
		all.Go(func() {
			reply, answered = s.ReceiveInbound(t.Context(), newText(priya.Phone, "yes"), inboundID(), a.now)
		})

		all.Go(func() {
			_, ended = s.EndRequest(t.Context(), chat.Actor{}, chat.ContributorStep{
				WorkspaceID: a.w.Workspace,
				RequestID:   r.ID,
				State:       chat.RequestExpired,
				Note:        "Too late.",
			}, a.now)
		})

		all.Wait()
		require.NoError(t, answered)
		require.NoError(t, ended)

		after := a.read(r.ID)
		call, action := a.call()
		assert.Equal(t, chat.ActionRunning, action)
		assert.Equal(t, a.chat, reply.ChatID, "either way it is a message of the chat")

		if reply.Awaited != "" {
			assert.Equal(
				t,
				[]any{chat.RequestAnswered, chat.ToolCallSucceeded},
				[]any{after.State, call.State},
				"a deadline does not end what is answered",
			)

			return
		}

		assert.Equal(
			t,
			[]any{chat.RequestExpired, chat.ToolCallFailed, true},
			[]any{after.State, call.State, a.inChat().NeedsResponse},
		)
	})
}

func TestExtendARequest(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		a.contributor("Priya", priyasPhone, "")
		r := a.open(a.question())

		extend := func(deadline time.Time) (chat.ContributorRequest, error) {
			return s.ExtendRequest(t.Context(), a.w.Workspace, a.w.By, chat.ContributorExtension{
				RequestID: r.ID,
				Deadline:  deadline,
				Reason:    "she travels",
			}, a.now)
		}

		end := func(deadline time.Time) chat.ContributorRequestState {
			ended, err := s.EndRequest(t.Context(), chat.Actor{}, chat.ContributorStep{
				WorkspaceID: a.w.Workspace,
				RequestID:   r.ID,
				State:       chat.RequestExpired,
				Note:        "Too late.",
				Deadline:    deadline,
			}, a.now)
			require.NoError(t, err)

			return ended.State
		}

		later := r.Deadline.Add(time.Hour)

		for range 2 {
			extended, err := extend(later)
			require.NoError(t, err)
			assert.Equal(t, []any{chat.RequestOpen, later}, []any{extended.State, extended.Deadline})
		}

		assert.Equal(t, later, a.request(r.ID).Deadline)
		assert.Equal(t, 1, countVerb(auditVerbs(t, s, a.w.Workspace), "contributor_request.extended"))

		for what, wrong := range map[string]time.Time{
			"earlier":     r.Deadline,
			"past":        a.now.Add(-time.Hour),
			"too far off": a.now.Add(chat.MaxAnswerWait + time.Minute),
		} {
			_, err := extend(wrong)
			requireCode(t, chat.CodeInvalidRequest, err)
			assert.Equal(t, later, a.request(r.ID).Deadline, what)
		}

		assert.Equal(t, chat.RequestOpen, end(r.Deadline), "what was due at the deadline before is not due any more")
		assert.Equal(t, chat.RequestExpired, end(later))

		_, err := extend(later.Add(time.Hour))
		requireCode(t, chat.CodeDecided, err)
		require.ErrorContains(t, err, "this request is over: it is expired")
	})
}

func countVerb(verbs []string, verb string) int {
	return len(slices.DeleteFunc(verbs, func(v string) bool { return v != verb }))
}

func TestADeadlineWaitsForAReplyToBeRead(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		a := newAsking(t, s)
		priya := a.contributor("Priya", priyasPhone, "")
		r := a.open(a.question())
		a.ask(&r, 0, chat.TurnQuestion)
		receiveInbound(t, s, newText(priya.Phone, "perhaps"), a.now)

		end := func() chat.ContributorRequestState {
			ended, err := s.EndRequest(t.Context(), chat.Actor{}, chat.ContributorStep{
				WorkspaceID: a.w.Workspace,
				RequestID:   r.ID,
				State:       chat.RequestExpired,
				Note:        "Too late.",
			}, a.now)
			require.NoError(t, err)

			return ended.State
		}

		assert.Equal(t, chat.RequestOpen, end())
		a.read(r.ID)
		assert.Equal(t, chat.RequestExpired, end())
	})
}

func TestADeletedChatEndsItsRequests(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		for _, wait := range []bool{true, false} {
			a := newAsking(t, s)
			a.contributor("Priya", priyasPhone, "")
			in := a.question()
			in.Wait = wait
			r := a.open(in)

			ended, err := s.DeleteChat(t.Context(), a.w.Workspace, a.w.By, a.chat, true)
			require.NoError(t, err)
			assert.Contains(t, ended.Workflows, r.WorkflowID, "its workflow is made to look")

			after, err := s.EndRequest(t.Context(), chat.Actor{}, chat.ContributorStep{
				WorkspaceID: a.w.Workspace,
				RequestID:   r.ID,
				State:       chat.RequestExpired,
				Note:        "Too late.",
			}, a.now)
			require.NoError(t, err)
			assert.Equal(t, []any{chat.RequestCanceled, chat.NoteChatDeleted}, []any{after.State, after.Note})

			d, err := s.SentMessage(t.Context(), a.w.Workspace, r.ActionID)
			require.NoError(t, err)
			assert.Equal(t, chat.ErrorChatDeleted, d.ErrorCode, "the message does not wait for ever")
		}
	})
}

// replaceID makes a result comparable.
func replaceID(result json.RawMessage, id chat.ContributorRequestID) []byte {
	return bytes.ReplaceAll(result, []byte(id), []byte("ID"))
}
