package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/cmd/internal/trial/programtest"
)

func TestItListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()

	for variable, where := range map[string]string{
		"HANDRAIL_ADDR":         "0.0.0.0:8080",
		"HANDRAIL_METRICS_ADDR": "0.0.0.0:9090",
	} {
		started := programtest.Start(t, t.TempDir(), []string{variable + "=" + where})

		assert.Equal(t, 1, started.Wait())
		assert.Contains(t, started.Output(), variable+" is "+where)
	}
}

// TestItAnswersForThisMachineOnly has a web page's own name resolve to 127.0.0.1, and asks all that
// listens.
func TestItAnswersForThisMachineOnly(t *testing.T) {
	t.Parallel()

	metrics := fmt.Sprintf("127.0.0.1:%d", programtest.FreePorts(t, 1)[0])
	p := newTestEnv(t, "HANDRAIL_METRICS_ADDR="+metrics)
	started, screen := p.up()
	ui := regexp.MustCompile(`Temporal UI +(http\S+)`).FindStringSubmatch(screen)[1]

	for _, url := range []string{
		p.api + "/healthz",
		p.inbox + "/sandbox/messages.json",
		ui + "api/v1/namespaces/default/workflows",
		"http://" + metrics + "/metrics",
	} {
		for host, refused := range map[string]bool{
			"evil.example":         true,
			"evil.example:8080":    true,
			"127.0.0.1.nip.io":     true,
			"localhost":            false,
			"127.0.0.1:12345":      false,
			"handrail.localhost:1": false,
		} {
			assert.Equal(t, refused, p.askAs(host, url) != http.StatusOK, "%s for %s", url, host)
		}
	}

	for _, listener := range findListeners(t, started.ID()) {
		assert.True(t, listener.Addr().IsLoopback(), "%s is reached from elsewhere", listener)
		assert.False(t, answersStranger(t, listener), "%s answers for evil.example", listener)
	}

	assert.Equal(t, 0, started.Stop(), started.Output())
}

// askAs asks for url under the name of another host, and returns the status of the answer.
func (p *testEnv) askAs(host, url string) int {
	p.Helper()

	request, err := http.NewRequestWithContext(p.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(p, err)

	request.Host = host
	answer, err := (&http.Client{Timeout: time.Minute}).Do(request)
	require.NoError(p, err)
	require.NoError(p, answer.Body.Close())

	return answer.StatusCode
}

// answersStranger reports whether what listens there answers a browser's request for another host in
// HTTP/1.1, with anything but a refusal. What speaks gRPC or TLS does not.
func answersStranger(t *testing.T, listener netip.AddrPort) bool {
	t.Helper()

	connection, err := (&net.Dialer{Timeout: time.Minute}).DialContext(t.Context(), "tcp", listener.String())
	require.NoError(t, err)

	defer connection.Close()

	require.NoError(t, connection.SetDeadline(time.Now().Add(time.Minute)))

	_, err = connection.Write([]byte("GET /metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"))
	require.NoError(t, err)

	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return false
	}

	defer answer.Body.Close()

	return answer.StatusCode < http.StatusBadRequest
}

// findListeners returns what the process listens on, as far as the system shows it: on Linux.
func findListeners(t *testing.T, process int) []netip.AddrPort {
	t.Helper()

	if runtime.GOOS != "linux" {
		return nil
	}

	sockets := map[string]bool{}

	descriptors, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", process))
	require.NoError(t, err)

	for _, descriptor := range descriptors {
		target, _ := os.Readlink(descriptor) // it may be closed meanwhile
		sockets[target] = true
	}

	var all []netip.AddrPort

	for _, table := range []string{"tcp", "tcp6"} {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", process, table))
		require.NoError(t, err)

		for line := range strings.Lines(string(raw)) {
			// The local address, the state (0A: it listens), and the inode of the socket.
			fields := strings.Fields(line)
			if len(fields) > 9 && fields[3] == "0A" && sockets["socket:["+fields[9]+"]"] {
				all = append(all, parseProcAddress(t, fields[1]))
			}
		}
	}

	require.NotEmpty(t, all)

	return all
}

// parseProcAddress reads an address as /proc/net/tcp has it: words of 32 bits in the machine's
// order, which is taken to be little-endian, and the port, in hex.
func parseProcAddress(t *testing.T, text string) netip.AddrPort {
	t.Helper()

	words, port, _ := strings.Cut(text, ":")

	var raw []byte

	for ; words != ""; words = words[8:] {
		word, err := strconv.ParseUint(words[:8], 16, 32)
		require.NoError(t, err)

		raw = append(raw, byte(word), byte(word>>8), byte(word>>16), byte(word>>24))
	}

	address, ok := netip.AddrFromSlice(raw)
	require.True(t, ok)

	number, err := strconv.ParseUint(port, 16, 16)
	require.NoError(t, err)

	return netip.AddrPortFrom(address.Unmap(), uint16(number))
}
