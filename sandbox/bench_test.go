package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

// BenchmarkSends is how fast messages are accepted and kept by many callers at once,
// each synced to the disk before its answer and delivered afterwards.
func BenchmarkSends(b *testing.B) {
	c := testConfig()
	fastCallbacks(&c)
	c.File = filepath.Join(b.TempDir(), "sandbox.jsonl")
	box, err := sandbox.New(c)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, box.Close()) })

	server := httptest.NewServer(box.Handler())
	b.Cleanup(server.Close)

	body := smsForm().Encode()
	caller := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}

	b.SetParallelism(32)
	b.ResetTimer()

	b.RunParallel(func(each *testing.PB) {
		for each.Next() {
			r, err := http.NewRequestWithContext(
				b.Context(),
				http.MethodPost,
				server.URL+messagesPath,
				strings.NewReader(body),
			)
			if err != nil {
				b.Error(err)
				return
			}

			asTwilioCaller(r)

			answer, err := caller.Do(r)
			if err != nil {
				b.Error(err)
				return
			}

			_ = answer.Body.Close()

			if answer.StatusCode != http.StatusCreated {
				b.Errorf("refused with %d", answer.StatusCode)
				return
			}
		}
	})

	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sends/s")
}
