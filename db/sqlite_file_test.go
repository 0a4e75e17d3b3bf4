//go:build !nosqlite

package db_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/db"
)

// TestTheFileIsItsOwnersAlone makes a database, with the files beside it, where everybody may read what
// is made.
func TestTheFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	s, err := db.Open(t.Context(), "sqlite:"+filepath.Join(folder, "handrail.db"))
	require.NoError(t, err)

	defer func() { require.NoError(t, s.Close()) }()

	_, err = db.NewMigrator(s).Up(t.Context())
	require.NoError(t, err)

	made, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.NotEmpty(t, made)

	for _, file := range made {
		info, err := file.Info()
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), file.Name())
	}
}
