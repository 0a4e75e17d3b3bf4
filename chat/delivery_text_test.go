package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

func TestOnlyAnSMSThatDiffersHasAnotherText(t *testing.T) {
	t.Parallel()

	d := chat.Delivery{Channel: chat.ChannelSMS, Payload: chat.Payload{Text: "It is ready."}}
	assert.Equal(t, "It is ready.", d.SentText("It is **ready**."))
	assert.Empty(t, d.SentText("It is ready."))

	d.Channel = chat.ChannelEmail
	assert.Empty(t, d.SentText("It is **ready**."))
}
