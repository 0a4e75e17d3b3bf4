package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
)

// listing are the flags of a command that lists.
type listing struct {
	Limit int  `default:"20" help:"How many entries to show at most, 1 to 100."`
	All   bool `help:"Show all entries."`
}

// listed is a list, or its first page.
type listed[T any] struct {
	Items []T `json:"items"`
	// NextCursor is nil when these are all.
	NextCursor *string `json:"next_cursor"`

	raw json.RawMessage
}

const longestPage = 100

// fetchList reads a page of a list, or all of them when l asks for that.
func fetchList[T any](c *client, path string, query url.Values, l listing) (*listed[T], error) {
	whole := listed[json.RawMessage]{Items: []json.RawMessage{}}

	if l.All {
		l.Limit = longestPage
	}

	query.Set("limit", strconv.Itoa(l.Limit))

	for {
		var part listed[json.RawMessage]
		if _, err := c.get(path, query, &part); err != nil {
			return nil, err
		}

		whole.Items = append(whole.Items, part.Items...)

		whole.NextCursor = part.NextCursor
		if !l.All || part.NextCursor == nil {
			break
		}

		query.Set("cursor", *part.NextCursor)
	}

	raw, err := json.Marshal(whole)
	if err != nil {
		return nil, fmt.Errorf("put the pages together: %w", err)
	}

	all := &listed[T]{raw: raw}

	return all, (&answer{raw: raw}).into(all)
}

// setGiven sets the parameters of a query that have a value.
func setGiven(query url.Values, values map[string]string) {
	for name, value := range values {
		if value != "" {
			query.Set(name, value)
		}
	}
}

// setIDs sets the parameters of a query that have an id.
func setIDs(query url.Values, ids map[string]int64) {
	for name, id := range ids {
		if id != 0 {
			query.Set(name, strconv.FormatInt(id, 10))
		}
	}
}

// sayMore writes that a list goes on. It writes to errs, so that a table can be piped.
func (l *listed[T]) sayMore(c *console) {
	if l.NextCursor != nil {
		fmt.Fprintln(c.errs, "There are more. --all shows them.")
	}
}

// listView is how a command shows a list of Ts.
type listView[T any] struct {
	path  string
	query url.Values
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

	found, err := fetchList[T](api, s.path, s.query, l)
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
