package service_test

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdkworker "go.temporal.io/sdk/worker"
	"google.golang.org/protobuf/encoding/protojson"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/engine"
	"handrail/sandbox"
	"handrail/worker"
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
			return w.sent(
				says(
					"On its way",
					tool("add_label", map[string]any{"label": "vip"}),
					tool("set_state", map[string]any{"state": "closed"}),
				),
				http.StatusOK,
			)
		},
		"send-refused": sendRefused,
		"send-rejected": func(w *world) string {
			w.phone("+15005550001")
			return w.sent(says("Hello"), http.StatusInternalServerError)
		},
		"send-blocked":        func(w *world) string { w.phone("+15005550003"); return w.sent(says("Hello"), http.StatusAccepted) },
		"send-tried-again":    func(w *world) string { return w.sent(says("Hello"), http.StatusOK) },
		"send-unknown-found":  func(w *world) string { return w.failing(http.StatusAccepted, "cut", "callback_never") },
		"send-unknown-told":   func(w *world) string { return w.failing(http.StatusAccepted, "cut") },
		"send-undelivered":    func(w *world) string { return w.failing(http.StatusOK, "undelivered") },
		"send-unconfirmed":    func(w *world) string { return w.failing(http.StatusOK, "callback_delay") },
		"send-resolved":       sendResolved,
		"send-stopped":        sendStopped,
		"retry-new":           retryNew,
		"retry-same":          retrySame,
		"retry-refused":       retryRefused,
		"retry-bulk":          retryBulk,
		"participant-added":   func(w *world) string { return w.added(w.people.priya.ID, http.StatusOK) },
		"participant-refused": func(w *world) string { return w.added(w.people.ana.ID, http.StatusBadRequest) },
	}

	maps.Copy(scenarios, toolScenarios)
	maps.Copy(scenarios, summaryScenarios)

	for name, run := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			w := newWorldBeside(
				t,
				carriersOf(name),
				"sqlite:"+t.TempDir()+"/handrail.db",
				soon,
				surroundings(t, name),
				deskOf(t, name),
			)

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

// surroundings are the provider and the model that a scenario needs.
func surroundings(t *testing.T, scenario string) option {
	t.Helper()

	switch scenario {
	case "send-tried-again":
		return busyOnce(t)
	case "summary-model-failed":
		url, _, let := slowModel(t, `{"title":"","summary":"","labels":[]}`)
		let()

		return withModel(url)

	case "summary-in-parts":
		s := newScribe(t)
		s.longest = 30_000

		return s.option
	}

	return func(*config.Config) {}
}

// carriersOf are the providers that a scenario needs.
func carriersOf(scenario string) sandbox.Config {
	if scenario == "send-unconfirmed" {
		return sandbox.Config{CallbackDelay: time.Hour}
	}

	return sandbox.Config{}
}

// busyOnce puts a provider in front of the sandbox that answers its first request with 429.
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

// failing sends with faults in force, and waits until nothing more happens.
func (w *world) failing(status int, faults ...sandbox.FaultKind) string {
	w.Helper()

	inForce := make([]sandbox.Fault, len(faults))
	for i, kind := range faults {
		inForce[i].Kind = kind
	}

	w.faults(inForce...)

	return w.sent(says("Hello"), status)
}

func sendResolved(w *world) string {
	w.faults(sandbox.Fault{Kind: sandbox.FaultLate, Delay: time.Hour})
	delivery, action := w.parkedForReview(w.T)
	r := w.call(
		"POST",
		"/deliveries/"+delivery+"/resolve",
		map[string]any{"as": "not_sent", "reason": "not in Twilio's log"},
	)

	require.Equal(w, http.StatusOK, r.status, r.raw)
	w.settled(action)

	return chat.ActionWorkflowID(w.ws, chat.ActionID(action))
}

func sendStopped(w *world) string {
	w.faults(sandbox.Fault{Kind: sandbox.FaultRateLimit, Delay: time.Hour})
	r := w.call("POST", sendPath(w.people.sms.ID), says("An offer"), "Prefer", "wait=1")
	require.Equal(w, http.StatusAccepted, r.status, r.raw)
	id := r.at("delivery", "id").(string)

	w.eventually(func() bool { return w.delivery(id).at("retry_at") != nil })

	require.NoError(
		w,
		w.box.Answer(w.Context(), sandbox.Answer{From: "+14155550101", To: "+14155550100", Text: "STOP"}),
	)

	w.settled(r.at("action_id"))

	return chat.ActionWorkflowID(w.ws, chat.ActionID(r.at("action_id").(string)))
}

func retryNew(w *world) string {
	w.faults(sandbox.Fault{Kind: sandbox.FaultRefuse, Times: 1})
	r := w.call("POST", sendPath(w.people.sms.ID), says("Hello"))

	return w.retried(r.at("delivery_id"), http.StatusOK)
}

func retryRefused(w *world) string {
	r := w.call("POST", sendPath(w.people.sms.ID), says("Hello"))
	return w.retried(r.at("delivery", "id"), http.StatusConflict)
}

func retrySame(w *world) string {
	w.faults(sandbox.Fault{Kind: sandbox.FaultLate, Delay: time.Hour, Times: 1})
	delivery, _ := w.parkedForReview(w.T)

	return w.retried(delivery, http.StatusAccepted)
}

func (w *world) retried(delivery any, status int) string {
	w.Helper()
	r := w.call("POST", "/deliveries/"+delivery.(string)+"/retry", map[string]any{}, "Idempotency-Key", "retried")
	require.Equal(w, status, r.status, r.raw)
	id := w.keyed("retried")
	w.closed(id)

	return id
}

func retryBulk(w *world) string {
	w.faults(sandbox.Fault{Kind: sandbox.FaultRefuse, Times: 3})

	for range 3 {
		w.call("POST", sendPath(w.people.sms.ID), says("Hello"))
	}

	r := w.call(
		"POST",
		"/deliveries/retry",
		map[string]any{"status": "rejected", "reason": "fixed", "canary": 1, "rate_per_second": 2},
	)

	require.Equal(w, http.StatusAccepted, r.status, r.raw)
	run := w.call("GET", w.below(r.header.Get("Location")), nil)
	id := run.at("workflow_id").(string)
	w.closed(id)

	return id
}

// sent sends and waits until nothing more happens, unless a person must decide.
func (w *world) sent(body map[string]any, status int) string {
	w.Helper()
	r := w.call("POST", sendPath(w.people.sms.ID), body)
	require.Equal(w, status, r.status, r.raw)

	if r.at("status") != "blocked" {
		w.settled(r.at("action_id"))
	}

	return chat.ActionWorkflowID(w.ws, chat.ActionID(r.at("action_id").(string)))
}

func (w *world) added(member chat.MemberID, status int) string {
	w.Helper()

	r := w.call(
		"POST",
		fmt.Sprintf("/chats/%d/participants", w.people.sms.ID),
		map[string]any{"member_id": member},
		"Idempotency-Key",
		"k",
	)

	require.Equal(w, status, r.status, r.raw)

	return w.keyed("k")
}

func (w *world) phone(number string) {
	w.Helper()

	_, err := w.store.UpdateMember(
		w.Context(),
		w.ws,
		chat.Actor{MemberID: w.people.manager.ID},
		w.people.ana.ID,
		chat.MemberPatch{Phone: &number},
	)

	require.NoError(w, err)
}

// keyed is the workflow of an idempotency key, for answers that name no action.
func (w *world) keyed(key string) string {
	return chat.ActionWorkflowID(w.ws, engine.NewClient(nil, "", nil).ActionID(w.ws, key))
}
