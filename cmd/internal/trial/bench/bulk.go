package bench

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/uptrace/bun/driver/pgdriver"
	"golang.org/x/term"

	"handrail/chat"
)

// bulk multiplies one chat with all that belongs to it, so that what is stored in bulk is
// what the service itself stores.
type bulk struct {
	db    *sql.DB
	out   io.Writer
	chat  chat.ChatID // the model
	owner chat.MemberID
	first int // is above the ids of all that is there
	made  int
}

// firstCopy is above every id that the database gives by itself.
const firstCopy = 10_000_000

// newBulk finds what is to be copied to ids from first on. The connection is its own.
func newBulk(ctx context.Context, db *sql.DB, out io.Writer, model chat.ChatID, first int) (*bulk, error) {
	b := &bulk{
		db:    db,
		out:   out,
		chat:  model,
		first: first,
	}

	return b, db.QueryRowContext(ctx, `SELECT member_id FROM chats WHERE id = $1`, model).Scan(&b.owner)
}

func (b *bulk) close() { _ = b.db.Close() } // all is stored, or was reported as an error

// openSQL opens a database for statements that take their time.
func openSQL(url string) *sql.DB {
	return sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url), pgdriver.WithTimeout(time.Hour)))
}

// copied is a table, what of it belongs to the model, and what differs in its copies; n is
// the number of the copy. A column of "" is left to the database.
type copied struct {
	table, of string
	other     map[string]string
}

// deriveUUID is another uuid for each copy of a column.
func deriveUUID(column string) string { return "md5(" + column + " || ':' || n)::uuid::text" }

// copies are the tables, those that others refer to first.
func (b *bulk) copies() []copied {
	ofChat := fmt.Sprintf("chat_id = %d", b.chat)
	ofDelivery := fmt.Sprintf("delivery_id IN (SELECT id FROM deliveries WHERE %s)", ofChat)
	chatID := fmt.Sprint(b.first, " + n")
	member := fmt.Sprintf("CASE WHEN member_id = %d THEN %d + n ELSE member_id END", b.owner, b.first)

	return []copied{
		{"members", fmt.Sprintf("id = %d", b.owner), map[string]string{
			"id":           chatID,
			"name":         "'Customer ' || n",
			"phone":        "'+1500' || lpad(n::text, 7, '0')",
			"email":        "'copy' || n || '@example.com'",
			"email_folded": "'copy' || n || '@example.com'",
		}},
		{"chats", fmt.Sprintf("id = %d", b.chat), map[string]string{
			// Older ones in between newer ones, as everywhere; a tenth of them waits.
			"id":               chatID,
			"member_id":        member,
			"last_activity_at": "last_activity_at - n % 1000 * interval '1 minute'",
			"attention":        "answered + CASE WHEN n % 10 = 0 THEN 1 ELSE 0 END",
			"needs_response":   "n % 10 = 0",
		}},
		{"chat_labels", ofChat, map[string]string{"chat_id": chatID}},
		{"participants", ofChat, map[string]string{"id": "", "chat_id": chatID, "member_id": member}},
		{"actions", ofChat, map[string]string{
			"id":              deriveUUID("id"),
			"chat_id":         chatID,
			"idempotency_key": "idempotency_key || ':' || n",
			"workflow_id":     "workflow_id || ':' || n",
		}},
		{"messages", ofChat, map[string]string{
			"number":    "",
			"id":        deriveUUID("id"),
			"chat_id":   chatID,
			"action_id": deriveUUID("action_id"),
			"member_id": member,
		}},
		{"deliveries", ofChat, map[string]string{
			"id":                  deriveUUID("id"),
			"chat_id":             chatID,
			"message_id":          deriveUUID("message_id"),
			"action_id":           deriveUUID("action_id"),
			"purpose_key":         "purpose_key || ':' || n",
			"provider_message_id": "provider_message_id || ':' || n",
			"to_address":          "'+1500' || lpad(n::text, 7, '0')",
		}},
		{"delivery_attempts", ofDelivery, map[string]string{"delivery_id": deriveUUID("delivery_id")}},
		{"provider_events", ofDelivery, map[string]string{
			"id":                  "",
			"event_key":           "event_key || ':' || n",
			"delivery_id":         deriveUUID("delivery_id"),
			"provider_message_id": "provider_message_id || ':' || n",
		}},
		{
			"audit_log",
			fmt.Sprintf("object IN (SELECT id FROM messages WHERE %s)", ofChat),
			map[string]string{"id": "", "object": deriveUUID("object")},
		},
	}
}

// grow makes copies until there are so many.
func (b *bulk) grow(ctx context.Context, to int) error {
	const atOnce = 2000

	bar := progressbar.NewOptions(
		to-b.made,
		progressbar.OptionSetWriter(b.out),
		progressbar.OptionSetDescription("storing chats"),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetVisibility(onTerminal(b.out)),
	)

	conn, err := b.db.Conn(ctx)
	if err != nil {
		return err
	}

	defer func() { _ = conn.Close() }() // all is stored, or reported as an error

	// What is copied refers to what is there; and checks that were planned when the tables
	// were empty would read all of them for every row.
	if _, err := conn.ExecContext(ctx, "SET session_replication_role = replica"); err != nil {
		return err
	}

	statements, err := b.statements(ctx)
	if err != nil {
		return err
	}

	for b.made < to {
		until := min(b.made+atOnce, to)
		for _, statement := range statements {
			if _, err := conn.ExecContext(ctx, statement, b.made, until-1); err != nil {
				return fmt.Errorf("copy with %s: %w", statement, err)
			}
		}

		if err := bar.Add(until - b.made); err != nil {
			return err
		}

		b.made = until
	}

	// As autovacuum would by and by.
	_, err = conn.ExecContext(ctx, "VACUUM ANALYZE")

	return err
}

// onTerminal reports whether somebody watches: a bar is nothing for a log.
func onTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// statements copy everything of the model for the numbers from $1 to $2.
func (b *bulk) statements(ctx context.Context) ([]string, error) {
	var all []string

	for _, c := range b.copies() {
		statement, err := b.statement(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("copy %s: %w", c.table, err)
		}

		all = append(all, statement)
	}

	return all, nil
}

// statement copies a table's rows.
func (b *bulk) statement(ctx context.Context, c copied) (string, error) {
	rows, err := b.db.QueryContext(ctx, `SELECT column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'
		ORDER BY ordinal_position`, c.table)
	if err != nil {
		return "", err
	}

	defer func() { _ = rows.Close() }() // Err reports what went wrong

	var columns, values []string

	for rows.Next() {
		var column string
		if err := rows.Scan(&column); err != nil {
			return "", err
		}

		value, differs := c.other[column]
		switch {
		case differs && value == "":
			continue
		case !differs:
			value = "t." + column
		}

		columns = append(columns, column)
		values = append(values, value)
	}

	statement := fmt.Sprintf(
		`INSERT INTO %s (%s) SELECT %s FROM %s AS t
			CROSS JOIN generate_series($1::int, $2::int) AS n WHERE %s ORDER BY n`,
		c.table,
		strings.Join(columns, ", "),
		strings.Join(values, ", "),
		c.table,
		c.of,
	)

	return statement, rows.Err()
}
