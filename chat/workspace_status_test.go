package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// TestWhatWaitsForPeopleIsAMatterForPeople holds the two lists together.
func TestWhatWaitsForPeopleIsAMatterForPeople(t *testing.T) {
	t.Parallel()

	for _, w := range chat.WaitingsForPeople() {
		assert.True(t, chat.Matter(w).NeedsPerson(), w)
	}
}
