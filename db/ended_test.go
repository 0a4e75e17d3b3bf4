package db_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// The runs of one action, one after the other.
var (
	firstRun  = chat.Run{ID: "run-1", StartedAt: time.Date(2026, time.November, 28, 9, 0, 0, 1234567, time.UTC)}
	secondRun = chat.Run{ID: "run-2", StartedAt: firstRun.StartedAt.Add(time.Second)}
	thirdRun  = chat.Run{ID: "run-3", StartedAt: firstRun.StartedAt.Add(2 * time.Second)}
)

// endedSend is what Temporal tells of a send of which one run was terminated before it had left a row.
func endedSend(in *chat.SendAssistantMessage, run chat.Run) chat.Action {
	return chat.Action{
		ID:          in.ActionID,
		WorkspaceID: in.WorkspaceID,
		Kind:        chat.ActionSendAssistantMessage,
		ChatID:      in.ChatID,
		Fingerprint: in.Fingerprint,
		WorkflowID:  in.WorkflowID(),
		Problem:     chat.EndedInTemporal(in.ActionID, "terminated"),
		EndedRun:    run,
		CreatedAt:   time.Now(),
		UpdatedAt:   time.Now(),
	}
}

// recordEnded stores that an action was ended, which nobody has done before.
func recordEnded(t *testing.T, s *db.Store, a chat.Action) {
	t.Helper()

	fresh, err := s.RecordEndedAction(t.Context(), a)
	require.NoError(t, err)
	require.True(t, fresh)
}

// requireNothingSent holds that an action has no message.
func requireNothingSent(t *testing.T, s *db.Store, w *dbtest.World, id chat.ActionID) {
	t.Helper()

	_, err := s.SentMessage(t.Context(), w.Workspace, id)
	requireCode(t, chat.CodeActionNotFound, err)
}

// claimSend prepares a send of "hi" and claims it.
func claimSend(t *testing.T, s *db.Store, in chat.SendAssistantMessage) (chat.Claim, error) {
	t.Helper()

	_, claim, err := s.PrepareAndClaim(
		t.Context(),
		in,
		dbtest.SendIDs(),
		dbtest.PlanText("hi"),
		time.Now(),
		time.Minute,
	)

	return claim, err
}

// TestAnEndedActionRunsAgain stores that a send was terminated in Temporal before it had left a row.
// When it is asked for again, by its caller or an operator, it is carried out.
func TestAnEndedActionRunsAgain(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		in := w.Send(w.SMS.ID, "hi")
		in.IdempotencyKey = "k"

		ended := endedSend(&in, firstRun)
		in.Run = secondRun

		fresh, err := s.RecordEndedAction(t.Context(), ended)
		require.NoError(t, err)
		assert.True(t, fresh)

		fresh, err = s.RecordEndedAction(t.Context(), ended)
		require.NoError(t, err)
		assert.False(t, fresh, "it is counted once")

		stored, err := s.Action(t.Context(), w.Workspace, in.ActionID)
		require.NoError(t, err)
		require.NoError(t, stored.Resumable())

		require.NoError(t, s.AuditResume(t.Context(), w.Workspace, in.ActionID, w.By, "by mistake"))

		sent, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
		require.NoError(t, err)
		assert.Equal(t, chat.SubmissionPending, sent.Submission)

		stored, err = s.Action(t.Context(), w.Workspace, in.ActionID)
		require.NoError(t, err)
		assert.Equal(
			t,
			[]any{chat.ActionRunning, "k", in.Fingerprint},
			[]any{stored.State, stored.IdempotencyKey, stored.Fingerprint},
		)
		assert.Nil(t, stored.Problem)
		require.Error(t, stored.Resumable())
	})
}

// TestAnActionThatHasARowIsNotEnded leaves it as it is: its delivery tells what becomes of it.
func TestAnActionThatHasARowIsNotEnded(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		sent := sendTo(t, s, w, "+1")

		fresh, err := s.RecordEndedAction(t.Context(), chat.Action{
			ID:          sent.ActionID,
			WorkspaceID: w.Workspace,
			Kind:        chat.ActionSendAssistantMessage,
			ChatID:      w.SMS.ID,
			Problem:     chat.EndedInTemporal(sent.ActionID, "terminated"),
			EndedRun:    firstRun,
		})
		require.NoError(t, err)
		assert.False(t, fresh)

		stored, err := s.Action(t.Context(), w.Workspace, sent.ActionID)
		require.NoError(t, err)
		assert.Equal(t, chat.ActionRunning, stored.State)
	})
}

// TestAnEndedActionTakesOnlyItsOwnRequest begins anew what was asked for, and nothing else under its
// key.
func TestAnEndedActionTakesOnlyItsOwnRequest(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		in := w.Send(w.SMS.ID, "one")
		in.Fingerprint = chat.Fingerprint{"message": "one"}

		recordEnded(t, s, endedSend(&in, firstRun))
		in.Run = secondRun

		other := in
		other.Fingerprint = chat.Fingerprint{"message": "two"}
		_, err := s.PrepareSend(t.Context(), other, dbtest.SendIDs(), dbtest.PlanText("two"))
		requireCode(t, chat.CodeIdempotencyKeyReused, err)

		_, err = s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("one"))
		require.NoError(t, err)
	})
}

// TestARunThatWasCalledEndedSendsNothing: somebody was told that nothing was sent, while the run that was
// terminated was about to prepare the send. Only a later run may.
func TestARunThatWasCalledEndedSendsNothing(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		in := w.Send(w.SMS.ID, "hi")
		recordEnded(t, s, endedSend(&in, firstRun))

		in.Run = firstRun
		_, err := claimSend(t, s, in)
		requireCode(t, chat.CodeActionEnded, err)
		assert.True(t, chat.AsError(err).Final(), "the step is not tried again")

		_, err = s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
		requireCode(t, chat.CodeActionEnded, err)
		requireNothingSent(t, s, w, in.ActionID)

		in.Run = secondRun
		claim, err := claimSend(t, s, in)
		require.NoError(t, err)
		assert.True(t, claim.Granted)

		fresh, err := s.RecordEndedAction(t.Context(), endedSend(&in, secondRun))
		require.NoError(t, err)
		assert.False(t, fresh, "its delivery tells what becomes of it")
	})
}

// TestAnEarlierRunSendsNothingEither: it was terminated too, and its step goes on still. Nobody has
// recorded its end, because another run had followed by then.
func TestAnEarlierRunSendsNothingEither(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		in := w.Send(w.SMS.ID, "hi")
		recordEnded(t, s, endedSend(&in, secondRun))

		in.Run = firstRun
		_, err := claimSend(t, s, in)
		requireCode(t, chat.CodeActionEnded, err)
		requireNothingSent(t, s, w, in.ActionID)

		// A run that was reset began when the run did that it goes on from.
		in.Run = chat.Run{ID: "reset", StartedAt: secondRun.StartedAt}
		claim, err := claimSend(t, s, in)
		require.NoError(t, err)
		assert.True(t, claim.Granted)
	})
}

// TestTheNewestEndedRunIsKept: an action was resumed, and ended once more before it had begun.
func TestTheNewestEndedRunIsKept(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		in := w.Send(w.SMS.ID, "hi")
		recordEnded(t, s, endedSend(&in, firstRun))

		again := endedSend(&in, secondRun)
		again.Problem = chat.EndedInTemporal(in.ActionID, "canceled")
		recordEnded(t, s, again)

		fresh, err := s.RecordEndedAction(t.Context(), endedSend(&in, firstRun))
		require.NoError(t, err)
		assert.False(t, fresh)

		stored, err := s.Action(t.Context(), w.Workspace, in.ActionID)
		require.NoError(t, err)
		assert.Equal(t, again.Problem.Message, stored.Problem.Message)
		assert.Equal(t, secondRun.ID, stored.EndedRun.ID)

		in.Run = secondRun
		_, err = claimSend(t, s, in)
		requireCode(t, chat.CodeActionEnded, err)
		requireNothingSent(t, s, w, in.ActionID)
	})
}

// TestARetryThatWasCalledEndedTriesNothing is the same for a retry, one of a bulk retry too, which does
// not name its chat, and for a new participant.
func TestARetryThatWasCalledEndedTriesNothing(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		sent := w.Prepare(t, s, w.SMS.ID, "hi")
		retry := w.Retry(sent.DeliveryID, chat.Change{})
		retry.Run = firstRun

		recordEnded(t, s, chat.Action{
			ID:          retry.ActionID,
			WorkspaceID: w.Workspace,
			Kind:        chat.ActionRetryDelivery,
			RetryOf:     retry.DeliveryID,
			Problem:     chat.EndedInTemporal(retry.ActionID, "terminated"),
			EndedRun:    firstRun,
		})

		_, err := s.PrepareRetry(t.Context(), retry, dbtest.SendIDs().DeliveryID, dbtest.PlanRetry)
		requireCode(t, chat.CodeActionEnded, err)

		member := chat.AddParticipant{Request: w.Request(w.SMS.ID)}
		member.MemberID = w.Manager.ID
		member.Role = chat.ParticipantObserver
		member.Run = firstRun
		ended := endedSend(&chat.SendAssistantMessage{Request: member.Request}, firstRun)
		ended.Kind = chat.ActionAddParticipant
		recordEnded(t, s, ended)

		_, err = s.AddParticipant(t.Context(), member)
		requireCode(t, chat.CodeActionEnded, err)
	})
}

// TestTheEndOfARunWaitsForItsStep: whoever would tell that nothing was sent waits for a step that is
// about to commit, and is told what that has come to: a send, or nothing because it was refused.
func TestTheEndOfARunWaitsForItsStep(t *testing.T) {
	t.Parallel()

	for name, refused := range map[string]bool{"sent": false, "refused": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			dbtest.Each(t, func(t *testing.T, s *db.Store) {
				w := dbtest.Seed(t, s)
				in := w.Send(w.SMS.ID, "hi")
				in.Run = firstRun

				fresh := make(chan bool, 1)
				prepare := func(facts *chat.SendFacts) (chat.SendPlan, error) {
					go func() {
						recorded, err := s.RecordEndedAction(context.WithoutCancel(t.Context()), endedSend(&in, firstRun))
						fresh <- recorded && err == nil
					}()

					if refused {
						return chat.SendPlan{}, chat.Errorf(chat.CodeNoPhone, "no phone")
					}

					return dbtest.PlanText("hi")(facts)
				}

				_, _, err := s.PrepareAndClaim(t.Context(), in, dbtest.SendIDs(), prepare, time.Now(), time.Minute)
				assert.Equal(t, refused, err != nil)
				assert.Equal(t, refused, <-fresh)

				stored, err := s.Action(t.Context(), w.Workspace, in.ActionID)
				require.NoError(t, err)
				assert.Equal(t, refused, stored.State == chat.ActionFailed)
				assert.Equal(t, refused, stored.Resumable() == nil)
			})
		})
	}
}

// TestEndedOrSentButNeverBoth has the steps of two runs, and the ends of both, come together in any order:
// what is told as ended when all is over, and after each of them, was not sent by a run that had ended.
func TestEndedOrSentButNeverBoth(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)

		for range 12 {
			in := w.Send(w.SMS.ID, "hi")

			var (
				both    sync.WaitGroup
				claimed [2]bool
				toldNot [2]bool
			)

			for i, run := range []chat.Run{firstRun, secondRun} {
				step := in
				step.Run = run

				both.Go(func() {
					_, err := s.PrepareSend(t.Context(), step, dbtest.SendIDs(), dbtest.PlanText("hi"))
					claimed[i] = err == nil
				})
				both.Go(func() {
					_, err := s.RecordEndedAction(t.Context(), endedSend(&in, run))
					assert.NoError(t, err) //nolint:testifylint // not in the test's goroutine

					told, err := s.Action(t.Context(), w.Workspace, in.ActionID)
					assert.NoError(t, err) //nolint:testifylint // not in the test's goroutine

					toldNot[i] = told.Resumable() == nil && told.EndedRun.ID == run.ID
				})
			}

			both.Wait()

			_, err := s.SentMessage(t.Context(), w.Workspace, in.ActionID)
			sent := err == nil
			assert.Equal(t, sent, claimed[0] || claimed[1])
			assert.False(t, sent && toldNot[1], "no run was left that could send")
			assert.False(t, toldNot[0] && claimed[0] && !claimed[1], "the first run was told to have sent nothing")
		}
	})
}

// TestAResumedActionThatIsRefusedSaysSo: from then on its row tells the refusal, and no longer that it was
// ended. It may be taken up once more when the reason is mended.
func TestAResumedActionThatIsRefusedSaysSo(t *testing.T) {
	t.Parallel()

	refuse := func(*chat.SendFacts) (chat.SendPlan, error) {
		return chat.SendPlan{}, chat.Errorf(chat.CodeNoPhone, "Ada has no phone number")
	}

	for name, prepare := range map[string]func(*testing.T, *db.Store, chat.SendAssistantMessage) error{
		"prepared": func(t *testing.T, s *db.Store, in chat.SendAssistantMessage) error {
			t.Helper()

			_, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), refuse)

			return err
		},
		"prepared and claimed": func(t *testing.T, s *db.Store, in chat.SendAssistantMessage) error {
			t.Helper()

			_, _, err := s.PrepareAndClaim(t.Context(), in, dbtest.SendIDs(), refuse, time.Now(), time.Minute)

			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			dbtest.Each(t, func(t *testing.T, s *db.Store) {
				w := dbtest.Seed(t, s)
				in := w.Send(w.SMS.ID, "hi")
				recordEnded(t, s, endedSend(&in, firstRun))

				in.Run = secondRun
				requireCode(t, chat.CodeNoPhone, prepare(t, s, in))

				stored, err := s.Action(t.Context(), w.Workspace, in.ActionID)
				require.NoError(t, err)
				assert.Equal(t, chat.ActionFailed, stored.State)
				assert.Equal(t, chat.CodeNoPhone, stored.Problem.Code)
				assert.Equal(t, "Ada has no phone number", stored.Problem.Message)
				assert.Equal(t, secondRun.ID, stored.EndedRun.ID)
				require.NoError(t, stored.Resumable())

				_, err = claimSend(t, s, in)
				requireCode(t, chat.CodeNoPhone, err)
				requireNothingSent(t, s, w, in.ActionID)

				in.Run = firstRun
				_, err = claimSend(t, s, in)
				requireCode(t, chat.CodeNoPhone, err)
				requireNothingSent(t, s, w, in.ActionID)

				in.Run = thirdRun
				claim, err := claimSend(t, s, in)
				require.NoError(t, err)
				assert.True(t, claim.Granted)
			})
		})
	}
}

// TestAResumedRetryOrParticipantThatIsRefusedSaysSo is the same for the other actions that can be resumed,
// and only for a refusal of what was asked for.
func TestAResumedRetryOrParticipantThatIsRefusedSaysSo(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)

		retry := w.Retry(dbtest.SendIDs().DeliveryID, chat.Change{})
		retry.ChatID = w.SMS.ID
		ended := endedSend(&chat.SendAssistantMessage{Request: retry.Request}, firstRun)
		ended.Kind = chat.ActionRetryDelivery
		recordEnded(t, s, ended)

		retry.Run = secondRun
		_, err := s.PrepareRetry(t.Context(), retry, dbtest.SendIDs().DeliveryID, dbtest.PlanRetry)
		requireCode(t, chat.CodeDeliveryNotFound, err)
		requireProblem(t, s, w, retry.ActionID, chat.CodeDeliveryNotFound)

		member := chat.AddParticipant{Request: w.Request(w.SMS.ID)}
		member.MemberID = w.Customer.ID
		member.Role = chat.ParticipantOwner
		ended = endedSend(&chat.SendAssistantMessage{Request: member.Request}, firstRun)
		ended.Kind = chat.ActionAddParticipant
		recordEnded(t, s, ended)

		member.Run = secondRun
		other := member
		other.Fingerprint = chat.Fingerprint{"message": "other"}
		_, err = s.AddParticipant(t.Context(), other)
		requireCode(t, chat.CodeIdempotencyKeyReused, err)
		requireProblem(t, s, w, member.ActionID, chat.CodeActionEnded)

		_, err = s.AddParticipant(t.Context(), member)
		requireCode(t, chat.CodeParticipantExists, err)
		requireProblem(t, s, w, member.ActionID, chat.CodeParticipantExists)
	})
}

// requireProblem holds what the row of a failed action tells.
func requireProblem(t *testing.T, s *db.Store, w *dbtest.World, id chat.ActionID, code chat.Code) {
	t.Helper()

	stored, err := s.Action(t.Context(), w.Workspace, id)
	require.NoError(t, err)
	require.Equal(t, chat.ActionFailed, stored.State)
	require.Equal(t, code, stored.Problem.Code)
	require.NoError(t, stored.Resumable())
}

// TestEndedActionsAreReportedOnce tells whoever counts them, whoever has found them.
func TestEndedActionsAreReportedOnce(t *testing.T) {
	t.Parallel()

	var reported []string

	s := dbtest.New(t, db.WithEndedReport(func(_ context.Context, a chat.Action) {
		reported = append(reported, a.EndedRun.ID)
	}))
	w := dbtest.Seed(t, s)
	in := w.Send(w.SMS.ID, "hi")

	for _, run := range []chat.Run{firstRun, firstRun, secondRun, firstRun} {
		_, err := s.RecordEndedAction(t.Context(), endedSend(&in, run))
		require.NoError(t, err)
	}

	assert.Equal(t, []string{"run-1", "run-2"}, reported)
}
