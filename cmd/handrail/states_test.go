package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/sandbox"
)

// shown is what `handrail deliveries show --json` writes.
type shown struct {
	ID                string   `json:"id"`
	Status            string   `json:"status"`
	Explanation       string   `json:"explanation"`
	ProviderMessageID string   `json:"provider_message_id"`
	RetriedBy         string   `json:"retried_by"`
	Next              []string `json:"next"`
}

// operator is somebody with the command line and the API's address, and nothing else.
type operator struct {
	*testCluster
	// seen are the states that deliveries were found in.
	seen map[string]bool
}

func newOperator(t *testing.T, environ ...string) *operator {
	t.Helper()
	s := newTestCluster(t, environ...)
	s.apiAt(s.addr)
	s.worker()
	s.environ = []string{
		"HANDRAIL_URL=http://" + s.addr,
		"HANDRAIL_API_KEY=" + s.secret,
		"HANDRAIL_WORKSPACE=" + s.ws,
	}

	return &operator{testCluster: s, seen: map[string]bool{}}
}

func (o *operator) faults(faults ...sandbox.Fault) {
	o.Helper()
	require.NoError(o, o.box.SetFaults(faults...))
}

// send sends a text in a chat without waiting, and returns its delivery.
func (o *operator) send(id chat.ChatID) string {
	o.Helper()

	status, body, err := o.ask(
		http.MethodPost,
		fmt.Sprintf("http://%s/api/v2/w/%s/chats/%d/send-assistant-message", o.addr, o.ws, id),
		`{"message":"Hello"}`,
		fmt.Sprintf("%s-%d", o.Name(), time.Now().UnixNano()),
	)

	require.NoError(o, err)

	if id, ok := body["delivery_id"].(string); ok {
		return id
	}

	require.Less(o, status, 300, body)
	delivery, ok := body["delivery"].(map[string]any)
	require.True(o, ok, body)

	return delivery["id"].(string)
}

func (o *operator) show(id string) shown {
	o.Helper()
	var d shown
	require.NoError(o, json.Unmarshal([]byte(o.must("deliveries", "show", id, "--json")), &d))

	return d
}

// awaitStatus waits until a delivery stands so, and holds that it is listed and explained.
func (o *operator) awaitStatus(id, status string) shown {
	o.Helper()
	var d shown

	require.Eventually(
		o,
		func() bool { d = o.show(id); return d.Status == status },
		time.Minute,
		50*time.Millisecond,
		"%s is not reached",
		status,
	)

	assert.NotEmpty(o, d.Explanation)

	if status != "sending" && status != "unknown" { // these may have moved on by now
		assert.Contains(o, o.must("deliveries", "list", "--status", status), id)
	}

	words := o.must("deliveries", "show", id)
	for _, command := range d.Next {
		assert.Contains(
			o,
			words,
			"handrail deliveries "+strings.ReplaceAll(command, "_", "-"),
			"what may be done is ready to paste",
		)
	}

	o.seen[status] = true

	return d
}

// retries tries a delivery again and returns the one that goes on.
func (o *operator) retries(id string, args ...string) string {
	o.Helper()
	o.must(append([]string{"deliveries", "retry", id}, args...)...)

	if by := o.show(id).RetriedBy; by != "" {
		return by
	}

	return id
}

// TestEveryStateIsReachedSeenAndLeft takes deliveries through all of their states with the
// command line, which uses the API, against processes and providers on the wire.
func TestEveryStateIsReachedSeenAndLeft(t *testing.T) {
	t.Parallel()
	o := newOperator(t, "HANDRAIL_SETTLE=4s", "HANDRAIL_RECEIPT_SMS=1h", "HANDRAIL_RECEIPT_EMAIL=3s")
	expiring := newOperator(t, "HANDRAIL_SETTLE=1s", "HANDRAIL_WHEN_UNKNOWN=expire")

	o.reachStatesBeforeProvider()
	o.reachStatesAtProvider()
	o.reachStatesAfterProvider()
	o.reachStatesByCallback()
	expiring.faults(sandbox.Fault{Kind: sandbox.FaultLate, Delay: time.Hour, Times: 1})
	id := expiring.send(expiring.chats[0])
	assert.Contains(t, expiring.awaitStatus(id, "expired").Explanation, "May have been sent")
	expiring.awaitStatus(
		expiring.retries(id, "--body", "Once more.", "--reason", "it was not seen", "--may-duplicate"),
		"delivered",
	)

	var all []string
	for _, s := range chat.SubmissionStates() {
		all = append(all, string(s))
	}

	for _, s := range chat.DeliveryStatuses() {
		if s.Final() {
			all = append(all, string(s))
		}
	}

	for _, s := range slices.Compact(all) {
		assert.True(t, o.seen[s] || expiring.seen[s], "the state %s was not reached", s)
	}
}

// reachStatesBeforeProvider reaches the states of what was not handed over.
func (o *operator) reachStatesBeforeProvider() {
	o.Helper()
	o.faults(sandbox.Fault{Kind: sandbox.FaultRateLimit, Delay: time.Hour, To: "+14155550200"})
	id := o.send(o.chats[0])
	o.awaitStatus(id, "pending")
	o.must("deliveries", "cancel", id, "--reason", "the customer called")
	o.awaitStatus(id, "canceled")
	o.faults()
	o.awaitStatus(o.retries(id), "delivered")

	o.faults(sandbox.Fault{Kind: sandbox.FaultRateLimit, Delay: time.Hour, To: "+14155550201"})
	id = o.send(o.chats[1])
	o.awaitStatus(id, "pending")

	require.NoError(
		o,
		o.box.Answer(o.Context(), sandbox.Answer{From: "+14155550201", To: "+14155550100", Text: "STOP"}),
	)

	o.awaitStatus(id, "suppressed")
	o.faults()
	status, _, errs := o.do("deliveries", "retry", id)
	assert.Equal(o, 1, status, "who has opted out is not written to: %s", errs)

	require.NoError(
		o,
		o.box.Answer(o.Context(), sandbox.Answer{From: "+14155550201", To: "+14155550100", Text: "START"}),
	)

	o.awaitStatus(o.retries(id), "delivered")

	o.faults(sandbox.Fault{Kind: sandbox.FaultSuspended})
	id = o.send(o.chats[2])
	o.awaitStatus(id, "blocked")
	o.faults()
	o.awaitStatus(o.retries(id), "delivered")
}

// reachStatesAtProvider reaches the states of what the provider may have.
func (o *operator) reachStatesAtProvider() {
	o.Helper()
	release := o.box.Hold()

	done := make(chan string, 1)
	go func() { done <- o.send(o.chats[3]) }()

	_, err := o.box.Await(o.Context(), func(m sandbox.Message) bool { return m.To == "+14155550203" })
	require.NoError(o, err)

	var listed struct {
		Items []shown `json:"items"`
	}

	require.NoError(o, json.Unmarshal([]byte(o.must("deliveries", "list", "--status", "sending", "--json")), &listed))
	require.Len(o, listed.Items, 1)
	o.seen["sending"] = true

	release()
	o.awaitStatus(<-done, "delivered")

	o.faults(sandbox.Fault{Kind: sandbox.FaultLate, Delay: time.Hour})
	id := o.send(o.chats[4])
	o.awaitStatus(id, "unknown")
	o.must("deliveries", "resolve", id, "--as", "sent", "--reason", "the customer has it")
	o.awaitStatus(id, "confirmed_sent")
	id = o.send(o.chats[5])
	o.awaitStatus(id, "needs_review")
	o.must("deliveries", "resolve", id, "--as", "not_sent", "--reason", "not in Twilio's log")
	o.awaitStatus(id, "abandoned")
	o.faults()
	// The same text would wait until nobody could take one message for the other.
	o.awaitStatus(
		o.retries(id, "--body", "Once more.", "--reason", "not in Twilio's log", "--may-duplicate"),
		"delivered",
	)
	assert.Contains(o, o.must("deliveries", "list", "--duplicate", "possible"), id)

	o.faults(sandbox.Fault{Kind: sandbox.FaultRefuse})
	id = o.send(o.chats[6])
	o.awaitStatus(id, "rejected")
	o.faults()
	o.awaitStatus(o.retries(id, "--to", "+14155550299", "--reason", "new number"), "delivered")
}

// reachStatesAfterProvider reaches the states that the provider's receipts, or their absence,
// lead to.
func (o *operator) reachStatesAfterProvider() {
	o.Helper()
	o.faults(sandbox.Fault{Kind: sandbox.Undelivered})
	id := o.send(o.chats[7])
	o.awaitStatus(id, "undelivered")
	mail := o.send(o.emails[7])
	o.awaitStatus(mail, "bounced")
	o.faults()
	o.awaitStatus(o.retries(id), "delivered")
	assert.Contains(o, o.must("suppressions", "list"), "bounce")
	o.awaitStatus(o.retries(mail, "--to", "other7@example.com", "--reason", "the address has bounced"), "delivered")

	o.faults(sandbox.Fault{Kind: sandbox.CallbackNever}, sandbox.Fault{Kind: sandbox.ListLag, Delay: time.Hour})
	mail = o.send(o.emails[8])
	o.awaitStatus(mail, "accepted")
	o.awaitStatus(mail, "unconfirmed")
	o.faults()
	o.awaitStatus(o.retries(mail, "--reason", "nobody has heard of it", "--may-duplicate"), "delivered")
}

// reachStatesByCallback reaches the final states that the sandbox does not report by itself.
func (o *operator) reachStatesByCallback() {
	o.Helper()
	o.faults(sandbox.Fault{Kind: sandbox.CallbackNever})

	for i, status := range []string{"failed", "canceled", "read"} {
		id := o.send(o.chats[i])
		d := o.awaitStatus(id, "accepted")
		o.twilioReports(d, status)
		o.awaitStatus(id, status)
	}

	o.faults()
}

// twilioReports is a status callback as Twilio signs it
// (https://www.twilio.com/docs/usage/webhooks/webhooks-security).
func (o *operator) twilioReports(d shown, status string) {
	o.Helper()

	form := url.Values{"MessageSid": {d.ProviderMessageID}, "MessageStatus": {status}, "AccountSid": {"AC1"}}
	target := "http://" + o.addr + "/webhooks/twilio/status?d=" + d.ID + "&a=1"
	mac := hmac.New(sha1.New, []byte("token"))
	mac.Write([]byte(target))

	for _, name := range []string{"AccountSid", "MessageSid", "MessageStatus"} {
		mac.Write([]byte(name + form.Get(name)))
	}

	request, err := http.NewRequestWithContext(o.Context(), http.MethodPost, target, strings.NewReader(form.Encode()))
	require.NoError(o, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	answer, err := (&http.Client{}).Do(request)
	require.NoError(o, err)
	require.NoError(o, answer.Body.Close())
	require.Equal(o, http.StatusNoContent, answer.StatusCode)
}
