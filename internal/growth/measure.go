// Package growth measures what a piece of work costs the process, and whether the cost grows with its
// input or faster. Only tests and measuring programs use it.
package growth

import (
	"flag"
	"runtime"
	"syscall"
	"time"
)

// Cost is what a piece of work took.
type Cost struct {
	// CPU is the time of all processors, that of collecting garbage included.
	CPU time.Duration
	// Bytes is how much memory was asked for, freed or not.
	Bytes uint64
}

// Measure does the work and returns what it has cost the whole process: nothing else may run in it.
func Measure(work func()) Cost {
	var before, after runtime.MemStats

	runtime.ReadMemStats(&before)

	begun := cpuTime()

	work()

	spent := cpuTime() - begun

	runtime.ReadMemStats(&after)

	return Cost{CPU: spent, Bytes: after.TotalAlloc - before.TotalAlloc}
}

// cpuTime is what the process has used, in its own code and in the kernel.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}

	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// Limit is what some input may cost.
type Limit struct {
	// CPU and Bytes are for any input, CPUPerByte and BytesPerByte are added for each of its bytes.
	CPU          time.Duration
	Bytes        uint64
	CPUPerByte   time.Duration
	BytesPerByte uint64
}

// Usual is what reading any text may cost. A tenth of it would be a lot; a program that is
// instrumented for fuzzing takes several times as long.
var Usual = Limit{
	CPU:          2 * time.Second,
	CPUPerByte:   20 * time.Microsecond,
	Bytes:        16 << 20,
	BytesPerByte: 2000,
}

// Exceeded reports whether the cost of an input of so many bytes is above the limit.
func (l Limit) Exceeded(c Cost, size int) bool {
	return c.CPU > l.CPU+time.Duration(size)*l.CPUPerByte ||
		c.Bytes > l.Bytes+uint64(size)*l.BytesPerByte //nolint:gosec // a size is not negative
}

// Reporter is a test, as far as Check needs one.
type Reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

// Check does the work on an input of so many bytes, and fails the test if it cost more than is usual.
// Time counts only while inputs are searched for ("go test -fuzz"): in an ordinary test run it would
// say how busy the machine is.
func Check(t Reporter, size int, work func()) {
	t.Helper()

	c := Measure(work)
	if !isFuzzing() {
		c.CPU = 0
	}

	if Usual.Exceeded(c, size) {
		t.Errorf("%d bytes of input took %s and %d bytes of memory", size, c.CPU, c.Bytes)
	}
}

// isFuzzing reports whether inputs are searched for: in the process that was started with -fuzz, or in
// one of its workers.
func isFuzzing() bool {
	for _, name := range []string{"test.fuzz", "test.fuzzworker"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != f.DefValue {
			return true
		}
	}

	return false
}
