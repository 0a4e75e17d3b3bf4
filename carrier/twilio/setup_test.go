package twilio_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/carrier"
	"handrail/carrier/twilio"
)

func TestCheckAccount(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		status int
		body   string
		says   string
	}{
		"active":    {http.StatusOK, `{"sid":"` + account + `","status":"active"}`, ""},
		"suspended": {http.StatusOK, `{"sid":"` + account + `","status":"suspended"}`, "the account is suspended"},
		"unknown":   {http.StatusNotFound, `{"code":20404}`, "does not exist"},
		"wrong":     {http.StatusUnauthorized, `{"code":20003}`, carrier.ErrCredentials.Error()},
		"down":      {http.StatusServiceUnavailable, `busy`, "status 503"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			c := askedClient(t, func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "/2010-04-01/Accounts/"+account+".json", r.URL.Path)
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			})

			err := c.CheckAccount(t.Context())
			if tt.says == "" {
				require.NoError(t, err)
				return
			}

			require.ErrorContains(t, err, tt.says)
		})
	}
}

func TestInboundSetups(t *testing.T) {
	t.Parallel()

	c := askedClient(t, func(w http.ResponseWriter, r *http.Request) {
		answers := map[string]string{
			"/2010-04-01/Accounts/" + account + "/IncomingPhoneNumbers.json?PageSize=50": `{"incoming_phone_numbers":[
				{"phone_number":"+15550100","sms_url":"https://handrail.example/webhooks/twilio/inbound#rc=5","sms_method":"POST"}],
				"next_page_uri":"/2010-04-01/Accounts/x/IncomingPhoneNumbers.json?PageSize=50&Page=1&PageToken=PA1"}`,
			"/2010-04-01/Accounts/" + account + "/IncomingPhoneNumbers.json?Page=1&PageSize=50&PageToken=PA1": `{
				"incoming_phone_numbers":[{"phone_number":"+15550101","sms_url":"","sms_method":"GET"}],"next_page_uri":null}`,
			"/v1/Services?PageSize=50": `{"services":[{"sid":"MG1","inbound_request_url":null,"inbound_method":"POST",
				"use_inbound_webhook_on_number":true}],"meta":{"next_page_url":null}}`,
		}

		answer, ok := answers[r.URL.Path+"?"+r.URL.Query().Encode()]
		assert.True(t, ok, r.URL.String())

		_, _ = w.Write([]byte(answer))
	})

	setups, err := c.InboundSetups(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []twilio.InboundSetup{
		{Sender: "+15550100", URL: "https://handrail.example/webhooks/twilio/inbound#rc=5", Method: "POST"},
		{Sender: "+15550101", Method: "GET"},
		{Sender: "MG1", Method: "POST", ByNumber: true},
	}, setups)
}
