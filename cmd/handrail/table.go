package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// How a column gives way on a terminal that is too narrow for its table. All others, ids and commands above all, are
// whole on every terminal.
const (
	// cutColumn is cut, with … for the rest.
	cutColumn = iota + 1
	// foldedColumn goes on below, because what it says is said nowhere else.
	foldedColumn
)

var narrowColumns = map[string]int{
	"ABOUT":       cutColumn,
	"ANSWER":      cutColumn,
	"DETAIL":      cutColumn,
	"EMAIL":       cutColumn,
	"ERROR":       cutColumn,
	"EXPLANATION": cutColumn,
	"FROM":        cutColumn,
	"NAME":        cutColumn,
	"QUESTION":    cutColumn,
	"TITLE":       cutColumn,
	"TO":          cutColumn,
	"WHERE":       cutColumn,
	"ASKED FOR":   foldedColumn,
	"FOUND":       foldedColumn,
	"LEFT TO DO":  foldedColumn,
	"REASON":      foldedColumn,
	"SCOPES":      foldedColumn,
	"WHAT":        foldedColumn,
	"WHY":         foldedColumn,
}

// statusColumns are painted.
var statusColumns = map[string]bool{
	"OUTCOME": true,
	"STATE":   true,
	"STATUS":  true,
	"TWICE":   true,
}

const (
	// columnGap is between two columns.
	columnGap = 2
	// narrowestCut and narrowestFold are how narrow a column is made before it goes to a line of its own.
	narrowestCut  = 12
	narrowestFold = 24
	// furtherLine is how far a row's further lines are indented.
	furtherLine = 4
)

// table writes aligned columns. On a terminal it keeps within the width: what is long is cut or folded, columns
// without any value are left out, and what has no room still goes to a further line of its row.
type table struct {
	out   *display
	names []string
	rows  [][]string
}

func newTable(out io.Writer, columns ...string) *table {
	return &table{out: displayOf(out), names: columns}
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// flush writes the table.
func (t *table) flush() error {
	lines := t.layOut()

	var b strings.Builder

	t.write(&b, lines, t.names, func(_ *tableColumn, text string) string { return t.out.paint(colourHeading, text) })

	for _, cells := range t.rows {
		t.write(&b, lines, cells, func(column *tableColumn, text string) string {
			if !statusColumns[column.name] {
				return text
			}

			return t.out.paintStatus(text)
		})
	}

	if _, err := io.WriteString(t.out, b.String()); err != nil {
		return fmt.Errorf("write table: %w", err)
	}

	return nil
}

// tableColumn is a column as it is laid out.
type tableColumn struct {
	name string
	// at is its place in a row's cells.
	at int
	// natural is as wide as its widest cell, width as wide as it is shown.
	natural, width int
	gives          int
}

// narrowest is the least width in which the column is shown.
func (c *tableColumn) narrowest() int {
	switch c.gives {
	case cutColumn:
		return min(c.natural, narrowestCut)
	case foldedColumn:
		return min(c.natural, narrowestFold)
	}

	return c.natural
}

// layOut decides on which line of a row each column stands, and how wide it is.
func (t *table) layOut() [][]tableColumn {
	columns := t.measure()
	if t.out.width == 0 || widthOfAll(columns, (*tableColumn).wanted) <= t.out.width {
		for i := range columns {
			columns[i].width = columns[i].natural
		}

		return [][]tableColumn{columns}
	}

	var lines [][]tableColumn

	for _, column := range t.withValues(columns) {
		last := len(lines) - 1
		if last < 0 || lineStart(last)+widthOfAll(append(lines[last], column), (*tableColumn).narrowest) > t.out.width {
			lines = append(lines, []tableColumn{column})
			continue
		}

		lines[last] = append(lines[last], column)
	}

	for i := range lines {
		fitColumns(lines[i], t.out.width-lineStart(i))
	}

	return lines
}

func (c *tableColumn) wanted() int { return c.natural }

// lineStart is where a line of a row begins.
func lineStart(line int) int {
	if line == 0 {
		return 0
	}

	return furtherLine
}

// measure returns the columns with their natural widths.
func (t *table) measure() []tableColumn {
	columns := make([]tableColumn, len(t.names))

	for i, name := range t.names {
		columns[i] = tableColumn{
			name:    strings.TrimSpace(name),
			at:      i,
			natural: displaywidth.String(name),
			gives:   narrowColumns[strings.TrimSpace(name)],
		}

		for _, cells := range t.rows {
			columns[i].natural = max(columns[i].natural, displaywidth.String(cells[i]))
		}
	}

	return columns
}

// withValues are the columns that say something in any row.
func (t *table) withValues(columns []tableColumn) []tableColumn {
	var kept []tableColumn

	for _, column := range columns {
		for _, cells := range t.rows {
			if cells[column.at] != "" {
				kept = append(kept, column)
				break
			}
		}
	}

	return kept
}

// widthOfAll is how wide columns are beside each other.
func widthOfAll(columns []tableColumn, width func(*tableColumn) int) int {
	sum := columnGap * (len(columns) - 1)
	for i := range columns {
		sum += width(&columns[i])
	}

	return sum
}

// fitColumns gives the columns of a line their widths: the least, and what is then left of the line to those that
// want more, bit by bit, so that none gets it all.
func fitColumns(columns []tableColumn, width int) {
	for i := range columns {
		columns[i].width = columns[i].narrowest()
	}

	left := width - widthOfAll(columns, (*tableColumn).narrowest)

	for grown := true; grown && left > 0; {
		grown = false

		for i := range columns {
			if left > 0 && columns[i].width < columns[i].natural {
				columns[i].width++
				left--

				grown = true
			}
		}
	}
}

// write writes a row, each of its cells painted.
func (t *table) write(
	b *strings.Builder,
	lines [][]tableColumn,
	cells []string,
	paint func(column *tableColumn, text string) string,
) {
	for number, columns := range lines {
		parts := make([][]string, len(columns))
		height := 0

		for i := range columns {
			parts[i] = columns[i].split(cells[columns[i].at])
			height = max(height, len(parts[i]))
		}

		if number > 0 && height == 1 && strings.TrimSpace(joinFirst(parts)) == "" {
			continue // this row has nothing here
		}

		for h := range height {
			b.WriteString(strings.Repeat(" ", lineStart(number)))

			gap := 0

			for i := range columns {
				text := ""
				if h < len(parts[i]) {
					text = parts[i][h]
				}

				if text != "" {
					b.WriteString(strings.Repeat(" ", gap) + paint(&columns[i], text))
					gap = 0
				}

				gap += columns[i].width - displaywidth.String(text) + columnGap
			}

			b.WriteString("\n")
		}
	}
}

// joinFirst joins the first lines of cells.
func joinFirst(parts [][]string) string {
	var b strings.Builder
	for _, part := range parts {
		b.WriteString(part[0])
	}

	return b.String()
}

// split returns a cell in as many lines as it takes.
func (c *tableColumn) split(text string) []string {
	switch {
	case displaywidth.String(text) <= c.width:
		return []string{text}
	case c.gives == foldedColumn:
		return foldText(text, c.width)
	}

	return []string{displaywidth.TruncateString(text, c.width, "…")}
}

// foldText breaks a text between words into lines of at most so many columns. A word that is longer is broken.
func foldText(text string, width int) []string {
	var lines []string

	line := ""

	for word := range strings.FieldsSeq(text) {
		if line != "" && displaywidth.String(line)+1+displaywidth.String(word) > width {
			lines = append(lines, line)
			line = ""
		}

		if line != "" {
			line += " "
		}

		line += word

		for displaywidth.String(line) > width {
			head := displaywidth.TruncateString(line, width, "")
			if head == "" { // not even its first character has room
				break
			}

			lines = append(lines, head)
			line = line[len(head):]
		}
	}

	return append(lines, line)
}

// writeJSON writes v for programs.
func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")

	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}

	return nil
}
