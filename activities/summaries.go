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

// BeginSummary stores that a run has begun and plans what it reads. A workspace's model
// that is not to be had is reported after that, so that the run is among the chat's
// versions, and is not begun over and over by itself. Idempotent: a repetition plans again
// under the same id.
func (a *Activities) BeginSummary(ctx context.Context, in chat.SummaryStart) (chat.SummaryPlan, error) {
	capacity := 0

	model, _, missing := a.model(ctx, in.WorkspaceID)
	if missing == nil {
		capacity = model.Capacity()
	}

	plan, err := a.Store.BeginSummary(ctx, in, capacity)
	if err != nil {
		return chat.SummaryPlan{}, err
	}

	return plan, missing
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
	a.count(ctx, &in, usage)

	if err != nil {
		return chat.Summary{}, err
	}

	// Whatever the model's adapter let through: nothing but what the messages support.
	return reading.Accept(summary)
}

// counting is how long the store has to count what a model has used.
const counting = 10 * time.Second

// count adds up what a model has used, also when nobody waits for its answer any more. An
// answer that is paid for is not thrown away because it could not be counted.
func (a *Activities) count(ctx context.Context, in *chat.SummaryPart, usage chat.Usage) {
	if usage == (chat.Usage{}) {
		return
	}

	a.Meter.CountTokens(usage)

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), counting)
	defer cancel()

	if err := a.Store.RecordUsage(ctx, in.WorkspaceID, in.ChatID, in.ID, usage); err != nil {
		a.Logger.ErrorContext(
			ctx,
			"tokens of a summary were not counted",
			"workspace_id",
			in.WorkspaceID,
			"chat_id",
			in.ChatID,
			"input_tokens",
			usage.InputTokens,
			"output_tokens",
			usage.OutputTokens,
			"error",
			err,
		)
	}
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

// RecordModelWait stores what a run waits for, if it still runs. Idempotent.
func (a *Activities) RecordModelWait(ctx context.Context, in chat.SummaryWait) (struct{}, error) {
	return struct{}{}, a.Store.RecordModelWait(ctx, in)
}

// SaveSummary stores a summary. Idempotent: it replaces the version that was read, and a
// repetition finds its run ended.
func (a *Activities) SaveSummary(ctx context.Context, in chat.SummaryToSave) (struct{}, error) {
	err := a.Store.SaveSummary(ctx, in)
	if err == nil {
		a.Meter.CountSummary(true)
	}

	return struct{}{}, err
}

// FailSummary records that a run has failed, and the requests with it. Idempotent: only
// what is running changes.
func (a *Activities) FailSummary(ctx context.Context, in chat.SummaryFailure) (struct{}, error) {
	err := a.Store.FailSummary(ctx, in)
	if err == nil {
		a.Meter.CountSummary(false)
	}

	return struct{}{}, err
}

// CheckSummaryDue reads whether a chat is to be summarized by itself. It changes nothing.
func (a *Activities) CheckSummaryDue(ctx context.Context, in chat.AutoSummary) (chat.SummaryDue, error) {
	return a.Store.SummaryDue(ctx, in, time.Now())
}
