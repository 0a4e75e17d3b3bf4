package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"handrail/chat"
)

type createToolInput struct{ Body newToolJSON }

func (s *service) createTool(ctx context.Context, in *createToolInput) (*agreedOutput, error) {
	c := callFrom(ctx)

	d, err := in.Body.domain()
	if err != nil {
		return nil, err
	}

	d.WorkspaceID = c.workspace()
	saving := toolSaving{
		after:    &d,
		secrets:  in.Body.Secrets,
		prepares: true,
		checks:   true,
	}

	waits, err := s.prepare(ctx, &saving)
	if waits != nil || err != nil {
		return waits, err
	}

	made, err := s.store.CreateTool(ctx, c.workspace(), c.actor(), d)
	if err != nil {
		return s.orAsk(ctx, err, saving.request)
	}

	shown := createdToolJSON{ToolDefinitionJSON: presentDefinition(made)}
	if made.Kind == chat.ToolHTTP {
		if shown.SigningSecret, err = s.tools.SigningSecret(d); err != nil {
			return nil, err
		}
	}

	return &agreedOutput{
		Status:   http.StatusCreated,
		Location: c.path(fmt.Sprintf("/tools/%d", made.ID)),
		Body:     shown,
	}, nil
}

type updateToolInput struct {
	toolPath

	Body toolPatchJSON
}

func (s *service) updateTool(ctx context.Context, in *updateToolInput) (*agreedOutput, error) {
	c := callFrom(ctx)

	before, err := s.store.Tool(ctx, c.workspace(), in.ToolID)
	if err != nil {
		return nil, err
	}

	d := before
	if err := in.Body.apply(&d); err != nil {
		return nil, err
	}

	d.WorkspaceID = c.workspace()
	saving := toolSaving{
		before:   &before,
		after:    &d,
		secrets:  in.Body.Secrets,
		prepares: in.Body.needsPreparing(),
		checks:   in.Body.needsPreparing() || in.Body.Assistants != nil || in.Body.Risk != nil,
	}

	waits, err := s.prepare(ctx, &saving)
	if waits != nil || err != nil {
		return waits, err
	}

	changed, err := s.store.UpdateTool(ctx, c.workspace(), c.actor(), d)
	if err != nil {
		return s.orAsk(ctx, err, saving.request)
	}

	return &agreedOutput{Status: http.StatusOK, Body: presentDefinition(changed)}, nil
}

// toolSaving is a definition that is to be stored, in place of another one if there is one before.
type toolSaving struct {
	before  *chat.ToolDefinition
	after   *chat.ToolDefinition
	secrets secretsJSON
	// prepares has the toolbox look at it, checks has its names looked up.
	prepares bool
	checks   bool
	review   chat.ToolReview
}

// prepare checks and completes a definition to be stored. If that takes a second member, it asks for one and
// answers with what waits; the tool's address has then been sent nothing.
func (s *service) prepare(ctx context.Context, saving *toolSaving) (*agreedOutput, error) {
	c, d := callFrom(ctx), saving.after

	if saving.prepares {
		if err := s.tools.Check(ctx, d, chat.ToolSecrets(saving.secrets)); err != nil {
			return nil, err
		}
	}

	review, err := s.store.ReviewTool(ctx, c.workspace(), c.actor(), *d)
	if err != nil {
		return nil, err
	}

	saving.review = review

	switch {
	case d.MCP == nil:
	case review.NeedsSecond:
		saving.forgetDiscovered()
	case saving.prepares:
		if err := s.tools.DiscoverAnew(ctx, d); err != nil {
			return nil, err
		}
	}

	if saving.checks {
		if err := s.checkNames(ctx, d); err != nil {
			return nil, err
		}
	}

	if !review.NeedsSecond {
		return nil, nil //nolint:nilnil // nothing waits, and nothing is wrong
	}

	return s.ask(ctx, saving.request)
}

// forgetDiscovered leaves out the tools of a server that the definition does not name any more.
func (t *toolSaving) forgetDiscovered() {
	if t.before == nil || t.after.HasMoved(t.before) {
		server := *t.after.MCP
		server.MCPListing = chat.MCPListing{}
		server.DiscoveredAt = nil
		t.after.MCP = &server
	}
}

// request is what a second member is asked.
func (t *toolSaving) request() (chat.NewApproval, error) {
	before := t.before
	if before == nil {
		before = &chat.ToolDefinition{}
	}

	pin := t.after.Pin()
	if t.before != nil {
		pin = t.before.Pin()
	}

	return chat.NewApproval{
		Kind: chat.ApprovalToolChange,
		Request: chat.ApprovalRequest{
			Tool: pin,
			Changes: slices.Concat(
				t.review.Changes(t.after),
				chat.ToolChanges(before, t.after),
				secretChanges(t.secrets),
			),
		},
		Effect: &chat.ApprovalEffect{Tool: t.after},
	}, nil
}

// secretChanges names the secrets that get another value, or go.
func secretChanges(secrets secretsJSON) []chat.FieldChange {
	var changes []chat.FieldChange

	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		after := "a new value"
		if secrets[name] == nil {
			after = "removed"
		}

		changes = append(changes, chat.FieldChange{Field: "secrets." + name, After: after})
	}

	return changes
}
