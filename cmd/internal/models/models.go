// Package models owns the choice among the models that the configuration has keys for.
package models

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"handrail/activities"
	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/llm"
	"handrail/llm/anthropic"
	"handrail/llm/offline"
	"handrail/llm/openai"
)

// Models makes models by their names, each once. It is safe for concurrent use.
type Models struct {
	config *config.Config
	mu     sync.Mutex
	made   map[string]activities.Model
}

// maxMade bounds how many models are kept: their names come from workspaces.
const maxMade = 100

// New makes the model that the configuration names, so that a wrong one stops the start.
func New(c *config.Config) (*Models, error) {
	m := &Models{config: c, made: map[string]activities.Model{}}
	_, err := m.Model("")

	return m, err
}

// Model finds a model: "offline", "openai/…", "anthropic/…", or the configuration's own
// with "". One whose provider has no key is CodeSummarizationFailed.
func (m *Models) Model(name string) (activities.Model, error) {
	if name == "" {
		name = m.config.Model()
	}

	m.mu.Lock()
	defer m.mu.Unlock()

	if known, ok := m.made[name]; ok {
		return known, nil
	}

	made, err := m.build(name)
	if err != nil {
		return nil, err
	}

	if len(m.made) < maxMade {
		m.made[name] = made
	}

	return made, nil
}

func (m *Models) build(name string) (activities.Model, error) {
	provider, model, _ := strings.Cut(name, "/")
	c := m.config

	if !slices.Contains(m.Providers(), provider) {
		return nil, chat.Errorf(
			chat.CodeSummarizationFailed,
			"cannot use the model %s: its provider has no key",
			name,
		)
	}

	var (
		chosen llm.Provider
		err    error
	)

	switch provider {
	case config.Offline:
		return offline.Model{}, nil
	case config.OpenAI:
		chosen, err = openai.New(openai.Config{
			APIKey:  c.OpenAIAPIKey,
			BaseURL: c.OpenAIBaseURL,
			Model:   model,
			Timeout: c.LLMTimeout,
		})

	case config.Anthropic:
		chosen, err = anthropic.New(anthropic.Config{
			APIKey:  c.AnthropicAPIKey,
			BaseURL: c.AnthropicBaseURL,
			Model:   model,
			Timeout: c.LLMTimeout,
		})
	}

	if err != nil {
		return nil, fmt.Errorf(
			"the model %s (HANDRAIL_LLM_MODEL, %[2]s_BASE_URL, %[2]s_API_KEY): %[3]w",
			name,
			strings.ToUpper(provider),
			err,
		)
	}

	return llm.New(chosen, llm.Config{Timeout: c.LLMTimeout, Shortlist: offline.Shortlist}), nil
}

// Providers returns the providers that can be asked.
func (m *Models) Providers() []string {
	all := []string{config.Offline}
	if m.config.OpenAIAPIKey != "" {
		all = append(all, config.OpenAI)
	}

	if m.config.AnthropicAPIKey != "" {
		all = append(all, config.Anthropic)
	}

	return all
}

// Check reports whether a workspace may choose a model: CodeInvalidRequest naming the field
// when its provider has no key.
func (m *Models) Check(name string) error {
	provider, _, _ := strings.Cut(name, "/")
	if name == "" || slices.Contains(m.Providers(), provider) {
		return nil
	}

	return chat.Invalid("model", "cannot be of %s: the service has no %s_API_KEY; it can ask %s",
		provider, strings.ToUpper(provider), strings.Join(m.Providers(), ", "))
}
