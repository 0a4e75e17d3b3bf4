package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// How a column is shortened on a terminal that is too narrow for its table. Columns that are not in narrowColumns, such
// as ids and commands, are never shortened.
const (
	// cutColumn is cut off, with … at its end.
	cutColumn = iota + 1
	// foldedColumn continues on further lines, because its text is shown nowhere else.
	foldedColumn
)

// narrowColumns are the columns that may be shortened, by their names.
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

// statusColumns are the columns whose values are coloured.
var statusColumns = map[string]bool{
	"OUTCOME": true,
	"STATE":   true,
	"STATUS":  true,
	"TWICE":   true,
}

const (
	// columnGap is the space between two columns.
	columnGap = 2
	// narrowestCut and narrowestFold are the least widths of columns, before one goes to a further line.
	narrowestCut  = 12
	narrowestFold = 24
	// furtherIndent is by how many columns the further lines of a row are indented.
	furtherIndent = 4
)

// table writes aligned columns. On a terminal it keeps within the width: long columns are cut or folded, columns
// without values are left out, and columns without room go to a further line of their row.
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

// tableColumn is the layout of a column.
type tableColumn struct {
	name string
	// at is the index of its cells in a row.
	at int
	// natural is the width of its widest cell, width the width that is shown.
	natural, width int
	// shortening is cutColumn, foldedColumn, or 0 for a column that is never shortened.
	shortening int
}

// narrowest returns the least width of the column.
func (c *tableColumn) narrowest() int {
	switch c.shortening {
	case cutColumn:
		return min(c.natural, narrowestCut)
	case foldedColumn:
		return min(c.natural, narrowestFold)
	}

	return c.natural
}

// layOut decides which columns are on which line of a row, and how wide they are.
func (t *table) layOut() [][]tableColumn {
	columns := t.measure()
	if t.out.width == 0 || sumWidths(columns, (*tableColumn).naturalWidth) <= t.out.width {
		for i := range columns {
			columns[i].width = columns[i].natural
		}

		return [][]tableColumn{columns}
	}

	var lines [][]tableColumn

	for _, column := range t.keepUsedColumns(columns) {
		last := len(lines) - 1
		if last < 0 || indentLine(last)+sumWidths(append(lines[last], column), (*tableColumn).narrowest) > t.out.width {
			lines = append(lines, []tableColumn{column})
			continue
		}

		lines[last] = append(lines[last], column)
	}

	for i := range lines {
		fitColumns(lines[i], t.out.width-indentLine(i))
	}

	return lines
}

// naturalWidth returns the width of the widest cell.
func (c *tableColumn) naturalWidth() int { return c.natural }

// indentLine returns by how many columns a line of a row is indented.
func indentLine(line int) int {
	if line == 0 {
		return 0
	}

	return furtherIndent
}

// measure returns the columns with their natural widths.
func (t *table) measure() []tableColumn {
	columns := make([]tableColumn, len(t.names))

	for i, name := range t.names {
		columns[i] = tableColumn{
			name:       strings.TrimSpace(name),
			at:         i,
			natural:    displaywidth.String(name),
			shortening: narrowColumns[strings.TrimSpace(name)],
		}

		for _, cells := range t.rows {
			columns[i].natural = max(columns[i].natural, displaywidth.String(cells[i]))
		}
	}

	return columns
}

// keepUsedColumns returns the columns that have a value in any row.
func (t *table) keepUsedColumns(columns []tableColumn) []tableColumn {
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

// sumWidths returns the width of columns beside each other.
func sumWidths(columns []tableColumn, width func(*tableColumn) int) int {
	sum := columnGap * (len(columns) - 1)
	for i := range columns {
		sum += width(&columns[i])
	}

	return sum
}

// fitColumns sets the widths of the columns of a line. Each gets its least width, and the rest of the line is shared
// evenly among those that need more.
func fitColumns(columns []tableColumn, width int) {
	for i := range columns {
		columns[i].width = columns[i].narrowest()
	}

	left := width - sumWidths(columns, (*tableColumn).narrowest)

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

// write writes the lines of a row, with each cell coloured by paint.
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
			b.WriteString(strings.Repeat(" ", indentLine(number)))

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

// split returns the lines of a cell.
func (c *tableColumn) split(text string) []string {
	switch {
	case displaywidth.String(text) <= c.width:
		return []string{text}
	case c.shortening == foldedColumn:
		return foldText(text, c.width)
	}

	return []string{displaywidth.TruncateString(text, c.width, "…")}
}

// foldText breaks a text between words into lines of at most width columns. A longer word is broken too.
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
			if head == "" { // there is no room even for its first character
				break
			}

			lines = append(lines, head)
			line = line[len(head):]
		}
	}

	return append(lines, line)
}

// writeJSON writes v as indented JSON.
func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")

	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}

	return nil
}
