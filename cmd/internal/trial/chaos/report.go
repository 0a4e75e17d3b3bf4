package chaos

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// Report is a whole run. Durations are in seconds.
type Report struct {
	Seed          uint64  `json:"seed"`
	Sends         int     `json:"sends"`
	Callers       int     `json:"callers"`
	FaultsPercent float64 `json:"faults_percent"`
	Every         float64 `json:"every_seconds"`
	// Sending is how long it took until the last caller had its answer, Settling how
	// long it took from there until nothing more was open.
	Sending  float64 `json:"sending_seconds"`
	Settling float64 `json:"settling_seconds"`
	// EndedByThemselves are processes that must not, by how often they did.
	EndedByThemselves map[string]int `json:"ended_by_themselves"`
	// Played are the disturbances, by how often each was, Struck the faults of the providers, by
	// how often they did at least. EqualTexts are the sends with the text of another one.
	Played     map[string]int `json:"played"`
	Struck     map[string]int `json:"struck"`
	EqualTexts int            `json:"equal_texts"`
	// NotPlayed are the kinds of both that were to be played and were not.
	NotPlayed []string `json:"not_played,omitempty"`
	// Tries are all requests that callers made, repetitions included.
	Tries int `json:"tries"`
	// EventLog is the log of events, compared with the tables.
	EventLog EventLog `json:"event_log"`
	// Webhooks is what a receiver was told of it.
	Webhooks Webhooks `json:"webhooks"`
	Outcome
}

// Passed reports whether nothing happened that must not, and everything that was to be played
// was.
func (r *Report) Passed() bool {
	return r.Outcome.Passed() && r.EventLog.Passed() && r.Webhooks.Passed() && len(r.NotPlayed) == 0
}

// verdictLabels returns the verdicts in words, in the order in which they are shown.
func verdictLabels() [][2]string {
	return [][2]string{
		{string(acceptedAtOnce), "accepted, and reported so at once"},
		{string(acceptedLater), "accepted after a 202"},
		{string(foundLater), "reported as possibly sent, found later"},
		{string(notSentAndTold), "not sent, and reported so"},
		{string(endedLater), "not sent after a 202, with a reason"},
		{string(heldReceived), "waiting for a person; the provider has it"},
		{string(heldNotReceived), "waiting for a person; the provider never had it"},
		{string(retried), "accepted after a person's retry"},
		{string(notFollowed), "accepted, and its workflow was ended in Temporal"},
		{string(twiceUnknowable), "sent twice, which could not be known"},
		{string(unsettled), "NOT SETTLED"},
		{string(denied), "REPORTED AS NOT SENT, YET RECEIVED"},
		{string(sentAfterStop), "POSTED AFTER THE CUSTOMER'S STOP"},
		{string(lost), "LOST"},
		{string(sentTwice), "SENT TWICE, UNFLAGGED"},
	}
}

// Show writes the report as a table.
func (r *Report) Show(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(what string, value any) { fmt.Fprintf(t, "  %v\t  %s\n", value, what) }

	fmt.Fprintln(t)
	line("requested", r.Requested)

	for _, l := range verdictLabels() {
		line(l[1], r.Verdicts[verdict(l[0])])
	}

	fmt.Fprintln(t)
	line("deliveries that a provider took", r.Accepted)
	line("of these: the provider sent a receipt", r.Receipts)
	line("of these: the receipt says that it did not arrive", r.Undelivered)
	line("of these: there was no receipt, and Handrail says so", r.Unconfirmed)
	line("made by a person's retry", r.Retries)
	line("received twice, and flagged", r.DuplicatesFlagged)
	line("flagged, and received once", r.FalseAlarms)

	fmt.Fprintln(t)
	line("events in the log", r.EventLog.Events)
	line("GAPS IN THE NUMBERS OF EVENTS", r.EventLog.Gaps)
	line("CHANGES WITHOUT A NUMBER", r.EventLog.Unnumbered)
	line("FACTS THAT NO EVENT TELLS", r.EventLog.Untold)

	r.Webhooks.show(line)

	if err := t.Flush(); err != nil {
		return fmt.Errorf("show the report: %w", err)
	}

	_, err := fmt.Fprintf(
		out,
		"\n  played: %s, %s %d\n  faults: %s\n  NOT PLAYED: %s\n  ended by themselves: %s\n"+
			"  problems reported: %s\n  %d requests in %.0f s, settled %.0f s later, seed %d\n\n",
		formatCounts(r.Played),
		kindEqualText,
		r.EqualTexts,
		formatCounts(r.Struck),
		cmp.Or(strings.Join(r.NotPlayed, ", "), "none"),
		formatCounts(r.EndedByThemselves),
		formatCounts(r.Refusals),
		r.Tries,
		r.Sending,
		r.Settling,
		r.Seed,
	)
	if err != nil {
		return fmt.Errorf("show the report: %w", err)
	}

	return r.showFindings(out)
}

// show writes what the receiver was told.
func (w *Webhooks) show(line func(what string, value any)) {
	line("of these: for the receiver of webhooks", w.Events)
	line("posts to it that were signed", w.Posts)
	line("refused by it, cut off or not answered", w.refused())
	line("of these: it had kept the event", w.Failed[receiverLate])
	line("times that it was killed", w.Kills)
	line("posts of what it had already", w.Repeated)
	line("events that stepped aside", w.Aside)
	line("EVENTS THAT ARE STILL TO BE POSTED", w.Behind)
	line("EVENTS THAT HAVE NOT ARRIVED", w.Missing)
	line("POSTS WITH ANOTHER ID OR BODY THAN BEFORE", w.Changed)
	line("EVENTS OUT OF ORDER", w.Disordered)
	line("GAPS IN THE NUMBERS THAT HAVE ARRIVED", w.Gaps)
	line("POSTS WITHOUT A VALID SIGNATURE", w.Forged)
}

// refused counts the posts that the receiver has failed on purpose.
func (w *Webhooks) refused() int {
	count := 0
	for _, failed := range w.Failed {
		count += failed
	}

	return count
}

// maxFindings is how many findings are shown; the JSON has all.
const maxFindings = 20

func (r *Report) showFindings(out io.Writer) error {
	for i, f := range r.Findings {
		if i == maxFindings {
			_, err := fmt.Fprintf(out, "  … and %d more\n", len(r.Findings)-maxFindings)
			return err
		}

		_, err := fmt.Fprintf(
			out,
			"  %s: %s; told %q, delivery %s %q, provider %q, error %q, "+
				"received %d times %v, workflow ended %t, last answer %q\n",
			f.Marker,
			f.Verdict,
			f.Told,
			f.Delivery,
			f.Submission,
			f.Status,
			f.ErrorCode,
			f.Received,
			f.Copies,
			f.WorkflowEnded,
			f.LastAnswer,
		)
		if err != nil {
			return fmt.Errorf("show a finding: %w", err)
		}
	}

	return nil
}

func formatCounts(counts map[string]int) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%s %d", name, counts[name]))
	}

	if len(all) == 0 {
		return "none"
	}

	return strings.Join(all, ", ")
}
