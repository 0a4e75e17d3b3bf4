package api

import (
	"cmp"
	"context"
	"reflect"
	"regexp"

	"github.com/gofiber/fiber/v2"

	"handrail/chat"
	"handrail/uuidv7"
)

// requestInfo is what the checks before a handler find out about one request.
type requestInfo struct {
	requestID string
	principal chat.Principal
	// stream reports whether a stream is asked for, of what can be one.
	stream bool
	// chat is the one that the path names.
	chat chat.ChatHead
	// gone is what the request is answered with, because its chat is gone, unless its key gets an earlier answer.
	gone error
	// delivery is the one that the path names, with its attempts and events.
	delivery chat.Delivery
	// action is the one that the path names; only its own route loads it.
	action chat.Action
	// asked is the action that the request has asked for, for the log.
	asked chat.ActionID
	// request is the contributor request that the path names; only routes for who was asked load it.
	request chat.ContributorRequest
	// pathIDs are the ids that readIDs has read, by parameter name, for the handler's input.
	pathIDs map[string]reflect.Value
	// body is the checked body, under the document's names.
	body []byte
	// spelled maps the fields of the body to how the caller wrote them.
	spelled map[string]string
}

type callKey struct{}

// callFrom returns the request's call; outside a request an empty one.
func callFrom(ctx context.Context) *requestInfo {
	if c, ok := ctx.Value(callKey{}).(*requestInfo); ok {
		return c
	}

	return &requestInfo{}
}

func requestIDFrom(ctx context.Context) string { return callFrom(ctx).requestID }

// actionID is the action that the request is about, "" for none.
func (c *requestInfo) actionID() chat.ActionID { return cmp.Or(c.asked, c.action.ID) }

func (c *requestInfo) workspace() chat.WorkspaceID { return c.principal.WorkspaceID }

func (c *requestInfo) actor() chat.Actor {
	return chat.Actor{MemberID: c.principal.MemberID, KeyID: c.principal.KeyID, RequestID: c.requestID}
}

// path is the address of something in the caller's workspace.
func (c *requestInfo) path(rest string) string { return basePath + string(c.workspace()) + rest }

const headerRequestID = "X-Request-Id"

// saneRequestID is what a caller's request id may look like, since it ends up in logs,
// headers and the audit log.
var saneRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// requestContext returns the request's context, with its call in it.
func requestContext(c *fiber.Ctx) context.Context {
	ctx := c.UserContext()
	if requestIDFrom(ctx) != "" {
		return ctx
	}

	id := c.Get(headerRequestID)
	if !saneRequestID.MatchString(id) {
		id = uuidv7.New[string]()
	}

	c.Set(headerRequestID, id)
	ctx = context.WithValue(ctx, callKey{}, &requestInfo{requestID: id})
	c.SetUserContext(ctx)

	return ctx
}
