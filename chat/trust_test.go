package chat_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// lastTwo is an organisation of the last two labels, none for one label.
func lastTwo(domain string) string {
	labels := strings.Split(domain, ".")
	if len(labels) < 2 {
		return ""
	}

	return strings.Join(labels[len(labels)-2:], ".")
}

func TestJudge(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		evidence chat.MailEvidence
		want     chat.Trust
	}{
		"signed":             {chat.MailEvidence{From: "a.example", Signed: []string{"a.example"}}, chat.TrustDKIM},
		"of one house":       {chat.MailEvidence{From: "x.a.example", Signed: []string{"y.a.example"}}, chat.TrustDKIM},
		"the second":         {chat.MailEvidence{From: "a.example", Signed: []string{"b.example", "A.example"}}, chat.TrustDKIM},
		"of another":         {chat.MailEvidence{From: "a.example", Signed: []string{"b.example"}}, chat.TrustNone},
		"of no house":        {chat.MailEvidence{From: "a", Signed: []string{"b"}}, chat.TrustNone},
		"without From":       {chat.MailEvidence{Signed: []string{""}, AllowedBy: "b.example"}, chat.TrustNone},
		"allowed":            {chat.MailEvidence{From: "a.example", AllowedBy: "m.a.example"}, chat.TrustSPF},
		"allowed by another": {chat.MailEvidence{From: "a.example", AllowedBy: "b.example"}, chat.TrustNone},
		"named":              {chat.MailEvidence{From: "a.example", AllowedBy: "a.example", Named: true}, chat.TrustNamed},
		"doubtful":           {chat.MailEvidence{From: "a.example", AllowedBy: "a.example", Doubtful: true}, chat.TrustDoubtful},
		"nothing":            {chat.MailEvidence{From: "a.example"}, chat.TrustNone},
	} {
		assert.Equal(t, c.want, c.evidence.Judge(lastTwo), name)
	}
}

func TestTrustLevels(t *testing.T) {
	t.Parallel()

	for _, trust := range chat.Trusts() {
		assert.NotEmpty(t, trust.Explanation(), trust)
		assert.Contains(t, chat.TrustLevels(), trust.Level(), trust)
		assert.Equal(t, strings.HasPrefix(trust.Explanation(), "Not verified"), !trust.HasAuthority(), trust)
		assert.Equal(t, strings.HasPrefix(trust.Explanation(), "Verified"), trust.Level() == chat.LevelVerified, trust)
	}

	assert.False(t, chat.Trust("").HasAuthority(), "what was not judged has none")
}

func TestReplyToken(t *testing.T) {
	t.Parallel()

	token := chat.NewReplyToken()
	address := token.Address("reply@in.shop.example")

	assert.Len(t, string(token), 32, "160 bits")
	assert.NotEqual(t, token, chat.NewReplyToken())
	assert.Equal(t, "reply+"+string(token)+"@in.shop.example", address)
	assert.Equal(t, token, chat.ReadReplyToken(strings.ToUpper(address)))
	assert.Equal(t, token.Hash(), chat.ReplyToken(strings.ToUpper(string(token))).Hash())
	assert.NotContains(t, token.Hash(), string(token))

	for _, other := range []string{"reply@in.shop.example", "x" + address, "reply+" + string(token), ""} {
		assert.Empty(t, chat.ReadReplyToken(other), other)
	}

	for text, want := range map[string]string{
		"To: <" + address + ">":    "To: <reply@in.shop.example>",
		strings.ToUpper(address):   "reply@IN.SHOP.EXAMPLE",
		"reply%2B" + address[6:]:   "reply@in.shop.example",
		"reply+ana@shop.example":   "reply+ana@shop.example",
		"I reply, as always, here": "I reply, as always, here",
	} {
		assert.Equal(t, want, chat.MaskReplyTokens(text), text)
	}
}
