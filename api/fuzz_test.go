package api_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handrail/api"
	"handrail/internal/growth"
)

// FuzzBody holds that no body, Prefer or Idempotency-Key of a caller makes a fault of ours.
func FuzzBody(f *testing.F) {
	f.Add(`{"message":"Hello"}`, "wait=1", "key")

	f.Add(
		`{"message":"Hello","toolCalls":[{"id":"1","type":"function","function":{"name":"add_label",`+
			`"arguments":"{\"label\":\"vip\"}"}}]}`,
		"respond-async",
		"",
	)

	f.Add(`{"message":1e999,"tool_calls":{}}`, "wait=99999999999999999999", "\x00")
	f.Add(`[[[[[[`, ",;=", strings.Repeat("k", 300))
	f.Add("{\"message\":\"\\ud800\"}", `wait="5"`, "ü")

	app, err := api.New(api.Config{
		Store:          newFakeStore(),
		Engine:         &fakeEngine{},
		Tools:          &fakeTools{},
		Models:         fakeModels{},
		Logger:         slog.New(slog.DiscardHandler),
		Version:        "fuzz",
		KeyLimit:       api.RateLimit{PerSecond: 1e6, Burst: 1e6},
		FailureLimit:   api.RateLimit{PerSecond: 1e6, Burst: 1e6},
		WorkspaceLimit: api.RateLimit{PerSecond: 1e6, Burst: 1e6},
		AddressLimit:   api.RateLimit{PerSecond: 1e6, Burst: 1e6},
	})

	require.NoError(f, err)

	f.Fuzz(func(t *testing.T, body, prefer, key string) {
		growth.Check(t, len(body)+len(prefer)+len(key), func() {
			for _, path := range []string{"/chats/1/send-assistant-message", "/deliveries/retry", "/chats/1/participants"} {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, workspaceURL(path), strings.NewReader(body))
				r.Header.Set("Authorization", "Bearer "+managerKey)
				r.Header.Set("Content-Type", "application/json")
				r.Header["Prefer"], r.Header["Idempotency-Key"] = []string{oneLine(prefer)}, []string{oneLine(key)}
				answer, err := app.Test(r)
				require.NoError(t, err)
				raw, err := io.ReadAll(answer.Body)
				require.NoError(t, err)
				require.NoError(t, answer.Body.Close())
				require.Less(t, answer.StatusCode, http.StatusInternalServerError, "%s", raw)
			}
		})
	})
}

// oneLine is what can travel as a header.
func oneLine(value string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}

		return r
	}, value)
}
