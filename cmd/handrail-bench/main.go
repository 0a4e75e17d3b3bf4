// Command handrail-bench measures what a durable send takes, beside baselines that are
// measured in the same run. docs/performance.md says what each figure means.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/alecthomas/kong"

	"handrail/cmd/internal/command"
	"handrail/cmd/internal/trial/bench"
	"handrail/cmd/internal/trial/fuzzapi"
	"handrail/cmd/internal/trial/hostile"
)

type cli struct {
	Run      runCommand      `cmd:"" default:"withargs" help:"Measure (the default)."`
	Show     showCommand     `cmd:"" help:"Print, and draw, a report that --json has written."`
	Hostile  hostileCommand  `cmd:"" help:"Measure what hostile inputs cost at a size and at twice the size. Fails if one costs more than it should."`
	FuzzAPI  fuzzCommand     `cmd:"" name:"fuzz-api" help:"Ask an installation of its own for everything that its API's document has, rightly and wrongly. Fails if an answer is not what the document promises."`
	Baseline baselineCommand `cmd:"" hidden:"" help:"The process of what is compared with."`
}

type runCommand struct {
	Parts   []string      `enum:"speed,growth,waiting,console,burst,events,workers,soak" help:"Only these parts: speed (and cost), growth (with a full database), waiting (sweeps with a million sends that wait), console (its pages with 100,000 deliveries), burst (during a bulk retry), events (the log, 200 streams, a webhook endpoint that hangs), workers (1, 2 and 4 of them), soak." placeholder:"PART"`
	Store   []string      `default:"postgres,sqlite" enum:"postgres,sqlite" help:"Where Temporal keeps its data: postgres, sqlite, or both."`
	Only    []string      `help:"Only these scenarios and the floor: six, plain, send, settled, tools, participant, summarize." placeholder:"NAME"`
	Rounds  int           `default:"5" help:"How many turns every scenario has."`
	Slice   time.Duration `default:"4s" help:"How long one turn takes."`
	Costs   int           `default:"1000" help:"How many actions of each scenario to run to count their cost; 0 for none."`
	Shards  int           `default:"4" help:"How many history shards Temporal has on PostgreSQL."`
	Setting []string      `help:"A PostgreSQL setting to try." placeholder:"NAME=VALUE"`
	Soak    time.Duration `default:"20m" help:"How long the soak lasts."`
	Dir     string        `help:"A folder to keep everything in. Default: a temporary one, kept only if the run fails." placeholder:"FOLDER"`
	JSON    string        `help:"Write the report to this file too." placeholder:"FILE"`
	Plot    string        `help:"Draw the rates into this file, .svg or .png." placeholder:"FILE"`
}

// Validate is asked by kong.
func (c *runCommand) Validate() error {
	switch {
	case c.Rounds < 1 || c.Rounds > 1000:
		return errors.New("--rounds must be between 1 and 1000")
	case c.Slice < 100*time.Millisecond:
		return errors.New("--slice must be 100ms or more")
	case c.Soak < time.Minute:
		return errors.New("--soak must be 1m or more")
	case c.Shards < 1 || c.Shards > 16384:
		return errors.New("--shards must be between 1 and 16384")
	case c.Costs < 0:
		return errors.New("--costs must be 0 or more")
	}

	return nil
}

// Run measures.
func (c *runCommand) Run(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the programs: %w", err)
	}

	report, err := bench.Run(ctx, bench.Options{
		Parts:            c.Parts,
		Stores:           c.Store,
		Scenarios:        c.Only,
		Rounds:           c.Rounds,
		Slice:            c.Slice,
		Costs:            c.Costs,
		Shards:           c.Shards,
		PostgresSettings: c.Setting,
		Soak:             c.Soak,
		Dir:              c.Dir,
		Programs:         filepath.Dir(self),
	}, os.Stdout)
	if report == nil {
		return err
	}

	return errors.Join(err, report.Show(os.Stdout), command.SaveJSON(c.JSON, report), report.Plot(c.Plot))
}

type showCommand struct {
	Report string `arg:"" type:"existingfile" help:"The file that --json has written."`
	Plot   string `help:"Draw the rates into this file, .svg or .png." placeholder:"FILE"`
}

// Run shows a report.
func (c *showCommand) Run() error {
	report, err := bench.ReadReport(c.Report)
	if err != nil {
		return err
	}

	return errors.Join(report.Show(os.Stdout), report.Plot(c.Plot))
}

type hostileCommand struct {
	JSON string `help:"Write the figures to this file too." placeholder:"FILE"`
}

// Run measures. Nothing else may run in the process.
func (c *hostileCommand) Run(ctx context.Context) error {
	results, err := hostile.Run(ctx, os.Stdout)
	return errors.Join(err, command.SaveJSON(c.JSON, results))
}

type fuzzCommand struct {
	Requests int    `default:"20000" help:"How many requests to make."`
	Seed     uint64 `help:"The seed that decides what is asked. Default: the current time."`
	Dir      string `help:"A folder to create and to keep everything in. Default: a temporary one, kept only if something was found." placeholder:"FOLDER"`
	JSON     string `help:"Write the report to this file too." placeholder:"FILE"`
}

// Validate is asked by kong.
func (c *fuzzCommand) Validate() error {
	if c.Requests < 1 || c.Requests > 10_000_000 {
		return errors.New("--requests must be between 1 and 10000000")
	}

	return nil
}

// Run asks.
func (c *fuzzCommand) Run(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the programs: %w", err)
	}

	if c.Seed == 0 {
		c.Seed = uint64(time.Now().Unix()) //nolint:gosec // it is after 1970
	}

	report, err := fuzzapi.RunInstallation(ctx, fuzzapi.InstallationOptions{
		Requests: c.Requests,
		Seed:     c.Seed,
		Dir:      c.Dir,
		Programs: filepath.Dir(self),
	}, os.Stdout)
	if report == nil {
		return err
	}

	return errors.Join(err, report.Show(os.Stdout), command.SaveJSON(c.JSON, report), report.Err())
}

type baselineCommand struct{ bench.BaselineOptions }

// Run serves what is compared with.
func (c *baselineCommand) Run(ctx context.Context) error {
	return bench.RunBaseline(ctx, c.BaselineOptions)
}

func main() {
	ctx := command.Context() // before anything else
	var c cli
	parsed := kong.Parse(
		&c,
		kong.Name("handrail-bench"),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Description("Measures what a durable send costs, next to baselines measured in the same run."),
	)

	command.Exit("handrail-bench", parsed.Run())
}
