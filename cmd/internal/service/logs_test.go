package service_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/sandbox"
)

// withFullLog logs all there is.
func withFullLog(c *config.Config) { c.LogLevel = "debug" }

// TestNoLogHoldsText does what TestNoHistoryHoldsText does, has providers fail and strangers knock, and
// looks for texts, addresses, tokens and keys in all that API and worker have logged.
func TestNoLogHoldsText(t *testing.T) {
	t.Parallel()

	d := newDesk(t)
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", withEncryption, withFullLog, allowHost(d.Server))
	w.sayMarkedTexts(d)

	asked, _ := w.askPia()
	replyTo := asked.ReplyTo[0].Email
	replyToken := string(chat.ReadReplyToken(replyTo))
	require.Len(t, replyToken, 32)

	// A forged answer, one with the token, a stranger's mail, and one that says it is a manager's.
	w.postMail(newMailPost("pia@team.example", marked).forged())
	w.postMail(newMailPost("pia@home.example", marked+" "+replyTo).forged().with("to", replyTo))
	w.postMail(newMailPost("stranger@evil.example", marked, "Subject: "+marked))

	// Keys that open nothing, and calls that nobody has signed.
	wrong := chat.NewKeySecret()
	w.knock("/api/v2/w/"+string(w.ws)+"/chats", wrong, "")
	w.knock("/webhooks/twilio/inbound", "", "From=%2B14155550177&Body="+marked)
	w.knock("/webhooks/sendgrid/inbound", "", marked+" stranger@evil.example")

	// A provider that says what it was sent.
	require.NoError(t, w.box.SetFaults(sandbox.Fault{Kind: sandbox.FaultRefuse}))
	w.call("POST", sendPath(w.people.sms.ID), sendBody(marked))

	w.stopped()

	log := w.log.String()
	require.Contains(t, log, " DBG ", "the log is full")

	for what, secret := range map[string]string{
		"a text":           marked,
		"a text in base64": base64.StdEncoding.EncodeToString([]byte(marked)),
		"a number":         w.people.ana.Phone,
		"our number":       "+14155550100",
		"a contributor's":  cook,
		"a stranger's":     "14155550177",
		"an address":       w.people.ana.Email,
		"another address":  "stranger@evil.example",
		"Pia's address":    "pia@",
		"our address":      "support@handrail.example",
		"a reply token":    replyToken,
		"the key":          w.secret,
		"a wrong key":      wrong,
		"Twilio's token":   token,
		"SendGrid's key":   sendGridKey,
		"our keys":         w.config.EncryptionKeys,
	} {
		assert.NotContains(t, strings.ToLower(log), strings.ToLower(secret), what)
	}
}

// knock posts to a path without being anybody.
func (w *env) knock(path, key, body string) {
	w.Helper()

	request, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.url+path, strings.NewReader(body))
	require.NoError(w, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Twilio-Signature", "bm9uc2Vuc2U=")
	request.Header.Set("Authorization", "Bearer "+key)

	answer, err := http.DefaultClient.Do(request) //nolint:forbidigo // the test ends before it would wait too long
	require.NoError(w, err)
	require.NoError(w, answer.Body.Close())
	require.GreaterOrEqual(w, answer.StatusCode, http.StatusBadRequest, path)
}
