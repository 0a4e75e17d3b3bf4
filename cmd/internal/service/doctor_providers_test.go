package service

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/carrier/sendgrid"
	"handrail/carrier/twilio"
	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/db"
)

const origin = "https://handrail.example"

func TestTheDoctorJudgesWhereTextMessagesGo(t *testing.T) {
	t.Parallel()

	inbound := origin + "/webhooks/twilio/inbound"

	for name, tt := range map[string]struct {
		setup  twilio.InboundSetup
		status CheckStatus
		says   string
	}{
		"right":         {twilio.InboundSetup{URL: inbound + "#rc=5&rp=all", Method: "POST"}, CheckOK, "repeated"},
		"with a slash":  {twilio.InboundSetup{URL: inbound + "/#rc=3&rp=all", Method: "POST"}, CheckOK, "repeated"},
		"once":          {twilio.InboundSetup{URL: inbound, Method: "POST"}, CheckWarn, "lost if Handrail is away"},
		"once, on 4xx":  {twilio.InboundSetup{URL: inbound + "#rc=5", Method: "POST"}, CheckWarn, "lost"},
		"by GET":        {twilio.InboundSetup{URL: inbound + "#rc=5&rp=all", Method: "GET"}, CheckFail, "GET"},
		"elsewhere":     {twilio.InboundSetup{URL: "https://demo.twilio.com/x", Method: "POST"}, CheckFail, "demo.twilio.com"},
		"nowhere":       {twilio.InboundSetup{Method: "POST"}, CheckFail, "nowhere"},
		"by its number": {twilio.InboundSetup{ByNumber: true}, CheckOK, "numbers"},
	} {
		tt.setup.Sender = "+15550100"
		checks := judgeTwilioInbound(origin+"/", db.SenderAddresses{Numbers: []string{"+15550100"}}, []twilio.InboundSetup{tt.setup})
		require.Len(t, checks, 1, name)
		assert.Equal(t, tt.status, checks[0].Status, name)
		assert.Contains(t, checks[0].Message, tt.says, name)
		assert.Equal(t, tt.status != CheckOK, checks[0].Do != "", name)
	}

	foreign := judgeTwilioInbound(origin, db.SenderAddresses{Services: []string{"MG1"}}, nil)
	assert.Equal(t, CheckFail, foreign[0].Status)
	assert.Contains(t, foreign[0].Message, "does not have it")
}

func TestTheDoctorJudgesSendGridsWebhooks(t *testing.T) {
	t.Parallel()

	right := sendgrid.EventSetup{URL: origin + "/webhooks/sendgrid/events", Enabled: true, Signed: true}
	assert.Equal(t, CheckOK, judgeEventWebhook(origin, []sendgrid.EventSetup{right}).Status)
	assert.Equal(t, CheckFail, judgeEventWebhook(origin, nil).Status)

	for name, change := range map[string]func(*sendgrid.EventSetup){
		"disabled":   func(s *sendgrid.EventSetup) { s.Enabled = false },
		"not signed": func(s *sendgrid.EventSetup) { s.Signed = false },
		"bounce":     func(s *sendgrid.EventSetup) { s.Missing = []string{"bounce"} },
	} {
		wrong := right
		change(&wrong)
		check := judgeEventWebhook(origin, []sendgrid.EventSetup{wrong})
		assert.NotEqual(t, CheckOK, check.Status, name)
		assert.Contains(t, check.Message, name)
	}

	parse := sendgrid.ParseSetup{Host: "in.shop.example", URL: origin + "/webhooks/sendgrid/inbound"}
	assert.Equal(t, CheckOK, judgeInboundParse(origin, "In.Shop.example", []sendgrid.ParseSetup{parse}).Status)
	assert.Equal(t, CheckFail, judgeInboundParse(origin, "other.example", []sendgrid.ParseSetup{parse}).Status)
	assert.Equal(t, CheckFail, judgeInboundParse("https://new.example", "in.shop.example", []sendgrid.ParseSetup{parse}).Status)
}

func TestTheDoctorJudgesTheReplyDomain(t *testing.T) {
	t.Parallel()

	assert.Equal(t, CheckOK, judgeMX("in.shop.example", []*net.MX{{Host: "mx.sendgrid.net."}}, nil).Status)
	assert.Equal(t, CheckOK, judgeMX("in.shop.example", []*net.MX{{Host: "MX.EU.sendgrid.net."}}, nil).Status)
	assert.Equal(t, CheckFail, judgeMX("in.shop.example", []*net.MX{{Host: "mail.shop.example."}}, nil).Status)
	assert.Equal(t, CheckFail, judgeMX("in.shop.example", nil, errors.New("no such host")).Status)
	assert.Equal(t, CheckWarn, checkReplyDomain(t.Context(), &config.Config{}).Status)
}

func TestTheDoctorJudgesWhenProvidersLastCalled(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, time.November, 28, 10, 0, 0, 0, time.UTC)
	judge := func(seen ...db.Callback) Check { return judgeCallbacks(chat.ProviderTwilio, seen, now) }

	assert.Equal(t, CheckWarn, judge().Status)
	assert.Equal(t, CheckWarn, judge(db.Callback{Provider: chat.ProviderSendGrid, At: now}).Status)
	assert.Equal(t, CheckWarn, judge(db.Callback{Provider: chat.ProviderTwilio, At: now.AddDate(0, 0, -8)}).Status)

	fresh := judge(
		db.Callback{Provider: chat.ProviderTwilio, At: now.AddDate(0, 0, -9)},
		db.Callback{Provider: chat.ProviderTwilio, Inbound: true, At: now.Add(-time.Hour)},
	)
	assert.Equal(t, CheckOK, fresh.Status)
	assert.Equal(t, "last report 2026-11-19T10:00:00Z, last message 2026-11-28T09:00:00Z", fresh.Message)
}

func TestTheDoctorCountsRefusedCalls(t *testing.T) {
	t.Parallel()

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`# TYPE handrail_webhook_calls_total counter
handrail_webhook_calls_total{carrier="twilio",kind="inbound",result="refused"} 2
handrail_webhook_calls_total{carrier="twilio",kind="inbound",result="taken"} 40
handrail_webhook_calls_total{carrier="sendgrid",kind="events",result="refused"} 1
`))
	}))
	t.Cleanup(server.Close)

	check := checkSignatures(t.Context(), &config.Config{MetricsAddr: server.Listener.Addr().String()})
	assert.Equal(t, CheckWarn, check.Status)
	assert.Contains(t, check.Message, "3 calls")

	away := checkSignatures(t.Context(), &config.Config{MetricsAddr: "127.0.0.1:1"})
	assert.Equal(t, CheckWarn, away.Status)
	assert.Contains(t, away.Message, "cannot be read")

	none := checkSignatures(t.Context(), &config.Config{})
	assert.Equal(t, CheckWarn, none.Status)
	assert.Contains(t, none.Do, "HANDRAIL_METRICS_ADDR")
}
