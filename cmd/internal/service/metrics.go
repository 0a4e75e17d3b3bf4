package service

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"handrail/chat"
)

// countWithin bounds a count that a scrape asks the database for.
const countWithin = 2 * time.Second

// newRegistry has the metrics of the process itself: goroutines, memory, open files.
func newRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)

	return registry
}

// duplicateStore counts the messages that providers have taken a second time.
type duplicateStore interface {
	CountDuplicates(ctx context.Context) (map[chat.Provider]int64, error)
}

// duplicateCollector reads the count from the database when it is asked for. So it is the same
// whoever has found them, a callback, a worker or a look-up, in every process and after a restart.
type duplicateCollector struct{ store duplicateStore }

var duplicatesDesc = prometheus.NewDesc(
	"handrail_duplicates_confirmed_total",
	"Messages that a provider has taken a second time: recipients may have got them twice. Every process reports all.",
	[]string{"carrier"},
	nil,
)

// Describe says which metric there is.
func (c *duplicateCollector) Describe(ch chan<- *prometheus.Desc) { ch <- duplicatesDesc }

// Collect counts them. There is no figure while the database is away, and the others are told.
func (c *duplicateCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), countWithin)
	defer cancel()

	counts, err := c.store.CountDuplicates(ctx)
	if err != nil {
		return
	}

	for _, provider := range chat.Providers() {
		ch <- prometheus.MustNewConstMetric(
			duplicatesDesc,
			prometheus.CounterValue,
			float64(counts[provider]),
			string(provider),
		)
	}
}
