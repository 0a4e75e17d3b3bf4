package temporaldev_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"handrail/temporaldev"
)

func TestServerStarts(t *testing.T) {
	t.Parallel()
	s, err := temporaldev.Start(t.Context(), temporaldev.Options{Namespace: "default"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	c, err := client.DialContext(t.Context(), client.Options{HostPort: s.Address(), Namespace: "default"})
	require.NoError(t, err)

	defer c.Close()
}
