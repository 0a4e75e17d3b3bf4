package chat_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

func TestInboundTextIsLimited(t *testing.T) {
	t.Parallel()

	in := chat.Inbound{Text: strings.Repeat("€", chat.MaxInboundText)}
	in.LimitText()
	assert.Len(t, in.Text, 3*chat.MaxInboundText)
	assert.Empty(t, in.Files)

	in.Text += "€€"
	in.Files = make([]chat.File, chat.MaxFiles)
	in.LimitText()
	assert.Equal(t, chat.MaxInboundText, utf8.RuneCountInString(in.Text))
	assert.True(t, utf8.ValidString(in.Text))
	assert.Len(t, in.Files, chat.MaxFiles)
	assert.Equal(t, chat.File{
		Name: chat.OriginalFile,
		Type: "text/plain",
		Size: 3 * (chat.MaxInboundText + 2),
	}, in.Files[0])
}
