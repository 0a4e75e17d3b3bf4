// Command handrail-chaos tries out what Handrail promises: no message lost, none sent
// twice unflagged. It runs a whole installation on this machine, with providers that
// misbehave, processes that are killed or stand still, a database that is cut off and
// replaced, and people who interfere. It compares what callers were told with the database and
// with what the providers received. It exits with 1 when a promise was broken, or when a kind
// of trouble was not played.
// docs/reliability.md explains what it does and reports.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"handrail/cmd/internal/command"
	"handrail/cmd/internal/trial/chaos"
)

type cli struct {
	Sends   int           `default:"2000" help:"How many messages to send."`
	Faults  float64       `default:"10" help:"How many per cent of the providers' answers and callbacks fail."`
	Callers int           `default:"16" help:"How many callers send at the same time."`
	Every   time.Duration `default:"3s" help:"How often a disturbance begins; 0s for never."`
	Only    []string      `help:"Play only these kinds of disturbances and faults." placeholder:"KIND"`
	Without []string      `help:"Do not play these kinds." placeholder:"KIND"`
	Settle  time.Duration `default:"5m" help:"How long to wait, after the last answer, for messages that are still open."`
	Seed    uint64        `help:"The seed that decides what is played, and when. Default: the current time."`
	Dir     string        `help:"A folder to create and to keep everything in. Default: a temporary one, kept only if the run fails." placeholder:"FOLDER"`
	JSON    string        `help:"Write the report to this file too." placeholder:"FILE"`
}

// Validate is asked by kong.
func (c *cli) Validate() error {
	switch {
	case c.Sends < 1 || c.Sends > 1_000_000:
		return errors.New("--sends must be between 1 and 1000000")
	case c.Callers < 1 || c.Callers > 1000:
		return errors.New("--callers must be between 1 and 1000")
	case c.Faults < 0 || c.Faults > 100:
		return errors.New("--faults must be between 0 and 100")
	case c.Every < 0 || c.Settle < 0:
		return errors.New("--every and --settle must not be negative")
	}

	return c.kinds().Validate()
}

func main() {
	ctx := command.Context() // before anything else
	var c cli
	kong.Parse(
		&c,
		kong.Name("handrail-chaos"),
		kong.UsageOnError(),
		kong.Description(
			"Sends messages through a whole installation while providers fail, processes are killed, the "+
				"database is cut off, workflows are ended and customers opt out, and reports the outcome of "+
				"every message. Each kind is played at least once, and counted. "+
				"Kinds: "+strings.Join(chaos.Kinds(), ", ")+".",
		),
	)

	command.Exit("handrail-chaos", c.run(ctx))
}

func (c *cli) run(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the programs: %w", err)
	}

	if c.Seed == 0 {
		c.Seed = uint64(time.Now().Unix()) //nolint:gosec // it is after 1970
	}

	report, err := chaos.Run(ctx, chaos.Options{
		Sends:    c.Sends,
		Callers:  c.Callers,
		Faults:   c.Faults,
		Every:    c.Every,
		Kinds:    c.kinds(),
		Settle:   c.Settle,
		Seed:     c.Seed,
		Dir:      c.Dir,
		Programs: filepath.Dir(self),
	}, os.Stdout)
	if err != nil {
		return err
	}

	if err := report.Show(os.Stdout); err != nil {
		return err
	}

	if err := command.SaveJSON(c.JSON, report); err != nil {
		return err
	}

	switch {
	case !report.Outcome.Passed(), !report.EventLog.Passed(), !report.Webhooks.Passed():
		return errors.New("a promise was broken, see above")
	case !report.Passed():
		return fmt.Errorf("not everything was played: %s", strings.Join(report.NotPlayed, ", "))
	}

	return nil
}

// kinds returns the kinds that are chosen.
func (c *cli) kinds() chaos.Selection { return chaos.Selection{Only: c.Only, Without: c.Without} }
