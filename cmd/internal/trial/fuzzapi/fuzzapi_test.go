package fuzzapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/cmd/internal/trial/fuzzapi"
)

const things = `{
	"openapi": "3.1.0",
	"paths": {
		"/api/v2/w/{workspace_uuid}/things": {
			"parameters": [
				{"name": "workspace_uuid", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}}
			],
			"post": {
				"operationId": "createThing",
				"requestBody": {"required": true, "content": {"application/json": {"schema": {
					"type": "object",
					"additionalProperties": false,
					"required": ["name"],
					"properties": {"name": {"type": "string", "minLength": 1, "maxLength": 5}}
				}}}},
				"responses": {
					"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
					"201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
					"4XX": {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}},
					"5XX": {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
				}
			}
		}
	},
	"components": {"schemas": {
		"Named": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
		"Thing": {"allOf": [
			{"$ref": "#/components/schemas/Named"},
			{"type": "object", "properties": {"id": {"type": "integer", "format": "int64"}}}
		]},
		"Problem": {
			"type": "object",
			"required": ["type", "status", "code", "detail"],
			"properties": {
				"type": {"type": "string"},
				"status": {"type": "integer"},
				"code": {"type": "string"},
				"detail": {"type": "string"},
				"errors": {"type": "array", "items": {
					"type": "object", "properties": {"field": {"type": "string"}, "message": {"type": "string"}}
				}}
			}
		}
	}}
}`

// reply is what a server answers everything with.
type reply struct {
	status int
	media  string
	header string
	body   string
}

const (
	problemMedia = "application/problem+json"
	named        = `,"errors":[{"field":"name","message":"must not be empty"}]}`
)

func problem(status, code string) string {
	return `{"type":"/docs/problems/` + code + `","status":` + status + `,"code":"` + code + `","detail":"no"`
}

// TestFaultsAreFound has a server break what its document promises, and looks whether it is found, each time.
func TestFaultsAreFound(t *testing.T) {
	t.Parallel()

	for want, answer := range map[string]reply{
		"5xx":                        {500, problemMedia, "", problem("500", "internal") + "}"},
		"undocumented status":        {302, "", "", ""},
		"schema break":               {200, "application/json", "", `{"name":7}`},
		"no JSON":                    {200, "application/json", "", `{"name":`},
		"undocumented content type":  {200, "text/plain", "", `hello`},
		"accepted":                   {200, "application/json", "", `{"name":"x","id":1}`},
		"no Location":                {201, "application/json", "", `{"name":"x","id":1}`},
		"a 400 without a field":      {400, problemMedia, "", problem("400", "invalid_request") + "}"},
		"undocumented code":          {409, problemMedia, "", problem("409", "in_use") + "}"},
		"type leads nowhere":         {400, problemMedia, "", problem("400", "lost") + named},
		"another status in the body": {400, problemMedia, "", problem("404", "invalid_request") + named},
		"no WWW-Authenticate":        {401, problemMedia, "", problem("401", "unauthenticated") + "}"},
		"no X-Request-Id":            {400, problemMedia, "-", problem("400", "invalid_request") + named},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			assert.Contains(t, runAgainst(t, answer), want)
		})
	}
}

// TestAnUndocumentedFieldIsAFault holds that answers are compared strictly.
func TestAnUndocumentedFieldIsAFault(t *testing.T) {
	t.Parallel()
	assert.Contains(t, runAgainst(t, reply{200, "application/json", "", `{"name":"x","id":1,"more":2}`}), "schema break")
}

// TestWhatIsPromisedIsNoFault holds that a right answer is not reported.
func TestWhatIsPromisedIsNoFault(t *testing.T) {
	t.Parallel()
	assert.Empty(t, runAgainst(t, reply{400, problemMedia, "", problem("400", "invalid_request") + named}))
}

// runAgainst returns what is found of a server that answers everything alike.
func runAgainst(t *testing.T, answer reply) []string {
	t.Helper()

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/docs/openapi.json":
			_, _ = io.WriteString(w, things) // the test fails without it
			return
		case strings.HasPrefix(r.URL.Path, "/docs/"):
			if strings.HasSuffix(r.URL.Path, "/lost") {
				w.WriteHeader(http.StatusNotFound)
			}

			return
		}

		if answer.header != "-" {
			w.Header().Set("X-Request-Id", "1")
		}

		w.Header().Set("Content-Type", answer.media)
		w.WriteHeader(answer.status)
		_, _ = io.WriteString(w, answer.body) // the test fails without it
	}))
	t.Cleanup(server.Close)

	caller := fuzzapi.Caller{Name: "manager", Workspace: "01934f6e-7f3c-7c4e-9d2b-1f4d5a6b7c8d", Secret: "x"}
	all := []fuzzapi.Caller{caller}

	report, err := fuzzapi.Run(t.Context(), fuzzapi.Options{
		Origin: server.URL,
		Callers: &fuzzapi.Callers{
			Managers:  all,
			Seconds:   all,
			Strangers: []fuzzapi.Caller{caller, caller},
			Reader:    caller,
			User:      caller,
		},
		Requests: 200,
		Seed:     1,
	})
	require.NoError(t, err)

	var found []string
	for _, f := range report.Faults {
		found = append(found, f.What)
	}

	return found
}
