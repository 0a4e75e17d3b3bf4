package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"handrail/api"
	"handrail/carrier/sendgrid"
	"handrail/carrier/twilio"
	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/db"
)

// repeats is what a webhook URL of Twilio must end with, or else Twilio calls once
// (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides).
const repeats = "#rc=5&rp=all"

// diagnoseProviders asks the providers about the account, and how they hand over what comes in. The errors of their
// clients are in our own words, and name no secret.
func diagnoseProviders(ctx context.Context, c *config.Config, senders db.SenderAddresses) []Check {
	var checks []Check

	if c.TwilioAccountSID != "" {
		checks = append(checks, diagnoseTwilio(ctx, c, senders)...)
	}

	if c.SendGridAPIKey != "" {
		checks = append(checks, diagnoseSendGrid(ctx, c)...)
	}

	return append(checks, checkReplyDomain(ctx, c))
}

func diagnoseTwilio(ctx context.Context, c *config.Config, senders db.SenderAddresses) []Check {
	const name = "Twilio account"

	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()

	t, err := newTwilio(c)
	if err != nil {
		return []Check{reportError(name, "correct the variable that it names", "", err)}
	}

	if err := t.CheckAccount(ctx); err != nil {
		const do = "correct TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or see the account"

		return []Check{reportFailure(name, do, "%v", err)}
	}

	checks := []Check{reportOK(name, "active")}
	if c.PublicURL == "" || len(senders.Numbers)+len(senders.Services) == 0 {
		return checks
	}

	setups, err := t.InboundSetups(ctx)
	if err != nil {
		return append(checks, reportUnread("SMS webhooks", err))
	}

	return append(checks, judgeTwilioInbound(c.PublicURL, senders, setups)...)
}

// judgeTwilioInbound says for each sender whether what comes in for it reaches this installation.
func judgeTwilioInbound(origin string, senders db.SenderAddresses, setups []twilio.InboundSetup) []Check {
	want := strings.TrimSuffix(origin, "/") + api.PathTwilioInbound
	set := "set the webhook for incoming messages to POST " + want + repeats

	var checks []Check

	for _, sender := range slices.Concat(senders.Numbers, senders.Services) {
		name := "SMS to " + sender
		at := slices.IndexFunc(setups, func(s twilio.InboundSetup) bool { return s.Sender == sender })

		switch {
		case at < 0:
			checks = append(checks, reportFailure(name, "buy it, or delete the sender", "the account does not have it"))
		case setups[at].ByNumber:
			checks = append(checks, reportOK(name, "goes to the webhooks of the service's numbers"))
		case setups[at].URL == "":
			checks = append(checks, reportFailure(name, set, "goes nowhere: answers and STOP do not come in"))
		default:
			checks = append(checks, judgeInboundURL(name, set, want, setups[at]))
		}

		checks[len(checks)-1].sender = sender
	}

	return checks
}

func judgeInboundURL(name, do, want string, setup twilio.InboundSetup) Check {
	address, fragment, _ := strings.Cut(setup.URL, "#")
	options, _ := url.ParseQuery(fragment)

	switch {
	case strings.TrimSuffix(address, "/") != want:
		return reportFailure(name, do, "goes to %s", hideQuery(address))
	case setup.Method != http.MethodPost:
		return reportFailure(name, do, "comes with %s", setup.Method)
	case options.Get("rc") == "" || options.Get("rp") != "all":
		return reportWarning(name, do, "is lost if Handrail is away: the URL does not ask Twilio to repeat the call")
	}

	return reportOK(name, "comes in, and is repeated")
}

// hideQuery returns an address without what may be a secret in it.
func hideQuery(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "an address that cannot be read"
	}

	shown := url.URL{
		Scheme: parsed.Scheme,
		Host:   parsed.Host,
		Path:   parsed.Path,
	}

	return shown.String()
}

func diagnoseSendGrid(ctx context.Context, c *config.Config) []Check {
	const name = "SendGrid key"

	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()

	g, err := newSendGrid(c)
	if err != nil {
		return []Check{reportError(name, "correct the variable that it names", "", err)}
	}

	if err := g.CheckKey(ctx); err != nil {
		return []Check{reportFailure(name, "correct SENDGRID_API_KEY, or its scopes", "%v", err)}
	}

	checks := []Check{reportOK(name, "may send")}
	if c.PublicURL == "" {
		return checks
	}

	events, err := g.EventSetups(ctx)
	if err != nil {
		checks = append(checks, explainUnread("mail events", "user.webhooks.event.settings.read", err))
	} else {
		checks = append(checks, judgeEventWebhook(c.PublicURL, events))
	}

	if c.ReplyDomain == "" {
		return checks
	}

	parsed, err := g.ParseSetups(ctx)
	if err != nil {
		return append(checks, explainUnread("inbound mail", "user.webhooks.parse.settings.read", err))
	}

	return append(checks, judgeInboundParse(c.PublicURL, c.ReplyDomain, parsed))
}

// reportUnread reports a setting that could not be looked at, which is no fault of the setting.
func reportUnread(name string, err error) Check {
	return reportWarning(name, "try again", "cannot be looked at: %v", err)
}

// explainUnread says that a setting could not be looked at, which is no fault of the setting.
func explainUnread(name, scope string, err error) Check {
	if errors.Is(err, sendgrid.ErrNotAllowed) {
		do := "give the API key the scope " + scope + ", or look by hand"

		return reportWarning(name, do, "the API key may not read the setting")
	}

	return reportUnread(name, err)
}

func judgeEventWebhook(origin string, setups []sendgrid.EventSetup) Check {
	const name = "mail events"

	want := strings.TrimSuffix(origin, "/") + api.PathSendGridEvents
	at := slices.IndexFunc(setups, func(s sendgrid.EventSetup) bool { return strings.TrimSuffix(s.URL, "/") == want })

	switch {
	case at < 0:
		return reportFailure(name, "add an Event Webhook for "+want, "no Event Webhook posts to this installation")
	case !setups[at].Enabled:
		return reportFailure(name, "enable it", "the Event Webhook is disabled")
	case !setups[at].Signed:
		return reportFailure(name, "turn Signed Event Webhook on", "it is not signed, so its calls are refused")
	case len(setups[at].Missing) > 0:
		return reportWarning(
			name,
			"choose these events too",
			"the Event Webhook does not post %s",
			strings.Join(setups[at].Missing, ", "),
		)
	}

	return reportOK(name, "come in")
}

func judgeInboundParse(origin, domain string, setups []sendgrid.ParseSetup) Check {
	const name = "inbound mail"

	want := strings.TrimSuffix(origin, "/") + api.PathSendGridInbound
	at := slices.IndexFunc(setups, func(s sendgrid.ParseSetup) bool { return strings.EqualFold(s.Host, domain) })

	switch {
	case at < 0:
		do := "add " + domain + " to Inbound Parse with the URL " + want

		return reportFailure(name, do, "Inbound Parse does not have %s", domain)
	case strings.TrimSuffix(setups[at].URL, "/") != want:
		return reportFailure(name, "set the URL to "+want, "mail to %s goes to %s", domain, hideQuery(setups[at].URL))
	}

	return reportOK(name, "mail to %s comes in", domain)
}

// mailHost is where the MX record of a domain must point for Inbound Parse.
const mailHost = "mx.sendgrid.net"

func checkReplyDomain(ctx context.Context, c *config.Config) Check {
	const name = "reply domain"

	switch {
	case c.ReplyDomain == "":
		return reportWarning(name, "set HANDRAIL_REPLY_DOMAIN", "none: answers to emails go to the inbox's own address")
	case !strings.Contains(c.SendGridBaseURL, "sendgrid.com"):
		return reportOK(name, "%s; no look at its DNS, since HANDRAIL_SENDGRID_BASE_URL is not SendGrid", c.ReplyDomain)
	}

	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()

	records, err := net.DefaultResolver.LookupMX(ctx, c.ReplyDomain)

	return judgeMX(c.ReplyDomain, records, err)
}

// judgeMX says whether mail to the domain reaches SendGrid.
func judgeMX(domain string, records []*net.MX, err error) Check {
	const name = "reply domain"

	do := "point the MX record of " + domain + " at " + mailHost

	if err != nil {
		return reportError(name, do, domain+": no MX record was found", err)
	}

	hosts := make([]string, len(records))
	for i, r := range records {
		hosts[i] = strings.TrimSuffix(strings.ToLower(r.Host), ".")
	}

	atSendGrid := func(host string) bool { return host == mailHost || strings.HasSuffix(host, ".sendgrid.net") }
	if !slices.ContainsFunc(hosts, atSendGrid) {
		return reportFailure(name, do, "%s: mail goes to %s", domain, strings.Join(hosts, ", "))
	}

	return reportOK(name, "%s points at SendGrid", domain)
}

// quietFor is how long a provider may be silent before somebody should wonder.
const quietFor = 7 * 24 * time.Hour

// checkCallbacks says when each provider has last called.
func checkCallbacks(ctx context.Context, c *config.Config, store *db.Store) []Check {
	if c.PublicURL == "" {
		return nil
	}

	seen, err := store.LastCallbacks(ctx)
	if err != nil {
		return []Check{reportError("last calls", "start the database", "", err)}
	}

	var checks []Check

	for _, p := range []struct {
		provider chat.Provider
		on       bool
	}{
		{chat.ProviderTwilio, c.TwilioAccountSID != ""},
		{chat.ProviderSendGrid, c.SendGridAPIKey != ""},
	} {
		if p.on {
			checks = append(checks, judgeCallbacks(p.provider, seen, time.Now()))
		}
	}

	return checks
}

func judgeCallbacks(provider chat.Provider, seen []db.Callback, now time.Time) Check {
	const do = "see that the webhooks above are set, and that HANDRAIL_PUBLIC_URL reaches the API"

	name := "calls by " + provider.Name()

	var last time.Time
	var told []string

	for _, one := range seen {
		if one.Provider != provider {
			continue
		}

		what := "report"
		if one.Inbound {
			what = "message"
		}

		told = append(told, fmt.Sprintf("last %s %s", what, one.At.Format(time.RFC3339)))

		if one.At.After(last) {
			last = one.At
		}
	}

	switch {
	case last.IsZero():
		return reportWarning(name, do, "none was seen among the newest ones")
	case now.Sub(last) > quietFor:
		return reportWarning(name, do, "%s", strings.Join(told, ", "))
	}

	return reportOK(name, "%s", strings.Join(told, ", "))
}

// checkSignatures asks the API for its count of calls that it has refused.
func checkSignatures(ctx context.Context, c *config.Config) Check {
	const name = "signatures"

	if c.MetricsAddr == "" {
		return reportWarning(
			name,
			"set HANDRAIL_METRICS_ADDR for the API, like 127.0.0.1:9090, and for this command",
			"the API serves no figures of calls without a valid signature",
		)
	}

	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()

	refused, err := countRefusedCalls(ctx, "http://"+c.MetricsAddr+"/metrics")
	if err != nil {
		const do = "run it where HANDRAIL_METRICS_ADDR reaches the API"

		return reportWarning(name, do, "the API's figures cannot be read: %v", err)
	}

	return judgeSignatures(refused)
}

// judgeSignatures says what the number of calls without a valid signature means.
func judgeSignatures(refused float64) Check {
	const name = "signatures"

	if refused > 0 {
		return reportWarning(
			name,
			"see that tokens and public keys are those of the provider, and that no proxy changes path, query or body",
			"%.0f calls without a valid signature since the API started",
			refused,
		)
	}

	return reportOK(name, "no call without a valid signature since the API started")
}

// countRefusedCalls reads how many calls the API has refused, from its metrics.
func countRefusedCalls(ctx context.Context, address string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}

	answer, err := (&http.Client{Timeout: lookWithin}).Do(request)
	if err != nil {
		return 0, err
	}

	defer func() { _ = answer.Body.Close() }() // read to its end

	parser := expfmt.NewTextParser(model.UTF8Validation)

	families, err := parser.TextToMetricFamilies(http.MaxBytesReader(nil, answer.Body, 8<<20))
	if err != nil {
		return 0, err
	}

	return sumRefusedCalls(families), nil
}

// sumRefusedCalls returns how many calls an API has refused, of its metrics.
func sumRefusedCalls(families map[string]*dto.MetricFamily) float64 {
	var refused float64

	for _, m := range families["handrail_webhook_calls_total"].GetMetric() {
		for _, label := range m.GetLabel() {
			if label.GetName() == "result" && label.GetValue() == "refused" {
				refused += m.GetCounter().GetValue()
			}
		}
	}

	return refused
}
