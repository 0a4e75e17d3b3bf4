package console

import (
	"net/http"
	"net/url"
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

// newInvalid returns the refusal of a form that the console itself cannot make a request of.
func newInvalid(detail string) error {
	return &client.Error{Problem: client.Problem{
		Status: http.StatusBadRequest,
		Code:   client.ProblemCodeInvalidRequest,
		Detail: detail,
	}}
}

// newInputError returns the error of a field that the console itself cannot read. It is shown like a refusal.
func newInputError(field, message string) error {
	return newInvalid("the field " + field + " " + message)
}

// readText returns a field of the form or the query, without spaces around it, and with lines as the API has them.
func readText(v *viewer, name string) string {
	return strings.TrimSpace(strings.ReplaceAll(v.FormValue(name), "\r\n", "\n"))
}

// given returns a field as [readText] does; nil if it is empty.
func (v *viewer) given(field string) *string { return client.IfGiven(readText(v, field)) }

// reason returns the reason of the form.
func (v *viewer) reason() string { return readText(v, "reason") }

// beforeSuffix ends the name of the hidden field that has what a field said when its form was shown.
const beforeSuffix = "_before"

// readChanged returns what a field says, nil if it says what it did before: what nobody has changed here is not put
// back over what somebody else has.
func readChanged(v *viewer, name string) *string {
	text := readText(v, name)
	if before := name + beforeSuffix; v.PostForm.Has(before) && readText(v, before) == text {
		return nil
	}

	return &text
}

// givenIfChanged returns a field as [readChanged] does; nil also if it is empty.
func (v *viewer) givenIfChanged(field string) *string {
	return client.IfGiven(client.ValueOf(readChanged(v, field)))
}

// readValues returns all values of a field that may be given several times, without empty ones.
func readValues(v *viewer, name string) []string { return readWords[string](v, name) }

// readWords returns all values of a field that may be given several times, without empty ones, as words of the API.
func readWords[T ~string](v *viewer, name string) []T {
	_ = v.FormValue(name) // reads the form

	var words []T

	for _, value := range v.Form[name] {
		if value != "" {
			words = append(words, T(value))
		}
	}

	return words
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

// readRequiredNumber returns a whole number. Errors: that of a field that cannot be read, or is empty.
func readRequiredNumber(v *viewer, name string) (int64, error) {
	number, err := readNumber(v, name)
	if err == nil && number == nil {
		err = newInputError(name, "must be given")
	}

	return client.ValueOf(number), err
}

// parseNumber returns the number of a text that has nothing but digits; 0 if it is none, which the API refuses.
func parseNumber(text string) int64 {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}

	return number
}

// number returns the number of the path, such as {id}. It returns [errNoPage] if it is none.
func (v *viewer) number(name string) (int64, error) {
	id, err := strconv.ParseInt(v.PathValue(name), 10, 64)
	if err != nil || id < 1 {
		return 0, errNoPage
	}

	return id, nil
}

// uuid returns the id of the path, such as {id}. It returns [errNoPage] if it has not the form of one.
func (v *viewer) uuid(name string) (string, error) {
	id := v.PathValue(name)
	if !isUUID(id) {
		return "", errNoPage
	}

	return id, nil
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
