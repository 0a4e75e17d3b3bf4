package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/console"
	"handrail/db/dbtest"
)

// TestAnAddressOpensASessionOfItsManagerOnly: the provider has verified that the address is theirs, and nothing else.
func TestAnAddressOpensASessionOfItsManagerOnly(t *testing.T) {
	t.Parallel()

	store := dbtest.New(t)
	s := &Service{Store: store, config: &config.Config{}}
	w := dbtest.Seed(t, store)
	other := dbtest.Seed(t, store)

	noor := dbtest.NewPerson("Noor", "", "noor@example.com")
	noor.Role = chat.RoleManager

	manager, err := store.CreateMember(t.Context(), w.Workspace, chat.Actor{}, noor)
	require.NoError(t, err)

	key, err := s.openSession(t.Context(), string(w.Workspace), "noor@example.com")
	require.NoError(t, err)

	opened, err := store.Authenticate(t.Context(), chat.HashKey(key), time.Now())
	require.NoError(t, err)
	assert.Equal(t, manager.ID, opened.MemberID)
	assert.Equal(t, w.Workspace, opened.WorkspaceID)
	assert.Equal(t, chat.KeySession, opened.KeyKind)

	log, err := store.AuditLog(t.Context(), w.Workspace, chat.AuditFilter{Verb: "api_key.created"}, chat.Page{Limit: 1})
	require.NoError(t, err)
	require.NotEmpty(t, log.Items)
	assert.Contains(t, string(log.Items[0].Detail), "openid", "the audit log names the provider")

	for name, stranger := range map[string]struct {
		workspace chat.WorkspaceID
		email     string
	}{
		"nobody":              {w.Workspace, "stranger@example.com"},
		"a customer":          {w.Workspace, w.Customer.Email},
		"a manager elsewhere": {other.Workspace, "noor@example.com"},
		"no address":          {w.Workspace, ""},
	} {
		key, err := s.openSession(t.Context(), string(stranger.workspace), stranger.email)

		var refused console.RefusalError

		require.ErrorAs(t, err, &refused, name)
		assert.Empty(t, key, name)
		assert.Contains(t, refused.Error(), "nobody logs in to this workspace with this address", name)
	}

	require.NoError(t, store.Close())

	_, err = s.openSession(t.Context(), string(w.Workspace), "noor@example.com")
	require.Error(t, err)
	assert.NotErrorIs(t, err, console.RefusalError(err.Error()), "a fault is no refusal, whose sentence is shown")
}

// TestMembersLogInByOpenIDWhereAProviderIsNamed, and nowhere else.
func TestMembersLogInByOpenIDWhereAProviderIsNamed(t *testing.T) {
	t.Parallel()

	s := &Service{config: &config.Config{}}
	assert.Nil(t, s.newOpenID())

	c := config.Config{
		OpenIDIssuer:       "https://accounts.example.com",
		OpenIDClientID:     "handrail",
		OpenIDClientSecret: "secret",
		PublicURL:          "https://handrail.example.com",
	}

	s.config = &c

	made := s.newOpenID()
	require.NotNil(t, made)
	assert.Equal(t, c.OpenIDIssuer, made.Issuer)
	assert.Equal(t, c.OpenIDClientID, made.ClientID)
	assert.Equal(t, c.OpenIDClientSecret, made.ClientSecret)
	assert.Equal(t, c.PublicURL, made.PublicURL)
	assert.NotNil(t, made.OpenSession)
}

// TestTheConsoleLinksToTemporalsPages holds that handrail-dev's own interface of Temporal goes before the configured one.
func TestTheConsoleLinksToTemporalsPages(t *testing.T) {
	t.Parallel()

	s := &Service{config: &config.Config{
		TemporalUIURL:     "https://temporal.example.com",
		TemporalNamespace: "handrail",
	}}
	assert.Equal(t, "https://temporal.example.com/namespaces/handrail", s.newConsoleConfig(newInnerListener()).Temporal)

	s.Pages.Temporal = "http://127.0.0.1:8233/"
	assert.Equal(t, "http://127.0.0.1:8233/", s.newConsoleConfig(newInnerListener()).Temporal)
}
