package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// statusJSON is the status of a workspace.
type statusJSON struct {
	NeedPerson int          `json:"need_person" doc:"How many matters wait for a person. 0: nothing is to be done."`
	Matters    []matterJSON `json:"matters" doc:"What there is, what needs a person first."`
	Partial    bool         `json:"partial,omitempty" doc:"More than 10,000 actions wait: the oldest are counted."`
}

// matterJSON counts what waits for the same thing.
type matterJSON struct {
	Matter      matterName `json:"matter" doc:"A word of an action's waiting_for, or bulk_retry, inbound, possible_opt_out, response, attention, webhook_endpoint, notice, failed."`
	Count       int        `json:"count" doc:"Of failed up to 1,000: explanation then begins with or more."`
	Oldest      time.Time  `json:"oldest" doc:"Since when the oldest waits."`
	NeedsPerson bool       `json:"needs_person"`
	Late        int        `json:"late" doc:"How many have waited for over 10 minutes."`
	Lately      int        `json:"lately" doc:"How many began to wait in the last hour."`
	Gone        int        `json:"workflow_gone,omitempty" doc:"How many had their workflow ended in Temporal."`
	Deadline    *time.Time `json:"deadline,omitempty" doc:"When the first approval expires."`
	Explanation string     `json:"explanation" example:"deliveries that wait for a decision"`
}

// matterName is the name of a matter.
type matterName chat.Matter

// Schema is called by huma.
func (matterName) Schema(huma.Registry) *huma.Schema {
	schema := &huma.Schema{Type: huma.TypeString}
	for _, m := range chat.Matters() {
		schema.Enum = append(schema.Enum, string(m))
	}

	return schema
}

func (s *service) statusRoutes() {
	registerRoute(s, s.getStatus, route{
		method:  http.MethodGet,
		path:    "/status",
		access:  withScope(chat.ScopeDeliveriesRead),
		id:      "getStatus",
		tag:     tagActions,
		summary: "Get the workspace's status",
		description: "Counts what waits, and since when. What needs a person comes first. Actions that wait for a " +
			"receipt are not counted. For a key without `chats:read`, chats and inbound messages are left out; " +
			"without `webhooks:read`, endpoints and notices.",
		answer: exampleStatus(),
	})
}

func exampleStatus() statusJSON {
	return presentStatus(&chat.WorkspaceStatus{Counts: []chat.MatterCount{
		{Matter: chat.Matter(chat.WaitingPerson), Count: 2, Oldest: exampleTime},
		{Matter: chat.Matter(chat.WaitingAttempt), Count: 14, Oldest: exampleTime},
	}})
}

type statusOutput struct{ Body statusJSON }

func (s *service) getStatus(ctx context.Context, _ *struct{}) (*statusOutput, error) {
	c := callFrom(ctx)

	status, err := s.store.WorkspaceStatus(ctx, c.workspace())
	if err != nil {
		return nil, err
	}

	if !c.principal.May(chat.ScopeChatsRead) {
		status.Omit(chat.MatterOptOut, chat.MatterResponse, chat.MatterAttention, chat.MatterInbound)
	}

	if !c.principal.May(chat.ScopeWebhooksRead) {
		status.Omit(chat.MatterWebhook, chat.MatterNotice)
	}

	return &statusOutput{Body: presentStatus(&status)}, nil
}

// MarshalStatus encodes a status as GET /status does, for programs that read it without the API.
func MarshalStatus(status *chat.WorkspaceStatus) ([]byte, error) {
	return json.Marshal(presentStatus(status)) //nolint:wrapcheck // of numbers and texts
}

func presentStatus(status *chat.WorkspaceStatus) statusJSON {
	shown := statusJSON{
		NeedPerson: status.NeedPerson(),
		Matters:    make([]matterJSON, len(status.Counts)),
		Partial:    status.IsPartial,
	}

	for i, c := range status.Counts {
		shown.Matters[i] = matterJSON{
			Matter:      matterName(c.Matter),
			Count:       c.Count,
			Oldest:      c.Oldest,
			Late:        c.Late,
			Lately:      c.Lately,
			Gone:        c.WorkflowGone,
			Deadline:    c.Deadline,
			NeedsPerson: c.Matter.NeedsPerson(),
			Explanation: c.Matter.Explain(c.Count),
		}
	}

	return shown
}
