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

const (
	// countWithin is how long counting in the database may take.
	countWithin = 2 * time.Second
	// countEvery is how long the counts are used again, because several scrapers may ask at once.
	countEvery = 10 * time.Second
)

// newRegistry returns a registry with the metrics of the process itself: goroutines, memory, open files.
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

// collector counts in the database when Prometheus scrapes. So the figures are the same in every process, and after a
// restart.
type collector struct {
	store      figureStore
	logger     *slog.Logger
	workspaces bool
	descs      map[*metrics.Definition]*prometheus.Desc

	mutex sync.Mutex
	last  counted
	// failing reports that the last count has failed, so that the log says so only once.
	failing bool
}

// counted is the result of one count.
type counted struct {
	at   time.Time
	took time.Duration
	// err is why the count has failed. Then there are no figures.
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

// Describe sends the descriptions of the metrics.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range c.descs {
		ch <- desc
	}
}

// Collect sends the metrics. While the database is away, only what is counted there is missing.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	last := c.countOpen()
	out := sample{collector: c, ch: ch}

	up := 1.0
	if last.err != nil {
		up = 0
	}

	out.sendGauge(metrics.CollectionUp, up)
	out.sendGauge(metrics.CollectionTime, last.took.Seconds())
	out.sendPool()

	if last.err != nil {
		return
	}

	for _, provider := range chat.Providers() {
		out.sendCounter(metrics.Duplicates, float64(last.duplicates[provider]), string(provider))
	}

	out.sendFigures(last.figures, last.at)
}

// countOpen counts in the database, or returns the last count if that is younger than [countEvery].
func (c *collector) countOpen() counted {
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

// sample sends metrics to one scrape.
type sample struct {
	*collector
	ch chan<- prometheus.Metric
}

func (s *sample) sendGauge(d *metrics.Definition, value float64, labels ...string) {
	s.ch <- prometheus.MustNewConstMetric(s.descs[d], prometheus.GaugeValue, value, labels...)
}

func (s *sample) sendCounter(d *metrics.Definition, value float64, labels ...string) {
	s.ch <- prometheus.MustNewConstMetric(s.descs[d], prometheus.CounterValue, value, labels...)
}

// sendPool sends how this process uses its connections to the database.
func (s *sample) sendPool() {
	stats := s.store.PoolStats()

	s.sendGauge(metrics.Connections, float64(stats.InUse), "in_use")
	s.sendGauge(metrics.Connections, float64(stats.Idle), "idle")
	s.sendGauge(metrics.MaxConnections, float64(stats.MaxOpenConnections))
	s.sendCounter(metrics.ConnectionWaits, float64(stats.WaitCount))
	s.sendCounter(metrics.ConnectionWaitTime, stats.WaitDuration.Seconds())
	s.sendCounter(metrics.Transactions, float64(s.store.Transactions()))
}

// figureMetrics has the metrics of each matter: count is how many there are, and age is how old the oldest is, nil if
// nobody needs to know.
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

// sendFigures sends the figures that were found, and 0 for the others of [emptyFigures].
func (s *sample) sendFigures(figures []chat.Figure, at time.Time) {
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
		s.sendFigure(f, at)
	}

	for _, none := range emptyFigures() {
		if !found[key{none.Matter, none.Provider, none.Channel, none.State}] {
			none.Oldest = at
			s.sendFigure(&none, at)
		}
	}
}

// sendFigure sends the metrics of one figure.
func (s *sample) sendFigure(f *chat.Figure, at time.Time) {
	definitions := figureMetrics[f.Matter]

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

	send := func(d *metrics.Definition, value float64) {
		s.sendGauge(d, value, d.Values(string(f.WorkspaceID), s.workspaces, labels...)...)
	}

	send(definitions.count, float64(f.Count))

	if definitions.age != nil {
		send(definitions.age, max(at.Sub(f.Oldest), 0).Seconds())
	}
}

// emptyFigures returns the figures that are sent even if there is nothing to count, because alerts need their series.
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
