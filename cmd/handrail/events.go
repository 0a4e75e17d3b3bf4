package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

type eventsCommand struct {
	List   eventsList   `cmd:"" help:"List events after a position, in their order."`
	Follow eventsFollow `cmd:"" help:"Show events as they come, until Ctrl-C."`
}

// Help is shown by kong.
func (eventsCommand) Help() string {
	return `Events are what has happened in the workspace: messages, deliveries, chats that need a person. docs/events.md
has their types. It takes the scope chats:read. follow comes back by itself where a connection ends, without a gap.

` + exitHelp
}

// eventFilter says which events are asked for.
type eventFilter struct {
	Types  []string `help:"Only these types, like delivery.bounced, with commas." placeholder:"TYPE"`
	ChatID int64    `help:"Only this chat." placeholder:"ID"`
}

func (f *eventFilter) query() url.Values {
	query := url.Values{}
	setGiven(query, map[string]string{"types": strings.Join(f.Types, ",")})
	setIDs(query, map[string]int64{"chat_id": f.ChatID})

	return query
}

// logEventJSON is an event as the API shows it.
type logEventJSON struct {
	Sequence    int64     `json:"sequence"`
	ChatID      *int64    `json:"chat_id"`
	Type        string    `json:"type"`
	SubjectID   string    `json:"subject_id"`
	At          time.Time `json:"at"`
	Explanation string    `json:"explanation"`
}

// cells are the columns of an event.
func (e *logEventJSON) cells() []string {
	in := "–"
	if e.ChatID != nil {
		in = strconv.FormatInt(*e.ChatID, 10)
	}

	return []string{
		strconv.FormatInt(e.Sequence, 10),
		formatTime(e.At),
		makePrintable(e.Type),
		in,
		makePrintable(e.SubjectID),
		shortenText(e.Explanation, 120),
	}
}

type eventsList struct {
	remote
	eventFilter
	After int64 `help:"Only events with a greater sequence." placeholder:"SEQUENCE"`
	Limit int   `default:"100" help:"How many events to show at most, 1 to 1000."`
}

// logPageJSON is a part of the log.
type logPageJSON struct {
	Items  []logEventJSON `json:"items"`
	Next   int64          `json:"next"`
	Latest int64          `json:"latest"`
}

// Run lists events.
func (l *eventsList) Run(c *console) error {
	query := l.query()
	query.Set("after", strconv.FormatInt(l.After, 10))
	query.Set("limit", strconv.Itoa(l.Limit))

	what := call{
		method: http.MethodGet,
		path:   "events",
		query:  query,
	}

	return showOne(c, &l.remote, what, func(_ *client, page *logPageJSON) error {
		if page.Next < page.Latest {
			defer fmt.Fprintf(c.errs, "There are more: --after %d goes on.\n", page.Next)
		}

		if len(page.Items) == 0 {
			fmt.Fprintln(c.out, "no events")
			return nil
		}

		t := newTable(c.out, "SEQUENCE", "AT", "TYPE", "CHAT", "SUBJECT", "EXPLANATION")
		for i := range page.Items {
			t.row(page.Items[i].cells()...)
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

	last := ""
	if f.After != nil {
		last = strconv.FormatInt(*f.After, 10)
	}

	for {
		err := api.followEvents(f.query(), &last, func(note *streamNote) error { return f.show(c, note) })

		switch {
		case c.ctx.Err() != nil:
			return nil
		case err != nil && !isTransient(err):
			return err

		case !c.pause(nil):
			return nil
		}
	}
}

// show writes what a stream has brought.
func (f *eventsFollow) show(c *console, note *streamNote) error {
	if note.event != "" {
		fmt.Fprintln(c.errs, makePrintable(note.detail()))
		return nil
	}

	if f.JSON {
		_, err := fmt.Fprintln(c.out, note.data)
		if err != nil {
			return fmt.Errorf("write an event: %w", err)
		}

		return nil
	}

	var event logEventJSON
	if err := json.Unmarshal([]byte(note.data), &event); err != nil {
		return fmt.Errorf("cannot read an event (is the API another version of Handrail?): %w", err)
	}

	if _, err := fmt.Fprintln(c.out, strings.Join(event.cells(), "  ")); err != nil {
		return fmt.Errorf("write an event: %w", err)
	}

	return nil
}
