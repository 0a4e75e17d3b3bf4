package console

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"handrail/budget"
	"handrail/client"
)

// Root is the path under which all pages are.
const Root = "/console"

// maxForm is how many bytes the form of a page may have: the longest message that the API takes, encoded, and room
// for the other fields.
const maxForm = 1 << 20

// Config is what a [Handler] is made of. All fields but Now and Sandbox are needed.
type Config struct {
	// API is the address of the API, as [client.New] takes it.
	API string
	// Doer makes the requests to the API. Their contexts have the address of the browser, see [BrowserAddress].
	Doer client.HttpRequestDoer
	// Logger gets the errors of which pages show nothing but the id of the request.
	Logger *slog.Logger
	// Version is shown at the foot of pages.
	Version string
	// Now returns the present time; nil: [time.Now].
	Now func() time.Time
	// Sandbox is the address of handrail-dev's sandbox, which pages link to; "" for none.
	Sandbox string
	// Temporal is the address of Temporal's web interface, which pages link to; "" for none.
	Temporal string
	// OpenID lets members log in by OpenID Connect; nil: they cannot.
	OpenID *OpenID
	// ShowsComponents adds the page of components, for whoever works on the console.
	ShowsComponents bool
}

// Handler serves the console under [Root].
type Handler struct {
	config Config
	mux    *routeMux
	// openID is nil where nobody logs in by OpenID Connect.
	openID *openID
	logins *budget.Buckets[string]
	// pageWithin and formWithin are how long the answer to a request may take.
	pageWithin, formWithin time.Duration
	// serve answers requests that come from our own pages, or change nothing.
	serve http.Handler
}

// New makes a handler. Nothing is asked of the API yet. It returns an error if the address of the API is not one.
func New(config Config) (*Handler, error) {
	if _, err := client.New(config.API, ""); err != nil {
		return nil, fmt.Errorf("make the console: %w", err)
	}

	if config.Now == nil {
		config.Now = time.Now
	}

	h := &Handler{
		config: config,
		mux:    &routeMux{},
		logins: budget.NewBuckets[string](loginRate),

		pageWithin: pageWithin,
		formWithin: formWithin,
	}

	if config.OpenID != nil {
		h.openID = newOpenID(*config.OpenID)
	}

	h.routes()
	h.serve = h.refuseOtherSites(h.mux)

	return h, nil
}

// routeMux is a mux that knows what it was told to serve: a test walks through all of it.
type routeMux struct {
	http.ServeMux

	patterns []string
}

// HandleFunc serves what has a pattern.
func (m *routeMux) HandleFunc(pattern string, serve func(http.ResponseWriter, *http.Request)) {
	m.patterns = append(m.patterns, pattern)
	m.ServeMux.HandleFunc(pattern, serve)
}

// Patterns returns what the console serves, as [http.ServeMux] takes it, for tests that walk through all of it.
func (h *Handler) Patterns() []string { return h.mux.patterns }

func (h *Handler) routes() {
	h.staticRoutes()
	h.loginRoutes()
	h.streamRoutes()
	h.nowRoutes()
	h.deliveryRoutes()
	h.actionRoutes()
	h.decisionRoutes()
	h.failureRoutes()
	h.bulkRoutes()
	h.settingsRoutes()
	h.chatRoutes()
	h.peopleRoutes()

	if h.config.ShowsComponents {
		h.mux.HandleFunc("GET "+Root+"/components", h.showComponents)
	}

	h.mux.HandleFunc(Root+"/", func(w http.ResponseWriter, r *http.Request) {
		h.showFailure(w, r, nil, errNoPage)
	})
}

// refuseOtherSites refuses forms that pages of other sites send: the login form has no session whose token it could
// show.
func (h *Handler) refuseOtherSites(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.showFailure(w, r, nil, errForged)
	}))

	return guard.Handler(next)
}

// policy lets pages load what this server serves, and nothing else. Nothing may frame them.
const policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

// ServeHTTP answers a request for a page.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w)

	r = withRequestID(r)
	w.Header().Set(headerRequestID, requestIDOf(r))

	r, cancel := h.withinTime(r)

	defer cancel()
	defer h.recoverPanic(w, r)

	r = r.WithContext(withBrowserAddress(r.Context(), r.RemoteAddr)) //nolint:contextcheck // it is that of the request
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)

	if h.readForm(w, r) {
		h.serve.ServeHTTP(w, r)
	}
}

// setHeaders sets what all answers have.
func setHeaders(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
}
