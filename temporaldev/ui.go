package temporaldev

import (
	"fmt"

	"github.com/temporalio/ui-server/v2/server"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
)

// UI is the Temporal UI on loopback.
type UI struct{ server *server.Server }

// NewUI makes the Temporal UI for the server at address. Nothing listens before Run.
func NewUI(address, namespace string, port int) (*UI, error) {
	cfg := &config.Config{
		Host:                loopback,
		Port:                port,
		TemporalGRPCAddress: address,
		EnableUI:            true,
		DefaultNamespace:    namespace,
		DisableNewsFetch:    true,
		HideLogs:            true,
		CORS:                config.CORS{CookieInsecure: true},
	}

	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("configure Temporal UI: %w", err)
	}

	return &UI{server: server.NewServer(server_options.WithConfigProvider(cfg))}, nil
}

// Run serves until Stop; it returns an error when the port cannot be had.
func (u *UI) Run() error {
	if err := u.server.Start(); err != nil {
		return fmt.Errorf("serve Temporal UI: %w", err)
	}

	return nil
}

// Stop ends Run.
func (u *UI) Stop() { u.server.Stop() }
