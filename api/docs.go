package api

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/compress"
	"github.com/swaggest/swgui/v5/static"
)

// viewer has our files of the pages under /docs: those that start Swagger UI, and the page of the problems.
//
//go:embed viewer
var viewer embed.FS

// The paths of the documentation pages.
const (
	pathDocs     = "/docs"
	pathAssets   = pathDocs + "/assets/"
	pathProblems = pathDocs + "/problems"
	pathGuide    = pathDocs + "/guide"
)

// viewerPolicy lets the viewer load files from this server and call it, but load nothing from other hosts and run
// nothing inline.
const viewerPolicy = "default-src 'none'; base-uri 'none'; connect-src 'self'; form-action 'none'; " +
	"frame-ancestors 'none'; img-src 'self' data:; script-src 'self'; style-src 'self'"

// viewerAssets are the files that the viewer loads: those of Swagger UI, compressed as they are in its module, and
// ours.
var viewerAssets = []string{"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png", "page.css", "start.js"}

// addDocsPages serves the pages under /docs. Only the first one is in the OpenAPI document.
func (s *service) addDocsPages(f *fiber.App) {
	s.documentPage(f, documentedPage{
		path:    pathDocs,
		id:      "docs",
		summary: "This document, to be read by people, and tried",
		media:   "text/html",
		handle:  serveViewer,
	})

	for _, name := range viewerAssets {
		servePage(f, pathAssets+name, func(c *fiber.Ctx) error { return serveAsset(c, name) })
	}

	servePage(f, pathWholeDocument, s.serveWholeDocument)
	servePage(f, pathProblems, serveProblems)
	servePage(f, pathProblems+"/:code", serveProblem)

	servePage(f, pathGuide, redirectToGuide)
	servePage(f, pathGuide+"/*", serveGuide)
}

func serveViewer(c *fiber.Ctx) error {
	page, err := viewer.ReadFile("viewer/index.html")
	if err != nil {
		return fmt.Errorf("read the page of the viewer: %w", err)
	}

	return sendPage(c, page, viewerPolicy)
}

// sendPage answers with a page and its Content-Security-Policy.
func sendPage(c *fiber.Ctx, page []byte, policy string) error {
	c.Set(fiber.HeaderContentSecurityPolicy, policy)
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)

	return c.Send(page)
}

// serveAsset answers with one of viewerAssets, compressed if the client accepts gzip.
func serveAsset(c *fiber.Ctx, name string) error {
	asset, isPacked, err := readAsset(name)
	if err != nil {
		return err
	}

	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderContentType, mime.TypeByExtension(path.Ext(name)))
	c.Vary(fiber.HeaderAcceptEncoding)

	if isPacked && strings.Contains(c.Get(fiber.HeaderAcceptEncoding), "gzip") {
		c.Set(fiber.HeaderContentEncoding, "gzip")
		return c.Send(asset)
	}

	if isPacked {
		if asset, err = unpackGzip(asset); err != nil {
			return fmt.Errorf("unpack %s: %w", name, err)
		}
	}

	return c.Send(asset)
}

// readAsset returns a file of the viewer, and whether it is packed with gzip.
func readAsset(name string) (asset []byte, isPacked bool, err error) {
	if asset, err = viewer.ReadFile("viewer/" + name); err == nil {
		return asset, false, nil
	}

	asset, err = static.FS.ReadFile(name + ".gz")
	if errors.Is(err, fs.ErrNotExist) {
		asset, err = static.FS.ReadFile(name)
		return asset, false, err
	}

	return asset, true, err
}

// unpackGzip decompresses a file.
func unpackGzip(packed []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}

	return io.ReadAll(reader)
}

// documentedPage is a page of the OpenAPI document that fiber serves without huma.
type documentedPage struct {
	path, id, summary string
	// media is the media type of its answer.
	media  string
	handle fiber.Handler
}

// documentPage serves and documents a page.
func (s *service) documentPage(f *fiber.App, page documentedPage) {
	op := s.serviceRoute(page.path, page.id, page.summary)
	op.Responses["200"] = &huma.Response{
		Description: http.StatusText(http.StatusOK),
		Content:     map[string]*huma.MediaType{page.media: {}},
	}

	s.api.OpenAPI().AddOperation(&op)
	servePage(f, page.path, page.handle)
}

// servePage serves a page that changes only with the version of the program, so clients may cache it. It has an ETag,
// and is compressed for clients that accept that.
func servePage(f *fiber.App, path string, handle fiber.Handler) {
	f.Add(http.MethodGet, path, tagAnswer, compress.New(), func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderCacheControl, "public, max-age=3600")
		return handle(c)
	})
}
