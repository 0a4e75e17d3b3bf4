package docs_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// TestThePagesOfWordsAreTheTables holds statuses.md and glossary.md to the tables. With UPDATE_GOLDEN=1 it writes the
// pages.
func TestThePagesOfWordsAreTheTables(t *testing.T) {
	t.Parallel()

	for file, want := range map[string]string{"statuses.md": writeStatuses(), "glossary.md": writeGlossary()} {
		if os.Getenv("UPDATE_GOLDEN") == "1" { //nolint:forbidigo // the environment configures tests
			require.NoError(t, os.WriteFile(file, []byte(want), 0o600))
			continue
		}

		page, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, want, string(page), "UPDATE_GOLDEN=1 writes the page anew")
	}
}

const writtenBy = "by `UPDATE_GOLDEN=1 go test ./docs -run TestThePagesOfWordsAreTheTables`.\n"

func writeStatuses() string {
	var page strings.Builder

	page.WriteString("# Statuses, and what to do\n\nThis page lists every value that a status, a state or a role may " +
		"have: what it means, what happens without you, and\nwhat you may do. `explanation` of an action or a delivery " +
		"says the same about one case, in a sentence.\n[Operations](operations.md#the-states) has more about deliveries " +
		"that are stuck.\n\nIt is written from the table `chat/words*.go`, " + writtenBy)

	for _, table := range chat.WordTables() {
		page.WriteString("\n## " + table.Title + "\n\nWhere it stands: " + table.Fields + ".\n\n")
		writeTable(&page, &table)
	}

	return page.String()
}

// writeTable writes the columns of which any cell says something.
func writeTable(page *strings.Builder, table *chat.WordTable) {
	columns := []struct {
		title string
		read  func(*chat.WordText) string
	}{
		{"value", func(w *chat.WordText) string { return "`" + w.Word + "`" }},
		{"meaning", func(w *chat.WordText) string { return w.Meaning }},
		{"what happens by itself", func(w *chat.WordText) string { return w.ByItself }},
		{"what you may do", func(w *chat.WordText) string { return w.Remedy }},
	}

	var head, line strings.Builder

	rows := make([]string, len(table.Words))

	for _, column := range columns {
		cells := make([]string, len(table.Words))
		for i := range table.Words {
			cells[i] = column.read(&table.Words[i])
		}

		if strings.Join(cells, "") == "" {
			continue
		}

		head.WriteString("| " + column.title + " ")
		line.WriteString("|---")

		for i, cell := range cells {
			rows[i] += strings.TrimRight("| "+cell, " ") + " "
		}
	}

	page.WriteString(head.String() + "|\n" + line.String() + "|\n")

	for _, row := range rows {
		page.WriteString(row + "|\n")
	}
}

func writeGlossary() string {
	var page strings.Builder

	page.WriteString("# Glossary\n\nThe words that Handrail's pages, API and commands use. " +
		"[Statuses](statuses.md) explains the values of each field.\n\nIt is written from the table " +
		"`chat/glossary.go`, " + writtenBy + "\n")

	for _, term := range chat.Glossary() {
		page.WriteString("- **" + term.Word + "**: " + term.Meaning + "\n")
	}

	return page.String()
}
