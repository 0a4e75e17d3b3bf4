package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"handrail/chat"
)

// HealthStore reports whether the database can be used.
type HealthStore interface {
	// CheckWritable reports whether the database answers and takes writes.
	CheckWritable(ctx context.Context) error
	// ClockOffset measures by how much the clock of this process is ahead of the database's.
	ClockOffset(ctx context.Context) (time.Duration, error)
	// MigrationsCurrent reports whether the schema is the one this program was built for.
	MigrationsCurrent(ctx context.Context) (bool, error)
}

// partServer is the part that is ready until the server stops.
const partServer = "server"

// healthJSON says that the process, or all it depends on, works.
type healthJSON struct {
	Status  string `json:"status" enum:"ok,ready"`
	Version string `json:"version"`
}

type healthOutput struct{ Body healthJSON }

// readyWithin is how long each part may take to answer.
const readyWithin = 2 * time.Second

// serviceRoutes adds what needs no key.
func (s *service) serviceRoutes(f *fiber.App) {
	health := s.serviceRoute("/healthz", "health", "Whether the process runs")
	s.documentAnswer(&health, http.StatusOK, "It runs.", healthJSON{Status: "ok", Version: s.version})
	huma.Register(s.api, health, answerProblems(s, s.health))

	ready := s.serviceRoute("/readyz", "ready", "Whether requests can be served")
	ready.Description = "The database takes writes, its clock and this process' agree, the migrations are current, " +
		"Temporal answers, and the server is not stopping."
	s.documentAnswer(&ready, http.StatusOK, "All parts answer.", healthJSON{Status: "ready", Version: s.version})
	documentProblems(&ready, []chat.Code{chat.CodeMethodNotAllowed, chat.CodeUnavailable}, nil)
	huma.Register(s.api, ready, answerProblems(s, s.ready))

	s.documentPage(f, documentedPage{
		path:    "/openapi.json",
		id:      "openapi",
		summary: "This document without its explanations",
		media:   "application/json",
		handle:  s.serveDocument,
	})

	s.addDocsPages(f)
}

func (s *service) serviceRoute(path, id, summary string) huma.Operation {
	op := huma.Operation{
		Method:      http.MethodGet,
		Path:        path,
		OperationID: id,
		Tags:        []string{tagService},
		Summary:     summary,
		Description: summary + ".",
		Responses:   map[string]*huma.Response{},
		Security:    []map[string][]string{},
	}

	documentProblems(&op, []chat.Code{chat.CodeMethodNotAllowed}, nil)

	return op
}

func (s *service) serveDocument(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Send(s.concise)
}

func (s *service) serveWholeDocument(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Send(s.document)
}

func (s *service) health(context.Context, *struct{}) (*healthOutput, error) {
	return &healthOutput{Body: healthJSON{Status: "ok", Version: s.version}}, nil
}

// ready asks all parts at once, and names those that do not answer.
func (s *service) ready(ctx context.Context, _ *struct{}) (*healthOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()

	var (
		wait   sync.WaitGroup
		mutex  sync.Mutex
		failed = chat.Errorf(chat.CodeUnavailable, "not ready")
	)

	for part, works := range map[string]func(context.Context) error{
		"database":   s.store.CheckWritable,
		"clock":      s.clocksAgree,
		"migrations": s.migrationsCurrent,
		"temporal":   s.engine.Ping,
		partServer:   s.notStopping,
	} {
		wait.Go(func() {
			if err := works(ctx); err != nil {
				mutex.Lock()
				defer mutex.Unlock()

				failed.Fields = append(failed.Fields, chat.FieldError{Field: part, Message: explainNotReady(err)})
				s.logger.Log(ctx, levelOfNotReady(part), "not ready", "part", part, "error", err)
			}
		})
	}

	wait.Wait()

	if len(failed.Fields) == 0 {
		return &healthOutput{Body: healthJSON{Status: "ready", Version: s.version}}, nil
	}

	slices.SortFunc(failed.Fields, func(a, b chat.FieldError) int { return strings.Compare(a.Field, b.Field) })
	failed.Retryable = true

	return nil, failed
}

// levelOfNotReady is how loudly the log says that a part is not ready: that the server stops is no fault.
func levelOfNotReady(part string) slog.Level {
	if part == partServer {
		return slog.LevelInfo
	}

	return slog.LevelWarn
}

// explainNotReady says why a part is not ready, if the reason may be shown.
func explainNotReady(err error) string {
	if e, ok := errors.AsType[*chat.Error](err); ok {
		return "is not ready: " + e.Message
	}

	return "is not ready"
}

// clocksAgree reports whether the clocks of this process and of the database agree. Where the
// database cannot be asked, that says so for itself.
func (s *service) clocksAgree(ctx context.Context) error {
	offset, err := s.store.ClockOffset(ctx)
	if err != nil {
		return nil //nolint:nilerr // see above
	}

	return chat.CheckClock(offset)
}

func (s *service) migrationsCurrent(ctx context.Context) error {
	current, err := s.store.MigrationsCurrent(ctx)
	if err == nil && !current {
		err = chat.Errorf(chat.CodeUnavailable, "migrations are missing; run handrail migrate")
	}

	return err
}

func (s *service) notStopping(context.Context) error { return s.stopping.Err() }
