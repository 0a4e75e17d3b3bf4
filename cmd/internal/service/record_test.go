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

	scenarios := map[string]func(w *env) (workflowID string){
		"send-accepted": func(w *env) string { return w.sent(sendBody("On its way"), http.StatusOK) },
		"send-tools": func(w *env) string {
			return w.sent(
				sendBody(
					"On its way",
					newToolCall("add_label", map[string]any{"label": "vip"}),
					newToolCall("set_state", map[string]any{"state": "closed"}),
				),
				http.StatusOK,
			)
		},
		"send-refused": sendRefused,
		"send-rejected": func(w *env) string {
			w.phone("+15005550001")
			return w.sent(sendBody("Hello"), http.StatusInternalServerError)
		},
		"send-blocked": func(w *env) string {
			w.phone("+15005550003")

			return w.sent(sendBody("Hello"), http.StatusAccepted)
		},
		"send-tried-again":    func(w *env) string { return w.sent(sendBody("Hello"), http.StatusOK) },
		"send-unknown-found":  func(w *env) string { return w.failing(http.StatusAccepted, "cut", "callback_never") },
		"send-unknown-told":   func(w *env) string { return w.failing(http.StatusAccepted, "cut") },
		"send-undelivered":    func(w *env) string { return w.failing(http.StatusOK, "undelivered") },
		"send-unconfirmed":    func(w *env) string { return w.failing(http.StatusOK, "callback_delay") },
		"send-resolved":       sendResolved,
		"send-stopped":        sendStopped,
		"retry-new":           retryNew,
		"retry-same":          retrySame,
		"retry-refused":       retryRefused,
		"retry-bulk":          retryBulk,
		"participant-added":   func(w *env) string { return w.added(w.people.priya.ID, http.StatusOK) },
		"participant-refused": func(w *env) string { return w.added(w.people.ana.ID, http.StatusBadRequest) },
	}

	maps.Copy(scenarios, toolScenarios)
	maps.Copy(scenarios, summaryScenarios)
	maps.Copy(scenarios, webhookScenarios)
	maps.Copy(scenarios, noticeScenarios)

	for name, run := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			w := newEnvWithProviders(
				t,
				providersOf(name),
				"sqlite:"+t.TempDir()+"/handrail.db",
				withShortWaits,
				scenarioOption(t, name),
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

// scenarioOption are the provider and the model that a scenario needs.
func scenarioOption(t *testing.T, scenario string) option {
	t.Helper()

	switch scenario {
	case "webhook-told":
		return busyReceiver(t)
	case "send-tried-again":
		return busyOnce(t)
	case "summary-model-failed":
		url, _, let := slowModel(t, `{"title":"","summary":"","labels":[]}`)
		let()

		return withModel(url)

	case "summary-waited":
		s := newScribe(t)
		s.busy("1", 1)

		return s.option

	case "summary-in-parts":
		s := newScribe(t)
		s.longest = 30_000

		return s.option
	}

	return func(*config.Config) {}
}

// providersOf are the providers that a scenario needs.
func providersOf(scenario string) sandbox.Config {
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

func sendRefused(w *env) string {
	body := sendBody("Hello", newToolCall("refund", map[string]any{}))
	r := w.call("POST", sendPath(w.people.sms.ID), body, "Idempotency-Key", "refused")
	require.Equal(w, http.StatusBadRequest, r.status, r.raw)

	return w.keyed("refused")
}

// failing sends with faults in force, and waits until nothing more happens.
func (w *env) failing(status int, faults ...sandbox.FaultKind) string {
	w.Helper()

	inForce := make([]sandbox.Fault, len(faults))
	for i, kind := range faults {
		inForce[i].Kind = kind
	}

	w.setFaults(inForce...)

	return w.sent(sendBody("Hello"), status)
}

func sendResolved(w *env) string {
	w.setFaults(sandbox.Fault{Kind: sandbox.FaultLate, Delay: time.Hour})
	delivery, action := w.deliveryInReview(w.T)
	r := w.call(
		"POST",
		"/deliveries/"+delivery+"/resolve",
		map[string]any{"as": "not_sent", "reason": "not in Twilio's log"},
	)

	require.Equal(w, http.StatusOK, r.status, r.raw)
	w.awaitSettled(action)

	return chat.ActionWorkflowID(w.ws, chat.ActionID(action))
}

func sendStopped(w *env) string {
	w.setFaults(sandbox.Fault{Kind: sandbox.FaultRateLimit, Delay: time.Hour})
	r := w.call("POST", sendPath(w.people.sms.ID), sendBody("An offer"), "Prefer", "wait=1")
	require.Equal(w, http.StatusAccepted, r.status, r.raw)
	id := r.at("delivery", "id").(string)

	w.eventually(func() bool { return w.delivery(id).at("retry_at") != nil })

	require.NoError(
		w,
		w.box.Answer(w.Context(), sandbox.Answer{From: "+14155550101", To: "+14155550100", Text: "STOP"}),
	)

	w.awaitSettled(r.at("action_id"))

	return chat.ActionWorkflowID(w.ws, chat.ActionID(r.at("action_id").(string)))
}

func retryNew(w *env) string {
	w.setFaults(sandbox.Fault{Kind: sandbox.FaultRefuse, Times: 1})
	r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"))

	return w.retried(r.at("delivery_id"), http.StatusOK)
}

func retryRefused(w *env) string {
	r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"))
	return w.retried(r.at("delivery", "id"), http.StatusConflict)
}

func retrySame(w *env) string {
	w.setFaults(sandbox.Fault{Kind: sandbox.FaultLate, Delay: time.Hour, Times: 1})
	delivery, _ := w.deliveryInReview(w.T)

	return w.retried(delivery, http.StatusAccepted)
}

func (w *env) retried(delivery any, status int) string {
	w.Helper()

	body := map[string]any{"reason": "asked by phone", "acknowledge_duplicate": true}
	r := w.call("POST", "/deliveries/"+delivery.(string)+"/retry", body, "Idempotency-Key", "retried")
	require.Equal(w, status, r.status, r.raw)
	id := w.keyed("retried")
	w.awaitClosed(id)

	return id
}

func retryBulk(w *env) string {
	w.setFaults(sandbox.Fault{Kind: sandbox.FaultRefuse, Times: 3})

	for range 3 {
		w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"))
	}

	r := w.call(
		"POST",
		"/deliveries/retry",
		map[string]any{"status": "rejected", "reason": "fixed", "canary": 1, "rate_per_second": 2},
	)

	require.Equal(w, http.StatusAccepted, r.status, r.raw)
	run := w.call("GET", w.below(r.header.Get("Location")), nil)
	id := run.at("workflow_id").(string)
	w.awaitClosed(id)

	return id
}

// sent sends and waits until nothing more happens, unless a person must decide.
func (w *env) sent(body map[string]any, status int) string {
	w.Helper()
	r := w.call("POST", sendPath(w.people.sms.ID), body)
	require.Equal(w, status, r.status, r.raw)

	if r.at("status") != "blocked" {
		w.awaitSettled(r.at("action_id"))
	}

	return chat.ActionWorkflowID(w.ws, chat.ActionID(r.at("action_id").(string)))
}

func (w *env) added(member chat.MemberID, status int) string {
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

func (w *env) phone(number string) {
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
func (w *env) keyed(key string) string {
	return chat.ActionWorkflowID(w.ws, engine.NewClient(nil, "", nil).ActionID(w.ws, key))
}
