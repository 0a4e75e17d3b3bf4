package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"handrail/chat"
)

// agreedOutput answers what may take a second member: with what was done, or with 202 and the
// approval that waits.
type agreedOutput struct {
	Status   int
	Location string `header:"Location" doc:"Where it is found; with 202, where the approval is."`
	Body     any
}

// orAsk asks for a second member's word if that is what err says is missing, and otherwise returns
// err. request is made only then.
func (s *service) orAsk(
	ctx context.Context,
	err error,
	request func() (chat.NewApproval, error),
) (*agreedOutput, error) {
	if chat.CodeOf(err) != chat.CodeApprovalNeeded {
		return nil, err
	}

	return s.ask(ctx, request)
}

// ask asks for a second member's word.
func (s *service) ask(ctx context.Context, request func() (chat.NewApproval, error)) (*agreedOutput, error) {
	asked, err := request()
	if err != nil {
		return nil, err
	}

	c := callFrom(ctx)

	waiting, err := s.store.RequestApproval(ctx, c.workspace(), c.actor(), asked)
	if err != nil {
		return nil, err
	}

	return &agreedOutput{
		Status:   http.StatusAccepted,
		Location: c.path("/approvals/" + string(waiting.ID)),
		Body:     presentApproval(waiting, &c.principal),
	}, nil
}

// approvalRequestJSON is what is asked for, as it was then.
type approvalRequestJSON struct {
	Calls     []pinnedCallJSON    `json:"calls,omitempty" doc:"With a send: the calls that need it."`
	Member    *memberRequestJSON  `json:"member,omitempty" doc:"With member_role."`
	Key       *keyRequestJSON     `json:"key,omitempty" doc:"With api_key."`
	Tool      *pinnedToolJSON     `json:"tool,omitempty" doc:"With tool_change, tool_test and tool_secret."`
	Arguments any                 `json:"arguments,omitempty" doc:"With tool_test."`
	Changes   []approvedFieldJSON `json:"changes,omitempty" doc:"What it was, and what it is to be."`
}

type pinnedToolJSON struct {
	ID      chat.ToolID   `json:"id"`
	Name    string        `json:"name"`
	Version int64         `json:"version" doc:"It rises with every change of the tool. Another one makes the approval void."`
	Where   string        `json:"where" doc:"The method and URL, or the command." example:"POST https://desk.example.com/refunds"`
	Risk    chat.ToolRisk `json:"risk" enum:"read,write,approval"`
}

type pinnedCallJSON struct {
	ID        string         `json:"id"`
	Tool      pinnedToolJSON `json:"tool"`
	Arguments any            `json:"arguments,omitempty"`
}

type memberRequestJSON struct {
	ID        chat.MemberID   `json:"id,omitempty" doc:"Left out for a member who is yet to be created."`
	Kind      chat.MemberKind `json:"kind" enum:"person,assistant"`
	Name      string          `json:"name"`
	UpdatedAt time.Time       `json:"updated_at,omitzero" doc:"The member's last change when it was asked for. A later one makes the approval void."`
}

type keyRequestJSON struct {
	MemberID  chat.MemberID `json:"member_id"`
	Name      string        `json:"name"`
	Scopes    []chat.Scope  `json:"scopes"`
	ExpiresAt *time.Time    `json:"expires_at,omitempty"`
}

type approvedFieldJSON struct {
	Field  string `json:"field"`
	Before any    `json:"before,omitempty"`
	After  any    `json:"after,omitempty"`
}

func presentApprovalRequest(r *chat.ApprovalRequest) *approvalRequestJSON {
	shown := &approvalRequestJSON{Arguments: orNothing(r.Arguments)}

	for _, call := range r.Calls {
		shown.Calls = append(shown.Calls, pinnedCallJSON{
			ID:        call.CallID,
			Tool:      pinnedToolJSON(call.Tool),
			Arguments: orNothing(call.Arguments),
		})
	}

	if r.Member != nil {
		shown.Member = new(memberRequestJSON(*r.Member))
	}

	if r.Key != nil {
		shown.Key = new(keyRequestJSON(*r.Key))
	}

	if r.Tool != nil {
		shown.Tool = new(pinnedToolJSON(*r.Tool))
	}

	for _, change := range r.Changes {
		shown.Changes = append(shown.Changes, approvedFieldJSON(change))
	}

	return shown
}

// orNothing leaves out JSON that is not there.
func orNothing(raw []byte) any {
	if len(raw) == 0 {
		return nil
	}

	return json.RawMessage(raw)
}

// maySee reports whether a principal may see what is asked for: it could decide, but for who it is.
func maySee(p *chat.Principal, kind chat.ApprovalKind) bool {
	return !slices.ContainsFunc(kind.Scopes(), func(scope chat.Scope) bool { return !p.May(scope) })
}

// describeSecond says in the document what takes a second member.
func describeSecond(description string, second string) string {
	if second == "" {
		return description
	}

	waits := "202 with an approval that waits, instead, when it takes a second member: " + second

	return strings.TrimSpace(description + "\n\n" + waits)
}
