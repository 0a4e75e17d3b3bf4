package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"handrail/chat"
)

// eventTokenJSON is a token for a stream. It is shown this once.
type eventTokenJSON struct {
	Token     string    `json:"token,omitempty" doc:"Give it as token to the stream of GET /events. It is not kept and never shown again: the answer to a repeated request is without it."`
	ExpiresAt time.Time `json:"expires_at" doc:"Until then it opens one stream."`
}

func (s *service) eventTokenRoutes() {
	registerRoute(s, s.createEventToken, route{
		method:  http.MethodPost,
		path:    "/events/tokens",
		access:  withScope(chat.ScopeChatsRead),
		id:      "createEventToken",
		tag:     tagWorkspace,
		summary: "Create a token for a stream of events",
		secrets: []string{"token"},
		description: "A browser's `EventSource` cannot send a key. It opens the stream of `GET /events` with " +
			"`?token=`, which counts once, within a minute. The stream has the rights of the key that the token was " +
			"made with, and ends with that key.",
		answer: eventTokenJSON{
			Token:     chat.EventTokenPrefix + "EXAMPLExEXAMPLExEXAMPLEx",
			ExpiresAt: exampleTime.Add(chat.EventTokenLife),
		},
	})
}

type eventTokenOutput struct{ Body eventTokenJSON }

func (s *service) createEventToken(ctx context.Context, _ *struct{}) (*eventTokenOutput, error) {
	now := time.Now()
	token, secret := chat.NewEventToken(&callFrom(ctx).principal, now)

	if err := s.store.CreateEventToken(ctx, token, chat.HashKey(secret), now); err != nil {
		return nil, err
	}

	return &eventTokenOutput{Body: eventTokenJSON{Token: secret, ExpiresAt: token.ExpiresAt.UTC()}}, nil
}

// mediaEvents is the type of a stream.
const mediaEvents = "text/event-stream"

// acceptsStream reports whether a stream is asked for, rather than JSON.
func acceptsStream(c *fiber.Ctx) bool {
	return c.Accepts("application/json", mediaEvents) == mediaEvents
}

// authenticateReader is authenticate for a route that may answer with a stream, which a token opens too.
func (s *service) authenticateReader(ctx huma.Context, c *requestInfo) error {
	c.stream = acceptsStream(humafiber.Unwrap(ctx))

	token := ctx.Query("token")
	if token == "" || ctx.Header("Authorization") != "" {
		return s.authenticate(ctx, c)
	}

	if !c.stream {
		return refuseTokenOfList()
	}

	principal, err := s.useEventToken(ctx, token)
	if err != nil {
		return s.refuseCaller(ctx, err)
	}

	c.principal = principal

	return nil
}

// refuseTokenOfList says what a token is for.
func refuseTokenOfList() error {
	return chat.Invalid("query.token", "is for streams: Accept must be %s", mediaEvents)
}

// useEventToken returns who a token's key speaks for. Errors: unauthenticated, with the same words for whatever is
// wrong with the token.
func (s *service) useEventToken(ctx huma.Context, token string) (chat.Principal, error) {
	unknown := chat.Errorf(
		chat.CodeUnauthenticated,
		"this token is unknown, used, expired, or of a key that no longer counts; make another one",
	)

	ws, err := uuid.Parse(ctx.Param("workspace_uuid"))
	if err != nil || !chat.IsEventToken(token) {
		return chat.Principal{}, unknown
	}

	principal, err := s.store.UseEventToken(
		ctx.Context(),
		chat.WorkspaceID(ws.String()),
		chat.HashKey(token),
		time.Now(),
	)
	if chat.CodeOf(err) == chat.CodeUnauthenticated {
		err = unknown
	}

	return principal, err
}
