package chat_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

func TestTakeAnswerCode(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]string{
		"123456 yes":            "yes",
		"yes 123456":            "yes",
		"Yes, 123456. At 5":     "Yes At 5",
		"123456:\nthe red one":  "the red one",
		"123456":                "[code]",
		"7 forks (code 123456)": "7 forks (code )",
		"123456 order 654321":   "order 654321",
	} {
		rest, ok := chat.TakeAnswerCode(text, "123456")
		assert.True(t, ok, text)
		assert.Equal(t, want, rest)
	}

	for _, text := range []string{"yes", "1234567 yes", "yes 12345", "123 456", "", "111111 123456"} {
		rest, ok := chat.TakeAnswerCode(text, "123456")
		assert.False(t, ok, text)
		assert.Equal(t, text, rest)
	}

	assert.Regexp(t, `^[0-9]{6}$`, chat.NewAnswerCode())
}

func TestACodeIsPostedBelowTheText(t *testing.T) {
	t.Parallel()

	plain := chat.Payload{Text: "Ship it?"}
	coded := chat.Payload{Text: "Ship it?", Code: "123456"}

	assert.Equal(t, "Ship it?", plain.Posted())
	assert.Equal(t, "Ship it?\n\nPlease put this code into your answer: 123456", coded.Posted())

	for _, q := range []chat.ContributorQuestion{{}, {Trust: chat.TrustNumber}, {Confirm: true, Trust: chat.TrustCode}} {
		assert.False(t, q.LacksCode())
	}

	assert.True(t, (&chat.ContributorQuestion{Confirm: true, Trust: chat.TrustNumber}).LacksCode())
}

// Nobody finds the code by trying: not with many numbers in one text, nor with many texts.
func TestACodeIsNotFoundByTrying(t *testing.T) {
	t.Parallel()

	var all strings.Builder
	for code := 100_000; code < 100_200; code++ {
		fmt.Fprintf(&all, "%d ", code)
	}

	assert.True(t, chat.TriesAnswerCode(all.String()))
	_, found := chat.TakeAnswerCode(all.String(), "100100")
	assert.False(t, found)

	for _, text := range []string{"yes", "7 forks", "call +14155550101", ""} {
		assert.False(t, chat.TriesAnswerCode(text), text)
	}

	assert.False(t, (&chat.ContributorQuestion{Confirm: true, WrongCodes: 9}).IsLocked())
	assert.False(t, (&chat.ContributorQuestion{WrongCodes: 10}).IsLocked())

	locked := &chat.ContributorQuestion{Confirm: true, WrongCodes: 10}
	assert.True(t, locked.IsLocked())
	assert.ErrorContains(t, locked.ErrorLacksCode(), "through the API")
}
