package pgproxy

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// Proxy passes connections on to one server, which may be replaced. It is safe for concurrent
// use.
type Proxy struct {
	listener net.Listener

	mu       sync.Mutex
	target   string
	delay    time.Duration
	gate     chan struct{} // closed while messages may pass
	held     int
	traps    []*armedTrap
	sessions map[*session]struct{}
	closed   bool
}

// Listen begins to pass on connections to target, which is host:port. The caller must Close
// the proxy.
func Listen(ctx context.Context, address, target string) (*Proxy, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for PostgreSQL's clients: %w", err)
	}

	p := &Proxy{
		listener: l,
		target:   target,
		gate:     make(chan struct{}),
		sessions: map[*session]struct{}{},
	}
	close(p.gate)

	go p.accept()

	return p, nil
}

// Address returns where the proxy listens.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Close ends the proxy and all of its connections.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()

	err := p.listener.Close()
	p.CutAll()

	return err
}

// SetTarget passes new connections on to another server. Those that are open stay.
func (p *Proxy) SetTarget(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.target = target
}

// SetDelay holds every message of a client back for a time; 0 ends that.
func (p *Proxy) SetDelay(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.delay = delay
}

// Hold lets nothing through, in neither direction, until release is called. Connections can be
// made meanwhile, as to a server that does not answer.
func (p *Proxy) Hold() (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.held++; p.held == 1 {
		p.gate = make(chan struct{})
	}

	return sync.OnceFunc(func() {
		p.mu.Lock()
		defer p.mu.Unlock()

		if p.held--; p.held == 0 {
			close(p.gate)
		}
	})
}

// CutAll breaks all connections and returns how many there were.
func (p *Proxy) CutAll() int {
	p.mu.Lock()

	all := make([]*session, 0, len(p.sessions))
	for s := range p.sessions {
		all = append(all, s)
	}

	p.mu.Unlock()

	for _, s := range all {
		s.cut()
	}

	return len(all)
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}

		go p.serve(client)
	}
}

// serve passes one connection on until either side has enough.
func (p *Proxy) serve(client net.Conn) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()

	server, err := (&net.Dialer{Timeout: dialWithin}).Dial("tcp", target)
	if err != nil {
		_ = client.Close() // as a server that is away
		return
	}

	s := &session{
		proxy:  p,
		client: client,
		server: server,
		over:   make(chan struct{}),
	}

	if !p.enter(s) {
		s.cut()
		return
	}

	var passing sync.WaitGroup

	passing.Go(s.passRequests)
	passing.Go(s.passAnswers)
	passing.Wait()

	p.mu.Lock()
	delete(p.sessions, s)
	p.mu.Unlock()
}

// dialWithin bounds the connecting to a server, which is on this machine.
const dialWithin = 5 * time.Second

func (p *Proxy) enter(s *session) bool {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.closed {
		return false
	}

	p.sessions[s] = struct{}{}

	return true
}

// conditions returns what holds a message back at present.
func (p *Proxy) conditions() (gate <-chan struct{}, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()

	return p.gate, p.delay
}

// spring returns the trap that the statement has stepped into, and disarms it; nil if there is
// none.
func (p *Proxy) spring(t *transaction, statement string) *armedTrap {
	p.mu.Lock()
	defer p.mu.Unlock()

	i := slices.IndexFunc(p.traps, func(a *armedTrap) bool { return a.catches(t, statement) })
	if i < 0 {
		return nil
	}

	found := p.traps[i]
	p.traps = slices.Delete(p.traps, i, i+1)

	return found
}
