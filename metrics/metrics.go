// Package metrics owns the names of all that Handrail measures, in one table (table.go), and the counters
// that more than one part needs. docs/metrics.md is written from the table; a test compares it with what a
// running service serves.
package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// Kind is how a metric is to be read.
type Kind string

// The kinds.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
)

// Definition is one line of the table.
type Definition struct {
	Name string
	Help string
	Kind Kind
	// Labels are without that of the workspace.
	Labels  []string
	Buckets []float64
	// Served says which process serves it.
	Served Process
	// PerWorkspace reports that it has the label workspace as well, where that is configured.
	PerWorkspace bool
	// Collected reports that it is read when it is asked for.
	Collected bool
}

// all are the definitions, in the order of the table.
var all []*Definition

// define adds a line to the table.
func define(d *Definition) *Definition {
	if d.Served == "" {
		d.Served = EveryProcess
	}

	all = append(all, d)

	return d
}

// All lists the definitions, in the order of the table.
func All() []*Definition { return slices.Clone(all) }

// labels are those that the metric has, with the workspace where it is asked for.
func (d *Definition) labels(workspaces bool) []string {
	if d.PerWorkspace && workspaces {
		return append(slices.Clone(d.Labels), labelWorkspace)
	}

	return d.Labels
}

// Values are the values of the metric's labels, with the workspace where it is asked for.
func (d *Definition) Values(workspace string, workspaces bool, values ...string) []string {
	if d.PerWorkspace && workspaces {
		return append(values, workspace)
	}

	return values
}

// Desc describes a metric that is read when it is asked for.
func (d *Definition) Desc(workspaces bool) *prometheus.Desc {
	return prometheus.NewDesc(d.Name, d.Help, d.labels(workspaces), nil)
}

// NewCounter makes the counter, and registers it.
func (d *Definition) NewCounter(registry prometheus.Registerer) *prometheus.CounterVec {
	return d.newCounter(registry, false)
}

func (d *Definition) newCounter(registry prometheus.Registerer, workspaces bool) *prometheus.CounterVec {
	counter := prometheus.NewCounterVec(
		prometheus.CounterOpts{Name: d.Name, Help: d.Help},
		d.labels(workspaces),
	)
	registry.MustRegister(counter)

	return counter
}

// NewGauge makes the gauge, and registers it.
func (d *Definition) NewGauge(registry prometheus.Registerer) *prometheus.GaugeVec {
	gauge := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: d.Name, Help: d.Help}, d.Labels)
	registry.MustRegister(gauge)

	return gauge
}

// NewHistogram makes the histogram, and registers it.
func (d *Definition) NewHistogram(registry prometheus.Registerer) *prometheus.HistogramVec {
	histogram := prometheus.NewHistogramVec(
		prometheus.HistogramOpts{
			Name:    d.Name,
			Help:    d.Help,
			Buckets: d.Buckets,
		},
		d.Labels,
	)
	registry.MustRegister(histogram)

	return histogram
}
