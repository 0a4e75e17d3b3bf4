package main

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"

	"handrail/client"
)

type suppressionsCommand struct {
	List suppressionList `cmd:"" help:"List the addresses that get no messages, and why."`
	Lift suppressionLift `cmd:"" help:"Lift a suppression: allow messages to its address again."`
}

// Help is shown by kong.
func (suppressionsCommand) Help() string {
	return `A suppression stops all messages from one sender to one address. Lift it only if the person has asked
for messages again. The provider has its own list, and the law applies.

` + exitHelp
}

type suppressionList struct {
	remote
	listing
}

// Run lists suppressions.
func (l *suppressionList) Run(c *console) error {
	return showList(c, &l.remote, l.listing, listView[client.Suppression]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			return api.ListSuppressions(
				c.ctx,
				api.workspace,
				&client.ListSuppressionsParams{Limit: at.limit, Cursor: at.cursor},
			)
		},
		empty:   "no suppressions: every address may get messages",
		columns: []string{"ID", "CHANNEL", "SENDER", "ADDRESS", "REASON", "AGE"},
		row: func(s *client.Suppression) []string {
			return []string{
				strconv.FormatInt(s.ID, 10),
				makePrintable(string(s.Channel)),
				makePrintable(cmp.Or(s.Sender, s.SenderAddress)),
				makePrintable(s.Address),
				makePrintable(string(s.Reason)),
				formatAge(s.CreatedAt),
			}
		},
	})
}

type suppressionLift struct {
	remote
	ID     int64  `arg:"" help:"The suppression's id, as listed."`
	Reason string `help:"The reason, for the audit log." placeholder:"TEXT"`
}

// Run lifts a suppression.
func (l *suppressionLift) Run(c *console) error {
	api, err := l.dial(c)
	if err != nil {
		return err
	}

	params := &client.LiftSuppressionParams{Reason: client.IfGiven(l.Reason)}
	if _, err := api.read(api.LiftSuppression(c.ctx, api.workspace, l.ID, params)); err != nil {
		return err
	}

	if !l.JSON {
		fmt.Fprintf(c.out, "suppression %d is lifted\n", l.ID)
	}

	return nil
}
