package api_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/api"
	"handrail/chat"
)

// fixedDoctor finds always the same.
type fixedDoctor struct {
	found api.Examination
	err   error
}

func (f fixedDoctor) Examine(_ context.Context, ws chat.WorkspaceID) (api.Examination, error) {
	if ws != home {
		return api.Examination{}, errors.New("another workspace")
	}

	return f.found, f.err
}

func TestTheDoctorSaysWhatToDo(t *testing.T) {
	t.Parallel()

	doctor := fixedDoctor{found: api.Examination{
		Checks: []api.DoctorCheck{
			{Name: "database", Status: api.CheckOK, Message: "answers"},
			{Name: "webhooks", Status: api.CheckWarn, Message: "none", Do: "set HANDRAIL_PUBLIC_URL"},
		},
		At: noon,
	}}
	w := newWorld(t, func(c *api.Config) { c.Doctor = doctor })

	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/doctor")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, []any{
		map[string]any{"name": "database", "status": "ok", "message": "answers"},
		map[string]any{"name": "webhooks", "status": "warn", "message": "none", "do": "set HANDRAIL_PUBLIC_URL"},
	}, a.json["checks"])
	assert.NotEmpty(t, a.json["checked_at"])
}

func TestAnAPIWithoutADoctorSaysSo(t *testing.T) {
	t.Parallel()

	a := newWorld(t, func(c *api.Config) { c.Doctor = nil }).do(t, request{
		method: http.MethodGet,
		path:   workspaceURL("/doctor"),
	})
	requireProblem(t, a, http.StatusServiceUnavailable, "unavailable", "")
}
