package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/cmd/internal/service"
	"handrail/console"
	"handrail/db"
	"handrail/temporaldev"
	"handrail/workflows"
)

// process is what every command works with.
type process struct {
	ctx     context.Context //nolint:containedctx // the life of the process
	config  *config.Config
	environ []string
	out     io.Writer
	logger  *slog.Logger
	// service is set once it is connected.
	service *atomic.Pointer[service.Service]
}

type upCommand struct{}

// Run starts everything, shows the ready screen, and ends when the context does.
func (upCommand) Run(p *process) error {
	started := time.Now()

	if err := checkLoopback(p.config); err != nil {
		return err
	}

	unlock, err := lockFolder(p.config.Dev.DataDir)
	if err != nil {
		return err
	}

	defer unlock()

	l, err := openListeners(p.config)
	if err != nil {
		return err
	}

	defer l.close()

	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()

	p.step("starting the embedded Temporal server")

	server, err := temporaldev.Start(ctx, temporaldev.Options{
		File:             filepath.Join(p.config.Dev.DataDir, "temporal.db"),
		Port:             p.config.Dev.TemporalPort,
		Namespace:        p.config.TemporalNamespace,
		SearchAttributes: workflows.SearchAttributes(),
	})
	if err != nil {
		return err
	}

	defer p.stop("the embedded Temporal server", server.Stop)

	p.embed(server.Address(), l)

	hooks, err := p.wire(l)
	if err != nil {
		return err
	}

	hooks.console = originOf(l.api) + console.Root

	running, ctx := errgroup.WithContext(ctx)

	if err := p.startSandbox(ctx, running, l.sandbox, hooks, p.newRestaurant(l)); err != nil {
		return err
	}

	if err := p.startUI(ctx, running, server.Address()); err != nil {
		return err
	}

	return p.runService(ctx, running, l, func(s *screen) {
		s.Answers = hooks.origin != ""
		s.Took = time.Since(started).Round(10 * time.Millisecond)
	})
}

// checkLoopback refuses to be reached from elsewhere.
func checkLoopback(c *config.Config) error {
	if !c.Loopback() {
		return fmt.Errorf(
			"HANDRAIL_ADDR is %s, but handrail-dev listens on loopback only, because everybody knows its keys. "+
				"For any other address, run handrail",
			c.Addr,
		)
	}

	if !c.MetricsLoopback() {
		return fmt.Errorf(
			"HANDRAIL_METRICS_ADDR is %s, but handrail-dev listens on loopback only. "+
				"For any other address, run handrail",
			c.MetricsAddr,
		)
	}

	return nil
}

// runService runs the API and a worker beside what runs already, and shows the ready screen
// after complete has filled in the rest of it. It returns when all have ended.
func (p *process) runService(ctx context.Context, running *errgroup.Group, l *listeners, complete func(*screen)) error {
	p.step("opening the database")

	s, err := service.Connect(ctx, p.config, p.environ, p.logger)
	if err != nil {
		return err
	}

	defer p.stop("the connections", s.Close)

	shown, err := p.prepare(ctx, s, originOf(l.sandbox))
	if err != nil {
		return err
	}

	s.Pages = service.Pages{
		Sandbox:         shown.Inbox,
		Temporal:        shown.UI,
		ShowsComponents: true,
	}

	running.Go(func() error { return s.Watch(ctx) })
	running.Go(func() error { return s.Sequence(ctx) })
	running.Go(func() error { return s.Work(ctx) })
	running.Go(func() error { return s.ServeAPI(ctx, l.api) })

	if l.metrics != nil {
		running.Go(func() error { return s.ServeMetrics(ctx, l.metrics) })
	}

	complete(&shown)

	if err := shown.show(p.out); err != nil {
		return err
	}

	err = running.Wait()

	p.step("stopping")

	return err
}

// embed points the configuration at what runs in this process, unless the caller pointed
// it elsewhere: a base URL that was given stays, with its credentials.
func (p *process) embed(temporal string, l *listeners) {
	c := p.config

	p.environ = slices.DeleteFunc(
		slices.Clone(p.environ),
		func(entry string) bool { return strings.HasPrefix(entry, "TEMPORAL_") },
	)

	p.environ = append(p.environ, "TEMPORAL_ADDRESS="+temporal, "TEMPORAL_NAMESPACE="+c.TemporalNamespace)

	c.TemporalAddress = temporal
	c.LoopbackOnly = true

	if c.DatabaseURL == "" {
		c.DatabaseURL = "sqlite:" + filepath.Join(c.Dev.DataDir, "handrail.db")
	}

	if c.TwilioAccountSID == "" {
		c.TwilioBaseURL = originOf(l.sandbox)
		c.TwilioAccountSID = sandboxAccount
		c.TwilioAuthToken = sandboxToken
	}

	if c.SendGridAPIKey == "" {
		c.SendGridBaseURL = originOf(l.sandbox)
		c.SendGridAPIKey = sandboxSendGridKey
	}
}

// prepare brings the database up to date and fills the demo workspace.
func (p *process) prepare(ctx context.Context, s *service.Service, sandbox string) (screen, error) {
	applied, err := s.Migrate(ctx)
	if err != nil {
		return screen{}, err
	}

	if len(applied) > 0 {
		p.step("filling the demo workspace")
	}

	p.service.Store(s) // before the tools are seeded, whose calls the sandbox verifies

	d, err := seedDemo(ctx, s.Store, s.Tools(), sandbox)
	if err != nil {
		return screen{}, err
	}

	shown := screen{
		API:       "http://" + p.config.Addr,
		Inbox:     "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(p.config.Dev.SandboxPort)) + "/",
		Workspace: string(demoWorkspace),
		Key:       demoKey,
		SecondKey: secondKey,
		Friday:    nextFriday(time.Now()),
		Demo:      d,
		DataDir:   p.config.Dev.DataDir,
	}

	if p.config.MetricsAddr != "" {
		shown.Metrics = "http://" + p.config.MetricsAddr + "/metrics"
	}

	if p.config.Dev.UIPort != 0 {
		shown.UI = fmt.Sprintf("http://127.0.0.1:%d/", p.config.Dev.UIPort)
	}

	shown.Console, err = createDemoLogin(ctx, s.Store, shown.API)

	return shown, err
}

// createDemoLogin makes a link that logs in to the console as the member of the demo's key.
func createDemoLogin(ctx context.Context, store *db.Store, origin string) (string, error) {
	who, err := store.Authenticate(ctx, chat.HashKey(demoKey), time.Now())
	if err != nil {
		return "", err
	}

	link, err := service.CreateLoginLink(ctx, store, chat.Actor{Operator: "handrail-dev"}, service.NewLogin{
		WorkspaceID: demoWorkspace,
		MemberID:    who.MemberID,
		Scopes:      chat.AllScopes(),
		Origin:      origin,
	})

	return link.URL, err
}

func (p *process) startUI(ctx context.Context, running *errgroup.Group, temporal string) error {
	if p.config.Dev.UIPort == 0 {
		return nil
	}

	ui, err := temporaldev.NewUI(temporal, p.config.TemporalNamespace, p.config.Dev.UIPort)
	if err != nil {
		return err
	}

	running.Go(ui.Run)
	running.Go(func() error {
		<-ctx.Done()
		ui.Stop() //nolint:contextcheck // ctx has ended

		return nil
	})

	return nil
}

// step says what is being done while starting and stopping.
func (p *process) step(what string) { fmt.Fprintln(p.out, "handrail-dev:", what, "…") }

func (p *process) stop(what string, stop func() error) {
	if err := stop(); err != nil {
		p.logger.Error("did not stop cleanly", "part", what, "error", err)
	}
}

// listeners are taken before anything starts, so that a port in use is reported at once.
type listeners struct{ api, sandbox, metrics net.Listener }

func (l *listeners) close() {
	_ = l.api.Close()     // served listeners are closed already
	_ = l.sandbox.Close() // served listeners are closed already

	if l.metrics != nil {
		_ = l.metrics.Close() // served listeners are closed already
	}
}

func openListeners(c *config.Config) (*listeners, error) {
	// Temporal and its UI open their ports themselves; here it is only tried whether
	// they can.
	for variable, port := range map[string]int{
		"HANDRAIL_DEV_TEMPORAL_PORT": c.Dev.TemporalPort,
		"HANDRAIL_DEV_UI_PORT":       c.Dev.UIPort,
	} {
		l, err := listenOn(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), variable)
		if err != nil {
			return nil, err
		}

		_ = l.Close() // taken a moment ago, by us
	}

	api, err := listenOn(c.Addr, "HANDRAIL_ADDR")
	if err != nil {
		return nil, err
	}

	box, err := listenOn(net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Dev.SandboxPort)), "HANDRAIL_DEV_SANDBOX_PORT")
	if err != nil {
		return nil, errors.Join(err, api.Close())
	}

	all := &listeners{api: api, sandbox: box}

	if c.MetricsAddr != "" {
		if all.metrics, err = listenOn(c.MetricsAddr, "HANDRAIL_METRICS_ADDR"); err != nil {
			all.close()
			return nil, err
		}
	}

	return all, nil
}

func listenOn(address, variable string) (net.Listener, error) {
	l, err := net.Listen("tcp", address) //nolint:noctx // nothing to cancel: it answers at once
	if err != nil {
		return nil, fmt.Errorf(
			"cannot listen on %s: %w. Stop the program that uses it (another handrail-dev?), or set %s to a free port",
			address,
			err,
			variable,
		)
	}

	return l, nil
}

func originOf(l net.Listener) string { return "http://" + l.Addr().String() }
