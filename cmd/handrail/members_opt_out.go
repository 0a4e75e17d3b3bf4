package main

import (
	"fmt"
	"net/http"

	"handrail/client"
)

type memberDecision struct {
	remote
	ID      int64  `arg:"" help:"The member's id."`
	Channel string `required:"" enum:"phone-sms,email" help:"The channel: phone-sms or email." placeholder:"CHANNEL"`
	Reason  string `help:"The reason, for the audit log." placeholder:"TEXT"`
}

// decision is what the API is told.
func (m *memberDecision) decision() client.OptOut {
	return client.OptOut{
		Channel: client.AddressedChannel(m.Channel),
		Reason:  client.IfGiven(m.Reason),
	}
}

type memberOptOut struct{ memberDecision }

// Run opts a member out. A repetition changes nothing, so it is asked again when no answer comes.
func (m *memberOptOut) Run(c *console) error {
	return m.decide(c, "opt-out; deliveries ended", func(api *apiClient) (*http.Response, error) {
		return api.OptOutMember(c.ctx, api.workspace, m.ID, nil, m.decision(), client.Repeatable)
	})
}

type memberNotOptOut struct{ memberDecision }

// Run lets go on what was held. A repetition changes nothing, so it is asked again when no answer comes.
func (m *memberNotOptOut) Run(c *console) error {
	return m.decide(c, "not-opt-out; deliveries released", func(api *apiClient) (*http.Response, error) {
		return api.NotOptOutMember(c.ctx, api.workspace, m.ID, nil, m.decision(), client.Repeatable)
	})
}

// decide records the decision, and says what it has changed.
func (m *memberDecision) decide(c *console, done string, ask question) error {
	return showOne(c, &m.remote, ask, func(_ *apiClient, decided *client.OptOutDecided) error {
		fmt.Fprintf(c.out, "member %d, %s: %s: %d\n", m.ID, m.Channel, done, decided.Deliveries)
		return nil
	})
}
