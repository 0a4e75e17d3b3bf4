package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// TestWhoComesSecondIsToldWhoWasFirst: of two people who press the same button, one wins, and the other is told who
// has decided, and when.
func TestWhoComesSecondIsToldWhoWasFirst(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, time.November, 30, 10, 1, 0, 0, time.UTC)
	first := &chat.Decision{Verdict: chat.VerdictSent, By: chat.Actor{MemberID: 5}, At: at}
	sent := chat.Delivery{Submission: chat.SubmissionConfirmedSent, Decision: first}
	retried := chat.Delivery{
		Submission: chat.SubmissionAbandoned,
		RetriedBy:  "d2",
		Decision:   &chat.Decision{Verdict: chat.VerdictRetry, By: chat.Actor{MemberID: 6}, At: at},
	}
	approved := chat.Approval{State: chat.ApprovalApproved, DecidedBy: 5, DecidedAt: &at}
	byOperator := chat.Approval{State: chat.ApprovalRefused, DecidedAt: &at}
	call := chat.ToolCall{
		State:    chat.ToolCallSucceeded,
		Decision: &chat.ToolDecision{Verdict: chat.VerdictToolSucceeded, By: 5, At: at},
	}
	over := chat.ContributorRequest{
		State:     chat.RequestAnswered,
		UpdatedAt: at,
		Questions: []chat.ContributorQuestion{
			{MemberName: "Kim", AnsweredAt: &at, Answer: []byte(`true`)},
			{MemberName: "Lee", AnsweredAt: &at, Answer: []byte(`"at seven"`), AnsweredBy: "Ana"},
		},
	}

	_, resolved := sent.Decide(&chat.Decision{Verdict: chat.VerdictNotSent})

	const when = ", at 2026-11-30T10:01:00Z"

	for _, second := range []struct {
		err   error
		words string
	}{
		{resolved, "; decided before: member 5 confirmed that it was sent" + when},
		{retried.CheckRetry(), "as delivery d2; decided before: member 6 asked for another try" + when},
		{sent.CheckCancel(), "the delivery is confirmed_sent; decided before: member 5 confirmed that it was sent" + when},
		{approved.Decide(chat.ApprovalDecision{}), "this approval is approved already: member 5 decided" + when},
		{byOperator.Decide(chat.ApprovalDecision{}), "this approval is refused already: the operator decided" + when},
		{call.CheckResolvable(), "can be resolved; member 5 resolved it as succeeded" + when},
		{over.RefuseOver(), "it is answered since 2026-11-30T10:01:00Z; Kim answered" + when + ", with true; " +
			"Ana answered for Lee" + when + `, with "at seven"`},
		{over.Questions[0].RefuseAgain(), "Kim has answered already" + when + ", with true"},
		{over.Questions[1].RefuseAgain(), "Ana has answered for Lee already" + when + `, with "at seven"`},
	} {
		require.ErrorContains(t, second.err, second.words)
	}

	nobody := chat.Delivery{Submission: chat.SubmissionRejected}
	assert.NotContains(t, nobody.CheckCancel().Error(), "member")
	assert.NoError(t, (&chat.ToolCall{State: chat.ToolCallUnknown}).CheckResolvable())
}
