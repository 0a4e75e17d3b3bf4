package config_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/cmd/internal/config"
)

func TestTheDefaultsAreThoseOfTheChannels(t *testing.T) {
	t.Parallel()

	c, err := config.Load(nil)
	require.NoError(t, err)

	for channel, wait := range c.Receipts() {
		assert.Equal(t, channel.Spec().Receipt, wait, channel)
	}

	assert.Len(t, c.Receipts(), len(chat.AddressedChannels()), "a channel's receipts have no variable")
}
