package service

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"handrail/chat"
	"handrail/metrics"
)

// How long the figures of the database may take, and how long they are good for: several may scrape.
const (
	countWithin = 2 * time.Second
	countEvery  = 10 * time.Second
)

// newRegistry has the metrics of the process itself: goroutines, memory, open files.
func newRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)

	return registry
}

// figureStore counts what has not ended.
type figureStore interface {
	Figures(ctx context.Context, byWorkspace bool) ([]chat.Figure, error)
	CountDuplicates(ctx context.Context) (map[chat.Provider]int64, error)
	PoolStats() sql.DBStats
	Transactions() int64
}

// collector reads figures from the database when they are asked for. So they are the same in every process, and
// after a restart.
type collector struct {
	store      figureStore
	logger     *slog.Logger
	workspaces bool
	descs      map[*metrics.Definition]*prometheus.Desc

	mutex sync.Mutex
	last  counted
	// failing reports that the last count has failed, which is said once.
	failing bool
}

// counted is what was counted, when and how.
type counted struct {
	at         time.Time
	took       time.Duration
	err        error
	figures    []chat.Figure
	duplicates map[chat.Provider]int64
}

func newCollector(store figureStore, logger *slog.Logger, workspaces bool) *collector {
	c := &collector{
		store:      store,
		logger:     logger,
		workspaces: workspaces,
		descs:      map[*metrics.Definition]*prometheus.Desc{},
	}

	for _, definition := range metrics.All() {
		if definition.Collected {
			c.descs[definition] = definition.Desc(workspaces)
		}
	}

	return c
}

// Describe says which metrics there are.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range c.descs {
		ch <- desc
	}
}

// Collect tells what was counted. While the database is away, only the figures of the database are missing.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	now := c.count()
	out := sample{collector: c, ch: ch}

	up := 1.0
	if now.err != nil {
		up = 0
	}

	out.gauge(metrics.CollectionUp, up)
	out.gauge(metrics.CollectionTime, now.took.Seconds())
	out.pool()

	if now.err != nil {
		return
	}

	for _, provider := range chat.Providers() {
		out.counter(metrics.Duplicates, float64(now.duplicates[provider]), string(provider))
	}

	out.figures(now.figures, now.at)
}

// count counts, unless that was done a moment ago.
func (c *collector) count() counted {
	c.mutex.Lock()
	defer c.mutex.Unlock()

	if !c.last.at.IsZero() && time.Since(c.last.at) < countEvery {
		return c.last
	}

	ctx, cancel := context.WithTimeout(context.Background(), countWithin)
	defer cancel()

	began := time.Now()

	var now counted

	now.figures, now.err = c.store.Figures(ctx, c.workspaces)
	if now.err == nil {
		now.duplicates, now.err = c.store.CountDuplicates(ctx)
	}

	now.at = time.Now()
	now.took = now.at.Sub(began)

	if now.err != nil && !c.failing {
		c.logger.WarnContext(ctx, "figures of the database could not be read; the metrics lack them", "error", now.err)
	}

	c.failing = now.err != nil
	c.last = now

	return now
}

// sample tells figures to one scrape.
type sample struct {
	*collector
	ch chan<- prometheus.Metric
}

func (s *sample) gauge(d *metrics.Definition, value float64, labels ...string) {
	s.ch <- prometheus.MustNewConstMetric(s.descs[d], prometheus.GaugeValue, value, labels...)
}

func (s *sample) counter(d *metrics.Definition, value float64, labels ...string) {
	s.ch <- prometheus.MustNewConstMetric(s.descs[d], prometheus.CounterValue, value, labels...)
}

// pool tells how this process uses its connections.
func (s *sample) pool() {
	stats := s.store.PoolStats()

	s.gauge(metrics.Connections, float64(stats.InUse), "in_use")
	s.gauge(metrics.Connections, float64(stats.Idle), "idle")
	s.gauge(metrics.MaxConnections, float64(stats.MaxOpenConnections))
	s.counter(metrics.ConnectionWaits, float64(stats.WaitCount))
	s.counter(metrics.ConnectionWaitTime, stats.WaitDuration.Seconds())
	s.counter(metrics.Transactions, float64(s.store.Transactions()))
}

// figureMetrics are the metrics of a matter: how many there are, and how old the oldest is, nil for none.
var figureMetrics = map[chat.FigureMatter]struct{ count, age *metrics.Definition }{
	chat.FigureDelivery:           {metrics.Deliveries, metrics.DeliveryAge},
	chat.FigurePossibleDuplicate:  {metrics.PossibleDuplicates, nil},
	chat.FigureBreaker:            {metrics.Breakers, nil},
	chat.FigureBulkRetry:          {metrics.PausedBulkRetries, nil},
	chat.FigureToolCall:           {metrics.OpenToolCalls, metrics.ToolCallAge},
	chat.FigureApproval:           {metrics.Approvals, metrics.ApprovalAge},
	chat.FigureContributorRequest: {metrics.ContributorRequests, metrics.ContributorRequestAge},
	chat.FigureEvent:              {metrics.WaitingEvents, metrics.WaitingEventAge},
	chat.FigureWebhook:            {metrics.WebhookBehind, metrics.WebhookAge},
}

// figures tells what there is of each matter, and 0 for what there is none of.
func (s *sample) figures(figures []chat.Figure, at time.Time) {
	type key struct {
		chat.FigureMatter
		chat.Provider
		chat.Channel
		state string
	}

	found := map[key]bool{}

	for i := range figures {
		f := &figures[i]
		found[key{f.Matter, f.Provider, f.Channel, f.State}] = true
		s.figure(f, at)
	}

	for _, none := range emptyFigures() {
		if !found[key{none.Matter, none.Provider, none.Channel, none.State}] {
			none.Oldest = at
			s.figure(&none, at)
		}
	}
}

// figure tells one figure.
func (s *sample) figure(f *chat.Figure, at time.Time) {
	told := figureMetrics[f.Matter]

	var labels []string

	switch f.Matter {
	case chat.FigureDelivery:
		labels = []string{string(f.Provider), string(f.Channel), f.State}
	case chat.FigurePossibleDuplicate, chat.FigureBreaker:
		labels = []string{string(f.Provider)}
	case chat.FigureToolCall, chat.FigureApproval, chat.FigureWebhook:
		labels = []string{f.State}
	case chat.FigureBulkRetry, chat.FigureContributorRequest, chat.FigureEvent:
	}

	s.gauge(told.count, float64(f.Count), told.count.Values(string(f.WorkspaceID), s.workspaces, labels...)...)

	if told.age != nil {
		age := max(at.Sub(f.Oldest), 0).Seconds()
		s.gauge(told.age, age, told.age.Values(string(f.WorkspaceID), s.workspaces, labels...)...)
	}
}

// emptyFigures are all figures that are told even if there is nothing to count: an alert needs their series.
func emptyFigures() []chat.Figure {
	all := []chat.Figure{
		{Matter: chat.FigureBulkRetry},
		{Matter: chat.FigureContributorRequest},
		{Matter: chat.FigureEvent},
	}

	for _, channel := range metrics.SendingChannels() {
		provider := channel.Spec().Provider
		all = append(
			all,
			chat.Figure{Matter: chat.FigurePossibleDuplicate, Provider: provider},
			chat.Figure{Matter: chat.FigureBreaker, Provider: provider},
		)

		for _, status := range chat.OpenStatuses() {
			all = append(all, chat.Figure{
				Matter:   chat.FigureDelivery,
				Provider: provider,
				Channel:  channel,
				State:    status,
			})
		}
	}

	for _, state := range chat.OpenToolCallStates() {
		all = append(all, chat.Figure{Matter: chat.FigureToolCall, State: string(state)})
	}

	for _, kind := range chat.ApprovalKinds() {
		all = append(all, chat.Figure{Matter: chat.FigureApproval, State: string(kind)})
	}

	return all
}
