package toolbox_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"handrail/chat"
	"handrail/toolbox"
)

// names is a DNS server whose answers change: the first look-ups of a name get the first
// address, all others the second.
type names struct {
	mutex sync.Mutex
	first int
	asked int
	then  [2]netip.Addr
	// isMissing has no name found.
	isMissing bool
}

func (n *names) address() netip.Addr {
	n.mutex.Lock()
	defer n.mutex.Unlock()

	n.asked++
	if n.asked <= n.first {
		return n.then[0]
	}

	return n.then[1]
}

// resolver asks n over UDP.
func (n *names) resolver(t *testing.T) *net.Resolver {
	t.Helper()

	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })

	go n.serve(server)

	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

func (n *names) serve(server net.PacketConn) {
	packet := make([]byte, 512)
	for {
		size, from, err := server.ReadFrom(packet)
		if err != nil {
			return
		}

		var question dnsmessage.Message
		if question.Unpack(packet[:size]) != nil || len(question.Questions) != 1 {
			continue
		}

		asked := question.Questions[0]

		answer := dnsmessage.Message{
			Header:    dnsmessage.Header{ID: question.ID, Response: true, Authoritative: true},
			Questions: question.Questions,
		}

		if n.isMissing {
			answer.RCode = dnsmessage.RCodeNameError
		} else if asked.Type == dnsmessage.TypeA {
			answer.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{
					Name:  asked.Name,
					Type:  dnsmessage.TypeA,
					Class: dnsmessage.ClassINET,
				},
				Body: &dnsmessage.AResource{A: n.address().As4()},
			}}
		}

		if packed, err := answer.Pack(); err == nil {
			_, _ = server.WriteTo(packed, from)
		}
	}
}

func TestANameThatChangesItsMindIsRefused(t *testing.T) {
	t.Parallel()

	n := &names{first: 1, then: [2]netip.Addr{netip.MustParseAddr("93.184.215.14"), netip.MustParseAddr("127.0.0.1")}}
	b := newBox(t, toolbox.Config{Resolver: n.resolver(t)})
	d := prepareTool(t, b, bookingTool("https://rebinding.example.com/"), nil)
	o := b.Call(t.Context(), d, newCall(`{"id":"a"}`))
	assert.Equal(t, chat.ToolFailed, o.Kind)
	assert.Equal(t, "address_refused", o.Code, "public when it was defined, private when it is called")
}

func TestANameWithAPrivateAddressIsRefused(t *testing.T) {
	t.Parallel()

	for _, private := range []string{"127.0.0.1", "10.1.2.3", "192.168.0.1", "172.20.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"} {
		n := &names{then: [2]netip.Addr{{}, netip.MustParseAddr(private)}}
		b := newBox(t, toolbox.Config{Resolver: n.resolver(t)})
		d := bookingTool("https://inside.example.com/")
		assert.Equal(t, chat.CodeAddressRefused, chat.CodeOf(b.Prepare(t.Context(), &d, nil)), private)
	}
}

// TestANameThatIsNotFoundIsRefusedAlike asks for names of the operator's own network, and learns nothing.
func TestANameThatIsNotFoundIsRefusedAlike(t *testing.T) {
	t.Parallel()

	var told []string

	for _, address := range []netip.Addr{{}, netip.MustParseAddr("10.1.2.3")} {
		n := &names{then: [2]netip.Addr{{}, address}, isMissing: !address.IsValid()}
		b := newBox(t, toolbox.Config{Resolver: n.resolver(t)})
		d := bookingTool("https://inside.example.com/")

		err := b.Prepare(t.Context(), &d, nil)
		require.Error(t, err)
		assert.Equal(t, chat.CodeAddressRefused, chat.CodeOf(err))

		told = append(told, fmt.Sprintf("%+v", chat.AsError(err)))
	}

	assert.Equal(t, told[0], told[1])
}
