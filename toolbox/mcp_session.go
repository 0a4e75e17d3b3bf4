package toolbox

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"handrail/budget"
	"handrail/chat"
)

// idleFor is how long a session is kept that nobody uses.
const idleFor = 5 * time.Minute

// pool keeps sessions with MCP servers, one for each version of a definition.
type pool struct {
	box      *Toolbox
	mutex    sync.Mutex
	sessions map[sessionKey]*session
	closed   bool
	// closing waits for sessions that are being closed.
	closing sync.WaitGroup
	// stop is closed with the pool.
	stop chan struct{}
}

type sessionKey struct {
	id      chat.ToolID
	version int64
}

// session is one that is there, or is being made: ready then closes.
type session struct {
	ready chan struct{}
	live  *mcp.ClientSession
	err   error
	idle  *time.Timer
}

func newPool(b *Toolbox) *pool {
	return &pool{
		box:      b,
		sessions: map[sessionKey]*session{},
		stop:     make(chan struct{}),
	}
}

func keyOf(d *chat.ToolDefinition) sessionKey { return sessionKey{d.ID, d.Version} }

// get is a session with the server of a definition.
func (p *pool) get(ctx context.Context, d *chat.ToolDefinition) (*mcp.ClientSession, error) {
	key := keyOf(d)

	p.mutex.Lock()

	if p.closed {
		p.mutex.Unlock()
		return nil, mcp.ErrConnectionClosed
	}

	s, ok := p.sessions[key]
	if !ok {
		s = &session{ready: make(chan struct{})}
		p.sessions[key] = s
	}

	p.mutex.Unlock()

	if !ok {
		p.make(ctx, d, s)
	}

	select {
	case <-s.ready:

	case <-ctx.Done():
		return nil, ctx.Err()
	}

	if s.err == nil {
		s.idle.Reset(idleFor)
	}

	return s.live, s.err
}

// make connects. A session that breaks, or is not used, leaves the pool by itself.
func (p *pool) make(ctx context.Context, d *chat.ToolDefinition, s *session) {
	defer close(s.ready)

	key := keyOf(d)
	s.live, s.err = p.box.connect(ctx, d)
	p.mutex.Lock()
	defer p.mutex.Unlock()

	if s.err != nil {
		delete(p.sessions, key)
		return
	}

	s.idle = time.AfterFunc(idleFor, func() { p.remove(key, s) })

	p.closing.Go(func() {
		_ = s.live.Wait() // how it ended is nobody's business: the next call makes another
		p.remove(key, s)
	})

	if p.closed {
		p.closing.Go(func() { _ = s.live.Close() })
	}
}

// drop ends the session of a definition, if there is one.
func (p *pool) drop(d *chat.ToolDefinition) {
	p.mutex.Lock()
	s := p.sessions[keyOf(d)]
	p.mutex.Unlock()

	if s != nil {
		p.remove(keyOf(d), s)
	}
}

func (p *pool) remove(key sessionKey, s *session) {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	if p.sessions[key] == s {
		delete(p.sessions, key)
	}

	select {
	case <-s.ready:

	default:
		return
	}

	if s.live != nil {
		s.idle.Stop()
		live := s.live

		p.closing.Go(func() { _ = live.Close() })
	}
}

func (p *pool) close() {
	p.mutex.Lock()

	if !p.closed {
		p.closed = true
		close(p.stop)
	}

	open := maps.Clone(p.sessions)
	p.mutex.Unlock()

	for key, s := range open {
		p.remove(key, s)
	}

	p.closing.Wait()
}

// list asks for the tools of a server: of one that is not stored yet, in a session that ends
// with it.
func (p *pool) list(ctx context.Context, d *chat.ToolDefinition) (chat.MCPListing, error) {
	if d.ID != 0 {
		live, err := p.get(ctx, d)
		if err != nil {
			return chat.MCPListing{}, err
		}

		wire := &exchange{}
		listing, err := p.box.listTools(withExchange(ctx, wire), live)

		if err == nil || !wire.look().isSessionForgotten() {
			return listing, err
		}

		p.drop(d)

		if live, err = p.get(ctx, d); err != nil {
			return chat.MCPListing{}, err
		}

		return p.box.listTools(ctx, live)
	}

	live, err := p.box.connect(ctx, d)
	if err != nil {
		return chat.MCPListing{}, err
	}

	defer live.Close()

	return p.box.listTools(ctx, live)
}

// connect makes a session, and hears when the server's tools change.
func (b *Toolbox) connect(ctx context.Context, d *chat.ToolDefinition) (*mcp.ClientSession, error) {
	definition := *d
	changes := &listChanges{}
	client := mcp.NewClient(&mcp.Implementation{Name: "handrail", Version: "1"}, &mcp.ClientOptions{
		Capabilities:   &mcp.ClientCapabilities{},
		MultiRoundTrip: &mcp.MultiRoundTripOptions{Disabled: true},
		ToolListChangedHandler: func(ctx context.Context, r *mcp.ToolListChangedRequest) {
			// Not in the handler: the answer could not be read meanwhile.
			if changes.note() {
				b.pool.closing.Go(func() {
					changes.follow(b.pool.stop, func() {
						b.rediscover(context.WithoutCancel(ctx), &definition, r.Session)
					})
				})
			}
		},
	})

	session, seen, err := b.openSession(ctx, d, client, "")
	if err != nil && seen.status < http.StatusMultipleChoices && !isRefused(err) {
		// A server of before may not answer the question that a session begins with now, or end with it.
		session, seen, err = b.openSession(ctx, d, client, initializeVersion)
	}

	if err == nil {
		return session, nil
	}

	if e, ok := errors.AsType[*chat.Error](err); ok {
		return nil, e
	}

	outcome := judgeConnect(d, seen, cmp.Or(seen.broken, err))
	if d.MCP.URL != "" && seen.status >= 400 && seen.status < 500 {
		outcome = b.explainOldTransport(ctx, d, outcome)
	}

	return nil, &unreachedError{outcome: outcome, cause: err}
}

// initializeVersion is the last version of MCP whose sessions begin with initialize.
const initializeVersion = "2025-11-25"

// openSession tries to make a session of a version of MCP, "" for the newest: for half of the time there is, so that
// another one can be tried.
func (b *Toolbox) openSession(
	ctx context.Context,
	d *chat.ToolDefinition,
	client *mcp.Client,
	version string,
) (*mcp.ClientSession, *traffic, error) {
	wire := &exchange{}

	transport, err := b.transport(d)
	if err != nil {
		return nil, wire.look(), err
	}

	if until, ok := ctx.Deadline(); ok && version == "" {
		var cancel context.CancelFunc

		ctx, cancel = context.WithTimeout(ctx, time.Until(until)/2)
		defer cancel()
	}

	options := &mcp.ClientSessionOptions{ProtocolVersion: version}
	session, err := client.Connect(withExchange(ctx, wire), transport, options)

	return session, wire.look(), err
}

// listChangeInterval is how long is waited between two questions for the tools of a server that says again and again
// that they have changed.
const listChangeInterval = 5 * time.Second

// listChanges asks one session for its tools when its server says that they have changed: once at a time, however often
// it says so.
type listChanges struct {
	mutex   sync.Mutex
	busy    bool
	pending bool
}

// note notes a change. It reports whether the caller is to ask, for nobody does.
func (l *listChanges) note() bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	l.pending = true
	if l.busy {
		return false
	}

	l.busy = true

	return true
}

// take reports whether there is a change that nobody has asked about. If there is none, the asking is over.
func (l *listChanges) take() bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	l.busy = l.pending
	l.pending = false

	return l.busy
}

// follow asks until nothing has changed since, or the pool is closed.
func (l *listChanges) follow(stop <-chan struct{}, ask func()) {
	for l.take() {
		ask()

		select {
		case <-stop:
			return
		case <-time.After(listChangeInterval):
		}
	}
}

// rediscover stores the tools of a server that has said that they have changed.
func (b *Toolbox) rediscover(ctx context.Context, d *chat.ToolDefinition, live *mcp.ClientSession) {
	if d.ID == 0 || b.config.Discovered == nil {
		return
	}

	ctx, cancel := context.WithTimeout(ctx, timeoutOf(d))
	defer cancel()

	listing, err := b.listTools(ctx, live)
	if err == nil {
		b.maskListing(d, &listing)
		err = b.config.Discovered(ctx, d, listing)
	}

	if err != nil {
		// Not the error itself, which may hold a URL.
		b.config.Logger.WarnContext(
			ctx,
			"the changed tools of an MCP server were not taken",
			"tool_id",
			d.ID,
			"reason",
			unreachedOutcome(err).Message,
		)
	}
}

func (b *Toolbox) transport(d *chat.ToolDefinition) (mcp.Transport, error) {
	if d.MCP.Command == "" {
		secrets, err := b.open(d)
		if err != nil {
			return nil, err
		}

		headers, err := fillHeaders(d.MCP.Headers, secrets.Values)
		if err != nil {
			return nil, err
		}

		login, err := b.loginOf(d.MCP, secrets.Values)
		if err != nil {
			return nil, err
		}

		return &mcp.StreamableClientTransport{
			Endpoint:     d.MCP.URL,
			MaxEventSize: budget.MaxMCPMessage,
			HTTPClient: &http.Client{
				Transport:     &watched{b.guard.transport(shared), headers},
				CheckRedirect: sameHost,
			},
			OAuthHandler: login,
		}, nil
	}

	words, ok := b.config.Commands[d.MCP.Command]
	if !ok {
		return nil, chat.Invalid(
			"mcp.command",
			"names a command that the operator has not configured in HANDRAIL_MCP_COMMANDS",
		)
	}

	return &stdioTransport{words: words, environ: b.config.Environ}, nil
}
