package db

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"handrail/budget"
	"handrail/chat"
)

// cursorOf encodes the place of a list's item in its order: the list's name and the keys
// it is sorted by.
func cursorOf(list string, keys ...any) string {
	encoded, err := json.Marshal(append([]any{list}, keys...))
	if err != nil {
		panic("db: a cursor's keys are numbers and texts: " + err.Error())
	}

	return base64.RawURLEncoding.EncodeToString(encoded)
}

// readCursor decodes a cursor of the list into pointers to its keys. It reports false
// for "", and CodeInvalidRequest for what is no cursor of this list.
func readCursor(list, cursor string, keys ...any) (bool, error) {
	if cursor == "" {
		return false, nil
	}

	bad := chat.Invalid("query.cursor", "must be a next_cursor of this list")

	decoded, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return false, bad.Because(err)
	}

	var parts []json.RawMessage
	if err := json.Unmarshal(decoded, &parts); err != nil {
		return false, bad.Because(err)
	}

	var name string
	if len(parts) != len(keys)+1 || json.Unmarshal(parts[0], &name) != nil || name != list {
		return false, bad
	}

	for i, key := range keys {
		if err := json.Unmarshal(parts[i+1], key); err != nil {
			return false, bad.Because(err)
		}

		// PostgreSQL takes no text with this character.
		text := reflect.ValueOf(key).Elem()
		if text.Kind() == reflect.String && strings.ContainsRune(text.String(), 0) {
			return false, bad
		}
	}

	return true, nil
}

// scanPage reads the rows of a part of a list: limit and one more, to tell whether there is a next
// part, or fewer if they are large. It returns how many the part has, which is one at least if there
// is any row. No more rows than fit lie in memory.
func scanPage[R any](ctx context.Context, q *bun.SelectQuery, rows *[]R, limit int) (fits int, err error) {
	found, err := q.Rows(ctx)
	if err != nil {
		return 0, err
	}

	defer found.Close()

	*rows = nil
	size := 0

	for found.Next() {
		var row R
		if err := q.DB().ScanRow(ctx, found, &row); err != nil {
			return 0, err
		}

		size += bytesIn(reflect.ValueOf(&row))
		if more, ok := any(&row).(interface{ bytesBeside() int }); ok {
			size += more.bytesBeside()
		}

		*rows = append(*rows, row)

		if size > budget.MaxPage && len(*rows) > 1 {
			return min(len(*rows)-1, limit), nil
		}
	}

	return min(len(*rows), limit), found.Err()
}

// bytesIn is how many bytes of texts there are in a row, and in what it points to.
func bytesIn(value reflect.Value) int {
	size := 0

	switch value.Kind() {
	case reflect.String:
		return value.Len()
	case reflect.Pointer, reflect.Interface:
		if !value.IsNil() {
			return bytesIn(value.Elem())
		}

	case reflect.Struct:
		for _, field := range value.Fields() {
			size += bytesIn(field)
		}

	case reflect.Slice, reflect.Array:
		if value.Type().Elem().Kind() == reflect.Uint8 {
			return value.Len()
		}

		for i := range value.Len() {
			size += bytesIn(value.Index(i))
		}

	case reflect.Map:
		for entries := value.MapRange(); entries.Next(); {
			size += bytesIn(entries.Key()) + bytesIn(entries.Value())
		}

	default: // a number or the like
	}

	return size
}

// listOf makes a part of a list out of rows, of which there is one more than limit if there is a
// next part.
func listOf[R, T any](rows []R, limit int, item func(*R) T, cursor func(*R) string) chat.List[T] {
	var list chat.List[T]

	if len(rows) > limit {
		rows = rows[:limit]
		list.NextCursor = cursor(&rows[limit-1])
	}

	list.Items = make([]T, len(rows))
	for i := range rows {
		list.Items[i] = item(&rows[i])
	}

	return list
}

// microCursor is a time as a cursor's key.
func microCursor(t time.Time) int64 { return t.UnixMicro() }

// timeOfCursor is the time that a cursor's key is, and whether both databases can hold it: no list has others.
func timeOfCursor(micros int64) (t time.Time, ok bool) {
	t = time.UnixMicro(micros).UTC()

	return t, t.Year() > 0 && t.Year() < 10_000
}

// oneMore is what to ask the database for, so that listOf can tell whether more follows.
func oneMore(limit int) int64 { return int64(limit) + 1 }

// filterTime narrows rows to those of a time, without its end; nil bounds nothing.
func filterTime(q *bun.SelectQuery, column bun.Ident, since, until *time.Time) {
	if since != nil {
		q.Where("? >= ?", column, toMicroseconds(*since))
	}

	if until != nil {
		q.Where("? < ?", column, toMicroseconds(*until))
	}
}
