package api

import (
	"context"
	"time"

	"handrail/chat"
)

// Tools checks, completes and runs tools outside.
type Tools interface {
	// Check checks a definition that is to be stored, and completes it: it seals secrets
	// beside those that the definition has, and makes the signing key of a new HTTP tool. It
	// sends nothing to the tool's address. The errors name the field: invalid_request,
	// address_refused, encryption_not_configured.
	Check(ctx context.Context, d *chat.ToolDefinition, secrets chat.ToolSecrets) error
	// DiscoverAnew asks an MCP server for its tools as a definition names it that is not stored:
	// CodeToolUnavailable.
	DiscoverAnew(ctx context.Context, d *chat.ToolDefinition) error
	// Discover asks an MCP server for its tools: CodeToolUnavailable.
	Discover(ctx context.Context, d *chat.ToolDefinition) error
	// Call runs a tool once, within its timeout. It never fails: the outcome says all.
	Call(ctx context.Context, d chat.ToolDefinition, in chat.ToolInvocation) chat.ToolOutcome
	// SigningSecret is what an HTTP tool verifies calls with, "" when calls are not signed.
	SigningSecret(d chat.ToolDefinition) (string, error)
	// RotateSigning makes a new signing secret; the old one signs along for a day.
	RotateSigning(d *chat.ToolDefinition, now time.Time) (string, error)
}
