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
	Limit  int            `query:"limit" minimum:"0" maximum:"100" default:"10" doc:"The most entries."`
	Cursor string         `query:"cursor" maxLength:"500" doc:"A next_cursor."`
	Order  chat.SortOrder `query:"order" enum:"asc,desc" doc:"The direction of the list, if not its own."`
	Total  bool           `query:"total" doc:"Whether to count the whole list."`
}

func (p Paging) page() chat.Page {
	return chat.Page{
		Limit:  p.Limit,
		Cursor: p.Cursor,
		Order:  p.Order,
		Total:  p.Total,
	}
}

// sortedPage is the page of a list that can be sorted.
func (p Paging) sortedPage(sort string) (chat.Page, error) {
	if sort != "" && p.Order != "" {
		return chat.Page{}, chat.Invalid("query.order", "must not be given with sort, which has - for descending")
	}

	page := p.page()
	page.Sort = sort

	return page, nil
}

// onlyValue returns the value of a filter that has one.
func onlyValue[T any](values []T) (only T) {
	if len(values) == 1 {
		return values[0]
	}

	return only
}

// severalValues returns the values of a filter that has more than one.
func severalValues[T any](values []T) []T {
	if len(values) > 1 {
		return values
	}

	return nil
}

// wordsOf returns the values of a filter in another type.
func wordsOf[To, From ~string](values []From) []To {
	var words []To
	for _, value := range values {
		words = append(words, To(value))
	}

	return words
}

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
	NextCursor *string `json:"next_cursor" doc:"null at the end."`
	Total      *int    `json:"total,omitempty" doc:"With total=true; 10000 is that many or more."`
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

	out.Body.Total = part.Total

	if part.NextCursor != "" {
		out.Body.NextCursor = &part.NextCursor
	}

	return out, nil
}

// pageOf cuts a list that the store gives whole, since it is never long, in the order of
// its keys. A cursor is the last key of the page before, so that it holds its place when
// entries come and go.
func pageOf[T, V any, K cmp.Ordered](all []T, p Paging, key func(T) K, present func(T) V) (*listOutput[V], error) {
	total := len(all)
	turn := 1

	if p.Order == chat.Descending {
		turn = -1
	}

	all = slices.SortedFunc(slices.Values(all), func(a, b T) int { return turn * cmp.Compare(key(a), key(b)) })

	if p.Cursor != "" {
		var last K

		decoded, err := base64.RawURLEncoding.DecodeString(p.Cursor)
		if err != nil || json.Unmarshal(decoded, &last) != nil {
			return nil, chat.Invalid("query.cursor", "must be a next_cursor of this list")
		}

		all = slices.DeleteFunc(all, func(item T) bool { return turn*cmp.Compare(key(item), last) <= 0 })
	}

	part := chat.List[T]{Items: all[:min(p.Limit, len(all))]}
	if p.Total {
		part.Total = &total
	}

	if len(all) > p.Limit && p.Limit > 0 {
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
