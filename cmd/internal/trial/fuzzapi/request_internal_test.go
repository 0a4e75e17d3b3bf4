package fuzzapi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keyPaths is a document of which each operation names a key.
const keyPaths = `{"openapi": "3.1.0", "paths": {"/w/{workspace_uuid}/api-keys/{api_key_id}": {
	"parameters": [
		{"name": "workspace_uuid", "in": "path", "required": true, "schema": {"type": "string"}},
		{"name": "api_key_id", "in": "path", "required": true, "schema": {"type": "integer"}}
	],
	"get": {"operationId": "getKey", "responses": {"204": {}}},
	"delete": {"operationId": "revokeKey", "responses": {"204": {}}}
}}}`

// TestWhatTheRequestsNeedIsOnlyRead: a run that revokes its own keys is refused, and takes that for faults.
func TestWhatTheRequestsNeedIsOnlyRead(t *testing.T) {
	t.Parallel()

	d, err := readDocument([]byte(keyPaths))
	require.NoError(t, err)

	caller := Caller{Name: "manager", Workspace: "w", Secret: "x"}
	all := []Caller{caller, caller}
	s := &requests{
		document: d,
		Callers:  &Callers{Managers: all, Seconds: all, Strangers: all, Reader: caller, User: caller},
		places:   newPlaces(),
		tools:    &tools{names: map[string][]string{}, schemas: map[string]object{}},
		seed:     19,
	}

	for _, id := range []string{"41", "42"} {
		s.places.add("w", "api_key_id", place{"api_key_id": id})
		s.places.spare("api_key_id", id)
	}

	read := 0

	for number := range 2000 {
		q := s.makeRequest(number)
		named := strings.Contains(q.target, "/41") || strings.Contains(q.target, "/42")

		if named && q.method == http.MethodGet {
			read++
			continue
		}

		assert.False(t, named, "%s %s", q.method, q.target)
	}

	assert.Greater(t, read, 100)
}
