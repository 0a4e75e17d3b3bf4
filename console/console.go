package console

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"github.com/google/uuid"

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
	// Logger gets the errors that people are told of by a request id only.
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
}

// New makes a handler. Nothing is asked of the API yet. It returns an error if the address of the API is not one.
func New(config Config) (*Handler, error) {
	if _, err := client.New(config.API, ""); err != nil {
		return nil, fmt.Errorf("make the console: %w", err)
	}

	if config.Now == nil {
		config.Now = time.Now
	}

	h := &Handler{config: config, mux: &routeMux{}}
	if config.OpenID != nil {
		h.openID = &openID{OpenID: *config.OpenID}
	}

	h.routes()

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

// policy lets pages load what this server serves, and nothing else. Nothing may frame them.
const policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

// ServeHTTP answers a request for a page.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")

	nameRequest(w, r)

	r.Body = http.MaxBytesReader(w, r.Body, maxForm)

	defer h.recoverPage(w, r)

	h.mux.ServeHTTP(w, r.WithContext(withBrowserAddress(r.Context(), r.RemoteAddr)))
}

// headerRequestID is the header that names a request in logs. The API gives the console's own requests one too.
const headerRequestID = "X-Request-Id"

// saneRequestID is what an id that a request has come with may look like.
var saneRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// nameRequest gives a request an id, unless it has one, and tells it the browser.
func nameRequest(w http.ResponseWriter, r *http.Request) {
	if !saneRequestID.MatchString(r.Header.Get(headerRequestID)) {
		r.Header.Set(headerRequestID, uuid.NewString())
	}

	w.Header().Set(headerRequestID, r.Header.Get(headerRequestID))
}

// errNoPage is the answer to a path without a page.
var errNoPage = errors.New("there is no such page")
