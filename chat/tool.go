package chat

import (
	"context"
	"encoding/json"
)

// ToolKind is how a tool is reached.
type ToolKind string

// ToolRisk is what a tool may do, and so who must agree.
type ToolRisk string

// The kinds and risks of tools.
const (
	ToolBuiltin ToolKind = "builtin"
	// ToolHTTP is one call of an HTTP API.
	ToolHTTP ToolKind = "http"
	// ToolMCP is a tool of a server that speaks the Model Context Protocol.
	ToolMCP ToolKind = "mcp"

	// RiskRead changes nothing outside.
	RiskRead ToolRisk = "read"
	// RiskWrite changes something outside.
	RiskWrite ToolRisk = "write"
	// RiskApproval runs only when a second person has agreed.
	RiskApproval ToolRisk = "approval"
)

// Tool is something an assistant may do before its message leaves.
type Tool struct {
	Name        string
	Description string
	// Schema is the JSON Schema (2020-12) of the arguments.
	Schema json.RawMessage
	Kind   ToolKind
	Risk   ToolRisk
	// ID is the definition behind it, 0 for a built-in tool.
	ID ToolID
	// Idempotent reports that running it twice does what running it once does. A call of
	// any other tool whose outcome is not known is never repeated by itself.
	Idempotent bool
	// Undo is what takes the effect of a call back, nil when nothing does.
	Undo *Undo
	// URLArguments are the names of the arguments that stand in the URL of an HTTP tool.
	URLArguments []string
	// Version is its definition's, and Where its address or command: an approval is of both.
	Version int64
	Where   string
}

// Exceeds reports whether r needs more agreement than other.
func (r ToolRisk) Exceeds(other ToolRisk) bool { return r.rank() > other.rank() }

// rank orders risks. One that is not known is the highest.
func (r ToolRisk) rank() int {
	switch r {
	case RiskRead:
		return 0
	case RiskWrite:
		return 1
	case RiskApproval:
	}

	return 2
}

// Explain returns what the risk of a tool means for a message that calls it. One that is not known is as a write.
func (r ToolRisk) Explain() string {
	switch r {
	case RiskApproval:
		return "It needs an approval: the message waits until a second member has approved it."
	case RiskRead:
		return "It only reads."
	case RiskWrite:
	}

	return "It changes something. If the message cannot be sent in the end, that is taken back where it can be."
}

// The built-in tools' names.
const (
	ToolAddLabel    = "add_label"
	ToolRemoveLabel = "remove_label"
	ToolSetTitle    = "set_title"
	ToolSetState    = "set_state"
	ToolTalkToHuman = "talk_to_human"
	// ToolAskContributor asks people who take part in the chat; see [ContributorRequest].
	ToolAskContributor = "contributor_input_request"
)

// Builtins are the tools every chat has. Their effects are in activities.
func Builtins() []Tool {
	builtin := func(name, description, schema string) Tool {
		return Tool{
			Name:        name,
			Description: description,
			Schema:      json.RawMessage(schema),
			Kind:        ToolBuiltin,
			Risk:        RiskWrite,
		}
	}

	return []Tool{
		builtin(
			ToolAddLabel,
			"Put one of the workspace's labels on this chat.",
			`{"type":"object","properties":{"label":{"type":"string","minLength":1,"description":"The name of a `+
				`label of the workspace."}},"required":["label"],"additionalProperties":false}`,
		),
		builtin(
			ToolRemoveLabel,
			"Take a label off this chat.",
			`{"type":"object","properties":{"label":{"type":"string","minLength":1,"description":"The name of a `+
				`label of the workspace."}},"required":["label"],"additionalProperties":false}`,
		),
		builtin(
			ToolSetTitle,
			"Give this chat a title.",
			`{"type":"object","properties":{"title":{"type":"string","minLength":1,"maxLength":200}},`+
				`"required":["title"],"additionalProperties":false}`,
		),
		builtin(
			ToolSetState,
			"Set where this chat stands.",
			`{"type":"object","properties":{"state":{"enum":["open","waiting","closed","archived"]}},`+
				`"required":["state"],"additionalProperties":false}`,
		),
		builtin(
			ToolTalkToHuman,
			"Call a person into this chat: it stays marked as needing a response.",
			`{"type":"object","properties":{"reason":{"type":"string","minLength":1,"maxLength":500}},`+
				`"required":["reason"],"additionalProperties":false}`,
		),
		builtin(
			ToolAskContributor,
			"Ask contributors of this chat by SMS or email, and use their answer.",
			askContributorSchema,
		),
	}
}

// ChatEditor changes one chat on behalf of a tool, inside the transaction that also
// records the tool call's result: the effect and the record stand or fall together.
type ChatEditor interface {
	// AddLabel puts a label on the chat; label_not_found when the workspace has none
	// of this name. Setting it twice changes nothing.
	AddLabel(ctx context.Context, name string) error
	// RemoveLabel takes a label off; a label that is not there is no error.
	RemoveLabel(ctx context.Context, name string) error
	SetTitle(ctx context.Context, title string) error
	SetState(ctx context.Context, state State) error
	// CallHuman raises the chat's Attention, above what the send in progress answers.
	CallHuman(ctx context.Context, reason string) error
}
