// Package loopback owns what servers that are for one machine take: requests that are sent to a name of
// that machine.
//
// A web page may have its own name resolve to 127.0.0.1 (DNS rebinding). The browser then lets it
// read and write what a server on this machine answers, but still names the page's host in Host.
package loopback

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// IsHost reports whether a Host header, with or without a port, names this machine: localhost, a
// name below it (RFC 6761, 6.3), or a loopback address.
func IsHost(header string) bool {
	name := header
	if host, _, err := net.SplitHostPort(header); err == nil {
		name = host
	}

	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}

	address, err := netip.ParseAddr(strings.Trim(name, "[]"))

	return err == nil && address.IsLoopback()
}

// Refusal is what a request that names another host is told.
const Refusal = "this server is for this machine only: ask it as localhost or 127.0.0.1"

// Guard answers requests that name another host with 421, and has next handle the others.
func Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !IsHost(r.Host) {
			http.Error(w, Refusal, http.StatusMisdirectedRequest)
			return
		}

		next.ServeHTTP(w, r)
	})
}
