package db_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

func TestMembersAreFoundByExternalID(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()

		person := dbtest.NewPerson("Ben", "+14155550144", "")
		person.ExternalID = "crm-17"
		person.Metadata = chat.Metadata{"plan": "gold", "since": "2019"}
		ben, err := s.CreateMember(ctx, w.Workspace, w.By, person)
		require.NoError(t, err)

		found, err := s.Members(ctx, w.Workspace, chat.MemberFilter{ExternalID: "crm-17", Page: chat.Page{Limit: 10}})
		require.NoError(t, err)
		require.Len(t, found.Items, 1)
		assert.Equal(t, ben.ID, found.Items[0].ID)
		assert.Equal(t, "crm-17", found.Items[0].ExternalID)
		assert.Equal(t, person.Metadata, found.Items[0].Metadata)

		changed, err := s.UpdateMember(ctx, w.Workspace, w.By, ben.ID, chat.MemberPatch{
			Metadata: chat.MetadataPatch{"plan": new("silver"), "since": nil},
		})
		require.NoError(t, err)
		assert.Equal(t, chat.Metadata{"plan": "silver"}, changed.Metadata)
		assert.Equal(t, "crm-17", changed.ExternalID)

		// Another member cannot have it, another workspace can, and it is free once it is cleared.
		other := dbtest.NewPerson("Cleo", "", "")
		other.ExternalID = "crm-17"
		_, err = s.CreateMember(ctx, w.Workspace, w.By, other)
		requireTaken(t, err, ben.ID)

		_, err = s.UpdateMember(ctx, w.Workspace, w.By, w.Customer.ID, chat.MemberPatch{ExternalID: new("crm-17")})
		requireTaken(t, err, ben.ID)

		neighbour := dbtest.Seed(t, s)
		_, err = s.CreateMember(ctx, neighbour.Workspace, neighbour.By, other)
		require.NoError(t, err)

		_, err = s.UpdateMember(ctx, w.Workspace, w.By, ben.ID, chat.MemberPatch{ExternalID: new("")})
		require.NoError(t, err)
		_, err = s.CreateMember(ctx, w.Workspace, w.By, other)
		require.NoError(t, err)
	})
}

func requireTaken(t *testing.T, err error, by chat.MemberID) {
	t.Helper()
	require.Equal(t, chat.CodeExternalIDTaken, chat.CodeOf(err), "%v", err)
	require.Equal(t, by, chat.AsError(err).MemberID)
	require.Equal(t, "external_id", chat.AsError(err).Fields[0].Field)
}

func TestAnUpsertMakesOneMember(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()

		ask := chat.MemberUpsert{
			ExternalID: "crm-17",
			Patch: chat.MemberPatch{
				Name:     new("Ben"),
				Phone:    new("+114155550144"),
				Metadata: chat.MetadataPatch{"plan": new("gold"), "none": nil},
			},
		}

		var all sync.WaitGroup
		ids := make([]chat.MemberID, 6)
		made := make([]bool, len(ids))

		for i := range ids {
			all.Go(func() {
				member, fresh, err := s.UpsertMember(ctx, w.Workspace, w.By, ask)
				assert.NoError(t, err)

				ids[i] = member.ID
				made[i] = fresh
			})
		}

		all.Wait()

		count := 0

		for i := range ids {
			assert.Equal(t, ids[0], ids[i])

			if made[i] {
				count++
			}
		}

		assert.Equal(t, 1, count)

		member, _, err := s.UpsertMember(ctx, w.Workspace, w.By, chat.MemberUpsert{
			ExternalID: "crm-17",
			Patch:      chat.MemberPatch{Email: new("ben@example.com")},
		})
		require.NoError(t, err)
		assert.Equal(t, "Ben", member.Name)
		assert.Equal(t, "+14155550144", member.Phone)
		assert.Equal(t, chat.Metadata{"plan": "gold"}, member.Metadata)

		for field, wrong := range map[string]chat.MemberUpsert{
			"name":        {ExternalID: "crm-18"},
			"kind":        {ExternalID: "crm-17", Kind: chat.KindAssistant},
			"external_id": {},
			"metadata.":   {ExternalID: "crm-17", Patch: chat.MemberPatch{Metadata: chat.MetadataPatch{"": new("x")}}},
			"tools":       {ExternalID: "crm-18", Patch: chat.MemberPatch{Name: new("x"), Tools: &[]string{"*"}}},
		} {
			_, _, err := s.UpsertMember(ctx, w.Workspace, w.By, wrong)
			require.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), field)
			assert.Equal(t, field, chat.AsError(err).Fields[0].Field)
		}

		_, _, err = s.UpsertMember(ctx, w.Workspace, w.By, chat.MemberUpsert{
			ExternalID: "crm-19",
			Patch:      chat.MemberPatch{Name: new("x"), Phone: new("+14155550144")},
		})
		require.Equal(t, chat.CodeAddressTaken, chat.CodeOf(err))
		assert.Equal(t, member.ID, chat.AsError(err).MemberID)

		manager := chat.MemberUpsert{ExternalID: "crm-17", Patch: chat.MemberPatch{Role: new(chat.RoleManager)}}
		_, _, err = s.UpsertMember(ctx, w.Workspace, w.By, manager)
		require.Equal(t, chat.CodeApprovalNeeded, chat.CodeOf(err))
	})
}

func TestMergedMembersKeepExternalIDAndMetadata(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()

		person := dbtest.NewPerson("Twin", "", "")
		person.ExternalID = "crm-17"
		person.Metadata = chat.Metadata{"plan": "gold", "city": "Rome"}
		twin, err := s.CreateMember(ctx, w.Workspace, w.By, person)
		require.NoError(t, err)

		_, err = s.UpdateMember(ctx, w.Workspace, w.By, w.Customer.ID, chat.MemberPatch{
			ExternalID: new("crm-18"),
			Metadata:   chat.MetadataPatch{"plan": new("silver")},
		})
		require.NoError(t, err)

		merge := chat.MemberMerge{From: twin.ID, Into: w.Customer.ID}
		_, err = s.MergeMembers(ctx, w.Workspace, w.By, merge)
		require.Equal(t, chat.CodeConflict, chat.CodeOf(err), "which of two ids holds is for a person to say")

		_, err = s.UpdateMember(ctx, w.Workspace, w.By, w.Customer.ID, chat.MemberPatch{ExternalID: new("")})
		require.NoError(t, err)

		stays, err := s.MergeMembers(ctx, w.Workspace, w.By, merge)
		require.NoError(t, err)
		assert.Equal(t, "crm-17", stays.ExternalID)
		assert.Equal(t, chat.Metadata{"plan": "silver", "city": "Rome"}, stays.Metadata)
	})
}

func TestChatsAreFoundByExternalID(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()

		ask := chat.NewChat{
			Channel:    chat.ChannelWeb,
			MemberID:   w.Customer.ID,
			ExternalID: "ticket-1",
			Metadata:   chat.Metadata{"queue": "returns"},
		}
		made, err := s.CreateChat(ctx, w.Workspace, w.By, ask)
		require.NoError(t, err)
		assert.Equal(t, "ticket-1", made.ExternalID)
		assert.Equal(t, ask.Metadata, made.Metadata)

		filter := chat.ChatFilter{ExternalID: "ticket-1", Page: chat.Page{Limit: 10}}
		found, err := s.Chats(ctx, w.Workspace, filter)
		require.NoError(t, err)
		require.Len(t, found.Items, 1)
		assert.Equal(t, made.ID, found.Items[0].ID)

		_, err = s.CreateChat(ctx, w.Workspace, w.By, ask)
		require.Equal(t, chat.CodeExternalIDTaken, chat.CodeOf(err), "%v", err)
		assert.Equal(t, made.ID, chat.AsError(err).ChatID)

		_, err = s.UpdateChat(ctx, w.Workspace, w.By, w.SMS.ID, chat.ChatPatch{ExternalID: new("ticket-1")})
		require.Equal(t, chat.CodeExternalIDTaken, chat.CodeOf(err), "%v", err)
		assert.Equal(t, made.ID, chat.AsError(err).ChatID)

		changed, err := s.UpdateChat(ctx, w.Workspace, w.By, made.ID, chat.ChatPatch{
			Metadata: chat.MetadataPatch{"queue": nil, "tier": new("1")},
		})
		require.NoError(t, err)
		assert.Equal(t, chat.Metadata{"tier": "1"}, changed.Metadata)
		assert.Equal(t, "ticket-1", changed.ExternalID)

		for field, patch := range map[string]chat.ChatPatch{
			"external_id": {ExternalID: new("a b")},
			"metadata.":   {Metadata: chat.MetadataPatch{"": new("")}},
		} {
			_, err = s.UpdateChat(ctx, w.Workspace, w.By, made.ID, patch)
			require.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err))
			assert.Equal(t, field, chat.AsError(err).Fields[0].Field)
		}

		_, err = s.DeleteChat(ctx, w.Workspace, w.By, made.ID, false)
		require.NoError(t, err)
		_, err = s.CreateChat(ctx, w.Workspace, w.By, ask)
		require.NoError(t, err, "a deleted chat lets go of its id")
	})
}

func TestDefaultsOfAWorkspace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()

		none, err := s.WorkspaceDefaults(ctx, w.Workspace)
		require.NoError(t, err)
		assert.Equal(t, chat.WorkspaceDefaults{WhenTakenOver: chat.TakeoverRefuses}, none)

		set, err := s.UpdateWorkspaceDefaults(ctx, w.Workspace, w.By, defaultsOf(w))
		require.NoError(t, err)
		assert.Equal(t, w.Manager.ID, set.UpdatedBy)

		read, err := s.WorkspaceDefaults(ctx, w.Workspace)
		require.NoError(t, err)
		assert.Equal(t, set, read)

		braked := chat.WorkspaceDefaults{Brakes: chat.Brakes{
			MaxUnanswered:       new(5),
			MaxPerHour:          new(1000),
			MaxSegmentsPerMonth: new(10_000_000),
		}}
		_, err = s.UpdateWorkspaceDefaults(ctx, w.Workspace, w.By, braked)
		require.NoError(t, err)

		read, err = s.WorkspaceDefaults(ctx, w.Workspace)
		require.NoError(t, err)
		assert.Equal(t, braked.Brakes, read.Brakes)

		_, err = s.UpdateWorkspaceDefaults(ctx, w.Workspace, w.By, chat.WorkspaceDefaults{AssistantMemberID: &w.Customer.ID})
		require.Equal(t, chat.CodeAssistantNotFound, chat.CodeOf(err))

		spare, err := s.CreateInbox(ctx, w.Workspace, w.By, chat.Inbox{Address: "spare@example.com"})
		require.NoError(t, err)

		_, err = s.UpdateWorkspaceDefaults(ctx, w.Workspace, w.By, chat.WorkspaceDefaults{InboxID: &spare.ID})
		require.NoError(t, err)

		err = s.DeleteInbox(ctx, w.Workspace, w.By, spare.ID)
		require.Equal(t, chat.CodeInUse, chat.CodeOf(err))

		read, err = s.WorkspaceDefaults(ctx, w.Workspace)
		require.NoError(t, err)
		assert.Nil(t, read.AssistantMemberID, "all of them are replaced")

		_, err = s.UpdateWorkspaceDefaults(ctx, w.Workspace, w.By, chat.WorkspaceDefaults{})
		require.NoError(t, err)
		require.NoError(t, s.DeleteInbox(ctx, w.Workspace, w.By, spare.ID))
	})
}

func defaultsOf(w *dbtest.World) chat.WorkspaceDefaults {
	return chat.WorkspaceDefaults{
		AssistantMemberID: &w.Assistant.ID,
		PhoneNumberID:     &w.PhoneNumber.ID,
		InboxID:           &w.Inbox.ID,
	}
}

// directTo is a message to somebody.
func directTo(to chat.MessageTo) chat.DirectMessage {
	return chat.DirectMessage{To: to, Message: "Hello", Title: "Order"}
}

func noCheck(*chat.SendFacts) error { return nil }

func TestAMessageFindsOrMakesItsPlace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()
		_, err := s.UpdateWorkspaceDefaults(ctx, w.Workspace, w.By, defaultsOf(w))
		require.NoError(t, err)

		place := func(in chat.DirectMessage) chat.DirectPlace {
			found, err := s.FindOrCreatePlace(ctx, w.Workspace, w.By, in, noCheck)
			require.NoError(t, err)

			return found
		}

		_, err = s.UpdateMember(ctx, w.Workspace, w.By, w.Customer.ID, chat.MemberPatch{ExternalID: new("crm-1")})
		require.NoError(t, err)

		sms := chat.DirectPlace{ChatID: w.SMS.ID, MemberID: w.Customer.ID, Channel: chat.ChannelSMS}
		email := chat.DirectPlace{ChatID: w.Email.ID, MemberID: w.Customer.ID, Channel: chat.ChannelEmail}

		assert.Equal(t, sms, place(directTo(chat.MessageTo{Phone: "+114155550123", Name: "Not Ana"})))
		assert.Equal(t, email, place(directTo(chat.MessageTo{Email: "Ana@EXAMPLE.com"})))
		assert.Equal(t, email, place(directTo(chat.MessageTo{MemberID: w.Customer.ID})), "she has not agreed to SMS")
		assert.Equal(t, email, place(directTo(chat.MessageTo{ExternalID: "crm-1"})))

		consents := chat.Consents{chat.ChannelSMS: chat.ConsentGranted}
		_, err = s.UpdateMember(ctx, w.Workspace, w.By, w.Customer.ID, chat.MemberPatch{Consents: consents})
		require.NoError(t, err)
		assert.Equal(t, sms, place(directTo(chat.MessageTo{ExternalID: "crm-1"})))

		asked := directTo(chat.MessageTo{ExternalID: "crm-1"})
		asked.Channel = chat.ChannelEmail
		assert.Equal(t, email, place(asked))

		ana, err := s.Member(ctx, w.Workspace, w.Customer.ID)
		require.NoError(t, err)
		assert.Equal(t, "Ana Lopez", ana.Name, "whom a message goes to is not renamed")

		// A chat that waits goes on, one that is closed does not.
		_, err = s.UpdateChat(ctx, w.Workspace, w.By, w.SMS.ID, chat.ChatPatch{State: new(chat.StateWaiting)})
		require.NoError(t, err)
		assert.Equal(t, sms, place(directTo(chat.MessageTo{ExternalID: "crm-1"})))

		_, err = s.UpdateChat(ctx, w.Workspace, w.By, w.SMS.ID, chat.ChatPatch{State: new(chat.StateClosed)})
		require.NoError(t, err)

		fresh := place(directTo(chat.MessageTo{ExternalID: "crm-1"}))
		assert.NotEqual(t, w.SMS.ID, fresh.ChatID)

		made, err := s.Chat(ctx, w.Workspace, fresh.ChatID)
		require.NoError(t, err)
		assert.Equal(t, "Order", made.Title)
		assert.Equal(t, &w.Assistant.ID, made.AssistantMemberID)
		assert.Equal(t, &w.PhoneNumber.ID, made.PhoneNumberID)
		assert.Equal(t, fresh, place(directTo(chat.MessageTo{ExternalID: "crm-1"})), "what was made is found")

		// Nobody has the address.
		stranger := place(directTo(chat.MessageTo{Phone: "+14155550166", Name: "Dana"}))
		dana, err := s.Member(ctx, w.Workspace, stranger.MemberID)
		require.NoError(t, err)
		assert.Equal(t, "Dana", dana.Name)
		assert.Equal(t, "+14155550166", dana.Phone)
		assert.Equal(t, chat.RoleUser, dana.Role)

		nameless := place(directTo(chat.MessageTo{Email: "eve@example.com"}))
		eve, err := s.Member(ctx, w.Workspace, nameless.MemberID)
		require.NoError(t, err)
		assert.Equal(t, "eve@example.com", eve.Name)
	})
}

func TestARefusedMessageLeavesNothingBehind(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()

		members := func() int {
			list, err := s.Members(ctx, w.Workspace, chat.MemberFilter{Page: chat.Page{Limit: 100}})
			require.NoError(t, err)

			return len(list.Items)
		}
		before := members()

		refused := func(in chat.DirectMessage, check chat.CheckFacts) *chat.Error {
			_, err := s.FindOrCreatePlace(ctx, w.Workspace, w.By, in, check)
			require.Error(t, err)
			require.Equal(t, before, members())

			return chat.AsError(err)
		}

		stranger := directTo(chat.MessageTo{Phone: "+14155550166"})
		e := refused(stranger, noCheck)
		assert.Equal(t, chat.CodeDefaultMissing, e.Code)
		assert.Equal(t, "workspace_defaults.assistant_member_id", e.Fields[0].Field)

		_, err := s.UpdateWorkspaceDefaults(ctx, w.Workspace, w.By, chat.WorkspaceDefaults{AssistantMemberID: &w.Assistant.ID})
		require.NoError(t, err)

		e = refused(stranger, noCheck)
		assert.Equal(t, "workspace_defaults.phone_number_id", e.Fields[0].Field)
		e = refused(directTo(chat.MessageTo{Email: "eve@example.com"}), noCheck)
		assert.Equal(t, "workspace_defaults.inbox_id", e.Fields[0].Field)

		_, err = s.UpdateWorkspaceDefaults(ctx, w.Workspace, w.By, defaultsOf(w))
		require.NoError(t, err)

		// What the send would refuse.
		long := stranger
		long.Message = strings.Repeat("x", 1601)
		assert.Equal(t, chat.CodeMessageTooLong, refused(long, noCheck).Code)

		mailed := stranger
		mailed.Channel = chat.ChannelEmail
		assert.Equal(t, chat.CodeNoEmail, refused(mailed, noCheck).Code)

		voice := stranger
		voice.Channel = chat.ChannelVoice
		assert.Equal(t, chat.CodeChannelNotSupported, refused(voice, noCheck).Code)

		unknown := func(*chat.SendFacts) error { return chat.Errorf(chat.CodeUnknownTool, "there is none") }
		assert.Equal(t, chat.CodeUnknownTool, refused(stranger, unknown).Code)

		assert.Equal(t, chat.CodeMemberNotFound, refused(directTo(chat.MessageTo{ExternalID: "crm-9"}), noCheck).Code)
		assert.Equal(t, chat.CodeInvalidRequest, refused(directTo(chat.MessageTo{MemberID: w.Assistant.ID}), noCheck).Code)

		nowhere := directTo(chat.MessageTo{MemberID: w.Manager.ID})
		assert.Equal(t, "channel", refused(nowhere, noCheck).Fields[0].Field)
	})
}

// Two first messages to one person at once have one member and one chat.
func TestMessagesToOnePersonMeetInOneChat(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()
		_, err := s.UpdateWorkspaceDefaults(ctx, w.Workspace, w.By, defaultsOf(w))
		require.NoError(t, err)

		places := make([]chat.DirectPlace, 8)

		var all sync.WaitGroup
		for i := range places {
			all.Go(func() {
				in := directTo(chat.MessageTo{Phone: "+14155550166", Name: fmt.Sprint("Dana ", i)})
				place, err := s.FindOrCreatePlace(ctx, w.Workspace, w.By, in, noCheck)
				assert.NoError(t, err)

				places[i] = place
			})
		}

		all.Wait()

		for _, place := range places {
			assert.Equal(t, places[0], place)
		}
	})
}

// seedPeople gives the victim of an intruder an external id and defaults.
func seedPeople(t *testing.T, i *intruder) {
	t.Helper()

	v := i.victim
	_, err := i.s.UpdateMember(t.Context(), v.Workspace, v.By, v.Customer.ID, chat.MemberPatch{
		ExternalID: new(victimsExternalID),
	})
	require.NoError(t, err)

	_, err = i.s.UpdateWorkspaceDefaults(t.Context(), v.Workspace, v.By, defaultsOf(v))
	require.NoError(t, err)
}
