package mcpserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"handrail/budget"
	"handrail/loopback"
)

// Path is where a server answers over HTTP.
const Path = "/mcp"

// MaxLine is the most bytes of a request over a transport of lines.
const MaxLine = maxBody

const (
	// maxBody is the most bytes of a request: the longest message, four bytes a character, and its tools' arguments.
	maxBody = 1 << 20
	// maxCalls is how many requests are carried out at once.
	maxCalls = 64
	// maxConnections is how many connections there are at once, more than maxCalls, and maxHeader how many bytes of
	// headers each may send.
	maxConnections = 256
	maxHeader      = 32 << 10
	// What a client may take: for its headers, for all of a request, and between two requests.
	headerTime = 5 * time.Second
	bodyTime   = 30 * time.Second
	idleTime   = 75 * time.Second
)

// Handler answers MCP's streamable HTTP at [Path]. Every request stands for itself, and calls the API with the key in
// its own Authorization header: there are no sessions to keep, or to take over. hosts are the names that requests may
// be sent to, beside those of this machine: a web page may have its own name resolve to this server (DNS rebinding).
func (s *Server) Handler(hosts ...string) http.Handler {
	served := mcp.NewStreamableHTTPHandler(
		func(*http.Request) *mcp.Server { return s.mcp },
		&mcp.StreamableHTTPOptions{
			Stateless:                    true,
			JSONResponse:                 true,
			MaxRequestBodyBytes:          maxBody,
			PropagateRequestCancellation: true,
			DisableLocalhostProtection:   true, // requireHost does more
		},
	)

	mux := http.NewServeMux()
	mux.Handle(Path, requireHost(hosts, requireKey(checkBody(limitCalls(holdConnection(served))))))

	return mux
}

// Serve answers HTTP on a listener until ctx ends. hosts are as in [Server.Handler].
func (s *Server) Serve(ctx context.Context, l net.Listener, hosts ...string) error {
	served := &http.Server{
		Handler:           s.Handler(hosts...),
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       bodyTime,
		WriteTimeout:      bodyTime + s.settings.Wait + 2*answerTime,
		IdleTimeout:       idleTime,
		ConnContext:       withConnection,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.settings.Logger.Handler(), slog.LevelWarn),
	}

	stopped := context.AfterFunc(ctx, func() {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTime)
		defer cancel()

		if served.Shutdown(late) != nil {
			_ = served.Close() // what has not ended by now is cut
		}
	})
	defer stopped()

	if err := served.Serve(boundConnections(l, maxConnections)); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve MCP over HTTP: %w", err)
	}

	return nil
}

// requireHost refuses requests that were sent to another host, or by a page of another host.
func requireHost(hosts []string, next http.Handler) http.Handler {
	known := func(name string) bool {
		return loopback.IsHost(name) || slices.ContainsFunc(hosts, func(host string) bool {
			return strings.EqualFold(host, trimPort(name))
		})
	}

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !known(r.Host) {
			http.Error(w, "this server is not for this host: see handrail mcp --host", http.StatusMisdirectedRequest)
			return
		}

		for _, origin := range r.Header.Values("Origin") {
			page, err := url.Parse(origin)
			if err != nil || !known(page.Host) {
				http.Error(w, "pages of other hosts may not ask this server", http.StatusForbidden)
				return
			}
		}

		next.ServeHTTP(w, r)
	})
}

func trimPort(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}

	return host
}

// requireKey refuses requests without a key of their own. Whether the key is good, the API says.
func requireKey(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := readBearer(r.Header); !ok {
			w.Header().Set("WWW-Authenticate", `Bearer realm="handrail"`)
			http.Error(w, "give an API key of Handrail: Authorization: Bearer hr_…", http.StatusUnauthorized)

			return
		}

		next.ServeHTTP(w, r)
	})
}

// readBearer returns the key of a request. Two headers, which two programs may read differently, are none.
func readBearer(header http.Header) (string, bool) {
	values := header.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}

	scheme, key, found := strings.Cut(values[0], " ")
	key = strings.TrimSpace(key)

	return key, found && strings.EqualFold(scheme, "Bearer") && key != "" && !strings.ContainsAny(key, " \t,")
}

// checkBody refuses bodies that cost more to read than their size says: deep ones, and those of countless small values.
func checkBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			http.Error(w, fmt.Sprintf("a request has at most %d bytes", maxBody), http.StatusRequestEntityTooLarge)
			return
		}

		if err != nil {
			http.Error(w, "the request could not be read to its end", http.StatusBadRequest)
			return
		}

		// Each request has its place among maxCalls. A batch, which MCP has given up, would have many calls in one.
		if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
			http.Error(w, "send one request at a time: batches are not taken", http.StatusBadRequest)
			return
		}

		if budget.Document.Check(raw) != nil {
			http.Error(w, "a request is JSON of usual depth and size", http.StatusBadRequest)
			return
		}

		r.Body = io.NopCloser(bytes.NewReader(raw))
		next.ServeHTTP(w, r)
	})
}

// limitCalls carries out a number of requests at once, and asks the others to come again. It counts what has arrived
// as a whole: a request that is sent slowly takes no place.
func limitCalls(next http.Handler) http.Handler {
	room := make(chan struct{}, maxCalls)

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case room <- struct{}{}:
			defer func() { <-room }()

		default:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many calls at once: come again", http.StatusServiceUnavailable)

			return
		}

		next.ServeHTTP(w, r)
	})
}
