package service_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/sandbox"
)

func TestAnSMSArrivesOnceAfterItsToolsHaveRun(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		require.True(t, w.chat(w.people.sms.ID).NeedsResponse)

		body := sendBody(
			"Your order **7-1184** is on its way.",
			newToolCall("add_label", map[string]any{"label": "VIP"}),
			newToolCall("set_title", map[string]any{"title": "Order 7-1184"}),
		)

		r := w.call("POST", sendPath(w.people.sms.ID), body, "Idempotency-Key", "order-7")
		require.Equal(t, http.StatusOK, r.status, r.raw)
		assert.Equal(t, true, r.at("success"))
		assert.Equal(t, "Your order **7-1184** is on its way.", r.at("message", "content"))
		assert.Equal(t, "succeeded", r.at("message", "tool_calls", 0, "status"))
		assert.Equal(t, "accepted", r.at("delivery", "status"))
		assert.Equal(t, "twilio", r.at("delivery", "provider"))
		assert.InDelta(t, 1, r.at("delivery", "segments"), 0)

		arrived := w.box.Messages(sandbox.MessageFilter{})
		require.Len(t, arrived, 1)
		assert.Equal(t, "Your order 7-1184 is on its way.", arrived[0].Body)
		assert.Equal(t, "+14155550101", arrived[0].To)
		assert.Equal(t, r.at("delivery", "provider_message_id"), arrived[0].SID)

		after := w.chat(w.people.sms.ID)
		assert.False(t, after.NeedsResponse)
		assert.Equal(t, "Order 7-1184", after.Title)
		require.Len(t, after.Labels, 1)
		assert.Equal(t, "vip", after.Labels[0].Name)

		again := w.call("POST", sendPath(w.people.sms.ID), body, "Idempotency-Key", "order-7")
		assert.Equal(t, http.StatusOK, again.status, again.raw)
		assert.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
		assert.Equal(t, r.at("message", "uuid"), again.at("message", "uuid"))
		assert.Equal(t, r.at("action_id"), again.at("action_id"))
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)

		other := w.call("POST", sendPath(w.people.sms.ID), sendBody("Something else"), "Idempotency-Key", "order-7")
		assert.Equal(t, http.StatusConflict, other.status, other.raw)
		assert.Equal(t, "idempotency_key_reused", other.at("code"))
		assert.Contains(t, other.raw, `"message"`)

		action := w.call("GET", "/actions/"+r.at("action_id").(string), nil)
		assert.Equal(t, "succeeded", action.at("state"), action.raw)
		delivery := w.call("GET", "/deliveries/"+r.at("delivery", "id").(string), nil)
		assert.Equal(t, "accepted", delivery.at("attempts", 0, "outcome"), delivery.raw)
	})
}

func TestAnEmailArrivesWithItsThread(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		w.inbound(w.people.email.ID, "Please correct invoice 1184.")

		r := w.call(
			"POST",
			sendPath(w.people.email.ID),
			sendBody("Hello Ana,\n\nthe *corrected* invoice is attached: <https://example.com/1184>"),
		)

		require.Equal(t, http.StatusOK, r.status, r.raw)
		assert.Equal(t, "sendgrid", r.at("delivery", "provider"))

		mails := w.box.Mails()
		require.Len(t, mails, 1)
		assert.Contains(t, mails[0].HTML, "<em>corrected</em>")
		assert.Contains(t, mails[0].Text, "corrected")
		assert.NotEmpty(t, mails[0].Headers["References"])
		assert.False(t, w.chat(w.people.email.ID).NeedsResponse)
	})
}

func TestManyRequestsWithOneKeySendOneMessage(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		var all sync.WaitGroup
		var replayed, uuids sync.Map

		for i := range 12 {
			all.Go(func() {
				r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Only once"), "Idempotency-Key", "once")
				if assert.Equal(w, http.StatusOK, r.status, r.raw) {
					uuids.Store(r.at("message", "uuid"), true)
					replayed.Store(i, r.header.Get("Idempotency-Replayed"))
				}
			})
		}

		all.Wait()
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)
		assert.Equal(t, 1, countMatching(&uuids, func(any) bool { return true }))
		assert.Equal(
			t,
			11,
			countMatching(&replayed, func(v any) bool { return v == "true" }),
			"all but the first are told so",
		)
	})
}

func countMatching(m *sync.Map, match func(any) bool) int {
	n := 0

	m.Range(func(_, v any) bool {
		if match(v) {
			n++
		}

		return true
	})

	return n
}

func TestWhoWritesMeanwhileStillNeedsAResponse(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	release := w.box.Hold()

	answered := make(chan response, 1)
	go func() { answered <- w.call("POST", sendPath(w.people.sms.ID), sendBody("On its way")) }()

	_, err := w.box.Await(t.Context(), func(sandbox.Message) bool { return true })
	require.NoError(t, err)
	w.inbound(w.people.sms.ID, "And when?")
	release()

	r := <-answered
	require.Equal(t, http.StatusOK, r.status, r.raw)
	assert.True(t, w.chat(w.people.sms.ID).NeedsResponse)
}

func TestACallForAHumanOutlivesTheMessage(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	r := w.call(
		"POST",
		sendPath(w.people.sms.ID),
		sendBody("A colleague will call you.", newToolCall("talk_to_human", map[string]any{"reason": "wants a call"})),
	)

	require.Equal(t, http.StatusOK, r.status, r.raw)
	assert.True(t, w.chat(w.people.sms.ID).NeedsResponse)
}

func TestACallerMayWaitLessThanTheProviderTakes(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	release := w.box.Hold()
	r := w.call("POST", sendPath(w.people.sms.ID), sendBody("On its way"), "Prefer", "wait=1")
	require.Equal(t, http.StatusAccepted, r.status, r.raw)
	location := r.header.Get("Location")
	require.NotEmpty(t, location)
	release()

	action := w.call("GET", w.below(location)+"?wait=20", nil)
	assert.Equal(t, "succeeded", action.at("state"), action.raw)
	assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)
}

func TestRespondAsyncPointsToTheAction(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	r := w.call("POST", sendPath(w.people.sms.ID), sendBody("On its way"), "Prefer", "respond-async")
	require.Equal(t, http.StatusAccepted, r.status, r.raw)
	location := r.header.Get("Location")
	action := w.call("GET", w.below(location)+"?wait=20", nil)
	assert.Equal(t, http.StatusOK, action.status, action.raw)
	assert.Equal(t, "succeeded", action.at("state"), action.raw)
}

func TestARefusedSendLeavesNothing(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)

		tests := map[string]struct {
			body map[string]any
			code string
		}{
			"unknown tool": {
				sendBody(
					"Hello",
					newToolCall("add_label", map[string]any{"label": "vip"}),
					newToolCall("refund", map[string]any{}),
				),
				"unknown_tool",
			},
			"bad arguments": {
				sendBody(
					"Hello",
					newToolCall("add_label", map[string]any{"label": "vip"}),
					newToolCall("set_state", map[string]any{"state": "gone"}),
				),
				"invalid_tool_arguments",
			},
			"too long": {sendBody(strings.Repeat("x", 1601)), "message_too_long"},
			"label not ours": {
				sendBody("Hello", newToolCall("add_label", map[string]any{"label": "refund-approved"})),
				"invalid_tool_arguments",
			},
		}

		for name, tt := range tests {
			r := w.call(
				"POST",
				sendPath(w.people.sms.ID),
				tt.body,
				"Idempotency-Key",
				strings.ReplaceAll(name, " ", "-"),
			)

			assert.Equal(t, http.StatusBadRequest, r.status, r.raw)
			assert.Equal(t, tt.code, r.at("code"))
		}

		assert.Empty(t, w.box.Messages(sandbox.MessageFilter{}))
		assert.Empty(t, w.chat(w.people.sms.ID).Labels, "no tool ran")
		list := w.call("GET", "/deliveries", nil)
		assert.Empty(t, list.at("items"), list.raw)

		fixed := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"), "Idempotency-Key", "unknown-tool")
		assert.Equal(t, http.StatusOK, fixed.status, "a refusal does not use up its key: %s", fixed.raw)
	})
}

func TestARefusalOfTheProviderIsReported(t *testing.T) {
	t.Parallel()

	tests := map[string]struct{ phone, status string }{
		"not a number":   {"+15005550001", "rejected"},
		"not a mobile":   {"+15005550009", "rejected"},
		"has opted out":  {"+15005550004", "suppressed"},
		"not authorised": {"+15005550003", "blocked"},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
			_, err := w.store.UpdateMember(
				t.Context(),
				w.ws,
				chat.Actor{MemberID: w.people.manager.ID},
				w.people.ana.ID,
				chat.MemberPatch{Phone: &tt.phone},
			)

			require.NoError(t, err)

			r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"))
			if tt.status == "blocked" {
				assert.Equal(t, http.StatusAccepted, r.status, r.raw)
				assert.Equal(t, "blocked", r.at("delivery", "status"))

				return
			}

			assert.Equal(t, http.StatusInternalServerError, r.status, r.raw)
			assert.Equal(t, "delivery_failed", r.at("code"))
			delivery := w.call("GET", "/deliveries/"+r.at("delivery_id").(string), nil)
			assert.Equal(t, tt.status, delivery.at("status"), delivery.raw)
			assert.True(t, w.chat(w.people.sms.ID).NeedsResponse)

			again := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello again"))
			if tt.status == "suppressed" {
				assert.Equal(t, "recipient_opted_out", again.at("code"), again.raw)
			}
		})
	}
}

// startCuttingProvider is a provider that takes every message and never answers.
func startCuttingProvider(t *testing.T) (url string, taken *atomic.Int64) {
	t.Helper()

	taken = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		taken.Add(1)

		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			err = conn.Close()
		}

		assert.NoError(t, err)
	}))

	t.Cleanup(server.Close)

	return server.URL, taken
}

func TestAnUnknownOutcomeIsNeverPostedAgainAndNeverCalledFailed(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, database string) {
		url, taken := startCuttingProvider(t)
		w := newEnv(t, database, func(c *config.Config) { c.TwilioBaseURL = url })
		r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"), "Idempotency-Key", "k")
		require.Equal(t, http.StatusAccepted, r.status, r.raw)
		assert.Equal(t, "unknown", r.at("status"), r.raw)
		assert.NotContains(t, strings.ToLower(r.raw), "failed")

		again := w.call(
			"POST",
			sendPath(w.people.sms.ID),
			sendBody("Hello"),
			"Idempotency-Key",
			"k",
			"Prefer",
			"wait=1",
		)
		assert.Equal(t, "unknown", again.at("status"), again.raw)

		next := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello?"), "Prefer", "wait=1")
		assert.Equal(t, http.StatusAccepted, next.status, "one to an address at a time: %s", next.raw)
		assert.Equal(t, int64(1), taken.Load())
		assert.True(t, w.chat(w.people.sms.ID).NeedsResponse)
	})
}

func TestWrongCredentialsBlockAndLoseNothing(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", func(c *config.Config) { c.TwilioAuthToken = "wrongtoken" })
	r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"))
	require.Equal(t, http.StatusAccepted, r.status, r.raw)
	assert.Equal(t, "blocked", r.at("status"), r.raw)
	assert.NotContains(t, r.raw, "wrongtoken")
	assert.NotEmpty(t, r.at("explanation"))
}

func TestAProviderThatIsAwayIsTriedAgain(t *testing.T) {
	t.Parallel()
	var box atomic.Pointer[sandbox.Sandbox]
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if b := box.Load(); b != nil {
			b.Handler().ServeHTTP(rw, r)
			return
		}

		rw.Header().Set("Retry-After", "1")
		rw.WriteHeader(http.StatusTooManyRequests)
	}))

	t.Cleanup(front.Close)
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", func(c *config.Config) { c.TwilioBaseURL = front.URL })
	r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"), "Prefer", "wait=1")
	require.Equal(t, http.StatusAccepted, r.status, r.raw)
	box.Store(w.box)
	action := w.call("GET", "/actions/"+r.at("action_id").(string)+"?wait=30", nil)
	assert.Equal(t, "succeeded", action.at("state"), action.raw)
	assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)
}

func TestAWebChatMessageIsThereByBeingStored(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	made, err := w.store.CreateChat(t.Context(), w.ws, chat.Actor{MemberID: w.people.manager.ID}, chat.NewChat{
		Channel: chat.ChannelWeb, MemberID: w.people.priya.ID, AssistantMemberID: &w.people.assistant.ID,
	})

	require.NoError(t, err)

	r := w.call("POST", sendPath(made.ID), sendBody("Hello"))
	require.Equal(t, http.StatusOK, r.status, r.raw)
	assert.Equal(t, "handrail", r.at("delivery", "provider"))
}

func TestManySendsToOneAddressTakeTurns(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")

	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			// On a busy machine the last in the row are answered with 202.
			r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello "+uuid.NewString()))
			if assert.Contains(w, []int{http.StatusOK, http.StatusAccepted}, r.status, r.raw) {
				assert.NoError(
					w,
					w.raw().
						GetWorkflow(w.Context(), chat.ActionWorkflowID(w.ws, chat.ActionID(r.at("action_id").(string))), "").
						Get(w.Context(), nil),
				)
			}
		})
	}

	all.Wait()
	assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 20)
}

func TestARefusalAfterA202NamesItsReason(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	w.phone("")
	r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"), "Prefer", "respond-async")
	require.Equal(t, http.StatusAccepted, r.status, r.raw)
	w.awaitSettled(r.at("action_id"))
	action := w.call("GET", w.below(r.header.Get("Location")), nil)
	assert.Equal(t, http.StatusNotFound, action.status, action.raw)
	assert.Contains(t, action.at("detail"), "(no_phone)")
}
