package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"handrail/carrier/reply/corpus"
	"handrail/cmd/internal/command"
)

type mailCmd struct {
	Mails    string   `help:"The folder with the mails." default:"carrier/reply/testdata/mails" placeholder:"FOLDER"`
	Language []string `help:"Only the mails in these languages." placeholder:"en"`
	Client   []string `help:"Only the mails of these clients, like Yahoo." placeholder:"NAME"`
	JSON     string   `help:"Write the report, with every mail, to this file too." placeholder:"FILE"`
}

func (c *mailCmd) run(out io.Writer) error {
	mails, err := corpus.Load(os.DirFS(c.Mails))
	if err != nil {
		return fmt.Errorf("read the mails in %s: %w", c.Mails, err)
	}

	mails = slices.DeleteFunc(mails, func(m corpus.Mail) bool {
		return len(c.Language) > 0 && !slices.Contains(c.Language, m.Language) ||
			len(c.Client) > 0 && !slices.Contains(c.Client, m.Client)
	})
	if len(mails) == 0 {
		return errors.New("there is no mail in this language or of this client")
	}

	report := corpus.Measure(mails)
	if err := corpus.Print(out, &report); err != nil {
		return err
	}

	return command.SaveJSON(c.JSON, report)
}
