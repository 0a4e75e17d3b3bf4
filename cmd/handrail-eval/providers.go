package main

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/cmd/internal/models"
	"handrail/llm/eval"
)

// loadProviders returns the models that the environment has keys for.
func loadProviders(environ []string) ([]eval.Provider, error) {
	c, err := config.Load(environ)
	if err != nil {
		return nil, err
	}

	all, err := models.New(c)
	if err != nil {
		return nil, err
	}

	var found []eval.Provider

	for _, provider := range all.Providers() {
		name := c.ModelOf(provider)

		model, err := all.Model(name)
		if err != nil {
			return nil, err
		}

		found = append(found, eval.Provider{Name: name, Model: patient{model}})
	}

	return found, nil
}

// maxTries is how often a model that is busy is asked for one summary.
const maxTries = 5

// patient does for a model what Temporal does in the service: it repeats a request whose failure
// may pass, after as long as the provider asks for.
type patient struct{ model eval.Model }

// Summarize implements [eval.Model]. The usage is that of all tries.
func (p patient) Summarize(ctx context.Context, r chat.Reading) (chat.Summary, chat.Usage, error) {
	var spent chat.Usage

	summary, err := backoff.Retry(ctx, func() (chat.Summary, error) {
		s, usage, err := p.model.Summarize(ctx, r)
		spent = spent.Plus(usage)

		later, passes := errors.AsType[*chat.RetryLaterError](err)
		switch {
		case passes && later.After > 0:
			return s, backoff.RetryAfter(int(later.After/time.Second) + 1)
		case err != nil && !passes:
			return s, backoff.Permanent(err)
		}

		return s, err
	}, backoff.WithMaxTries(maxTries))

	return summary, spent, err
}
