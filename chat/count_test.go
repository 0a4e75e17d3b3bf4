package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

func TestCountOfAgreesWithItsNoun(t *testing.T) {
	t.Parallel()

	assert.Equal(t, "0 messages", chat.CountOf(0, "message"))
	assert.Equal(t, "1 message", chat.CountOf(int64(1), "message"))
	assert.Equal(t, "1 delivery", chat.CountOf(1, "delivery"))
	assert.Equal(t, "2 deliveries", chat.CountOf(2, "delivery"))
	assert.Equal(t, "3 statuses", chat.CountOf(3, "status"))
}

// TestWhatOneMatterIsCalled walks through all matters: one of them is told in the singular.
func TestWhatOneMatterIsCalled(t *testing.T) {
	t.Parallel()

	assert.Equal(t, "delivery that waits for a decision", chat.Matter(chat.WaitingPerson).Explain(1))
	assert.Equal(t, "deliveries that wait for a decision", chat.Matter(chat.WaitingPerson).Explain(2))

	for _, matter := range chat.Matters() {
		one, many := matter.Explain(1), matter.Explain(2)
		assert.NotEmpty(t, one, matter)
		assert.NotEmpty(t, many, matter)
		assert.NotEqual(t, one, many, matter)
	}

	words := chat.MatterFailed.Explain(chat.MaxFailed - 1)
	assert.Equal(t, "or more "+words, chat.MatterFailed.Explain(chat.MaxFailed), "it is counted no further")
}
