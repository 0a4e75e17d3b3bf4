package main

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"handrail/cmd/internal/service"
	"handrail/loopback"
	"handrail/sandbox"
)

// The sandbox's credentials, in the form the providers' clients ask for.
const (
	sandboxAccount     = "ACdeadbeefdeadbeefdeadbeefdeadbeef"
	sandboxToken       = "sandboxtoken00000000000000000000"
	sandboxSendGridKey = "SG.sandbox.0000000000000000000000000"
	// sandboxReplies is where answers by email go; the sandbox is the mail server of it.
	sandboxReplies = "in.handrail.test"
)

// hooks are where the sandbox reports and passes answers on. The zero value is nowhere.
type hooks struct {
	origin string
	key    *ecdsa.PrivateKey
	// public is what verifies the key's signatures.
	public string
	// console is the address of the console, "" where none is served.
	console string
}

// hooksTo makes hooks whose key is kept in the data folder, so that what was configured
// with its public half goes on working.
func (p *process) hooksTo(origin string) (hooks, error) {
	key, err := sandbox.SigningKeyFile(filepath.Join(p.config.Dev.DataDir, "signing-key.pem"))
	if err != nil {
		return hooks{}, err
	}

	public, err := sandbox.PublicKey(key)

	return hooks{origin: strings.TrimSuffix(origin, "/"), key: key, public: public}, err
}

// wire joins this process and its sandbox: the sandbox's tools may be reached, and the API
// takes the sandbox's webhooks. Providers with other credentials cannot reach this machine,
// so nothing is wired for them.
func (p *process) wire(l *listeners) (hooks, error) {
	if err := p.equip(l); err != nil {
		return hooks{}, err
	}

	c := p.config
	if c.TwilioBaseURL != originOf(l.sandbox) || c.SendGridBaseURL != originOf(l.sandbox) {
		return hooks{}, nil
	}

	if c.PublicURL == "" {
		c.PublicURL = originOf(l.api)
	}

	h, err := p.hooksTo(c.PublicURL)
	if err != nil {
		return hooks{}, err
	}

	if c.SendGridWebhookPublicKey == "" {
		c.SendGridWebhookPublicKey = h.public
	}

	if c.ReplyDomain == "" {
		c.ReplyDomain = sandboxReplies
	}

	return h, nil
}

// restaurant is what calls of the sandbox's tools and receivers must show, and who its guests are. The zero value is
// nothing.
type restaurant struct {
	secrets func(context.Context) ([]string, error)
	token   string
	// names are whose the phones and mailboxes are.
	names func(context.Context) (map[string]string, error)
	// webhookSecrets are those of webhook endpoints, createEndpoint makes one that posts to the sandbox.
	webhookSecrets func(context.Context) ([]string, error)
	createEndpoint func(ctx context.Context, path string) error
}

// newRestaurant returns what calls must show in this process. Its database is asked each time.
func (p *process) newRestaurant(l *listeners) restaurant {
	return restaurant{
		secrets:        p.signingSecrets,
		token:          conciergeToken,
		names:          p.memberNames,
		webhookSecrets: p.webhookSecrets,
		createEndpoint: offerEndpoint(l),
	}
}

func (p *process) startSandbox(
	ctx context.Context,
	running *errgroup.Group,
	l net.Listener,
	h hooks,
	r restaurant,
) error {
	c := sandbox.Config{
		AccountSID:     sandboxAccount,
		AuthToken:      sandboxToken,
		SendGridKey:    sandboxSendGridKey,
		Numbers:        []string{demoNumber},
		ReplyHosts:     []string{p.config.ReplyDomain},
		File:           filepath.Join(p.config.Dev.DataDir, "sandbox.jsonl"),
		Logger:         p.logger.With("component", "sandbox"),
		ToolSecrets:    r.secrets,
		MCPToken:       r.token,
		Names:          r.names,
		WebhookSecrets: r.webhookSecrets,
		CreateEndpoint: r.createEndpoint,
		Console:        h.console,
	}

	if h.origin != "" {
		// The fragment asks Twilio for retries (rc) on all failures (rp).
		c.TwilioInboundURL = h.origin + "/webhooks/twilio/inbound#rc=5&rp=all"
		c.EventURL = h.origin + "/webhooks/sendgrid/events"
		c.MailInboundURL = h.origin + "/webhooks/sendgrid/inbound"
		c.SigningKey = h.key
		c.Remote = true
	}

	box, err := sandbox.New(c)
	if err != nil {
		return err
	}

	running.Go(func() error {
		return errors.Join(service.ServeHTTP(ctx, l, loopback.Guard(box.Handler())), box.Close())
	})

	return nil
}

type sandboxCommand struct {
	Port        int    `help:"Its port on this machine; HANDRAIL_DEV_SANDBOX_PORT otherwise." placeholder:"PORT"`
	CallbacksTo string `help:"Where the API is, like http://127.0.0.1:8080: the sandbox reports there what became of messages, and passes answers on." placeholder:"URL"`
}

// Run serves the sandbox alone until the context ends.
func (s *sandboxCommand) Run(p *process) error {
	port := s.Port
	if port == 0 {
		port = p.config.Dev.SandboxPort
	}

	l, err := listenOn(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), "HANDRAIL_DEV_SANDBOX_PORT")
	if err != nil {
		return err
	}

	var h hooks
	if s.CallbacksTo != "" {
		if h, err = p.hooksTo(s.CallbacksTo); err != nil {
			return err
		}
	}

	running, ctx := errgroup.WithContext(p.ctx)
	if err := p.startSandbox(ctx, running, l, h, restaurant{}); err != nil {
		return err
	}

	var webhooks string
	if h.origin != "" {
		webhooks = fmt.Sprintf(
			"  HANDRAIL_PUBLIC_URL=%s HANDRAIL_REPLY_DOMAIN=%s\n  HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY=%s\n",
			h.origin,
			sandboxReplies,
			h.public,
		)
	}

	fmt.Fprintf(p.out, `
The sandbox stands in for Twilio, SendGrid and a restaurant on %[1]s/ — open it to read what arrives. Tools: %[1]s/tools/tables, MCP: %[1]s/mcp

%[5]s  HANDRAIL_TWILIO_BASE_URL=%[1]s TWILIO_ACCOUNT_SID=%[2]s TWILIO_AUTH_TOKEN=%[3]s
  HANDRAIL_SENDGRID_BASE_URL=%[1]s SENDGRID_API_KEY=%[4]s

`, originOf(l), sandboxAccount, sandboxToken, sandboxSendGridKey, webhooks)

	return running.Wait()
}
