package service_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/cmd/internal/config"
	"handrail/cmd/internal/service"
)

func TestATextLogHasDateAndZone(t *testing.T) {
	t.Parallel()

	var b bytes.Buffer

	service.NewLogger(&b, &config.Config{LogLevel: "info", LogFormat: "text"}).Info("hello", "took", 1500*time.Millisecond)

	assert.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d) INF hello took=1.5s`, b.String())
}

func TestAJSONLogHasDurationsWithTheirUnit(t *testing.T) {
	t.Parallel()

	var b bytes.Buffer

	service.NewLogger(&b, &config.Config{LogLevel: "info", LogFormat: "json"}).Info("hello", "took", 1500*time.Millisecond)

	var line map[string]any
	require.NoError(t, json.Unmarshal(b.Bytes(), &line))
	assert.Equal(t, "1.5s", line["took"])
}
