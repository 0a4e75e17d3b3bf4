package chat

import (
	"fmt"
	"strings"
	"time"
)

// What is shown of actions that have no delivery yet, or none at all.
const (
	ProgressCheckingSend     = "Checking the chat, its assistant, its recipient and the tool calls."
	ProgressCheckingRetry    = "Checking whether the delivery may be tried again."
	ProgressParticipantAdded = "The participant was added."
	ProgressReading          = "A model reads the chat."
	ProgressReadAgain        = "The summary was changed meanwhile; the chat is read again."
	ProgressSummarized       = "The summary was written."
	ProgressNothingNew       = "Nothing is new."
)

// What is noted of what Handrail itself ends.
const (
	NoteNotAwaited       = "It is not waited for any more."
	NoteChatDeleted      = "The chat was deleted."
	NoteRequestCanceled  = "The request was canceled in Temporal."
	NoteNobodyAnswered   = "Nobody has answered in time."
	NoteReaction         = "It is a reaction to the question, like 👍, not a text."
	NoteConfirmed        = "It is what was understood of an earlier reply, which the contributor has confirmed."
	NoteBulkCanceled     = "Canceled in Temporal."
	reasonNobodyDecided  = "nobody decided in time, and the message was not sent"
	reasonSendCanceled   = "the send was canceled in Temporal"
	reasonEffectNotKnown = "nobody has said in time whether it had its effect"
)

// ExplainWaiting says what an action waits for of which its row alone is known, "" once it is
// over.
func (a *Action) ExplainWaiting() string {
	switch a.State {
	case ActionRunning:
		if a.ModelWait != nil {
			return a.ModelWait.Explain()
		}

		return "It is being carried out."
	case ActionParked:
		return "A person must decide what becomes of it."
	case ActionSucceeded, ActionFailed:
	}

	return ""
}

// ExplainRefusal says that an action was refused, or ended before it had an outcome.
func (e *Error) ExplainRefusal() string {
	if e.ConcludesAction() {
		return "Ended before: " + e.Message + "."
	}

	return "Refused: " + e.Message + ". Nothing was changed."
}

// EndedInTemporal is the error of an action whose workflow was ended before it had stored
// anything, so that nothing was done: action_ended. ended says how: "terminated".
func EndedInTemporal(id ActionID, ended string) *Error {
	e := Errorf(
		CodeActionEnded,
		"the action was %s in Temporal before it had begun; nothing was done, and nothing was sent; resume it, or "+
			"make the same request again",
		ended,
	)
	e.ActionID = string(id)

	return e
}

// RecordLost is the error of an action whose message was handed over while its rows were lost:
// delivery_record_lost.
func RecordLost(id ActionID) *Error {
	e := Errorf(
		CodeRecordLost,
		"the message was handed to its provider, and its delivery is no longer in the database; it may have been "+
			"sent: look for it at the provider before you send it again",
	)
	e.ActionID = string(id)

	return e
}

// RowsLost is the error of an action that had begun and that the database no longer knows:
// delivery_record_lost.
func RowsLost(id ActionID) *Error {
	e := Errorf(
		CodeRecordLost,
		"the action had begun, and the database no longer knows of it; the message may have been sent: look for it "+
			"at its provider before you send it again",
	)
	e.ActionID = string(id)

	return e
}

// ActionGone is the error of a decision about a send whose workflow no longer runs: action_gone.
func ActionGone(id ActionID) *Error {
	e := Errorf(
		CodeActionGone,
		"the workflow of this send no longer runs in Temporal, so nothing would come of the decision, and none was "+
			"recorded; cancel its delivery, which was not sent, and send the message anew",
	)
	e.ActionID = string(id)

	return e
}

// Resumable says why an action may not be taken up again: conflict. It is nil for one that was
// ended in Temporal before it had done anything, also if it was refused when it was taken up again.
func (a *Action) Resumable() error {
	if a.State == ActionFailed && a.EndedRun.ID != "" && a.Problem != nil && a.Problem.Code != CodeRecordLost {
		return nil
	}

	return Errorf(
		CodeConflict,
		"only an action that was ended in Temporal before it had done anything can be resumed; this one is %s",
		a.State,
	)
}

// Explain says how a bulk retry stands.
func (b *BulkRetry) Explain() string {
	switch b.State {
	case BulkRunning:
		return fmt.Sprintf("Begun %d of %d, %d a second.", b.Begun, b.Selected, b.Rate)
	case BulkPaused:
		return "Paused: " + b.Note + " Resume or cancel it."
	case BulkCanceled:
		return fmt.Sprintf("Canceled after %d of %d. What was begun goes on by itself.", b.Begun, b.Selected)
	case BulkFinished:
	}

	switch b.Begun {
	case 0:
		return "There was nothing to retry."
	case 1:
		return "The only one has had its turn."
	}

	return fmt.Sprintf("All %d have had their turn.", b.Begun)
}

// ExplainWaiting says for how many answers a contributor request waits. It names nobody.
func (r *ContributorRequest) ExplainWaiting() string {
	open := 0

	for i := range r.Questions {
		if r.Questions[i].State.Open() {
			open++
		}
	}

	return fmt.Sprintf(
		"Waits for %d of %d contributors to answer request %s, until %s.",
		open,
		len(r.Questions),
		r.ID,
		formatTime(r.Deadline),
	)
}

// Explain says how a contributor request stands. It does not repeat the note, which may be
// what somebody has written.
func (r *ContributorRequest) Explain() string {
	if r.State == RequestOpen {
		return r.ExplainWaiting()
	}

	return fmt.Sprintf("The request is %s.", r.State)
}

// Ended says how an approval has ended that was not given: in a sentence, and as the error of
// its send, which is approval_refused, approval_expired or approval_void.
func (a *Approval) Ended() (sentence string, problem *Error) {
	if a.State == ApprovalRefused {
		return "The approval was refused. No tool has run, and nothing was delivered.", Errorf(
			CodeApprovalRefused,
			"the approval was refused: %s; no tool has run, and nothing was delivered",
			a.Reason,
		)
	}

	if a.State == ApprovalVoid {
		return "The approval is void: " + WhyVoid + ". No tool has run, and nothing was delivered.", Errorf(
			CodeApprovalVoid,
			"the approval is void: %s; no tool has run, and nothing was delivered: send again",
			WhyVoid,
		)
	}

	return "Nobody has approved in time. No tool has run, and nothing was delivered.", Errorf(
		CodeApprovalExpired,
		"nobody has approved in time; no tool has run, and nothing was delivered",
	)
}

// ExplainToolCall says which of a send's tool calls is run. The index begins at 0.
func ExplainToolCall(index, count int, name string) string {
	return fmt.Sprintf(
		"Running tool call %d of %d, %s. Nothing is delivered before all have succeeded.",
		index+1,
		count,
		name,
	)
}

// ExplainFailure says that a tool call's failure has ended its send.
func (c *ToolCall) ExplainFailure() string {
	return fmt.Sprintf("Tool call %s failed, so nothing was delivered.", c.Name)
}

// Failure is why a call that will not succeed ends its send: tool_call_failed.
func (c *ToolCall) Failure() *Error {
	if c.State == ToolCallUnknown {
		return Errorf(CodeToolCallFailed, "%s", reasonEffectNotKnown)
	}

	return Errorf(CodeToolCallFailed, "%s", c.Error)
}

// FailedCall is the error of a send that a tool call has ended: tool_call_failed. The index
// begins at 0.
func FailedCall(index int, name, why string) *Error {
	return Errorf(CodeToolCallFailed, "tool call %d, %s, failed: %s; nothing was delivered", index+1, name, why)
}

// ExplainQuiet says that a chat is summarized when nobody has written for a while, and when that is if
// nobody does.
func ExplainQuiet(at time.Time) string {
	return fmt.Sprintf("Waits until the chat is quiet: the summary is due at %s if nobody writes.", formatTime(at))
}

// ExplainSummarizing says which workflow summarizes a chat by itself. That one says what it waits for.
func ExplainSummarizing(workflowID string) string {
	return "The chat is summarized by workflow " + workflowID + ", which says how far it is."
}

// ExplainSplit says that a chat is read in parts.
func ExplainSplit(characters int) string {
	return fmt.Sprintf("The text is too long for the model; it is split into parts of %d characters.", characters)
}

// ExplainParts says how many parts of a chat a model is through with: "Read 2 of 5 parts."
func ExplainParts(verb string, done, parts int) string {
	return fmt.Sprintf("%s %d of %d parts.", verb, done, parts)
}

// ExplainMerging says that a model merges what it has read in parts.
func ExplainMerging(parts int) string {
	return fmt.Sprintf("All %d parts are read; a model merges them.", parts)
}

// Reasons why there is no summary.
const (
	ReasonSummaryCanceled = "the summary was canceled in Temporal"
	ReasonSummaryChanged  = "the summary was changed again and again while the model read the chat"
	ReasonModelTooSmall   = "the model takes too little at a time for this chat, even in parts"
	ReasonNoUsableAnswer  = "the model did not give a usable answer"

	// What keeps a model from answering without its server's doing.
	ReasonWorkerLost    = "the worker that asked the model was lost"
	ReasonNoWorker      = "no worker was free to ask the model"
	ReasonModelSlow     = "the model did not answer in time"
	ReasonModelNotAsked = "the model could not be asked"
)

// NoSummary is the error of a summary that was not written: summarization_failed, which may be
// asked for again.
func NoSummary(reason string) *Error {
	e := Errorf(CodeSummarizationFailed, "%s; title, summary and labels stand as they were", reason)
	e.Retryable = true

	return e
}

// ExplainFailed says that an action failed with an error.
func (e *Error) ExplainFailed() string { return "Failed: " + strings.TrimSuffix(e.Message, ".") + "." }
