// Package retryafter reads how long a server asks its callers to wait (RFC 9110 10.2.3). Every
// client of servers outside shares it: the carriers, the models and the tools.
package retryafter

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Parse reads the value of a Retry-After header: seconds, which may have a fraction, or a date.
// It returns at most the limit, and false if the value is missing, negative, past or not understood.
func Parse(value string, now time.Time, limit time.Duration) (time.Duration, bool) {
	value = strings.TrimSpace(value)
	if seconds, isNumber := parseNumber(value); isNumber {
		return boundWait(seconds, time.Second, limit)
	}

	at, err := http.ParseTime(value)
	if err != nil || at.Before(now) {
		return 0, false
	}

	return min(at.Sub(now), limit), true
}

// ParseMilliseconds reads the value of a Retry-After-Ms header, as OpenAI sends it,
// by the rules of [Parse].
func ParseMilliseconds(value string, limit time.Duration) (time.Duration, bool) {
	milliseconds, isNumber := parseNumber(strings.TrimSpace(value))
	if !isNumber {
		return 0, false
	}

	return boundWait(milliseconds, time.Millisecond, limit)
}

// parseNumber reads a number. One that no float64 can hold is infinite.
func parseNumber(value string) (float64, bool) {
	n, err := strconv.ParseFloat(value, 64)
	if math.IsNaN(n) {
		return 0, false
	}

	return n, err == nil || errors.Is(err, strconv.ErrRange)
}

// boundWait compares before it converts: a huge number would overflow a duration.
func boundWait(n float64, unit, limit time.Duration) (time.Duration, bool) {
	switch {
	case n < 0:
		return 0, false
	case n >= float64(limit)/float64(unit):
		return limit, true
	}

	return time.Duration(n * float64(unit)), true
}
