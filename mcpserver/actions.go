package mcpserver

import (
	"context"
	"time"

	"handrail/client"
)

type stuckArguments struct {
	Limit int64 `json:"limit,omitempty" minimum:"1" maximum:"50" default:"10" jsonschema:"The most actions to list."`
}

// matterView is a kind of matter that waits, with how many there are.
type matterView struct {
	Matter      string `json:"matter"`
	Count       int64  `json:"count"`
	Oldest      string `json:"oldest" jsonschema:"Since when the oldest waits."`
	NeedsPerson bool   `json:"needs_person"`
	Explanation string `json:"explanation"`
}

// stuckAction is an action that waits for a person.
type stuckAction struct {
	ActionID    string `json:"action_id"`
	Kind        string `json:"kind"`
	ChatID      int64  `json:"chat_id,omitempty"`
	Status      string `json:"status"`
	WaitingFor  string `json:"waiting_for"`
	Explanation string `json:"explanation"`
	Since       string `json:"since"`
}

type stuckList struct {
	NeedPerson int64         `json:"need_person" jsonschema:"How many matters wait for a person. 0: nothing is to be done."`
	Matters    []matterView  `json:"matters"`
	Actions    []stuckAction `json:"actions" jsonschema:"The newest of what waits for a person; get_action has more of each."`
}

func (l *stuckList) sentence() string {
	if l.NeedPerson == 0 {
		return "Nothing needs a person."
	}

	return "Waiting for a person: " + describeCount(int(l.NeedPerson), "matter", "")
}

func listStuckTool() *tool {
	return newTool(
		toolDoc{
			name:        "list_stuck",
			title:       "List what is stuck",
			description: "Counts what waits in the workspace and since when, and lists the actions that need a person.",
			effect:      reads,
			scopes:      []string{"deliveries:read"},
			route:       "getStatus",
		},
		listStuck,
	)
}

func listStuck(ctx context.Context, by *caller, in *stuckArguments) (*stuckList, error) {
	status, err := by.api.GetStatusWithResponse(ctx, by.workspace)
	if err != nil {
		return nil, err
	}

	all, err := requireAnswer(status.JSON200, status.HTTPResponse)
	if err != nil {
		return nil, err
	}

	listed, err := by.api.ListActionsWithResponse(ctx, by.workspace, &client.ListActionsParams{
		Limit: &in.Limit,
		WaitingFor: []client.Waiting{
			client.WaitingApproval,
			client.WaitingToolDecision,
			client.WaitingPerson,
			client.WaitingSender,
		},
	})
	if err != nil {
		return nil, err
	}

	actions, err := requireAnswer(listed.JSON200, listed.HTTPResponse)
	if err != nil {
		return nil, err
	}

	return &stuckList{
		NeedPerson: all.NeedPerson,
		Matters: mapSlice(all.Matters, func(m *client.Matter) matterView {
			return matterView{
				Matter:      string(m.Matter),
				Count:       m.Count,
				Oldest:      formatTime(&m.Oldest),
				NeedsPerson: m.NeedsPerson,
				Explanation: m.Explanation,
			}
		}),
		Actions: mapSlice(actions.Items, func(a *client.Action) stuckAction {
			return stuckAction{
				ActionID:    a.ActionID,
				Kind:        string(a.Kind),
				ChatID:      a.ChatID,
				Status:      a.Status,
				WaitingFor:  string(client.ValueOf(a.WaitingFor)),
				Explanation: client.ValueOf(a.Explanation),
				Since:       formatTime(&a.CreatedAt),
			}
		}),
	}, nil
}

type actionArguments struct {
	ActionID string `json:"action_id" minLength:"36" maxLength:"36" jsonschema:"The action's id, from an earlier answer."`
}

type getActionArguments struct {
	actionArguments
	WaitSeconds *int64 `json:"wait_seconds,omitempty" minimum:"0" maximum:"45" jsonschema:"How long to wait for a change at most. When left out, as long as the server is set to."`
}

func getActionTool() *tool {
	return newTool(
		toolDoc{
			name:  "get_action",
			title: "Get an action",
			description: "Returns the state of an action that an earlier call has begun, and waits a little for its " +
				"outcome. Call this again while ask_again is true.",
			effect: reads,
			scopes: []string{"that of the call that began it"},
			route:  "getAction",
		},
		func(ctx context.Context, by *caller, in *getActionArguments) (*outcome, error) {
			seconds := int64(by.wait / time.Second)
			if in.WaitSeconds != nil {
				seconds = min(seconds, *in.WaitSeconds)
			}

			action, err := by.getAction(ctx, in.ActionID, seconds)
			if err != nil {
				return nil, err
			}

			return describeAction(action), nil
		},
	)
}

type cancelArguments struct {
	actionArguments
	Reason string `json:"reason" minLength:"1" maxLength:"500" jsonschema:"Why, for the audit log."`
}

func cancelActionTool() *tool {
	return newTool(
		toolDoc{
			name:  "cancel_action",
			title: "Cancel an action",
			description: "Cancels a send or a retry that has not left yet; what its tools have done is undone " +
				"where that is possible.",
			effect:     commits,
			repeatable: true,
			reachesOut: true,
			scopes:     []string{"that of the call that began it"},
			route:      "cancelAction",
		},
		func(ctx context.Context, by *caller, in *cancelArguments) (*outcome, error) {
			answer, err := by.api.CancelActionWithResponse(
				ctx,
				by.workspace,
				in.ActionID,
				&client.CancelActionParams{IdempotencyKey: new(client.NewIdempotencyKey())},
				client.Reason{Reason: in.Reason},
			)
			if err != nil {
				return nil, err
			}

			action, err := requireAnswer(answer.JSON200, answer.HTTPResponse)
			if err != nil {
				return nil, err
			}

			return describeAction(action), nil
		},
	)
}
