package fuzzapi

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestAFieldHasOneOfItsNames makes objects whose fields may have another name: one of both is there, never both.
func TestAFieldHasOneOfItsNames(t *testing.T) {
	t.Parallel()

	word := object{"enum": []any{"x"}}
	other := object{"enum": []any{"x"}, "deprecated": true}
	schema := object{
		"type":                 "object",
		"additionalProperties": false,
		"required":             []any{"role"},
		"properties":           object{"member_id": word, "memberId": other, "role": word, "toolCalls": other},
		"anyOf": []any{
			object{"type": "object", "required": []any{"member_id"}},
			object{"type": "object", "required": []any{"memberId"}},
		},
	}

	m := &maker{document: &document{}, r: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // the same ones each time
	seen := map[string]bool{}

	for range 50 {
		made := asObject(m.makeValue("", schema, 0))
		assert.Contains(t, made, "role")
		assert.NotContains(t, made, "toolCalls")
		assert.Len(t, made, 2)

		for name := range made {
			seen[name] = true
		}
	}

	assert.True(t, seen["member_id"] && seen["memberId"])
}
