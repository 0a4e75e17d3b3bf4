package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

const location = "/api/v2/w/" + string(home) + "/actions/" + string(actionOne)

var (
	addRequest  = request{method: http.MethodPost, path: workspaceURL("/chats/7/participants"), body: `{"memberId":42}`}
	sendRequest = request{
		method: http.MethodPost,
		path:   workspaceURL("/chats/7/send-assistant-message"),
		body:   `{"message":"On its way."}`,
	}
	summarizeRequest = request{method: http.MethodPost, path: workspaceURL("/chats/7/summarize")}
)

func (r request) with(headers ...string) request {
	r.headers = map[string]string{}
	for i := 0; i < len(headers); i += 2 {
		r.headers[headers[i]] = headers[i+1]
	}

	return r
}

func TestAddParticipant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := addRequest.with("X-Request-Id", "my-request")
	a := w.do(t, r)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.JSONEq(t, `{"success":true,"message":"Ana Lopez added as contributor","participant_id":7}`, a.raw)
	require.Len(t, w.engine.all(), 1)
	asked := w.engine.all()[0].(chat.AddParticipant)
	assert.Equal(t, chat.NewParticipant{MemberID: 42, Role: chat.ParticipantContributor}, asked.NewParticipant)
	assert.Equal(t, chat.Actor{MemberID: 1, KeyID: 1, RequestID: "my-request"}, asked.By)
	assert.Equal(t, []chat.ChatID{chatOne}, []chat.ChatID{asked.ChatID})
	assert.Equal(t, home, asked.WorkspaceID)
	assert.Len(t, asked.Fingerprint, 4)
	assert.Equal(t, []time.Duration{25 * time.Second}, w.engine.waits)
	assert.Empty(t, w.store.changed(), "adding is the engine's work")
}

func TestSend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(t, sendRequest)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	assert.JSONEq(t, `{
		"success": true,
		"message": {
			"id": 1041, "uuid": "`+string(messageOne)+`", "role": "assistant", "content": "On its way.", "created_at": "2026-11-22T12:00:00Z",
			"tool_calls": [{"id": "call_1", "name": "add_label", "arguments": {"label": "vip"}, "status": "succeeded", "result": {}}]
		},
		"delivery": {"id": "`+string(deliveryID)+`", "channel": "phone-sms", "status": "accepted", "provider": "twilio", "provider_message_id": "SM1", "segments": 1},
		"action_id": "`+string(actionOne)+`"
	}`, a.raw)

	asked := w.engine.all()[0].(chat.SendAssistantMessage)
	assert.Equal(t, int64(5), asked.Watermark, "the watermark is the chat's attention")
	assert.Equal(t, "On its way.", asked.Message)
	assert.Empty(t, asked.ToolCalls)
}

func TestSummarize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := summarizeRequest
	r.path += "?update_labels=true"
	a := w.do(t, r)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	for field, want := range map[string]any{"title": "Late delivery", "summary": "Ana asks.", "summary_model": "offline", "summary_updated_at": "2026-11-22T12:00:00Z"} {
		assert.Equal(t, want, a.json[field], field)
	}

	assert.Equal(t, "vip", a.json["labels"].([]any)[0].(map[string]any)["name"])
	assert.True(t, w.engine.all()[0].(chat.SummarizeChat).UpdateLabels)
}

func TestMessageLengthIsTheChannels(t *testing.T) {
	t.Parallel()

	for channel, most := range map[chat.Channel]int{chat.ChannelSMS: 1600, chat.ChannelEmail: 100_000, chat.ChannelWeb: 100_000} {
		w := newWorld(t)
		w.store.chat = func(chat.ChatID) (chat.Chat, error) {
			c := smsChat()
			c.Channel = channel

			return c, nil
		}

		r := sendRequest
		r.body = `{"message":"` + strings.Repeat("ü", most+1) + `"}`
		requireProblem(t, w.do(t, r), http.StatusBadRequest, "message_too_long", "message")
		w.requireUntouched(t)

		r.body = `{"message":"` + strings.Repeat("ü", most) + `"}`
		assert.Equal(t, http.StatusOK, w.do(t, r).StatusCode)
	}
}

// Whatever the engine fails with is answered as the contract has it.
func TestFailuresOfActions(t *testing.T) {
	t.Parallel()

	codes := map[chat.Code]int{
		chat.CodeParticipantExists:    400,
		chat.CodeInvalidRole:          400,
		chat.CodeNoPhone:              400,
		chat.CodeNoEmail:              400,
		chat.CodeNotificationsOff:     400,
		chat.CodeRecipientOptedOut:    400,
		chat.CodeSenderNotConfigured:  400,
		chat.CodeChannelNotSupported:  400,
		chat.CodeChatArchived:         400,
		chat.CodeMessageTooLong:       400,
		chat.CodeUnknownTool:          400,
		chat.CodeInvalidToolArguments: 400,
		chat.CodeNothingToSummarize:   400,
		chat.CodeChatNotFound:         404,
		chat.CodeMemberNotFound:       404,
		chat.CodeAssistantNotFound:    404,
		chat.CodeParticipantNotFound:  404,
		chat.CodeIdempotencyKeyReused: 409,
		chat.CodeDeliveryFailed:       500,
		chat.CodeToolCallFailed:       500,
		chat.CodeSummarizationFailed:  500,
		chat.CodeApprovalRefused:      409,
		chat.CodeApprovalExpired:      409,
		chat.CodeRecordLost:           500,
		chat.CodeUnavailable:          503,
		chat.CodeActionEnded:          503,
	}

	for code, status := range codes {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			failure := chat.Errorf(code, "what is wrong").Because(errors.New("secret cause"))
			failure.DeliveryID, failure.Retryable = string(deliveryID), true
			failure.ToolCalls = []chat.ToolCall{{
				ID:        "call_1",
				Name:      "add_label",
				Arguments: []byte(`{}`),
				State:     chat.ToolCallFailed,
				Error:     "no such label",
			}}

			w.engine.add = func(context.Context, chat.AddParticipant) (chat.Answer[chat.ParticipantAdded], error) {
				return chat.Answer[chat.ParticipantAdded]{}, failure
			}

			w.engine.send = func(context.Context, chat.SendAssistantMessage) (chat.Answer[chat.AssistantMessageSent], error) {
				return chat.Answer[chat.AssistantMessageSent]{}, failure
			}

			w.engine.summarize = func(context.Context, chat.SummarizeChat) (chat.Answer[chat.ChatSummarized], error) {
				return chat.Answer[chat.ChatSummarized]{}, failure
			}

			for _, r := range []request{addRequest, sendRequest, summarizeRequest} {
				a := w.do(t, r)
				requireProblem(t, a, status, string(code), "")
				assert.NotContains(t, a.raw, "secret")
				assert.Equal(t, string(deliveryID), a.json["delivery_id"])
				assert.Equal(t, true, a.json["retryable"])
				assert.Equal(t, "no such label", a.json["tool_calls"].([]any)[0].(map[string]any)["error"])

				if status == 500 {
					assert.Equal(t, string(actionOne), a.json["action_id"])
				}
			}
		})
	}
}

func TestInternalErrorsSayNothingAndAreLoggedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.engine.send = func(context.Context, chat.SendAssistantMessage) (chat.Answer[chat.AssistantMessageSent], error) {
		return chat.Answer[chat.AssistantMessageSent]{}, errors.New("dial tcp 10.0.0.1: password wrong")
	}

	a := w.do(t, sendRequest.with("X-Request-Id", "find-me"))
	requireProblem(t, a, http.StatusInternalServerError, "internal", "")
	assert.Equal(t, "internal error", a.json["detail"])
	assert.NotContains(t, a.raw, "10.0.0.1")
	assert.Equal(t, 1, strings.Count(w.log.String(), "password wrong"), w.log.String())
	assert.Contains(t, w.log.String(), "request_id=find-me")
	assert.Regexp(t, `request answered.* action_id=[0-9a-f-]{36}`, w.log.String())
	assert.NotContains(t, w.log.String(), "On its way", "a message must not be logged")
}

func TestWaitsThatRunOut(t *testing.T) {
	t.Parallel()

	for _, r := range []request{addRequest, sendRequest, summarizeRequest} {
		w := newWorld(t)
		w.engine.add = func(context.Context, chat.AddParticipant) (chat.Answer[chat.ParticipantAdded], error) {
			return chat.Answer[chat.ParticipantAdded]{}, chat.ErrStillRunning
		}

		w.engine.send = func(context.Context, chat.SendAssistantMessage) (chat.Answer[chat.AssistantMessageSent], error) {
			return chat.Answer[chat.AssistantMessageSent]{}, chat.ErrStillRunning
		}

		w.engine.summarize = func(context.Context, chat.SummarizeChat) (chat.Answer[chat.ChatSummarized], error) {
			return chat.Answer[chat.ChatSummarized]{}, chat.ErrStillRunning
		}

		// Nobody can tell of the action yet; it is accepted all the same.
		a := w.do(t, r)
		require.Equal(t, http.StatusAccepted, a.StatusCode, a.raw)
		assert.Equal(t, location, a.Header.Get("Location"))
		assert.Equal(t, string(actionOne), a.json["action_id"])
		assert.Equal(t, "running", a.json["state"])
		assert.NotEmpty(t, a.json["explanation"])
		// The same when the store fails afterwards.
		w.store.action = func(chat.ActionID) (chat.Action, error) { return chat.Action{}, errors.New("database is gone") }
		assert.Equal(t, http.StatusAccepted, w.do(t, r).StatusCode)
	}
}

// The request for a summary is recorded by the workflow of its chat, a moment after it was
// accepted; who follows Location at once must find it.
func TestAnAcceptedSummaryCanBeAskedForAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.engine.summarize = func(context.Context, chat.SummarizeChat) (chat.Answer[chat.ChatSummarized], error) {
		return chat.Answer[chat.ChatSummarized]{}, chat.ErrStillRunning
	}

	var looked atomic.Int64
	w.store.action = func(id chat.ActionID) (chat.Action, error) {
		if looked.Add(1) <= 4 {
			return chat.Action{}, chat.Errorf(chat.CodeActionNotFound, "there is no action %s", id)
		}

		return chat.Action{
			ID:          id,
			WorkspaceID: home,
			Kind:        chat.ActionSummarizeChat,
			ChatID:      chatOne,
			State:       chat.ActionRunning,
			CreatedAt:   time.Unix(1, 0),
		}, nil
	}

	a := w.do(t, summarizeRequest.with("Prefer", "respond-async"))
	require.Equal(t, http.StatusAccepted, a.StatusCode, a.raw)
	assert.Equal(t, "1970-01-01T00:00:01Z", a.json["created_at"], "as it is stored")
	assert.Equal(t, int64(5), looked.Load())
}

// TestAnActionOutlivesItsChat: an action that had succeeded was 404 chat_not_found once its chat was deleted.
func TestAnActionOutlivesItsChat(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.store.action = func(id chat.ActionID) (chat.Action, error) {
		return chat.Action{
			ID:          id,
			WorkspaceID: home,
			Kind:        chat.ActionSummarizeChat,
			ChatID:      chatOne,
			State:       chat.ActionSucceeded,
			CreatedAt:   noon,
		}, nil
	}
	w.store.chat = func(chat.ChatID) (chat.Chat, error) {
		return chat.Chat{}, chat.Errorf(chat.CodeChatNotFound, "there is no such chat")
	}

	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/actions/" + string(actionOne))})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, "succeeded", a.json["state"])
	assert.NotContains(t, a.json, "result")
}

// TestFlagsAreTrueOrFalse: 0, 1, t and F were taken too, which the document does not have.
func TestFlagsAreTrueOrFalse(t *testing.T) {
	t.Parallel()

	for _, value := range []string{"0", "1", "t", "F", "TRUE", ""} {
		w := newWorld(t)
		r := summarizeRequest
		r.path += "?full=" + value
		requireProblem(t, w.do(t, r), http.StatusBadRequest, "invalid_request", "query.full")
		w.requireUntouched(t)
	}
}

// A summary whose model cannot answer yet says why it waits, and until when.
func TestASummaryThatWaitsForItsModel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.action = func(id chat.ActionID) (chat.Action, error) {
		return chat.Action{
			ID:          id,
			WorkspaceID: home,
			Kind:        chat.ActionSummarizeChat,
			ChatID:      chatOne,
			State:       chat.ActionRunning,
			CreatedAt:   noon,
			ModelWait: &chat.ModelWait{
				Code:    "openai_429",
				Reason:  "the model's server takes no more requests for now (429)",
				Since:   noon.Add(time.Second),
				NextTry: noon.Add(4 * time.Minute),
				Until:   noon.Add(15 * time.Minute),
				Waiting: 1,
				Parts:   1,
			},
		}, nil
	}

	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/actions/" + string(actionOne))})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, "running", a.json["state"])
	assert.Equal(t, "The model's server takes no more requests for now (429). It is asked again at 12:04:00, and "+
		"until 12:15:00 UTC at the latest.", a.json["explanation"])
	assert.Equal(t, a.json["explanation"], a.json["timeline"].([]any)[1].(map[string]any)["what"])
}

func TestPrefer(t *testing.T) {
	t.Parallel()

	for prefer, want := range map[string]struct {
		wait    time.Duration
		applied string
	}{
		"":                          {25 * time.Second, ""},
		"respond-async":             {0, "respond-async"},
		"Respond-Async, wait=5":     {0, "respond-async"},
		"wait=5":                    {5 * time.Second, "wait=5"},
		` foo=bar , wait = "7"`:     {7 * time.Second, "wait=7"},
		"wait=0":                    {0, "wait=0"},
		"wait=3600":                 {time.Minute, "wait=60"},
		"wait=-1":                   {25 * time.Second, ""},
		"wait=soon":                 {25 * time.Second, ""},
		"wait=99999999999999999999": {25 * time.Second, ""},
		"return=minimal":            {25 * time.Second, ""},
	} {
		w := newWorld(t)
		a := w.do(t, addRequest.with("Prefer", prefer))
		require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
		assert.Equal(t, []time.Duration{want.wait}, w.engine.waits, prefer)
		assert.Equal(t, want.applied, a.Header.Get("Preference-Applied"), prefer)
	}
}

// A send that is not settled is 202 with the delivery's own status, never a failure.
func TestSendsThatAreNotSettled(t *testing.T) {
	t.Parallel()

	for _, state := range []chat.SubmissionState{
		chat.SubmissionUnknown, chat.SubmissionBlocked, chat.SubmissionNeedsReview, chat.SubmissionPending, chat.SubmissionSending,
	} {
		w := newWorld(t)
		sent := acceptedSend()
		sent.Submission = state
		sent.Status = string(state)
		sent.ProviderMessageID = ""
		w.engine.send = func(context.Context, chat.SendAssistantMessage) (chat.Answer[chat.AssistantMessageSent], error) {
			return chat.Answer[chat.AssistantMessageSent]{Value: sent}, nil
		}

		w.store.action = func(chat.ActionID) (chat.Action, error) { return sendAction(chat.ActionParked), nil }
		w.store.sent = func(chat.ActionID) (chat.AssistantMessageSent, error) { return sent, nil }
		w.store.delivery = func(chat.DeliveryID) (chat.Delivery, error) {
			d := unknownDelivery()
			d.Submission = state

			return d, nil
		}

		a := w.do(t, sendRequest)
		require.Equal(t, http.StatusAccepted, a.StatusCode, a.raw)
		assert.Equal(t, string(state), a.json["status"])
		assert.Equal(t, string(state), a.json["delivery"].(map[string]any)["status"])
		assert.NotEmpty(t, a.json["explanation"])
		assert.Equal(t, string(actionOne), a.json["action_id"])
		assert.Equal(t, location, a.Header.Get("Location"))
		assert.NotContains(t, a.raw, "fail")
	}
}

func sendAction(state chat.ActionState) chat.Action {
	return chat.Action{
		ID:          actionOne,
		WorkspaceID: home,
		Kind:        chat.ActionSendAssistantMessage,
		ChatID:      chatOne,
		State:       state,
		WorkflowID:  "action:x",
		DeliveryID:  deliveryID,
		CreatedAt:   noon,
		UpdatedAt:   noon.Add(time.Minute),
	}
}

func timelineOf(a answer) []string {
	var told []string
	for _, moment := range a.json["timeline"].([]any) {
		told = append(told, moment.(map[string]any)["what"].(string))
	}

	return told
}

func TestGetAction(t *testing.T) {
	t.Parallel()

	get := request{method: http.MethodGet, path: location}

	t.Run("unknown", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.store.action = func(chat.ActionID) (chat.Action, error) { return sendAction(chat.ActionParked), nil }
		w.store.sent = func(chat.ActionID) (chat.AssistantMessageSent, error) { return acceptedSend(), nil }
		a := w.do(t, get)
		require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
		assert.Equal(t, "send_assistant_message", a.json["kind"])
		assert.Equal(t, "parked", a.json["state"])
		assert.Equal(t, "unknown", a.json["status"])
		assert.Contains(t, a.json["explanation"], "May have been sent")
		assert.Len(t, a.json["timeline"], 5)
		assert.NotContains(t, a.json, "result")
		assert.NotContains(t, a.json, "problem")
	})

	t.Run("succeeded", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.store.action = func(chat.ActionID) (chat.Action, error) { return sendAction(chat.ActionSucceeded), nil }
		w.store.sent = func(chat.ActionID) (chat.AssistantMessageSent, error) { return acceptedSend(), nil }
		w.store.delivery = func(chat.DeliveryID) (chat.Delivery, error) {
			d := unknownDelivery()
			d.Submission = chat.SubmissionAccepted
			d.DeliveryStatus = chat.StatusDelivered
			d.UnknownSince = nil
			// One transaction settles the attempt and the action.
			d.Attempts[0].FinishedAt = new(noon.Add(time.Minute))

			return d, nil
		}

		a := w.do(t, get)
		assert.Equal(t, []string{
			"Asked for.", "Twilio reports it as queued.", "Twilio reports it as sent.", "Attempt 1: unknown, timeout.", "The action succeeded.",
		}, timelineOf(a))

		assert.Equal(t, "delivered", a.json["status"])
		assert.Equal(t, true, a.json["result"].(map[string]any)["success"])
		assert.NotContains(t, a.json, "waiting_for")
	})

	t.Run("failed", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		failed := sendAction(chat.ActionFailed)
		failed.Problem = chat.Errorf(chat.CodeDeliveryFailed, "twilio refused it")
		failed.Problem.DeliveryID = string(deliveryID)
		w.store.action = func(chat.ActionID) (chat.Action, error) { return failed, nil }
		w.store.sent = func(chat.ActionID) (chat.AssistantMessageSent, error) { return acceptedSend(), nil }
		a := w.do(t, get)
		require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
		problem := a.json["problem"].(map[string]any)
		assert.Equal(t, "delivery_failed", problem["code"])
		assert.Equal(t, string(deliveryID), problem["delivery_id"])
		assert.Equal(t, string(actionOne), problem["action_id"])
	})

	t.Run("not yet in the store", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.engine.action = func(chat.ActionID) (chat.Action, error) { return sendAction(chat.ActionRunning), nil }
		a := w.do(t, get)
		require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
		assert.Equal(t, "running", a.json["status"])
	})

	t.Run("wait", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		state := chat.ActionRunning
		w.store.action = func(chat.ActionID) (chat.Action, error) {
			return chat.Action{
				ID:            actionOne,
				WorkspaceID:   home,
				Kind:          chat.ActionAddParticipant,
				ChatID:        chatOne,
				State:         state,
				ParticipantID: 12,
			}, nil
		}

		w.engine.await = func(context.Context, chat.Action) error {
			state = chat.ActionSucceeded
			return nil
		}

		long := get
		long.path += "?wait=20"
		a := w.do(t, long)
		assert.Equal(t, []time.Duration{20 * time.Second}, w.engine.waits)
		assert.Equal(t, "succeeded", a.json["state"])
		assert.Equal(t, "Ana Lopez added as contributor", a.json["result"].(map[string]any)["message"])

		for _, wait := range []string{"61", "-1", "soon"} {
			long.path = location + "?wait=" + wait
			requireProblem(t, w.do(t, long), http.StatusBadRequest, "invalid_request", "query.wait")
		}
	})
}

// TestActionsAreForThoseWhoMayAskForThem: they may do something about them, and who may read what an action is about
// may read it.
func TestActionsAreForThoseWhoMayAskForThem(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		kind             chat.ActionKind
		scope            chat.Scope
		own, reads, asks bool
	}{
		{chat.ActionAddParticipant, "deliveries:admin", false, false, false},
		{chat.ActionAddParticipant, "chats:read", false, true, false},
		{chat.ActionAddParticipant, "chats:read", true, true, false},
		{chat.ActionAddParticipant, "chats:write", false, true, true},
		{chat.ActionSendAssistantMessage, "deliveries:admin", true, false, false},
		{chat.ActionSendAssistantMessage, "chats:read", true, true, false},
		{chat.ActionSendAssistantMessage, "chats:write", false, true, false},
		{chat.ActionSendAssistantMessage, "chats:admin", false, true, true},
		{chat.ActionSummarizeChat, "labels:read", false, false, false},
		{chat.ActionSummarizeChat, "labels:read", true, true, true},
		{chat.ActionSummarizeChat, "chats:read", false, true, false},
		{chat.ActionSummarizeChat, "chats:write", false, true, true},
		{chat.ActionRetryDelivery, "chats:admin", true, false, false},
		{chat.ActionRetryDelivery, "deliveries:read", false, true, false},
		{chat.ActionRetryDelivery, "deliveries:write", false, true, true},
		{chat.ActionRetryDeliveries, "chats:admin", false, false, false},
		{chat.ActionRetryDeliveries, "deliveries:write", false, true, false},
		{chat.ActionRetryDeliveries, "deliveries:admin", false, true, true},
	} {
		w := newWorld(t)
		w.grant(test.scope)
		w.store.takesPart = func(chat.ChatID, chat.MemberID) (bool, error) { return test.own, nil }
		w.store.action = func(chat.ActionID) (chat.Action, error) {
			return chat.Action{
				ID:     actionOne,
				Kind:   test.kind,
				ChatID: chatOne,
				State:  chat.ActionRunning,
			}, nil
		}

		a := w.do(t, request{method: http.MethodGet, path: location, key: noScopeKey})
		if test.reads {
			assert.Equal(t, http.StatusOK, a.StatusCode, "%+v %s", test, a.raw)
		} else {
			requireProblem(t, a, http.StatusForbidden, "forbidden", "")
		}

		if test.kind == chat.ActionRetryDeliveries && test.reads {
			assert.Equal(t, test.asks, len(a.json["next"].([]any)) > 0, "%+v: what the caller may do", test)
		}

		body := `{"reason":"by mistake"}`
		a = w.do(t, request{method: http.MethodPost, path: location + "/resume", key: noScopeKey, body: body})
		assert.Equal(t, !test.asks, a.StatusCode == http.StatusForbidden, "%+v %s", test, a.raw)
	}
}

func TestActionsAreListedByWhatTheyWaitFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	a := w.do(t, request{
		method: http.MethodGet,
		path:   workspaceURL("/actions?waiting_for=approval,person&state=parked&kind=retry_delivery&chat_id=7"),
	})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	filter := w.store.actionFilter
	assert.Equal(t, []chat.Waiting{chat.WaitingApproval, chat.WaitingPerson}, filter.WaitingFor)
	assert.Equal(t, []chat.ActionState{chat.ActionParked}, filter.States)
	assert.Equal(t, []chat.ActionKind{chat.ActionRetryDelivery}, filter.Kinds)
	assert.Equal(t, chat.ChatID(7), filter.ChatID)

	for field, value := range map[string]string{
		"waiting_for": "patience",
		"state":       "open",
		"kind":        "send",
	} {
		a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/actions?" + field + "=" + value)})
		require.Equal(t, http.StatusBadRequest, a.StatusCode, a.raw)
		assert.Contains(t, a.raw, "query."+field+" must be one of", "it says what would be right")
	}
}

func TestStatusCountsWhatNeedsAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.status = chat.WorkspaceStatus{Counts: []chat.MatterCount{
		{Matter: chat.Matter(chat.WaitingPerson), Count: 2, Oldest: noon},
		{Matter: chat.MatterResponse, Count: 3, Oldest: noon},
		{Matter: chat.Matter(chat.WaitingAttempt), Count: 9, Oldest: noon},
	}}

	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/status")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.EqualValues(t, 5, a.json["need_person"])
	assert.Len(t, a.json["matters"], 3)
	assert.Contains(t, a.raw, "deliveries that wait for a decision")
}

// TestStatusOfAKeyThatMayNotReadWebhooks leaves endpoints and notices out, and chats, which another key gets.
func TestStatusOfAKeyThatMayNotReadWebhooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.status = chat.WorkspaceStatus{Counts: []chat.MatterCount{
		{Matter: chat.MatterWebhook, Count: 2, Oldest: noon},
		{Matter: chat.MatterNotice, Count: 1, Oldest: noon},
		{Matter: chat.MatterOptOut, Count: 1, Oldest: noon},
	}}

	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/status")})
	assert.EqualValues(t, 4, a.json["need_person"], a.raw)

	reader := w.store.principals[chat.HashKey(managerKey)]
	reader.Scopes = []chat.Scope{chat.ScopeDeliveriesRead}
	w.store.principals[chat.HashKey(managerKey)] = reader

	a = w.do(t, request{method: http.MethodGet, path: workspaceURL("/status")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.EqualValues(t, 0, a.json["need_person"], a.raw)
}
