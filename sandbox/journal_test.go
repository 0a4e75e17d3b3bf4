package sandbox_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

func reopenSandbox(t *testing.T, path string, logger *slog.Logger) *sandbox.Sandbox {
	t.Helper()

	c := testConfig()
	c.File, c.Logger = path, logger
	box, err := sandbox.New(c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, box.Close()) })

	return box
}

func TestArrivalsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "made", "sandbox.jsonl")
	w := setup(t, func(c *sandbox.Config) { c.File = path })
	w.sms(t, "Body", "line one\nline two <b>&\u2028")
	w.mail(t, validMail)
	w.sms(t, "Body", "second")

	// The first one is neither closed nor flushed: it may as well have been killed.
	again := reopenSandbox(t, path, nil)
	assert.Equal(t, w.Messages(sandbox.MessageFilter{}), again.Messages(sandbox.MessageFilter{}))
	assert.Equal(t, w.Mails(), again.Mails())
	assert.Len(t, again.Messages(sandbox.MessageFilter{}), 2)

	written, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, 3, bytes.Count(written, []byte("\n")))
	assert.NotContains(t, string(written), token)
	assert.NotContains(t, string(written), arrivalKey)

	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestForgettingEmptiesTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.jsonl")
	w := setup(t, func(c *sandbox.Config) { c.File = path })
	w.sms(t, "Body", "before")
	require.NoError(t, w.Forget())
	w.sms(t, "Body", "after")
	kept := reopenSandbox(t, path, nil).Messages(sandbox.MessageFilter{})
	require.Len(t, kept, 1)
	assert.Equal(t, "after", kept[0].Body)
}

func TestHeldSendIsOnDiskBeforeItsAnswer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.jsonl")
	w := setup(t, func(c *sandbox.Config) { c.File = path })
	release := w.Hold()

	answered := make(chan answer)
	go func() { answered <- w.sms(t) }()

	_, err := w.Await(t.Context(), func(sandbox.Message) bool { return true })
	require.NoError(t, err)
	assert.Len(t, reopenSandbox(t, path, nil).Messages(sandbox.MessageFilter{}), 1)
	release()
	assert.Equal(t, http.StatusCreated, (<-answered).status)
}

func TestTornLastLineIsDroppedAndSaid(t *testing.T) {
	t.Parallel()

	for name, tail := range map[string]string{
		"cut short":       `{"message":{"sid":"SM`,
		"without its end": `{"message":{"sid":"SM1","to":"+14155550123"}}`,
		"zeros":           "\x00\x00\x00\n",
		"no record":       "{}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "sandbox.jsonl")
			w := setup(t, func(c *sandbox.Config) { c.File = path })
			w.sms(t, "Body", "whole")
			require.NoError(t, w.Close())

			whole, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, append(bytes.Clone(whole), tail...), 0o600))

			var log bytes.Buffer
			box := reopenSandbox(t, path, slog.New(slog.NewTextHandler(&log, nil)))
			assert.Len(t, box.Messages(sandbox.MessageFilter{}), 1)
			assert.Contains(t, log.String(), "level=INFO")
			assert.Contains(t, log.String(), "torn")

			mended, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, whole, mended, "what comes next starts on a line of its own")
		})
	}
}

func TestDamagedFileIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.jsonl")
	require.NoError(
		t,
		os.WriteFile(path, []byte(`{"message":{"sid":"SM1"}}`+"\nnonsense\n"+`{"message":{"sid":"SM2"}}`+"\n"), 0o600),
	)

	c := testConfig()
	c.File = path
	_, err := sandbox.New(c)
	require.ErrorContains(t, err, "line 2")

	c.File = t.TempDir()
	_, err = sandbox.New(c)
	require.Error(t, err, "a folder is no file")
}

// Nothing sets date_sent yet, but a file may hold it, and the list must filter by it.
func TestDateSentFilter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.jsonl")

	lines := []string{
		`{"message":{"sid":"SM1","body":"first","sent_at":"2026-11-20T23:59:59.5Z"}}`,
		`{"message":{"sid":"SM2","body":"second","sent_at":"2026-11-21T00:00:00Z"}}`,
		`{"message":{"sid":"SM3","body":"third","sent_at":"2026-11-22T12:00:00Z"}}`,
		`{"message":{"sid":"SM4","body":"never"}}`,
	}

	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))

	w := setup(t, func(c *sandbox.Config) { c.File = path })
	for query, want := range map[string][]string{
		"":                                 {"never", "third", "second", "first"},
		"DateSent=2026-11-21":              {"second"},
		"DateSent%3C=2026-11-21":           {"second", "first"},
		"DateSent%3E=2026-11-21":           {"third", "second"},
		"DateSent=2026-11-20T23:59:59Z":    {"first"},
		"DateSent%3E=2026-11-22T12:00:01Z": {},
		"DateSent%3E=2026-11-21&DateSent%3C=2026-11-21": {"second"},
	} {
		assert.Equal(t, want, w.list(t, messagesPath+"?"+query).bodies(), query)
	}

	var resource map[string]any
	w.do(t, http.MethodGet, "/2010-04-01/Accounts/"+account+"/Messages/SM3.json", "", asTwilioCaller).
		decode(t, &resource)

	assert.Equal(t, "Sun, 22 Nov 2026 12:00:00 +0000", resource["date_sent"])
}

func TestConcurrentArrivalsAreAllKept(t *testing.T) {
	t.Parallel()
	const callers, each = 8, 10
	path := filepath.Join(t.TempDir(), "sandbox.jsonl")
	w := setup(t, func(c *sandbox.Config) { c.File = path })

	var sending sync.WaitGroup
	for range callers {
		sending.Go(func() {
			for range each {
				assert.Equal(t, http.StatusCreated, w.sms(t).status)
				assert.Equal(t, http.StatusAccepted, w.mail(t, validMail).status)
				assert.Equal(t, http.StatusOK, w.get(t, "/").status)
			}
		})
	}

	sending.Wait()
	assert.Len(t, w.Mails(), callers*each)
	again := reopenSandbox(t, path, nil)
	assert.Equal(t, w.Messages(sandbox.MessageFilter{}), again.Messages(sandbox.MessageFilter{}))
	assert.Len(t, again.Mails(), callers*each)
}
