package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// The providers of models, and the models asked when the configuration names none.
const (
	Offline   = "offline"
	OpenAI    = "openai"
	Anthropic = "anthropic"

	defaultOpenAI    = "gpt-4.1-mini"
	defaultAnthropic = "claude-haiku-4-5"
)

// The model's time limit ends before Temporal's for the step that waits for it.
const (
	minModelTimeout = time.Second
	maxModelTimeout = 110 * time.Second
)

// Model is what writes summaries where a workspace has chosen nothing: "offline", or a
// provider and its model as in "openai/gpt-4.1-mini".
func (c *Config) Model() string { return c.ModelOf(c.provider()) }

func (c *Config) provider() string {
	switch {
	case c.LLM != "":
		return c.LLM
	case c.OpenAIAPIKey != "":
		return OpenAI
	case c.AnthropicAPIKey != "":
		return Anthropic
	}

	return Offline
}

// ModelOf is the model that a provider is asked for; HANDRAIL_LLM_MODEL is of the provider
// that is asked where a workspace has chosen nothing.
func (c *Config) ModelOf(provider string) string {
	model := ""
	if provider == c.provider() {
		model = c.LLMModel
	}

	switch provider {
	case OpenAI:
		return OpenAI + "/" + cmp.Or(model, defaultOpenAI)
	case Anthropic:
		return Anthropic + "/" + cmp.Or(model, defaultAnthropic)
	}

	return Offline
}

func (c *Config) checkModels() []error {
	var all []error
	if !slices.Contains([]string{"", Offline, OpenAI, Anthropic}, c.LLM) {
		all = append(all, fmt.Errorf("HANDRAIL_LLM must be offline, openai or anthropic, it is %q", c.LLM))
	}

	if c.LLM == OpenAI && c.OpenAIAPIKey == "" {
		all = append(all, errors.New("OPENAI_API_KEY must be set when HANDRAIL_LLM is openai"))
	}

	if c.LLM == Anthropic && c.AnthropicAPIKey == "" {
		all = append(all, errors.New("ANTHROPIC_API_KEY must be set when HANDRAIL_LLM is anthropic"))
	}

	if c.LLMTimeout < minModelTimeout || c.LLMTimeout > maxModelTimeout {
		all = append(
			all,
			fmt.Errorf(
				"HANDRAIL_LLM_TIMEOUT must be between %s and %s, it is %s",
				minModelTimeout,
				maxModelTimeout,
				c.LLMTimeout,
			),
		)
	}

	return all
}
