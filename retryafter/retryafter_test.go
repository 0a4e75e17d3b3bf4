package retryafter_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/internal/growth"
	"handrail/retryafter"
)

const day = 24 * time.Hour

func TestParse(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		value string
		want  time.Duration
		ok    bool
	}{
		"seconds":             {"7", 7 * time.Second, true},
		"spaces around":       {" 7 ", 7 * time.Second, true},
		"zero":                {"0", 0, true},
		"a fraction":          {"1.5", 1500 * time.Millisecond, true},
		"exactly the limit":   {"86400", day, true},
		"more than the limit": {"86401", day, true},
		"overflows duration":  {"10000000000", day, true},
		"overflows int64":     {"999999999999999999999999", day, true},
		"near float's end":    {"1e300", day, true},
		"overflows float64":   {"1e999", day, true},
		"infinite":            {"Inf", day, true},
		"negative":            {"-7", 0, false},
		"hugely negative":     {"-1e999", 0, false},
		"not a number":        {"NaN", 0, false},
		"missing":             {"", 0, false},
		"a word":              {"soon", 0, false},
		"a unit":              {"7s", 0, false},
		"a date":              {"Sun, 22 Nov 2026 10:00:40 GMT", 40 * time.Second, true},
		"the date of now":     {"Sun, 22 Nov 2026 10:00:00 GMT", 0, true},
		"a past date":         {"Sun, 22 Nov 2026 09:00:00 GMT", 0, false},
		"a distant date":      {"Fri, 31 Dec 9999 23:59:59 GMT", day, true},
		"a date of RFC 850":   {"Sunday, 22-Nov-26 10:00:40 GMT", 40 * time.Second, true},
		"a date of C":         {"Sun Nov 22 10:00:40 2026", 40 * time.Second, true},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			wait, ok := retryafter.Parse(tt.value, now, day)
			assert.Equal(t, tt.want, wait)
			assert.Equal(t, tt.ok, ok)
		})
	}
}

func TestParseMilliseconds(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		value string
		want  time.Duration
		ok    bool
	}{
		"milliseconds":      {"1500", 1500 * time.Millisecond, true},
		"a fraction":        {"0.5", 500 * time.Microsecond, true},
		"overflows float64": {"1e999", day, true},
		"negative":          {"-7", 0, false},
		"not a number":      {"NaN", 0, false},
		"missing":           {"", 0, false},
		"a date":            {"Sun, 22 Nov 2099 10:00:00 GMT", 0, false},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			wait, ok := retryafter.ParseMilliseconds(tt.value, day)
			assert.Equal(t, tt.want, wait)
			assert.Equal(t, tt.ok, ok)
		})
	}
}

func FuzzParse(f *testing.F) {
	seeds := []string{
		"", "7", "-1", "1.5", "NaN", "-Inf", "1e999", "99999999999999999999", "soon",
		"Sun, 22 Nov 2026 10:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
	}
	for _, seed := range seeds {
		f.Add(seed, int64(1_763_800_000), int64(day))
	}

	f.Fuzz(func(t *testing.T, value string, now, limit int64) {
		growth.Check(t, len(value), func() {
			if limit < 0 {
				return
			}

			wait, ok := retryafter.Parse(value, time.Unix(now%(1<<40), 0), time.Duration(limit))
			require.GreaterOrEqual(t, wait, time.Duration(0))
			require.LessOrEqual(t, wait, time.Duration(limit))
			require.True(t, ok || wait == 0)
		})
	})
}
