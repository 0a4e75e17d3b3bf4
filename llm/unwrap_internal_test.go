package llm

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWrappingsThatWereMadeUpAfterwards reads what somebody thought of who had not seen the code. None of the twelve
// that can be used was read at first, six of them because of points that are texts, and a draft was taken for the
// answer that was cut off behind it.
func TestWrappingsThatWereMadeUpAfterwards(t *testing.T) {
	t.Parallel()

	raw, err := os.ReadFile(filepath.Join("testdata", "wrappings-made-up.json"))
	require.NoError(t, err)

	var rows []struct {
		Name    string `json:"name"`
		Text    string `json:"text"`
		Title   string `json:"title"`
		Summary string `json:"summary"`
		Usable  bool   `json:"usable"`
	}
	require.NoError(t, json.Unmarshal(raw, &rows))

	for _, row := range rows {
		a, err := decodeAnswer(&Completion{Text: row.Text})

		if !row.Usable {
			// One without a summary is refused by its reading.
			assert.True(t, err != nil || a.Summary == "", row.Name)
			continue
		}

		if assert.NoError(t, err, row.Name) {
			assert.Equal(t, row.Title, a.Title, row.Name)
			assert.Equal(t, row.Summary, a.Summary, row.Name)
		}
	}
}

// TestFindingAnAnswerIsBounded has an object in each brace that goes on to the end.
func TestFindingAnAnswerIsBounded(t *testing.T) {
	t.Parallel()

	finder := &answerFinder{left: maxAnswerBytes}
	hostile := strings.Repeat(`{"a":`, 50_000)

	assert.Empty(t, finder.findLast(hostile))
	assert.Greater(t, finder.left, -len(hostile), "no more than one look beyond the bound")
}
