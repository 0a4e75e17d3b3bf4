package models_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/cmd/internal/models"
)

func loadModels(t *testing.T, environ ...string) *models.Models {
	t.Helper()

	c, err := config.Load(environ)
	require.NoError(t, err)
	m, err := models.New(c)
	require.NoError(t, err)

	return m
}

func TestModelsAreThoseWithAKey(t *testing.T) {
	t.Parallel()
	m := loadModels(t, "ANTHROPIC_API_KEY=k")
	standard, err := m.Model("")
	require.NoError(t, err)
	assert.Positive(t, standard.Capacity(), "the one with a key")

	free, err := m.Model("offline")
	require.NoError(t, err)
	assert.Zero(t, free.Capacity())

	_, err = m.Model("anthropic/another")
	require.NoError(t, err)
	_, err = m.Model("openai/gpt-4.1-mini")
	assert.Equal(t, chat.CodeSummarizationFailed, chat.CodeOf(err))

	for _, name := range []string{"", "offline", "anthropic/x"} {
		require.NoError(t, m.Check(name), name)
	}

	err = m.Check("openai/x")
	assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err))
	assert.ErrorContains(t, err, "OPENAI_API_KEY")
}

func TestOfflineNeedsNothing(t *testing.T) {
	t.Parallel()
	standard, err := loadModels(t).Model("")
	require.NoError(t, err)
	assert.Zero(t, standard.Capacity())
}
