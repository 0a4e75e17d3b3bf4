package service

import (
	"context"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// countedDuplicates is a store that has counted these.
type countedDuplicates map[chat.Provider]int64

// CountDuplicates returns the counts.
func (c countedDuplicates) CountDuplicates(context.Context) (map[chat.Provider]int64, error) {
	return c, nil
}

// TestDuplicatesAreCountedFromZero holds that each provider has its series before anything was sent twice:
// an alert on its increase would miss the first one otherwise.
func TestDuplicatesAreCountedFromZero(t *testing.T) {
	t.Parallel()

	registry := prometheus.NewRegistry()
	registry.MustRegister(&duplicateCollector{store: countedDuplicates{chat.ProviderTwilio: 2}})

	families, err := registry.Gather()
	require.NoError(t, err)
	require.Len(t, families, 1)
	assert.Equal(t, "handrail_duplicates_confirmed_total", families[0].GetName())

	counts := map[string]float64{}
	for _, metric := range families[0].GetMetric() {
		counts[metric.GetLabel()[0].GetValue()] = metric.GetCounter().GetValue()
	}

	assert.Equal(t, map[string]float64{"twilio": 2, "sendgrid": 0, "handrail": 0}, counts)
}
