package toolbox

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEventsAreTidied has all that the specification of server-sent events lets a server write (HTML, 9.2.5).
func TestEventsAreTidied(t *testing.T) {
	t.Parallel()

	const stream = "\ufeff: connected\r\nretry: 1500\r\n\r\n" +
		"id: 1\r\ndata:\r\n\r\n" +
		":\r\n\r\n" +
		"event: message\r\nid: 2\r\nheartbeat\r\n" +
		"data: {\"jsonrpc\":\"2.0\",\r\ndata:\"id\":7,\r\n: still here\r\ndata: \"result\":{}}\r\n\r\n"

	tidied, err := io.ReadAll(tidyEvents(strings.NewReader(stream)))
	require.NoError(t, err)

	assert.Equal(t, "retry: 1500\r\n\r\nid: 1\r\n\r\n\r\nevent: message\r\nid: 2\r\n"+
		`data: {"id":7,"jsonrpc":"2.0","result":{}}`+"\n\r\n\n", string(tidied))
}
