package api_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/api"
	"handrail/internal/growth"
)

const getHealth = "GET /healthz HTTP/1.1\r\n"

// What two programs in a row may read in two ways is refused, and so is all that follows on its
// connection.
func TestHeadsThatCanBeReadInTwoWays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address := w.serve(t)

	for name, head := range map[string]string{
		"a blank before the colon":      getHealth + "Host : x\r\n\r\n",
		"the same, in another header":   getHealth + "Host: x\r\nX-A : b\r\n\r\n",
		"a tab before the colon":        getHealth + "Host: x\r\nX-A\t: b\r\n\r\n",
		"two hosts":                     getHealth + "Host: x\r\nHost: y\r\n\r\n",
		"two hosts that are the same":   getHealth + "Host: x\r\nhost: x\r\n\r\n",
		"two hosts in one":              getHealth + "Host: x, y\r\n\r\n",
		"a host with a path":            getHealth + "Host: x/y\r\n\r\n",
		"no host":                       getHealth + "Accept: x\r\n\r\n",
		"a line that goes on":           getHealth + "Host: x\r\nX-A: b\r\n c\r\n\r\n",
		"a line that goes on, by a tab": getHealth + "Host: x\r\nX-A: b\r\n\tHost: y\r\n\r\n",
		"a first line that goes on":     getHealth + " Host: x\r\n\r\n",
		"two lengths":                   "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
		"a length and chunks":           "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a line without a colon":        getHealth + "Host: x\r\nX-A\r\n\r\n",
	} {
		a := exchangeRaw(t, address, head)
		assert.Equal(t, http.StatusBadRequest, a.StatusCode, "%s: %s", name, a.raw)
		assert.Equal(t, "application/problem+json", a.Header.Get("Content-Type"), name)
		assert.True(t, a.Close, name)
	}

	for name, head := range map[string]string{
		"as clients write it": getHealth + "Host: x\r\nX-A:b\r\nX-A:  c  \r\n\r\n",
		"a port":              getHealth + "Host: [::1]:80\r\n\r\n",
		"HTTP/1.0":            "GET /healthz HTTP/1.0\r\n\r\n",
		"an empty value":      getHealth + "Host: x\r\nX-A:\r\n\r\n",
	} {
		a := exchangeRaw(t, address, head)
		assert.Equal(t, http.StatusOK, a.StatusCode, "%s: %s", name, a.raw)
	}
}

// A connection goes on after a body, whole or in chunks, and ends after one that was not read.
func TestABodyEndsWhereItEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", w.serve(t))
	require.NoError(t, err)

	defer conn.Close()

	answers := bufio.NewReader(conn)
	exchange := func(raw string) *http.Response {
		_, err := io.WriteString(conn, raw)
		require.NoError(t, err)
		a, err := http.ReadResponse(answers, nil)
		require.NoError(t, err)

		_, err = io.Copy(io.Discard, a.Body)
		require.NoError(t, err)
		require.NoError(t, a.Body.Close())

		return a
	}

	head := "POST " + sendRequest.path + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + managerKey + "\r\n"
	body := sendRequest.body + strings.Repeat(" ", 20_000)

	for range 2 {
		for _, request := range []string{
			head + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)) + body,
			head + "Transfer-Encoding: chunked\r\n\r\n" +
				fmt.Sprintf("%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", 9, body[:9], len(body)-9, body[9:]),
			getHealth + "Host: x\r\nContent-Length: 3\r\n\r\nabc",
		} {
			a := exchange(request)
			assert.Equal(t, http.StatusOK, a.StatusCode)
			require.NoError(t, a.Body.Close())
		}
	}

	chunk := fmt.Sprintf("%x\r\n%s\r\n", 1<<20, strings.Repeat(" ", 1<<20))
	a := exchange(head + "Transfer-Encoding: chunked\r\n\r\n" + chunk + chunk)
	assert.Equal(t, http.StatusRequestEntityTooLarge, a.StatusCode)
	assert.True(t, a.Close)
	require.NoError(t, a.Body.Close())
}

// mailHead begins a mail of so many bytes that nobody has signed, although it says so.
func mailHead(size int) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\n%s: forged\r\nContent-Length: %d\r\n\r\n",
		sendgridInbound, signedSendGrid, size)
}

// Fifteen connections with 35 MB each, none of them from SendGrid, take the room that there is for
// such bodies and no more. The test is not parallel: what others use would count.
func TestForgedMailsTakeTheRoomThatThereIs(t *testing.T) {
	const (
		room = 64 << 20
		size = 35 << 20
	)

	w := newWorld(t, func(c *api.Config) { c.MailBytes = room })
	address := w.serve(t)

	before := heapInUse()
	var most uint64

	stop := make(chan struct{})
	var watching, sending sync.WaitGroup

	watching.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				most = max(most, heapInUse())
			}
		}
	})

	busy := make(chan string, 15)
	part := bytes.Repeat([]byte("x"), 1<<20)

	for range 15 {
		sending.Go(func() {
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
			if err != nil {
				t.Errorf("dial: %v", err)
				return
			}

			defer conn.Close()

			_, _ = io.WriteString(conn, mailHead(size))
			for range size>>20 - 1 {
				// Who is refused is not read any more.
				if _, err := conn.Write(part); err != nil {
					break
				}
			}

			_ = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
			if a, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
				busy <- fmt.Sprint(a.StatusCode, " ", a.Header.Get("Retry-After"))

				_ = a.Body.Close()
			}
		})
	}

	sending.Wait()
	close(stop)
	watching.Wait()

	// A sender that is still writing when it is refused may see its connection break instead.
	close(busy)

	for answer := range busy {
		assert.Equal(t, "503 5", answer)
	}

	added := int64(most) - int64(before)
	assert.Less(t, added, int64(room+room/2), "%d MB were added", added>>20)
	assert.Contains(t, w.metrics(t), `handrail_webhook_calls_total{carrier="sendgrid",kind="inbound",result="busy"}`)

	// The room is there again: for a mail that is SendGrid's.
	require.Eventually(t, func() bool {
		return w.do(t, signedCall(sendgridInbound, "genuine")).StatusCode == http.StatusNoContent
	}, 10*time.Second, 10*time.Millisecond)
}

// heapInUse is what lives on the heap, without what only waits to be collected.
func heapInUse() uint64 {
	runtime.GC()

	var stats runtime.MemStats

	runtime.ReadMemStats(&stats)

	return stats.HeapAlloc
}

func TestWhoFindsNoRoomComesAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *api.Config) { c.MailBytes, c.BodyBytes = 100_000, 100_000 })

	mail := signedCall(sendgridInbound, strings.Repeat("x", 150_000))
	a := w.do(t, mail)
	requireProblem(t, a, http.StatusServiceUnavailable, "unavailable", "")
	assert.Equal(t, "5", a.Header.Get("Retry-After"))

	r := sendRequest
	r.body += strings.Repeat(" ", 150_000)
	a = w.do(t, r)
	requireProblem(t, a, http.StatusServiceUnavailable, "unavailable", "")
	assert.Equal(t, "5", a.Header.Get("Retry-After"))

	assert.Equal(t, http.StatusNoContent, w.do(t, signedCall(sendgridInbound, "small")).StatusCode)
	assert.Equal(t, http.StatusOK, w.do(t, sendRequest).StatusCode)
	assert.Contains(t, w.metrics(t), `handrail_webhook_calls_total{carrier="sendgrid",kind="inbound",result="busy"} 1`)
}

// The test is not parallel: what others cost would count.
func TestHostileBodiesTakeLittleMemory(t *testing.T) {
	w := newWorld(t)

	for name, c := range map[string]struct {
		path, body, field string
	}{
		"a long name above many values": {
			path:  "/members",
			body:  `{"` + strings.Repeat("a", 80_000) + `":[` + strings.Repeat("1,", 80_000) + `1]}`,
			field: strings.Repeat("a", 300) + "…",
		},
		"the longest name": {
			path:  "/members",
			body:  `{"` + strings.Repeat("a", 1000) + `":[` + strings.Repeat("1,", 90_000) + `1]}`,
			field: strings.Repeat("a", 300) + "…",
		},
		"values that are all wrong": {
			path:  "/chats/7/send-assistant-message",
			body:  `{"message":"hi","tool_calls":[` + strings.Repeat("1,", 90_000) + `1]}`,
			field: "tool_calls[0]",
		},
		"both spellings, many times": {
			path:  "/chats",
			body:  `{"participants":[` + strings.Repeat(`{"memberId":"x"},`, 40_000) + `{}]}`,
			field: "participants",
		},
		"1,100 levels of arguments": {
			path: "/chats/7/send-assistant-message",
			body: `{"message":"hi","tool_calls":[{"name":"a","arguments":` +
				strings.Repeat(`{"a":`, 1100) + "1" + strings.Repeat("}", 1100) + `}]}`,
			field: "tool_calls[0].arguments",
		},
		"the same, as a string": {
			path: "/chats/7/send-assistant-message",
			body: `{"message":"hi","tool_calls":[{"type":"function","function":{"name":"a","arguments":"` +
				strings.Repeat(`{\"a\":`, 1100) + "1" + strings.Repeat("}", 1100) + `"}}]}`,
			field: "tool_calls[0].function.arguments",
		},
		"halves of surrogates": {
			path:  "/members",
			body:  `{"name":"` + strings.Repeat(`\ud800`, 150_000) + `"}`,
			field: "name",
		},
	} {
		var a answer

		cost := growth.Measure(func() {
			a = w.do(t, request{method: http.MethodPost, path: workspaceURL(c.path), body: c.body})
		})

		require.Equal(t, http.StatusBadRequest, a.StatusCode, a.raw[:min(len(a.raw), 500)])
		assert.Contains(t, fieldsOf(a), c.field, name)
		assert.Less(t, len(a.raw), 30_000, name)
		assert.Less(t, cost.Bytes, uint64(300<<20), name)
	}

	w.requireUntouched(t)
}
