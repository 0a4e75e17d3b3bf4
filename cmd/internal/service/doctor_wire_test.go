package service_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/cmd/internal/service"
	"handrail/db/dbtest"
)

// TestTheDoctorAsksTheProviders compares what is sent from with what the providers have.
func TestTheDoctorAsksTheProviders(t *testing.T) {
	t.Parallel()

	w := newEnv(t, dbtest.NewPostgresURL(t))

	for _, id := range []chat.ChatID{w.people.sms.ID, w.people.email.ID} {
		answer := w.call(http.MethodPost, sendPath(id), sendBody("Hello"))
		require.Equal(t, http.StatusOK, answer.status, answer.raw)
		w.awaitSettled(answer.at("action_id"))
	}

	embedded, err := temporal()
	require.NoError(t, err)

	c := *w.config
	c.MetricsAddr = w.metrics

	checks := map[string]service.Check{}
	for _, check := range service.Diagnose(t.Context(), &c, []string{"TEMPORAL_ADDRESS=" + embedded.Address()}) {
		checks[check.Name] = check
	}

	for _, name := range []string{
		"Twilio account", "SendGrid key", "mail events", "inbound mail", "reply domain", "calls by Twilio",
		"calls by SendGrid", "signatures",
	} {
		assert.Equal(t, service.CheckOK, checks[name].Status, "%s: %+v", name, checks[name])
	}

	sms := checks["SMS to +14155550100"]
	assert.Equal(t, service.CheckWarn, sms.Status, "%+v", sms)
	assert.Contains(t, sms.Do, "#rc=5&rp=all", "the sandbox's URL does not ask for repetitions")

	answer := w.call(http.MethodGet, "/doctor", nil)
	require.Equal(t, http.StatusOK, answer.status, answer.raw)

	asked := map[string]map[string]any{}

	listed, _ := answer.at("checks").([]any)
	for _, one := range listed {
		check, _ := one.(map[string]any)
		name, _ := check["name"].(string)
		asked[name] = check
	}

	for name, check := range checks {
		require.Contains(t, asked, name, "a running process looks at what the command does: %s", answer.raw)
		assert.Equal(t, string(check.Status), asked[name]["status"], name)
	}

	assert.NotContains(t, answer.raw, c.DatabaseURL)
	assert.NotContains(t, answer.raw, c.TwilioAuthToken)
	assert.NotContains(t, answer.raw, c.SendGridAPIKey)

	c.TwilioAuthToken = "wrongwrongwrong"

	for _, check := range service.Diagnose(t.Context(), &c, []string{"TEMPORAL_ADDRESS=" + embedded.Address()}) {
		if check.Name == "Twilio account" {
			assert.Equal(t, service.CheckFail, check.Status)
			assert.Contains(t, check.Message, "credentials")
			assert.NotContains(t, check.Message, "wrongwrong")
		}
	}
}
