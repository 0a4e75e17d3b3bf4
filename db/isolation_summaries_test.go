package db_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// summaryTries are those of everything about summaries. The victim has one version.
var summaryTries = map[string]try{
	"BeginSummary": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.BeginSummary(ctx, chat.SummaryStart{SummaryStep: i.foreignRun()}, 0))
	}},
	"Reading": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.Reading(ctx, chat.SummaryPart{SummaryStep: i.foreignRun()}))
	}},
	"RecordUsage": {"", func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.RecordUsage(ctx, i.ws, i.victim.SMS.ID, i.version, chat.Usage{Requests: 1}))
	}},
	"RecordModelWait": {"", func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.RecordModelWait(ctx, chat.SummaryWait{
			WorkspaceID: i.ws,
			ChatID:      i.victim.SMS.ID,
			ID:          i.version,
			Wait:        &chat.ModelWait{Code: "x"},
		}))
	}},
	"SaveSummary": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(
			i.s.SaveSummary(ctx, chat.SummaryToSave{SummaryStep: i.foreignRun(), Summary: chat.Summary{Title: "x"}}),
		)
	}},
	"FailSummary": {"", func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.FailSummary(ctx, chat.SummaryFailure{
			ActionsFailed: chat.ActionsFailed{
				WorkspaceID: i.ws,
				ActionIDs:   []chat.ActionID{i.request.ActionID, i.sent.ActionID},
				Problem:     *chat.Errorf(chat.CodeInternal, "x"),
			},
			ChatID: i.victim.SMS.ID, ID: i.version,
		}))
	}},
	"Summaries": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.Summaries(ctx, i.ws, i.victim.SMS.ID, chat.Page{Limit: 10}))
	}},
	"SummaryVersion": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.SummaryVersion(ctx, i.ws, i.victim.SMS.ID, i.version))
	}},
	"RestoreSummary": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.RestoreSummary(ctx, i.ws, i.by, i.victim.SMS.ID, i.version))
	}},
	"UndoLabels": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.UndoLabels(ctx, i.ws, i.by, i.victim.SMS.ID, i.version))
	}},
	"SummarySettings": {"", func(ctx context.Context, i *intruder) (any, error) {
		settings, err := i.s.SummarySettings(ctx, i.foreignTo())
		return settings.Instructions, err
	}},
	"UpdateSummarySettings": {"", func(ctx context.Context, i *intruder) (any, error) {
		_, err := i.s.UpdateSummarySettings(ctx, i.ws, i.by, chat.SummarySettings{Instructions: "mine"})
		return nil, err
	}},
	"SummaryDue": {"", func(ctx context.Context, i *intruder) (any, error) {
		due, err := i.s.SummaryDue(
			ctx,
			chat.AutoSummary{WorkspaceID: i.ws, ChatID: i.victim.SMS.ID},
			time.Now().Add(24*time.Hour),
		)
		if due != (chat.SummaryDue{}) {
			return due, err
		}

		return nil, err
	}},
}

// foreignRun is a run of the intruder's that names the victim's chat.
func (i *intruder) foreignRun() chat.SummaryStep {
	return chat.SummaryStep{
		WorkspaceID:  i.ws,
		ChatID:       i.victim.SMS.ID,
		ID:           i.version,
		UpdateLabels: true,
		Overwrite:    true,
	}
}

// seedSummary gives the victim settings and a run that has not ended.
func seedSummary(t *testing.T, i *intruder) {
	t.Helper()

	_, err := i.s.UpdateSummarySettings(t.Context(), i.victim.Workspace, i.victim.By,
		chat.SummarySettings{Instructions: "private", QuietAfter: time.Hour, TokenBudget: 7})

	require.NoError(t, err)

	start := summaryStart(i.victim)
	_, err = i.s.BeginSummary(t.Context(), start, 0)
	require.NoError(t, err)

	i.version = start.ID
}
