package service_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"handrail/cmd/internal/config"
)

// webhookScenarios are the paths of the workflow of a webhook endpoint.
var webhookScenarios = map[string]func(w *env) (workflowID string){
	// Told after a first failure, and then deleted.
	"webhook-told": func(w *env) string {
		made := w.call("POST", "/webhook-endpoints", map[string]any{
			"url":   "http://" + strings.TrimSpace(w.config.ToolHosts),
			"types": []string{"message.created"},
		})
		require.Equal(w, http.StatusCreated, made.status, made.raw)

		one := fmt.Sprintf("/webhook-endpoints/%v", made.at("id"))

		w.inbound(w.people.sms.ID, "Where is my parcel?")
		w.eventually(func() bool { return w.call("GET", one, nil).at("last_status") == float64(http.StatusOK) })
		require.Equal(w, http.StatusNoContent, w.call("DELETE", one, nil).status)

		id := fmt.Sprintf("webhooks:%s:%v", w.ws, made.at("id"))
		w.awaitClosed(id)

		return id
	},
}

// busyReceiver takes events, but for the first post.
func busyReceiver(t *testing.T) option {
	t.Helper()

	var posts atomic.Int64

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if posts.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)

	allow := allowHost(server)

	return func(c *config.Config) {
		allow(c)
		// The secret is sealed, but what Temporal keeps is not: histories are read.
		c.SecretKeys = "test:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	}
}
