package chat

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// FieldChange is a field with what it was and what it is to be.
type FieldChange struct {
	Field  string `json:"field"`
	Before any    `json:"before,omitempty"`
	After  any    `json:"after,omitempty"`
}

// ToolChanges lists what differs between two states of a definition, by field; nil is one that is not
// there. Of secrets it has
// the names: whether a value is another one only who gave it knows.
func ToolChanges(before, after *ToolDefinition) []FieldChange {
	return CompareFields(toolFields(before), toolFields(after))
}

// toolFields are the parts of a definition that a change may be about.
func toolFields(d *ToolDefinition) map[string]any {
	if d == nil {
		return nil
	}

	fields := map[string]any{
		"name":            d.Name,
		"description":     d.Description,
		"enabled":         d.Enabled,
		"assistants":      append([]MemberID{}, d.Assistants...),
		"risk":            d.Risk,
		"idempotent":      d.Idempotent,
		"timeout_seconds": d.Timeout.Seconds(),
		"secrets":         append([]string{}, d.SecretNames...),
	}

	if d.Undo != nil {
		fields["undo"] = d.Undo
	}

	if d.HTTP != nil {
		fields["http.method"] = d.HTTP.Method
		fields["http.url"] = d.HTTP.URL
		fields["http.headers"] = d.HTTP.Headers
		fields["http.schema"] = d.HTTP.Schema
		fields["http.response_schema"] = d.HTTP.ResponseSchema
		fields["http.idempotency_header"] = d.HTTP.IdempotencyHeader
	}

	if d.MCP != nil {
		fields["mcp.url"] = d.MCP.URL
		fields["mcp.headers"] = d.MCP.Headers
		fields["mcp.command"] = d.MCP.Command
		fields["mcp.oauth"] = d.MCP.OAuth
		fields["mcp.tools"] = d.MCP.Overrides
	}

	return fields
}

func sameJSON(a, b any) bool {
	one, errOne := json.Marshal(a)
	other, errOther := json.Marshal(b)

	return errOne == nil && errOther == nil && bytes.Equal(one, other)
}

// NeedsApproval reports whether any of the definition's tools is of [RiskApproval].
func (d *ToolDefinition) NeedsApproval() bool {
	return slices.Contains(slices.Collect(maps.Values(d.risks())), RiskApproval)
}

// risks are those of the definition's tools by their own names; "" is what holds for all others.
func (d *ToolDefinition) risks() map[string]ToolRisk {
	risks := map[string]ToolRisk{"": d.Risk}

	if d.MCP == nil {
		return risks
	}

	for name, override := range d.MCP.Overrides {
		risks[name] = d.Risk
		if override.Risk != nil {
			risks[name] = *override.Risk
		}
	}

	return risks
}

// ToolChangeNeedsSecond reports whether a change of a definition takes a second member's word: it
// changes one with a tool of [RiskApproval] in anything but switching it off, or lowers the risk
// of a tool.
func ToolChangeNeedsSecond(before, after *ToolDefinition) bool {
	sealed := !bytes.Equal(before.Sealed, after.Sealed)
	changes := ToolChanges(before, after)
	isSwitchedOff := !sealed && len(changes) == 1 && changes[0].Field == "enabled" && !after.Enabled

	if before.NeedsApproval() && (sealed || len(changes) > 0) && !isSwitchedOff {
		return true
	}

	return lowersRisk(before, after)
}

// riskIn is a tool's risk, which is that of all others if nothing is said about it.
func riskIn(risks map[string]ToolRisk, name string) ToolRisk {
	if risk, ok := risks[name]; ok {
		return risk
	}

	return risks[""]
}

// CheckUndoRisk refuses what takes a call back if it needs more agreement than the call itself:
// nobody has agreed to it.
func CheckUndoRisk(field string, call, undo ToolRisk) error {
	if !undo.Exceeds(call) {
		return nil
	}

	return Invalid(
		field,
		"must not be of a higher risk than the call that it takes back: %s, for a call of %s",
		undo,
		call,
	)
}

// PinTool is a tool as it is now, for an approval.
func PinTool(t *Tool) PinnedTool {
	return PinnedTool{
		ID:      t.ID,
		Name:    t.Name,
		Version: t.Version,
		Where:   t.Where,
		Risk:    t.Risk,
	}
}

// Pin is the whole definition as it is now, for an approval.
func (d *ToolDefinition) Pin() *PinnedTool {
	return &PinnedTool{
		ID:      d.ID,
		Name:    d.Name,
		Version: d.Version,
		Where:   d.Where(),
		Risk:    d.Risk,
	}
}

// ToolTest is one run of a tool beside any send.
type ToolTest struct {
	Tool      PinnedTool
	Arguments json.RawMessage
	// Approval is the one that allows the run, "" for none.
	Approval ApprovalID
}

// Request is what is asked for with the test.
func (t *ToolTest) Request() ApprovalRequest {
	return ApprovalRequest{Tool: &t.Tool, Arguments: t.Arguments}
}

// ToolReview says whether storing a definition takes a second member's word. Bypasses is the tool of a
// higher risk that is, or was, where it goes, if there is one.
type ToolReview struct {
	NeedsSecond bool
	Bypasses    *PinnedTool
}

// Changes shows it to who decides.
func (r *ToolReview) Changes(d *ToolDefinition) []FieldChange {
	if r.Bypasses == nil {
		return nil
	}

	return []FieldChange{{Field: "reaches_with_a_lower_risk", Before: r.Bypasses, After: d.Pin()}}
}
