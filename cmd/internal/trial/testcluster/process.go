package testcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// How long things may take on a busy machine, and how often they are looked at.
const (
	readyWithin = 2 * time.Minute
	lookEvery   = 100 * time.Millisecond
	// stopWithin is how long a process that is asked to stop has before it is killed.
	stopWithin = 15 * time.Second
	// shortLived is less than a process lives that has really started.
	shortLived = 2 * time.Second
)

// Program says what a process runs.
type Program struct {
	// Name is like "api-1", and names its log too; Kind is like "api".
	Name, Kind string
	Args       []string
	// Environ is all that it gets from the environment, so that no credential of the
	// caller's can reach it.
	Environ []string
	// User is who runs it, nil for the caller.
	User *syscall.Credential
	// Ready returns nil once the process answers.
	Ready func(context.Context) error
}

// Process keeps a program running: whenever it ends it is started again with the same
// arguments, until the process is stopped.
type Process struct {
	Program
	folder string
	log    *os.File

	mu      sync.Mutex
	command *exec.Cmd // nil while nothing runs
	began   time.Time
	pause   time.Duration
	killed  bool // by Kill or Restart, and not started again yet
	paused  bool // by Pause, and not resumed yet
	kills   int
	// ended counts how often it ended by itself after it had started.
	ended int

	stopping chan struct{} // closed by Stop
	over     chan struct{} // closed when it has ended for good
}

// run starts the program and keeps it running. It does not wait until it is ready.
func (p Program) run(folder string) (*Process, error) {
	logs := filepath.Join(folder, "logs")
	if err := os.MkdirAll(logs, 0o750); err != nil {
		return nil, fmt.Errorf("make the folder of the logs: %w", err)
	}

	log, err := os.OpenFile(
		filepath.Clean(filepath.Join(logs, p.Name+".log")),
		os.O_CREATE|os.O_WRONLY|os.O_APPEND,
		0o600,
	)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", p.Name, err)
	}

	running := &Process{
		Program:  p,
		folder:   folder,
		log:      log,
		stopping: make(chan struct{}),
		over:     make(chan struct{}),
	}

	if err := running.start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}

	go running.supervise()

	return running, nil
}

// errStopped says that a process is not started again.
var errStopped = errors.New("the process is stopped")

func (p *Process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.stopped() {
		return errStopped
	}

	//nolint:gosec,noctx // what runs is chosen here, and it ends by Kill or Stop
	command := exec.Command(p.Args[0], p.Args[1:]...)
	command.Dir = p.folder
	command.Env = p.Environ
	command.Stdout = p.log
	command.Stderr = p.log
	command.SysProcAttr = processAttributes()
	command.SysProcAttr.Credential = p.User

	if err := command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}

	p.command = command
	p.began = time.Now()
	p.killed = false
	p.paused = false

	return nil
}

func (p *Process) stopped() bool {
	select {
	case <-p.stopping:
		return true

	default:
		return false
	}
}

// supervise starts the program again whenever it has ended, until it is stopped.
func (p *Process) supervise() {
	defer close(p.over)

	for {
		_ = p.command.Wait() // how it ended does not matter: it is started again

		pause := p.noteEnd()
		select {
		case <-p.stopping:
			return

		case <-time.After(pause):
		}

		if err := p.start(); err != nil {
			fmt.Fprintln(p.log, "it was not started again:", err)
			return
		}
	}
}

// noteEnd records the end of the command and returns how long to wait before the next
// start.
func (p *Process) noteEnd() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.command = nil
	if p.killed {
		return p.pause
	}

	// PostgreSQL does not start before the last process of a killed server is gone.
	if time.Since(p.began) > shortLived && !p.stopped() {
		p.ended++
	}

	return lookEvery
}

// Kill is kill -9, and a start after pause. It reports false when nothing was running, or
// not for as long as lived, or when the process is paused.
func (p *Process) Kill(lived, pause time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.command == nil || p.killed || p.paused || time.Since(p.began) < lived {
		return false
	}

	if err := p.command.Process.Kill(); err != nil {
		return false
	}

	p.killed, p.pause = true, pause
	p.kills++

	return true
}

// Pause stops the process where it is, as a machine that is suspended, until Resume. It
// reports false when nothing was running, or not for as long as lived, or when the process is
// paused.
func (p *Process) Pause(lived time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.command == nil || p.killed || p.paused || time.Since(p.began) < lived {
		return false
	}

	p.paused = p.command.Process.Signal(syscall.SIGSTOP) == nil

	return p.paused
}

// Resume lets a paused process go on.
func (p *Process) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.command != nil && p.paused {
		_ = p.command.Process.Signal(syscall.SIGCONT) // it may have ended
	}

	p.paused = false
}

// Restart asks the process to end, and starts it again with more environment, which wins over
// what it had. What is paused ends when it is resumed.
func (p *Process) Restart(environ ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.Environ = append(slices.Clone(p.Environ), environ...)

	if p.command != nil && !p.killed {
		p.killed = true
		p.pause = 0
		_ = p.command.Process.Signal(syscall.SIGTERM) // it may have ended
	}
}

// Stop ends the process for good: with signal, and with a kill when that takes too long. A
// process that was stopped before stays as it is.
func (p *Process) Stop(signal os.Signal) error {
	p.mu.Lock()
	again := p.stopped()

	if !again {
		close(p.stopping)
	}

	p.mu.Unlock()

	if again {
		<-p.over
		return nil
	}

	p.signal(signal)

	select {
	case <-p.over:

	case <-time.After(stopWithin):
		p.signal(os.Kill)
		<-p.over
	}

	if err := p.log.Close(); err != nil {
		return fmt.Errorf("close the log of %s: %w", p.Name, err)
	}

	return nil
}

func (p *Process) signal(signal os.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.command != nil {
		_ = p.command.Process.Signal(signal) // it may have ended
	}
}

// Counts are how often it was killed, and how often it ended by itself.
func (p *Process) Counts() (kills, ended int) {
	p.mu.Lock()
	defer p.mu.Unlock()

	return p.kills, p.ended
}

// PID is the number of the process that runs now, 0 for none.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.command == nil {
		return 0
	}

	return p.command.Process.Pid
}

// awaitReady waits until the process answers.
func (p *Process) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()

	for {
		err := p.Ready(ctx)
		if err == nil {
			return nil
		}

		select {
		case <-ctx.Done():
			return fmt.Errorf("%s did not become ready, see %s: %w", p.Name, p.log.Name(), err)

		case <-time.After(lookEvery):
		}
	}
}
