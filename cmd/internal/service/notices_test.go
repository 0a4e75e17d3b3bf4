package service_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/sandbox"
)

const bossAddress = "mara@handrail.example"

// giveBossAddress lets the manager be written to.
func (w *env) giveBossAddress() {
	w.Helper()

	path := fmt.Sprintf("/members/%d", w.people.manager.ID)
	r := w.call("PATCH", path, map[string]any{"email": bossAddress})
	require.Equal(w, http.StatusOK, r.status, r.raw)
}

// ruleFor makes a notification rule, and returns its path.
func (w *env) ruleFor(body map[string]any) string {
	w.Helper()

	made := w.call("POST", "/notification-rules", body)
	require.Equal(w, http.StatusCreated, made.status, made.raw)

	return fmt.Sprintf("/notification-rules/%v", made.at("id"))
}

// bossMails are the mails to the manager.
func (w *env) bossMails() []sandbox.Mail {
	var mails []sandbox.Mail

	for _, mail := range w.box.Mails() {
		if len(mail.To) == 1 && mail.To[0].Email == bossAddress {
			mails = append(mails, mail)
		}
	}

	return mails
}

// TestAManagerIsToldThatTheAssistantCallsForAPerson also holds that ten calls are one mail, that no chat shows it, and
// that a notice which fails raises no other one.
func TestAManagerIsToldThatTheAssistantCallsForAPerson(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		w.giveBossAddress()

		rule := w.ruleFor(map[string]any{
			"types": []string{
				"chat.escalated", "delivery.undelivered", "delivery.bounced", "delivery.settled", "sender.blocked",
			},
			"quiet_seconds": 86400,
		})

		for range 10 {
			call := newToolCall("talk_to_human", map[string]any{"reason": "wants a call"})
			sent := w.call("POST", sendPath(w.people.sms.ID), sendBody("A colleague will call you.", call))
			require.Equal(t, http.StatusOK, sent.status, sent.raw)
		}

		w.eventually(func() bool {
			return strings.HasPrefix(w.call("GET", rule, nil).at("explanation").(string), "10 events wait; next message ")
		})
		assert.Empty(t, w.bossMails())

		chats := w.call("GET", "/chats", nil).raw
		before := w.call("GET", "/events?limit=1", nil).at("latest")

		require.Equal(t, http.StatusOK, w.call("PATCH", rule, map[string]any{"quiet_seconds": 0}).status)
		w.eventually(func() bool { return len(w.bossMails()) == 1 })

		mail := w.bossMails()[0]
		assert.Equal(t, "1 thing needs a person: 1 chat asks for a person", mail.Subject)
		assert.Contains(t, mail.Text, fmt.Sprintf("Chat %d: The assistant has asked for a person.", w.people.sms.ID))
		assert.NotContains(t, mail.Text, "colleague", "no texts of a chat's")
		assert.NotContains(t, mail.Text, w.people.ana.Phone)
		assert.Empty(t, mail.ReplyTo)

		w.eventually(func() bool { return w.call("GET", "/notices", nil).at("items", 0, "status") == "delivered" })
		notice := w.call("GET", "/notices", nil)
		assert.InDelta(t, 10, notice.at("items", 0, "events"), 0)
		assert.Equal(t, chats, w.call("GET", "/chats", nil).raw, "no chat shows it")

		// A mail that comes back, and one that is refused.
		for i, fault := range []sandbox.FaultKind{sandbox.Bounce, sandbox.FaultRefuse} {
			require.NoError(t, w.box.SetFaults(sandbox.Fault{Kind: fault}))
			require.Equal(t, http.StatusAccepted, w.call("POST", rule+"/test", nil).status)
			w.eventually(func() bool {
				return len(w.call("GET", "/notices?failed=true", nil).at("items").([]any)) == i+1
			})
		}

		// Only the receipts of what the customer was sent are still to come.
		for _, item := range w.call("GET", fmt.Sprintf("/events?after=%v", before), nil).at("items").([]any) {
			event := item.(map[string]any)
			if event["type"] == "suppression.added" {
				continue // of the address that has bounced, which no rule tells of
			}

			assert.InDelta(t, float64(w.people.sms.ID), event["chat_id"], 0, "what becomes of notices is no event: %v", event)
		}

		assert.Len(t, w.call("GET", "/notices", nil).at("items"), 3)

		require.Equal(t, http.StatusNoContent, w.call("DELETE", rule, nil).status)
		w.awaitClosed(chat.NoticeWorkflowID(chat.NoticeStep{WorkspaceID: w.ws}))
	})
}

// TestManagersAreToldOfADisabledWebhookEndpoint holds that nobody has to make a rule for that.
func TestManagersAreToldOfADisabledWebhookEndpoint(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		r := newReceiver(t)
		w := newEnv(t, url, allowHost(r.Server), withEncryption)
		w.giveBossAddress()
		w.hook(r, map[string]any{})

		rule := fmt.Sprintf("/notification-rules/%v", w.call("GET", "/notification-rules", nil).at("items", 0, "id"))
		require.Equal(t, http.StatusOK, w.call("PATCH", rule, map[string]any{"quiet_seconds": 0}).status)

		r.answers(http.StatusGone)
		w.inbound(w.people.sms.ID, "Thank you")
		w.eventually(func() bool { return len(w.bossMails()) == 1 })
		assert.Equal(t, "1 thing needs a person: 1 webhook endpoint was disabled", w.bossMails()[0].Subject)
	})
}

func (w *auditWalk) walkNotifications() {
	w.Helper()

	verb := func(name string) string { return "notification_rule." + name }
	made := w.ask(auditedAsk{
		id:   "createNotificationRule",
		verb: verb("created"),
		path: "/notification-rules",
		// With it, the first webhook endpoint brings no rule of its own.
		body: fields("types", []string{"chat.escalated", "webhook_endpoint.disabled"}),
	})

	one := fmt.Sprintf("/notification-rules/%v", made.at("id"))
	w.ask(auditedAsk{id: "updateNotificationRule", verb: verb("updated"), path: one, body: fields("quiet_seconds", 60)})
	w.ask(auditedAsk{id: "testNotificationRule", verb: verb("tested"), path: one + "/test"})
	w.ask(auditedAsk{id: "deleteNotificationRule", verb: verb("deleted"), path: one})
}
