// Command handrail-eval measures what a program cannot be sure of: how good the summaries
// of every configured model are and what they cost (docs/summaries.md says what each figure
// means), and how well quoted text is cut from mails.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/alecthomas/kong"

	"handrail/cmd/internal/command"
	"handrail/llm/eval"
)

type cli struct {
	Summaries summariesCmd `cmd:"" default:"withargs" help:"Summarize a set of dialogues with every configured model, and print how good the summaries are and what they cost. This is the default."`
	Mail      mailCmd      `cmd:"" help:"Cut the quoted text from a set of mails, and print how many own words are lost and quoted ones left."`
}

type summariesCmd struct {
	Provider []string `help:"Only these models, like offline or openai/gpt-4.1-mini. Default: every provider that has a key, with its configured model." placeholder:"NAME"`
	Language []string `help:"Only the dialogues in these languages." placeholder:"en"`
	HeldOut  bool     `help:"The short chats that the offline model was not improved on, in place of the dialogues that it was."`
	Missed   bool     `help:"List what each summary leaves out."`
	JSON     string   `help:"Write the reports, with all summaries, to this file too." placeholder:"FILE"`
}

func main() {
	ctx := command.Context() // before anything else
	var c cli
	chosen := kong.Parse(
		&c,
		kong.Name("handrail-eval"),
		kong.UsageOnError(),
		kong.Description("Measures summaries, and how quoted text is cut from mails."),
	)

	if chosen.Command() == "mail" {
		command.Exit("handrail-eval", c.Mail.run(os.Stdout))
		return
	}

	command.Exit("handrail-eval", c.Summaries.run(ctx, os.Stdout))
}

func (c *summariesCmd) run(ctx context.Context, out io.Writer) error {
	load := eval.Dialogues
	if c.HeldOut {
		load = eval.HeldOut
	}

	dialogues, err := load()
	if err != nil {
		return err
	}

	dialogues = slices.DeleteFunc(dialogues, func(d eval.Dialogue) bool {
		return len(c.Language) > 0 && !slices.Contains(c.Language, d.Language)
	})
	if len(dialogues) == 0 {
		return errors.New("there is no dialogue in this language")
	}

	configured, err := loadProviders(os.Environ())
	if err != nil {
		return err
	}

	asked, err := c.chosen(configured)
	if err != nil {
		return err
	}

	var reports []eval.Report

	for _, p := range asked {
		report, err := eval.Run(ctx, p, dialogues, showProgress(p.Name, len(dialogues)))
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}

		reports = append(reports, report)
	}

	if err := c.write(out, reports); err != nil {
		return err
	}

	if len(c.Provider) == 0 && len(asked) == 1 {
		_, err = fmt.Fprintln(
			out,
			"\nNo other provider is configured: set OPENAI_API_KEY or ANTHROPIC_API_KEY to compare.",
		)
	}

	return err
}

// showProgress shows on the terminal how far a provider is, if that takes a while.
func showProgress(name string, total int) func(int) {
	info, err := os.Stderr.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	started := time.Now()

	return func(done int) {
		if terminal && time.Since(started) > time.Second {
			end := "\r"
			if done == total {
				end = "\n"
			}

			_, _ = fmt.Fprintf(os.Stderr, "%s: %d of %d%s", name, done, total, end)
		}
	}
}

// chosen are those of the configured providers that were asked for.
func (c *summariesCmd) chosen(configured []eval.Provider) ([]eval.Provider, error) {
	if len(c.Provider) == 0 {
		return configured, nil
	}

	var chosen []eval.Provider

	for _, name := range c.Provider {
		at := slices.IndexFunc(configured, func(p eval.Provider) bool { return p.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("no provider %q is configured", name)
		}

		chosen = append(chosen, configured[at])
	}

	return chosen, nil
}

func (c *summariesCmd) write(out io.Writer, reports []eval.Report) error {
	if err := eval.Print(out, reports); err != nil {
		return err
	}

	if c.Missed {
		for i := range reports {
			if err := eval.PrintMissed(out, &reports[i]); err != nil {
				return err
			}
		}
	}

	return command.SaveJSON(c.JSON, reports)
}
