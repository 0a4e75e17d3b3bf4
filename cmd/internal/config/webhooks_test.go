package config_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/cmd/internal/config"
)

func TestTheAPIRefusesWebhooksThatItCannotVerify(t *testing.T) {
	t.Parallel()
	const public = "HANDRAIL_PUBLIC_URL=https://handrail.example.com"
	tests := map[string]struct {
		environ []string
		names   string
	}{
		"no webhooks":          {[]string{"SENDGRID_API_KEY=k", "TWILIO_ACCOUNT_SID=AC1", "TWILIO_AUTH_TOKEN=t"}, ""},
		"no providers":         {[]string{public}, ""},
		"Twilio's own token":   {[]string{public, "TWILIO_ACCOUNT_SID=AC1", "TWILIO_AUTH_TOKEN=t"}, ""},
		"SendGrid without key": {[]string{public, "SENDGRID_API_KEY=k"}, "HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY"},
		"SendGrid with its key": {
			[]string{public, "SENDGRID_API_KEY=k", "HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY=MFk"},
			"",
		},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			c, err := config.Load(tt.environ)
			require.NoError(t, err)

			if tt.names == "" {
				require.NoError(t, c.RequireWebhookKeys())
				return
			}

			require.ErrorContains(t, c.RequireWebhookKeys(), tt.names)
		})
	}
}

func TestPublicURLMayBePlainOnLoopback(t *testing.T) {
	t.Parallel()

	for _, url := range []string{
		"http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080",
		"https://handrail.example.com:8443",
	} {
		_, err := config.Load([]string{"HANDRAIL_PUBLIC_URL=" + url})
		assert.NoError(t, err, url)
	}
}

func TestWebhookKeysAreLists(t *testing.T) {
	t.Parallel()

	c, err := config.Load([]string{
		"TWILIO_ACCOUNT_SID=AC1", "TWILIO_AUTH_TOKEN=old", "HANDRAIL_TWILIO_WEBHOOK_TOKENS=new, old", "HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY=a,b",
	})

	require.NoError(t, err)
	assert.Equal(t, []string{"new", "old"}, c.TwilioTokens())
	assert.Equal(t, []string{"a", "b"}, c.SendGridKeys())
	c, err = config.Load([]string{"TWILIO_ACCOUNT_SID=AC1", "TWILIO_AUTH_TOKEN=old"})
	require.NoError(t, err)
	assert.Equal(t, []string{"old"}, c.TwilioTokens())
	assert.Empty(t, c.SendGridKeys())
}
