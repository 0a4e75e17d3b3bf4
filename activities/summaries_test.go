package activities_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/activities"
	"handrail/chat"
)

func TestWriteSummary(t *testing.T) {
	t.Parallel()
	lines := []chat.Line{{ID: "m", Role: chat.RoleUserMessage, Text: "Where is order 7?"}}
	tests := map[string]struct {
		lines  []chat.Line
		labels bool
		says   chat.Summary
		code   chat.Code
	}{
		"good":                            {lines, true, chat.Summary{Title: "Order 7", Summary: "Ana asks.", Labels: []string{"vip"}, Model: "m"}, ""},
		"labels nobody asked for":         {lines, false, chat.Summary{Title: "Order 7", Summary: "Ana asks.", Labels: []string{"refund-approved"}}, ""},
		"a label that is not ours":        {lines, true, chat.Summary{Title: "Order 7", Summary: "Ana asks.", Labels: []string{"refund-approved"}}, chat.CodeSummarizationFailed},
		"no title":                        {lines, false, chat.Summary{Summary: "Ana asks."}, chat.CodeSummarizationFailed},
		"a chat without a single message": {nil, false, chat.Summary{}, chat.CodeNothingToSummarize},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &store{read: func() (chat.Transcript, int64, error) {
				return chat.Transcript{Messages: tt.lines, Labels: []chat.Label{{Name: "VIP"}}}, 9, nil
			}}
			acts := newActivities(t, activities.Config{Store: s, Model: model(func(chat.Transcript, bool) (chat.Summary, error) { return tt.says, nil })})
			draft, err := acts.WriteSummary(t.Context(), chat.SummaryStep{UpdateLabels: tt.labels})
			if tt.code != "" {
				assert.Equal(t, tt.code, chat.CodeOf(err))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, int64(9), draft.Version)
			if !tt.labels {
				assert.Empty(t, draft.Summary.Labels)
			}
		})
	}
}
