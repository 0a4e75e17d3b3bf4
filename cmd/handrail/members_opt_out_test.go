package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMembersAreOptedOut(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"POST members/42/opt-out":     {okReply(`{"success":true,"deliveries":2}`)},
		"POST members/42/not-opt-out": {okReply(`{"success":true,"deliveries":1}`)},
		"POST members/43/opt-out":     {refusalReply(404, "member_not_found", "there is no such member")},
	})

	status, out, errs := s.do("members", "opt-out", "42", "--channel=phone-sms", "--reason=wrote it")
	assert.Equal(t, 0, status, errs)
	assert.Contains(t, out, "member 42, phone-sms: opt-out; deliveries ended: 2")

	status, out, errs = s.do("members", "not-opt-out", "42", "--channel=phone-sms")
	assert.Equal(t, 0, status, errs)
	assert.Contains(t, out, "deliveries released: 1")

	status, _, errs = s.do("members", "opt-out", "43", "--channel=email")
	assert.NotEqual(t, 0, status)
	assert.Contains(t, errs, "member_not_found")
}

// The same decision twice changes nothing, so it is asked for again where no answer came.
func TestADecisionIsAskedForAgain(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"POST members/42/opt-out": {
			refusalReply(503, "unavailable", "x"),
			okReply(`{"success":true,"deliveries":2}`),
		},
	})

	status, out, errs := s.do("members", "opt-out", "42", "--channel=email")
	assert.Equal(t, 0, status, errs)
	assert.Contains(t, out, "deliveries ended: 2")
}
