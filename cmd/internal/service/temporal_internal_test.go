package service

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"
)

// TestALateHeartbeatIsNoNoise lets the SDK tell of heartbeats that failed: that an activity is over is normal, and what
// else fails is not.
func TestALateHeartbeatIsNoNoise(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		err    error
		isTold bool
	}{
		"its workflow has ended": {err: serviceerror.NewNotFound("workflow execution already completed")},
		"it was canceled":        {err: temporal.NewCanceledError()},
		"it has ended":           {err: context.Canceled},
		"Temporal is away":       {err: serviceerror.NewUnavailable("connection refused"), isTold: true},
		"anything else":          {err: errors.New("unexpected"), isTold: true},
	} {
		var b bytes.Buffer

		logger := slog.New(quiet{slog.NewTextHandler(&b, nil)}).With("component", "temporal")
		logger.Warn("RecordActivityHeartbeat with error", "ActivityID", "6", "Error", c.err)

		assert.Equal(t, c.isTold, b.Len() > 0, name)
	}
}
