package reply

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// maxGrowth is how much more twice the text may take.
const maxGrowth = 2.5

// hostile are texts of about n lines that a rule which looks back or ahead from each line
// would be slow with.
var hostile = map[string]func(n int) string{
	"quoted lines":   func(n int) string { return "a\n" + strings.Repeat(">\n", n) },
	"quotes in runs": func(n int) string { return strings.Repeat("> On 3 Nov 2025 A wrote:\n\n", n/2) },
	"introductions":  func(n int) string { return strings.Repeat("On 3 Nov 2025 at 10:00, A wrote:\n", n) },
	"quoted, then not": func(n int) string {
		return strings.Repeat("On 3 Nov 2025 at 10:00, A <a@b.example> wrote:\n> b\n", n/2) + "c"
	},
	"refused each time": func(n int) string {
		return strings.Repeat("\n", n/2) + "a:\n" + strings.Repeat("\nOn 3 Nov 2025 at 10:00, A <a@b.example> wrote:\n\"b:\n", n/8)
	},
	"broken lines":     func(n int) string { return strings.Repeat("On 3 Nov 2025 at 10:00,\n", n) },
	"headers":          func(n int) string { return strings.Repeat("From: a@b.example\nTo: b\nSent: c\n\n", n/4) },
	"headers, refused": func(n int) string { return "a:\n\n" + strings.Repeat("From: a@b.example\nSent: c\nTo: b\n\n", n/4) },
	"signature marks":  func(n int) string { return "a\n" + strings.Repeat("-- \n", n) },
	"blank lines":      func(n int) string { return "a\n" + strings.Repeat("\n", n) + "b" },
	"see below":        func(n int) string { return strings.Repeat("see below\n", n) },
	"titles":           func(n int) string { return "a:\n" + strings.Repeat("-----Original Message-----\n\n", n/2) },
	"one long line":    func(n int) string { return "On " + strings.Repeat("a:@<>\t", 10*n) },
	"long lines":       func(n int) string { return strings.Repeat(strings.Repeat("On 3: ", 83)+"\n", n/20) },
	"colons":           func(n int) string { return strings.Repeat("On 3 Nov 2025 10:00 <a@b.example>: : : : : : : : :\n", n) },
}

// What is looked at of a line is bounded, so that time grows as the lines do that are read.
// Counting them says the same on any machine.
func TestWorkGrowsWithTheText(t *testing.T) {
	t.Parallel()

	for name, write := range hostile {
		single := countReads(write(20_000))
		double := countReads(write(40_000))
		assert.LessOrEqual(t, float64(double), maxGrowth*float64(single), name)
	}
}

func countReads(text string) int {
	p := newPage(text)
	p.ownLines("")

	return p.reads + len(p.lines)
}

// The test is not parallel: what others allocate would count.
func TestMemoryGrowsWithTheText(t *testing.T) {
	for name, write := range hostile {
		single := bytesToTrim(write(10_000))
		double := bytesToTrim(write(20_000))
		assert.LessOrEqual(t, float64(double), maxGrowth*float64(single)+100_000, name)
	}
}

func bytesToTrim(text string) uint64 {
	var before, after runtime.MemStats

	runtime.ReadMemStats(&before)

	_ = Trim(text)

	runtime.ReadMemStats(&after)

	return after.TotalAlloc - before.TotalAlloc
}
