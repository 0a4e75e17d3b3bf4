package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

// staticFiles are the style sheet, our script and the vendored ones, whose origin vendored.json tells.
//
//go:embed static
var staticFiles embed.FS

// staticNames are the files that pages load.
var staticNames = []string{"console.css", "console.js", "htmx.min.js", "idiomorph-ext.min.js", "icon.svg", "mail.css"}

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

// zippedFiles are the files as they are sent to browsers that take gzip, by name. They are the same for everybody, so
// their size tells nothing; pages, which have secrets, are not compressed.
var zippedFiles = sync.OnceValue(func() map[string][]byte {
	zipped := map[string][]byte{}

	for _, name := range staticNames {
		content, err := staticFiles.ReadFile("static/" + name)
		if err != nil {
			panic(err) // it is embedded above
		}

		var out bytes.Buffer

		writer, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is one
		_, _ = writer.Write(content)                                 // a buffer takes everything
		_ = writer.Close()

		zipped[name] = out.Bytes()
	}

	return zipped
})

func (h *Handler) staticRoutes() {
	for _, name := range staticNames {
		h.mux.HandleFunc("GET "+Root+"/static/"+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			w.Header().Set("Vary", "Accept-Encoding")

			if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				http.ServeFileFS(w, r, staticFiles, "static/"+name)
				return
			}

			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))

			_, _ = w.Write(zippedFiles()[name]) // who has gone reads nothing
		})
	}
}
