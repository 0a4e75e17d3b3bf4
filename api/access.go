package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"handrail/chat"
	"handrail/loopback"
)

// access is who may use a route.
type access struct {
	// scope is what a key must hold.
	scope chat.Scope
	// also is another scope that is enough; "" for none.
	also chat.Scope
	// own lets a member in without the scope, into a chat it takes part in.
	own bool
	// contributor lets a member in without the scope who was asked by the contributor
	// request that the path names.
	contributor bool
	// asked takes the scope from the action that the path names: that of asking for it or, with reads, that of reading
	// what it is about.
	asked bool
	reads bool
	// use is what the route wants of the key. A route with a use of its own needs no scope, unless it names one.
	use chat.KeyUse
}

// withScope lets keys in that hold want.
func withScope(want chat.Scope) access { return access{scope: want} }

// withUse lets in the keys that are for a use, whatever their scopes.
func withUse(use chat.KeyUse) access { return access{use: use} }

// needsNoScope reports whether every key that is for the use is let in.
func (a access) needsNoScope() bool { return a.use != chat.UseAPI && a.scope == "" }

// withEither lets keys in that hold one of two scopes.
func withEither(want, also chat.Scope) access { return access{scope: want, also: also} }

// admits reports whether a scope of the key is enough.
func (a access) admits(p *chat.Principal) bool {
	return p.May(a.scope) || a.also != "" && p.May(a.also)
}

// ownOr lets a member into its own chats with any key, and keys that hold want into all.
func ownOr(want chat.Scope) access { return access{scope: want, own: true} }

// whoWasAskedOr lets contributors in with any key who were asked, and keys that hold want.
func whoWasAskedOr(want chat.Scope) access { return access{scope: want, contributor: true} }

// asTheAction lets in who could have asked for the action.
func asTheAction() access { return access{asked: true} }

// readingTheAction lets in who may read what the action is about.
func readingTheAction() access { return access{asked: true, reads: true} }

// guardHost refuses requests that are meant for another host, where it is known which ones are not:
// a web page whose name resolves to this machine must not read or write here.
func (s *service) guardHost(c *fiber.Ctx) error {
	if s.allowsHost == nil || s.allowsHost(string(c.Request().Host())) {
		return c.Next()
	}

	closeUnread(c)

	return s.fiberError(c, chat.Errorf(chat.CodeForbidden, "%s", loopback.Refusal))
}

// check is one of the questions that come before a handler; its error is the answer.
type check func(ctx huma.Context, c *requestInfo) error

// guard runs the checks of a route in the order of the contract.
func (s *service) guard(checks ...check) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c := callFrom(ctx.Context())
		for _, ask := range checks {
			if err := ask(ctx, c); err != nil {
				s.refuse(ctx, err)
				return
			}
		}

		next(readContext{ctx, c.body})
	}
}

// How long a key may be. What does not look like one is not looked up.
const minKey, maxKey = len(chat.KeyPrefix) + 20, 128

// authenticate finds out who asks. Only failures count against the address they come
// from: behind a shared proxy, one client's wrong keys must not lock out the others.
func (s *service) authenticate(ctx huma.Context, c *requestInfo) error {
	principal, err := s.principal(ctx.Context(), ctx.Header("Authorization"))
	if err != nil {
		return s.refuseCaller(ctx, err)
	}

	c.principal = principal

	return nil
}

// refuseCaller answers who is not known, and counts it.
func (s *service) refuseCaller(ctx huma.Context, err error) error {
	if chat.CodeOf(err) != chat.CodeUnauthenticated {
		return err
	}

	if wait := s.failures.Spend(remoteNetwork(ctx)).Wait; wait > 0 {
		return tooMany(ctx, wait, "too many requests with keys that are not valid")
	}

	ctx.SetHeader("WWW-Authenticate", `Bearer realm="handrail"`)

	return err
}

func (s *service) principal(ctx context.Context, header string) (chat.Principal, error) {
	scheme, secret, _ := strings.Cut(header, " ")

	secret = strings.TrimSpace(secret)
	switch {
	case header == "":
		return chat.Principal{}, chat.Errorf(
			chat.CodeUnauthenticated,
			"an API key is needed: Authorization: Bearer hr_…",
		)

	case !strings.EqualFold(scheme, "Bearer"),
		!strings.HasPrefix(secret, chat.KeyPrefix),
		len(secret) < minKey,
		len(secret) > maxKey:
		return chat.Principal{}, chat.Errorf(
			chat.CodeUnauthenticated,
			"the Authorization header must be Bearer and an API key, which begins with hr_",
		)
	}

	principal, err := s.store.Authenticate(ctx, chat.HashKey(secret), time.Now())
	if chat.CodeOf(err) == chat.CodeUnauthenticated {
		// All secrets of one form get the same answer, which tells nothing of keys that exist.
		err = chat.KeyEnded(secret)
	}

	return principal, err
}

// inWorkspace holds the key to its own workspace; another one might as well not exist.
func (s *service) inWorkspace(ctx huma.Context, c *requestInfo) error {
	if !strings.EqualFold(ctx.Param("workspace_uuid"), string(c.principal.WorkspaceID)) {
		return chat.Errorf(chat.CodeWorkspaceNotFound, "there is no such workspace for this key")
	}

	return nil
}

// permit asks for the scope, or a place in the chat.
func (s *service) permit(who access) check {
	return func(ctx huma.Context, c *requestInfo) error {
		if err := c.principal.KeyKind.CheckUse(who.use); err != nil || who.needsNoScope() {
			return err
		}

		if who.asked {
			return s.permitAction(ctx, c, who.reads)
		}

		if who.contributor {
			return s.permitContributor(ctx, c, who)
		}

		id, err := chatParameter.read(ctx)
		if err != nil {
			// It names no chat of the member's; that it is no id at all is for
			// readIDs to say, to those with the scope.
			id = 0
		}

		return s.permitIn(ctx.Context(), c, who, id)
	}
}

// permitIn is permit for a chat that is known.
func (s *service) permitIn(ctx context.Context, c *requestInfo, who access, id chat.ChatID) error {
	if who.admits(&c.principal) {
		return nil
	}

	if who.own && id > 0 {
		if takes, err := s.store.TakesPart(ctx, c.workspace(), id, c.principal.MemberID); err != nil || takes {
			return err
		}
	}

	return forbiddenError(c, who)
}

func forbiddenError(c *requestInfo, who access) error {
	switch {
	case who.contributor:
		return chat.Errorf(chat.CodeForbidden, "this is for who was asked, or needs the scope %s", who.scope)
	case c.principal.Role != chat.RoleManager && who.own:
		return chat.Errorf(chat.CodeForbidden, "this key's member does not take part in this chat")
	case c.principal.Role != chat.RoleManager:
		return chat.Errorf(chat.CodeForbidden, "this needs the scope %s, and a member with the role manager", who.scope)
	case who.own:
		return chat.Errorf(chat.CodeForbidden, "this needs the scope %s, or a place in the chat", who.scope)
	}

	return chat.Errorf(chat.CodeForbidden, "this needs the scope %s", who.scope)
}

// loadChat finds the chat that the path names.
func (s *service) loadChat(ctx huma.Context, c *requestInfo) (err error) {
	id, err := chatParameter.read(ctx)
	if err != nil {
		return err
	}

	var action chat.ActionID
	if key := ctx.Header(headerKey); key != "" && ctx.Method() == http.MethodPost {
		action = s.engine.ActionID(c.workspace(), key)
	}

	c.chat, err = s.store.ChatHead(ctx.Context(), c.workspace(), id, action)
	if action == "" || chat.CodeOf(err) != chat.CodeChatNotFound {
		return err
	}

	c.chat.ID = id

	return s.allowRepeatInGoneChat(ctx.Context(), c, action, err)
}
