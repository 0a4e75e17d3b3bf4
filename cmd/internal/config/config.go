// Package config owns what Handrail reads from the environment: one typed struct with
// defaults, checked as a whole before anything starts. An error names the variable and
// what would be right; it never repeats a secret.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"handrail/codec"
)

// Config is all that is configured. The tag secret marks what is masked when shown.
type Config struct {
	Addr              string        `env:"HANDRAIL_ADDR" envDefault:"127.0.0.1:8080" help:"address where the API listens, host:port"`
	DatabaseURL       string        `env:"DATABASE_URL" secret:"url" help:"postgres://user:password@host/name; handrail-dev also takes sqlite:/path/to/file.db"`
	MetricsAddr       string        `env:"HANDRAIL_METRICS_ADDR" help:"address where a process serves /metrics, /healthz and /readyz for those who watch it, host:port; empty: it serves no metrics"`
	MetricsWorkspaces bool          `env:"HANDRAIL_METRICS_WORKSPACES" envDefault:"false" help:"true: metrics of deliveries, tool calls and approvals have the label workspace; each workspace makes some 40 more series"`
	OTLPEndpoint      string        `env:"OTEL_EXPORTER_OTLP_ENDPOINT" help:"origin of an OpenTelemetry collector that takes OTLP by HTTP, like http://127.0.0.1:4318: what /metrics shows is sent there too, each minute; OpenTelemetry's other variables work too; empty: nothing is sent"`
	TaskQueue         string        `env:"HANDRAIL_TASK_QUEUE" envDefault:"handrail" help:"Temporal task queue"`
	AddressRate       float64       `env:"HANDRAIL_RATE_PER_ADDRESS" envDefault:"500" help:"requests a second that the API takes from one remote address, in bursts of twice as many; behind a proxy that is the proxy's"`
	WorkspaceRate     float64       `env:"HANDRAIL_RATE_PER_WORKSPACE" envDefault:"200" help:"requests a second that the API takes with all keys of one workspace, in bursts of twice as many"`
	Wait              time.Duration `env:"HANDRAIL_WAIT" envDefault:"25s" help:"how long a request waits for its action before the answer is 202"`

	TemporalAddress   string `env:"TEMPORAL_ADDRESS" envDefault:"127.0.0.1:7233" help:"address of the Temporal frontend, host:port; TEMPORAL_TLS and Temporal's other client variables work too"`
	TemporalNamespace string `env:"TEMPORAL_NAMESPACE" envDefault:"default" help:"Temporal namespace"`

	TemporalUIURL string `env:"HANDRAIL_TEMPORAL_UI_URL" help:"address of Temporal's web interface, like https://temporal.example.com, to whose runs the console links; empty: no links"`

	TwilioAccountSID string `env:"TWILIO_ACCOUNT_SID" help:"Twilio account SID; empty: SMS stays blocked"`
	TwilioAuthToken  string `env:"TWILIO_AUTH_TOKEN" secret:"true" help:"Twilio auth token"`
	TwilioBaseURL    string `env:"HANDRAIL_TWILIO_BASE_URL" envDefault:"https://api.twilio.com" help:"address of Twilio's API, or of any server with the same API"`
	SendGridAPIKey   string `env:"SENDGRID_API_KEY" secret:"true" help:"SendGrid API key; empty: email stays blocked"`
	SendGridBaseURL  string `env:"HANDRAIL_SENDGRID_BASE_URL" envDefault:"https://api.sendgrid.com" help:"address of SendGrid's API, or of any server with the same API; https://api.eu.sendgrid.com for the EU"`

	PublicURL                string `env:"HANDRAIL_PUBLIC_URL" help:"origin at which providers reach the API, like https://handrail.example.com; empty: no webhooks, so Handrail asks the providers for receipts"`
	TwilioWebhookTokens      string `env:"HANDRAIL_TWILIO_WEBHOOK_TOKENS" secret:"true" help:"auth tokens that Twilio may sign webhooks with, comma-separated; empty: TWILIO_AUTH_TOKEN"`
	SendGridWebhookPublicKey string `env:"HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY" help:"public keys of SendGrid's signed webhooks, as SendGrid shows them, comma-separated"`
	ReplyDomain              string `env:"HANDRAIL_REPLY_DOMAIN" help:"domain whose mail SendGrid's Inbound Parse sends to the API; empty: customers' answers go to the inbox's own address"`

	OpenIDIssuer       string `env:"HANDRAIL_OPENID_ISSUER" help:"address of an OpenID Connect provider, like https://accounts.example.com, at which members log in to the console; needs HANDRAIL_PUBLIC_URL, and the provider must know its path /console/login/openid/callback"`
	OpenIDClientID     string `env:"HANDRAIL_OPENID_CLIENT_ID" help:"client id of Handrail at the OpenID Connect provider"`
	OpenIDClientSecret string `env:"HANDRAIL_OPENID_CLIENT_SECRET" secret:"true" help:"client secret of Handrail at the OpenID Connect provider"`

	ClockSkew    time.Duration `env:"HANDRAIL_CLOCK_SKEW" envDefault:"2m" help:"how much the clocks of providers, workers and the database may differ; a message with the same text to the same address waits for twice as long, and the longest post, after one whose outcome is unknown"`
	StaleAfter   time.Duration `env:"HANDRAIL_STALE_AFTER" envDefault:"15m" help:"how long nothing must have happened to a delivery before a worker looks whether its workflow is gone"`
	Settle       time.Duration `env:"HANDRAIL_SETTLE" envDefault:"2m" help:"how long to look for evidence after an unknown outcome, before HANDRAIL_WHEN_UNKNOWN decides"`
	ReceiptSMS   time.Duration `env:"HANDRAIL_RECEIPT_SMS" envDefault:"1h" help:"how long to wait for the final status of an accepted SMS"` //nolint:staticcheck // SMS is no unit of time
	ReceiptEmail time.Duration `env:"HANDRAIL_RECEIPT_EMAIL" envDefault:"24h" help:"how long to wait for the final status of an accepted email"`

	EventsKept  time.Duration `env:"HANDRAIL_EVENTS_KEPT" envDefault:"720h" help:"how long events are kept; whoever reads them less often misses some"`
	WebhookWait time.Duration `env:"HANDRAIL_WEBHOOK_WAIT" envDefault:"5s" help:"how long a webhook endpoint waits after the first failed post of an event; the waits after the next ones are longer in proportion"`

	WhenUnknown string `env:"HANDRAIL_WHEN_UNKNOWN" envDefault:"at_most_once" help:"what happens to an unknown message without evidence: at_most_once (a person decides), expire, or resend_after_settle (it may arrive twice)"`

	LLM              string        `env:"HANDRAIL_LLM" help:"provider of summaries for workspaces that have chosen none: offline, openai or anthropic; empty: openai or anthropic if its key is set, else offline"`
	LLMModel         string        `env:"HANDRAIL_LLM_MODEL" help:"name of the model; empty: gpt-4.1-mini for openai, claude-haiku-4-5 for anthropic"`
	LLMTimeout       time.Duration `env:"HANDRAIL_LLM_TIMEOUT" envDefault:"90s" help:"timeout of one request to a model: one summary, or one part of a long one"`
	OpenAIAPIKey     string        `env:"OPENAI_API_KEY" secret:"true" help:"API key of OpenAI or of a compatible server"`
	OpenAIBaseURL    string        `env:"OPENAI_BASE_URL" envDefault:"https://api.openai.com/v1" help:"address of OpenAI's API, or of a compatible server"`
	AnthropicAPIKey  string        `env:"ANTHROPIC_API_KEY" secret:"true" help:"API key of Anthropic"`
	AnthropicBaseURL string        `env:"ANTHROPIC_BASE_URL" envDefault:"https://api.anthropic.com" help:"address of Anthropic's API, or of any server with the same Messages API"`

	EncryptionKeys     string `env:"HANDRAIL_ENCRYPTION_KEYS" secret:"true" help:"encryption keys, each id:base64 of 32 bytes, comma-separated; the first encrypts Temporal's payloads and tools' secrets, all decrypt"`
	EncryptionOptional bool   `env:"HANDRAIL_ENCRYPTION_OPTIONAL" envDefault:"false" help:"true: with encryption keys, payloads in Temporal that are not encrypted are read all the same; for the time after keys were set first, until the last workflow from before has ended"`
	// LoopbackOnly, which handrail-dev sets, has the API refuse requests that are sent to another
	// host than this machine or that of PublicURL.
	LoopbackOnly bool `env:"-"`
	// SecretKeys, which handrail-dev sets, encrypt the secrets of tools when there are no
	// EncryptionKeys, so that Temporal's UI can still show what it keeps.
	SecretKeys string `env:"-"`

	ToolHosts      string        `env:"HANDRAIL_TOOL_HOSTS" help:"your own hosts, host:port pairs or networks that tools and webhooks may reach, comma-separated; other addresses that are not public are refused"`
	MCPCommands    string        `env:"HANDRAIL_MCP_COMMANDS" secret:"commands" help:"programs that the API and the workers may start for MCP tools: name=command arguments, separated by semicolons"`
	ApprovalWithin time.Duration `env:"HANDRAIL_APPROVAL_DEADLINE" envDefault:"24h" help:"how long a tool call waits for its approval"`

	LogFormat string `env:"HANDRAIL_LOG_FORMAT" envDefault:"text" help:"text or json"`
	LogLevel  string `env:"HANDRAIL_LOG_LEVEL" envDefault:"info" help:"debug, info, warn or error"`

	Dev Dev
}

// Dev is what only handrail-dev reads.
type Dev struct {
	DataDir      string `env:"HANDRAIL_DATA_DIR" envDefault:".handrail" help:"where handrail-dev keeps its data"`
	TemporalPort int    `env:"HANDRAIL_DEV_TEMPORAL_PORT" envDefault:"7233" help:"handrail-dev: port of the embedded Temporal server"`
	UIPort       int    `env:"HANDRAIL_DEV_UI_PORT" envDefault:"8233" help:"handrail-dev: port of the Temporal UI; 0: none"`
	SandboxPort  int    `env:"HANDRAIL_DEV_SANDBOX_PORT" envDefault:"8026" help:"handrail-dev: port of the sandbox and its inbox page"`
}

// Load reads the configuration from environ, which is in the form of os.Environ. A
// variable that is empty counts as not set, as compose files leave them.
func Load(environ []string) (*Config, error) {
	var c Config

	environ = slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		// Not the entry's end: the value may be base64 and end with the same sign.
		_, value, _ := strings.Cut(entry, "=")
		return value == ""
	})

	if err := env.ParseWithOptions(&c, env.Options{Environment: env.ToMap(environ)}); err != nil {
		return nil, fmt.Errorf("configuration: %w", nameVariables(err))
	}

	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}

	return &c, nil
}

// nameVariables replaces the names of fields in the library's errors by those of their
// variables.
func nameVariables(err error) error {
	aggregate, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		return err
	}

	all := make([]error, len(aggregate.Errors))
	for i, one := range aggregate.Errors {
		all[i] = one
		if wrong, ok := errors.AsType[env.ParseError](one); ok {
			all[i] = fmt.Errorf("%s must be a %s: %w", variableOf(wrong.Name), wrong.Type, wrong.Err)
		}
	}

	return errors.Join(all...)
}

func (c *Config) validate() error {
	var all []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			all = append(all, fmt.Errorf(format, args...))
		}
	}

	all = append(all, slices.Concat(c.checkAddresses(), c.checkModels(), c.checkLog())...)

	check(
		(c.TwilioAccountSID == "") == (c.TwilioAuthToken == ""),
		"TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN must be set together",
	)

	check(c.Wait >= 0 && c.Wait <= time.Minute, "HANDRAIL_WAIT must be between 0s and 60s, it is %s", c.Wait)
	check(c.TaskQueue != "", "HANDRAIL_TASK_QUEUE must not be empty")
	all = append(all, slices.Concat(c.checkReceipts(), c.checkClocks(), c.checkRates(), c.checkOpenID())...)

	check(
		c.ApprovalWithin >= time.Minute && c.ApprovalWithin <= 30*24*time.Hour,
		"HANDRAIL_APPROVAL_DEADLINE must be between 1m and 720h, it is %s",
		c.ApprovalWithin,
	)

	check(c.EventsKept >= time.Hour, "HANDRAIL_EVENTS_KEPT must be at least 1h, it is %s", c.EventsKept)

	check(
		c.WebhookWait >= 10*time.Millisecond && c.WebhookWait <= time.Minute,
		"HANDRAIL_WEBHOOK_WAIT must be from 10ms to 1m, it is %s",
		c.WebhookWait,
	)

	if _, err := c.Commands(); err != nil {
		all = append(all, err)
	}

	if c.EncryptionKeys != "" {
		_, err := codec.Parse(c.EncryptionKeys)
		check(err == nil, "HANDRAIL_ENCRYPTION_KEYS: %w", err)
	}

	slices.SortFunc(all, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })

	return errors.Join(all...)
}

// checkAddresses returns what is wrong with the addresses of others, and with those that are listened at.
func (c *Config) checkAddresses() []error {
	var all []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			all = append(all, fmt.Errorf(format, args...))
		}
	}

	for name, value := range map[string]string{
		"HANDRAIL_TWILIO_BASE_URL":   c.TwilioBaseURL,
		"HANDRAIL_SENDGRID_BASE_URL": c.SendGridBaseURL,
		"OPENAI_BASE_URL":            c.OpenAIBaseURL,
		"ANTHROPIC_BASE_URL":         c.AnthropicBaseURL,
	} {
		check(isOrigin(value), "%s must be a URL like https://api.example.com, it is %q", name, redactURL(value))
	}

	check(isHostPort(c.Addr), "HANDRAIL_ADDR must be host:port like 127.0.0.1:8080, it is %q", c.Addr)

	check(
		c.MetricsAddr == "" || isHostPort(c.MetricsAddr),
		"HANDRAIL_METRICS_ADDR must be host:port like 127.0.0.1:9090, it is %q",
		c.MetricsAddr,
	)

	check(
		c.OTLPEndpoint == "" || isOrigin(c.OTLPEndpoint),
		"OTEL_EXPORTER_OTLP_ENDPOINT must be a URL like http://127.0.0.1:4318, it is %q",
		redactURL(c.OTLPEndpoint),
	)

	check(
		c.TemporalUIURL == "" || isOrigin(c.TemporalUIURL),
		"HANDRAIL_TEMPORAL_UI_URL must be a URL like https://temporal.example.com, it is %q",
		redactURL(c.TemporalUIURL),
	)

	check(
		isHostPort(c.TemporalAddress),
		"TEMPORAL_ADDRESS must be host:port like 127.0.0.1:7233, it is %q",
		c.TemporalAddress,
	)

	return all
}

// checkRates returns what is wrong with how many requests are taken.
func (c *Config) checkRates() []error {
	var all []error
	if c.AddressRate < 1 {
		all = append(
			all,
			fmt.Errorf("HANDRAIL_RATE_PER_ADDRESS must be a number of at least 1, it is %v", c.AddressRate),
		)
	}

	if c.WorkspaceRate < 1 {
		all = append(
			all,
			fmt.Errorf("HANDRAIL_RATE_PER_WORKSPACE must be a number of at least 1, it is %v", c.WorkspaceRate),
		)
	}

	return all
}

// checkClocks returns what is wrong with what is waited for because of clocks and lost workflows.
func (c *Config) checkClocks() []error {
	var all []error
	if c.ClockSkew < time.Second || c.ClockSkew > 10*time.Minute {
		all = append(all, fmt.Errorf("HANDRAIL_CLOCK_SKEW must be from 1s to 10m, it is %s", c.ClockSkew))
	}

	if c.StaleAfter < 5*time.Second || c.StaleAfter > 24*time.Hour {
		all = append(all, fmt.Errorf("HANDRAIL_STALE_AFTER must be from 5s to 24h, it is %s", c.StaleAfter))
	}

	return all
}

// checkLog returns what is wrong with the form of the log.
func (c *Config) checkLog() []error {
	var all []error
	if c.LogFormat != "text" && c.LogFormat != "json" {
		all = append(all, fmt.Errorf("HANDRAIL_LOG_FORMAT must be text or json, it is %q", c.LogFormat))
	}

	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel) {
		all = append(all, fmt.Errorf("HANDRAIL_LOG_LEVEL must be debug, info, warn or error, it is %q", c.LogLevel))
	}

	return all
}

// Commands returns the programs of HANDRAIL_MCP_COMMANDS by their names, with arguments.
func (c *Config) Commands() (map[string][]string, error) {
	commands := map[string][]string{}

	for entry := range strings.SplitSeq(c.MCPCommands, ";") {
		if strings.TrimSpace(entry) == "" {
			continue
		}

		name, line, _ := strings.Cut(entry, "=")
		name = strings.TrimSpace(name)

		words := strings.Fields(line)
		if name == "" || len(words) == 0 || commands[name] != nil {
			return nil, fmt.Errorf(
				"HANDRAIL_MCP_COMMANDS must be like files=/usr/bin/mcp-files --root /srv; "+
					"tickets=/usr/bin/mcp-tickets, "+
					"each name once; wrong is the one of %q",
				name,
			)
		}

		commands[name] = words
	}

	return commands, nil
}

// Hosts returns the entries of HANDRAIL_TOOL_HOSTS.
func (c *Config) Hosts() []string {
	return strings.FieldsFunc(c.ToolHosts, func(r rune) bool { return r == ',' || r == ' ' })
}

// TemporalPages returns the address of the namespace in Temporal's web interface, "" if that is not known.
func (c *Config) TemporalPages() string {
	base := strings.TrimRight(c.TemporalUIURL, "/")
	if base == "" || strings.Contains(base, "/namespaces/") {
		return base
	}

	return base + "/namespaces/" + url.PathEscape(c.TemporalNamespace)
}

// Loopback reports whether the API can be reached from this machine only.
func (c *Config) Loopback() bool { return isLoopbackAddress(c.Addr) }

// MetricsLoopback reports whether the metrics, if they are served, can be reached from this machine only.
func (c *Config) MetricsLoopback() bool {
	return c.MetricsAddr == "" || isLoopbackAddress(c.MetricsAddr)
}

func isLoopbackAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && isLoopback(host)
}

func isOrigin(s string) bool {
	u, err := url.Parse(s)

	return err == nil && (u.Scheme == "http" || u.Scheme == "https") &&
		u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

func isHostPort(s string) bool {
	_, port, err := net.SplitHostPort(s)
	return err == nil && port != ""
}
