package db

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"handrail/canonical"
	"handrail/chat"
)

// addressMigration is the migration after which what is stored is put into its one form.
const addressMigration = "20261128000022"

// AddressChange is an address that was put into its one form, or could not be.
type AddressChange struct {
	WorkspaceID chat.WorkspaceID
	// Of names what has it: "member 12", "phone number 3".
	Of  string
	Old string
	// New is the address now, the same as Old when it was in its form already.
	New string
	// Left says what a person must do, "" for nothing.
	Left string
}

// addressRow is a row of any table that holds an address. The migration names its columns: the
// tables of later versions have others.
type addressRow struct {
	ID          string           `bun:"id"`
	WorkspaceID chat.WorkspaceID `bun:"workspace_id"`
	Channel     chat.Channel     `bun:"channel"`
	Sender      string           `bun:"sender"`
	Address     string           `bun:"address"`
	Folded      string           `bun:"folded"`
	// Posted reports that a provider may have it under this address.
	Posted bool `bun:"posted"`
}

// addressMigrator puts the addresses of a database into their one form, in the transaction of the
// migration.
type addressMigrator struct {
	tx      bun.IDB
	now     time.Time
	changes []AddressChange
}

// canonicalizeAddresses puts every stored address into its one form, and gives each to one member.
// What would become the same as another row's is left, and said: existing data stops no migration.
func canonicalizeAddresses(ctx context.Context, tx bun.IDB, now time.Time) ([]AddressChange, error) {
	m := &addressMigrator{tx: tx, now: now}

	for _, step := range []func(context.Context) error{
		m.members, m.phoneNumbers, m.inboxes, m.suppressions, m.questions, m.deliveries, m.labels,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}

	for _, column := range []string{"phone", "email_folded"} {
		if _, err := assignAddresses(tx, column).Exec(ctx); err != nil {
			return nil, err
		}
	}

	shared, err := sharedAddresses(ctx, tx)

	return append(m.changes, shared...), err
}

// SharedAddresses lists the members, of every workspace, whose address belongs to another member
// since before addresses were unique.
func (s *Store) SharedAddresses(ctx context.Context) ([]AddressChange, error) {
	shared, err := sharedAddresses(ctx, s.db)
	return shared, wrapErr("list the shared addresses", err)
}

func sharedAddresses(ctx context.Context, db bun.IDB) ([]AddressChange, error) {
	var rows []struct {
		ID          chat.MemberID
		WorkspaceID chat.WorkspaceID
		Address     string
		Owner       chat.MemberID
	}

	err := db.NewRaw(`SELECT m.workspace_id, m.id, m.phone AS address, o.id AS owner
			FROM members AS m JOIN members AS o
				ON o.workspace_id = m.workspace_id AND o.phone = m.phone AND o.owns_phone
			WHERE m.phone <> '' AND NOT m.owns_phone
		UNION ALL SELECT m.workspace_id, m.id, m.email AS address, o.id AS owner
			FROM members AS m JOIN members AS o
				ON o.workspace_id = m.workspace_id AND o.email_folded = m.email_folded AND o.owns_email
			WHERE m.email_folded <> '' AND NOT m.owns_email
		ORDER BY 1, 2, 3`).Scan(ctx, &rows)
	if err != nil {
		return nil, unlessNone(err)
	}

	shared := make([]AddressChange, len(rows))
	for i, row := range rows {
		shared[i] = AddressChange{
			WorkspaceID: row.WorkspaceID,
			Of:          fmt.Sprintf("member %d", row.ID),
			Old:         row.Address,
			New:         row.Address,
			Left: fmt.Sprintf(
				"it is that of member %d: handrail members merge %d --into %d",
				row.Owner,
				row.ID,
				row.Owner,
			),
		}
	}

	return shared, nil
}

// note records what became of an address.
func (m *addressMigrator) note(what string, row *addressRow, form, left string) {
	if form == row.Address && left == "" {
		return
	}

	m.changes = append(m.changes, AddressChange{
		WorkspaceID: row.WorkspaceID,
		Of:          what + " " + row.ID,
		Old:         row.Address,
		New:         form,
		Left:        left,
	})
}

// read reads the rows of a query.
func (m *addressMigrator) read(ctx context.Context, query string) ([]addressRow, error) {
	var rows []addressRow

	err := m.tx.NewRaw(query).Scan(ctx, &rows)

	return rows, unlessNone(err)
}

// exists reports whether a query finds anything.
func (m *addressMigrator) exists(ctx context.Context, query string, args ...any) (bool, error) {
	var found bool

	err := m.tx.NewRaw("SELECT EXISTS ("+query+")", args...).Scan(ctx, &found)

	return found, err
}

// run runs a statement.
func (m *addressMigrator) run(ctx context.Context, query string, args ...any) error {
	_, err := m.tx.NewRaw(query, args...).Exec(ctx)
	return err
}

// addressPage is how many members are read at once.
const addressPage = 1000

func (m *addressMigrator) members(ctx context.Context) error {
	for after := chat.MemberID(0); ; {
		var rows []struct {
			ID          chat.MemberID
			WorkspaceID chat.WorkspaceID
			Phone       string
			Email       string
		}

		err := m.tx.NewRaw(`SELECT id, workspace_id, phone, email FROM members
			WHERE id > ? AND (phone <> '' OR email <> '') ORDER BY id LIMIT ?`, after, addressPage).Scan(ctx, &rows)
		if unlessNone(err) != nil {
			return err
		}

		for _, row := range rows {
			after = row.ID
			phone := canonical.Of(chat.AddressPhone, row.Phone)
			email := canonical.Of(chat.AddressEmail, row.Email)
			id := objectID(row.ID)

			m.note("member", &addressRow{ID: id, WorkspaceID: row.WorkspaceID, Address: row.Phone}, phone, "")
			m.note("member", &addressRow{ID: id, WorkspaceID: row.WorkspaceID, Address: row.Email}, email, "")

			err := m.run(ctx, `UPDATE members SET phone = ?, email = ?, email_folded = ?
				WHERE workspace_id = ? AND id = ?`,
				phone, email, chat.FoldAddress(email), row.WorkspaceID, row.ID)
			if err != nil {
				return err
			}
		}

		if len(rows) < addressPage {
			return nil
		}
	}
}

func (m *addressMigrator) phoneNumbers(ctx context.Context) error {
	rows, err := m.read(ctx, `SELECT CAST(id AS text) AS id, workspace_id, number AS address FROM phone_numbers
		WHERE number <> '' ORDER BY phone_numbers.id`)
	if err != nil {
		return err
	}

	for i := range rows {
		row := &rows[i]

		form := canonical.Of(chat.AddressPhone, row.Address)
		if form == row.Address {
			continue
		}

		taken, err := m.exists(ctx, `SELECT 1 FROM phone_numbers WHERE workspace_id = ? AND number = ?`,
			row.WorkspaceID, form)
		if err != nil {
			return err
		}

		if taken {
			left := "another phone number has " + form + ": use that one, and delete this one"
			m.note("phone number", row, row.Address, left)

			continue
		}

		m.note("phone number", row, form, "")

		err = m.run(ctx, `UPDATE phone_numbers SET number = ? WHERE workspace_id = ? AND number = ?`,
			form, row.WorkspaceID, row.Address)
		if err != nil {
			return err
		}
	}

	return nil
}

func (m *addressMigrator) inboxes(ctx context.Context) error {
	rows, err := m.read(ctx, `SELECT CAST(id AS text) AS id, workspace_id, address, address_folded AS folded
		FROM inboxes ORDER BY inboxes.id`)
	if err != nil {
		return err
	}

	for i := range rows {
		row := &rows[i]
		form := canonical.Of(chat.AddressEmail, row.Address)

		folded := chat.FoldAddress(form)
		if form == row.Address && folded == row.Folded {
			continue
		}

		taken, err := m.exists(ctx, `SELECT 1 FROM inboxes
			WHERE workspace_id = ? AND address_folded = ? AND address <> ?`,
			row.WorkspaceID, folded, row.Address)
		if err != nil {
			return err
		}

		if taken {
			m.note("inbox", row, row.Address, "another inbox has "+form+": use that one, and delete this one")
			continue
		}

		m.note("inbox", row, form, "")

		err = m.run(ctx, `UPDATE inboxes SET address = ?, address_folded = ?
			WHERE workspace_id = ? AND address_folded = ?`,
			form, folded, row.WorkspaceID, row.Folded)
		if err != nil {
			return err
		}
	}

	return nil
}

// suppressions brings the lists to what is looked up. One that its list has already in the new
// form is closed, since it says the same.
func (m *addressMigrator) suppressions(ctx context.Context) error {
	rows, err := m.read(ctx, `SELECT CAST(id AS text) AS id, workspace_id, channel, sender, address FROM suppressions
		WHERE lifted_at IS NULL ORDER BY suppressions.id`)
	if err != nil {
		return err
	}

	const one = ` workspace_id = ? AND channel = ? AND sender = ? AND address = ? AND lifted_at IS NULL`

	for i := range rows {
		row := &rows[i]

		form := foldedAddress(row.Channel, row.Address)
		sender := foldedAddress(row.Channel, row.Sender)

		if form == row.Address && sender == row.Sender {
			continue
		}

		if form != row.Address {
			m.note("suppression", row, form, "")
		}

		listed, err := m.exists(ctx, `SELECT 1 FROM suppressions WHERE`+one,
			row.WorkspaceID, row.Channel, sender, form)
		if err != nil {
			return err
		}

		if listed {
			err = m.run(ctx, `UPDATE suppressions SET lifted_at = ? WHERE`+one,
				m.now, row.WorkspaceID, row.Channel, row.Sender, row.Address)
		} else {
			err = m.run(ctx, `UPDATE suppressions SET address = ?, sender = ? WHERE`+one,
				form, sender, row.WorkspaceID, row.Channel, row.Sender, row.Address)
		}

		if err != nil {
			return err
		}
	}

	return nil
}

// questions lets answers to questions be found that are open.
func (m *addressMigrator) questions(ctx context.Context) error {
	rows, err := m.read(ctx, `SELECT id, workspace_id, channel, sender, address FROM contributor_asks
		WHERE state IN ('pending', 'asked', 'replied', 'unreadable') ORDER BY id`)
	if err != nil {
		return err
	}

	for i := range rows {
		row := &rows[i]

		form := foldedAddress(row.Channel, row.Address)
		if form == row.Address {
			continue
		}

		// Two questions to one person at once: the later one is answered by its token only.
		busy, err := m.exists(ctx, `SELECT 1 FROM contributor_asks WHERE workspace_id = ? AND sender = ? AND address = ?
			AND state IN ('asked', 'replied', 'unreadable')`, row.WorkspaceID, row.Sender, form)
		if err != nil {
			return err
		}

		if busy {
			m.note("question", row, row.Address, "another question to "+form+" is open")
			continue
		}

		m.note("question", row, form, "")

		err = m.run(ctx, `UPDATE contributor_asks SET address = ? WHERE workspace_id = ? AND id = ?`,
			form, row.WorkspaceID, row.ID)
		if err != nil {
			return err
		}
	}

	return nil
}

// deliveries changes where a message goes that no provider can have. What may have been posted is
// looked for under the address that it was posted to.
func (m *addressMigrator) deliveries(ctx context.Context) error {
	rows, err := m.read(ctx, `SELECT id, workspace_id, channel, to_address AS address, to_folded AS folded,
			(submission NOT IN ('pending', 'blocked') OR evidence <> 'none') AS posted
		FROM deliveries
		WHERE submission IN ('pending', 'sending', 'blocked', 'unknown', 'needs_review') AND to_address <> ''
		ORDER BY id`)
	if err != nil {
		return err
	}

	for i := range rows {
		row := &rows[i]
		form := canonical.Of(row.Channel.Spec().Address, row.Address)

		folded := chat.FoldAddress(form)
		if row.Posted {
			form = row.Address
		}

		if form == row.Address && folded == row.Folded {
			continue
		}

		m.note("delivery", row, form, "")

		err = m.run(ctx, `UPDATE deliveries SET to_address = ?, to_folded = ? WHERE workspace_id = ? AND id = ?`,
			form, folded, row.WorkspaceID, row.ID)
		if err != nil {
			return err
		}
	}

	return nil
}
