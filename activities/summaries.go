package activities

import (
	"context"

	"handrail/chat"
)

// transcriptLimit is how many of a chat's newest messages a model reads.
const transcriptLimit = 1000

// WriteSummary has the model read a chat. It changes nothing, so it may be repeated. A
// chat without messages is nothing_to_summarize; a model that gives no usable answer is
// summarization_failed.
func (a *Activities) WriteSummary(ctx context.Context, in chat.SummaryStep) (chat.SummaryDraft, error) {
	transcript, version, err := a.Store.Transcript(ctx, in.WorkspaceID, in.ChatID, transcriptLimit)
	if err != nil {
		return chat.SummaryDraft{}, err
	}
	if len(transcript.Messages) == 0 {
		return chat.SummaryDraft{}, chat.Errorf(chat.CodeNothingToSummarize, "the chat has no messages yet")
	}
	summary, err := a.Model.Summarize(ctx, transcript, in.UpdateLabels)
	if err != nil {
		return chat.SummaryDraft{}, err
	}
	if !in.UpdateLabels {
		summary.Labels = nil
	}
	// Whatever the model's adapter let through: no label but the workspace's is set.
	return chat.SummaryDraft{Version: version, Summary: summary}, summary.Check(&transcript)
}

// SaveSummary stores a summary. Idempotent: it replaces the version that was read, and a
// repetition finds its own requests already answered.
func (a *Activities) SaveSummary(ctx context.Context, in chat.SummaryToSave) (struct{}, error) {
	request := chat.SummarizeChat{Request: in.Requests[0], UpdateLabels: in.UpdateLabels}
	_, err := a.Store.SaveSummary(ctx, request, in.Version, in.Summary, in.Requests[1:])
	return struct{}{}, err
}

// RecordAction stores that a summary was asked for. Idempotent: a row that is there is
// left alone, and one with another fingerprint is idempotency_key_reused.
func (a *Activities) RecordAction(ctx context.Context, in chat.ActionStep) (struct{}, error) {
	return struct{}{}, a.Store.RecordActions(ctx, in.Kind, in.WorkflowID, in.Request)
}

// FailActions records that actions have failed. Idempotent: only running ones change.
func (a *Activities) FailActions(ctx context.Context, in chat.ActionsFailed) (struct{}, error) {
	return struct{}{}, a.Store.FailActions(ctx, in.WorkspaceID, in.ActionIDs, &in.Problem)
}
