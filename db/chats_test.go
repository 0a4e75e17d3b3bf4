package db_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

func TestCreateChat(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, other := dbtest.Seed(t, s), dbtest.Seed(t, s)
		stored, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Equal(t, w.SMS, stored)
		people, err := s.Participants(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		require.Len(t, people, 3)
		assert.Equal(t, chat.ParticipantOwner, people[0].Role)
		assert.Equal(t, "Ana Lopez", people[0].MemberName)
		assert.Equal(t, chat.KindAssistant, people[1].MemberKind)
		assert.Equal(t, w.Manager.ID, people[2].MemberID)

		good := chat.NewChat{Channel: chat.ChannelSMS, MemberID: w.Customer.ID, AssistantMemberID: &w.Assistant.ID}
		for name, test := range map[string]struct {
			change func(*chat.NewChat)
			code   chat.Code
		}{
			"a channel that is none": {func(c *chat.NewChat) { c.Channel = "fax" }, chat.CodeInvalidRequest},
			"a member twice": {func(c *chat.NewChat) {
				c.Participants = []chat.NewParticipant{{MemberID: w.Customer.ID, Role: chat.ParticipantObserver}}
			}, chat.CodeParticipantExists},
			"a foreign member": {func(c *chat.NewChat) { c.MemberID = other.Customer.ID }, chat.CodeMemberNotFound},
			"a foreign participant": {func(c *chat.NewChat) {
				c.Participants = []chat.NewParticipant{{MemberID: other.Manager.ID, Role: chat.ParticipantObserver}}
			}, chat.CodeMemberNotFound},
			"an assistant that is one": {func(c *chat.NewChat) { c.AssistantMemberID = &w.Manager.ID }, chat.CodeAssistantNotFound},
			"a foreign assistant":      {func(c *chat.NewChat) { c.AssistantMemberID = &other.Assistant.ID }, chat.CodeAssistantNotFound},
			"a foreign sender":         {func(c *chat.NewChat) { c.PhoneNumberID = &other.PhoneNumber.ID }, chat.CodeSenderNotFound},
			"the wrong kind of sender": {func(c *chat.NewChat) { c.InboxID = &w.Inbox.ID }, chat.CodeInvalidRequest},
		} {
			in := good
			test.change(&in)
			_, err := s.CreateChat(t.Context(), w.Workspace, w.By, in)
			require.Equal(t, test.code, chat.CodeOf(err), name)
		}

		list, err := s.Chats(t.Context(), w.Workspace, chat.ChatFilter{Page: pageOfTen()})
		require.NoError(t, err)
		assert.Len(t, list.Items, 2, "what was refused stored nothing")
	})
}

func TestUpdateChat(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, other := dbtest.Seed(t, s), dbtest.Seed(t, s)
		update := func(p chat.ChatPatch) (chat.Chat, error) {
			return s.UpdateChat(t.Context(), w.Workspace, w.By, w.SMS.ID, p)
		}

		title, state := "Parcel found", chat.StateClosed
		c, err := update(
			chat.ChatPatch{Title: &title, State: &state, LabelIDs: &[]chat.LabelID{w.VIP.ID, w.Billing.ID, w.VIP.ID}},
		)
		require.NoError(t, err)
		assert.Equal(t, "Parcel found", c.Title)
		assert.Equal(t, sources{"Billing": chat.LabelByPerson, "VIP": chat.LabelByPerson}, labelSources(c))
		stored, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Equal(t, c, stored)
		c, err = update(chat.ChatPatch{LabelIDs: &[]chat.LabelID{}})
		require.NoError(t, err)
		assert.Empty(t, c.Labels)

		yes, no := true, false

		addMessage(t, s, w, w.SMS.ID, "one")
		addMessage(t, s, w, w.SMS.ID, "two")

		c, err = update(chat.ChatPatch{NeedsResponse: &no})
		require.NoError(t, err)
		assert.Equal(t, []any{false, int64(2), int64(2)}, []any{c.NeedsResponse, c.Attention, c.Answered})
		c, err = update(chat.ChatPatch{NeedsResponse: &yes})
		require.NoError(t, err)
		assert.Equal(t, []any{true, int64(3), int64(2)}, []any{c.NeedsResponse, c.Attention, c.Answered})
		c, err = update(chat.ChatPatch{NeedsResponse: &yes})
		require.NoError(t, err)
		assert.Equal(t, int64(3), c.Attention, "already")

		nowhere := chat.State("nowhere")
		for name, test := range map[string]struct {
			patch chat.ChatPatch
			code  chat.Code
		}{
			"a state that is none":        {chat.ChatPatch{State: &nowhere}, chat.CodeInvalidRequest},
			"the wrong kind of sender":    {chat.ChatPatch{InboxID: &w.Inbox.ID}, chat.CodeInvalidRequest},
			"a foreign sender":            {chat.ChatPatch{PhoneNumberID: &other.PhoneNumber.ID}, chat.CodeSenderNotFound},
			"a foreign label":             {chat.ChatPatch{LabelIDs: &[]chat.LabelID{other.VIP.ID}}, chat.CodeLabelNotFound},
			"a foreign assistant":         {chat.ChatPatch{AssistantMemberID: &other.Assistant.ID}, chat.CodeAssistantNotFound},
			"an assistant that is person": {chat.ChatPatch{AssistantMemberID: &w.Manager.ID}, chat.CodeAssistantNotFound},
		} {
			_, err := update(test.patch)
			require.Equal(t, test.code, chat.CodeOf(err), name)
		}

		after, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Equal(t, c, after)
	})
}

func TestNewAssistantTakesTheOldOnesPlace(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		second := w.Assistant
		second.Name = "Second"
		second, err := s.CreateMember(t.Context(), w.Workspace, w.By, second)
		require.NoError(t, err)
		c, err := s.UpdateChat(t.Context(), w.Workspace, w.By, w.SMS.ID, chat.ChatPatch{AssistantMemberID: &second.ID})
		require.NoError(t, err)
		assert.Equal(t, second.ID, *c.AssistantMemberID)
		people, err := s.Participants(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)

		roles := map[string]chat.ParticipantRole{}
		for _, p := range people {
			roles[p.MemberName] = p.Role
		}

		assert.Equal(t, map[string]chat.ParticipantRole{
			"Ana Lopez":    chat.ParticipantOwner,
			"Second":       chat.ParticipantAssistant,
			"Mona Manager": chat.ParticipantOperator,
		}, roles)
	})
}

func TestDeleteChat(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		require.NoError(t, errorOf(s.DeleteChat(t.Context(), w.Workspace, w.By, w.SMS.ID, true)))
		requireCode(t, chat.CodeChatNotFound, errorOf(s.DeleteChat(t.Context(), w.Workspace, w.By, w.SMS.ID, true)))
		_, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		requireCode(t, chat.CodeChatNotFound, err)
		_, err = s.Messages(t.Context(), w.Workspace, w.SMS.ID, chat.MessagePage{Page: pageOfTen()})
		requireCode(t, chat.CodeChatNotFound, err)

		_, err = s.AddMessage(
			t.Context(),
			w.Workspace,
			w.SMS.ID,
			chat.NewMessage{MemberID: w.Customer.ID, Content: "hello"},
		)

		requireCode(t, chat.CodeChatNotFound, err)
		_, err = s.Participants(t.Context(), w.Workspace, w.SMS.ID)
		requireCode(t, chat.CodeChatNotFound, err)
		_, err = s.PrepareSend(t.Context(), w.Send(w.SMS.ID, "hi"), dbtest.SendIDs(), dbtest.PlanText("hi"))
		requireCode(t, chat.CodeChatNotFound, err)
		_, err = s.BeginSummary(t.Context(), summaryStart(w), 0)
		requireCode(t, chat.CodeChatNotFound, err)
		takes, err := s.TakesPart(t.Context(), w.Workspace, w.SMS.ID, w.Customer.ID)
		require.NoError(t, err)
		assert.False(t, takes)
		list, err := s.Chats(t.Context(), w.Workspace, chat.ChatFilter{Page: pageOfTen()})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)
	})
}

func TestChatsList(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		yes, no := true, false

		for i := range 5 {
			_, err := s.CreateChat(t.Context(), w.Workspace, w.By, chat.NewChat{
				Channel: chat.ChannelWeb, Title: fmt.Sprintf("Web %d", i), MemberID: w.Manager.ID,
			})
			require.NoError(t, err)
		}

		addMessage(t, s, w, w.SMS.ID, "My order № 100% late")

		_, err := s.UpdateChat(
			t.Context(),
			w.Workspace,
			w.By,
			w.Email.ID,
			chat.ChatPatch{LabelIDs: &[]chat.LabelID{w.VIP.ID}},
		)
		require.NoError(t, err)

		titles := func(f chat.ChatFilter) []string {
			var all []string
			for _, c := range readPages(t, 2, func(p chat.Page) (chat.List[chat.Chat], error) {
				f.Page = p
				return s.Chats(t.Context(), w.Workspace, f)
			}) {
				all = append(all, c.Title)
			}

			return all
		}

		assert.Equal(
			t,
			[]string{"Late parcel", "Web 4", "Web 3", "Web 2", "Web 1", "Web 0", "Invoice"},
			titles(chat.ChatFilter{}),
			"by the last activity, which a change of labels is not",
		)

		assert.Equal(t, []string{"Late parcel"}, titles(chat.ChatFilter{NeedsResponse: &yes}))
		assert.Len(t, titles(chat.ChatFilter{NeedsResponse: &no}), 6)
		assert.Equal(t, []string{"Invoice"}, titles(chat.ChatFilter{Channels: []chat.Channel{chat.ChannelEmail}}))
		assert.Equal(t, []string{"Invoice"}, titles(chat.ChatFilter{Label: "vip"}))
		assert.Equal(t, []string{"Late parcel", "Invoice"}, titles(chat.ChatFilter{MemberID: w.Assistant.ID}))
		assert.Equal(t, []string{"Late parcel"}, titles(chat.ChatFilter{Query: "100% LATE"}), "in the text of messages")
		assert.Equal(t, []string{"Invoice"}, titles(chat.ChatFilter{Query: "invoi"}))
		assert.Empty(t, titles(chat.ChatFilter{States: []chat.State{chat.StateClosed}}))
	})
}
