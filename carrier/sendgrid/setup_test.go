package sendgrid_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/carrier"
	"handrail/carrier/sendgrid"
)

// settingsClient is a client of an account that answers each path like this.
func settingsClient(t *testing.T, status int, answers map[string]string) *sendgrid.Client {
	t.Helper()

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, http.MethodGet, r.Method)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answers[r.URL.Path])
	}))
	t.Cleanup(server.Close)

	c, err := sendgrid.New(sendgrid.Config{APIKey: key, BaseURL: server.URL})
	require.NoError(t, err)

	return c
}

func TestCheckKey(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		status int
		scopes string
		says   string
	}{
		"may send":     {http.StatusOK, `{"scopes":["alerts.read","mail.send"]}`, ""},
		"may not send": {http.StatusOK, `{"scopes":["alerts.read"]}`, "mail.send"},
		"revoked":      {http.StatusUnauthorized, `{}`, carrier.ErrCredentials.Error()},
		"no JSON":      {http.StatusOK, `<html>`, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			err := settingsClient(t, tt.status, map[string]string{"/v3/scopes": tt.scopes}).CheckKey(t.Context())
			if tt.says == "" {
				require.NoError(t, err)
				return
			}

			require.ErrorContains(t, err, tt.says)
		})
	}
}

func TestSetups(t *testing.T) {
	t.Parallel()

	c := settingsClient(t, http.StatusOK, map[string]string{
		"/v3/user/webhooks/event/settings/all": `{"max_allowed":1,"webhooks":[{"enabled":true,"url":"https://a.example/e",
			"group_resubscribe":true,"group_unsubscribe":true,"spam_report":true,"bounce":true,"deferred":true,
			"unsubscribe":true,"processed":true,"open":false,"click":false,"dropped":true,"delivered":false,
			"id":"1","public_key":"MFk="}]}`,
		"/v3/user/webhooks/parse/settings": `{"result":[{"url":"https://a.example/i","hostname":"in.a.example","spam_check":false}]}`,
	})

	events, err := c.EventSetups(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []sendgrid.EventSetup{
		{URL: "https://a.example/e", Enabled: true, Signed: true, Missing: []string{"delivered"}},
	}, events)

	parsed, err := c.ParseSetups(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []sendgrid.ParseSetup{{Host: "in.a.example", URL: "https://a.example/i"}}, parsed)

	_, err = settingsClient(t, http.StatusForbidden, nil).EventSetups(t.Context())
	require.ErrorIs(t, err, sendgrid.ErrNotAllowed)
}
