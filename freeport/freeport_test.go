package freeport

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFreePortsAreDifferent(t *testing.T) {
	t.Parallel()

	ports, err := Find(20)
	require.NoError(t, err)

	seen := map[int]bool{}
	for _, p := range ports {
		assert.False(t, seen[p])
		assert.True(t, p >= firstPort && p < lastPort)
		seen[p] = true
	}
}
