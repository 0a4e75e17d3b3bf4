package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"handrail/client"
)

// pageLimit is how many rows a page of a list has: few enough to look through, and a page of the API.
const pageLimit = int64(50)

// mostListed is how many entries are asked for at once where all are wanted: the most that the API gives.
const mostListed = int64(100)

// newInputError returns the error of a field that the console itself cannot read. It is shown like a refusal.
func newInputError(field, message string) error {
	return newInvalid("the field " + field + " " + message)
}

// readText returns a field of the form or the query, without spaces around it.
func readText(v *viewer, name string) string { return strings.TrimSpace(v.FormValue(name)) }

// readValues returns all values of a field that may be given several times, without empty ones.
func readValues(v *viewer, name string) []string {
	_ = v.FormValue(name) // reads the form

	return slices.DeleteFunc(slices.Clone(v.Form[name]), func(value string) bool { return value == "" })
}

// readNumber returns a whole number; nil where the field is empty. Errors: that of a field that cannot be read.
func readNumber(v *viewer, name string) (*int64, error) {
	text := readText(v, name)
	if text == "" {
		return nil, nil //nolint:nilnil // nothing was given, and nothing is wrong
	}

	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, newInputError(name, "must be a whole number")
	}

	return &number, nil
}

// The forms of times in fields: that of a browser's field, which is meant in UTC, and that of programs.
const (
	minuteLayout = "2006-01-02T15:04"
	secondLayout = "2006-01-02T15:04:05"
	// fractionLayout shows a fraction of the second where there is one. The other layouts read it.
	fractionLayout = "2006-01-02T15:04:05.999"
)

// readTime returns a time in UTC; nil where the field is empty. Errors: that of a field that cannot be read.
func readTime(v *viewer, name string) (*time.Time, error) {
	text := readText(v, name)
	if text == "" {
		return nil, nil //nolint:nilnil // nothing was given, and nothing is wrong
	}

	for _, layout := range []string{minuteLayout, secondLayout, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return &t, nil
		}
	}

	return nil, newInputError(name, "must be a time like 2026-11-30T09:30, in UTC")
}

// formatField returns a time as a browser's field takes it, in UTC; "" for none.
func formatField(t *time.Time) string {
	if t == nil {
		return ""
	}

	return t.UTC().Format(fractionLayout)
}

// formatOptional returns a number as a field has it; "" for none.
func formatOptional(number *int64) string {
	if number == nil {
		return ""
	}

	return formatCount(*number)
}

// readCursor returns where a list goes on; nil for its beginning.
func readCursor(v *viewer) *string { return client.IfGiven(v.URL.Query().Get("cursor")) }

// nextPage returns the path of the next page of a list, with the same filters; "" on the last page.
func (v *viewer) nextPage(page string, cursor *string) templ.SafeURL {
	if cursor == nil {
		return ""
	}

	query := url.Values{}

	for name, values := range v.URL.Query() {
		for _, value := range values {
			if value != "" && name != "cursor" {
				query.Add(name, value)
			}
		}
	}

	query.Set("cursor", *cursor)

	return v.pathWith(page, query)
}
