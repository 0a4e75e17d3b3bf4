package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOneProcessHasAFolder: a second handrail-dev on one folder ends with what to do.
func TestOneProcessHasAFolder(t *testing.T) {
	t.Parallel()

	folder := filepath.Join(t.TempDir(), "data")

	unlock, err := lockFolder(folder)
	require.NoError(t, err)

	_, err = lockFolder(folder)
	require.ErrorContains(t, err, folder)
	require.ErrorContains(t, err, "HANDRAIL_DATA_DIR")

	unlock()

	again, err := lockFolder(folder)
	require.NoError(t, err)
	again()
}
