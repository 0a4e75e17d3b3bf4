// Package service owns the assembly of Handrail out of its parts: it is the one place
// where the store, the providers, the model, Temporal, the API and the worker meet. Both
// programs are thin around it.
package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"github.com/cenkalti/backoff/v5"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"handrail/activities"
	"handrail/api"
	"handrail/carrier"
	"handrail/carrier/render"
	"handrail/carrier/sendgrid"
	"handrail/carrier/twilio"
	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/cmd/internal/models"
	"handrail/db"
	"handrail/engine"
	"handrail/toolbox"
	"handrail/uuidv7"
	"handrail/worker"
	"handrail/workflows"
)

// Service is Handrail connected to its database and to Temporal.
type Service struct {
	Store    *db.Store
	config   *config.Config
	logger   *slog.Logger
	temporal client.Client
	// converter reads what Temporal keeps in the namespace.
	converter converter.DataConverter
	namespace string
	tools     *toolbox.Toolbox
	models    *models.Models
	monitor   *monitor
	// export is nil where metrics are sent nowhere.
	export *otlpExport
	// Pages is what the console shows besides the API's data. It is set before ServeAPI.
	Pages Pages
}

// Pages is what the console links to, and shows to whoever works on it.
type Pages struct {
	// Sandbox and Temporal are addresses of web pages, "" for none.
	Sandbox, Temporal string
	// ShowsComponents adds the page of components.
	ShowsComponents bool
}

// Connect opens the database and Temporal, waiting up to two minutes for either; while it
// waits it says in the log for what. The caller must Close the service.
func Connect(ctx context.Context, c *config.Config, environ []string, logger *slog.Logger) (*Service, error) {
	warnOfSettings(ctx, c, logger)

	choice, err := models.New(c)
	if err != nil {
		return nil, err
	}

	watched := newMonitor(logger, c.MetricsWorkspaces)

	store, err := OpenStore(
		ctx,
		c,
		logger,
		db.WithFailoverReport(watched.reportFailover),
		db.WithEndedReport(watched.reportEnded),
		db.WithEventReport(watched.reportEvents),
	)
	if err != nil {
		return nil, err
	}

	keys, err := watched.payloadKeys(c)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}

	options, err := temporalOptions(c, environ, keys, watched)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}

	dialed, err := dialTemporal(ctx, options, logger)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}

	tools, err := newToolbox(c, environ, store, watched)
	if err != nil {
		dialed.Close()
		return nil, errors.Join(err, store.Close())
	}

	s := &Service{
		Store:     store,
		config:    c,
		logger:    logger,
		temporal:  dialed,
		namespace: options.Namespace,
		converter: keys.Converter(),
		tools:     tools,
		models:    choice,
		monitor:   watched,
	}

	if err := s.startMetrics(ctx); err != nil {
		return nil, errors.Join(err, s.Close()) //nolint:contextcheck // the last metrics have a time of their own
	}

	return s, nil
}

// startMetrics has the figures of the database served, and all metrics sent to a collector if there is one.
func (s *Service) startMetrics(ctx context.Context) (err error) {
	s.monitor.registry.MustRegister(newCollector(s.Store, s.logger, s.config.MetricsWorkspaces))

	s.export, err = startOTLP(ctx, s.config.OTLPEndpoint, s.monitor.registry, s.logger)
	s.export.reportErrors()

	return err
}

// warnOfSettings says what a person should know of how it is configured.
func warnOfSettings(ctx context.Context, c *config.Config, logger *slog.Logger) {
	if c.EncryptionKeys == "" && !c.Loopback() {
		logger.WarnContext(ctx, "Temporal keeps message texts unencrypted; set HANDRAIL_ENCRYPTION_KEYS")
	}

	if c.PublicURL == "" {
		logger.WarnContext(
			ctx,
			"no webhooks: receipts are only known by look-ups, and answers do not come in; set HANDRAIL_PUBLIC_URL",
		)
	}
}

// OpenStore opens the database alone, waiting for it as [Connect] does.
func OpenStore(
	ctx context.Context,
	c *config.Config,
	logger *slog.Logger,
	options ...db.Option,
) (*db.Store, error) {
	if c.DatabaseURL == "" {
		return nil, errors.New("DATABASE_URL must be set, like postgres://user:password@host/name")
	}

	return awaitConnection(ctx, logger, "the database (DATABASE_URL)", func() (*db.Store, error) {
		store, err := db.Open(ctx, c.DatabaseURL, append(options, db.WithClockSkew(c.ClockSkew))...)
		if errors.Is(err, db.ErrInvalidURL) {
			return nil, backoff.Permanent(err)
		}

		return store, err
	})
}

// Close ends the connections.
func (s *Service) Close() error {
	// The last figures are read from the store.
	s.export.close()
	s.temporal.Close()

	return errors.Join(s.tools.Close(), s.Store.Close())
}

// Migrate brings the database up to date and returns what it applied.
func (s *Service) Migrate(ctx context.Context) ([]string, error) {
	return db.NewMigrator(s.Store).Up(ctx)
}

// RequireMigrations fails when the database is not what this version needs; one that does
// not answer is waited for, as in [Connect].
func (s *Service) RequireMigrations(ctx context.Context) error {
	current, err := awaitConnection(ctx, s.logger, "the database (DATABASE_URL)", func() (bool, error) {
		current, err := s.Store.MigrationsCurrent(ctx)
		if err != nil && chat.CodeOf(err) != chat.CodeUnavailable {
			err = backoff.Permanent(err)
		}

		return current, err
	})
	if err != nil {
		return fmt.Errorf("look at the database's migrations: %w", err)
	}

	if !current {
		return errors.New("the database is not up to date; run: handrail migrate up")
	}

	return nil
}

// Watch keeps an eye on the clock and on the database's timeline until ctx ends, and says in the
// log and the metrics what a person must see to.
func (s *Service) Watch(ctx context.Context) error {
	s.monitor.watch(ctx, s.Store)
	return nil
}

// Sequence gives events their numbers until ctx ends. Every process that writes does it, for itself and for those that
// have ended before they could.
func (s *Service) Sequence(ctx context.Context) error {
	caller := &worker.WebhookCaller{
		Store:  s.Store,
		Engine: s.engine(),
		Logger: s.logger,
	}

	notices := &worker.NoticeCaller{
		Store:  s.Store,
		Engine: s.engine(),
		Logger: s.logger,
	}

	sequencer := &worker.Sequencer{
		Store:  s.Store,
		Logger: s.logger,
		OnNumbered: func(ctx context.Context, numbered []chat.NumberedEvents) {
			caller.Numbered(ctx, numbered)
			notices.Numbered(ctx, numbered)
		},
	}

	var calling sync.WaitGroup
	calling.Go(func() { caller.Run(ctx) })
	calling.Go(func() { notices.Run(ctx) })
	sequencer.Run(ctx)
	calling.Wait()

	return nil
}

// Work carries out actions, and looks for deliveries that were forgotten, until ctx ends.
func (s *Service) Work(ctx context.Context) error {
	acts, err := s.activities()
	if err != nil {
		return err
	}

	var sweeping sync.WaitGroup
	defer sweeping.Wait()

	ctx, stop := context.WithCancel(ctx)
	defer stop()

	sweeper := &worker.Sweeper{
		Store:      s.Store,
		Engine:     s.engine(),
		Logger:     s.logger,
		Found:      s.monitor.meter.CountFinding,
		StaleAfter: s.config.StaleAfter,
		EventsKept: s.config.EventsKept,

		QueryProvider: acts.QueryProvider,
	}

	sweeping.Go(func() { sweeper.Run(ctx) })

	return worker.Run(ctx, s.temporal, s.config.TaskQueue, acts, s.logger)
}

// engine starts actions and waits for them.
func (s *Service) engine() *engine.Client {
	return engine.NewClient(
		s.temporal,
		s.config.TaskQueue,
		uuidv7.New[string],
		engine.WithConverter(s.converter, s.namespace),
		engine.WithClock(s.monitor.databaseTime),
	)
}

func (s *Service) renderer() *render.Renderer {
	return render.New(render.Options{ReplyDomain: s.config.ReplyDomain})
}

func (s *Service) activities() (*activities.Activities, error) {
	providers, err := s.providers()
	if err != nil {
		return nil, err
	}

	return activities.New(activities.Config{
		Store:         s.Store,
		Providers:     providers,
		Renderer:      s.renderer(),
		Models:        s.models,
		Notifier:      s.engine(),
		NewID:         uuidv7.New[string],
		Lease:         workflows.Lease,
		ClockSkew:     s.config.ClockSkew,
		Waits:         deliveryWaits(s.config),
		WhenUnknown:   chat.UnknownPolicy(s.config.WhenUnknown),
		Tools:         s.tools,
		Webhooks:      s.tools,
		EventBase:     api.EventBase(s.config.PublicURL),
		WebhookWait:   s.config.WebhookWait,
		ApproveWithin: s.config.ApprovalWithin,
		Meter:         s.monitor.meter,
		Logger:        s.logger,
	})
}

// deliveryWaits returns how long deliveries are followed, by channel.
func deliveryWaits(c *config.Config) map[chat.Channel]chat.Waits {
	configured := c.Receipts()
	waits := map[chat.Channel]chat.Waits{}

	for _, channel := range chat.Channels() {
		spec := channel.Spec()
		waits[channel] = chat.Waits{Settle: c.Settle}

		if spec.HasReceipt() {
			waits[channel] = chat.Waits{
				Settle:  c.Settle,
				Receipt: cmp.Or(configured[channel], spec.Receipt),
				Quiet:   workflows.Quiet,
			}
		}
	}

	return waits
}

// providers returns the providers with credentials. A message for one without waits as
// blocked, and says why.
func (s *Service) providers() (map[chat.Provider]activities.Provider, error) {
	c := s.config
	all := map[chat.Provider]activities.Provider{chat.ProviderHandrail: carrier.WebChat{}}

	if c.TwilioAccountSID != "" {
		t, err := newTwilio(c)
		if err != nil {
			return nil, err
		}

		all[chat.ProviderTwilio] = t
	}

	if c.SendGridAPIKey != "" {
		g, err := newSendGrid(c)
		if err != nil {
			return nil, err
		}

		all[chat.ProviderSendGrid] = g
	}

	return all, nil
}

// newTwilio makes the client of the account that is configured, or names the variables that are
// wrong.
func newTwilio(c *config.Config) (*twilio.Client, error) {
	t, err := twilio.New(twilio.Config{
		AccountSID:        c.TwilioAccountSID,
		AuthToken:         c.TwilioAuthToken,
		BaseURL:           c.TwilioBaseURL,
		StatusCallbackURL: c.PublicURL,
		Proxy:             http.ProxyFromEnvironment,
	})
	if err != nil {
		return nil, fmt.Errorf(
			"TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, HANDRAIL_TWILIO_BASE_URL, HANDRAIL_PUBLIC_URL: %w",
			err,
		)
	}

	return t, nil
}

// newSendGrid is [newTwilio] for SendGrid.
func newSendGrid(c *config.Config) (*sendgrid.Client, error) {
	g, err := sendgrid.New(sendgrid.Config{
		APIKey:  c.SendGridAPIKey,
		BaseURL: c.SendGridBaseURL,
		Proxy:   http.ProxyFromEnvironment,
	})
	if err != nil {
		return nil, fmt.Errorf("SENDGRID_API_KEY, HANDRAIL_SENDGRID_BASE_URL: %w", err)
	}

	return g, nil
}
