package mcpserver

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"handrail/client"
)

// approvalView is an approval as it is shown to a model.
type approvalView struct {
	ID            string          `json:"id"`
	Kind          string          `json:"kind" jsonschema:"What it is about: send, member_role, api_key, tool_change, tool_test or tool_secret."`
	State         string          `json:"state" jsonschema:"waiting, approved, refused, expired or void."`
	ActionID      string          `json:"action_id,omitempty" jsonschema:"With a send: the one that waits, or has waited."`
	ChatID        int64           `json:"chat_id,omitempty"`
	Message       string          `json:"message,omitempty" jsonschema:"With a send: the text that is sent when its tools have run."`
	MessageCut    bool            `json:"message_cut,omitempty" jsonschema:"True if the text goes on: show_approval has all of it. Read it before anybody decides."`
	Request       json.RawMessage `json:"request,omitempty" jsonschema:"What is asked for: the tools with their addresses and arguments, or what is to change."`
	RequestedBy   int64           `json:"requested_by" jsonschema:"The member who has asked, and cannot decide."`
	RequesterName string          `json:"requester_name,omitempty"`
	Deciders      []int64         `json:"deciders,omitempty" jsonschema:"The members who can decide now."`
	Deadline      string          `json:"deadline"`
	DecidedBy     int64           `json:"decided_by,omitempty"`
	DecidedAt     string          `json:"decided_at,omitempty"`
	Reason        string          `json:"reason,omitempty" jsonschema:"Why it was decided so."`
	Remark        string          `json:"remark,omitempty" jsonschema:"Why it cannot be approved any more, or who can decide if no member can."`
	Note          string          `json:"note,omitempty"`
}

func (a *approvalView) sentence() string {
	if a.State == string(client.ApprovalStateWaiting) {
		return fmt.Sprintf("Approval %s (%s) waits for a decision until %s. %s", a.ID, a.Kind, a.Deadline, a.Remark)
	}

	return strings.TrimSpace(fmt.Sprintf("Approval %s (%s) is %s. %s", a.ID, a.Kind, a.State, a.Reason))
}

// viewApproval returns an approval with its whole message, so that nobody decides about a text that they have not seen.
func viewApproval(a *client.Approval) (approvalView, error) {
	v := approvalView{
		ID:            a.ID,
		Kind:          string(a.Kind),
		State:         string(a.State),
		ActionID:      client.ValueOf(a.ActionID),
		ChatID:        client.ValueOf(a.ChatID),
		Message:       client.ValueOf(a.Message),
		RequestedBy:   a.RequestedBy,
		RequesterName: client.ValueOf(a.RequesterName),
		Deciders:      a.Deciders,
		Deadline:      formatTime(&a.Deadline),
		DecidedBy:     client.ValueOf(a.DecidedBy),
		DecidedAt:     formatTime(a.DecidedAt),
		Reason:        client.ValueOf(a.Reason),
		Remark:        client.ValueOf(a.Note),
		Note:          untrustedNote,
	}

	if a.Request == nil {
		return v, nil
	}

	encoded, err := json.Marshal(a.Request)
	if err != nil {
		return v, fmt.Errorf("encode what is asked for: %w", err)
	}

	v.Request = encoded

	return v, nil
}

// cutMessage shortens a long message for a list, and sets MessageCut.
func (a *approvalView) cutMessage() {
	cut := shortenText(a.Message, defaultCharacters)
	a.MessageCut = cut != a.Message
	a.Message = cut
}

type listApprovalsArguments struct {
	page
	State string `json:"state,omitempty" enum:"waiting,approved,refused,expired,void" default:"\"waiting\"" jsonschema:"Only those in this state."`
}

type approvalList struct {
	Approvals  []approvalView `json:"approvals"`
	NextCursor string         `json:"next_cursor,omitempty" jsonschema:"Give it as cursor to get the next page; left out at the end."`
}

func (l *approvalList) sentence() string {
	return describeCount(len(l.Approvals), "approval", l.NextCursor)
}

func listApprovalsTool() *tool {
	return newTool(
		toolDoc{
			name:        "list_approvals",
			title:       "List approvals",
			description: "Lists the approvals that wait for a second member, or have a state.",
			effect:      reads,
			scopes:      []string{"chats:admin"},
			route:       "listApprovals",
		},
		func(ctx context.Context, by *caller, in *listApprovalsArguments) (*approvalList, error) {
			answer, err := by.api.ListApprovalsWithResponse(ctx, by.workspace, &client.ListApprovalsParams{
				Limit:  &in.Limit,
				Cursor: client.IfGiven(in.Cursor),
				State:  client.OnlyGiven(client.ApprovalState(in.State)),
			})
			if err != nil {
				return nil, err
			}

			list, err := requireAnswer(answer.JSON200, answer.HTTPResponse)
			if err != nil {
				return nil, err
			}

			shown := &approvalList{
				Approvals:  make([]approvalView, len(list.Items)),
				NextCursor: client.ValueOf(list.NextCursor),
			}

			for i := range list.Items {
				if shown.Approvals[i], err = viewApproval(&list.Items[i]); err != nil {
					return nil, err
				}

				shown.Approvals[i].cutMessage()
			}

			return shown, nil
		},
	)
}

type approvalArguments struct {
	ApprovalID string `json:"approval_id" minLength:"36" maxLength:"36" jsonschema:"The approval's id: that of a send is its action_id."`
}

func showApprovalTool() *tool {
	return newTool(
		toolDoc{
			name:  "show_approval",
			title: "Show an approval",
			description: "Shows what is to be approved: the tools with their arguments and the message, who asked, " +
				"and who can decide.",
			effect: reads,
			scopes: []string{"chats:admin"},
			route:  "getApproval",
		},
		func(ctx context.Context, by *caller, in *approvalArguments) (*approvalView, error) {
			answer, err := by.api.GetApprovalWithResponse(ctx, by.workspace, in.ApprovalID)
			if err != nil {
				return nil, err
			}

			return showApproval(requireAnswer(answer.JSON200, answer.HTTPResponse))
		},
	)
}

func showApproval(a *client.Approval, err error) (*approvalView, error) {
	if err != nil {
		return nil, err
	}

	v, err := viewApproval(a)

	return &v, err
}

type decideArguments struct {
	approvalArguments
	Decision string `json:"decision" enum:"approve,refuse" jsonschema:"approve lets it happen, refuse ends it."`
	Reason   string `json:"reason" minLength:"1" maxLength:"500" jsonschema:"Why, for the audit log."`
}

func decideApprovalTool() *tool {
	return newTool(
		toolDoc{
			name:  "decide_approval",
			title: "Approve or refuse",
			description: "Approves or refuses the request of another member, when the person you work for has told " +
				"you their decision. Nobody can decide on their own request.",
			effect:     commits,
			repeatable: true,
			reachesOut: true,
			scopes:     []string{"chats:admin"},
			route:      "decideRequest",
		},
		func(ctx context.Context, by *caller, in *decideArguments) (*approvalView, error) {
			answer, err := by.api.DecideRequestWithResponse(
				ctx,
				by.workspace,
				in.ApprovalID,
				&client.DecideRequestParams{IdempotencyKey: new(client.NewIdempotencyKey())},
				client.NewApproval{Decision: client.NewApprovalDecision(in.Decision), Reason: in.Reason},
			)
			if err != nil {
				return nil, err
			}

			return showApproval(requireAnswer(answer.JSON200, answer.HTTPResponse))
		},
	)
}
