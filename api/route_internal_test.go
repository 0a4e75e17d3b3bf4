package api

import (
	"context"
	"net/http"
	"testing"

	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// finishRoute registers one route with the handler's input P, and returns what New would.
func finishRoute[P any](r route) error {
	s := &service{
		api:       humafiber.New(fiber.New(), openAPI("test")),
		bodyTypes: map[string]string{},
	}

	r.method = http.MethodGet
	r.id = "testRoute"
	r.tag = tagService

	registerRoute(s, func(context.Context, *P) (*struct{}, error) { return &struct{}{}, nil }, r)

	return s.finish()
}

func TestRouteMustDeclareWhatItLoads(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		route route
		wrong string
	}{
		"chat declared":  {route: route{path: "/chats/{chat_id}", withChat: true}},
		"chat forgotten": {route: route{path: "/chats/{chat_id}"}, wrong: "withChat must be set"},
		"chat forgotten in a longer path": {
			route: route{path: "/members/{member_id}/chats/{chat_id}"},
			wrong: "withChat must be set",
		},
		"no chat in the path": {route: route{path: "/chats", withChat: true}, wrong: "withChat must be set"},
		"delivery declared":   {route: route{path: "/deliveries/{delivery_id}", withDelivery: true}},
		"delivery forgotten":  {route: route{path: "/deliveries/{delivery_id}"}, wrong: "withDelivery must be set"},
		"no delivery in the path": {
			route: route{path: "/deliveries", withDelivery: true},
			wrong: "withDelivery must be set",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			err := finishRoute[struct{}](c.route)
			if c.wrong == "" {
				require.NoError(t, err)
				return
			}

			require.ErrorContains(t, err, c.wrong)
			assert.ErrorContains(t, err, "testRoute")
		})
	}
}

func TestRouteMustFillItsInput(t *testing.T) {
	t.Parallel()

	inbox := route{path: "/inboxes/{inbox_id}"}

	require.NoError(t, finishRoute[inboxPath](inbox))
	require.NoError(t, finishRoute[struct{ inboxPath }](inbox), "an embedded path")
	require.NoError(t, finishRoute[struct{ Paging }](inbox), "a query, and an id that nobody takes")

	for wrong, err := range map[string]error{
		"for {inbx_id}, which the path has not": finishRoute[struct {
			ID chat.InboxID `inPath:"inbx_id"`
		}](inbox),
		"for {label_id}, which the path has not": finishRoute[labelPath](inbox),
		"is for the workspace": finishRoute[struct {
			ID chat.WorkspaceID `inPath:"workspace_uuid"`
		}](inbox),
		"must be a chat.InboxID": finishRoute[struct {
			ID chat.LabelID `inPath:"inbox_id"`
		}](inbox),
		"nothing fills the field ID": finishRoute[struct{ ID chat.InboxID }](inbox),
		"nothing fills the field id": finishRoute[struct {
			id chat.InboxID `inPath:"inbox_id"`
		}](inbox),
		"nothing fills the field Huma": finishRoute[struct {
			Huma chat.InboxID `path:"inbox_id"`
		}](inbox),
		"{inbx_id} is not in pathParameters": finishRoute[struct{}](route{path: "/inboxes/{inbx_id}"}),
	} {
		assert.ErrorContains(t, err, wrong)
	}
}
