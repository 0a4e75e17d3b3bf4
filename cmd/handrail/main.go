// Command handrail is Handrail for production: the API, the worker, and what an operator
// needs beside them. It reads its settings from the environment only; `handrail config`
// lists them.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"handrail/cmd/internal/config"
	"handrail/cmd/internal/service"
)

type cli struct {
	API        apiCommand        `cmd:"" name:"api" help:"Serve the REST API."`
	Worker     workerCommand     `cmd:"" help:"Carry out actions."`
	All        allCommand        `cmd:"" help:"Serve the REST API and carry out actions, in one process."`
	Migrate    migrateCommand    `cmd:"" help:"Bring the database up to date, or look at it."`
	Workspaces workspacesCommand `cmd:"" help:"Create and list workspaces."`
	Keys       keysCommand       `cmd:"" help:"Create, list and revoke API keys."`
	Config     configCommand     `cmd:"" help:"Show the settings in force, secrets masked, and what each is for."`
	Health     healthCommand     `cmd:"" help:"Ask the API of this machine whether it is ready; exit 1 when it is not."`
	Version    versionCommand    `cmd:"" help:"Show the version."`
}

// process is what every command works with.
type process struct {
	ctx     context.Context //nolint:containedctx // the life of the process
	config  *config.Config
	environ []string
	out     io.Writer
	logger  *slog.Logger
}

func main() {
	// After the first Ctrl-C, which stops gently, a second one ends the program at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// run is the whole program, but for the process around it: it returns the exit status.
func run(ctx context.Context, args, environ []string, out, errs io.Writer) int {
	status := -1
	parser, err := kong.New(&cli{}, kong.Name("handrail"), kong.Description(description), kong.UsageOnError(),
		kong.Writers(out, errs), kong.Exit(func(code int) { status = code }))
	if err != nil {
		fmt.Fprintln(errs, "handrail:", err)
		return 1
	}
	command, err := parser.Parse(args)
	if status >= 0 { // --help has answered
		return status
	}
	if err != nil {
		fmt.Fprintf(errs, "handrail: %v. See handrail --help\n", err)
		return 2
	}
	cfg, err := config.Load(environ)
	if err == nil {
		err = command.Run(&process{ctx: ctx, config: cfg, environ: environ, out: out, logger: service.NewLogger(errs, cfg)})
	}
	if err != nil {
		fmt.Fprintln(errs, "handrail:", err)
		return 1
	}
	return 0
}

const description = `Durable actions for assistants that talk to people by SMS and email: no message is lost, none is sent twice
without saying so, and every stuck one explains itself.`
