package chat

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"regexp"
	"strings"
)

// replyTokenBytes are the random bytes of a token: 160 bits, which nobody guesses.
const replyTokenBytes = 20

// tokenLetters is base32 in lower case: mail programs change the case of addresses.
var tokenLetters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

var (
	// replyAddress is an address with a token, whose letters may have changed their case.
	replyAddress = regexp.MustCompile(`(?i)^reply\+([a-z2-7]{32})@`)
	// oldReplyAddress is an address with the uuid of the message that it answers.
	oldReplyAddress = regexp.MustCompile(
		`(?i)^reply\+([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})@`,
	)
	// replyMention is a token wherever it stands in a text, as it is or as URLs write it.
	replyMention = regexp.MustCompile(`(?i)\breply(?:\+|%2b)[a-z2-7]{32}(@|%40)`)
)

// ReplyToken is the secret in the address that answers to a mail go to. There is one for each
// delivery, so it names its chat and whom it was sent to. It is in the mail and nowhere else: not
// in answers of the API, in logs or in Temporal.
type ReplyToken string

// NewReplyToken makes a token.
func NewReplyToken() ReplyToken {
	random := make([]byte, replyTokenBytes)
	_, _ = rand.Read(random) // it never fails: https://pkg.go.dev/crypto/rand#Read

	return ReplyToken(tokenLetters.EncodeToString(random))
}

// Address is the address with the token at the domain of another one.
func (t ReplyToken) Address(at string) string {
	return "reply+" + string(t) + "@" + at[strings.LastIndexByte(at, '@')+1:]
}

// Hash is what is kept of the token to know it again.
func (t ReplyToken) Hash() string {
	sum := sha256.Sum256([]byte(strings.ToLower(string(t))))
	return hex.EncodeToString(sum[:])
}

// ReadReplyToken returns the token of an address, "" for one that has none.
func ReadReplyToken(address string) ReplyToken {
	found := replyAddress.FindStringSubmatch(address)
	if found == nil {
		return ""
	}

	return ReplyToken(strings.ToLower(found[1]))
}

// ReadOldReplyAddress returns the message whose uuid stands in an address for answers, as it did
// before there were tokens; "" for none. Whoever reads the API knows such an address, so it shows
// nothing of who writes to it.
func ReadOldReplyAddress(address string) MessageID {
	found := oldReplyAddress.FindStringSubmatch(address)
	if found == nil {
		return ""
	}

	return MessageID(strings.ToLower(strings.Join(found[1:], "-")))
}

// MaskReplyTokens returns the text with addresses for answers shortened to reply@…: mails quote
// the mail that they answer, with the address that it was sent to.
func MaskReplyTokens(text string) string { return replyMention.ReplaceAllString(text, "reply$1") }
