package activities

import (
	"context"
	"time"

	"handrail/chat"
)

// RecordAction stores that a summary was asked for. Idempotent: a row that is there is
// left alone, and one with another fingerprint is idempotency_key_reused.
func (a *Activities) RecordAction(ctx context.Context, in chat.ActionStep) (struct{}, error) {
	return struct{}{}, a.Store.RecordActions(ctx, in.Kind, in.WorkflowID, in.Request)
}

// BeginSummary stores that a run has begun and plans what it reads. Idempotent: a
// repetition plans again under the same id.
func (a *Activities) BeginSummary(ctx context.Context, in chat.SummaryStart) (chat.SummaryPlan, error) {
	model, _, err := a.model(ctx, in.WorkspaceID)
	if err != nil {
		return chat.SummaryPlan{}, err
	}
	return a.Store.BeginSummary(ctx, in, model.Capacity())
}

// WriteSummary has the workspace's model read one part of a run. It changes nothing but the
// count of tokens, which a repetition costs anew, so it may be repeated. The errors that
// are final: token_budget_exceeded; summarization_failed for a model that gives no usable
// answer; too_long_for_model.
func (a *Activities) WriteSummary(ctx context.Context, in chat.SummaryPart) (chat.Summary, error) {
	model, settings, err := a.model(ctx, in.WorkspaceID)
	if err != nil {
		return chat.Summary{}, err
	}
	if model.Capacity() > 0 {
		if err := settings.Spendable(time.Now()); err != nil {
			return chat.Summary{}, err
		}
	}
	reading, err := a.Store.Reading(ctx, in)
	if err != nil {
		return chat.Summary{}, err
	}
	summary, usage, err := model.Summarize(ctx, reading)
	if usage != (chat.Usage{}) {
		// What was used is counted also when nobody waits for the answer any more.
		if counted := a.Store.RecordUsage(context.WithoutCancel(ctx), in.WorkspaceID, in.ChatID, in.ID, usage); counted != nil && err == nil {
			err = counted
		}
	}
	if err != nil {
		return chat.Summary{}, err
	}
	// Whatever the model's adapter let through: nothing but what the messages support.
	return reading.Accept(summary)
}

// model is the one that a workspace has chosen.
func (a *Activities) model(ctx context.Context, ws chat.WorkspaceID) (Model, chat.SummarySettings, error) {
	settings, err := a.Store.SummarySettings(ctx, ws)
	if err != nil {
		return nil, settings, err
	}
	model, err := a.Models.Model(settings.Model)
	return model, settings, err
}

// SaveSummary stores a summary. Idempotent: it replaces the version that was read, and a
// repetition finds its run ended.
func (a *Activities) SaveSummary(ctx context.Context, in chat.SummaryToSave) (struct{}, error) {
	return struct{}{}, a.Store.SaveSummary(ctx, in)
}

// FailSummary records that a run has failed, and the requests with it. Idempotent: only
// what is running changes.
func (a *Activities) FailSummary(ctx context.Context, in chat.SummaryFailure) (struct{}, error) {
	return struct{}{}, a.Store.FailSummary(ctx, in)
}

// LookSummaryDue reads whether a chat is to be summarized by itself. It changes nothing.
func (a *Activities) LookSummaryDue(ctx context.Context, in chat.AutoSummary) (chat.SummaryDue, error) {
	return a.Store.SummaryDue(ctx, in.WorkspaceID, in.ChatID, time.Now())
}
