package eval

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is how well a provider summarizes.
type Report struct {
	Provider  string             `json:"provider"`
	Total     Figures            `json:"total"`
	Languages map[string]Figures `json:"languages"`
	Channels  map[string]Figures `json:"channels"`
	Outcomes  []Outcome          `json:"outcomes"`
}

// Figures are the measures of several dialogues together.
type Figures struct {
	Dialogues    int           `json:"dialogues"`
	Failures     int           `json:"failures"`
	Coverage     Share         `json:"coverage"`
	InText       Share         `json:"in_text"`
	Words        int           `json:"words"`
	Citations    Share         `json:"citations"`
	Set          Choice        `json:"set"`
	Chosen       Choice        `json:"chosen"`
	Text         Share         `json:"text"`
	All          Share         `json:"all"`
	InputTokens  int64         `json:"input_tokens"`
	OutputTokens int64         `json:"output_tokens"`
	Mean         time.Duration `json:"mean"`
	P95          time.Duration `json:"p95"`
}

func reportOf(provider string, outcomes []Outcome) Report {
	languages, channels := map[string][]Outcome{}, map[string][]Outcome{}
	for _, o := range outcomes {
		languages[o.Language] = append(languages[o.Language], o)
		channels[string(o.Channel)] = append(channels[string(o.Channel)], o)
	}

	r := Report{
		Provider:  provider,
		Total:     figuresOf(outcomes),
		Outcomes:  outcomes,
		Languages: map[string]Figures{},
		Channels:  map[string]Figures{},
	}

	for language, of := range languages {
		r.Languages[language] = figuresOf(of)
	}

	for channel, of := range channels {
		r.Channels[channel] = figuresOf(of)
	}

	return r
}

func figuresOf(outcomes []Outcome) Figures {
	f := Figures{Dialogues: len(outcomes)}
	if len(outcomes) == 0 {
		return f
	}

	var took []time.Duration
	var sum time.Duration

	for _, o := range outcomes {
		if o.Error != "" {
			f.Failures++
		}

		f.Coverage, f.InText = f.Coverage.plus(o.Coverage), f.InText.plus(o.InText)
		f.Citations = f.Citations.plus(o.Citations)
		f.Words += o.Words
		f.Set, f.Chosen = f.Set.plus(o.Set), f.Chosen.plus(o.Chosen)
		f.Text, f.All = f.Text.plus(o.Text), f.All.plus(o.All)
		f.InputTokens += o.Usage.InputTokens
		f.OutputTokens += o.Usage.OutputTokens
		took = append(took, o.Duration)
		sum += o.Duration
	}

	slices.Sort(took)
	f.Mean = sum / time.Duration(len(took))
	f.P95 = took[(len(took)*95+99)/100-1] // nearest rank

	return f
}

// Print writes the reports as tables: a row for each provider, and their coverage by
// language and by channel.
func Print(w io.Writer, reports []Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	writeRow(
		t,
		"provider",
		"dialogues",
		"failed",
		"covered",
		"in text",
		"words",
		"grounded",
		"set: right",
		"found",
		"all: right",
		"found",
		"text",
		"with points",
		"tokens in",
		"out",
		"mean",
		"p95",
	)

	for i := range reports {
		f := &reports[i].Total
		writeRow(
			t,
			reports[i].Provider,
			strconv.Itoa(f.Dialogues),
			strconv.Itoa(f.Failures),
			percentText(f.Coverage),
			percentText(f.InText),
			meanText(f.Words, f.Dialogues),
			percentText(f.Citations),
			percentText(f.Set.Precision),
			percentText(f.Set.Recall),
			percentText(f.Chosen.Precision),
			percentText(f.Chosen.Recall),
			percentText(f.Text),
			percentText(f.All),
			strconv.FormatInt(f.InputTokens, 10),
			strconv.FormatInt(f.OutputTokens, 10),
			briefDuration(f.Mean),
			briefDuration(f.P95),
		)
	}

	writeBreakdown(t, "language", reports, func(r *Report) map[string]Figures { return r.Languages })
	writeBreakdown(t, "channel", reports, func(r *Report) map[string]Figures { return r.Channels })

	for i := range reports {
		writeReasons(t, &reports[i])
	}

	return t.Flush()
}

// writeReasons writes why summaries failed, each reason once.
func writeReasons(t *tabwriter.Writer, r *Report) {
	counts := map[string]int{}

	for _, o := range r.Outcomes {
		if o.Error != "" {
			counts[o.Error]++
		}
	}

	if len(counts) > 0 {
		writeRow(t)
	}

	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		writeRow(t, fmt.Sprintf("%s failed %d times: %s", r.Provider, counts[reason], reason))
	}
}

// writeBreakdown writes the coverage of each part, a column for each provider.
func writeBreakdown(t *tabwriter.Writer, title string, reports []Report, parts func(*Report) map[string]Figures) {
	if len(reports) == 0 {
		return
	}

	writeRow(t)

	head := []string{title, "dialogues"}
	for i := range reports {
		head = append(head, reports[i].Provider+": covered")
	}

	writeRow(t, head...)

	for _, part := range slices.Sorted(maps.Keys(parts(&reports[0]))) {
		cells := []string{part, strconv.Itoa(parts(&reports[0])[part].Dialogues)}
		for i := range reports {
			cells = append(cells, percentText(parts(&reports[i])[part].Coverage))
		}

		writeRow(t, cells...)
	}
}

// PrintMissed writes what each summary leaves out, the worst dialogues first.
func PrintMissed(w io.Writer, r *Report) error {
	worst := slices.Clone(r.Outcomes)
	slices.SortStableFunc(worst, func(a, b Outcome) int {
		return cmp.Compare(a.Coverage.Part*b.Coverage.Of, b.Coverage.Part*a.Coverage.Of)
	})

	for _, o := range worst {
		if len(o.Missed) == 0 && o.Error == "" {
			continue
		}

		missed := strings.Join(o.Missed, "; ")
		if _, err := fmt.Fprintf(w, "\n%s, %s: misses %s\n", r.Provider, o.ID, missed); err != nil {
			return fmt.Errorf("print: %w", err)
		}

		if o.Error != "" {
			if _, err := fmt.Fprintf(w, "  failed: %s\n", o.Error); err != nil {
				return fmt.Errorf("print: %w", err)
			}
		}
	}

	return nil
}

// writeRow writes a row; tabwriter keeps the error until Flush.
func writeRow(t *tabwriter.Writer, cells ...string) {
	_, _ = fmt.Fprintln(t, strings.Join(cells, "\t"))
}

func percentText(s Share) string {
	if s.Of == 0 {
		return "-"
	}

	return fmt.Sprintf("%.1f %%", 100*float64(s.Part)/float64(s.Of))
}

// meanText is the mean of a sum over so many dialogues.
func meanText(sum, of int) string {
	if of == 0 {
		return "-"
	}

	return fmt.Sprintf("%.1f", float64(sum)/float64(of))
}

func briefDuration(d time.Duration) string {
	if d < 10*time.Millisecond {
		return d.Round(10 * time.Microsecond).String()
	}

	return d.Round(time.Millisecond).String()
}
