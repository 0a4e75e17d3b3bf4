package toolbox

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestSecretsAreMaskedInEveryForm has a tool repeat a secret in one way after the other.
func TestSecretsAreMaskedInEveryForm(t *testing.T) {
	t.Parallel()

	for _, secret := range []string{
		"hush-hush/1", `a<b>&"c'd`, "sk_live_0123456789", "pass word+1", "äöü€漢字", "123456",
		base64.StdEncoding.EncodeToString([]byte("shop:open sesame")),
	} {
		m := newMasker([]string{secret})

		quoted, err := json.Marshal(map[string]string{"error": "key " + secret + " is wrong"})
		require.NoError(t, err)

		plain, err := base64.StdEncoding.DecodeString(secret)
		if err != nil {
			plain = []byte(secret)
		}

		for name, text := range map[string]string{
			"as it is":       "key " + secret + " is wrong",
			"JSON":           string(quoted),
			"unescaped JSON": `{"error":"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(secret) + `"}`,
			"JSON, a name":   `{"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(secret) + `":1}`,
			"a query":        `"` + url.QueryEscape(secret) + `"`,
			"a path":         `"` + url.PathEscape(secret) + `"`,
			"reversed":       `"` + quoteJSON(reverse(secret), false) + `"`,
			"decoded":        `"` + quoteJSON(string(plain), false) + `"`,
		} {
			shown := string(m.maskJSON([]byte(text)))
			assert.Contains(t, shown, masked, "%s: %s", name, text)
			assert.NotContains(t, shown, secret, name)
			assert.NotEqual(t, text, m.maskText(text)+"", "%s in a message", name)
		}
	}
}

// TestSecretsAreMaskedInBase64 puts a secret between other bytes and encodes all of it.
func TestSecretsAreMaskedInBase64(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[!-~]{8,40}`).Draw(t, "secret")
		before := rapid.StringMatching(`[a-z:]{0,7}`).Draw(t, "before")
		after := rapid.StringMatching(`[a-z:]{0,7}`).Draw(t, "after")

		for _, encoding := range []*base64.Encoding{
			base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding,
		} {
			encoded := encoding.EncodeToString([]byte(before + secret + after))
			if shown := newMasker([]string{secret}).maskText(encoded); !strings.Contains(shown, masked) {
				t.Fatalf("%q is shown as %q", encoded, shown)
			}
		}
	})
}

// TestMaskingLeavesOtherAnswersAsTheyAre holds numbers to their digits, and documents to their bytes.
func TestMaskingLeavesOtherAnswersAsTheyAre(t *testing.T) {
	t.Parallel()

	m := newMasker([]string{"123456"})

	for text, want := range map[string]string{
		`{"id": 9007199254740993,  "a":1.50}`:   `{"id": 9007199254740993,  "a":1.50}`,
		`{"id":9007199254740993,"code":123456}`: `{"code":"***","id":9007199254740993}`,
		`not JSON 123456`:                       `not JSON ***`,
		``:                                      ``,
	} {
		assert.Equal(t, want, string(m.maskJSON([]byte(text))))
	}
}
