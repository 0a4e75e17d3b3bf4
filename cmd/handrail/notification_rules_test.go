package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	aRule = `{"id":3,"types":["chat.escalated","sender.blocked"],"member_ids":[5],"channel":"email","phone_number_id":null,` +
		`"inbox_id":1,"quiet_seconds":300,"enabled":true,"explanation":"3 events wait; next message 10:07 UTC.",` +
		`"next_message_at":"2026-11-29T10:07:00Z","created_at":"2026-11-22T10:00:00Z","updated_at":"2026-11-22T10:00:00Z"}`
	aNotice = `{"id":"n1","notification_rule_id":3,"member_id":5,"channel":"email","events":3,"subject":"3 things need a person",` +
		`"status":"failed","explanation":"Not sent: the recipient has no email address.","delivery_id":null,` +
		`"created_at":"2026-11-29T10:07:00Z"}`
)

func TestNotificationRulesAreListedShownAndChanged(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"GET notification-rules":         {aPage("", aRule), aPage("")},
		"GET notification-rules/3":       {okReply(aRule)},
		"POST notification-rules":        {{status: http.StatusCreated, body: aRule}},
		"PATCH notification-rules/3":     {okReply(aRule)},
		"POST notification-rules/3/test": {{status: http.StatusAccepted, body: `{"items":[` + aNotice + `]}`}},
		"DELETE notification-rules/3":    {{status: http.StatusNoContent}},
		"GET notices":                    {aPage("", aNotice)},
	})

	status, out, errs := s.do("notification-rules", "list")
	require.Equal(t, 0, status, errs)

	for _, want := range []string{"chat.escalated", "members 5", "3 events wait; next message 10:07 UTC."} {
		assert.Contains(t, out, want)
	}

	_, out, _ = s.do("notification-rules", "list")
	assert.Contains(t, out, "no notification rules yet")

	_, out, _ = s.do("notification-rules", "show", "3")
	for _, want := range []string{"inbox 1", "5m0s", "chat.escalated, sender.blocked"} {
		assert.Contains(t, out, want)
	}

	status, _, errs = s.do(
		"notification-rules", "create", "--types", "chat.escalated", "--members", "5", "--channel", "email", "--quiet", "5m",
	)
	require.Equal(t, 0, status, errs)
	assert.Equal(t, map[string]any{
		"types":         []any{"chat.escalated"},
		"member_ids":    []any{5.},
		"channel":       "email",
		"quiet_seconds": 300.,
	}, s.sent("notification-rules").body)

	status, _, errs = s.do("notification-rules", "update", "3", "--all-managers", "--no-enabled")
	require.Equal(t, 0, status, errs)
	assert.Equal(t, map[string]any{"member_ids": []any{}, "enabled": false}, s.sent("notification-rules/3").body)

	status, out, errs = s.do("notification-rules", "test", "3")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "1 to be told")

	status, out, errs = s.do("notices", "list", "--failed", "--rule", "3")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "Not sent: the recipient has no email address.")
	assert.Contains(t, s.sent("notices").query, "failed=true")

	status, out, errs = s.do("notification-rules", "delete", "3")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "notification rule 3 deleted")
}
