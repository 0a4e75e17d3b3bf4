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
	Status      statusCommand      `cmd:"" group:"needs" help:"Show what needs a person, and what waits by itself."`
	Approvals   approvalsCommand   `cmd:"" group:"needs" help:"List what waits for a second member; approve or refuse it."`
	Requests    requestsCommand    `cmd:"" group:"needs" help:"List, show, answer and cancel questions to contributors."`
	ToolCalls   toolCallsCommand   `cmd:"" group:"needs" help:"List, show and resolve tool calls."`
	Deliveries  deliveriesCommand  `cmd:"" group:"messages" help:"Find, explain, retry, cancel and resolve deliveries."`
	BulkRetries bulkRetriesCommand `cmd:"" group:"messages" help:"List, show, pause, resume and cancel bulk retries."`
	Actions     actionsCommand     `cmd:"" group:"messages" help:"List, show, change, cancel and resume actions."`
	Events      eventsCommand      `cmd:"" group:"messages" help:"List what has happened, or show it as it comes."`
	Inbound     inboundCommand     `cmd:"" group:"messages" help:"List and explain what came in; take it again."`
	Chats       chatsCommand       `cmd:"" group:"people" help:"List, find and show chats; take one over, and release it."`
	Summaries   summariesCommand   `cmd:"" group:"people" help:"Summarize a chat; list, show and restore versions."`
	Members     membersCommand     `cmd:"" group:"people" help:"List and merge members; decide who has opted out."`

	Suppressions suppressionsCommand `cmd:"" group:"people" help:"List the addresses that get no messages; allow one."`

	Tools             toolsCommand           `cmd:"" group:"workspace" help:"List, show, test and reload tools."`
	SummarySettings   summarySettingsCommand `cmd:"" group:"workspace" help:"Show or change how chats are summarized."`
	Webhooks          webhooksCommand        `cmd:"" group:"workspace" help:"Tell programs of yours of events; see every post."`
	NotificationRules rulesCommand           `cmd:"" group:"workspace" help:"Tell members by email or SMS what needs a person."`
	Notices           noticesCommand         `cmd:"" group:"workspace" help:"List what members were told."`
	Audit             auditCommand           `cmd:"" group:"workspace" help:"List who has done what: the audit log."`
	Workspaces        workspacesCommand      `cmd:"" group:"workspace" help:"Create and list workspaces."`
	Keys              keysCommand            `cmd:"" group:"workspace" help:"Create, list and revoke API keys."`
	Senders           sendersCommand         `cmd:"" group:"workspace" help:"Grant workspaces numbers and inboxes; list, revoke."`

	API     apiCommand     `cmd:"" name:"api" group:"server" help:"Serve the REST API."`
	Worker  workerCommand  `cmd:"" group:"server" help:"Run the worker, which carries out actions."`
	All     allCommand     `cmd:"" group:"server" help:"Serve the REST API and run the worker, in one process."`
	Console consoleCommand `cmd:"" group:"server" help:"Serve the console alone, in front of an API elsewhere."`
	MCP     mcpCommand     `cmd:"" name:"mcp" group:"server" help:"Serve Handrail's tools to an AI assistant, by MCP."`
	Migrate migrateCommand `cmd:"" group:"server" help:"Bring the database up to date, or show its state."`
	Doctor  doctorCommand  `cmd:"" group:"server" help:"Check configuration, database and Temporal; exit 1 if one fails."`
	Config  configCommand  `cmd:"" group:"server" help:"Show the settings in force and what each is for."`
	Health  healthCommand  `cmd:"" group:"server" help:"Check whether the API is ready; exit 1 if it is not."`

	Docs       docsCommand               `cmd:"" group:"more" help:"Write the guide, as /docs/guide shows it, as files."`
	Completion kongcompletion.Completion `cmd:"" group:"more" help:"Show how to turn on tab completion in your shell."`
	Version    versionCommand            `cmd:"" group:"more" help:"Show the version."`

	Color string `enum:"auto,always,never" default:"auto" help:"Whether to colour: always, never, or auto, which colours on a terminal unless NO_COLOR is set." placeholder:"WHEN"`

	ShowVersion kong.VersionFlag `name:"version" help:"Show the version."`
}

// commandGroups are the headings of the first screen, by the groups of cli.
var commandGroups = kong.ExplicitGroups([]kong.Group{
	{Key: "needs", Title: "What needs a person:"},
	{Key: "messages", Title: "Messages:"},
	{Key: "people", Title: "Chats and people:"},
	{Key: "workspace", Title: "Workspaces and their settings:"},
	{Key: "server", Title: "The server:"},
	{Key: "more", Title: "More:"},
})

// headSubcommands gives the commands below a command a heading of their own, in place of its group's.
func headSubcommands(k *kong.Kong) {
	for _, command := range k.Model.Children {
		for _, sub := range command.Children {
			sub.Group = &kong.Group{Key: "commands", Title: "Commands:"}
		}
	}
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

// widestHelp is how wide a line of help is at most, in columns: longer ones are hard to read.
const widestHelp = 120

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
		kong.ConfigureHelp(kong.HelpOptions{
			Compact:             true,
			FlagsLast:           true,
			NoExpandSubcommands: true,
			WrapUpperBound:      widestHelp,
		}),
		commandGroups,
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

	headSubcommands(parser)
	kongcompletion.Register(parser)

	command, err := parser.Parse(args)

	if status >= 0 { // --help has answered
		return status
	}

	if err != nil {
		return c.fail(&exitError{explainUsage(err, args), exitUsage})
	}

	c.setDisplay(commands.Color)
	c.words = wordsOfCommand(command.Selected())

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

	// A flag that may be left out has "" among its words.
	words := strings.ReplaceAll(err.Error(), `,""`, "")
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
