package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestARefusalNamesWhatWasGiven: the fields of the API are named as the arguments and the flags of the command.
func TestARefusalNamesWhatWasGiven(t *testing.T) {
	t.Parallel()

	for _, tt := range []struct {
		route, field, message string
		args                  []string
		want                  string
	}{
		{
			"POST webhook-endpoints", "url", "must begin with https://",
			[]string{"webhooks", "create", "http://127.0.0.1:1/"},
			"<url> must begin with https://",
		},
		{
			"POST webhook-endpoints", "types[0]", "must be one of a, b",
			[]string{"webhooks", "create", "https://a.example", "--types", "x"},
			"--types must be one of a, b",
		},
		{
			"GET webhook-endpoints/3/attempts", "query.event_id", "must be a UUID",
			[]string{"webhooks", "attempts", "3", "--event", "x"},
			"--event must be a UUID",
		},
		{
			"POST notification-rules", "member_ids[0]", "must be members of the workspace",
			[]string{"notification-rules", "create", "--members", "99"},
			"--members must be members of the workspace",
		},
		{
			"POST notification-rules", "inbox_id", "is unknown",
			[]string{"notification-rules", "create", "--inbox", "99"},
			"--inbox is unknown",
		},
		{
			"POST notification-rules", "quiet_seconds", "must be 0 to 86400",
			[]string{"notification-rules", "create", "--quiet", "25h"},
			"--quiet must be 0s to 24h",
		},
	} {
		for _, detail := range []string{tt.field + " " + tt.message, "the request is wrong"} {
			body := `{"status":400,"code":"invalid_request","detail":"` + detail + `","errors":[{"field":"` + tt.field +
				`","message":"` + tt.message + `"}]}`
			s := newStub(t, map[string][]reply{tt.route: {{http.StatusBadRequest, body}}})

			status, _, errs := s.do(tt.args...)
			require.Equal(t, 1, status, errs)
			assert.Contains(t, errs, tt.want)
			assert.NotContains(t, errs, tt.field+" ")
		}
	}
}

// TestAWrongWordIsToldTheRightOnes leaves out the empty one, which stands for a flag that was not given.
func TestAWrongWordIsToldTheRightOnes(t *testing.T) {
	t.Parallel()

	status, _, errs := newTerminal(t).do("notification-rules", "create", "--channel", "fax")
	assert.Equal(t, 2, status)
	assert.Contains(t, errs, `must be one of "email","phone-sms" but got "fax"`)
}

// TestTheDeliveryOfANoticeIsInNoChat: its chat would answer 404.
func TestTheDeliveryOfANoticeIsInNoChat(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{"GET deliveries": {aPage("", `{"id":"0193","status":"accepted",`+
		`"channel":"email","to":"mara@example.com","created_at":"2026-11-22T10:00:00Z"}`)}})

	status, out, errs := s.do("deliveries", "list")
	require.Equal(t, 0, status, errs)
	assert.Regexp(t, `CHAT +TO`, out)
	assert.Regexp(t, ` notice +mara@example.com`, out)
}
