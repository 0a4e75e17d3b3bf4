package main

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/cmd/internal/service"
	"handrail/db/dbtest"
)

// diagnose runs the doctor and returns its exit status and its checks by their names.
func diagnose(t *testing.T, environ ...string) (int, map[string]service.Check) {
	t.Helper()
	status, out, _ := newTerminal(t, environ...).do("doctor", "--json")

	var all []service.Check

	require.NoError(t, json.Unmarshal([]byte(out), &all), out)

	checks := map[string]service.Check{}
	for _, c := range all {
		checks[c.Name] = c
	}

	return status, checks
}

func TestTheDoctorFindsNothingWrong(t *testing.T) {
	t.Parallel()
	server := startTemporal(t)
	database := "DATABASE_URL=" + dbtest.NewPostgresURL(t)
	newTerminal(t, database).must("migrate", "up")

	key := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("7", 32)))
	_, checks := diagnose(t, database, "TEMPORAL_ADDRESS="+server.Address(), "HANDRAIL_ENCRYPTION_KEYS=k2:"+key)

	for _, name := range []string{
		"encryption keys", "database", "read-write", "clock", "migrations", "timeline", "replication",
		"Temporal", "namespace",
	} {
		assert.Equal(t, service.CheckOK, checks[name].Status, "%s: %+v", name, checks[name])
	}

	assert.Equal(t, "k2; k2 encrypts", checks["encryption keys"].Message)
	assert.Contains(t, checks, "durability", "the servers of tests may be fast and not durable")
	assert.Contains(t, checks, "retention")
	assert.Contains(t, checks, "search attributes")
	assert.Equal(t, service.CheckWarn, checks["providers"].Status)
	assert.Equal(t, service.CheckWarn, checks["webhooks"].Status)
}

func TestTheDoctorSaysWhatToDo(t *testing.T) {
	t.Parallel()

	status, checks := diagnose(t, "TEMPORAL_ADDRESS=127.0.0.1:1")
	assert.Equal(t, 1, status)
	assert.Equal(t, service.CheckFail, checks["database"].Status)
	assert.Contains(t, checks["database"].Do, "DATABASE_URL")
	assert.Equal(t, service.CheckFail, checks["Temporal"].Status)
	assert.Contains(t, checks["Temporal"].Do, "TEMPORAL_ADDRESS")
	assert.Equal(t, service.CheckWarn, checks["encryption keys"].Status)

	url := dbtest.NewPostgresURL(t)
	_, checks = diagnose(t, "DATABASE_URL="+url, "TEMPORAL_ADDRESS=127.0.0.1:1")
	assert.Contains(t, checks["migrations"].Do, "handrail migrate up")
	assert.NotContains(t, checks, "timeline")

	newTerminal(t, "DATABASE_URL="+url).must("migrate", "up")
	setTimeline(t, url, "00000009")

	status, checks = diagnose(t, "DATABASE_URL="+url, "TEMPORAL_ADDRESS=127.0.0.1:1")
	assert.Equal(t, 1, status)
	assert.Contains(t, checks["timeline"].Do, "handrail migrate after-failover")

	_, checks = diagnose(t, "DATABASE_URL="+url+"&default_transaction_read_only=on", "TEMPORAL_ADDRESS=127.0.0.1:1")
	assert.Equal(t, service.CheckFail, checks["read-write"].Status)
}

func TestTheDoctorWritesALineForEachCheck(t *testing.T) {
	t.Parallel()

	status, out, errs := newTerminal(t, "TEMPORAL_ADDRESS=127.0.0.1:1").do("doctor")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "something fails")
	assert.Regexp(t, `(?m)^fail +database +DATABASE_URL is not set\. To do: set DATABASE_URL`, out)
	assert.Regexp(t, `(?m)^warn +webhooks`, out)

	assert.Contains(t, newTerminal(t).must("doctor", "--help"), "Exit status")
}
