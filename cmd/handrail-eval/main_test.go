package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/llm/eval"
)

func TestReportsArePrintedAndWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "new", "eval.json")
	c := summariesCmd{
		Provider: []string{"offline"},
		Language: []string{"pl"},
		Missed:   true,
		JSON:     file,
	}

	var out bytes.Buffer
	require.NoError(t, c.run(t.Context(), &out))
	assert.Contains(t, out.String(), "\noffline ")
	assert.Contains(t, out.String(), "\npl ")
	assert.NotContains(t, out.String(), "\nen ")

	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var reports []eval.Report
	require.NoError(t, json.Unmarshal(data, &reports))
	require.Len(t, reports, 1)

	for _, o := range reports[0].Outcomes {
		assert.Equal(t, "pl", o.Language)
	}
}

func TestChatsHeldOutAreMeasuredByThemselves(t *testing.T) {
	t.Parallel()

	c := summariesCmd{Provider: []string{"offline"}, Language: []string{"nl"}, HeldOut: true, Missed: true}

	var out bytes.Buffer
	require.NoError(t, c.run(t.Context(), &out))
	assert.Contains(t, out.String(), "\nnl ")
	assert.Regexp(t, `(?m)^offline +1 `, out.String())
}

func TestWhatIsNotThereIsRefused(t *testing.T) {
	t.Parallel()

	require.EqualError(
		t,
		(&summariesCmd{Language: []string{"xx"}}).run(t.Context(), &bytes.Buffer{}),
		"there is no dialogue in this language",
	)

	require.EqualError(
		t,
		(&summariesCmd{Provider: []string{"nobody"}}).run(t.Context(), &bytes.Buffer{}),
		`no provider "nobody" is configured`,
	)
}
