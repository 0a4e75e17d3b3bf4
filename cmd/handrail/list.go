package main

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// listing are the flags of a command that lists.
type listing struct {
	Limit int  `default:"20" help:"How many entries to show at most, 1 to 100."`
	All   bool `help:"Show all entries."`
}

// noFilter is the value of a filter's flag that chooses everything, in every list.
const noFilter = "all"

// choice is what a filter's flag chooses: a word, or "" for everything.
type choice string

// UnmarshalText reads what was given.
func (c *choice) UnmarshalText(text []byte) error {
	if *c = choice(text); *c == noFilter {
		*c = ""
	}

	return nil
}

// listed is a list, or its first page.
type listed[T any] struct {
	Items []T `json:"items"`
	// NextCursor is nil when these are all.
	NextCursor *string `json:"next_cursor"`

	raw json.RawMessage
}

const longestPage = 100

// position is a place in a list: how many entries are asked for, and after which.
type position struct {
	limit  *int64
	cursor *string
}

// pageQuestion asks for the page of a list at a position.
type pageQuestion func(api *apiClient, at position) (*http.Response, error)

// fetchList reads a page of a list, or all of them when l asks for that.
func fetchList[T any](c *apiClient, l listing, ask pageQuestion) (*listed[T], error) {
	whole := listed[json.RawMessage]{Items: []json.RawMessage{}}

	if l.All {
		l.Limit = longestPage
	}

	at := position{limit: new(int64(l.Limit))}

	for {
		got, err := c.read(ask(c, at))
		if err != nil {
			return nil, err
		}

		var part listed[json.RawMessage]
		if err := got.into(&part); err != nil {
			return nil, err
		}

		whole.Items = append(whole.Items, part.Items...)

		whole.NextCursor = part.NextCursor
		if !l.All || part.NextCursor == nil {
			break
		}

		at.cursor = part.NextCursor
	}

	raw, err := json.Marshal(whole)
	if err != nil {
		return nil, fmt.Errorf("put the pages together: %w", err)
	}

	all := &listed[T]{raw: raw}

	return all, (&answer{raw: raw}).into(all)
}

// sayMore writes that a list goes on. It writes to errs, so that a table can be piped.
func (l *listed[T]) sayMore(c *console) {
	if l.NextCursor != nil {
		fmt.Fprintln(c.errs, "There are more. --all shows them.")
	}
}

// listView is how a command shows a list of Ts.
type listView[T any] struct {
	ask pageQuestion
	// empty is written when there are none.
	empty   string
	columns []string
	row     func(*T) []string
}

// showList reads a list and writes it as a table, or as the API's JSON.
func showList[T any](c *console, r *remote, l listing, s listView[T]) error {
	api, err := r.dial(c)
	if err != nil {
		return err
	}

	found, err := fetchList[T](api, l, s.ask)
	switch {
	case err != nil:
		return err
	case r.JSON:
		return api.showJSON(found.raw)
	case len(found.Items) == 0:
		fmt.Fprintln(c.out, s.empty)
		return nil
	}

	t := newTable(c.out, s.columns...)
	for i := range found.Items {
		t.row(s.row(&found.Items[i])...)
	}

	// Below the table, which may be longer than the screen.
	defer found.sayMore(c)

	return t.flush()
}
