package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// aTool is an HTTP tool as GET /tools/{id} answers, with fields in place of others.
func aTool(t *testing.T, with map[string]any) string {
	t.Helper()

	d := map[string]any{
		"id":              3,
		"kind":            "http",
		"name":            "book_table",
		"description":     "Book a table.",
		"enabled":         true,
		"assistants":      []any{},
		"risk":            "write",
		"idempotent":      true,
		"timeout_seconds": 10,
		"undo": map[string]any{
			"tool":      "cancel_table",
			"arguments": map[string]any{"id": "$result.booking_id"},
		},
		"http": map[string]any{
			"method":             "POST",
			"url":                "https://tables.example.com/a/long/way/to/the/tables/of/the/restaurant",
			"headers":            map[string]any{"Authorization": "Bearer {secret.KEY}"},
			"schema":             map[string]any{"type": "object"},
			"idempotency_header": "Idempotency-Key",
		},
		"secrets":    []any{"KEY"},
		"created_at": "2026-11-22T10:00:00Z",
		"updated_at": "2026-11-22T10:00:00Z",
	}

	maps.Copy(d, with)
	raw, err := json.Marshal(d)
	require.NoError(t, err)

	return string(raw)
}

func aServer(t *testing.T, tools ...any) string {
	t.Helper()

	return aTool(t, map[string]any{
		"id":         4,
		"kind":       "mcp",
		"name":       "concierge",
		"http":       nil,
		"undo":       nil,
		"idempotent": false,
		"enabled":    false,
		"assistants": []any{2, 7},
		"mcp": map[string]any{
			"url":           "https://mcp.example.com/mcp",
			"discovered":    tools,
			"discovered_at": "2026-11-22T10:00:00Z",
			"tools":         map[string]any{"opening_hours": map[string]any{"risk": "read"}},
		},
	})
}

var shownTools = []any{
	map[string]any{"name": "opening_hours", "description": "When the restaurant is open."},
	map[string]any{"name": "order_taxi", "description": "Order a\u001b[31m taxi."},
}

func TestToolsAreListed(t *testing.T) {
	t.Parallel()
	s := newStub(t, map[string][]reply{"GET tools": {aPage("", aTool(t, nil), aServer(t)), aPage("")}})
	status, out, errs := s.doNarrow("tools", "list")
	require.Equal(t, 0, status, errs)

	for _, want := range []string{
		"ID", "WHERE", "book_table", "POST https://tables.example.com", "concierge", "disabled",
		"https://mcp.example.com/mcp",
	} {
		assert.Contains(t, out, want)
	}

	_, out, _ = s.do("tools", "list")
	assert.Contains(t, out, "no tools yet except the built-in ones")
}

func TestAToolIsShown(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"GET tools/3": {okReply(aTool(t, nil))},
		"GET tools/4": {okReply(aServer(t, shownTools...)), okReply(aServer(t))},
		"GET tools/5": {refusalReply(404, "tool_not_found", "there is no tool 5")},
	})

	status, out, errs := s.do("tools", "show", "3")
	require.Equal(t, 0, status, errs)

	for _, want := range []string{
		"Book a table.", "cancel_table", "$result.booking_id", "it is idempotent", "Idempotency-Key", "KEY",
		"10s", "handrail tools rotate-secret 3",
	} {
		assert.Contains(t, out, want)
	}

	_, out, _ = s.do("tools", "show", "4")
	for _, want := range []string{
		"concierge.opening_hours  read", "concierge.order_taxi     write", "2, 7", "waits for a person",
		"handrail tools refresh 4",
	} {
		assert.Contains(t, out, want)
	}

	assert.NotContains(t, out, "\x1b")
	_, out, _ = s.do("tools", "show", "4")
	assert.Contains(t, out, "has listed no tools")

	status, _, errs = s.do("tools", "show", "5")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "(tool_not_found)")

	_, out, _ = s.do("tools", "show", "3", "--json")
	assert.JSONEq(t, aTool(t, nil), out)
}

func TestAToolIsTested(t *testing.T) {
	t.Parallel()

	for outcome, c := range map[string]struct {
		body   string
		status int
		out    []string
		errs   string
	}{
		"succeeded": {
			`{"outcome":"succeeded","result":{"booking_id":"b1","table":6},"http_status":201,"duration_ms":42}`,
			0,
			[]string{"succeeded after 42ms", "201", `"booking_id": "b1"`},
			"",
		},
		"failed": {
			`{"outcome":"failed","result":null,"error_code":"tool_refused","error":"we have no table",` +
				`"http_status":422,"duration_ms":4}`,
			1,
			[]string{"failed", "422", "tool_refused we have no table"},
			"the tool failed",
		},
		"not run": {
			`{"outcome":"not_run","error_code":"tool_unavailable","error":"no connection","duration_ms":4}`,
			1,
			[]string{"not_run", "tool_unavailable"},
			"nothing has happened",
		},
		"unknown": {
			`{"outcome":"unknown","error_code":"timeout","error":"no answer","duration_ms":10000}`,
			3,
			[]string{"unknown after 10s"},
			"may have had its effect",
		},
	} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			s := newStub(t, map[string][]reply{"POST tools/4/test": {okReply(c.body)}})
			status, out, errs := s.do("tools", "test", "4", "--tool", "find", "--arguments", `{"people":6}`)
			assert.Equal(t, c.status, status, errs)

			for _, want := range c.out {
				assert.Contains(t, out, want)
			}

			assert.Contains(t, errs, c.errs)

			assert.Equal(
				t,
				map[string]any{"tool": "find", "arguments": map[string]any{"people": 6.0}},
				s.sent("tools/4/test").body,
			)
		})
	}
}

func TestATestIsAskedForOnce(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"POST tools/3/test":           {refusalReply(http.StatusServiceUnavailable, "unavailable", "not now")},
		"POST tools/3/signing-secret": {refusalReply(http.StatusServiceUnavailable, "unavailable", "not now")},
	})

	status, _, _ := s.do("tools", "test", "3")
	assert.Equal(t, 1, status)
	status, _, _ = s.do("tools", "rotate-secret", "3")
	assert.Equal(t, 1, status)
	assert.Len(t, s.all(), 2, "neither is as good twice as once")

	for _, bad := range []string{"people=6", "[]", "null"} {
		status, _, errs := s.do("tools", "test", "3", "--arguments", bad)
		assert.Equal(t, 2, status)
		assert.Contains(t, errs, "--arguments")
	}

	assert.Len(t, s.all(), 2)
}

func TestAServerIsAskedAnewAndASecretIsChanged(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"POST tools/4/refresh": {
			refusalReply(http.StatusServiceUnavailable, "unavailable", "not now"),
			okReply(aServer(t, shownTools...)),
		},
		"POST tools/3/signing-secret": {okReply(`{"signing_secret":"whsec_bmV3"}`)},
	})

	status, out, errs := s.do("tools", "refresh", "4")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "concierge.order_taxi")
	status, out, errs = s.do("tools", "rotate-secret", "3")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "whsec_bmV3\n")
	assert.Contains(t, out, "24 hours")
}
