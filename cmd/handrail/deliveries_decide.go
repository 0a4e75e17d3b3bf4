package main

import (
	"fmt"
	"net/http"

	"handrail/client"
)

type deliveryCancel struct {
	remote
	ID     string `arg:"" help:"The delivery's id, as listed."`
	Reason string `required:"" help:"The reason, for the audit log." placeholder:"TEXT"`
}

// Run cancels a delivery.
func (d *deliveryCancel) Run(c *console) error {
	return d.decide(c, func(api *apiClient) (*http.Response, error) {
		return api.CancelDelivery(c.ctx, api.workspace, d.ID, nil, client.Reason{Reason: d.Reason})
	})
}

type deliveryResolve struct {
	remote
	ID                string `arg:"" help:"The delivery's id, as listed."`
	As                string `required:"" enum:"sent,not_sent" help:"What you found out: sent or not_sent." placeholder:"WHAT"`
	Reason            string `required:"" help:"How you know, for the audit log." placeholder:"TEXT"`
	ProviderMessageID string `help:"The provider's id of the message, if you found one." placeholder:"ID"`
}

// Run resolves a delivery by a person's decision.
func (d *deliveryResolve) Run(c *console) error {
	found := client.Resolve{
		As:                client.ResolveAs(d.As),
		Reason:            d.Reason,
		ProviderMessageID: client.IfGiven(d.ProviderMessageID),
	}

	return d.decide(c, func(api *apiClient) (*http.Response, error) {
		return api.ResolveDelivery(c.ctx, api.workspace, d.ID, nil, found)
	})
}

// decide records a person's decision on a delivery, and shows how it then stands.
func (r *remote) decide(c *console, ask question) error {
	return showOne(c, r, ask, func(_ *apiClient, d *deliveryView) error {
		d.showOutcome(c.out)
		return nil
	})
}

type deliveryLookUp struct {
	remote
	ID string `arg:"" help:"The delivery's id, as listed."`
}

// Run asks the provider about a delivery. It may be asked twice.
func (d *deliveryLookUp) Run(c *console) error {
	ask := func(api *apiClient) (*http.Response, error) {
		return api.LookUpDelivery(c.ctx, api.workspace, d.ID, nil)
	}

	return showOne(c, &d.remote, ask, func(_ *apiClient, seen *deliveryView) error {
		fmt.Fprintln(c.errs, "The provider was asked. What is known now:")
		seen.showOutcome(c.out)

		return nil
	})
}
