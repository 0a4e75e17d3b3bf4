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

// Path is the path of MCP over HTTP.
const Path = "/mcp"

// MaxLine is the most bytes of a request over a transport that sends one request a line.
const MaxLine = maxBody

const (
	// maxBody is the most bytes of a request. It fits the longest message, at four bytes a character, with the
	// arguments of its tools.
	maxBody = 1 << 20
	// maxCalls is how many requests are carried out at once.
	maxCalls = 64
	// maxConnections is how many connections there are at once, which is more than maxCalls. maxHeader is how many
	// bytes of headers a request may have.
	maxConnections = 256
	maxHeader      = 32 << 10
	// How long a client may take to send its headers, to send a whole request, and between two requests.
	headerTime = 5 * time.Second
	bodyTime   = 30 * time.Second
	idleTime   = 75 * time.Second
)

// Handler serves MCP's streamable HTTP at [Path]. There are no sessions that could be lost or stolen: each request
// calls the API with the key in its own Authorization header. hosts are the host names, beside those of this machine,
// that requests may name. Others are refused, because a web page can make its own name resolve to this server (DNS
// rebinding).
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

// Serve serves [Server.Handler] on a listener until ctx ends.
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
			_ = served.Close() // requests that have not ended by now are cut off
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

// requireKey refuses requests without a key. The API checks whether the key is valid.
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

// readBearer returns the key of a request. It reports false for two Authorization headers, which a proxy may read
// differently.
func readBearer(header http.Header) (string, bool) {
	values := header.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}

	scheme, key, found := strings.Cut(values[0], " ")
	key = strings.TrimSpace(key)

	return key, found && strings.EqualFold(scheme, "Bearer") && key != "" && !strings.ContainsAny(key, " \t,")
}

// checkBody refuses bodies that are expensive to decode for their size: deeply nested ones and those of very many small
// values.
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

		// A batch would count as one of maxCalls but hold many calls. MCP no longer has batches.
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

// limitCalls carries out at most maxCalls requests at once, and answers the others with 503. It counts requests that
// have been read to their end, so slow senders do not use up the limit.
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
