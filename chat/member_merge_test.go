package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestTheStricterConsentHolds(t *testing.T) {
	t.Parallel()

	unknown, granted, revoked := chat.ConsentUnknown, chat.ConsentGranted, chat.ConsentRevoked
	for _, row := range [][3]chat.Consent{
		{unknown, unknown, unknown},
		{unknown, granted, granted},
		{unknown, revoked, revoked},
		{granted, granted, granted},
		{granted, revoked, revoked},
		{revoked, revoked, revoked},
	} {
		assert.Equal(t, row[2], chat.StricterConsent(row[0], row[1]))
		assert.Equal(t, row[2], chat.StricterConsent(row[1], row[0]))
	}
}

func TestTheStrongerRoleHolds(t *testing.T) {
	t.Parallel()

	all := chat.ParticipantRoles()
	for i, stronger := range all {
		for _, weaker := range all[i:] {
			assert.Equal(t, stronger, chat.StrongerRole(stronger, weaker))
			assert.Equal(t, stronger, chat.StrongerRole(weaker, stronger))
		}
	}
}

func TestAMergeGivesNoRights(t *testing.T) {
	t.Parallel()

	from := chat.Member{ID: 2, Kind: chat.KindAssistant, Role: chat.RoleManager, Name: "B", Tools: chat.AllTools()}
	into := chat.Member{ID: 1, Kind: chat.KindAssistant, Role: chat.RoleUser, Name: "A", Tools: []string{"read"}}

	merged, err := chat.MergeMembers(from, into)
	require.NoError(t, err)
	assert.Equal(t, []any{into.ID, into.Role, into.Name, into.Tools}, []any{merged.ID, merged.Role, merged.Name, merged.Tools})
}
