package service_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/client"
	"handrail/internal/nodetest"
)

const bookedText = "Your table is booked."

// api returns a client with the manager's key.
func (w *env) api() *client.API {
	w.Helper()

	api, err := client.New(w.url, w.secret)
	require.NoError(w, err)

	return api
}

// TestTheThreeFlowsInGo adds a participant, sends a message and summarizes the chat with the generated client.
func TestTheThreeFlowsInGo(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		api := w.api()
		workspace := string(w.ws)
		chatID := int64(w.people.sms.ID)

		added, err := api.AddParticipantWithResponse(
			t.Context(), workspace, chatID,
			&client.AddParticipantParams{IdempotencyKey: new(client.NewIdempotencyKey())},
			client.NewParticipant{MemberID: int64(w.people.priya.ID)},
		)
		require.NoError(t, err)
		require.NotNil(t, added.JSON200, string(added.Body))

		key := client.NewIdempotencyKey()
		send := func() string {
			sent, err := api.SendAssistantMessageWithResponse(
				t.Context(), workspace, chatID,
				&client.SendAssistantMessageParams{IdempotencyKey: &key, Prefer: new("respond-async")},
				client.Send{Message: bookedText},
			)
			require.NoError(t, err)

			if sent.JSON200 != nil {
				return sent.JSON200.ActionID
			}

			require.NotNil(t, sent.JSON202, string(sent.Body))

			return sent.JSON202.ActionID
		}

		actionID := send()
		ended, err := api.WaitForAction(t.Context(), workspace, actionID)
		require.NoError(t, err)
		assert.Equal(t, client.ActionStateSucceeded, ended.State)
		assert.Equal(t, actionID, send(), "the same key sends nothing twice")

		summarized, err := api.SummarizeChatWithResponse(
			t.Context(), workspace, chatID,
			&client.SummarizeChatParams{IdempotencyKey: new(client.NewIdempotencyKey())},
		)
		require.NoError(t, err)
		require.NotNil(t, summarized.JSON200, string(summarized.Body))
		assert.NotEmpty(t, summarized.JSON200.Title)

		found := 0

		for message, err := range client.Items[client.Message](func(cursor *string) (*http.Response, error) {
			params := &client.ListMessagesParams{Cursor: cursor, Limit: new(int64(1))}
			return api.ListMessages(t.Context(), workspace, chatID, params)
		}) {
			require.NoError(t, err)

			if message.Content == bookedText {
				found++
			}
		}

		assert.Equal(t, 1, found, "the message is there once")

		_, err = api.GetChatWithResponse(t.Context(), workspace, 999_999, nil)
		assert.True(t, client.HasCode(err, client.ProblemCodeChatNotFound), "%v", err)
	})
}

// typeScriptClient is the folder of the TypeScript client.
const typeScriptClient = "../../../clients/typescript"

// TestTheThreeFlowsInTypeScript holds the TypeScript client's types to the document, compiles it with --strict, and
// runs the same three flows with it. It needs Node.js, and the network once.
func TestTheThreeFlowsInTypeScript(t *testing.T) {
	t.Parallel()

	modules := filepath.Join(nodetest.Install(t, typeScriptClient), "node_modules")
	bin := filepath.Join(modules, ".bin")

	folder := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(folder, "src"), os.DirFS(filepath.Join(typeScriptClient, "src"))))
	require.NoError(t, os.Symlink(modules, filepath.Join(folder, "node_modules")))

	for _, name := range []string{"package.json", "tsconfig.json"} {
		text, err := os.ReadFile(filepath.Join(typeScriptClient, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), text, 0o600))
	}

	document, err := filepath.Abs("../../../client/openapi.json")
	require.NoError(t, err)

	nodetest.Run(t, folder, nil, filepath.Join(bin, "openapi-typescript"), document, "--output", "schema.ts")

	generated, err := os.ReadFile(filepath.Join(folder, "schema.ts"))
	require.NoError(t, err)
	committed, err := os.ReadFile(filepath.Join(folder, "src", "schema.ts"))
	require.NoError(t, err)
	assert.Equal(t, string(committed), string(generated), "the document has changed: run `make generate`")

	nodetest.Run(t, folder, nil, filepath.Join(bin, "tsc"), "--strict")

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	environ := []string{
		"HANDRAIL_URL=" + w.url,
		"HANDRAIL_API_KEY=" + w.secret,
		"HANDRAIL_WORKSPACE=" + string(w.ws),
		"HANDRAIL_CHAT=" + strconv.FormatInt(int64(w.people.sms.ID), 10),
		"HANDRAIL_MEMBER=" + strconv.FormatInt(int64(w.people.priya.ID), 10),
	}

	nodetest.Run(t, folder, environ, "node", "dist/flows.test.js")
	nodetest.Run(t, folder, environ, "node", "dist/hostile.test.js")
}
