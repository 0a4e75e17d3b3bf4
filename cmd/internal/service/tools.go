package service

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/db"
	"handrail/toolbox"
)

// programEnviron returns what the programs of MCP servers see of the environment. It holds no
// secret.
func programEnviron(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		return !strings.HasPrefix(entry, "PATH=") && !strings.HasPrefix(entry, "HOME=")
	})
}

// newToolbox makes what runs tools outside. Without keys no tool can have secrets.
func newToolbox(c *config.Config, environ []string, store *db.Store, watched *monitor) (*toolbox.Toolbox, error) {
	commands, err := c.Commands()
	if err != nil {
		return nil, err
	}

	made := toolbox.Config{
		Allowed:  c.Hosts(),
		Commands: commands,
		Environ:  programEnviron(environ),
		Logger:   watched.logger,
		Discovered: func(ctx context.Context, d *chat.ToolDefinition, listing chat.MCPListing) error {
			return store.SaveDiscovered(ctx, d.WorkspaceID, chat.Actor{}, chat.Discovery{
				ToolID:  d.ID,
				Version: d.Version,
				Listing: listing,
				At:      time.Now(),
			})
		},
	}

	keys := c.EncryptionKeys
	if keys == "" {
		keys = c.SecretKeys
	}

	if keys != "" {
		sealer, err := watched.parseKeys(keys)
		if err != nil {
			return nil, err
		}

		made.Sealer = sealer
	}

	box, err := toolbox.New(made)
	if err != nil {
		return nil, fmt.Errorf("HANDRAIL_TOOL_HOSTS: %w", err)
	}

	return box, nil
}
