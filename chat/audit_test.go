package chat_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/chat"
)

func TestAuditChanges(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		object        chat.AuditObject
		before, after map[string]any
		want          string
	}{
		"a role is told": {
			chat.AuditMember,
			map[string]any{"role": chat.RoleUser, "name": "Ana"},
			map[string]any{"role": chat.RoleManager, "name": "Ana"},
			`{"role":{"old":"user","new":"manager"}}`,
		},
		"addresses are masked": {
			chat.AuditMember,
			map[string]any{"phone": "+447700900123", "email": ""},
			map[string]any{"phone": "+447700900456", "email": "eva@example.com"},
			`{"phone":{"old":"+44•••••0123","new":"+44•••••0456"},"email":{"new":"e•••••@example.com"}}`,
		},
		"names and texts are only named": {
			chat.AuditChat,
			map[string]any{"title": "Invoice", "summary": "", "needs_response": true},
			map[string]any{"title": "Refund", "summary": "Wants it back", "needs_response": false},
			`{"title":{"changed":true},"summary":{"changed":true},"needs_response":{"old":true,"new":false}}`,
		},
		"of a URL the host is told": {
			chat.AuditTool,
			map[string]any{"http.url": "https://api.example/refund?key=1", "http.headers": map[string]string{"X": "1"}},
			map[string]any{"http.url": "https://me:pw@api.example", "http.headers": map[string]string{"X": "2"}},
			`{"http.url":{"old":"https://api.example/…","new":"https://api.example"},"http.headers":{"changed":true}}`,
		},
		"what is made has no old values": {
			chat.AuditKey,
			nil,
			map[string]any{"member_id": chat.MemberID(7), "scopes": []chat.Scope{"chats:read"}, "expires_at": nil},
			`{"member_id":{"new":7},"scopes":{"new":["chats:read"]}}`,
		},
		"what goes has no new ones": {
			chat.AuditInbox,
			map[string]any{"address": "support@example.com", "display_name": "Support"},
			nil,
			`{"address":{"old":"s•••••@example.com"},"display_name":{"changed":true}}`,
		},
		"what nobody has thought of is only named": {
			"planet",
			map[string]any{"orbit": "inner"},
			map[string]any{"orbit": "outer"},
			`{"orbit":{"changed":true}}`,
		},
	} {
		shown := chat.AuditChanges(tt.object, chat.CompareFields(tt.before, tt.after))

		detail, err := chat.AuditDetail(map[string]any{"changes": shown})
		require.NoError(t, err, name)
		assert.JSONEq(t, `{"changes":`+tt.want+`}`, string(detail), name)
	}
}

func TestMaskText(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]string{
		"":                                            "",
		"wrong number":                                "wrong number",
		"new number +1 415 555 0199":                  "new number +14•••••0199",
		"call (415) 555-0199, she says":               "call 415•••••0199, she says",
		"moved to ana.lopez@customers.example":        "moved to a•••••@customers.example",
		`"ana lopez"@customers.example`:               "•••••@customers.example",
		"Ana <ana@customers.example>":                 "Ana <a•••••@customers.example>",
		"see https://u:p@hooks.example/T0/B1?k=s now": "see https://hooks.example/… now",
		"her key is hr_abcdefghijklmnop":              "her key is hr_•••••",
		"order 71184 of 2026-11-28 12:00":             "order 71184 of 2026-11-28 12:00",
		"at 2026-11-28T12:00:00.123456Z":              "at 2026-11-28T12:00:00.123456Z",
		"0190a1b2-1234-7678-9012-345678901234":        "0190a1b2-1234-7678-9012-345678901234",
		"POST https://api.example/refund":             "POST https://api.example/…",
		"command bookings":                            "command bookings",
	} {
		assert.Equal(t, want, chat.MaskText(text), text)
	}
}

// secretOf draws something that must not stand in the audit log, and the part of it that tells.
func secretOf(t *rapid.T) (written, telling string) {
	digits := rapid.StringMatching(`[2-9][0-9]{9}`).Draw(t, "digits")
	word := rapid.StringMatching(`[a-z]{3}[a-z0-9._+\-]{6,20}[a-z0-9]`).Draw(t, "word")

	number := rapid.SampledFrom([]string{
		"+1" + digits,
		digits,
		"(" + digits[:3] + ") " + digits[3:6] + "-" + digits[6:],
		"+1 " + digits[:3] + " " + digits[3:6] + " " + digits[6:],
	}).Draw(t, "number")

	drawn := rapid.SampledFrom([][2]string{
		{number, number},
		{word + "@example.com", word},
		{"https://user:" + word + "@api.example/", word},
		{"https://api.example/hooks/" + word, word},
		{"https://api.example?token=" + word, word},
		{chat.KeyPrefix + digits + digits, digits},
	}).Draw(t, "secret")

	return drawn[0], drawn[1]
}

// TestNoAuditDetailHasAnAddressOrASecret draws changes of every field of every object, and of fields that
// no table names.
func TestNoAuditDetailHasAnAddressOrASecret(t *testing.T) {
	t.Parallel()

	objects := []chat.AuditObject{
		chat.AuditMember, chat.AuditKey, chat.AuditChat, chat.AuditParticipant, chat.AuditLabel, chat.AuditInbox,
		chat.AuditPhoneNumber, chat.AuditSender, chat.AuditTool, chat.AuditDelivery, chat.AuditSuppression,
		chat.AuditSummarySettings, chat.AuditBulkRetry, "planet",
	}

	fields := []string{
		"role", "phone", "email", "number", "messaging_service_sid", "address", "sender", "to", "http.url", "mcp.url",
		"mcp.command", "http.headers", "secrets", "tools", "name", "title", "summary", "instructions", "labels", "reason",
		"reaches_with_a_lower_risk", "orbit",
	}

	rapid.Check(t, func(t *rapid.T) {
		states := []map[string]any{{}, {}}
		var hidden []string

		for _, field := range fields {
			for i := range states {
				written, telling := secretOf(t)
				hidden = append(hidden, telling)

				switch rapid.IntRange(0, 3).Draw(t, "shape") {
				case 0:
					states[i][field] = written
				case 1:
					states[i][field] = []string{written}
				case 2:
					states[i][field] = map[string]any{"where": "POST " + written}
				case 3:
					states[i][field] = nil
				}
			}
		}

		reason, telling := secretOf(t)
		hidden = append(hidden, telling)

		detail, err := chat.AuditDetail(map[string]any{
			"reason":  "she has told me " + reason + ", so",
			"changes": chat.AuditChanges(rapid.SampledFrom(objects).Draw(t, "object"), chat.CompareFields(states[0], states[1])),
		})
		require.NoError(t, err)

		for _, secret := range hidden {
			if strings.Contains(string(detail), secret) {
				t.Fatalf("%s shows %s", detail, secret)
			}
		}
	})
}

// TestCompareFieldsTellsWhatDiffers compares any two states: what is the same in both is not listed, and
// everything else is, once, in order.
func TestCompareFieldsTellsWhatDiffers(t *testing.T) {
	t.Parallel()

	state := rapid.MapOfN(rapid.StringMatching(`[a-e]`), rapid.IntRange(0, 2), 1, 5)

	rapid.Check(t, func(t *rapid.T) {
		before := map[string]any{}
		after := map[string]any{}

		for name, value := range state.Draw(t, "before") {
			before[name] = value
		}

		for name, value := range state.Draw(t, "after") {
			after[name] = value
		}

		var want []string

		for _, name := range []string{"a", "b", "c", "d", "e"} {
			if before[name] != after[name] {
				want = append(want, name)
			}
		}

		var got []string
		for _, c := range chat.CompareFields(before, after) {
			got = append(got, c.Field)
		}

		if !slices.Equal(want, got) {
			t.Fatalf("%v, not %v", got, want)
		}
	})
}

// TestAuditDetailKeepsNumbers has ids that no float can hold.
func TestAuditDetailKeepsNumbers(t *testing.T) {
	t.Parallel()

	detail, err := chat.AuditDetail(map[string]any{"id": int64(9007199254740993), "reason": "a@b.example"})
	require.NoError(t, err)

	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(detail, &fields))
	assert.Equal(t, "9007199254740993", string(fields["id"]))
	assert.ElementsMatch(t, []string{"id", "reason"}, slices.Collect(maps.Keys(fields)))
}
