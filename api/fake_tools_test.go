package api_test

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"handrail/api"
	"handrail/chat"
)

// fakeTools prepares and runs tools as a test says, and notes what it was given.
type fakeTools struct {
	mutex   sync.Mutex
	secrets chat.ToolSecrets
	invoked []chat.ToolInvocation

	prepare  func(*chat.ToolDefinition) error
	discover func(*chat.ToolDefinition) error
	call     func(chat.ToolInvocation) chat.ToolOutcome
	// askedAnew counts how often a server was asked that is not stored.
	askedAnew int
	// unsigned is a toolbox without keys.
	unsigned bool
}

var _ api.Tools = (*fakeTools)(nil)

func (f *fakeTools) Check(_ context.Context, d *chat.ToolDefinition, secrets chat.ToolSecrets) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	f.secrets = secrets
	if f.prepare != nil {
		return f.prepare(d)
	}

	for name := range secrets {
		d.SecretNames = append(d.SecretNames, name)
	}

	d.Sealed = []byte("sealed")

	return nil
}

func (f *fakeTools) DiscoverAnew(ctx context.Context, d *chat.ToolDefinition) error {
	f.askedAnew++

	return f.Discover(ctx, d)
}

func (f *fakeTools) Discover(_ context.Context, d *chat.ToolDefinition) error {
	if d.MCP == nil {
		return chat.Invalid("path.tool_id", "must be an MCP server")
	}

	if f.discover != nil {
		return f.discover(d)
	}

	d.MCP.Discovered, d.MCP.DiscoveredAt = taxiServer().MCP.Discovered, &noon

	return nil
}

func (f *fakeTools) Call(_ context.Context, _ chat.ToolDefinition, in chat.ToolInvocation) chat.ToolOutcome {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	f.invoked = append(f.invoked, in)
	if f.call != nil {
		return f.call(in)
	}

	return chat.ToolOutcome{Kind: chat.ToolSucceeded, Result: json.RawMessage(`{"booking_id":"b-1"}`), HTTPStatus: 200}
}

func (f *fakeTools) SigningSecret(chat.ToolDefinition) (string, error) {
	if f.unsigned {
		return "", nil
	}

	return "whsec_c2VjcmV0", nil
}

func (f *fakeTools) RotateSigning(d *chat.ToolDefinition, _ time.Time) (string, error) {
	if d.HTTP == nil {
		return "", chat.Invalid("path.tool_id", "must be an HTTP tool")
	}

	d.Sealed = []byte("sealed anew")

	return "whsec_bmV3", nil
}
