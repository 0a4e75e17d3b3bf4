package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheAuditLogIsListed(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{"GET audit-log": {
		aPage("c2", `{"id":9,"at":"2026-11-22T10:00:00Z","verb":"member.updated","object":"42","member_id":3,"key_id":5,`+
			`"request_id":"r","detail":{"changes":{"role":{"old":"user","new":"manager"},"name":{"changed":true},`+
			`"phone":{"new":"+14•••••0101"}},"approval_id":"a\u001b[2J"}}`),
		aPage(""),
	}})

	status, out, errs := s.do(
		"audit", "list", "--verb", "member", "--object", "42", "--member-id", "3", "--key-id", "5",
		"--since", "2026-11-22T00:00:00Z", "--until", "2026-11-23T00:00:00Z", "--limit", "1",
	)
	require.Equal(t, 0, status, errs)

	for _, want := range []string{
		"2026-11-22T10:00:00Z", "member.updated", "name changed, phone: – → +14•••••0101, role: user → manager", "approval_id a",
	} {
		assert.Contains(t, out, want)
	}

	assert.NotContains(t, out, "\x1b")
	assert.Contains(t, errs, "--all")

	query := s.sent("audit-log").query
	for _, want := range []string{"verb=member", "object=42", "member_id=3", "key_id=5", "since=2026-11-22", "until=2026-11-23"} {
		assert.Contains(t, query, want)
	}

	_, out, _ = s.do("audit", "list")
	assert.Equal(t, "no entries\n", out)
	assert.Equal(t, "limit=20", s.sent("audit-log").query)
}
