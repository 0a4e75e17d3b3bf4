package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"handrail/chat"
	"handrail/cmd/internal/service"
)

// conciergeToken is what the sandbox's MCP server asks for: the secret of a seeded tool.
const conciergeToken = "sandbox-concierge-token" //nolint:gosec // protects nothing but a sandbox on this machine

// equip lets tools reach the sandbox, and have secrets. The key is kept in the data folder,
// because the secrets are.
func (p *process) equip(l *listeners) error {
	hosts := append(p.config.Hosts(), l.sandbox.Addr().String())
	p.config.ToolHosts = strings.Join(hosts, ",")
	keys, err := secretKeyFile(filepath.Join(p.config.Dev.DataDir, "secrets.key"))
	p.config.SecretKeys = keys

	return err
}

// secretKeyFile reads an encryption key, and makes it when there is no file.
func secretKeyFile(path string) (string, error) {
	raw, err := os.ReadFile(filepath.Clean(path))
	if err == nil {
		return strings.TrimSpace(string(raw)), nil
	}

	if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read the key of the tools' secrets: %w", err)
	}

	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails: it would rather crash
	made := "dev:" + base64.StdEncoding.EncodeToString(key[:])

	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("make the folder of the key: %w", err)
	}

	if err := os.WriteFile(filepath.Clean(path), []byte(made+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write the key of the tools' secrets: %w", err)
	}

	return made, nil
}

// signingSecrets are those of all HTTP tools, so that the sandbox can tell calls of this
// installation from others, also of tools that somebody has defined for it a moment ago.
func (p *process) signingSecrets(ctx context.Context) ([]string, error) {
	s := p.service.Load()
	if s == nil {
		return nil, errors.New("the database is not open yet")
	}

	workspaces, err := s.Store.Workspaces(ctx)
	if err != nil {
		return nil, err
	}

	var secrets []string

	for _, w := range workspaces {
		found, err := signingSecretsOf(ctx, s, w.ID)
		if err != nil {
			return nil, err
		}

		secrets = append(secrets, found...)
	}

	return secrets, nil
}

func signingSecretsOf(ctx context.Context, s *service.Service, ws chat.WorkspaceID) ([]string, error) {
	// More than a page of tools is nothing that a sandbox is tried with.
	found, err := s.Store.Tools(ctx, ws, chat.ToolFilter{Kind: chat.ToolHTTP, Page: chat.Page{Limit: 100}})
	if err != nil {
		return nil, err
	}

	var secrets []string

	for _, d := range found.Items {
		secret, err := s.Tools().SigningSecret(d)
		if err != nil {
			return nil, err
		}

		if secret != "" {
			secrets = append(secrets, secret)
		}
	}

	return secrets, nil
}

// memberNames are the names of the members of all workspaces, by their numbers and mail addresses.
func (p *process) memberNames(ctx context.Context) (map[string]string, error) {
	names := map[string]string{}

	s := p.service.Load()
	if s == nil {
		return names, nil // the database is not open yet
	}

	workspaces, err := s.Store.Workspaces(ctx)
	if err != nil {
		return nil, err
	}

	for _, w := range workspaces {
		// More than a page of members is nothing that a sandbox is tried with.
		found, err := s.Store.Members(ctx, w.ID, chat.MemberFilter{Page: chat.Page{Limit: 100}})
		if err != nil {
			return nil, err
		}

		for _, m := range found.Items {
			names[m.Phone] = m.Name
			names[strings.ToLower(m.Email)] = m.Name
		}
	}

	delete(names, "") // of those who have no address

	return names, nil
}

func newHTTPTool(name, description string, risk chat.ToolRisk, call chat.HTTPTool) chat.ToolDefinition {
	return chat.ToolDefinition{
		Kind:        chat.ToolHTTP,
		Name:        name,
		Description: description,
		Risk:        risk,
		Enabled:     true,
		// The sandbox honours the key, so that a call may be repeated.
		Idempotent: true,
		Timeout:    chat.DefaultToolTimeout,
		HTTP:       &call,
	}
}

// demoTools are what the demo's assistant may do at the sandbox's restaurant. A tool comes
// after those that it names.
func demoTools(sandbox string) []chat.ToolDefinition {
	http := func(name, description string, risk chat.ToolRisk, call chat.HTTPTool) chat.ToolDefinition {
		call.URL = sandbox + call.URL

		return newHTTPTool(name, description, risk, call)
	}

	cancel := http("cancel_table", "Cancel a booked table.", chat.RiskWrite, chat.HTTPTool{
		Method: "DELETE", URL: "/tools/tables/{id}",
		Schema: json.RawMessage(
			`{"type":"object","properties":{"id":{"type":"string","minLength":1,"description":"The booking_id."}},` +
				`"required":["id"],"additionalProperties":false}`,
		),
	})

	book := http("book_table", "Book a table at the restaurant.", chat.RiskWrite, chat.HTTPTool{
		Method:            "POST",
		URL:               "/tools/tables",
		IdempotencyHeader: "Idempotency-Key",
		Schema: json.RawMessage(
			`{"type":"object","properties":{"name":{"type":"string","minLength":1,"description":"Whose table it is."},` +
				`"people":{"type":"integer","minimum":1},"at":{"type":"string","format":"date-time",` +
				`"description":"When, like 2026-11-27T19:00:00Z."}},` +
				`"required":["name","people","at"],"additionalProperties":false}`,
		),
		ResponseSchema: json.RawMessage(
			`{"type":"object","properties":{"booking_id":{"type":"string"},"table":{"type":"integer"}},` +
				`"required":["booking_id","table"]}`,
		),
	})

	book.Undo = &chat.Undo{Tool: cancel.Name, Arguments: json.RawMessage(`{"id":"$result.booking_id"}`)}

	free := http("free_tables", "Which tables are free at a time.", chat.RiskRead, chat.HTTPTool{
		Method: "GET", URL: "/tools/tables",
		Schema: json.RawMessage(
			`{"type":"object","properties":{"at":{"type":"string","format":"date-time"}},"required":["at"],` +
				`"additionalProperties":false}`,
		),
	})

	refund := http("refund", "Give money back to a guest.", chat.RiskApproval, chat.HTTPTool{
		Method:            "POST",
		URL:               "/tools/refunds",
		IdempotencyHeader: "Idempotency-Key",
		Schema: json.RawMessage(
			`{"type":"object","properties":{"booking_id":{"type":"string"},"amount_cents":{"type":"integer",` +
				`"minimum":1},` +
				`"reason":{"type":"string","maxLength":200}},"required":["amount_cents","reason"],` +
				`"additionalProperties":false}`,
		),
	})

	return []chat.ToolDefinition{cancel, book, free, refund, conciergeTool(sandbox)}
}

// conciergeTool is the restaurant's MCP server.
func conciergeTool(sandbox string) chat.ToolDefinition {
	read := chat.RiskRead

	return chat.ToolDefinition{
		Kind:        chat.ToolMCP,
		Name:        "concierge",
		Description: "The restaurant's concierge.",
		Risk:        chat.RiskWrite,
		Enabled:     true,
		Timeout:     chat.DefaultToolTimeout,
		MCP: &chat.MCPServer{
			URL: sandbox + "/mcp", Headers: map[string]string{"Authorization": "Bearer {secret.TOKEN}"},
			Overrides: map[string]chat.MCPOverride{"opening_hours": {Risk: &read}},
		},
	}
}

// tools defines the demo's tools as the API would.
func (s *seeder) tools(box preparer, sandbox string) {
	for _, d := range demoTools(sandbox) {
		runStep(s, func() (chat.ToolDefinition, error) {
			d.WorkspaceID = demoWorkspace

			var secrets chat.ToolSecrets
			if d.MCP != nil {
				secrets = chat.ToolSecrets{"TOKEN": new(conciergeToken)}
			}

			if err := box.Prepare(s.ctx, &d, secrets); err != nil {
				return d, fmt.Errorf("tool %s: %w", d.Name, err)
			}

			return s.store.CreateTool(s.ctx, demoWorkspace, s.by, d)
		})
	}
}

// preparer checks definitions of tools, and seals their secrets.
type preparer interface {
	Prepare(ctx context.Context, d *chat.ToolDefinition, secrets chat.ToolSecrets) error
}
