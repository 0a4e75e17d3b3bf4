package main

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/codec"
	"handrail/db"
	"handrail/db/dbtest"
	"handrail/toolbox"
)

// TestSecretsAreSealedAnewAfterARotation takes the old key away afterwards.
func TestSecretsAreSealedAnewAfterARotation(t *testing.T) {
	t.Parallel()

	key := func(id, letter string) string {
		return id + ":" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, 32)))
	}

	url := dbtest.NewPostgresURL(t)
	c := newTerminal(t, "DATABASE_URL="+url, "HANDRAIL_ENCRYPTION_KEYS="+key("k2", "b")+","+key("k1", "a"))
	c.must("migrate", "up")

	made := c.must("workspaces", "create", "Acme", "--manager", "Mara Feld", "--email", "mara@example.com")
	ws := chat.WorkspaceID(regexp.MustCompile(`workspace (\S+)`).FindStringSubmatch(made)[1])

	old, err := codec.Parse(key("k1", "a"))
	require.NoError(t, err)
	sealed, err := old.Seal(toolbox.SecretsPlace(ws), []byte(`{}`))
	require.NoError(t, err)

	s, err := db.Open(t.Context(), url)
	require.NoError(t, err)

	defer func() { require.NoError(t, s.Close()) }()

	tool := chat.ToolDefinition{
		WorkspaceID: ws,
		Kind:        chat.ToolHTTP,
		Name:        "book",
		Risk:        chat.RiskWrite,
		Timeout:     time.Second,
		HTTP:        &chat.HTTPTool{Method: "POST", URL: "https://desk.example"},
		Sealed:      sealed,
	}
	_, err = s.CreateTool(t.Context(), ws, chat.Actor{MemberID: 1}, tool)
	require.NoError(t, err)

	_, err = s.RequestApproval(t.Context(), ws, chat.Actor{MemberID: 1}, chat.NewApproval{
		Kind:   chat.ApprovalToolChange,
		Effect: &chat.ApprovalEffect{Tool: &tool},
	})
	require.NoError(t, err)

	webhook, err := old.Seal(toolbox.WebhookPlace(ws), []byte(`[]`))
	require.NoError(t, err)

	_, err = s.CreateWebhookEndpoint(t.Context(), ws, chat.Actor{MemberID: 1}, chat.WebhookEndpoint{
		URL:     "https://example.com",
		Payload: chat.PayloadThin,
		Enabled: true,
		Sealed:  webhook,
	})
	require.NoError(t, err)

	assert.Contains(t, c.must("keys", "reseal"), `3 of 3 secrets of tools and webhooks encrypted anew, with key "k2"`)
	assert.Contains(t, c.must("keys", "reseal"), "0 of 3")

	all, err := s.SealedSecrets(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 3, "the tool's, those of the change that waits, and the webhook's")

	alone, err := codec.Parse(key("k2", "b"))
	require.NoError(t, err)

	for _, one := range all {
		place := toolbox.SecretsPlace(ws)
		if one.EndpointID != 0 {
			place = toolbox.WebhookPlace(ws)
		}

		_, err = alone.Open(place, one.Sealed)
		require.NoError(t, err, "approval %q", one.ApprovalID)

		stale := one
		stale.Sealed = sealed
		done, err := s.ReplaceSealed(t.Context(), stale, []byte("late"))
		require.NoError(t, err)
		assert.False(t, done, "it was changed since")
	}

	stranger := newTerminal(t, "DATABASE_URL="+url, "HANDRAIL_ENCRYPTION_KEYS="+key("k3", "c"))
	status, out, errs := stranger.do("keys", "reseal")
	assert.Equal(t, 1, status, out)
	assert.Contains(t, errs, "a key that is not configured")

	status, _, errs = newTerminal(t, "DATABASE_URL="+url).do("keys", "reseal")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "HANDRAIL_ENCRYPTION_KEYS")
}
