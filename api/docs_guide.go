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

// guideSite is the documentation as pages. It is made when somebody first asks for it.
var guideSite = sync.OnceValues(func() (*guide.Site, error) {
	return guide.Build(guide.Options{Root: pathGuide + "/", API: pathDocs})
})

// redirectToGuide leads to the guide's first page: its links are relative to the folder.
func redirectToGuide(c *fiber.Ctx) error { return c.Redirect(pathGuide + "/" + guide.Index) }

// serveGuide answers with a file of the guide. One that is not there is a page with a link to the first one, since
// people ask for these.
func serveGuide(c *fiber.Ctx) error {
	name := c.Params("*")
	if name == "" {
		return redirectToGuide(c)
	}

	site, err := guideSite()
	if err != nil {
		return fmt.Errorf("make the guide: %w", err)
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
