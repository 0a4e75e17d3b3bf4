package main

import (
	"errors"
	"slices"

	"handrail/cmd/internal/service"
)

type doctorCommand struct {
	JSON bool `help:"Write JSON."`
}

// Help says what the command looks at.
func (doctorCommand) Help() string {
	return "Checks, with the environment of a worker or an API: encryption keys, providers, webhooks; whether the " +
		"database answers, takes writes, keeps what it commits, has its migrations and its known timeline, and its " +
		"clock agrees with this machine's; whether Temporal answers and has the namespace and the search " +
		"attributes; whether the providers know the credentials, hand over what comes in, and have called lately; " +
		"the DNS of the reply domain; and whether the API at HANDRAIL_ADDR has refused calls for their " +
		"signatures.\n\n" +
		"Each line begins with ok, warn or fail, and ends with what to do. Nothing is changed.\n\n" +
		"Exit status: 0 nothing fails, 1 something fails."
}

// Run looks at everything and says what it has found.
func (d *doctorCommand) Run(p *process) error {
	checks := service.Diagnose(p.ctx, p.config, p.environ)

	if err := d.show(p, checks); err != nil {
		return err
	}

	if slices.ContainsFunc(checks, func(c service.Check) bool { return c.Status == service.CheckFail }) {
		return errors.New("something fails; the lines that begin with fail say what to do")
	}

	return nil
}

func (d *doctorCommand) show(p *process, checks []service.Check) error {
	if d.JSON {
		return writeJSON(p.out, checks)
	}

	t := newTable(p.out, "STATUS", "CHECK", "FOUND")

	for _, c := range checks {
		found := c.Message
		if c.Do != "" {
			found += ". To do: " + c.Do
		}

		t.row(string(c.Status), c.Name, found)
	}

	return t.flush()
}
