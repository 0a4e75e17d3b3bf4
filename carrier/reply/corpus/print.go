package corpus

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Print writes the report as a table, by language, by client and in total, and below it the
// mails that are cut in the wrong place.
func Print(w io.Writer, r *Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	writeRow(t, "", "mails", "exact", "own words", "lost", "quoted words", "left", "left %")

	for _, counts := range [][]Count{r.Languages, r.Clients, {r.Total}} {
		for i := range counts {
			writeCount(t, &counts[i])
		}

		// A row without cells would end the columns.
		writeRow(t, "", "", "", "", "", "", "", "")
	}

	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}

	return printWrong(w, r.Mails)
}

func writeCount(t *tabwriter.Writer, c *Count) {
	writeRow(
		t,
		c.Name,
		strconv.Itoa(c.Mails),
		strconv.Itoa(c.Exact),
		strconv.Itoa(c.Own),
		strconv.Itoa(c.Lost),
		strconv.Itoa(c.Quoted),
		strconv.Itoa(c.Left),
		fmt.Sprintf("%.1f", c.LeftPercent()),
	)
}

// writeRow leaves errors to Flush, which returns the first.
func writeRow(t *tabwriter.Writer, cells ...string) {
	_, _ = fmt.Fprintln(t, strings.Join(append(cells, ""), "\t"))
}

func printWrong(w io.Writer, mails []Outcome) error {
	for _, o := range mails {
		if o.Lost == 0 && o.Left == 0 {
			continue
		}

		_, err := fmt.Fprintf(w, "%s: %d own words lost, %d quoted words left\n", o.Mail, o.Lost, o.Left)
		if err != nil {
			return fmt.Errorf("print the report: %w", err)
		}
	}

	return nil
}
