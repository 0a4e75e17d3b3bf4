package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/compress"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"handrail/budget"
	"handrail/chat"
	"handrail/metrics"
)

// Config is what an App is made of. Store, Engine, Tools, Models and Logger are needed.
type Config struct {
	Store  Store
	Engine Engine
	Tools  Tools
	Models Models
	// Posts is for webhook endpoints, EventBase is what links in events begin with, see [EventBase].
	Posts     WebhookPoster
	EventBase string
	// Workers knows whether workers run; nil: the health of a workspace does not say.
	Workers WorkerWatch
	// Doctor checks the installation; nil: the API says that it cannot.
	Doctor Doctor
	// Renderer makes what a provider gets of the text of a send that is changed.
	Renderer Renderer
	Logger   *slog.Logger
	// CheckCalls checks the tool calls of a send before its chat is made; nil: only the send itself does.
	CheckCalls chat.CheckCalls
	// Twilio and SendGrid read what the providers call with; nil when that cannot be
	// verified, and is not taken.
	Twilio   TwilioWebhooks
	SendGrid SendGridWebhooks
	// Version is shown in the document and by /healthz.
	Version string
	// KeyLimit is the rate of one API key with its sessions, FailureLimit that of failed authentications
	// from one address. What is not given is 50 a second in bursts of 100, and 5 in
	// bursts of 200.
	KeyLimit, FailureLimit RateLimit
	// WorkspaceLimit is the rate of all keys of one workspace together, AddressLimit that of one
	// remote address, whose requests are counted before their key is looked up. What is not
	// given is 200 a second, and 500, in bursts of twice as many.
	WorkspaceLimit, AddressLimit RateLimit
	// Streams are the limits of the streams of events.
	Streams StreamLimits
	// AllowsHost reports whether the API answers requests with this Host header; nil: it answers all.
	AllowsHost func(host string) bool
	// Wait is how long an action is waited for when the caller does not say: 25 s when 0.
	Wait time.Duration
	// MailBytes and BodyBytes are how many bytes of inbound mails, and of all other bodies, lie in
	// memory at once while nobody has vouched for them; what is not given is
	// [budget.UnverifiedMails] and [budget.UnverifiedBodies].
	MailBytes, BodyBytes int64
	// Registry takes the metrics; a new one when nil. Whoever gives it serves it.
	Registry *prometheus.Registry
	// Meter counts what providers report; one of its own when nil.
	Meter Meter
}

// Meter counts what providers report.
type Meter interface {
	// CountReport counts a report that has come at a moment.
	CountReport(reported *chat.Reported, at time.Time)
}

// How long the server waits for a request to arrive, and for the next one.
const (
	readTimeout  = 30 * time.Second
	writeTimeout = 30 * time.Second
	idleTimeout  = 75 * time.Second
	defaultWait  = 25 * time.Second
)

// service is what the handlers work with.
type service struct {
	store  Store
	engine Engine
	tools  Tools
	models Models
	// posts is for webhook endpoints, eventBase is what links in events begin with.
	posts     WebhookPoster
	eventBase string
	// workers is nil where it is not known whether workers run.
	workers WorkerWatch
	// doctor is nil where nobody checks the installation.
	doctor Doctor
	// renderer is for the text of a send that is changed.
	renderer Renderer
	// checkCalls checks the tool calls of a send before its chat is made.
	checkCalls chat.CheckCalls

	twilio   TwilioWebhooks
	sendgrid SendGridWebhooks
	webhooks []webhook
	// mailRoom and bodyRoom are for the bodies of requests that nobody has vouched for yet: apart,
	// so that mails which somebody else has made up keep nobody from using the API.
	mailRoom, bodyRoom *budget.Pool
	// mails has a place for each inbound mail that may be taken apart at once.
	mails    chan struct{}
	notifier *notifier
	// streams are the open streams of events.
	streams *eventStreams
	// automatic knows whose chats are summarized by themselves.
	automatic automatic
	logger    *slog.Logger
	version   string
	wait      time.Duration
	keys      *budget.Buckets[chat.Quota]
	failures  *budget.Buckets[string]
	// workspaces and addresses are the limits that hold whatever the key.
	workspaces *budget.Buckets[chat.WorkspaceID]
	addresses  *budget.Buckets[string]
	allowsHost func(host string) bool
	metrics    requestMetrics
	meter      Meter
	api        huma.API
	// mounts are the pages that are served beside the API.
	mounts []mount

	// inFlight counts the requests whose handler has not returned.
	inFlight atomic.Int64

	// publication is made when all routes are registered.
	*publication

	bodyTypes map[string]string
	// registered are the routes of a workspace, in the order in which they were registered.
	registered []route
	// routeErrors are the routes that contradict themselves.
	routeErrors []error

	// alive ends when running requests may no longer finish, stopping when no new ones
	// are taken: waits for actions end then, and their callers get a 202.
	alive, stopping context.Context //nolint:containedctx // they are the life of the server, not of a call
}

// App is the HTTP service.
type App struct {
	fiber      *fiber.App
	notifier   *notifier
	inFlight   *atomic.Int64
	mounts     *[]mount
	stop, kill context.CancelFunc
}

// setDefaults fills in what is not given.
func (c *Config) setDefaults() {
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}

	if c.Meter == nil {
		c.Meter = metrics.NewMeter(c.Registry, false)
	}

	if c.CheckCalls == nil {
		c.CheckCalls = func([]chat.ToolCall, *chat.SendFacts) error { return nil }
	}

	if c.Wait <= 0 {
		c.Wait = defaultWait
	}

	if c.MailBytes <= 0 {
		c.MailBytes = budget.UnverifiedMails
	}

	if c.BodyBytes <= 0 {
		c.BodyBytes = budget.UnverifiedBodies
	}

	c.Streams.setDefaults()
}

// New makes an App. It fails only when its own routes contradict each other.
func New(config Config) (*App, error) {
	config.setDefaults()

	s := &service{
		store:      config.Store,
		engine:     config.Engine,
		tools:      config.Tools,
		posts:      config.Posts,
		eventBase:  config.EventBase,
		models:     config.Models,
		workers:    config.Workers,
		doctor:     config.Doctor,
		renderer:   config.Renderer,
		checkCalls: config.CheckCalls,
		twilio:     config.Twilio,
		sendgrid:   config.SendGrid,
		mailRoom:   budget.NewPool(config.MailBytes),
		bodyRoom:   budget.NewPool(config.BodyBytes),
		mails:      make(chan struct{}, budget.MailsAtOnce),
		logger:     config.Logger,
		version:    config.Version,
		wait:       config.Wait,
		keys:       newBuckets[chat.Quota](config.KeyLimit, defaultKeyLimit),
		failures:   newBuckets[string](config.FailureLimit, defaultFailureLimit),
		workspaces: newBuckets[chat.WorkspaceID](config.WorkspaceLimit, defaultWorkspaceLimit),
		addresses:  newBuckets[string](config.AddressLimit, defaultAddressLimit),
		allowsHost: config.AllowsHost,
		metrics:    newMetrics(config.Registry),
		meter:      config.Meter,
		bodyTypes:  map[string]string{},
	}

	app := &App{
		inFlight: &s.inFlight,
		mounts:   &s.mounts,
	}
	s.alive, app.kill = context.WithCancel(context.Background())
	s.stopping, app.stop = context.WithCancel(s.alive)
	s.notifier = &notifier{
		tell:    s.engine.Notify,
		logger:  s.logger,
		dropped: s.metrics.dropped,
		alive:   s.alive,
	}

	s.streams = newEventStreams(s.stopping, &config)

	app.notifier = s.notifier
	app.fiber = s.newFiber()
	s.api = humafiber.New(app.fiber, openAPI(config.Version))
	s.routes()
	s.webhookRoutes(app.fiber)
	s.serviceRoutes(app.fiber)

	if err := s.finish(); err != nil {
		return nil, err
	}

	return app, nil
}

func (s *service) routes() {
	// Actions and chats.
	s.actionRoutes()
	s.statusRoutes()
	s.senderHealthRoutes()
	s.doctorRoutes()
	s.participantRoutes()
	s.chatRoutes()
	s.messageRoutes()
	s.inboundRoutes()

	// What assistants do outside, who is asked first, and what is kept of a chat.
	s.toolRoutes()
	s.toolCallListRoutes()
	s.toolCallMessageRoutes()
	s.approvalRoutes()
	s.contributorRoutes()
	s.summaryRoutes()
	s.summarySettingsRoutes()
	s.workspaceDefaultsRoutes()
	s.directMessageRoutes()

	// Members, labels, and what messages are sent from.
	s.memberRoutes()
	s.labelRoutes()
	s.phoneNumberRoutes()
	s.inboxRoutes()

	// What became of messages.
	s.deliveryRoutes()
	s.commandRoutes()
	s.bulkRetryRoutes()
	s.suppressionRoutes()

	// The workspace itself.
	s.keyRoutes()
	s.sessionRoutes()
	s.auditRoutes()
	s.eventRoutes()
	s.webhookEndpointRoutes()
	s.notificationRoutes()
	s.eventTokenRoutes()
}

func (s *service) newFiber() *fiber.App {
	f := fiber.New(fiber.Config{
		// Strings outlive the request in workflow inputs.
		Immutable:     true,
		CaseSensitive: true,
		StrictRouting: true,
		// Bodies are read by receive, when there is room for them.
		StreamRequestBody: true,
		BodyLimit:         budget.MaxBody,
		ReadBufferSize:    budget.MaxHead,
		// A form that was parsed is written anew when its bytes are asked for, and those
		// are not the ones that a provider has signed.
		DisablePreParseMultipartForm: true,
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		DisableStartupMessage:        true,
		ErrorHandler:                 s.fiberError,
	})

	f.Server().HeaderReceived = s.startBody
	f.Use(s.observe, s.guardHost, s.receive)
	f.Use(basePath, tagAnswer, compress.New(compress.Config{Next: staysUncompressed}))

	known := f.Server().Handler
	f.Server().Handler = func(ctx *fasthttp.RequestCtx) {
		s.inFlight.Add(1)
		defer s.inFlight.Add(-1)

		if ctx.IsHead() {
			// HEAD is GET without its body (RFC 9110, 9.3.2).
			ctx.Request.Header.SetMethod(fiber.MethodGet)
			ctx.Response.SkipBody = true
		}

		if slices.Contains(fiber.DefaultMethods, string(ctx.Method())) {
			known(ctx)
			return
		}

		// Fiber answers methods it does not know in plain text, before any of our code.
		c := f.AcquireCtx(ctx)
		defer f.ReleaseCtx(c)

		c.Set(fiber.HeaderAllow, "GET, POST, PUT, PATCH, DELETE")

		if err := s.fiberError(c, fiber.ErrMethodNotAllowed); err != nil {
			s.logger.Error("answering an unknown method failed", "error", err)
		}
	}

	return f
}

// staysUncompressed reports whether the answer to a request is not compressed: only those to a GET are, and a stream
// would wait in the compressor.
func staysUncompressed(c *fiber.Ctx) bool { return c.Method() != http.MethodGet || acceptsStream(c) }

// Fiber is the app beneath, for whoever adds routes of their own.
func (a *App) Fiber() *fiber.App { return a.fiber }

// RedirectRoot leads whoever knows the address of the server alone to a path. It must be called before Serve.
func (a *App) RedirectRoot(path string) {
	a.fiber.Get("/", func(c *fiber.Ctx) error { return c.Redirect(path, http.StatusSeeOther) })
}

// ServeInner answers requests on a second listener until Shutdown. Serve must be called too.
func (a *App) ServeInner(listener net.Listener) error {
	a.fiber.Handler() // it registers what is mounted

	return a.fiber.Server().Serve(listener) //nolint:wrapcheck // it ends when Serve does, which says why
}

// Test answers a request without a network, however long that takes.
func (a *App) Test(request *http.Request) (*http.Response, error) {
	answer, err := a.fiber.Test(request, -1)
	if err != nil {
		return nil, fmt.Errorf("test %s %s: %w", request.Method, request.URL.Path, err)
	}

	return answer, nil
}

// Serve answers requests until Shutdown.
func (a *App) Serve(listener net.Listener) error {
	if err := a.fiber.Listener(lingeringListener{listener}); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	}

	return nil
}

// Shutdown takes no more requests and lets the running ones answer until ctx ends; those
// that wait for an action are answered 202 at once. What workflows are still to be told is
// told until then. Connections on which no whole request has come do not make it fail.
func (a *App) Shutdown(ctx context.Context) error {
	defer a.kill()

	a.stop()
	err := a.fiber.ShutdownWithContext(ctx)
	a.notifier.close(ctx)

	if unanswered := a.inFlight.Load(); err != nil && unanswered > 0 {
		return fmt.Errorf("stop serving with %d unanswered requests: %w", unanswered, err)
	}

	return nil
}
