// Package freeport finds loopback ports for what is started later: the embedded Temporal server, and
// the processes of tests and trials.
package freeport

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are taken from below the range that outgoing connections use, so that a process
// that is away for a moment finds its port again.
const (
	firstPort = 20000
	lastPort  = 32000
)

// Find returns n loopback ports that nothing listened on a moment ago.
func Find(n int) ([]int, error) {
	var ports []int

	for range 100 * n {
		port := firstPort + rand.IntN(lastPort-firstPort) //nolint:gosec // not a secret

		l, err := net.Listen("tcp", Loopback(port)) //nolint:noctx // nothing to cancel: it answers at once
		if err != nil {
			continue
		}

		// Held until all are found, so that none is found twice.
		defer func() { _ = l.Close() }() // nothing was served

		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}

	return nil, errors.New("there are not enough free ports on loopback between 20000 and 32000")
}

// Loopback returns the address of a port on the loopback interface.
func Loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
