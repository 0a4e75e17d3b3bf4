package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// TestEveryHoldHasAName: "pending" says of none of them why a person is needed.
func TestEveryHoldHasAName(t *testing.T) {
	t.Parallel()

	for _, code := range chat.LeftAlone() {
		assert.NotEmpty(t, chat.NameHold(code), code)
	}

	assert.Equal(t, "possible opt-out", chat.NameHold(chat.ErrorPossibleOptOut))
	assert.Empty(t, chat.NameHold(chat.ErrorTimeout))
}
