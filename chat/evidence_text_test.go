package chat_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"handrail/chat"
)

// textsAsTwilioChangesThem are texts, and what Twilio's list may show of them.
var textsAsTwilioChangesThem = map[string]string{
	"“Hello” – it’s ready…":            `"Hello" - it's ready...`,
	"«½ kg»":                           `"1/2 kg"`,
	"Your code is 12":                  "Sent from your Twilio trial account - Your code is 12",
	"See https://shop.example/a/b?c=d": "See https://twil.io/AbC12",
	"two  spaces\u00a0and\nlines ":     "two spaces and lines",
	"ＯＫ！":                              "OK!",
	"soft\u00adhyphen":                 "softhyphen",
}

func TestTextsThatLookTheSameHaveOneKey(t *testing.T) {
	t.Parallel()

	keyOf := func(text string) string {
		d := chat.Delivery{
			Channel:  chat.ChannelSMS,
			Provider: chat.ProviderTwilio,
			From:     "+15550100",
			To:       "+15550199",
			Payload:  chat.Payload{Text: text},
		}

		return d.TextKey()
	}

	for posted, shown := range textsAsTwilioChangesThem {
		assert.Equal(t, keyOf(posted), keyOf(shown), "%q", posted)
	}

	for _, other := range []string{
		"your code is 12", "Your code is 13", "Your code is -12", "Your code is 1 2", "Your code is 12!", "",
	} {
		assert.NotEqual(t, keyOf("Your code is 12"), keyOf(other), "%q", other)
	}
}

func TestEvidenceTextIsItsOwnForm(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		folded := chat.EvidenceText(text)

		if again := chat.EvidenceText(folded); again != folded && !strings.Contains(text, "Twilio") {
			t.Fatalf("%q is folded to %q, and that to %q", text, folded, again)
		}
	})
}
