package service

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/cmd/internal/config"
)

// TestTheConsoleLinksToTemporalsPages holds that handrail-dev's own interface of Temporal goes before the configured one.
func TestTheConsoleLinksToTemporalsPages(t *testing.T) {
	t.Parallel()

	s := &Service{config: &config.Config{
		TemporalUIURL:     "https://temporal.example.com",
		TemporalNamespace: "handrail",
	}}
	assert.Equal(t, "https://temporal.example.com/namespaces/handrail", s.newConsoleConfig(newInnerListener()).Temporal)

	s.Pages.Temporal = "http://127.0.0.1:8233/"
	assert.Equal(t, "http://127.0.0.1:8233/", s.newConsoleConfig(newInnerListener()).Temporal)
}
