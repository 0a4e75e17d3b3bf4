package schema_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/schema"
)

// corpusRow is what somebody answered, and how it is to be read; want is "" for "ask again".
type corpusRow struct {
	language, expects, answer, want string
}

// readCorpus reads a file of testdata, whose head says what its columns are.
func readCorpus(t *testing.T, name string) []corpusRow {
	t.Helper()

	file, err := os.Open(filepath.Join("testdata", name))
	require.NoError(t, err)

	defer func() { _ = file.Close() }()

	expects := map[string]string{
		"yesno":  `{"type":"boolean"}`,
		"number": `{"type":"number"}`,
		"size":   `{"enum":["small","medium","large"]}`,
	}

	var rows []corpusRow

	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}

		columns := strings.Split(line, "\t")
		require.Len(t, columns, 4, line)
		require.Contains(t, expects, columns[1], line)

		row := corpusRow{
			language: columns[0],
			expects:  expects[columns[1]],
			answer:   strings.ReplaceAll(columns[2], `\n`, "\n"),
			want:     columns[3],
		}

		switch {
		case row.want == "?":
			row.want = ""
		case columns[1] == "size":
			row.want = `"` + row.want + `"`
		}

		rows = append(rows, row)
	}

	return rows
}

// What people answer is never read wrong, and seldom not at all. docs/tools.md has these figures.
func TestAnswersOfPeople(t *testing.T) {
	t.Parallel()

	const (
		fewest    = 400
		languages = 10
		// mostUnread is the most of a hundred plain answers that may be asked again.
		mostUnread = 3
	)

	var rows []corpusRow
	for _, name := range []string{"answers-first.tsv", "answers-second.tsv"} {
		rows = append(rows, readCorpus(t, name)...)
	}

	in := map[string]int{}
	plain, unread, wrong := 0, 0, 0

	for _, row := range rows {
		in[row.language]++

		got, err := compileSchema(t, row.expects).Read(row.answer)
		if err != nil {
			require.Equal(t, chat.CodeInvalidAnswer, chat.CodeOf(err))
		}

		if row.want != "" {
			plain++
		}

		switch {
		case err != nil && row.want != "":
			unread++

			t.Logf("unread: %s %q", row.language, row.answer)
		case err == nil && !isSameJSON(t, row.want, got):
			wrong++

			t.Logf("wrong: %s %q was read as %s", row.language, row.answer, got)
		}
	}

	share := 100 * float64(unread) / float64(plain)
	t.Logf("%d answers in %d languages: %d plain ones, of which %d (%.1f %%) are asked again; %d read wrong",
		len(rows), len(in), plain, unread, share, wrong)

	assert.GreaterOrEqual(t, len(rows), fewest)
	assert.GreaterOrEqual(t, len(in), languages)
	assert.Zero(t, wrong, "readings that are wrong")
	assert.LessOrEqual(t, share, float64(mostUnread), "plain answers that are asked again")
}

func isSameJSON(t *testing.T, want string, got json.RawMessage) bool {
	t.Helper()

	if want == "" {
		return false
	}

	only, err := schema.Compile("only", json.RawMessage(`{"const":`+want+`}`))
	require.NoError(t, err)

	return only.Check(chat.CodeInvalidAnswer, "answer", got) == nil
}
