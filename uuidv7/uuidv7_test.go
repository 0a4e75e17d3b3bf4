package uuidv7_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/uuidv7"
)

func TestNewIDsAreUUIDsThatRise(t *testing.T) {
	t.Parallel()

	var last chat.MessageID

	for range 1000 {
		id := uuidv7.New[chat.MessageID]()

		parsed, err := uuid.Parse(string(id))
		require.NoError(t, err)
		assert.EqualValues(t, 7, parsed.Version())
		assert.Equal(t, parsed.String(), string(id), "canonical")
		assert.Greater(t, id, last)

		last = id
	}
}
