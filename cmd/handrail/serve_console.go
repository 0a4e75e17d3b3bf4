package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"handrail/cmd/internal/service"
	pages "handrail/console"
	"handrail/loopback"
)

type consoleCommand struct {
	URL      string   `from:"HANDRAIL_URL" default:"http://127.0.0.1:8080" help:"Where the API is ($HANDRAIL_URL)."`
	Temporal string   `name:"temporal-ui-url" from:"HANDRAIL_TEMPORAL_UI_URL" placeholder:"URL" help:"Where Temporal's web interface is, to whose runs pages link ($HANDRAIL_TEMPORAL_UI_URL)."`
	HTTP     string   `placeholder:"HOST:PORT" default:"127.0.0.1:8088" help:"Where to listen; 127.0.0.1:8088 when left out."`
	Host     []string `placeholder:"NAME" help:"A name that requests may be sent to, beside localhost. May be given again."`
}

// Help is shown by kong.
func (consoleCommand) Help() string {
	return `The API serves the console itself, at /console. This command serves it alone, in front of an API elsewhere.
Nobody has rights by it: whoever logs in, with a link or a key, has those of their key. It listens without TLS: put a
proxy with TLS before it, or browsers keep no session, except on this machine.`
}

// Run serves until the process has to stop.
func (s *consoleCommand) Run(c *console) error {
	if !loopback.IsHost(s.HTTP) && len(s.Host) == 0 {
		return &exitError{
			errors.New("--http at an address of other machines needs --host: the name that requests are sent to"),
			exitUsage,
		}
	}

	target, err := url.Parse(s.URL)
	if err != nil || target.Host == "" {
		return &exitError{errors.New("--url (HANDRAIL_URL) must be like https://handrail.example.com"), exitUsage}
	}

	if pages, err := url.Parse(s.Temporal); err != nil || s.Temporal != "" && pages.Host == "" {
		return &exitError{
			errors.New("--temporal-ui-url (HANDRAIL_TEMPORAL_UI_URL) must be like https://temporal.example.com"),
			exitUsage,
		}
	}

	logger := slog.New(slog.NewTextHandler(c.errs, nil))

	handler, err := pages.New(pages.Config{
		API:      s.URL,
		Doer:     newConsoleDoer(),
		Logger:   logger,
		Version:  service.Version,
		Temporal: s.Temporal,
	})
	if err != nil {
		return &exitError{err, exitUsage}
	}

	l, err := net.Listen("tcp", s.HTTP) //nolint:noctx // nothing to cancel: it answers at once
	if err != nil {
		return fmt.Errorf("--http: cannot listen on %s: %w", s.HTTP, err)
	}

	fmt.Fprintf(c.out, "The console is at http://%s%s\n", l.Addr(), pages.Root)

	return service.ServeHTTP(c.ctx, l, s.guard(routeConsole(handler, target, logger)))
}

// consoleTimeout exceeds the longest that the API lets a request wait, a minute.
const consoleTimeout = 90 * time.Second

func newConsoleDoer() *http.Client {
	return &http.Client{
		Timeout:       consoleTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// routeConsole serves the console, and passes on to the API what its pages ask there: the stream of events, by a token
// that the console has made, and the documentation.
func routeConsole(handler http.Handler, target *url.URL, logger *slog.Logger) http.Handler {
	api := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Del("Cookie")
			r.Out.Header.Del("Authorization")
		},
		// A stream is passed on as it comes.
		FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			// Whoever has left is no error.
			if r.Context().Err() == nil {
				logger.ErrorContext(r.Context(), "the console cannot reach the API", "path", r.URL.Path, "error", err)
			}

			http.Error(w, "The API does not answer at the moment.", http.StatusBadGateway)
		},
	}

	mux := http.NewServeMux()
	mux.Handle(pages.Root+"/", handler)
	mux.Handle("GET "+pages.Root, handler)
	mux.Handle("GET /api/v2/w/{workspace}/events", passStream(api))
	mux.Handle("GET /docs/", api)
	mux.Handle("GET /{$}", http.RedirectHandler(pages.Root+"/", http.StatusSeeOther))

	return mux
}

// passStream lets a stream last longer than a request may take to arrive.
func passStream(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Where there is no connection to set it for, as in a test, there is none that ends.
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})

		api.ServeHTTP(w, r)
	})
}

// guard refuses requests to names that are not ours: a page elsewhere could make a name point here.
func (s *consoleCommand) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}

		allowed := loopback.IsHost(r.Host)
		for _, name := range s.Host {
			allowed = allowed || name == host || name == r.Host
		}

		if !allowed {
			http.Error(w, "The console is not served under this name: see --host.", http.StatusMisdirectedRequest)
			return
		}

		next.ServeHTTP(w, r)
	})
}
