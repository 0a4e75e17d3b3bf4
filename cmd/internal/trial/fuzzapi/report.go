package fuzzapi

import (
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
)

// Report is the result of a run.
type Report struct {
	Seed     uint64 `json:"seed"`
	Requests int    `json:"requests"`
	// Operations counts the answers by operation id.
	Operations map[string]*Row `json:"operations"`
	// Faults has the first fault of each kind.
	Faults []*Fault `json:"faults"`

	mu sync.Mutex
}

// Row counts the answers of one operation.
type Row struct {
	Requests int `json:"requests"`
	// Succeeded counts the answers 2xx, Refused the others by status and code.
	Succeeded int            `json:"succeeded"`
	Refused   map[string]int `json:"refused"`
	Faults    int            `json:"faults"`
}

// Fault is a kind of answer that is not what the document promises.
type Fault struct {
	Operation string `json:"operation"`
	What      string `json:"what"`
	Detail    string `json:"detail"`
	// Request is the number of the first request with the fault, Curl its command for the shell.
	Request int    `json:"request"`
	Curl    string `json:"curl"`
	Count   int    `json:"count"`
}

// findRow returns the row of an operation, and makes it if there is none.
func (r *Report) findRow(op *operation) *Row {
	row := r.Operations[op.id]
	if row == nil {
		row = &Row{Refused: map[string]int{}}
		r.Operations[op.id] = row
	}

	return row
}

// countAnswer counts an answer.
func (r *Report) countAnswer(q *request, status int, code string) {
	r.mu.Lock()
	defer r.mu.Unlock()

	r.Requests++
	row := r.findRow(q.op)
	row.Requests++

	if status > 0 && status < 300 {
		row.Succeeded++
		return
	}

	row.Refused[strings.TrimSpace(fmt.Sprintf("%d %s", status, code))]++
}

// variableParts matches what differs between two faults of one kind.
var variableParts = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|\d+|'[^']*'|: \{.*`)

// add counts a fault, and keeps the first of its kind.
func (r *Report) add(q *request, origin string, f finding) {
	r.mu.Lock()
	defer r.mu.Unlock()

	r.findRow(q.op).Faults++
	kind := variableParts.ReplaceAllString(f.detail, "#")

	for _, known := range r.Faults {
		isSame := known.Operation == q.op.id && known.What == f.what &&
			variableParts.ReplaceAllString(known.Detail, "#") == kind
		if isSame {
			known.Count++
			return
		}
	}

	r.Faults = append(r.Faults, &Fault{
		Operation: q.op.id,
		What:      f.what,
		Detail:    f.detail,
		Request:   q.number,
		Curl:      q.formatCurl(origin),
		Count:     1,
	})
}

// Err returns an error if there are faults.
func (r *Report) Err() error {
	total := 0
	for _, f := range r.Faults {
		total += f.Count
	}

	if total == 0 {
		return nil
	}

	return fmt.Errorf("%d answers are not what the document promises, of %d kinds", total, len(r.Faults))
}

// ListUnreached returns the ids of the operations of which no request has succeeded.
func (r *Report) ListUnreached() []string {
	var unreached []string

	for id, row := range r.Operations {
		if row.Succeeded == 0 {
			unreached = append(unreached, id)
		}
	}

	slices.Sort(unreached)

	return unreached
}

// Show writes a table of the operations, and the faults.
func (r *Report) Show(out io.Writer) error {
	err := r.showRows(out, slices.Sorted(maps.Keys(r.Operations)))

	if unreached := r.ListUnreached(); len(unreached) > 0 {
		fmt.Fprintf(out, "\nNo request succeeded at: %s\n", strings.Join(unreached, ", "))
	}

	r.showFaults(out, math.MaxInt)

	fmt.Fprintf(out, "\n%d requests with the seed %d, %d kinds of faults\n", r.Requests, r.Seed, len(r.Faults))

	return err
}

// shortCurl is the most bytes of a request that ShowFaults writes.
const shortCurl = 800

// ShowFaults writes the faults first, and then the operations with faults, for logs that may be cut.
func (r *Report) ShowFaults(out io.Writer) error {
	r.showFaults(out, shortCurl)
	fmt.Fprintln(out)

	var faulty []string

	for _, id := range slices.Sorted(maps.Keys(r.Operations)) {
		if r.Operations[id].Faults > 0 {
			faulty = append(faulty, id)
		}
	}

	return r.showRows(out, faulty)
}

func (r *Report) showFaults(out io.Writer, longest int) {
	for _, f := range r.Faults {
		curl := f.Curl
		if len(curl) > longest {
			curl = curl[:longest/2] + " … " + curl[len(curl)-longest/2:]
		}

		fmt.Fprintf(
			out, "\n%s: %s (%d times, first request %d)\n  %s\n  %s\n",
			f.Operation, f.What, f.Count, f.Request, f.Detail, curl,
		)
	}
}

func (r *Report) showRows(out io.Writer, ids []string) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "OPERATION\tREQUESTS\t2XX\tFAULTS\tOTHERS")

	for _, id := range ids {
		row := r.Operations[id]

		var others []string
		for _, kind := range slices.Sorted(maps.Keys(row.Refused)) {
			others = append(others, fmt.Sprintf("%d× %s", row.Refused[kind], kind))
		}

		fmt.Fprintf(
			table, "%s\t%d\t%d\t%d\t%s\n",
			id, row.Requests, row.Succeeded, row.Faults, strings.Join(others, ", "),
		)
	}

	return table.Flush()
}
