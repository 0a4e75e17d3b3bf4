package client

import (
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
)

// Page is one page of a list of Ts.
type Page[T any] struct {
	Items []T `json:"items"`
	// NextCursor gets the next page; nil on the last one.
	NextCursor *string `json:"next_cursor"`
}

// errNoEnd is the error of a list with a page that names itself as the next one.
var errNoEnd = errors.New("the next page of a list is the same one again")

// errNoItems is the error of an answer that has no field items.
var errNoItems = errors.New("it is not a list: it has no items")

// ReadPage reads a page from the answer of a list method without WithResponse, and closes its body.
// Errors: [UnexpectedAnswerError].
func ReadPage[T any](answer *http.Response) (*Page[T], error) {
	defer func() { _ = answer.Body.Close() }() // it is read to its end

	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, &UnexpectedAnswerError{Status: answer.Status, Err: err}
	}

	page := &Page[T]{}
	if err = json.Unmarshal(raw, page); err != nil {
		return nil, &UnexpectedAnswerError{Status: answer.Status, Err: err}
	}

	if page.Items == nil {
		return nil, &UnexpectedAnswerError{Status: answer.Status, Err: errNoItems}
	}

	return page, nil
}

// Items returns all entries of a list. It fetches a page when all entries of the page before were read, and ends after
// the first error. fetch gets nil as the cursor of the first page:
//
//	chats := client.Items[client.Chat](func(cursor *string) (*http.Response, error) {
//		return api.ListChats(ctx, workspace, &client.ListChatsParams{Cursor: cursor})
//	})
//	for chat, err := range chats {
func Items[T any](fetch func(cursor *string) (*http.Response, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var cursor *string

		for {
			page, err := fetchPage[T](fetch, cursor)
			if err != nil {
				var none T
				yield(none, err)

				return
			}

			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}

			if page.NextCursor != nil && cursor != nil && *page.NextCursor == *cursor {
				var none T
				yield(none, &UnexpectedAnswerError{Err: errNoEnd})

				return
			}

			if cursor = page.NextCursor; cursor == nil {
				return
			}
		}
	}
}

// fetchPage fetches and reads the page of a cursor.
func fetchPage[T any](fetch func(cursor *string) (*http.Response, error), cursor *string) (*Page[T], error) {
	answer, err := fetch(cursor) //nolint:bodyclose // ReadPage closes it
	if err != nil {
		return nil, err
	}

	return ReadPage[T](answer)
}
