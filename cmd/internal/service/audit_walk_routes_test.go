package service_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"handrail/chat"
	"handrail/codec"
	"handrail/sandbox"
	"handrail/workflows"
)

// walkThings makes, changes and deletes what belongs to the workspace.
func (w *auditWalk) walkThings() {
	w.Helper()

	for _, thing := range []struct {
		name, verb, path string
		made, changed    map[string]any
	}{
		{"Label", "label", "/chat-labels", fields("name", "urgent"), fields("color", "#ff0000")},
		{"Inbox", "inbox", "/inboxes", fields("address", "help@handrail.example"), fields("display_name", "Help")},
		{"PhoneNumber", "phone_number", "/phone-numbers", fields("number", "+14155550111"), fields("name", "Help")},
	} {
		made := w.ask(auditedAsk{id: "create" + thing.name, verb: thing.verb + ".created", path: thing.path, body: thing.made})
		one := fmt.Sprintf("%s/%v", thing.path, made.at("id"))
		w.ask(auditedAsk{id: "update" + thing.name, verb: thing.verb + ".updated", path: one, body: thing.changed})
		w.ask(auditedAsk{id: "delete" + thing.name, verb: thing.verb + ".deleted", path: one})
	}

	w.ask(auditedAsk{
		id:   "updateSummarySettings",
		verb: "summary_settings.updated",
		path: "/summary-settings",
		body: fields("every_messages", 50),
	})
	w.ask(auditedAsk{
		id:   "updateWorkspaceDefaults",
		verb: "workspace_defaults.updated",
		path: "/workspace-defaults",
		body: fields("assistant_member_id", w.people.assistant.ID, "max_unanswered", 100),
	})
}

func (w *auditWalk) walkPeople() {
	w.Helper()

	made := w.ask(auditedAsk{
		id:   "createMember",
		verb: "member.created",
		path: "/members",
		body: fields("name", "Ben", "phone", "+14155550122"),
	})

	ben := fmt.Sprintf("/members/%v", made.at("id"))
	consent := fields("consent", fields("phone-sms", "granted"), "external_id", "crm-1")
	w.ask(auditedAsk{id: "updateMember", verb: "member.updated", path: ben, body: consent})

	// What may ask for no more messages is for a person to decide.
	w.writes("+14155550122", "please stop texting me")

	sms := fields("channel", "phone-sms")
	w.ask(auditedAsk{id: "notOptOutMember", verb: "member.not_opted_out", path: ben + "/not-opt-out", body: sms})
	w.ask(auditedAsk{id: "optOutMember", verb: "member.opted_out", path: ben + "/opt-out", body: sms})

	w.ask(auditedAsk{
		id:   "upsertMember",
		verb: "member.updated",
		path: "/members/by-external-id/crm-1",
		body: fields("name", "Benjamin", "metadata", fields("plan", "gold")),
	})

	twin := w.member("Ben Twin", chat.RoleUser)
	w.ask(auditedAsk{
		id:   "mergeMember",
		verb: "member.merged",
		path: fmt.Sprintf("/members/%d/merge", twin),
		body: fields("into", made.at("id")),
	})

	mistake := w.member("Entered By Mistake", chat.RoleUser)
	w.ask(auditedAsk{id: "deleteMember", verb: "member.deleted", path: fmt.Sprintf("/members/%d", mistake)})
}

func (w *auditWalk) walkChats() {
	w.Helper()

	made := w.ask(auditedAsk{
		id:   "createChat",
		verb: "chat.created",
		path: "/chats",
		body: fields("channel", "web-chat", "member_id", w.people.ana.ID, "assistant_member_id", w.people.assistant.ID),
	})

	one := fmt.Sprintf("/chats/%v", made.at("id"))
	w.ask(auditedAsk{id: "updateChat", verb: "chat.updated", path: one, body: fields("state", "waiting")})

	place := w.ask(auditedAsk{
		id:   "addParticipant",
		verb: "participant.added",
		path: one + "/participants",
		body: fields("memberId", w.people.priya.ID),
	})

	priya := fmt.Sprintf("%s/participants/%v", one, place.at("participant_id"))
	w.ask(auditedAsk{id: "updateParticipant", verb: "participant.updated", path: priya, body: fields("role", "observer")})
	w.ask(auditedAsk{id: "removeParticipant", verb: "participant.removed", path: priya})

	w.ask(auditedAsk{
		id:   "createMessage",
		verb: "message.written_for",
		path: one + "/messages",
		body: fields("content", "She wants a refund of her invoice.", "member_id", w.people.ana.ID),
	})

	w.ask(auditedAsk{
		id:   "sendMessage",
		verb: "message.sent_as_assistant",
		path: "/messages",
		body: fields("to", fields("member_id", w.people.ana.ID), "channel", "web-chat", "message", "We look into it."),
	})

	sent := w.ask(auditedAsk{
		id:   "sendAssistantMessage",
		verb: "message.sent_as_assistant",
		path: one + "/send-assistant-message",
		body: sendBody("We look at the invoice."),
	})

	w.ask(auditedAsk{
		id:   "rateMessage",
		verb: "message.rated",
		path: fmt.Sprintf("%s/messages/%v/rate", one, sent.at("message", "uuid")),
		body: fields("rating", "up"),
	})

	w.ask(auditedAsk{id: "takeOverChat", verb: "chat.taken_over", path: one + "/takeover"})
	w.ask(auditedAsk{id: "releaseChat", verb: "chat.released", path: one + "/release"})

	run := w.ask(auditedAsk{
		id:   "summarizeChat",
		verb: "summary.requested",
		path: one + "/summarize?update_labels=true",
	})

	version := fmt.Sprintf("%s/summaries/%v", one, run.at("summary_id"))
	w.ask(auditedAsk{id: "undoLabels", verb: "summary.labels_undone", path: version + "/undo-labels"})
	w.ask(auditedAsk{id: "restoreSummary", verb: "summary.restored", path: version + "/restore"})
	w.ask(auditedAsk{id: "deleteChat", verb: "chat.deleted", path: one + "?cancel=true"})
}

func (w *auditWalk) walkKeys() {
	w.Helper()

	made := w.ask(auditedAsk{
		id:   "createApiKey",
		verb: "api_key.created",
		path: "/api-keys",
		body: fields("name", "reports", "scopes", []string{"chats:read"}),
	})

	w.ask(auditedAsk{id: "revokeApiKey", verb: "api_key.revoked", path: fmt.Sprintf("/api-keys/%v", made.at("id"))})

	w.ask(auditedAsk{id: "createLoginLink", verb: "api_key.created", path: "/login-links"})

	session := w.ask(auditedAsk{id: "createSession", verb: "api_key.created", path: "/sessions"})
	w.ask(auditedAsk{
		id:   "endSession",
		verb: "api_key.revoked",
		path: "/session",
		key:  bearer(session.at("key").(string)),
	})
}

func (w *auditWalk) walkDeliveries() {
	w.Helper()
	w.setFaults(sandbox.Fault{Kind: "refuse", Times: 1})

	failed := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"))
	w.ask(auditedAsk{
		id:   "retryDelivery",
		verb: "delivery.retried",
		path: fmt.Sprintf("/deliveries/%v/retry", failed.at("delivery_id")),
		body: fields("reason", "the number works again"),
	})

	w.setFaults(sandbox.Fault{Kind: "late", Delay: time.Hour})

	unknown, _ := w.deliveryInReview(w.T)
	w.ask(auditedAsk{
		id:   "lookUpDelivery",
		verb: "delivery.looked_up",
		path: "/deliveries/" + unknown + "/look-up",
	})
	w.ask(auditedAsk{
		id:   "resolveDelivery",
		verb: "delivery.resolved",
		path: "/deliveries/" + unknown + "/resolve",
		body: fields("as", "not_sent", "reason", "it is not in Twilio's log"),
	})

	w.setFaults(sandbox.Fault{Kind: "rate_limit", Delay: time.Hour})

	waiting := w.call("POST", sendPath(w.people.sms.ID), sendBody("Wait"), "Prefer", "wait=1").at("delivery", "id")
	w.eventually(func() bool { return w.delivery(waiting).at("retry_at") != nil })
	w.ask(auditedAsk{
		id:   "cancelDelivery",
		verb: "delivery.canceled",
		path: fmt.Sprintf("/deliveries/%v/cancel", waiting),
		body: fields("reason", "she has called"),
	})

	next := w.call("POST", sendPath(w.people.sms.ID), sendBody("Wait longer"), "Prefer", "wait=1")
	w.eventually(func() bool { return w.delivery(next.at("delivery", "id")).at("retry_at") != nil })
	w.ask(auditedAsk{
		id:   "changeAction",
		verb: "action.changed",
		path: fmt.Sprintf("/actions/%v", next.at("action_id")),
		body: fields("message", "Wait longer still", "reason", "she has called"),
	})
	w.ask(auditedAsk{
		id:   "cancelAction",
		verb: "action.canceled",
		path: fmt.Sprintf("/actions/%v/cancel", next.at("action_id")),
		body: fields("reason", "she has called"),
	})
	w.setFaults()
}

func (w *auditWalk) walkBulkRetries() {
	w.Helper()
	w.setFaults(sandbox.Fault{Kind: "refuse"})

	// One each second: it runs long enough to be paused.
	for i := range 20 {
		r := w.call("POST", sendPath(w.people.sms.ID), sendBody(fmt.Sprintf("Message %d", i)))
		require.Equal(w, "delivery_failed", r.at("code"), r.raw)
	}

	begun := w.ask(auditedAsk{
		id:   "retryDeliveries",
		verb: "bulk_retry.begun",
		path: "/deliveries/retry",
		body: fields("status", "rejected", "reason", "mended", "canary", 0, "rate_per_second", 1),
	})

	run := w.below(begun.header.Get("Location"))
	why := fields("reason", "a look first")
	w.ask(auditedAsk{id: "pauseBulkRetry", verb: "bulk_retry.paused", path: run + "/pause", body: why})
	w.ask(auditedAsk{
		id:   "updateBulkRetry",
		verb: "bulk_retry.updated",
		path: run,
		body: fields("reason", "a look first", "rate_per_second", 5),
	})
	w.ask(auditedAsk{id: "resumeBulkRetry", verb: "bulk_retry.running", path: run + "/resume", body: why})
	w.ask(auditedAsk{id: "cancelBulkRetry", verb: "bulk_retry.canceled", path: run + "/cancel", body: why})
	w.setFaults()
}

func (w *auditWalk) walkTools() {
	w.Helper()

	made := w.ask(auditedAsk{id: "createTool", verb: "tool.created", path: "/tools", body: httpTool(w.desk, "book")})
	one := fmt.Sprintf("/tools/%v", made.at("id"))
	w.ask(auditedAsk{id: "updateTool", verb: "tool.updated", path: one, body: fields("timeout_seconds", 3)})
	w.ask(auditedAsk{
		id:   "testTool",
		verb: "tool.tested",
		path: one + "/test",
		body: fields("arguments", fields("what", "a table")),
	})
	w.ask(auditedAsk{id: "rotateSigningSecret", verb: "tool.updated", path: one + "/signing-secret"})

	server := w.defineTool(fields("kind", "mcp", "name", "web", "risk", "write", "mcp", fields("url", w.server)))
	w.ask(auditedAsk{id: "refreshTool", verb: "tool.refreshed", path: fmt.Sprintf("/tools/%v/refresh", server.at("id"))})

	w.desk.answers(func(_ deskCall, answer http.ResponseWriter) { answer.WriteHeader(http.StatusBadGateway) })

	parked := w.call("POST", sendPath(w.people.sms.ID), sendBody("Booked.", newToolCall("book", fields("what", "a"))))
	w.ask(auditedAsk{
		id:   "resolveToolCall",
		verb: "tool_call.resolved",
		path: fmt.Sprintf("/actions/%v/tool-calls/call_1/resolve", parked.at("action_id")),
		body: fields("outcome", "failed", "reason", "it is not in their book"),
	})
	w.ask(auditedAsk{id: "deleteTool", verb: "tool.deleted", path: one})
}

// walkAgreement has the second manager agree.
func (w *auditWalk) walkAgreement() {
	w.Helper()
	w.defineTool(httpTool(w.desk, "refund", fields("risk", "approval")))

	refuse := fields("decision", "refuse", "reason", "too much")
	w.ask(auditedAsk{
		id:   "decideApproval",
		verb: "approval.refused",
		path: "/actions/" + w.askRefund() + "/approvals",
		body: refuse,
		by:   w.noor,
		key:  w.noorKey,
	})

	asked := w.call("PATCH", fmt.Sprintf("/members/%d", w.people.priya.ID), fields("role", "manager"))
	w.ask(auditedAsk{
		id:   "decideRequest",
		verb: "approval.refused",
		path: "/approvals/" + w.requireWaiting(asked, chat.ApprovalMemberRole),
		body: refuse,
		by:   w.noor,
		key:  w.noorKey,
	})
}

func (w *auditWalk) walkContributors() {
	w.Helper()

	cem := w.contributor("Cem", cook, "")
	question := newToolCall("contributor_input_request", fields("question", "Without nuts?", "expects", yesOrNo))

	request := func() string {
		r := w.call("POST", sendPath(w.people.sms.ID), sendBody("Yes.", question))
		require.Equal(w, http.StatusAccepted, r.status, r.raw)

		open := w.call("GET", "/contributor-requests?state=open", nil)

		return "/contributor-requests/" + open.at("items", 0, "id").(string)
	}

	w.ask(auditedAsk{
		id:   "answerContributorRequest",
		verb: "contributor_request.answered",
		path: request() + "/answer",
		body: fields("member_id", cem, "answer", true),
	})
	asked := request()
	w.ask(auditedAsk{
		id:   "extendContributorRequest",
		verb: "contributor_request.extended",
		path: asked + "/extend",
		body: fields("deadline", time.Now().Add(48*time.Hour), "reason", "she travels"),
	})
	w.ask(auditedAsk{
		id:   "cancelContributorRequest",
		verb: "contributor_request.canceled",
		path: asked + "/cancel",
		body: fields("reason", "not needed"),
	})
}

// walkInbound replays what has come for a number that nobody has, and lifts a suppression.
func (w *auditWalk) walkInbound() {
	w.Helper()
	w.postSMS("/webhooks/twilio/inbound", url.Values{"From": {"+14155550777"}, "To": {"+14155550199"}, "Body": {"Hello?"}})

	orphans := w.call("GET", "/inbound?status=orphaned", nil)
	w.ask(auditedAsk{
		id:   "replayInbound",
		verb: "inbound.replayed",
		path: fmt.Sprintf("/inbound/%v/replay", orphans.at("items", 0, "id")),
	})

	w.ask(auditedAsk{
		id:   "createSuppression",
		verb: "suppression.added",
		path: "/suppressions",
		body: fields("channel", "phone-sms", "address", "+14155550778", "reason", "she has asked by phone"),
	})

	w.writes("+14155550777", "STOP")

	stopped := w.call("GET", "/suppressions", nil)
	w.ask(auditedAsk{
		id:   "liftSuppression",
		verb: "suppression.lifted",
		path: fmt.Sprintf("/suppressions/%v", stopped.at("items", 0, "id")),
	})
}

// walkResume takes up a send again that was ended in Temporal before it began.
func (w *auditWalk) walkResume() {
	w.Helper()

	in := chat.SendAssistantMessage{Message: "Hello"}
	in.ActionID = chat.DeriveActionID(string(w.ws), "ended")
	in.WorkspaceID = w.ws
	in.ChatID = w.people.sms.ID
	in.By = chat.Actor{MemberID: w.people.manager.ID}
	in.AcceptedAt = time.Now()

	server, err := temporal()
	require.NoError(w, err)
	keys, err := codec.Parse(w.config.EncryptionKeys)
	require.NoError(w, err)

	sealed, err := client.DialContext(w.Context(), client.Options{
		HostPort:      server.Address(),
		DataConverter: keys.Converter(),
		Logger:        log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(w, err)
	w.Cleanup(sealed.Close)

	_, err = sealed.ExecuteWorkflow(w.Context(), client.StartWorkflowOptions{
		ID:                    in.WorkflowID(),
		TaskQueue:             w.config.TaskQueue,
		StartDelay:            time.Hour,
		TypedSearchAttributes: workflows.StartAttributes(in.Request),
	}, string(chat.ActionSendAssistantMessage), in)
	require.NoError(w, err)
	require.NoError(w, sealed.TerminateWorkflow(w.Context(), in.WorkflowID(), "", "by mistake"))

	w.ask(auditedAsk{
		id:   "resumeAction",
		verb: "action.resumed",
		path: "/actions/" + string(in.ActionID) + "/resume",
		body: fields("reason", "by mistake"),
	})
}
