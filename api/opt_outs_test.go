package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestOptOutsAreDecided(t *testing.T) {
	t.Parallel()

	for path, optedOut := range map[string]bool{"opt-out": true, "not-opt-out": false} {
		w := newWorld(t)
		r := request{
			method: http.MethodPost,
			path:   workspaceURL("/members/42/" + path),
			body:   `{"channel":"phone-sms","reason":" read it "}`,
		}

		a := w.do(t, r)
		require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
		assert.EqualValues(t, 1, a.json["deliveries"])
		assert.Equal(t, "phone-sms", a.json["channel"])
		assert.NotEmpty(t, a.json["member"])
		assert.Equal(
			t,
			[]any{chat.MemberID(42), chat.ChannelSMS, optedOut, "read it"},
			[]any{w.store.optOut.MemberID, w.store.optOut.Channel, w.store.optOut.OptedOut, w.store.optOut.Reason},
		)

		w = newWorld(t)

		for body, field := range map[string]string{
			`{}`:                      "channel",
			`{"channel":"phone-fax"}`: "channel",
			`{"channel":"email","reason":"` + strings.Repeat("ü", 501) + `"}`: "reason",
		} {
			r.body = body
			requireProblem(t, w.do(t, r), http.StatusBadRequest, "invalid_request", field)
		}

		w.requireUntouched(t)

		w.store.fail = chat.Errorf(chat.CodeMemberNotFound, "there is no such member")
		r.body = `{"channel":"email"}`
		requireProblem(t, w.do(t, r), http.StatusNotFound, "member_not_found", "")
	}
}
