package db_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// typedNumbers are the cases of the paper: a number as people type it, and its one form.
var typedNumbers = map[string]string{
	"+4407911123456": "+447911123456",
	"+4901711234567": "+491711234567",
	"+330612345678":  "+33612345678",
	"+610412345678":  "+61412345678",
	"+114155550144":  "+14155550144",
	"+390612345678":  "+390612345678",
}

func TestNumbersAreStoredInOneForm(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()

		for typed, form := range typedNumbers {
			made, err := s.CreateMember(ctx, w.Workspace, w.By, dbtest.NewPerson("Ben Okri", typed, ""))
			require.NoError(t, err, typed)
			assert.Equal(t, form, made.Phone)

			stored, err := s.Member(ctx, w.Workspace, made.ID)
			require.NoError(t, err)
			assert.Equal(t, form, stored.Phone)

			found, err := s.Members(ctx, w.Workspace, chat.MemberFilter{Phone: form, Page: pageOfTen()})
			require.NoError(t, err)
			require.Len(t, found.Items, 1)
			assert.Equal(t, made.ID, found.Items[0].ID)

			_, err = s.UpdateMember(ctx, w.Workspace, w.By, made.ID, chat.MemberPatch{Phone: new("")})
			require.NoError(t, err)
			changed, err := s.UpdateMember(ctx, w.Workspace, w.By, made.ID, chat.MemberPatch{Phone: &typed})
			require.NoError(t, err, typed)
			assert.Equal(t, form, changed.Phone)

			number, err := s.CreatePhoneNumber(ctx, w.Workspace, w.By, chat.PhoneNumber{Number: typed})
			require.NoError(t, err, typed)
			assert.Equal(t, form, number.Number)

			number, err = s.UpdatePhoneNumber(ctx, w.Workspace, w.By, number.ID, chat.PhoneNumberPatch{Number: &typed})
			require.NoError(t, err, typed)
			assert.Equal(t, form, number.Number)
		}

		for _, wrong := range []string{"+12", "0044 7911 123456", "+10000000000", "\u202a+14155550145"} {
			_, err := s.CreateMember(ctx, w.Workspace, w.By, dbtest.NewPerson("Ben Okri", wrong, ""))
			requireCode(t, chat.CodeInvalidRequest, err)
			_, err = s.CreatePhoneNumber(ctx, w.Workspace, w.By, chat.PhoneNumber{Number: wrong})
			requireCode(t, chat.CodeInvalidRequest, err)
		}
	})
}

// A number that was typed with the zero of its country is the one that answers come from, and
// STOP reaches it.
func TestAnswersComeFromTheNumberAsItIs(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()

		for typed, form := range typedNumbers {
			person, err := s.CreateMember(t.Context(), w.Workspace, w.By, dbtest.NewPerson("Ben Okri", typed, ""))
			require.NoError(t, err)

			c, err := s.CreateChat(t.Context(), w.Workspace, w.By, chat.NewChat{
				Channel:           chat.ChannelSMS,
				MemberID:          person.ID,
				AssistantMemberID: &w.Assistant.ID,
				PhoneNumberID:     &w.PhoneNumber.ID,
			})
			require.NoError(t, err)

			waiting := w.Prepare(t, s, c.ID, "hello")

			arrival := receiveInbound(t, s, newText(form, "hi"), clock.now)
			assert.Equal(t, c.ID, arrival.ChatID, form)
			assert.Equal(t, person.ID, *messagesOf(t, s, w, c.ID)[0].MemberID)

			stop := newText(typed, "STOP")
			stop.Keyword = chat.KeywordStop
			assert.Len(t, receiveInbound(t, s, stop, clock.now).Stopped, 1, "what waits is not sent: %s", typed)
			requireStatus(t, s, w, waiting.DeliveryID, string(chat.SubmissionSuppressed))
			_, err = s.PrepareSend(t.Context(), w.Send(c.ID, "again"), dbtest.SendIDs(), dbtest.PlanText("again"))
			requireCode(t, chat.CodeRecipientOptedOut, err)
		}

		people, err := s.Members(t.Context(), w.Workspace, chat.MemberFilter{Page: chat.Page{Limit: 100}})
		require.NoError(t, err)
		assert.Len(t, people.Items, 3+len(typedNumbers), "no answer has made a stranger")
	})
}

func requireStatus(t *testing.T, s *db.Store, w *dbtest.World, id chat.DeliveryID, want string) {
	t.Helper()
	d, err := s.Delivery(t.Context(), w.Workspace, id)
	require.NoError(t, err)
	require.Equal(t, want, d.Status())
}

func TestMailAddressesAreOneWhateverTheirCase(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		ctx := t.Context()

		for _, one := range []struct{ typed, form, from string }{
			{"Ben.Okri@Example.COM", "Ben.Okri@example.com", "BEN.OKRI@example.com"},
			{"Ana@müller.example", "Ana@xn--mller-kva.example", "ana@XN--MLLER-KVA.example"},
			{"Ünal@example.com", "Ünal@example.com", "ünal@EXAMPLE.com"},
		} {
			person, err := s.CreateMember(ctx, w.Workspace, w.By, dbtest.NewPerson("Ben Okri", "", one.typed))
			require.NoError(t, err, one.typed)
			assert.Equal(t, one.form, person.Email)

			found, err := s.Members(ctx, w.Workspace, chat.MemberFilter{Email: strings.ToUpper(one.form), Page: pageOfTen()})
			require.NoError(t, err)
			assert.Len(t, found.Items, 1, one.form)

			c, err := s.CreateChat(ctx, w.Workspace, w.By, chat.NewChat{
				Channel:           chat.ChannelEmail,
				MemberID:          person.ID,
				AssistantMemberID: &w.Assistant.ID,
				InboxID:           &w.Inbox.ID,
			})
			require.NoError(t, err)
			assert.Equal(t, c.ID, receiveInbound(t, s, newMail(one.from, "hi"), clock.now).ChatID, one.from)

			w.Prepare(t, s, c.ID, "hello")

			stop := newMail(one.from, "STOP")
			stop.Keyword = chat.KeywordStop
			assert.Len(t, receiveInbound(t, s, stop, clock.now).Stopped, 1, one.from)
			_, err = s.PrepareSend(ctx, w.Send(c.ID, "again"), dbtest.SendIDs(), dbtest.PlanText("again"))
			requireCode(t, chat.CodeRecipientOptedOut, err)

			start := newMail(one.from, "START")
			start.Keyword = chat.KeywordStart
			receiveInbound(t, s, start, clock.now)
			w.Prepare(t, s, c.ID, "welcome back")

			_, err = s.CreateMember(ctx, w.Workspace, w.By, dbtest.NewPerson("Somebody", "", one.from))
			requireCode(t, chat.CodeAddressTaken, err)
		}

		_, err := s.CreateInbox(ctx, w.Workspace, w.By, chat.Inbox{Address: "help@MÜLLER.example"})
		require.NoError(t, err)
		_, err = s.CreateInbox(ctx, w.Workspace, w.By, chat.Inbox{Address: "Help@xn--mller-kva.example"})
		requireCode(t, chat.CodeAlreadyExists, err)
	})
}

func TestAnAddressBelongsToOneMember(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, other := dbtest.Seed(t, s), dbtest.Seed(t, s)
		ctx := t.Context()

		taken := func(err error, field string) {
			t.Helper()
			requireCode(t, chat.CodeAddressTaken, err)

			e := chat.AsError(err)
			assert.Equal(t, w.Customer.ID, e.MemberID)
			assert.Equal(t, field, e.Fields[0].Field)
			assert.NotContains(t, e.Message, "+1", "no number in an error")
		}

		_, err := s.CreateMember(ctx, w.Workspace, w.By, dbtest.NewPerson("Ben", "+114155550123", ""))
		taken(err, "phone")
		_, err = s.CreateMember(ctx, w.Workspace, w.By, dbtest.NewPerson("Ben", "", "ANA@Example.com"))
		taken(err, "email")

		ben, err := s.CreateMember(ctx, w.Workspace, w.By, dbtest.NewPerson("Ben", "+14155550180", "ben@example.com"))
		require.NoError(t, err)
		_, err = s.UpdateMember(ctx, w.Workspace, w.By, ben.ID, chat.MemberPatch{Phone: new("+14155550123")})
		taken(err, "phone")
		_, err = s.UpdateMember(ctx, w.Workspace, w.By, ben.ID, chat.MemberPatch{Email: new("Ana@example.com")})
		taken(err, "email")

		unchanged, err := s.Member(ctx, w.Workspace, ben.ID)
		require.NoError(t, err)
		assert.Equal(t, ben, unchanged)

		_, err = s.UpdateMember(ctx, w.Workspace, w.By, w.Customer.ID, chat.MemberPatch{
			Phone: new("+14155550123"),
			Email: new("ANA@example.com"),
		})
		require.NoError(t, err, "its own address, in another case")
		_, err = s.CreateMember(ctx, other.Workspace, other.By, dbtest.NewPerson("Ben", "+14155550180", ""))
		require.NoError(t, err, "another workspace")

		_, err = s.UpdateMember(ctx, w.Workspace, w.By, w.Customer.ID, chat.MemberPatch{Phone: new("")})
		require.NoError(t, err)
		_, err = s.UpdateMember(ctx, w.Workspace, w.By, ben.ID, chat.MemberPatch{Phone: new("+14155550123")})
		require.NoError(t, err, "it was given up")
	})
}

func TestOneOfManyAtOnceGetsAnAddress(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)

		const many = 6

		var all sync.WaitGroup

		made, errs := make([]chat.Member, many), make([]error, many)
		arrivals, arrived := make([]chat.Arrival, many), make([]error, many)

		for i := range many {
			all.Go(func() {
				made[i], errs[i] = s.CreateMember(
					t.Context(),
					w.Workspace,
					w.By,
					dbtest.NewPerson("Ben", "+14155550181", ""),
				)
			})
			all.Go(func() {
				arrivals[i], arrived[i] = s.ReceiveInbound(
					t.Context(),
					newText("+14155550181", "hello"),
					inboundID(),
					newClock().now,
				)
			})
		}

		all.Wait()

		found, err := s.Members(t.Context(), w.Workspace, chat.MemberFilter{Phone: "+14155550181", Page: pageOfTen()})
		require.NoError(t, err)
		require.Len(t, found.Items, 1)

		for i := range many {
			require.NoError(t, arrived[i], "no message is refused because somebody else was faster")
			assert.Equal(t, arrivals[0].ChatID, arrivals[i].ChatID)

			if errs[i] == nil {
				assert.Equal(t, found.Items[0].ID, made[i].ID)
				continue
			}

			requireCode(t, chat.CodeAddressTaken, errs[i])
			assert.Equal(t, found.Items[0].ID, chat.AsError(errs[i]).MemberID)
		}
	})
}

// beforeAddresses takes a database back to before the migration of addresses.
func beforeAddresses(t *testing.T, s *db.Store) {
	t.Helper()

	for _, statement := range []string{
		"DROP TABLE member_merges",
		"DROP INDEX members_owned_phone",
		"DROP INDEX members_owned_email",
		"DROP INDEX members_email",
		"ALTER TABLE members DROP COLUMN owns_phone",
		"ALTER TABLE members DROP COLUMN owns_email",
		"ALTER TABLE members DROP COLUMN email_folded",
		"ALTER TABLE deliveries DROP COLUMN to_folded",
		"CREATE INDEX members_email ON members (workspace_id, lower(email)) WHERE email <> ''",
		"DELETE FROM bun_migrations WHERE name = '20261128000022'",
	} {
		_, err := s.Bun().ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
}

func execute(t *testing.T, s *db.Store, statement string, args ...any) {
	t.Helper()
	_, err := s.Bun().NewRaw(statement, args...).Exec(t.Context())
	require.NoError(t, err, statement)
}

func TestWhatIsStoredGetsItsForm(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		ctx := t.Context()
		people := map[string]chat.Member{}

		for _, name := range []string{"oldest", "twin", "alone", "name"} {
			m, err := s.CreateMember(ctx, w.Workspace, w.By, dbtest.NewPerson(name, "", ""))
			require.NoError(t, err)

			people[name] = m
		}

		second, err := s.CreatePhoneNumber(ctx, w.Workspace, w.By, chat.PhoneNumber{Number: "+14155550199"})
		require.NoError(t, err)
		waiting := w.Prepare(t, s, w.SMS.ID, "hello")
		posted := w.Prepare(t, s, w.Email.ID, "hello")
		w.Claim(t, s, posted.DeliveryID, clock.now)

		beforeAddresses(t, s)

		set := func(who, phone, email string) {
			execute(t, s, "UPDATE members SET phone = ?, email = ? WHERE id = ?", phone, email, people[who].ID)
		}
		set("oldest", "+4407911123456", "Old@Müller.example")
		set("twin", "+447911123456", "old@xn--mller-kva.example")
		set("alone", "+330612345678", "Alone@Example.COM")
		set("name", "SUPPORT", "")
		execute(t, s, "UPDATE members SET phone = ? WHERE id = ?", "+114155550123", w.Customer.ID)
		execute(t, s, "UPDATE phone_numbers SET number = ? WHERE id = ?", "+4402071838750", w.PhoneNumber.ID)
		execute(t, s, "UPDATE phone_numbers SET number = ? WHERE id = ?", "+442071838750", second.ID)
		execute(t, s, "UPDATE inboxes SET address = ?, address_folded = ?", "Help@MÜLLER.example", "help@müller.example")
		execute(t, s, "UPDATE deliveries SET to_address = ? WHERE id = ?", "+114155550123", waiting.DeliveryID)
		execute(t, s, "UPDATE deliveries SET to_address = ? WHERE id = ?", "Ana@MÜLLER.example", posted.DeliveryID)

		var labels []chat.Label

		for _, name := range []string{"first", "second", "third"} {
			l, err := s.CreateLabel(ctx, w.Workspace, w.By, chat.Label{Name: name})
			require.NoError(t, err)

			labels = append(labels, l)
		}

		execute(t, s, "UPDATE labels SET name = 'STRASSE', folded = 'strasse' WHERE id = ?", labels[0].ID)
		execute(t, s, "UPDATE labels SET name = 'Straße', folded = 'straße' WHERE id = ?", labels[1].ID)
		execute(t, s, "UPDATE labels SET name = 'ΣΑΣ', folded = 'σασ ' WHERE id = ?", labels[2].ID)

		for _, address := range []string{"+114155550123", "+14155550123"} {
			execute(t, s, "INSERT INTO suppressions (workspace_id, channel, sender, address, reason, created_at) "+
				"VALUES (?, 'phone-sms', ?, ?, 'opt_out', ?)", w.Workspace, w.PhoneNumber.Scope(), address, clock.now)
		}

		migrator := db.NewMigrator(s)
		applied, err := migrator.Up(ctx)
		require.NoError(t, err)
		assert.Equal(t, []string{"20261128000022"}, applied)

		told := map[string]string{}

		for _, c := range migrator.AddressChanges() {
			assert.Equal(t, w.Workspace, c.WorkspaceID)

			told[c.Of+" "+c.Old] = c.New + "|" + c.Left
		}

		id := func(who string) string { return "member " + idText(people[who].ID) }
		left := "it is that of " + id("oldest") + ": handrail members merge " + idText(people["twin"].ID) + " --into " +
			idText(people["oldest"].ID)
		assert.Equal(t, map[string]string{
			id("oldest") + " +4407911123456":                               "+447911123456|",
			id("oldest") + " Old@Müller.example":                           "Old@xn--mller-kva.example|",
			id("twin") + " +447911123456":                                  "+447911123456|" + left,
			id("twin") + " old@xn--mller-kva.example":                      "old@xn--mller-kva.example|" + left,
			id("alone") + " +330612345678":                                 "+33612345678|",
			id("alone") + " Alone@Example.COM":                             "Alone@example.com|",
			"member " + idText(w.Customer.ID) + " +114155550123":           "+14155550123|",
			"phone number " + idText(w.PhoneNumber.ID) + " +4402071838750": "+4402071838750|another phone number has +442071838750: use that one, and delete this one",
			"inbox " + idText(w.Inbox.ID) + " Help@MÜLLER.example":         "Help@xn--mller-kva.example|",
			"delivery " + string(waiting.DeliveryID) + " +114155550123":    "+14155550123|",
			"suppression 1 +114155550123":                                  "+14155550123|",
			"label " + idText(labels[1].ID) + " Straße": "Straße|another label has this name in other letters: " +
				"rename or delete it",
		}, told)

		again, err := db.NewMigrator(s).Up(ctx)
		require.NoError(t, err)
		assert.Empty(t, again)

		_, err = s.CreateLabel(ctx, w.Workspace, w.By, chat.Label{Name: "σας"})
		requireCode(t, chat.CodeAlreadyExists, err)

		requireMigratedAddresses(t, s, w, people)

		d, err := s.Delivery(ctx, w.Workspace, waiting.DeliveryID)
		require.NoError(t, err)
		assert.Equal(t, "+14155550123", d.To)
		d, err = s.Delivery(ctx, w.Workspace, posted.DeliveryID)
		require.NoError(t, err)
		assert.Equal(t, "Ana@MÜLLER.example", d.To, "its provider has it under this address")

		claim, err := s.Claim(ctx, w.Workspace, waiting.DeliveryID, clock.now, 60e9)
		require.NoError(t, err)
		assert.False(t, claim.Granted, "the address is on the list of its sender")

		lists, err := s.Suppressions(ctx, w.Workspace, chat.SuppressionFilter{Page: pageOfTen()})
		require.NoError(t, err)
		require.Len(t, lists.Items, 1)
		assert.Equal(t, "+14155550123", lists.Items[0].Address)
	})
}

// requireMigratedAddresses checks whose an address is after the migration, and what becomes of
// the one that two had.
func requireMigratedAddresses(t *testing.T, s *db.Store, w *dbtest.World, people map[string]chat.Member) {
	t.Helper()
	ctx := t.Context()

	shared, err := s.SharedAddresses(ctx)
	require.NoError(t, err)
	assert.Len(t, shared, 2, "the twin's phone number and email address")

	_, err = s.CreateMember(ctx, w.Workspace, w.By, dbtest.NewPerson("new", "+447911123456", ""))
	requireCode(t, chat.CodeAddressTaken, err)
	assert.Equal(t, people["oldest"].ID, chat.AsError(err).MemberID)
	_, err = s.CreateMember(ctx, w.Workspace, w.By, dbtest.NewPerson("new", "", "ALONE@example.com"))
	requireCode(t, chat.CodeAddressTaken, err)

	_, err = s.UpdateMember(ctx, w.Workspace, w.By, people["twin"].ID, chat.MemberPatch{Name: new("Twin")})
	require.NoError(t, err, "what two had is no obstacle to other changes")

	_, err = s.UpdateMember(ctx, w.Workspace, w.By, people["oldest"].ID, chat.MemberPatch{Phone: new("")})
	require.NoError(t, err)
	_, err = s.CreateMember(ctx, w.Workspace, w.By, dbtest.NewPerson("new", "+447911123456", ""))
	requireCode(t, chat.CodeAddressTaken, err)
	assert.Equal(t, people["twin"].ID, chat.AsError(err).MemberID, "whoever has it left")

	_, err = s.MergeMembers(ctx, w.Workspace, w.By, chat.MemberMerge{From: people["twin"].ID, Into: people["oldest"].ID})
	require.NoError(t, err)
	shared, err = s.SharedAddresses(ctx)
	require.NoError(t, err)
	assert.Empty(t, shared)

	_, err = s.CreateMember(ctx, w.Workspace, w.By, dbtest.NewPerson("new", "+447911123456", ""))
	requireCode(t, chat.CodeAddressTaken, err)
	assert.Equal(t, people["oldest"].ID, chat.AsError(err).MemberID)
}
