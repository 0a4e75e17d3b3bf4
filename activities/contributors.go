package activities

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"handrail/chat"
	"handrail/schema"
)

// askArguments are those of [chat.ToolAskContributor], as its schema has them.
type askArguments struct {
	Question      string          `json:"question"`
	ContributorID chat.MemberID   `json:"contributor_id"`
	Require       string          `json:"require"`
	Expects       json.RawMessage `json:"expects"`
	Deadline      string          `json:"deadline"`
	Default       json.RawMessage `json:"default"`
	Reminders     *int            `json:"reminders"`
	Wait          *bool           `json:"wait"`
	Confirm       bool            `json:"confirm"`
}

// What holds for a question that says nothing else.
const (
	defaultDeadline  = 24 * time.Hour
	defaultReminders = 1
)

// checkQuestion refuses a question that nobody could answer, or not as it asks.
func checkQuestion(call chat.ToolCall, field string, facts *chat.SendFacts) error {
	in, err := decodeArguments[askArguments](call.Arguments)
	if err != nil {
		return err
	}

	if parseDays(in.Deadline) > chat.MaxAnswerWait {
		return chat.InvalidAs(chat.CodeInvalidToolArguments, field+".deadline", "must be at most 90d")
	}

	if err := checkExpects(&in, field); err != nil {
		return err
	}

	return checkReach(&in, field+".contributor_id", facts.Contributors)
}

func checkExpects(in *askArguments, field string) error {
	if in.Expects == nil {
		return nil
	}

	expects, err := schema.Compile(field+".expects", in.Expects)
	if err != nil {
		refused := chat.AsError(err)
		refused.Code = chat.CodeInvalidToolArguments

		return refused
	}

	if option := chat.StopOption(in.Expects); option != "" {
		return chat.InvalidAs(
			chat.CodeInvalidToolArguments,
			field+".expects",
			"must not offer %q as an answer: who sends this word alone by SMS ends all messages to them; "+
				"name it otherwise, like \"keep it\" and \"drop it\"",
			option,
		)
	}

	if in.Default == nil {
		return nil
	}

	return expects.Check(chat.CodeInvalidToolArguments, field+".default", in.Default)
}

// checkReach refuses a question when none of those asked can be reached.
func checkReach(in *askArguments, field string, contributors []chat.Reach) error {
	asked := slices.DeleteFunc(slices.Clone(contributors), func(r chat.Reach) bool {
		return in.ContributorID != 0 && r.Member.ID != in.ContributorID
	})
	if len(asked) == 0 {
		return chat.InvalidAs(
			chat.CodeInvalidToolArguments,
			field,
			"must be a contributor of this chat; add one with POST /chats/{id}/participants",
		)
	}

	if !slices.ContainsFunc(asked, func(r chat.Reach) bool { return r.Why == "" }) {
		return chat.InvalidAs(
			chat.CodeInvalidToolArguments,
			field,
			"must be a contributor who can be reached: %s",
			asked[0].Why,
		)
	}

	return nil
}

// parseDays reads a duration like 90m, 24h or 14d, which the schema has checked.
func parseDays(text string) time.Duration {
	if text == "" {
		return defaultDeadline
	}

	number, err := strconv.Atoi(text[:len(text)-1])
	if err != nil {
		return defaultDeadline
	}

	unit := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[text[len(text)-1]]

	return time.Duration(number) * unit
}

// OpenRequest stores the question of a tool call to contributors. Idempotent: a call opens
// one request, and the second time finds it.
func (a *Activities) OpenRequest(ctx context.Context, in chat.ToolRun) (chat.ContributorRequest, error) {
	asked, err := decodeArguments[askArguments](in.Arguments)
	if err != nil {
		return chat.ContributorRequest{}, err
	}

	id := chat.ContributorRequestID(a.NewID())
	request := chat.NewContributorRequest{
		ToolStep:      in.ToolStep,
		ID:            id,
		Question:      asked.Question,
		Hint:          chat.AnswerHint(chat.DecodeExpected(asked.Expects), ""),
		Expects:       asked.Expects,
		Require:       "any",
		Wait:          true,
		Default:       asked.Default,
		Reminders:     defaultReminders,
		Within:        parseDays(asked.Deadline),
		ContributorID: asked.ContributorID,
		Confirm:       asked.Confirm,
		NewQuestionID: a.NewID,
		WorkflowID:    chat.ContributorWorkflowID(in.WorkspaceID, id),
	}

	if asked.Require != "" {
		request.Require = asked.Require
	}

	if asked.Wait != nil {
		request.Wait = *asked.Wait
	}

	if asked.Reminders != nil {
		request.Reminders = *asked.Reminders
	}

	return a.Store.OpenRequest(ctx, request, time.Now())
}

// ReadReplies reads what contributors have answered. Idempotent: a reply is read once.
func (a *Activities) ReadReplies(ctx context.Context, in chat.ContributorStep) (chat.ContributorRequest, error) {
	return a.Store.ReadReplies(ctx, in.WorkspaceID, in.RequestID, readReply, time.Now())
}

// readReply is the answer in a reply: any text, unless something else is expected. A reaction to the
// question counts as yes or no, and is told to be one. Where a value was understood that the contributor
// has been asked about, a yes confirms it.
func readReply(r *chat.ContributorRequest, q *chat.ContributorQuestion, text string) (json.RawMessage, error) {
	expects := r.Expects
	if expects == nil {
		expects = json.RawMessage(`{"type":"string"}`)
	}

	compiled, err := schema.Compile("expects", expects)
	if err != nil {
		return nil, err
	}

	if answer, _ := r.ReactionAnswer(text); answer != "" {
		q.Why = chat.NoteReaction
		return compiled.Read(answer)
	}

	asked := schema.Asked{Question: r.Question, Name: q.MemberName}

	answer, err := compiled.ReadAnswer(asked, text)
	if err == nil {
		return answer, nil
	}

	if q.Understood != nil && schema.SaysYes(asked, text) {
		q.Why = chat.NoteConfirmed
		return q.Understood, nil
	}

	q.Language = cmp.Or(schema.LanguageOf(text), schema.LanguageOf(r.Question))
	q.Understood = compiled.Guess(asked, text)

	return nil, err
}

// EndRequest ends a request that nobody has answered. Idempotent: one that is over stays as
// it is.
func (a *Activities) EndRequest(ctx context.Context, in chat.ContributorStep) (chat.ContributorRequest, error) {
	return a.Store.EndRequest(ctx, chat.Actor{}, in, time.Now())
}

// FailQuestion records that a contributor could not be asked. Idempotent: an ask that is over
// stays as it is.
func (a *Activities) FailQuestion(ctx context.Context, in chat.QuestionFailure) (chat.ContributorRequest, error) {
	return a.Store.FailQuestion(ctx, in.WorkspaceID, in.QuestionID, in.Why, time.Now())
}
