package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// toolCallJSON is a tool call as a send answers with it.
type toolCallJSON struct {
	ID        string          `json:"id" example:"call_1"`
	Name      string          `json:"name" example:"add_label"`
	Arguments json.RawMessage `json:"arguments"`
	ToolCallPlaceJSON
	ToolCallStandingJSON
}

// ToolCallPlaceJSON is where a call is found at its tool. Messages have none of it: they are the customer's to read,
// too. The type is exported because huma finds the fields of what is embedded in exported types only.
type ToolCallPlaceJSON struct {
	Where string `json:"where,omitempty" doc:"What the last try has called: method and address without the query, or a command." example:"POST https://desk.example.com/bookings"`
	Key   string `json:"idempotency_key,omitempty" doc:"What every try has given the tool to know the call by."`
}

func placeOf(c *chat.ToolCall) ToolCallPlaceJSON {
	return ToolCallPlaceJSON{Where: c.Where, Key: c.Key}
}

// ToolCallStandingJSON is how a tool call stands. The type is exported because huma finds
// the fields of what is embedded in exported types only.
type ToolCallStandingJSON struct {
	Status     chat.ToolCallState        `json:"status" enum:"pending,running,waiting,unknown,succeeded,failed,skipped" doc:"waiting waits for contributors; unknown may have had its effect, and waits for a person; skipped never ran."`
	Kind       chat.ToolKind             `json:"kind,omitempty" enum:"builtin,http,mcp"`
	Risk       chat.ToolRisk             `json:"risk,omitempty" enum:"read,write,approval"`
	Attempts   int                       `json:"attempts,omitempty" doc:"How often it was run."`
	DurationMS *int64                    `json:"duration_ms,omitempty" doc:"From the first try on."`
	Result     json.RawMessage           `json:"result,omitempty"`
	ErrorCode  string                    `json:"error_code,omitempty"`
	Error      string                    `json:"error,omitempty"`
	Undo       *toolUndoJSON             `json:"undo,omitempty" doc:"What takes it back, and how that went."`
	RequestID  chat.ContributorRequestID `json:"contributor_request_id,omitempty"`
	Decision   *toolDecisionJSON         `json:"decision,omitempty" doc:"A person's word on an outcome that was not known."`
}

type toolUndoJSON struct {
	ID     string             `json:"id,omitempty" example:"undo_call_1" doc:"By which it is resolved."`
	Tool   string             `json:"tool"`
	Status chat.ToolCallState `json:"status,omitempty" enum:"pending,running,waiting,unknown,succeeded,failed,skipped" doc:"Missing while nothing was to be taken back."`
	Error  string             `json:"error,omitempty" doc:"Why it could not be taken back."`
}

type toolDecisionJSON struct {
	Outcome  chat.ToolVerdict `json:"outcome" enum:"succeeded,failed,retry"`
	Reason   string           `json:"reason"`
	MemberID chat.MemberID    `json:"member_id" doc:"Who decided."`
	At       time.Time        `json:"at"`
}

func toolCalls(calls []chat.ToolCall) []toolCallJSON {
	shown := make([]toolCallJSON, len(calls))
	for i, c := range calls {
		shown[i] = toolCallJSON{
			ID:                   c.ID,
			Name:                 c.Name,
			Arguments:            c.Arguments,
			ToolCallPlaceJSON:    placeOf(&c),
			ToolCallStandingJSON: standingOf(&c),
		}
	}

	return shown
}

func standingOf(c *chat.ToolCall) ToolCallStandingJSON {
	shown := ToolCallStandingJSON{
		Status:    c.State,
		Kind:      c.Kind,
		Risk:      c.Risk,
		Attempts:  c.Attempts,
		Result:    c.Result,
		ErrorCode: c.ErrorCode,
		Error:     c.Error,
		RequestID: c.Request,
	}

	if c.StartedAt != nil && c.FinishedAt != nil {
		shown.DurationMS = new(c.FinishedAt.Sub(*c.StartedAt).Milliseconds())
	}

	if d := c.Decision; d != nil {
		shown.Decision = &toolDecisionJSON{
			Outcome:  d.Verdict,
			Reason:   d.Reason,
			MemberID: d.By,
			At:       d.At.UTC(),
		}
	}

	if c.UndoTool != "" {
		shown.Undo = &toolUndoJSON{Tool: c.UndoTool}
	}

	if c.Undo != nil {
		shown.Undo = &toolUndoJSON{
			ID:     c.Undo.ID,
			Tool:   c.Undo.Name,
			Status: c.Undo.State,
			Error:  c.Undo.Error,
		}
	}

	return shown
}

// newToolCallJSON asks for a tool call, in one of the two shapes below.
type newToolCallJSON struct {
	ID        string           `json:"id,omitempty"`
	Type      string           `json:"type,omitempty"`
	Function  *newFunctionJSON `json:"function,omitempty"`
	Name      string           `json:"name,omitempty"`
	Arguments json.RawMessage  `json:"arguments,omitempty"`
}

// functionCallJSON is the shape of OpenAI, whose arguments are JSON in a string.
type functionCallJSON struct {
	ID       string          `json:"id,omitempty" minLength:"1" maxLength:"64" doc:"Unique within the message; call_N when left out." example:"call_1"`
	Type     string          `json:"type,omitempty" enum:"function"`
	Function newFunctionJSON `json:"function"`
}

// plainCallJSON is our own shape, whose arguments are an object.
type plainCallJSON struct {
	ID        string        `json:"id,omitempty" minLength:"1" maxLength:"64" doc:"Unique within the message; call_N when left out." example:"call_1"`
	Type      string        `json:"type,omitempty" enum:"function"`
	Name      string        `json:"name" minLength:"1" maxLength:"97" example:"add_label"`
	Arguments anyObjectJSON `json:"arguments" doc:"An object that fits the tool's schema."`
}

// anyObjectJSON is an object with any members.
type anyObjectJSON json.RawMessage

// Schema is asked by huma.
func (anyObjectJSON) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

type newFunctionJSON struct {
	Name      string `json:"name" minLength:"1" maxLength:"97" example:"add_label"`
	Arguments string `json:"arguments" doc:"A JSON object that fits the tool's schema, in a string." example:"{\"label\":\"vip\"}"`
}

// Schema is asked by huma: a call is in one of the two shapes.
func (newToolCallJSON) Schema(registry huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		registry.Schema(reflect.TypeFor[functionCallJSON](), true, ""),
		registry.Schema(reflect.TypeFor[plainCallJSON](), true, ""),
	}}
}

// relaxToolCalls brings a body to the document's form where SDKs send what a model has answered
// (https://platform.openai.com/docs/api-reference/chat/object): null for no calls, "" for no
// arguments, and members of a call that only the answer needs.
func relaxToolCalls(body map[string]any) {
	const field = "tool_calls"

	calls, given := body[field]
	if given && calls == nil {
		delete(body, field)
	}

	list, _ := calls.([]any)
	for _, one := range list {
		call, _ := one.(map[string]any)

		function, ok := call["function"].(map[string]any)
		if !ok {
			continue
		}

		if function["arguments"] == "" {
			function["arguments"] = "{}"
		}

		keepOnly(function, "name", "arguments")
		// Name and arguments beside function are ambiguous, and refused.
		keepOnly(call, "id", "type", "function", "name", "arguments")
	}
}

// keepOnly removes all members of an object but some.
func keepOnly(object map[string]any, names ...string) {
	maps.DeleteFunc(object, func(name string, _ any) bool { return !slices.Contains(names, name) })
}

// toolCallShape says what keeps a call from being in one of the two shapes.
func toolCallShape(call map[string]any) []chat.FieldError {
	var fields []chat.FieldError

	for _, name := range []string{"name", "arguments"} {
		switch {
		case hasKey(call, "function") && hasKey(call, name):
			fields = append(
				fields,
				chat.FieldError{Field: name, Message: "must not stand beside function, which has its own"},
			)

		case !hasKey(call, "function") && !hasKey(call, name):
			fields = append(fields, chat.FieldError{Field: name, Message: "is required, unless there is function"})
		}
	}

	return fields
}

// readToolCalls brings both shapes into one, and gives ids to calls that have none.
// Whether the tools exist, and take these arguments, is the engine's to say.
func readToolCalls(given []newToolCallJSON) ([]chat.ToolCall, error) {
	calls := make([]chat.ToolCall, 0, len(given))
	first := map[string]int{}

	for i, g := range given {
		if g.ID == "" {
			continue
		}

		if j, taken := first[g.ID]; taken {
			return nil, chat.Invalid(
				fmt.Sprintf("tool_calls[%d].id", i),
				"must be unique: tool_calls[%d] has it too",
				j,
			)
		}

		first[g.ID] = i
	}

	for i, g := range given {
		call := chat.ToolCall{
			ID:        g.ID,
			Name:      g.Name,
			Arguments: g.Arguments,
			State:     chat.ToolCallPending,
		}

		for n := i + 1; call.ID == ""; n++ {
			if id := "call_" + strconv.Itoa(n); !hasKey(first, id) {
				call.ID, first[id] = id, i
			}
		}

		if g.Function != nil {
			arguments, err := readArguments(fmt.Sprintf("tool_calls[%d].function.arguments", i), g.Function.Arguments)
			if err != nil {
				return nil, err
			}

			call.Name, call.Arguments = g.Function.Name, arguments
		}

		calls = append(calls, call)
	}

	return calls, nil
}

func hasKey[K comparable, V any](m map[K]V, key K) bool {
	_, ok := m[key]
	return ok
}

// readArguments reads an object out of a string, with the rules of a body.
func readArguments(field, text string) (json.RawMessage, error) {
	value, err := parseBody([]byte(text))
	if e, ok := errors.AsType[*chat.Error](err); ok && e.Fields[0].Field != "body" {
		return nil, chat.Invalid(field, "must be JSON whose %s", e.Message)
	}

	if _, object := value.(map[string]any); err != nil || !object {
		return nil, chat.Invalid(field, "must be a string that holds a JSON object, like %s", `"{\"label\":\"vip\"}"`)
	}

	return canonicalJSON(value)
}

// canonicalJSON is JSON with sorted keys and no space.
func canonicalJSON(value any) (json.RawMessage, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)

	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("write JSON anew: %w", err)
	}

	return bytes.TrimSpace(out.Bytes()), nil
}
