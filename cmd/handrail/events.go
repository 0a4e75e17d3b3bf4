package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"handrail/client"
)

type eventsCommand struct {
	List   eventsList   `cmd:"" help:"List events after a position, in their order."`
	Follow eventsFollow `cmd:"" help:"Show events as they come, until Ctrl-C."`
}

// Help is shown by kong.
func (eventsCommand) Help() string {
	return `Events are what has happened in the workspace: messages, deliveries, chats that need a person.
docs/events.md has their types. It takes the scope chats:read. follow comes back by itself where a connection ends,
without a gap.

` + exitHelp
}

// eventFilter selects the events to show.
type eventFilter struct {
	Types  []string `help:"Only these types, like delivery.bounced, with commas." placeholder:"TYPE"`
	ChatID int64    `help:"Only this chat." placeholder:"ID"`
}

// newParams returns the parameters of a request for events after a position; nil for none.
func (f *eventFilter) newParams(after *int64) client.ListEventsParams {
	params := client.ListEventsParams{After: after}

	for _, name := range f.Types {
		params.Types = append(params.Types, client.EventType(name))
	}

	if f.ChatID != 0 {
		params.ChatID = &f.ChatID
	}

	return params
}

// eventCells returns the columns of an event.
func eventCells(e *client.LogEntry) []string {
	chatID := "–"
	if e.ChatID != nil {
		chatID = strconv.FormatInt(*e.ChatID, 10)
	}

	return []string{
		strconv.FormatInt(e.Sequence, 10),
		formatTime(e.At),
		makePrintable(string(e.Type)),
		chatID,
		makePrintable(e.SubjectID),
		shortenText(e.Explanation, 120),
	}
}

type eventsList struct {
	remote
	eventFilter
	After int64 `help:"Only events with a greater sequence." placeholder:"SEQUENCE"`
	Limit int64 `default:"100" help:"How many events to show at most, 1 to 1000."`
}

// Run lists events.
func (l *eventsList) Run(c *console) error {
	params := l.newParams(&l.After)
	params.Limit = &l.Limit

	ask := func(api *apiClient) (*http.Response, error) {
		return api.ListEvents(c.ctx, api.workspace, &params)
	}

	return showOne(c, &l.remote, ask, func(_ *apiClient, page *client.Log) error {
		if page.Next < page.Latest {
			defer fmt.Fprintf(c.errs, "There are more: --after %d goes on.\n", page.Next)
		}

		if len(page.Items) == 0 {
			fmt.Fprintln(c.out, "no events")
			return nil
		}

		t := newTable(c.out, "SEQUENCE", "AT", "TYPE", "CHAT", "SUBJECT", "EXPLANATION")
		for i := range page.Items {
			t.row(eventCells(&page.Items[i])...)
		}

		return t.flush()
	})
}

type eventsFollow struct {
	remote
	eventFilter
	After *int64 `help:"Begin after this sequence; without it, with what comes now." placeholder:"SEQUENCE"`
}

// Run shows events until the process has to stop. With --json, each is a line of JSON.
func (f *eventsFollow) Run(c *console) error {
	api, err := f.dial(c)
	if err != nil {
		return err
	}

	for streamed, err := range api.FollowEvents(c.ctx, api.workspace, f.newParams(f.After)) {
		if err != nil {
			return api.explainFailure(err)
		}

		if err := f.show(c, &streamed); err != nil {
			return err
		}
	}

	return nil
}

// show writes an event as a line, or a notice to the standard error.
func (f *eventsFollow) show(c *console, streamed *client.StreamedEvent) error {
	if streamed.Notice != "" {
		fmt.Fprintln(c.errs, makePrintable(streamed.Notice))
		return nil
	}

	line := string(streamed.Raw)
	if !f.JSON {
		line = strings.Join(eventCells(streamed.Event), "  ")
	}

	if _, err := fmt.Fprintln(c.out, line); err != nil {
		return fmt.Errorf("write an event: %w", err)
	}

	return nil
}
