package db

import (
	"encoding/base64"
	"encoding/json"
	"time"

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
	}

	return true, nil
}

// listOf makes a part of a list out of rows, of which one more than limit was asked for
// to tell whether there is a next part.
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

// oneMore is what to ask the database for, so that listOf can tell whether more follows.
func oneMore(limit int) int64 { return int64(limit) + 1 }
