package api

import (
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
)

// RefusalPages are pages that say themselves, to people, why a request has not come to them.
type RefusalPages interface {
	// ServeRefusal answers with a status and what is wrong.
	ServeRefusal(w http.ResponseWriter, r *http.Request, status int, detail string)
}

// mount is where pages are served.
type mount struct {
	prefix string
	pages  http.Handler
}

// Mount serves what begins with the prefix by a handler of its own. It gets requests like any other route: counted,
// with their whole body, and with the context and the id of the request. A panic of it is logged. It must be called
// before Serve.
func (a *App) Mount(prefix string, pages http.Handler) {
	*a.mounts = append(*a.mounts, mount{prefix: prefix, pages: pages})

	a.fiber.Use(prefix, func(c *fiber.Ctx) error { return serveMounted(c, pages.ServeHTTP) })
}

// serveMounted answers a request by a handler of pages. It returns the panic of it as an error.
func serveMounted(c *fiber.Ctx, serve http.HandlerFunc) error {
	ctx := requestContext(c)
	c.Request().Header.Set(headerRequestID, requestIDFrom(ctx))

	// What the handler sets itself would stand there twice.
	c.Response().Header.Del(headerRequestID)
	c.Response().Header.Del(fiber.HeaderCacheControl)
	c.Response().Header.Del(fiber.HeaderXContentTypeOptions)

	var panicked atomic.Value

	// The adaptor serves in a goroutine of its own, whose panic it knows no stack of.
	err := adaptor.HTTPHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if reason := recover(); reason != nil {
				panicked.Store(newPanicError(reason))
			}
		}()

		serve(w, r.WithContext(ctx))
	}))(c)

	if caught, ok := panicked.Load().(error); ok {
		c.Response().ResetBody()
		return caught
	}

	return err
}

// answerError answers what no route has answered: with a page where pages are, and else with a problem.
func (s *service) answerError(c *fiber.Ctx, err error) error {
	for _, m := range s.mounts {
		pages, ok := m.pages.(RefusalPages)
		if !ok || c.Path() != m.prefix && !strings.HasPrefix(c.Path(), m.prefix+"/") {
			continue
		}

		p := s.transportProblem(c, err)
		c.Request().ResetBody()

		return serveMounted(c, func(w http.ResponseWriter, r *http.Request) {
			pages.ServeRefusal(w, r, p.Status, p.Detail)
		})
	}

	return s.fiberError(c, err)
}
