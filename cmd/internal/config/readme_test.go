package config_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/cmd/internal/config"
)

// TestReadmeListsEveryVariable holds README.md to what is read.
func TestReadmeListsEveryVariable(t *testing.T) {
	t.Parallel()

	readme, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)
	c, err := config.Load(nil)
	require.NoError(t, err)

	for _, v := range c.Variables() {
		byDefault := ""
		if v.Default != "" {
			byDefault = "`" + v.Default + "`"
		}

		assert.Contains(t, string(readme), fmt.Sprintf("| `%s` | %s | %s |", v.Name, byDefault, v.Help))
	}
}
