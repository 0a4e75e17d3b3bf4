package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"handrail/client"
	"handrail/cmd/internal/service"
)

// webhookSecrets are those of all webhook endpoints, so that the sandbox's receivers can tell posts of this installation
// from others.
func (p *process) webhookSecrets(ctx context.Context) ([]string, error) {
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
		endpoints, err := s.Store.WebhookEndpoints(ctx, w.ID)
		if err != nil {
			return nil, err
		}

		for i := range endpoints {
			found, err := s.Tools().WebhookSecrets(&endpoints[i], time.Now())
			if err != nil {
				return nil, err
			}

			secrets = append(secrets, found...)
		}
	}

	return secrets, nil
}

// offerEndpoint returns what the sandbox's page creates webhook endpoints with: by the API, as anybody would.
func offerEndpoint(l *listeners) func(ctx context.Context, path string) error {
	origin := originOf(l.api)
	box := originOf(l.sandbox)

	return func(ctx context.Context, path string) error {
		api, err := client.New(origin, demoKey, client.WithUserAgent("handrail-dev/"+service.Version))
		if err != nil {
			return fmt.Errorf("make a client of the API: %w", err)
		}

		id, err := ensureEndpoint(ctx, api, box+path)
		if err != nil {
			return err
		}

		// What comes of the test, the receiver shows.
		_, err = api.TestWebhookEndpointWithResponse(ctx, string(demoWorkspace), id, nil)

		return err
	}
}

// ensureEndpoint returns the demo workspace's endpoint with a URL. It creates it, or enables it again.
func ensureEndpoint(ctx context.Context, api *client.API, url string) (client.WebhookEndpointID, error) {
	listed, err := api.ListWebhookEndpointsWithResponse(ctx, string(demoWorkspace), nil)
	if err != nil {
		return 0, err
	}

	for _, endpoint := range listed.JSON200.Items {
		if endpoint.URL != url {
			continue
		}

		if !endpoint.Enabled {
			patch := client.WebhookEndpointPatch{Enabled: new(true)}
			_, err = api.UpdateWebhookEndpointWithResponse(ctx, string(demoWorkspace), endpoint.ID, patch)
		}

		return endpoint.ID, err
	}

	created, err := api.CreateWebhookEndpointWithResponse(ctx, string(demoWorkspace), nil, client.NewWebhookEndpoint{
		URL:         url,
		Description: new("The sandbox's receiver"),
	})
	if err != nil {
		return 0, err
	}

	return created.JSON201.ID, nil
}
