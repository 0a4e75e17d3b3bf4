package main

import (
	"fmt"
	"net/http"
)

type deliveryCancel struct {
	remote
	ID     string `arg:"" help:"The delivery's id, as listed."`
	Reason string `required:"" help:"The reason, for the audit log." placeholder:"TEXT"`
}

// Run cancels a delivery.
func (d *deliveryCancel) Run(c *console) error {
	return d.decide(c, deliveryPath(d.ID, "/cancel"), map[string]string{"reason": d.Reason})
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
	body := map[string]string{"as": d.As, "reason": d.Reason}
	if d.ProviderMessageID != "" {
		body["provider_message_id"] = d.ProviderMessageID
	}

	return d.decide(c, deliveryPath(d.ID, "/resolve"), body)
}

// decide records a person's decision on a delivery, and shows how it then stands.
func (r *remote) decide(c *console, path string, body map[string]string) error {
	what := call{method: http.MethodPost, path: path, body: body}

	return showOne(c, r, what, func(_ *client, d *deliveryJSON) error {
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
	what := call{method: http.MethodPost, path: deliveryPath(d.ID, "/look-up")}

	return showOne(c, &d.remote, what, func(_ *client, seen *deliveryJSON) error {
		fmt.Fprintln(c.errs, "The provider was asked. What is known now:")
		seen.showOutcome(c.out)

		return nil
	})
}
