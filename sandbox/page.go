package sandbox

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"
)

//go:embed page
var pageFiles embed.FS

var pageTemplate = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"clock":   func(t time.Time) string { return t.Local().Format("2 Jan 15:04:05") },
	"minute":  func(t time.Time) string { return t.Local().Format("2 Jan 15:04") },
	"instant": func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
	"count":   countOf,
	"join":    joinAddresses,
	"percent": func(rate *float64) string { return strconv.FormatFloat(*rate*100, 'g', 4, 64) + " %" },
	"number":  func(index int) int { return index + 1 },
}).ParseFS(pageFiles, "page/page.html"))

// pagePolicy lets the page load nothing but its own script and style sheet. A mail's
// HTML inherits it in its frame; it adds only inline styles and inline pictures, because
// mails carry their looks with them. No remote picture is fetched: looking is not opening.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (s *Sandbox) routePage(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", s.showPage)

	mux.HandleFunc("POST /sandbox/empty", func(w http.ResponseWriter, r *http.Request) {
		if s.forgetOrFail(w, r) {
			http.Redirect(w, r, "/", http.StatusSeeOther)
		}
	})

	for _, name := range []string{"page.css", "page.js"} {
		mux.HandleFunc("GET /sandbox/"+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Cache-Control", "no-cache")
			http.ServeFileFS(w, r, pageFiles, "page/"+name)
		})
	}
}

// showPage answers 304 when nothing has arrived since the page that asks was made; that
// is how it keeps itself fresh.
func (s *Sandbox) showPage(w http.ResponseWriter, r *http.Request) {
	v := s.arrived.look()
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", fmt.Sprintf(`"%s-%d-%d-%d"`, s.born, v.revision, s.faults.changes(), s.receivers.changes()))

	if r.Header.Get("If-None-Match") == header.Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return
	}

	var page bytes.Buffer

	query := r.URL.Query()
	shown := s.newPage(v, query.Get("phone"), query.Get("mailbox"))
	shown.nameCorrespondents(s.findNames(r.Context()))

	if err := pageTemplate.Execute(&page, shown); err != nil {
		s.logger.ErrorContext(r.Context(), "the inbox page could not be made", "error", err)
		http.Error(w, "The page could not be made; the sandbox's log says why.", http.StatusInternalServerError)

		return
	}

	_, _ = page.WriteTo(w) // whoever asked has gone
}

// findNames returns whose the numbers and mail addresses are. The page does without names that cannot be read.
func (s *Sandbox) findNames(ctx context.Context) map[string]string {
	if s.config.Names == nil {
		return nil
	}

	names, err := s.config.Names(ctx)
	if err != nil {
		s.logger.WarnContext(ctx, "the inbox page shows no names", "error", err)
	}

	return names
}

func countOf(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}

	return strconv.Itoa(n) + " " + one + "s"
}
