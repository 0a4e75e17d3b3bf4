// Command handrail is Handrail for production: the API, the worker, and what an operator
// needs beside them. The server reads its settings from the environment only; `handrail
// config` lists them. Commands that ask the API take an address and a key instead.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"

	"handrail/cmd/internal/config"
	"handrail/cmd/internal/service"
)

type cli struct {
	API          apiCommand          `cmd:"" name:"api" help:"Serve the REST API."`
	Worker       workerCommand       `cmd:"" help:"Run the worker, which carries out actions."`
	All          allCommand          `cmd:"" help:"Serve the REST API and run the worker, in one process."`
	Migrate      migrateCommand      `cmd:"" help:"Bring the database up to date, or show its state."`
	Workspaces   workspacesCommand   `cmd:"" help:"Create and list workspaces."`
	Senders      sendersCommand      `cmd:"" help:"List which workspace each number and inbox belongs to; grant one to a workspace, or revoke it."`
	Keys         keysCommand         `cmd:"" help:"Create, list and revoke API keys."`
	Status       statusCommand       `cmd:"" help:"Show what needs a person, and what waits by itself: how much, and since when."`
	Chats        chatsCommand        `cmd:"" help:"List, find and show chats."`
	Actions      actionsCommand      `cmd:"" help:"Show an action, and resume one that was ended in Temporal."`
	Deliveries   deliveriesCommand   `cmd:"" help:"Find, explain, retry, cancel and resolve deliveries."`
	BulkRetries  bulkRetriesCommand  `cmd:"" help:"List, show, pause, resume and cancel bulk retries."`
	Members      membersCommand      `cmd:"" help:"List members, merge two who are one, and decide whether one has opted out."`
	Suppressions suppressionsCommand `cmd:"" help:"List the addresses that get no messages, and allow one again."`
	Inbound      inboundCommand      `cmd:"" help:"List and explain what came in; take again what was orphaned or refused."`
	Tools        toolsCommand        `cmd:"" help:"List and show the workspace's tools, test one, reload an MCP server's tools, change a signing secret."`
	ToolCalls    toolCallsCommand    `cmd:"" help:"List and show tool calls, and resolve one whose outcome is unknown."`
	Approvals    approvalsCommand    `cmd:"" help:"List what waits for a second member, and approve or refuse it."`
	Audit        auditCommand        `cmd:"" help:"List who has done what: the audit log."`
	Events       eventsCommand       `cmd:"" help:"List what has happened, or show it as it comes."`
	Requests     requestsCommand     `cmd:"" help:"List, show, answer and cancel questions to contributors."`
	Summaries    summariesCommand    `cmd:"" help:"Summarize a chat; list, show and restore versions; undo a run's label changes."`

	Webhooks webhooksCommand `cmd:"" help:"Tell programs of yours of events: create, test and replay webhook endpoints, and see every post."`

	SummarySettings summarySettingsCommand `cmd:"" help:"Show or change how chats are summarized: model, language, budget, automatic runs."`

	MCP mcpCommand `cmd:"" name:"mcp" help:"Serve Handrail's tools to an AI assistant, by the Model Context Protocol."`

	Doctor  doctorCommand  `cmd:"" help:"Check the configuration, the database and Temporal, and say what to do; exit 1 if something fails."`
	Config  configCommand  `cmd:"" help:"Show the settings in force and what each is for. Secrets are masked."`
	Health  healthCommand  `cmd:"" help:"Check whether the API is ready; exit 1 if it is not."`
	Docs    docsCommand    `cmd:"" help:"Write the guide, which the API serves at /docs/guide, as files."`
	Version versionCommand `cmd:"" help:"Show the version."`

	Completion kongcompletion.Completion `cmd:"" help:"Show the command that turns on tab completion in bash, zsh or fish."`

	Color string `enum:"auto,always,never" default:"auto" help:"Whether to colour: always, never, or auto, which colours on a terminal unless NO_COLOR is set." placeholder:"WHEN"`

	ShowVersion kong.VersionFlag `name:"version" help:"Show the version."`
}

// process is what every command works with.
type process struct {
	ctx     context.Context //nolint:containedctx // the life of the process
	config  *config.Config
	environ []string
	out     io.Writer
	logger  *slog.Logger
}

// garbage is how much memory may become garbage before it is collected, in per cent of what
// is in use, unless GOGC says otherwise: half of Go's own 100 saves a sixth of the memory
// at no cost that make bench could measure.
const garbage = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}

	// After the first Ctrl-C, which stops gently, a second one ends the program at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(newConsole(ctx, os.Environ(), os.Stdin, os.Stdout, os.Stderr).run(os.Args[1:]))
}

// run is the whole program, but for the process around it: it returns the exit status.
func (c *console) run(args []string) int {
	status := -1
	commands := &cli{}
	c.colours = c.hasColours(colourAuto, isTerminal(c.errs))

	parser, err := kong.New(
		commands,
		kong.Name("handrail"),
		kong.Vars{"version": "handrail " + service.Version},
		kong.Description(description),
		kong.UsageOnError(),
		kong.Writers(c.out, c.errs),
		kong.Exit(func(code int) { status = code }),
		kong.Resolvers(fromEnvironment(c)),
		kong.Bind(c),
		kong.BindToProvider(c.process),
	)
	if err != nil {
		return c.fail(err)
	}

	kongcompletion.Register(parser)

	command, err := parser.Parse(args)

	if status >= 0 { // --help has answered
		return status
	}

	if err != nil {
		return c.fail(&exitError{explainUsage(err, args), exitUsage})
	}

	c.setDisplay(commands.Color)

	if err := command.Run(); err != nil {
		return c.fail(err)
	}

	return 0
}

// explainUsage adds to what is wrong with a command line where to read how it is used: in the help of the command that
// was begun.
func explainUsage(err error, args []string) error {
	if len(args) == 0 {
		return errors.New("a command is missing. Begin with handrail status; handrail --help lists all commands")
	}

	begun := "handrail"
	if wrong, ok := errors.AsType[*kong.ParseError](err); ok {
		begun = strings.Join(append([]string{begun}, nameCommands(wrong.Context)...), " ")
	}

	words := err.Error()
	if !strings.HasSuffix(words, "?") {
		words += "."
	}

	return fmt.Errorf("%s See %s --help", words, begun)
}

// nameCommands are the words of the command that a command line has named.
func nameCommands(line *kong.Context) []string {
	var names []string

	for _, part := range line.Path {
		if part.Command != nil {
			names = append(names, part.Command.Name)
		}
	}

	return names
}

// fail says what went wrong and returns the exit status for it.
func (c *console) fail(err error) int {
	said := &display{Writer: c.errs, colours: c.colours}
	fmt.Fprintln(said, said.paint(colourBad, "handrail:"), err)

	if e, ok := errors.AsType[*exitError](err); ok {
		return e.status
	}

	return exitFailed
}

const description = `Handrail carries out actions for AI assistants that talk to people by SMS and email. No message is
lost, no message is sent twice without a record of it, and every stuck message says why it is stuck.`
