package remote

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"handrail/retryafter"
)

// retryAfter returns how long the server asks to wait, or 0. Retry-After-Ms, where there is one,
// says it more exactly. A server without either may say when its limits are reset.
func retryAfter(response *http.Response, now time.Time) time.Duration {
	header := response.Header

	if value := header.Get("Retry-After-Ms"); value != "" {
		if wait, ok := retryafter.ParseMilliseconds(value, maxWait); ok {
			return wait
		}
	}

	if wait, ok := retryafter.Parse(header.Get("Retry-After"), now, maxWait); ok {
		return wait
	}

	// Servers send these with ordinary answers too: they say something of a refusal for the rate only.
	if response.StatusCode != http.StatusTooManyRequests {
		return 0
	}

	return untilReset(header, now)
}

// limit is a pair of headers: how much is left, and when it is full again.
type limit struct{ remaining, reset string }

// limits are those of OpenAI and Groq, of Anthropic, and of OpenRouter. Tokens come first: of a limit that is
// not used up, a request may need more than is left.
var limits = []limit{
	{"X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens"},
	{"X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests"},
	{"Anthropic-Ratelimit-Input-Tokens-Remaining", "Anthropic-Ratelimit-Input-Tokens-Reset"},
	{"Anthropic-Ratelimit-Output-Tokens-Remaining", "Anthropic-Ratelimit-Output-Tokens-Reset"},
	{"Anthropic-Ratelimit-Tokens-Remaining", "Anthropic-Ratelimit-Tokens-Reset"},
	{"Anthropic-Ratelimit-Requests-Remaining", "Anthropic-Ratelimit-Requests-Reset"},
	{"X-Ratelimit-Remaining", "X-Ratelimit-Reset"},
}

// untilReset returns how long it takes until what is used up is there again: the longest of the limits that are
// used up, or else the first one that there is; 0 for none.
func untilReset(header http.Header, now time.Time) time.Duration {
	var first, longest time.Duration

	for _, l := range limits {
		wait, ok := parseReset(header.Get(l.reset), now)
		if !ok {
			continue
		}

		if first == 0 {
			first = wait
		}

		if strings.TrimSpace(header.Get(l.remaining)) == "0" {
			longest = max(longest, wait)
		}
	}

	if longest > 0 {
		return longest
	}

	return first
}

// Numbers from these on are not seconds from now, but a time in seconds or milliseconds since 1970.
const (
	leastUnix      = 1e9
	leastUnixMilli = 1e12
)

// parseReset reads "6m0s", "7.66s", seconds, and times: as RFC 3339, or in seconds or milliseconds since 1970.
func parseReset(value string, now time.Time) (time.Duration, bool) {
	value = strings.TrimSpace(value)

	wait, err := time.ParseDuration(value)
	if err != nil {
		at, err := time.Parse(time.RFC3339, value)
		if err != nil {
			at, err = parseUnix(value, now)
		}

		if err != nil {
			return 0, false
		}

		wait = at.Sub(now)
	}

	return min(wait, maxWait), wait > 0
}

func parseUnix(value string, now time.Time) (time.Time, error) {
	n, err := strconv.ParseInt(value, 10, 64)

	switch {
	case err != nil:
		return time.Time{}, err
	case n >= leastUnixMilli:
		return time.UnixMilli(n), nil
	case n >= leastUnix:
		return time.Unix(n, 0), nil
	}

	return now.Add(time.Duration(min(max(n, 0), int64(maxWait/time.Second))) * time.Second), nil
}
