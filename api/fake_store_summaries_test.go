package api_test

import (
	"context"
	"strings"
	"time"

	"handrail/chat"
)

const versionOne chat.SummaryID = "01934f6e-7f7d-7a44-8c4e-5b6c7d8e9f0b"

// summaryFacts is what the fake store knows of summaries, and what it was last given.
type summaryFacts struct {
	settings     chat.SummarySettings
	settingsRead int
	restored     chat.SummaryID
	undone       chat.SummaryID
	onVersion    error
}

func oneVersion() chat.SummaryVersion {
	return chat.SummaryVersion{
		ID:      versionOne,
		ChatID:  chatOne,
		Kind:    chat.SummaryByModel,
		State:   chat.SummarySucceeded,
		Mode:    chat.ModeIncremental,
		Applied: true,
		Current: true,
		Summary: chat.Summary{
			Title:     "Late parcel",
			Summary:   "Ana waits.",
			KeyPoints: []chat.Point{{Text: "It is late.", Messages: []chat.MessageID{messageOne}}},
			Labels: []chat.LabelChoice{
				{Name: "vip", Confidence: 0.9, Evidence: []chat.Quote{{Message: messageOne, Text: "I wait"}}},
			},
			Model: "m",
		},
		Fates: []chat.LabelFate{chat.LabelSet},
		Usage: chat.Usage{
			Requests:     1,
			InputTokens:  100,
			OutputTokens: 20,
			Duration:     1500 * time.Millisecond,
		},
		Watermark:    1040,
		Covered:      7,
		LabelsChosen: true,
		LabelsAdded:  []chat.LabelID{3},
		ActionID:     actionOne,
		RequestedBy:  1,
		CreatedAt:    noon,
		EndedAt:      &noon,
	}
}

func (f *fakeStore) Summaries(
	context.Context,
	chat.WorkspaceID,
	chat.ChatID,
	chat.Page,
) (chat.List[chat.SummaryVersion], error) {
	return chat.List[chat.SummaryVersion]{Items: []chat.SummaryVersion{oneVersion()}, NextCursor: "older"}, f.fail
}

func (f *fakeStore) SummaryVersion(
	context.Context,
	chat.WorkspaceID,
	chat.ChatID,
	chat.SummaryID,
) (chat.SummaryVersion, error) {
	return oneVersion(), f.onVersion
}

func (f *fakeStore) RestoreSummary(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	id chat.ChatID,
	version chat.SummaryID,
) (chat.Chat, error) {
	f.restored = version
	c := smsChat()
	c.ID, c.SummaryEdited = id, true

	return c, f.change("RestoreSummary")
}

func (f *fakeStore) UndoLabels(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	id chat.ChatID,
	version chat.SummaryID,
) (chat.Chat, error) {
	f.undone = version
	c := smsChat()
	c.ID = id

	return c, f.change("UndoLabels")
}

func (f *fakeStore) SummarySettings(context.Context, chat.WorkspaceID) (chat.SummarySettings, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	f.settingsRead++

	return f.settings, nil
}

func (f *fakeStore) UpdateSummarySettings(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	settings chat.SummarySettings,
) (chat.SummarySettings, error) {
	f.mutex.Lock()
	f.settings = settings
	f.mutex.Unlock()

	return settings, f.change("UpdateSummarySettings")
}

// fakeModels has a key for everything but Anthropic.
type fakeModels struct{}

func (fakeModels) Check(name string) error {
	if strings.HasPrefix(name, "anthropic/") {
		return chat.Invalid("model", "cannot be of anthropic: the service has no ANTHROPIC_API_KEY")
	}

	return nil
}
