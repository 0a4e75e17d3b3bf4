// Package hostile measures what the inputs cost that people who mean harm would write, and how that
// grows when an input gets twice as large, in one process that does nothing else.
package hostile

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"runtime/debug"
	"text/tabwriter"
	"time"

	"handrail/internal/growth"
)

const (
	// maxTimeRatio is how many times as much time an input of twice the size may cost. Linear work shows up
	// to 2.7, because what is larger leaves the processor's caches, and more so while the machine is busy;
	// quadratic work shows 4.
	maxTimeRatio = 3
	// maxMemoryRatio is the same for memory, which no cache changes.
	maxMemoryRatio = 2.5
	// tries is how often each size is measured; the cheapest counts, for nothing makes work cheaper
	// than it is.
	tries = 4
	// mostTries is how often one is measured that seems to grow too fast: a busy machine shows that too,
	// but not every time.
	mostTries = 40
	// enough is the processor time that is measured at a time; small work is done several times.
	enough = 10 * time.Millisecond
	// negligible is what an input may cost however it grows: it was refused before it was read.
	negligible = 2 * time.Millisecond
	// maxRepeats bounds that.
	maxRepeats = 10_000
	// fixedBytes are the bytes that any input may take beside those that grow with it.
	fixedBytes = 1 << 20
)

// input is a kind of hostile input.
type input struct {
	name string
	// size is the geometric middle of the two sizes that are compared: the half and the double of it.
	size int
	// prepare makes the input, and returns how many bytes it has and the work that reads it.
	prepare func(n int) (bytes int, work func())
	// maxBytes is how much memory the larger one may ask for.
	maxBytes uint64
}

// Result is what one kind of input costs.
type Result struct {
	Input        string        `json:"input"`
	Bytes        int           `json:"bytes"`
	Cost         time.Duration `json:"cost"`
	Ratio        float64       `json:"ratio"`
	Memory       uint64        `json:"memory"`
	MemoryRatio  float64       `json:"memory_ratio"`
	MemoryLimit  uint64        `json:"memory_limit"`
	GrowsTooFast bool          `json:"grows_too_fast"`
}

// Run measures every kind of input. The error is that one grows too fast or takes too much memory.
func Run(ctx context.Context, out io.Writer) ([]Result, error) {
	inputs, err := listInputs() //nolint:contextcheck // requests bring contexts of their own
	if err != nil {
		return nil, err
	}

	results := make([]Result, 0, len(inputs))
	failed := 0

	for _, in := range inputs {
		if ctx.Err() != nil {
			return results, ctx.Err()
		}

		r := in.measure()
		if results = append(results, r); r.GrowsTooFast {
			failed++
		}
	}

	showResults(out, results)

	if failed > 0 {
		return results, fmt.Errorf("%d of %d kinds of input cost too much", failed, len(results))
	}

	return results, nil
}

// measure compares half the size with twice the size: over two doublings a quadratic step shows as 16
// where 4 is right, which no busy machine does.
func (in *input) measure() Result {
	// Garbage is collected between what is measured, not in it: what that costs depends on all that the
	// process holds. Memory has its own bound.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))

	_, small := in.prepare(in.size / 2)
	bytes, large := in.prepare(2 * in.size)
	repeats := repeatsOf(small)

	least := func(before growth.Cost, work func()) growth.Cost {
		runtime.GC()

		c := growth.Measure(func() {
			for range repeats {
				work()
			}
		})

		return growth.Cost{CPU: min(before.CPU, c.CPU), Bytes: min(before.Bytes, c.Bytes)}
	}

	ofSmall := growth.Cost{CPU: time.Hour, Bytes: 1 << 62}
	ofLarge := ofSmall

	for try := range mostTries {
		ofSmall = least(ofSmall, small)
		ofLarge = least(ofLarge, large)

		if try+1 >= tries && perDoubling(float64(ofSmall.CPU), float64(ofLarge.CPU)) <= maxTimeRatio {
			break
		}
	}

	runs := uint64(max(repeats, 1))
	r := Result{
		Input:       in.name,
		Bytes:       bytes,
		Cost:        ofLarge.CPU / time.Duration(repeats),
		Ratio:       perDoubling(float64(ofSmall.CPU), float64(ofLarge.CPU)),
		Memory:      ofLarge.Bytes / runs,
		MemoryRatio: perDoubling(float64(ofSmall.Bytes/runs+fixedBytes), float64(ofLarge.Bytes/runs+fixedBytes)),
		MemoryLimit: in.maxBytes,
	}
	r.GrowsTooFast = r.Ratio > maxTimeRatio && r.Cost > negligible ||
		r.MemoryRatio > maxMemoryRatio ||
		r.Memory > in.maxBytes

	return r
}

// perDoubling is how many times as much twice an input costs, of what half its size and what twice its
// size cost.
func perDoubling(small, large float64) float64 { return math.Sqrt(large / small) }

// repeatsOf is how often work is to be done to take long enough to be measured.
func repeatsOf(work func()) int {
	for repeats := 1; ; repeats *= 2 {
		c := growth.Measure(func() {
			for range repeats {
				work()
			}
		})
		if c.CPU >= enough || repeats >= maxRepeats {
			return repeats
		}
	}
}

// showResults writes the results as the table of docs/reliability.md.
func showResults(out io.Writer, results []Result) {
	table := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	defer table.Flush()

	fmt.Fprintln(table, "| input\t| size\t| time\t| growth\t| memory\t|")
	fmt.Fprintln(table, "|---\t|---:\t|---:\t|---:\t|---:\t|")

	for _, r := range results {
		mark := ""
		if r.GrowsTooFast {
			mark = " **too much**"
		}

		ratio := fmt.Sprintf("%.1f", r.Ratio)
		if r.Cost <= negligible {
			ratio = "none"
		}

		fmt.Fprintf(table, "| %s\t| %d KB\t| %.1f ms\t| %s%s\t| %.1f MB\t|\n",
			r.Input, (r.Bytes+999)/1000, float64(r.Cost)/1e6, ratio, mark, float64(r.Memory)/1e6)
	}
}
