// Package programtest owns what the tests of both programs need to run them as processes of
// their own: a test binary that becomes the program, output that can be waited for, and
// the kill that no program survives.
package programtest

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handrail/freeport"
)

// asProgram makes a test binary that was started with it the program itself.
const asProgram = "HANDRAIL_TEST_AS_PROGRAM"

// Main is for TestMain: it runs main instead of the tests where [Start] asked for it.
func Main(m *testing.M, main func()) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}

	os.Exit(m.Run())
}

// Process is a running program.
type Process struct {
	t      testing.TB
	cmd    *exec.Cmd
	output *output
	ended  chan struct{}
}

// Start runs the program in folder with environ and nothing else in its environment. It
// is killed when the test ends.
func Start(tb testing.TB, folder string, environ []string, args ...string) *Process {
	tb.Helper()
	p := &Process{t: tb, output: newOutput(), ended: make(chan struct{})}
	p.cmd = exec.CommandContext(tb.Context(), os.Args[0], args...)
	p.cmd.Dir = folder
	p.cmd.Env = append([]string{asProgram + "=1", "HOME=" + folder, "PATH=" + os.Getenv("PATH")}, environ...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	p.cmd.Cancel = func() error { return p.cmd.Process.Kill() }
	require.NoError(tb, p.cmd.Start())

	go func() {
		_ = p.cmd.Wait() // how it ended is asked of ProcessState
		p.output.end()
		close(p.ended)
	}()

	tb.Cleanup(p.Kill)

	return p
}

// ID is the operating system's id of the process.
func (p *Process) ID() int { return p.cmd.Process.Pid }

// Await waits until the program has written text, and returns all it has written.
func (p *Process) Await(text string) string {
	p.t.Helper()
	all, ok := p.output.await(text)
	require.True(p.t, ok, "the program ended without %q:\n%s", text, all)

	return all
}

// Kill is kill -9, and waits until the process is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// Stop asks the program to stop, waits until it has, and returns its exit status.
func (p *Process) Stop() int {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(os.Interrupt))

	return p.Wait()
}

// Wait waits until the program has ended by itself and returns its exit status.
func (p *Process) Wait() int {
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}

// Output is all that the program has written.
func (p *Process) Output() string {
	p.output.mu.Lock()
	defer p.output.mu.Unlock()

	return p.output.all.String()
}

// FreePorts returns n loopback ports that nothing listened on a moment ago.
func FreePorts(tb testing.TB, n int) []int {
	tb.Helper()

	ports, err := freeport.Find(n)
	require.NoError(tb, err)

	return ports
}

// output collects what a process writes and wakes who waits for a text in it.
type output struct {
	mu      sync.Mutex
	changed *sync.Cond
	all     bytes.Buffer
	over    bool
}

var _ io.Writer = (*output)(nil)

func newOutput() *output {
	o := &output{}
	o.changed = sync.NewCond(&o.mu)

	return o
}

// Write collects p.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.changed.Broadcast()

	return o.all.Write(p)
}

func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()

	o.over = true
	o.changed.Broadcast()
}

// startTimeout bounds the wait for a program on a busy machine.
const startTimeout = 2 * time.Minute

func (o *output) await(text string) (string, bool) {
	late := time.AfterFunc(startTimeout, o.end)
	defer late.Stop()

	o.mu.Lock()
	defer o.mu.Unlock()

	for !strings.Contains(o.all.String(), text) {
		if o.over {
			return o.all.String(), false
		}

		o.changed.Wait()
	}

	return o.all.String(), true
}
