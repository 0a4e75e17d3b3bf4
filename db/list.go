package db

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// keyset says how a list of rows can be sorted: by a time and then by the id, or by the id alone.
type keyset[R, ID any] struct {
	// list names the list in its cursors.
	list string
	id   bun.Ident
	idOf func(*R) ID
	// idTime is the API's name of the time by which ids ascend. If it is set, the default order is by the id alone.
	idTime string
	// times are the times that the list can be sorted by, the default one first.
	times []timeColumn[R]
	// newestFirst says that the default order is descending.
	newestFirst bool
}

// timeColumn is a time that a list can be sorted by.
type timeColumn[R any] struct {
	// name is that of the API.
	name    string
	column  bun.Ident
	valueOf func(*R) time.Time
}

// order is the order of one page of a list.
type order[R any] struct {
	// by is nil for the id alone.
	by         *timeColumn[R]
	descending bool
	// cursor names the list in this order.
	cursor string
}

// chooseOrder returns the order that a page asks for. It returns invalid_request if the list does not have it.
func (k *keyset[R, ID]) chooseOrder(p chat.Page) (order[R], error) {
	chosen := order[R]{descending: k.newestFirst, cursor: k.list}

	own := k.idTime == "" && len(k.times) > 0
	if own {
		chosen.by = &k.times[0]
	}

	if p.Order != "" {
		chosen.descending = p.Order == chat.Descending
	}

	if p.Sort != "" {
		var name string

		name, chosen.descending = strings.CutPrefix(p.Sort, "-")

		place := slices.IndexFunc(k.times, func(c timeColumn[R]) bool { return c.name == name })

		switch {
		case place >= 0:
			chosen.by = &k.times[place]
		case name != k.idTime || name == "":
			return chosen, chat.Invalid("query.sort", "is not what this list can be sorted by")
		}
	}

	isOwn := chosen.by == nil || own && chosen.by == &k.times[0]
	if !isOwn || chosen.descending != k.newestFirst {
		chosen.cursor = strings.Join([]string{k.list, p.Sort, string(p.Order)}, ":")
	}

	return chosen, nil
}

// apply sorts a query and starts it after the page's cursor. It returns the function that makes the cursor of a row.
func (k *keyset[R, ID]) apply(q *bun.SelectQuery, p chat.Page) (cursor func(*R) string, err error) {
	chosen, err := k.chooseOrder(p)
	if err != nil {
		return nil, err
	}

	direction := " ASC"
	after := " > "

	if chosen.descending {
		direction = " DESC"
		after = " < "
	}

	q.Limit(oneMore(p.Limit))

	var id ID

	if chosen.by == nil {
		q.OrderExpr("?"+direction, k.id)

		if ok, err := readCursor(chosen.cursor, p.Cursor, &id); err != nil {
			return nil, err
		} else if ok {
			q.Where("?"+after+"?", k.id, id)
		}

		return func(r *R) string { return cursorOf(chosen.cursor, k.idOf(r)) }, nil
	}

	q.OrderExpr("?"+direction+", ?"+direction, chosen.by.column, k.id)

	var micros int64

	if ok, err := readCursor(chosen.cursor, p.Cursor, &micros, &id); err != nil {
		return nil, err
	} else if ok {
		at, ok := timeOfCursor(micros)
		if !ok {
			return nil, chat.Invalid("query.cursor", "must be a next_cursor of this list")
		}

		q.Where("(?, ?)"+after+"(?, ?)", chosen.by.column, k.id, at, id)
	}

	return func(r *R) string { return cursorOf(chosen.cursor, microCursor(chosen.by.valueOf(r)), k.idOf(r)) }, nil
}

// listQuery reads a page of a list.
type listQuery[R, ID, T any] struct {
	// query selects the rows, without an order and a limit, and reads them into rows.
	query *bun.SelectQuery
	rows  *[]R
	order *keyset[R, ID]
	page  chat.Page
	// offset is how many rows are skipped if there is no cursor.
	offset int
	item   func(*R) T
}

// read returns the page, and the count of the whole list if the page asks for it.
func (l listQuery[R, ID, T]) read(ctx context.Context) (chat.List[T], error) {
	total, err := countRows(ctx, l.query, l.page)
	if err != nil {
		return chat.List[T]{}, err
	}

	cursor, err := l.order.apply(l.query, l.page)
	if err != nil {
		return chat.List[T]{}, err
	}

	if l.page.Limit == 0 {
		return chat.List[T]{Items: []T{}, Total: total}, nil
	}

	if l.page.Cursor == "" && l.offset > 0 {
		l.query.Offset(int64(l.offset))
	}

	fits, err := scanPage(ctx, l.query, l.rows, l.page.Limit)
	if err != nil {
		return chat.List[T]{}, err
	}

	list := listOf(*l.rows, fits, l.item, cursor)
	list.Total = total

	return list, nil
}

// countRows returns how many rows the whole list of a query has, up to [chat.MaxTotal], and nil if the page does not
// ask for it.
func countRows(ctx context.Context, q *bun.SelectQuery, p chat.Page) (*int, error) {
	if !p.Total {
		return nil, nil
	}

	var total int

	err := q.NewSelect().
		TableExpr("(?) AS counted", q.Limit(chat.MaxTotal)).
		ColumnExpr("count(*)").
		Scan(ctx, &total)

	return &total, err
}
