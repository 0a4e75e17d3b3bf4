package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"sync"
)

// staticFiles are the style sheet, our script and the vendored ones, whose origin static/manifest.json tells.
//
//go:embed static
var staticFiles embed.FS

// staticNames are the files that pages load.
var staticNames = []string{
	"console.css",
	"console.js",
	"stream.js",
	"htmx.min.js",
	"idiomorph-ext.min.js",
	"icon.svg",
	"mail.css",
}

// staticVersions are the beginnings of the digests of the files, by name. A page names the version of what it loads,
// so that browsers may keep it for ever.
var staticVersions = sync.OnceValue(func() map[string]string {
	versions := map[string]string{}

	for _, name := range staticNames {
		content, err := staticFiles.ReadFile("static/" + name)
		if err != nil {
			panic(err) // it is embedded above
		}

		digest := sha256.Sum256(content)
		versions[name] = hex.EncodeToString(digest[:6])
	}

	return versions
})

// staticPath returns the path of a file that pages load.
func staticPath(name string) string {
	return Root + "/static/" + name + "?v=" + staticVersions()[name]
}

func (h *Handler) staticRoutes() {
	for _, name := range staticNames {
		h.mux.HandleFunc("GET "+Root+"/static/"+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			http.ServeFileFS(w, r, staticFiles, "static/"+name)
		})
	}
}
