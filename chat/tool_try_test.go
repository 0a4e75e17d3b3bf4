package chat_test

import (
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"

	"handrail/chat"
)

// TestARefusalOfARepetitionSaysNothingOfTheFirstTry has the rows of the judgement.
func TestARefusalOfARepetitionSaysNothingOfTheFirstTry(t *testing.T) {
	t.Parallel()

	conflict := chat.ToolOutcome{Kind: chat.ToolFailed, HTTPStatus: http.StatusConflict, Message: "a request is outstanding"}
	refusal := chat.ToolOutcome{Kind: chat.ToolFailed, HTTPStatus: http.StatusBadRequest, Message: "no"}
	late := chat.ToolOutcome{Kind: chat.ToolFailed, TookEffect: true}
	first := chat.ToolProgress{Idempotent: true}
	repetition := chat.ToolProgress{Idempotent: true, MayHaveRun: true, Elapsed: time.Minute}
	last := chat.ToolProgress{Idempotent: true, MayHaveRun: true, Elapsed: chat.ToolRepeatWindow + 1}

	for name, c := range map[string]struct {
		before chat.ToolProgress
		said   chat.ToolOutcome
		want   chat.ToolCallState
	}{
		"a conflict at once is a refusal":           {first, conflict, chat.ToolCallFailed},
		"a refusal at once":                         {first, refusal, chat.ToolCallFailed},
		"a conflict of a repetition":                {repetition, conflict, chat.ToolCallPending},
		"a conflict that does not end":              {last, conflict, chat.ToolCallUnknown},
		"a refusal of a repetition":                 {repetition, refusal, chat.ToolCallUnknown},
		"a bad answer of a repetition that was run": {repetition, late, chat.ToolCallFailed},
		"nothing is known of the first":             {first, chat.ToolOutcome{Kind: chat.ToolUnknown}, chat.ToolCallPending},
		"nothing is known for too long":             {last, chat.ToolOutcome{Kind: chat.ToolUnknown}, chat.ToolCallUnknown},
		"too many requests, the first time":         {first, chat.ToolOutcome{Kind: chat.ToolNotRun}, chat.ToolCallPending},
		"too many requests, for too long":           {last, chat.ToolOutcome{Kind: chat.ToolNotRun}, chat.ToolCallUnknown},
		"it succeeds":                               {last, chat.ToolOutcome{Kind: chat.ToolSucceeded}, chat.ToolCallSucceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if got := c.before.JudgeTry(c.said).State; got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// TestWhatMayHaveRunIsNeverSaidToHaveFailed plays tries at random.
func TestWhatMayHaveRunIsNeverSaidToHaveFailed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := chat.ToolProgress{
			Idempotent: rapid.Bool().Draw(t, "idempotent"),
			MayHaveRun: rapid.Bool().Draw(t, "may have run"),
			Elapsed:    time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "elapsed")),
		}
		kinds := []chat.ToolOutcomeKind{chat.ToolSucceeded, chat.ToolFailed, chat.ToolNotRun, chat.ToolUnknown}
		said := chat.ToolOutcome{
			Kind:       rapid.SampledFrom(kinds).Draw(t, "kind"),
			HTTPStatus: rapid.SampledFrom([]int{0, 400, 409, 425, 500}).Draw(t, "status"),
		}

		got := before.JudgeTry(said)

		if before.MayHaveRun && (got.State == chat.ToolCallFailed || !got.MayHaveRun) {
			t.Errorf("%+v after %+v: %+v", said, before, got)
		}

		if got.State == chat.ToolCallPending && got.MayHaveRun && (!before.Idempotent && before.MayHaveRun) && said.Kind != chat.ToolNotRun {
			t.Errorf("%+v after %+v is repeated", said, before)
		}
	})
}
