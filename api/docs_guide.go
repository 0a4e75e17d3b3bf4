package api

import (
	"fmt"
	"mime"
	"net/http"
	"path"
	"sync"

	"github.com/gofiber/fiber/v2"

	"handrail/guide"
)

// guideSite is the web site of the documentation. It is built at the first request.
var guideSite = sync.OnceValues(func() (*guide.Site, error) {
	return guide.Build(guide.Options{Root: pathGuide + "/", API: pathDocs})
})

// redirectToGuide redirects to the first page of the guide, whose relative links need its full path.
func redirectToGuide(c *fiber.Ctx) error { return c.Redirect(pathGuide + "/" + guide.Index) }

// serveGuide answers with a file of the guide, and with the guide's own 404 page if there is no such file.
func serveGuide(c *fiber.Ctx) error {
	name := c.Params("*")
	if name == "" {
		return redirectToGuide(c)
	}

	site, err := guideSite()
	if err != nil {
		return fmt.Errorf("build the guide: %w", err)
	}

	content, found := site.Find(name)
	if !found {
		c.Status(http.StatusNotFound)
		c.Set(fiber.HeaderCacheControl, "no-store")

		return sendPage(c, site.Missing(), guide.Policy)
	}

	if err := sendPage(c, content, guide.Policy); err != nil {
		return err
	}

	c.Set(fiber.HeaderContentType, mime.TypeByExtension(path.Ext(name)))

	return nil
}
