package db_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

func TestMembers(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		stored, err := s.Member(t.Context(), w.Workspace, w.Customer.ID)
		require.NoError(t, err)
		assert.Equal(t, w.Customer, stored)

		phone := ""
		off := false
		consent := chat.ConsentRevoked
		changed, err := s.UpdateMember(t.Context(), w.Workspace, w.By, w.Customer.ID,
			chat.MemberPatch{Phone: &phone, NotificationsEnabled: &off, Consents: chat.Consents{chat.ChannelSMS: consent}})

		require.NoError(t, err)
		stored, err = s.Member(t.Context(), w.Workspace, w.Customer.ID)
		require.NoError(t, err)
		assert.Equal(t, changed, stored)
		assert.Empty(t, stored.Phone)
		assert.Equal(t, chat.ConsentRevoked, stored.Consents.On(chat.ChannelSMS))
		assert.Equal(t, "Ana Lopez", stored.Name)

		bad := "not a number"
		_, err = s.UpdateMember(t.Context(), w.Workspace, w.By, w.Customer.ID, chat.MemberPatch{Phone: &bad})
		requireCode(t, chat.CodeInvalidRequest, err)
		_, err = s.UpdateMember(t.Context(), w.Workspace, w.By, 999, chat.MemberPatch{})
		requireCode(t, chat.CodeMemberNotFound, err)
		_, err = s.Member(t.Context(), w.Workspace, 999)
		requireCode(t, chat.CodeMemberNotFound, err)
		_, err = s.CreateMember(t.Context(), w.Workspace, w.By, chat.Member{})
		requireCode(t, chat.CodeInvalidRequest, err)
	})
}

func TestMembersList(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		for _, name := range []string{"José 100%", "A_B", "AxB", "Bang!"} {
			_, err := s.CreateMember(t.Context(), w.Workspace, w.By, dbtest.NewPerson(name, "", ""))
			require.NoError(t, err)
		}

		names := func(f chat.MemberFilter) []string {
			var all []string
			for _, m := range readPages(t, 2, func(p chat.Page) (chat.List[chat.Member], error) {
				f.Page = p
				return s.Members(t.Context(), w.Workspace, f)
			}) {
				all = append(all, m.Name)
			}

			return all
		}

		assert.Equal(
			t,
			[]string{"Mona Manager", "Handy", "Ana Lopez", "José 100%", "A_B", "AxB", "Bang!"},
			names(chat.MemberFilter{}),
		)

		assert.Equal(t, []string{"Handy"}, names(chat.MemberFilter{Kind: chat.KindAssistant}))
		assert.Equal(t, []string{"A_B"}, names(chat.MemberFilter{Query: "a_b"}), "_ is itself")
		assert.Equal(t, []string{"José 100%"}, names(chat.MemberFilter{Query: "0%"}), "%% is itself")
		assert.Equal(t, []string{"Bang!"}, names(chat.MemberFilter{Query: "bang!"}))
		assert.Equal(t, []string{"José 100%"}, names(chat.MemberFilter{Query: "JOSÉ"}), "case is folded beyond ASCII")
		assert.Empty(t, names(chat.MemberFilter{Query: "nobody"}))
	})
}

func TestLabels(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		_, err := s.CreateLabel(t.Context(), w.Workspace, w.By, chat.Label{Name: " vip "})
		requireCode(t, chat.CodeAlreadyExists, err)
		_, err = s.CreateLabel(t.Context(), w.Workspace, w.By, chat.Label{})
		requireCode(t, chat.CodeInvalidRequest, err)
		other := dbtest.Seed(t, s)
		assert.NotEqual(t, w.VIP.ID, other.VIP.ID, "two workspaces may have labels of one name")

		name := "Invoices"
		changed, err := s.UpdateLabel(t.Context(), w.Workspace, w.By, w.Billing.ID, chat.LabelPatch{Name: &name})
		require.NoError(t, err)
		assert.Equal(t, "Invoices and payments", changed.Description)
		labels, err := s.Labels(t.Context(), w.Workspace)
		require.NoError(t, err)
		assert.Equal(t, []chat.Label{changed, w.VIP}, labels, "in the order of their names")

		taken := "VIP"
		_, err = s.UpdateLabel(t.Context(), w.Workspace, w.By, w.Billing.ID, chat.LabelPatch{Name: &taken})
		requireCode(t, chat.CodeAlreadyExists, err)
		_, err = s.UpdateLabel(t.Context(), w.Workspace, w.By, 999, chat.LabelPatch{})
		requireCode(t, chat.CodeLabelNotFound, err)

		_, err = s.UpdateChat(
			t.Context(),
			w.Workspace,
			w.By,
			w.SMS.ID,
			chat.ChatPatch{LabelIDs: &[]chat.LabelID{w.VIP.ID}},
		)
		require.NoError(t, err)
		require.NoError(t, s.DeleteLabel(t.Context(), w.Workspace, w.By, w.VIP.ID))
		c, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Empty(t, c.Labels)
		_, err = s.Label(t.Context(), w.Workspace, w.VIP.ID)
		requireCode(t, chat.CodeLabelNotFound, err)
		requireCode(t, chat.CodeLabelNotFound, s.DeleteLabel(t.Context(), w.Workspace, w.By, w.VIP.ID))
		assert.Equal(t, []string{"label.deleted", "chat.updated", "label.updated"}, auditVerbs(t, s, w.Workspace)[:3])
	})
}

func TestSenders(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		_, err := s.CreatePhoneNumber(t.Context(), w.Workspace, w.By, chat.PhoneNumber{Number: w.PhoneNumber.Number})
		requireCode(t, chat.CodeAlreadyExists, err)

		service := chat.PhoneNumber{MessagingServiceSID: "MG0123456789abcdef0123456789abcdef"}
		created, err := s.CreatePhoneNumber(t.Context(), w.Workspace, w.By, service)
		require.NoError(t, err)
		_, err = s.CreatePhoneNumber(t.Context(), w.Workspace, w.By, service)
		requireCode(t, chat.CodeAlreadyExists, err)

		name := "Bulk"
		created, err = s.UpdatePhoneNumber(
			t.Context(),
			w.Workspace,
			w.By,
			created.ID,
			chat.PhoneNumberPatch{Name: &name},
		)
		require.NoError(t, err)
		numbers, err := s.PhoneNumbers(t.Context(), w.Workspace)
		require.NoError(t, err)
		assert.Equal(t, []chat.PhoneNumber{w.PhoneNumber, created}, numbers)
		requireCode(t, chat.CodeInUse, s.DeletePhoneNumber(t.Context(), w.Workspace, w.By, w.PhoneNumber.ID))
		require.NoError(t, s.DeletePhoneNumber(t.Context(), w.Workspace, w.By, created.ID))
		_, err = s.PhoneNumber(t.Context(), w.Workspace, created.ID)
		requireCode(t, chat.CodeSenderNotFound, err)
		requireCode(t, chat.CodeSenderNotFound, s.DeletePhoneNumber(t.Context(), w.Workspace, w.By, created.ID))

		_, err = s.CreateInbox(t.Context(), w.Workspace, w.By, chat.Inbox{Address: "SUPPORT@example.com"})
		requireCode(t, chat.CodeAlreadyExists, err)

		display := "Help"
		inbox, err := s.UpdateInbox(t.Context(), w.Workspace, w.By, w.Inbox.ID, chat.InboxPatch{DisplayName: &display})
		require.NoError(t, err)
		inboxes, err := s.Inboxes(t.Context(), w.Workspace)
		require.NoError(t, err)
		assert.Equal(t, []chat.Inbox{inbox}, inboxes)
		requireCode(t, chat.CodeInUse, s.DeleteInbox(t.Context(), w.Workspace, w.By, w.Inbox.ID))
		require.NoError(t, errorOf(s.DeleteChat(t.Context(), w.Workspace, w.By, w.Email.ID, true)))

		require.NoError(
			t,
			s.DeleteInbox(t.Context(), w.Workspace, w.By, w.Inbox.ID),
			"a deleted chat lets go of its sender",
		)

		_, err = s.Inbox(t.Context(), w.Workspace, w.Inbox.ID)
		requireCode(t, chat.CodeSenderNotFound, err)
	})
}
