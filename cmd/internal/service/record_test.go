package service_test

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	sdkworker "go.temporal.io/sdk/worker"
	"google.golang.org/protobuf/encoding/protojson"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/worker"
	"handrail/workflows"
)

var record = flag.Bool("record", false, "write the histories to workflows/testdata/histories")

const historyFolder = "../../../workflows/testdata/histories"

// TestHistoriesReplay runs every path of the workflows against a real server, and replays
// what the server recorded. With -record the histories become those that later versions
// must still replay.
func TestHistoriesReplay(t *testing.T) {
	t.Parallel()
	scenarios := map[string]func(w *world) (workflowID string){
		"send-accepted": func(w *world) string { return w.sent(says("On its way"), http.StatusOK) },
		"send-tools": func(w *world) string {
			return w.sent(says("On its way", tool("add_label", map[string]any{"label": "vip"}), tool("set_state", map[string]any{"state": "closed"})), http.StatusOK)
		},
		"send-refused": sendRefused,
		"send-rejected": func(w *world) string {
			w.phone("+15005550001")
			return w.sent(says("Hello"), http.StatusInternalServerError)
		},
		"send-blocked":         func(w *world) string { w.phone("+15005550003"); return w.sent(says("Hello"), http.StatusAccepted) },
		"send-unknown":         func(w *world) string { return w.sent(says("Hello"), http.StatusAccepted) },
		"send-tried-again":     func(w *world) string { return w.sent(says("Hello"), http.StatusOK) },
		"participant-added":    func(w *world) string { return w.added(w.people.priya.ID, http.StatusOK) },
		"participant-refused":  func(w *world) string { return w.added(w.people.ana.ID, http.StatusBadRequest) },
		"summary-written":      func(w *world) string { return w.summarized(w.people.sms.ID, http.StatusOK) },
		"summary-of-no-chat":   func(w *world) string { return w.summarized(w.people.email.ID, http.StatusBadRequest) },
		"summary-model-failed": func(w *world) string { return w.summarized(w.people.sms.ID, http.StatusInternalServerError) },
	}
	for name, run := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "sqlite:"+t.TempDir()+"/handrail.db", surroundings(t, name))
			history := w.recorded(run(w))
			file := filepath.Join(t.TempDir(), name+".json")
			if *record {
				file = filepath.Join(historyFolder, name+".json")
			}
			encoded, err := protojson.MarshalOptions{Indent: " "}.Marshal(history)
			require.NoError(t, err)
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			require.NoError(t, os.WriteFile(file, encoded, 0o600))
			replayer := sdkworker.NewWorkflowReplayer()
			worker.RegisterWorkflows(replayer)
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(nil, file))
		})
	}
}

// surroundings are the carrier and the model that a scenario needs.
func surroundings(t *testing.T, scenario string) option {
	t.Helper()
	switch scenario {
	case "send-unknown":
		url, _ := cutting(t)
		return func(c *config.Config) { c.TwilioBaseURL = url }
	case "send-tried-again":
		return busyOnce(t)
	case "summary-model-failed":
		url, _, let := slowModel(t, `{"title":"","summary":"","labels":[]}`)
		let()
		return withModel(url)
	}
	return func(*config.Config) {}
}

// busyOnce puts a carrier in front of the sandbox that answers its first request with 429.
func busyOnce(t *testing.T) option {
	t.Helper()
	var asked atomic.Int64
	return func(c *config.Config) {
		behind, err := url.Parse(c.TwilioBaseURL)
		require.NoError(t, err)
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) == 1 {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			httputil.NewSingleHostReverseProxy(behind).ServeHTTP(w, r)
		}))
		t.Cleanup(front.Close)
		c.TwilioBaseURL = front.URL
	}
}

func sendRefused(w *world) string {
	body := says("Hello", tool("refund", map[string]any{}))
	r := w.call("POST", sendPath(w.people.sms.ID), body, "Idempotency-Key", "refused")
	require.Equal(w, http.StatusBadRequest, r.status, r.raw)
	return w.keyed("refused")
}

func (w *world) sent(body map[string]any, status int) string {
	w.Helper()
	r := w.call("POST", sendPath(w.people.sms.ID), body)
	require.Equal(w, status, r.status, r.raw)
	return chat.ActionWorkflowID(w.ws, chat.ActionID(r.at("action_id").(string)))
}

func (w *world) added(member chat.MemberID, status int) string {
	w.Helper()
	r := w.call("POST", fmt.Sprintf("/chats/%d/participants", w.people.sms.ID), map[string]any{"member_id": member}, "Idempotency-Key", "k")
	require.Equal(w, status, r.status, r.raw)
	return w.keyed("k")
}

func (w *world) summarized(id chat.ChatID, status int) string {
	w.Helper()
	r := w.call("POST", fmt.Sprintf("/chats/%d/summarize?update_labels=true", id), nil, "Prefer", "wait=60")
	require.Equal(w, status, r.status, r.raw)
	return fmt.Sprintf("summary:%s:%d", w.ws, id)
}

func (w *world) phone(number string) {
	w.Helper()
	_, err := w.store.UpdateMember(w.Context(), w.ws, chat.Actor{MemberID: w.people.manager.ID}, w.people.ana.ID, chat.MemberPatch{Phone: &number})
	require.NoError(w, err)
}

// keyed is the workflow of an idempotency key, for answers that name no action.
func (w *world) keyed(key string) string {
	return chat.ActionWorkflowID(w.ws, workflows.NewClient(nil, "", nil).ActionID(w.ws, key))
}
