package api

import (
	"context"
	"time"

	"handrail/chat"
)

// Tools checks, completes and runs tools outside.
type Tools interface {
	// Prepare checks a definition that is to be stored, and completes it: it seals secrets
	// beside those that the definition has, makes the signing key of a new HTTP tool, and
	// discovers the tools of an MCP server. The errors name the field: invalid_request,
	// address_refused, tool_unavailable, encryption_not_configured.
	Prepare(ctx context.Context, d *chat.ToolDefinition, secrets chat.ToolSecrets) error
	// Discover asks an MCP server for its tools: CodeToolUnavailable.
	Discover(ctx context.Context, d *chat.ToolDefinition) error
	// Call runs a tool once, within its timeout. It never fails: the outcome says all.
	Call(ctx context.Context, d chat.ToolDefinition, in chat.ToolInvocation) chat.ToolOutcome
	// SigningSecret is what an HTTP tool verifies calls with, "" when calls are not signed.
	SigningSecret(d chat.ToolDefinition) (string, error)
	// RotateSigning makes a new signing secret; the old one signs along for a day.
	RotateSigning(d *chat.ToolDefinition, now time.Time) (string, error)
}
