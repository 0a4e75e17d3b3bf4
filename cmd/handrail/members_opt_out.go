package main

import (
	"fmt"
	"net/http"
	"strconv"
)

type memberDecision struct {
	remote
	ID      int64  `arg:"" help:"The member's id."`
	Channel string `required:"" enum:"phone-sms,email" help:"The channel: phone-sms or email." placeholder:"CHANNEL"`
	Reason  string `help:"The reason, for the audit log." placeholder:"TEXT"`
}

type memberOptOut struct{ memberDecision }

// Run opts a member out.
func (m *memberOptOut) Run(c *console) error { return m.decide(c, "opt-out", "ended") }

type memberNotOptOut struct{ memberDecision }

// Run lets go on what was held.
func (m *memberNotOptOut) Run(c *console) error { return m.decide(c, "not-opt-out", "released") }

// decide records the decision, and says what it has changed. A repetition changes nothing, so it is
// asked again when no answer comes.
func (m *memberDecision) decide(c *console, command, done string) error {
	api, err := m.dial(c)
	if err != nil {
		return err
	}

	body := map[string]string{"channel": m.Channel}
	if m.Reason != "" {
		body["reason"] = m.Reason
	}

	path := "members/" + strconv.FormatInt(m.ID, 10) + "/" + command

	got, err := api.do(call{
		method: http.MethodPost,
		path:   path,
		body:   body,
		again:  true,
	})
	if err != nil {
		return err
	}

	if m.JSON {
		return api.showJSON(got.raw)
	}

	var decided struct {
		Deliveries int `json:"deliveries"`
	}

	if err := got.into(&decided); err != nil {
		return err
	}

	fmt.Fprintf(c.out, "member %d, %s: %s; deliveries %s: %d\n", m.ID, m.Channel, command, done, decided.Deliveries)

	return nil
}
