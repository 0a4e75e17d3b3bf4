package config_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"handrail/cmd/internal/config"
)

func TestLoadRefusesWhatIsWrongAndNamesIt(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		environ []string
		want    []string
	}{
		"address": {[]string{"HANDRAIL_ADDR=8080"}, []string{"HANDRAIL_ADDR", "127.0.0.1:8080"}},
		"metrics": {[]string{"HANDRAIL_METRICS_ADDR=:"}, []string{"HANDRAIL_METRICS_ADDR", "127.0.0.1:9090"}},
		"a rate":  {[]string{"HANDRAIL_RATE_PER_ADDRESS=0"}, []string{"HANDRAIL_RATE_PER_ADDRESS", "at least 1"}},
		"base URL": {
			[]string{"HANDRAIL_TWILIO_BASE_URL=api.twilio.com"},
			[]string{"HANDRAIL_TWILIO_BASE_URL", "https://"},
		},
		"base URL user": {
			[]string{"HANDRAIL_SENDGRID_BASE_URL=https://a:b@c"},
			[]string{"HANDRAIL_SENDGRID_BASE_URL"},
		},
		"duration":       {[]string{"HANDRAIL_WAIT=soon"}, []string{"HANDRAIL_WAIT", "time.Duration"}},
		"long wait":      {[]string{"HANDRAIL_WAIT=2h"}, []string{"HANDRAIL_WAIT", "60s"}},
		"port":           {[]string{"HANDRAIL_DEV_UI_PORT=x"}, []string{"HANDRAIL_DEV_UI_PORT"}},
		"model":          {[]string{"HANDRAIL_LLM=gpt"}, []string{"HANDRAIL_LLM", "offline, openai or anthropic"}},
		"model's key":    {[]string{"HANDRAIL_LLM=openai"}, []string{"OPENAI_API_KEY"}},
		"other model's":  {[]string{"HANDRAIL_LLM=anthropic"}, []string{"ANTHROPIC_API_KEY"}},
		"model's time":   {[]string{"HANDRAIL_LLM_TIMEOUT=1h"}, []string{"HANDRAIL_LLM_TIMEOUT", "1m50s"}},
		"half of Twilio": {[]string{"TWILIO_ACCOUNT_SID=AC1"}, []string{"TWILIO_AUTH_TOKEN"}},
		"encryption key": {
			[]string{"HANDRAIL_ENCRYPTION_KEYS=a:c2VjcmV0"},
			[]string{"HANDRAIL_ENCRYPTION_KEYS", "32 bytes"},
		},
		"public URL": {
			[]string{"HANDRAIL_PUBLIC_URL=handrail.example.com"},
			[]string{"HANDRAIL_PUBLIC_URL", "https://"},
		},
		"public path": {
			[]string{"HANDRAIL_PUBLIC_URL=https://example.com/handrail"},
			[]string{"HANDRAIL_PUBLIC_URL", "without a path"},
		},
		"public host": {
			[]string{"HANDRAIL_PUBLIC_URL=https://hand_rail.example.com"},
			[]string{"HANDRAIL_PUBLIC_URL", "underscore"},
		},
		"public and plain": {
			[]string{"HANDRAIL_PUBLIC_URL=http://handrail.example.com"},
			[]string{"HANDRAIL_PUBLIC_URL", "https://"},
		},
		"reply domain": {
			[]string{"HANDRAIL_REPLY_DOMAIN=@in.example.com", "HANDRAIL_PUBLIC_URL=https://a.example"},
			[]string{"HANDRAIL_REPLY_DOMAIN"},
		},
		"replies nowhere": {
			[]string{"HANDRAIL_REPLY_DOMAIN=in.example.com"},
			[]string{"HANDRAIL_REPLY_DOMAIN", "HANDRAIL_PUBLIC_URL"},
		},
		"empty token": {
			[]string{"HANDRAIL_TWILIO_WEBHOOK_TOKENS=c2VjcmV0,"},
			[]string{"HANDRAIL_TWILIO_WEBHOOK_TOKENS", "empty"},
		},
		"empty key": {
			[]string{"HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY=,MFk"},
			[]string{"HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY", "empty"},
		},
		"events": {[]string{"HANDRAIL_EVENTS_KEPT=30m"}, []string{"HANDRAIL_EVENTS_KEPT", "1h"}},
		"Temporal's pages": {
			[]string{"HANDRAIL_TEMPORAL_UI_URL=temporal.example.com"},
			[]string{"HANDRAIL_TEMPORAL_UI_URL", "https://"},
		},
		"collector": {
			[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=127.0.0.1:4318"},
			[]string{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://"},
		},
		"webhooks": {
			[]string{"HANDRAIL_WEBHOOK_WAIT=1h"},
			[]string{"HANDRAIL_WEBHOOK_WAIT", "10ms", "1m"},
		},
		"settle": {[]string{"HANDRAIL_SETTLE=10ms"}, []string{"HANDRAIL_SETTLE", "1s"}},
		"receipts": {
			[]string{"HANDRAIL_RECEIPT_SMS=0s", "HANDRAIL_RECEIPT_EMAIL=-1h"},
			[]string{"HANDRAIL_RECEIPT_SMS", "HANDRAIL_RECEIPT_EMAIL"},
		},
		"when unknown": {
			[]string{"HANDRAIL_WHEN_UNKNOWN=resend"},
			[]string{"HANDRAIL_WHEN_UNKNOWN", "at_most_once"},
		},
		"log format": {[]string{"HANDRAIL_LOG_FORMAT=xml"}, []string{"HANDRAIL_LOG_FORMAT"}},
		"everything wrong": {
			[]string{"HANDRAIL_ADDR=x", "HANDRAIL_LOG_LEVEL=loud"},
			[]string{"HANDRAIL_ADDR", "HANDRAIL_LOG_LEVEL"},
		},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := config.Load(tt.environ)
			require.Error(t, err)

			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}

			assert.NotContains(t, err.Error(), "c2VjcmV0", "a secret is never repeated")
		})
	}
}

func TestAnEmptyVariableHasItsDefault(t *testing.T) {
	t.Parallel()

	c, err := config.Load([]string{"HANDRAIL_ADDR=", "HANDRAIL_WAIT=", "HANDRAIL_LLM=", "OPENAI_BASE_URL="})
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:8080", c.Addr)
	assert.Equal(t, "https://api.openai.com/v1", c.OpenAIBaseURL)
}

func TestAPaddedKeyIsNotAnEmptyOne(t *testing.T) {
	t.Parallel()
	const keys = "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	c, err := config.Load([]string{"HANDRAIL_ENCRYPTION_KEYS=" + keys})
	require.NoError(t, err)
	assert.Equal(t, keys, c.EncryptionKeys)
}

// TestTheContainerHasNoRights holds the image and docker-compose.yml to what SECURITY.md says.
func TestTheContainerHasNoRights(t *testing.T) {
	t.Parallel()

	image, err := os.ReadFile("../../../deploy/Dockerfile")
	require.NoError(t, err)

	// The last stage is what runs. Distroless static has no shell, and "nonroot" is its user.
	stages := strings.Split(string(image), "\nFROM ")
	last := stages[len(stages)-1]
	assert.True(t, strings.HasPrefix(last, "gcr.io/distroless/static-debian12:nonroot\n"))
	assert.NotContains(t, last, "\nUSER ")

	raw, err := os.ReadFile("../../../docker-compose.yml")
	require.NoError(t, err)

	type service struct {
		ReadOnly bool     `yaml:"read_only"`
		CapDrop  []string `yaml:"cap_drop"`
		Security []string `yaml:"security_opt"`
		Ports    []string `yaml:"ports"`
	}

	var compose struct {
		Services map[string]service `yaml:"services"`
	}

	require.NoError(t, yaml.Unmarshal(raw, &compose))

	for _, name := range []string{"api", "worker", "migrate"} {
		s := compose.Services[name]
		assert.True(t, s.ReadOnly, name)
		assert.Equal(t, []string{"ALL"}, s.CapDrop, name)
		assert.Equal(t, []string{"no-new-privileges:true"}, s.Security, name)
	}

	for name, s := range compose.Services {
		for _, port := range s.Ports {
			assert.True(t, strings.HasPrefix(port, "127.0.0.1:"), "%s publishes %s", name, port)
		}
	}
}

// TestComposePassesWhatIsRead holds docker-compose.yml and the configuration together: the
// file passes every variable that the programs read, and none that they do not.
func TestComposePassesWhatIsRead(t *testing.T) {
	t.Parallel()

	raw, err := os.ReadFile("../../../docker-compose.yml")
	require.NoError(t, err)

	var compose struct {
		Services map[string]struct {
			Environment map[string]string `yaml:"environment"`
		} `yaml:"services"`
	}

	require.NoError(t, yaml.Unmarshal(raw, &compose))

	passed := make(map[string]bool)

	for _, service := range []string{"api", "worker", "migrate"} {
		require.NotEmpty(t, compose.Services[service].Environment, service)

		for name := range compose.Services[service].Environment {
			passed[name] = true
		}
	}

	c, err := config.Load(nil)
	require.NoError(t, err)

	read := make(map[string]bool)

	for _, v := range c.Variables() {
		if !strings.HasPrefix(v.Name, "HANDRAIL_DEV_") && v.Name != "HANDRAIL_DATA_DIR" {
			read[v.Name] = true
		}
	}

	assert.Equal(t, read, passed)
}

func TestModelFollowsTheKey(t *testing.T) {
	t.Parallel()

	for _, tt := range []struct {
		environ []string
		want    string
	}{
		{nil, "offline"},
		{[]string{"OPENAI_API_KEY=k", "ANTHROPIC_API_KEY=k"}, "openai/gpt-4.1-mini"},
		{[]string{"ANTHROPIC_API_KEY=k"}, "anthropic/claude-haiku-4-5"},
		{[]string{"ANTHROPIC_API_KEY=k", "HANDRAIL_LLM_MODEL=m"}, "anthropic/m"},
		{[]string{"OPENAI_API_KEY=k", "HANDRAIL_LLM=offline"}, "offline"},
	} {
		c, err := config.Load(tt.environ)
		require.NoError(t, err)
		assert.Equal(t, tt.want, c.Model())
	}
}

func TestShowMasksSecrets(t *testing.T) {
	t.Parallel()

	c, err := config.Load([]string{
		"DATABASE_URL=postgres://handrail:hunter2@db/handrail", "TWILIO_ACCOUNT_SID=AC1", "TWILIO_AUTH_TOKEN=hunter3",
		"SENDGRID_API_KEY=hunter4", "OPENAI_API_KEY=hunter5",
	})

	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, c.Show(&out))
	assert.NotContains(t, out.String(), "hunter")
	assert.Contains(t, out.String(), "DATABASE_URL=postgres://handrail:xxxxx@db/handrail")
	assert.Contains(t, out.String(), "HANDRAIL_ADDR=127.0.0.1:8080")
}

// TestShowMasksWhatMayBeSecret shows settings in which a secret may stand in odd places.
func TestShowMasksWhatMayBeSecret(t *testing.T) {
	t.Parallel()

	for setting, want := range map[string]string{
		"DATABASE_URL=host=db user=handrail password=hunter2":                  "DATABASE_URL=********",
		"DATABASE_URL=postgres://u:hunter2@db/h?sslmode=disable":               "DATABASE_URL=postgres://u:xxxxx@db/h?sslmode=disable",
		"DATABASE_URL=postgres://u@db/h?password=hunter2":                      "DATABASE_URL=postgres://u@db/h?password=xxxxx",
		"DATABASE_URL=sqlite:/srv/handrail.db":                                 "DATABASE_URL=sqlite:/srv/handrail.db",
		"HANDRAIL_MCP_COMMANDS=files=/bin/mcp --token hunter2; plain=/bin/mcp": "HANDRAIL_MCP_COMMANDS=files=/bin/mcp ********; plain=/bin/mcp",
	} {
		c, err := config.Load([]string{setting})
		require.NoError(t, err)

		var out bytes.Buffer
		require.NoError(t, c.Show(&out))
		assert.NotContains(t, out.String(), "hunter")
		assert.Contains(t, out.String(), want+" ")
	}
}

// TestErrorsRepeatNoPassword loads what is wrong in another way than by its password.
func TestErrorsRepeatNoPassword(t *testing.T) {
	t.Parallel()

	for _, setting := range []string{
		"HANDRAIL_TWILIO_BASE_URL=https://u:hunter2@twilio.example",
		"OPENAI_BASE_URL=ftp://u:hunter2@models.example",
		"HANDRAIL_PUBLIC_URL=https://u:hunter2@handrail.example/path",
		"HANDRAIL_PUBLIC_URL=http://u:hunter2@handrail.example",
		"HANDRAIL_MCP_COMMANDS=files=/bin/mcp --token hunter2;files=/bin/mcp --token hunter2",
	} {
		_, err := config.Load([]string{setting})
		require.Error(t, err, setting)
		assert.NotContains(t, err.Error(), "hunter2")

		name, _, _ := strings.Cut(setting, "=")
		assert.Contains(t, err.Error(), name)
	}
}

func TestLoopback(t *testing.T) {
	t.Parallel()

	for addr, want := range map[string]bool{
		"127.0.0.1:8080": true,
		"localhost:1":    true,
		"[::1]:1":        true,
		"0.0.0.0:8080":   false,
		":8080":          false,
		"192.0.2.1:1":    false,
	} {
		c, err := config.Load([]string{"HANDRAIL_ADDR=" + addr})
		require.NoError(t, err)
		assert.Equal(t, want, c.Loopback(), addr)
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()

	c, err := config.Load(
		[]string{"HANDRAIL_MCP_COMMANDS=files=/usr/bin/mcp-files --root=/srv; tickets=/usr/bin/mcp-tickets"},
	)

	require.NoError(t, err)
	commands, err := c.Commands()
	require.NoError(t, err)

	assert.Equal(
		t,
		map[string][]string{"files": {"/usr/bin/mcp-files", "--root=/srv"}, "tickets": {"/usr/bin/mcp-tickets"}},
		commands,
	)

	for _, wrong := range []string{"files", "=x", "a=", "a=x;a=y"} {
		_, err := config.Load([]string{"HANDRAIL_MCP_COMMANDS=" + wrong})
		require.ErrorContains(t, err, "HANDRAIL_MCP_COMMANDS", wrong)
	}
}

func TestTemporalsPagesAreThoseOfTheNamespace(t *testing.T) {
	t.Parallel()

	for address, pages := range map[string]string{
		"":                               "",
		"https://t.example.com/":         "https://t.example.com/namespaces/handrail",
		"https://t.example.com/temporal": "https://t.example.com/temporal/namespaces/handrail",
		"https://cloud.temporal.io/namespaces/hr.a1b2/": "https://cloud.temporal.io/namespaces/hr.a1b2",
	} {
		c := config.Config{TemporalUIURL: address, TemporalNamespace: "handrail"}
		assert.Equal(t, pages, c.TemporalPages())
	}
}
