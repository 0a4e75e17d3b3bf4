package metrics_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"handrail/chat"
	"handrail/metrics"
)

const (
	page = "../docs/metrics.md"
	// tableHead is where the part of the page begins that is written from the table.
	tableHead = "## Table\n"
	rules     = "../deploy/prometheus/rules.yaml"
)

// TestThePageOfMetricsIsTheTable holds the last part of docs/metrics.md to the table. UPDATE_GOLDEN=1 writes it.
func TestThePageOfMetricsIsTheTable(t *testing.T) {
	t.Parallel()

	text, err := os.ReadFile(page)
	require.NoError(t, err)

	before, _, found := strings.Cut(string(text), tableHead)
	require.True(t, found, "the page has the table")

	want := before + tableHead + writeTable()

	if os.Getenv("UPDATE_GOLDEN") == "1" { //nolint:forbidigo // the environment configures tests
		require.NoError(t, os.WriteFile(page, []byte(want), 0o600))
		return
	}

	assert.Equal(t, want, string(text), "UPDATE_GOLDEN=1 writes the page anew")
}

func writeTable() string {
	var table strings.Builder

	table.WriteString(`
This part is written from ` + "`metrics/table.go`, by `UPDATE_GOLDEN=1 go test ./metrics -run TestThePageOfMetricsIsTheTable`" + `.
*Process* says who serves a metric: every process, the API or the worker. A metric with the mark ¹ is a figure of the database, or of
its connections, and one with the mark ² has the label ` + "`workspace`" + ` as well if that is configured.

| metric | type | labels | process | what it is |
|---|---|---|---|---|
`)

	for _, d := range metrics.All() {
		marks := ""
		if d.Collected {
			marks += "¹"
		}

		if d.PerWorkspace {
			marks += "²"
		}

		labels := make([]string, len(d.Labels))
		for i, label := range d.Labels {
			labels[i] = "`" + label + "`"
		}

		fmt.Fprintf(
			&table,
			"| `%s`%s | %s | %s | %s | %s |\n",
			d.Name,
			marks,
			d.Kind,
			strings.Join(labels, ", "),
			d.Served,
			d.Help,
		)
	}

	table.WriteString("\n| label | its values |\n|---|---|\n")

	for _, label := range metrics.Labels() {
		fmt.Fprintf(&table, "| `%s` | %s |\n", label.Name, label.Text)
	}

	table.WriteString(`
Beside these, every process serves:

- ` + "`temporal_*`" + `: what [Temporal's SDK measures](https://docs.temporal.io/references/sdk-metrics), under its own names, times in
  seconds: schedule-to-start latencies, pollers, task slots, the sticky cache, failures of workflows and activities by type.
- ` + "`go_*` and `process_*`" + `: the Go runtime and the process, by Prometheus' own collectors.
`)

	return table.String()
}

// TestEveryLabelIsExplained holds that the page says what each label means, and no other.
func TestEveryLabelIsExplained(t *testing.T) {
	t.Parallel()

	used := map[string]bool{"workspace": true}

	for _, d := range metrics.All() {
		for _, label := range d.Labels {
			used[label] = true
		}
	}

	explained := map[string]bool{}
	for _, label := range metrics.Labels() {
		explained[label.Name] = true
	}

	assert.Equal(t, used, explained)
}

// TestNamesSayWhatTheyMeasure holds the rules of Prometheus for names: counters end in _total, times in _seconds.
func TestNamesSayWhatTheyMeasure(t *testing.T) {
	t.Parallel()

	names := map[string]bool{}

	for _, d := range metrics.All() {
		assert.False(t, names[d.Name], "%s is there twice", d.Name)
		names[d.Name] = true

		assert.Regexp(t, `^handrail_[a-z_]+$`, d.Name)
		assert.Equal(t, d.Kind == metrics.Counter, strings.HasSuffix(d.Name, "_total"), d.Name)
		assert.Equal(t, d.Kind == metrics.Histogram, len(d.Buckets) > 0, d.Name)
		assert.True(t, strings.HasSuffix(d.Help, "."), "%s: a sentence", d.Name)

		if d.Kind == metrics.Histogram {
			assert.True(t, strings.HasSuffix(d.Name, "_seconds"), d.Name)
			assert.True(t, slices.IsSorted(d.Buckets), d.Name)
		}
	}
}

// TestCodesAreFew holds that no code that a carrier makes up becomes a series.
func TestCodesAreFew(t *testing.T) {
	t.Parallel()

	registry := prometheus.NewRegistry()
	meter := metrics.NewMeter(registry, false)

	for _, code := range []string{"twilio_21614", "twilio_503", "timeout", "twilio_99999", "made_up", "+14155550101"} {
		meter.CountAttempt(
			"w",
			&chat.Delivery{Provider: chat.ProviderTwilio, Channel: chat.ChannelSMS},
			&chat.Submission{Outcome: chat.OutcomeRejected, ErrorCode: code},
			time.Now(),
		)
	}

	families, err := registry.Gather()
	require.NoError(t, err)

	counts := map[string]float64{}

	for _, family := range families {
		if family.GetName() != metrics.Attempts.Name {
			continue
		}

		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "code" && label.GetValue() != "" {
					counts[label.GetValue()] += metric.GetCounter().GetValue()
				}
			}
		}
	}

	assert.Equal(t, map[string]float64{"twilio_21614": 1, "twilio_503": 1, "timeout": 1, metrics.OtherCode: 3}, counts)
}

// TestPostsOfWebhooksAreCountedByTheirEnd holds that each end of a post has its series from the start.
func TestPostsOfWebhooksAreCountedByTheirEnd(t *testing.T) {
	t.Parallel()

	registry := prometheus.NewRegistry()
	meter := metrics.NewMeter(registry, false)
	meter.CountWebhookPost(&chat.WebhookAnswer{Status: 204})
	meter.CountWebhookPost(&chat.WebhookAnswer{Fault: chat.WebhookTimedOut})
	meter.CountWebhookPost(&chat.WebhookAnswer{Fault: chat.WebhookTimedOut})

	families, err := registry.Gather()
	require.NoError(t, err)

	counts := map[string]float64{}

	for _, family := range families {
		if family.GetName() != metrics.WebhookPosts.Name {
			continue
		}

		for _, metric := range family.GetMetric() {
			counts[metric.GetLabel()[0].GetValue()] = metric.GetCounter().GetValue()
		}
	}

	want := map[string]float64{"arrived": 1}
	for _, fault := range chat.WebhookFaults() {
		want[string(fault)] = 0
	}

	want["timeout"] = 2
	assert.Equal(t, want, counts)
}

// TestTheAlertsAskForWhatIsServed holds that rules name metrics of the table, that each has a page and a heading to
// begin with, and that docs/metrics.md explains each.
func TestTheAlertsAskForWhatIsServed(t *testing.T) {
	t.Parallel()

	text, err := os.ReadFile(rules)
	require.NoError(t, err)

	var file struct {
		Groups []struct {
			Rules []struct {
				Alert       string
				Expr        string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}

	require.NoError(t, yaml.Unmarshal(text, &file))
	require.Len(t, file.Groups, 1)

	served := map[string]bool{}
	for _, d := range metrics.All() {
		served[d.Name] = true
	}

	explained, err := os.ReadFile(page)
	require.NoError(t, err)

	for _, rule := range file.Groups[0].Rules {
		for _, name := range regexp.MustCompile(`handrail_[a-z_]+`).FindAllString(rule.Expr, -1) {
			assert.True(t, served[name], "%s asks for %s", rule.Alert, name)
		}

		assert.Contains(t, []string{"page", "ticket"}, rule.Labels["severity"], rule.Alert)
		assert.NotEmpty(t, rule.Annotations["summary"], rule.Alert)
		assert.Contains(t, string(explained), "`"+rule.Alert+"`")
		requireHeading(t, rule.Annotations["runbook"])
	}
}

// requireHeading requires that there is such a page, with such a heading.
func requireHeading(t *testing.T, link string) {
	t.Helper()

	file, anchor, _ := strings.Cut(link, "#")

	text, err := os.ReadFile("../" + file)
	require.NoError(t, err)

	if anchor == "" {
		return
	}

	for line := range strings.Lines(string(text)) {
		heading := strings.ToLower(strings.TrimSpace(strings.TrimLeft(line, "#")))
		if strings.HasPrefix(line, "## ") && strings.ReplaceAll(heading, " ", "-") == anchor {
			return
		}
	}

	assert.Fail(t, "there is no heading "+link)
}
