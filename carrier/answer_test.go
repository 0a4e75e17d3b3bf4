package carrier_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handrail/carrier"
)

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "7", "-1", "99999999999999999999", "Sun, 22 Nov 2026 10:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "soon"} {
		f.Add(seed, int64(1_763_800_000))
	}

	f.Fuzz(func(t *testing.T, header string, now int64) {
		wait := carrier.RetryAfter(header, time.Unix(now%(1<<40), 0))
		require.True(t, wait >= 0 && wait <= 24*time.Hour)
	})
}
