package toolbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"code.dny.dev/ssrf"

	"handrail/chat"
)

// dialWithin is how long a connection may take.
const dialWithin = 10 * time.Second

// guard keeps requests from addresses that are not public. It looks at the address itself
// when the connection is made, after every DNS answer and redirect, so that a name which
// changes its mind is refused too. What the operator has allowed is let through.
type guard struct {
	public   *ssrf.Guardian
	resolver *net.Resolver
	hosts    map[string]bool
	networks []network
}

// network is an allowed range of addresses; port 0 is every port.
type network struct {
	prefix netip.Prefix
	port   uint16
}

// errPlain refuses a connection without TLS.
var errPlain = errors.New("public addresses are reached over https only")

func newGuard(allowed []string, resolver *net.Resolver) (*guard, error) {
	if resolver == nil {
		resolver = net.DefaultResolver
	}

	g := &guard{public: ssrf.New(ssrf.WithPorts(443)), resolver: resolver, hosts: map[string]bool{}}
	for _, entry := range allowed {
		if err := g.allow(strings.ToLower(entry)); err != nil {
			return nil, err
		}
	}

	return g, nil
}

// allow takes a network, an address with or without port, or a host with or without port.
func (g *guard) allow(entry string) error {
	if prefix, err := netip.ParsePrefix(entry); err == nil {
		g.networks = append(g.networks, network{prefix: prefix.Masked()})
		return nil
	}

	if pair, err := netip.ParseAddrPort(entry); err == nil {
		g.networks = append(
			g.networks,
			network{netip.PrefixFrom(pair.Addr().Unmap(), pair.Addr().Unmap().BitLen()), pair.Port()},
		)

		return nil
	}

	if address, err := netip.ParseAddr(entry); err == nil {
		g.networks = append(g.networks, network{prefix: netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen())})
		return nil
	}

	host, port, err := net.SplitHostPort(entry)
	if err != nil {
		host, port = entry, "1"
	}

	if number, err := strconv.Atoi(port); err != nil || number < 1 || number > 65535 || host == "" ||
		strings.ContainsAny(host, "/@ :") {
		return fmt.Errorf("%q is no host, host:port or network like tools.internal:8080 or 10.0.0.0/8", entry)
	}

	g.hosts[entry] = true

	return nil
}

// names reports whether the operator has allowed a host by its name.
func (g *guard) names(host, port string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return g.hosts[host] || g.hosts[net.JoinHostPort(host, port)]
}

func (g *guard) allows(address netip.AddrPort) bool {
	for _, n := range g.networks {
		if n.prefix.Contains(address.Addr().Unmap()) && (n.port == 0 || n.port == address.Port()) {
			return true
		}
	}

	return false
}

// check refuses an address that is neither public nor allowed; without TLS only what is
// allowed will do.
func (g *guard) check(address string, secure bool) error {
	pair, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ssrf.ErrInvalidHostPort, err)
	}

	switch {
	case g.allows(pair):
		return nil
	case !secure:
		return errPlain
	}

	return g.public.SafeAddrPort(netip.AddrPortFrom(pair.Addr().Unmap(), pair.Port()))
}

// dial connects under the guard.
func (g *guard) dial(secure bool) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		dialer := &net.Dialer{Timeout: dialWithin, Resolver: g.resolver}

		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fmt.Errorf("split %q: %w", address, err)
		}

		if !g.names(host, port) {
			dialer.Control = func(_, concrete string, _ syscall.RawConn) error { return g.check(concrete, secure) }
		}

		return dialer.DialContext(ctx, network, address)
	}
}

// isRefused reports whether the guard has refused a connection.
func isRefused(err error) bool {
	for _, reason := range []error{
		ssrf.ErrProhibitedIP,
		ssrf.ErrProhibitedPort,
		ssrf.ErrProhibitedNetwork,
		ssrf.ErrInvalidHostPort,
		errPlain,
	} {
		if errors.Is(err, reason) {
			return true
		}
	}

	return false
}

// lives tells how connections are used.
type lives bool

const (
	// alone gives every request a connection of its own: on one that is used again, net/http
	// sends a request twice by itself when it has an Idempotency-Key.
	alone lives = true
	// shared keeps connections for the next request.
	shared lives = false
)

// transport is an HTTP transport under the guard. It uses no proxy: behind one the guard
// would see the proxy's address only.
func (g *guard) transport(l lives) http.RoundTripper {
	made := func(secure bool) *http.Transport {
		return &http.Transport{
			DialContext:            g.dial(secure),
			DisableKeepAlives:      bool(l),
			TLSHandshakeTimeout:    dialWithin,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: 64 << 10,
		}
	}

	return &bySecurity{plain: made(false), secure: made(true)}
}

// bySecurity sends what has TLS one way, and what has none the other.
type bySecurity struct{ plain, secure *http.Transport }

// RoundTrip sends a request.
func (t *bySecurity) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		return t.secure.RoundTrip(r)
	}

	return t.plain.RoundTrip(r)
}

// CloseIdleConnections closes what nobody uses.
func (t *bySecurity) CloseIdleConnections() {
	t.plain.CloseIdleConnections()
	t.secure.CloseIdleConnections()
}

// checkURL refuses a URL, of a field of a definition, that leads where tools must not go.
func (g *guard) checkURL(ctx context.Context, field, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return chat.Invalid(field, "must be a URL like https://tools.example.com/bookings")
	}

	// One host has one spelling, or what is bound to it, or compared by it, could be got around.
	if strings.ContainsFunc(u.Host, func(r rune) bool { return r > unicode.MaxASCII }) {
		return chat.Invalid(field, "must have a host of ASCII letters: an international name is written xn--…")
	}

	if u.User != nil || u.Fragment != "" {
		return chat.Invalid(
			field,
			"must have no user, password or fragment; put credentials into headers as {secret.NAME}",
		)
	}

	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}

	if g.names(u.Hostname(), port) {
		return nil
	}

	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()

	addresses, err := g.resolver.LookupNetIP(ctx, "ip", u.Hostname())

	unfit := err != nil || len(addresses) == 0 || slices.ContainsFunc(addresses, func(address netip.Addr) bool {
		return g.check(net.JoinHostPort(address.Unmap().String(), port), u.Scheme == "https") != nil
	})
	if unfit {
		return chat.InvalidAs(
			chat.CodeAddressRefused,
			field,
			"%s; the operator can allow others with HANDRAIL_TOOL_HOSTS",
			explainRefusal(u, port),
		)
	}

	return nil
}

// explainRefusal says what is wrong with a URL, from what stands in it alone. There is one answer for a name that is
// not found and for one that is private: two would tell which names the operator's own network has.
func explainRefusal(u *url.URL, port string) string {
	_, err := netip.ParseAddr(u.Hostname())

	switch {
	case u.Scheme != "https":
		return "must begin with https://"
	case port != "443":
		return "must be on port 443, not on " + port
	case err == nil:
		return "must not be a private address, or one that is reserved"
	}

	return "must name a host that is found at a public address: this name is not found, or its address is private"
}
