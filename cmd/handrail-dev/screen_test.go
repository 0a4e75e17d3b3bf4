package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheReadyScreenShowsMetricsThatAreServed, and no line about those that are not.
func TestTheReadyScreenShowsMetricsThatAreServed(t *testing.T) {
	t.Parallel()

	var with, without strings.Builder

	require.NoError(t, screen{Metrics: "http://127.0.0.1:9464/metrics"}.show(&with))
	assert.Contains(t, with.String(), "\n  Metrics       http://127.0.0.1:9464/metrics\n  Key ")

	require.NoError(t, screen{}.show(&without))
	assert.NotContains(t, without.String(), "Metrics")
	assert.Equal(t, strings.Count(with.String(), "\n"), strings.Count(without.String(), "\n")+1)
}
