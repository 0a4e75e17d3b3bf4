package db_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// TestOnlyAMemberNothingRefersToIsDeleted deletes one who was entered by mistake, and no other.
func TestOnlyAMemberNothingRefersToIsDeleted(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, ctx := dbtest.Seed(t, s), t.Context()

		made, err := s.CreateMember(ctx, w.Workspace, w.By, chat.Member{
			Kind:  chat.KindPerson,
			Role:  chat.RoleUser,
			Name:  "Entered By Mistake",
			Phone: "+14155550199",
		})
		require.NoError(t, err)

		require.NoError(t, s.DeleteMember(ctx, w.Workspace, w.By, made.ID))
		_, err = s.Member(ctx, w.Workspace, made.ID)
		requireCode(t, chat.CodeMemberNotFound, err)
		requireCode(t, chat.CodeMemberNotFound, s.DeleteMember(ctx, w.Workspace, w.By, made.ID))

		log, err := s.AuditLog(ctx, w.Workspace, chat.AuditFilter{}, chat.Page{Limit: 1})
		require.NoError(t, err)
		assert.Equal(t, []any{"member.deleted", idText(made.ID), w.By.MemberID},
			[]any{log.Items[0].Verb, log.Items[0].Object, log.Items[0].MemberID})
		assert.NotContains(t, string(log.Items[0].Detail), "4155550199", "addresses are masked")

		again, err := s.CreateMember(ctx, w.Workspace, w.By, chat.Member{
			Kind:  chat.KindPerson,
			Role:  chat.RoleUser,
			Name:  "Somebody Else",
			Phone: "+14155550199",
		})
		require.NoError(t, err, "the address is free")
		assert.Greater(t, again.ID, made.ID, "no id is given twice")

		err = s.DeleteMember(ctx, w.Workspace, w.By, w.Customer.ID)
		requireCode(t, chat.CodeMemberInUse, err)

		refused, _ := errors.AsType[*chat.Error](err)
		named := map[string]string{}

		for _, field := range refused.Fields {
			named[field.Field] = field.Message
		}

		assert.Equal(t, "2 refer to this member", named["chats"])
		assert.Contains(t, named, "participants")

		_, err = s.Member(ctx, w.Workspace, w.Customer.ID)
		require.NoError(t, err)
	})
}
