package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

func TestEveryWaitHasAName(t *testing.T) {
	t.Parallel()

	for _, w := range chat.Waitings() {
		assert.Contains(t, w.Name(), " ", "%s is a word, and no name", w)
	}

	assert.Equal(t, "weather", chat.Waiting("weather").Name())
}

func TestEveryRiskOfAToolIsExplained(t *testing.T) {
	t.Parallel()

	told := map[string]bool{}
	for _, r := range []chat.ToolRisk{chat.RiskRead, chat.RiskWrite, chat.RiskApproval} {
		told[r.Explain()] = true
	}

	assert.Len(t, told, 3)
	assert.True(t, told[chat.ToolRisk("new").Explain()])
}
