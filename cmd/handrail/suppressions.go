package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
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

type suppressionJSON struct {
	ID        int64     `json:"id"`
	Channel   string    `json:"channel"`
	Sender    string    `json:"sender"`
	From      string    `json:"sender_address"`
	Address   string    `json:"address"`
	Reason    string    `json:"reason"`
	CreatedAt time.Time `json:"created_at"`
}

type suppressionList struct {
	remote
	listing
}

// Run lists suppressions.
func (l *suppressionList) Run(c *console) error {
	return showList(c, &l.remote, l.listing, listView[suppressionJSON]{
		path:    "suppressions",
		query:   url.Values{},
		empty:   "no suppressions: every address may get messages",
		columns: []string{"ID", "CHANNEL", "SENDER", "ADDRESS", "REASON", "AGE"},
		row: func(s *suppressionJSON) []string {
			return []string{
				strconv.FormatInt(s.ID, 10),
				makePrintable(s.Channel),
				makePrintable(cmp.Or(s.Sender, s.From)),
				makePrintable(s.Address),
				makePrintable(s.Reason),
				formatAge(s.CreatedAt),
			}
		},
	})
}

type suppressionLift struct {
	remote
	ID int64 `arg:"" help:"The suppression's id, as listed."`
}

// Run lifts a suppression.
func (l *suppressionLift) Run(c *console) error {
	api, err := l.dial(c)
	if err != nil {
		return err
	}

	path := "suppressions/" + strconv.FormatInt(l.ID, 10)
	if _, err := api.do(call{method: http.MethodDelete, path: path}); err != nil {
		return err
	}

	if !l.JSON {
		fmt.Fprintf(c.out, "suppression %d is lifted\n", l.ID)
	}

	return nil
}
