package api

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"handrail/chat"
)

// Paging is what every list takes. The type is exported because huma finds parameters in
// exported fields only.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"10" doc:"The most entries to answer with."`
	Cursor string `query:"cursor" maxLength:"500" doc:"The next_cursor of the page before."`
}

func (p Paging) page() chat.Page { return chat.Page{Limit: p.Limit, Cursor: p.Cursor} }

// timeIfGiven is a time of a query; nil where it has none.
func timeIfGiven(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}

	return &t
}

type pagedInput struct{ Paging }

// listJSON is a part of a list.
type listJSON[T any] struct {
	Items      []T     `json:"items"`
	NextCursor *string `json:"next_cursor" doc:"Give it as cursor to get the next page; null at the end."`
}

type listOutput[T any] struct{ Body listJSON[T] }

// presentList shows a part of a list that the store has cut.
func presentList[T, V any](part chat.List[T], err error, present func(T) V) (*listOutput[V], error) {
	if err != nil {
		return nil, err
	}

	out := &listOutput[V]{Body: listJSON[V]{Items: make([]V, 0, len(part.Items))}}
	for _, item := range part.Items {
		out.Body.Items = append(out.Body.Items, present(item))
	}

	if part.NextCursor != "" {
		out.Body.NextCursor = &part.NextCursor
	}

	return out, nil
}

// pageOf cuts a list that the store gives whole, since it is never long, in the order of
// its keys. A cursor is the last key of the page before, so that it holds its place when
// entries come and go.
func pageOf[T, V any, K cmp.Ordered](all []T, p Paging, key func(T) K, present func(T) V) (*listOutput[V], error) {
	all = slices.SortedFunc(slices.Values(all), func(a, b T) int { return cmp.Compare(key(a), key(b)) })

	if p.Cursor != "" {
		var last K

		decoded, err := base64.RawURLEncoding.DecodeString(p.Cursor)
		if err != nil || json.Unmarshal(decoded, &last) != nil {
			return nil, chat.Invalid("query.cursor", "must be a next_cursor of this list")
		}

		all = slices.DeleteFunc(all, func(item T) bool { return key(item) <= last })
	}

	part := chat.List[T]{Items: all[:min(p.Limit, len(all))]}
	if len(all) > p.Limit {
		encoded, err := json.Marshal(key(all[p.Limit-1]))
		if err != nil {
			return nil, err
		}

		part.NextCursor = base64.RawURLEncoding.EncodeToString(encoded)
	}

	return presentList(part, nil, present)
}

// listOf is an example of a list with one entry.
func listOf[T any](item T) listJSON[T] { return listJSON[T]{Items: []T{item}} }

// created answers a POST that made something.
type created[T any] struct {
	Location string `header:"Location" doc:"Where it is found."`
	Body     T
}
