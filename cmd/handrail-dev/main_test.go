package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/cmd/internal/trial/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

// testEnv is where one handrail-dev lives: its folder and its ports.
type testEnv struct {
	*testing.T
	folder  string
	environ []string
	api     string
	inbox   string
}

func newTestEnv(t *testing.T, environ ...string) *testEnv {
	t.Helper()
	ports := programtest.FreePorts(t, 4)

	return &testEnv{
		T:      t,
		folder: t.TempDir(),
		api:    fmt.Sprintf("http://127.0.0.1:%d", ports[0]),
		inbox:  fmt.Sprintf("http://127.0.0.1:%d", ports[3]),
		environ: append(environ,
			"HANDRAIL_ADDR=127.0.0.1:"+strconv.Itoa(ports[0]),
			"HANDRAIL_DEV_TEMPORAL_PORT="+strconv.Itoa(ports[1]),
			"HANDRAIL_DEV_UI_PORT="+strconv.Itoa(ports[2]),
			"HANDRAIL_DEV_SANDBOX_PORT="+strconv.Itoa(ports[3]),
		),
	}
}

// up starts handrail-dev and returns once it shows its ready screen.
func (p *testEnv) up() (*programtest.Process, string) {
	p.Helper()
	started := programtest.Start(p, p.folder, p.environ)

	return started, started.Await("summarize?update_labels=true' -H 'Authorization: Bearer " + demoKey + "'\n")
}

// curl does what a line of the ready screen says, for each address that curl would make
// of it.
func (p *testEnv) curl(line string) []map[string]any {
	p.Helper()

	url := regexp.MustCompile(`'?(http://[^' ]+)'?`).FindStringSubmatch(line)[1]

	body := ""
	if data := regexp.MustCompile(`-d '([^']*)'`).FindStringSubmatch(line); data != nil {
		body = data[1]
	}

	headers := regexp.MustCompile(`-H '([^:]+): ([^']+)'`).FindAllStringSubmatch(line, -1)
	var answers []map[string]any

	for _, one := range expandBraces(url) {
		request, err := http.NewRequestWithContext(p.Context(), http.MethodPost, one, strings.NewReader(body))
		require.NoError(p, err)

		for _, h := range headers {
			request.Header.Set(h[1], h[2])
		}

		answers = append(answers, p.do(request, http.StatusOK))
	}

	return answers
}

// expandBraces is curl's {a,b} in an address.
func expandBraces(url string) []string {
	before, rest, ok := strings.Cut(url, "{")
	if !ok {
		return []string{url}
	}

	choices, after, _ := strings.Cut(rest, "}")

	var all []string
	for choice := range strings.SplitSeq(choices, ",") {
		all = append(all, before+choice+after)
	}

	return all
}

func (p *testEnv) do(request *http.Request, status int) map[string]any {
	p.Helper()

	answer, err := (&http.Client{}).Do(request)
	require.NoError(p, err)

	defer answer.Body.Close()

	raw, err := io.ReadAll(answer.Body)
	require.NoError(p, err)
	require.Equal(p, status, answer.StatusCode, "%s", raw)
	var decoded map[string]any
	require.NoError(p, json.Unmarshal(raw, &decoded), "%s", raw)

	return decoded
}

func (p *testEnv) get(url string) map[string]any {
	p.Helper()
	request, err := http.NewRequestWithContext(p.Context(), http.MethodGet, url, nil)
	require.NoError(p, err)
	request.Header.Set("Authorization", "Bearer "+demoKey)

	return p.do(request, http.StatusOK)
}

// inboxPage is the sandbox's page, as a person sees it.
func (p *testEnv) inboxPage() string {
	p.Helper()

	request, err := http.NewRequestWithContext(p.Context(), http.MethodGet, p.inbox+"/", nil)
	require.NoError(p, err)

	answer, err := (&http.Client{Timeout: time.Minute}).Do(request)
	require.NoError(p, err)

	defer answer.Body.Close()

	page, err := io.ReadAll(answer.Body)
	require.NoError(p, err)

	return string(page)
}

// firstConsolePage logs in to the console by a link, and returns the page that follows.
func (p *testEnv) firstConsolePage(link string) string {
	p.Helper()

	// What the link asks is what its page's form sends.
	address, form, _ := strings.Cut(link, "?")

	// Who has logged in is sent on; the session's cookie is for HTTPS, so that no jar would keep it.
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

	request, err := http.NewRequestWithContext(p.Context(), http.MethodPost, address, strings.NewReader(form))
	require.NoError(p, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")

	loggedIn, err := browser.Do(request)
	require.NoError(p, err)
	require.NoError(p, loggedIn.Body.Close())
	require.Equal(p, http.StatusSeeOther, loggedIn.StatusCode)

	next := loggedIn.Header.Get("Location")
	request, err = http.NewRequestWithContext(p.Context(), http.MethodGet, p.api+next, nil)
	require.NoError(p, err)

	for _, cookie := range loggedIn.Cookies() {
		request.AddCookie(cookie)
	}

	answer, err := browser.Do(request)
	require.NoError(p, err)

	defer answer.Body.Close()

	page, err := io.ReadAll(answer.Body)
	require.NoError(p, err)
	require.Equal(p, http.StatusOK, answer.StatusCode)

	return string(page)
}

// send asks for a message in the demo's SMS chat without waiting for it.
func (p *testEnv) send() (actionURL string) {
	p.Helper()

	request, err := http.NewRequestWithContext(
		p.Context(),
		http.MethodPost,
		p.api+"/api/v2/w/"+string(demoWorkspace)+"/chats/1/send-assistant-message",
		strings.NewReader(`{"message":"On its way"}`),
	)

	require.NoError(p, err)
	request.Header.Set("Authorization", "Bearer "+demoKey)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Prefer", "respond-async")
	id := p.do(request, http.StatusAccepted)["action_id"].(string)

	return p.api + "/api/v2/w/" + string(demoWorkspace) + "/actions/" + id
}

// await looks at an action until it is as expected, or for three minutes: after a kill, a
// claim's lease and the worker's heartbeat must end first.
func (p *testEnv) await(action string, expected func(map[string]any) bool) map[string]any {
	p.Helper()

	var seen map[string]any
	for late := time.Now().Add(3 * time.Minute); time.Now().Before(late); {
		if seen = p.get(action + "?wait=5"); expected(seen) {
			break
		}
	}

	return seen
}

func TestTheReadyScreensLinesWork(t *testing.T) {
	t.Parallel()
	p := newTestEnv(t)
	started, screen := p.up()

	for _, check := range p.get(p.api + "/api/v2/w/" + string(demoWorkspace) + "/doctor")["checks"].([]any) {
		assert.NotEqual(t, "fail", check.(map[string]any)["status"], "nothing is wrong from the start: %v", check)
	}

	var lines []string

	for line := range strings.Lines(screen) {
		if strings.HasPrefix(line, "curl ") {
			lines = append(lines, line)
		}
	}

	require.Len(t, lines, 4)
	sent := p.curl(lines[0])
	require.Len(t, sent, 2)
	assert.Equal(t, "accepted", sent[0]["delivery"].(map[string]any)["status"])
	assert.Equal(t, "accepted", sent[1]["delivery"].(map[string]any)["status"])

	booked := p.curl(lines[1])[0]["message"].(map[string]any)["tool_calls"].([]any)[0].(map[string]any)
	assert.Equal(t, "succeeded", booked["status"])

	booking := p.get(p.inbox + "/sandbox/bookings")["bookings"].([]any)[0].(map[string]any)
	assert.Equal(t, booked["result"].(map[string]any)["booking_id"], booking["id"])
	assert.Equal(t, true, booking["signed"])
	assert.Equal(t, "Priya Raman added as contributor", p.curl(lines[2])[0]["message"])
	summarized := p.curl(lines[3])[0]
	assert.Equal(t, "offline", summarized["summary_model"])
	assert.NotEmpty(t, summarized["labels"])
	assert.Contains(t, summarized["title"], "Six people", "it is of what was booked last, and not of the table for four")
	assert.Len(t, p.get(p.inbox + "/sandbox/messages.json")["messages"], 2)
	assert.Len(t, p.get(p.inbox + "/sandbox/mails.json")["mails"], 1)

	page := p.inboxPage()
	assert.Equal(t, 3, strings.Count(page, `<span dir="auto">Ana Lopez</span>`), "her phone, and two texts on it")
	assert.Equal(t, 2, strings.Count(page, `<span dir="auto">Ben Okafor</span>`), "his mailbox, and a mail in it")

	assert.Contains(t, page, `<a href="`+p.api+`/console">Console</a>`)

	link := regexp.MustCompile(`Console +(http\S+/console/login\?\S+)`).FindStringSubmatch(screen)
	require.NotNil(t, link, "the screen has a link that logs in")
	assert.Contains(t, p.firstConsolePage(link[1]), `<a href="`+p.inbox+`/">Sandbox</a>`)

	ui := regexp.MustCompile(`Temporal UI +(http\S+)`).FindStringSubmatch(screen)[1]
	p.get(ui + "api/v1/settings")
	assert.Equal(t, 0, started.Stop(), started.Output())

	again, screen := p.up()
	assert.Contains(t, screen, "chats/{1,2}/", "the demo is found again, not made twice")
	assert.Len(t, p.get(p.inbox + "/sandbox/messages.json")["messages"], 2)

	for _, line := range lines {
		p.curl(line) // each may be pasted again
	}

	again.Kill()
}

// The first example of README.md is one call from nothing to an SMS. The demo is found again beside what it makes.
func TestTheReadmesFirstExampleWorks(t *testing.T) {
	t.Parallel()

	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)

	example := regexp.MustCompile(`(?s)curl -sS .*?'\n`).FindString(strings.ReplaceAll(string(readme), "\\\n", ""))
	require.Contains(t, example, "/messages")

	p := newTestEnv(t)
	started, _ := p.up()
	answers := p.curl(strings.ReplaceAll(example, "http://127.0.0.1:8080", p.api))
	require.Len(t, answers, 1)
	assert.NotContains(t, []any{float64(1), float64(2)}, answers[0]["chat_id"], "the demo's own chats")
	assert.Equal(t, 0, started.Stop(), started.Output())

	again, screen := p.up()
	assert.Contains(t, screen, "chats/{1,2}/")
	again.Kill()
}

func TestTheSandboxReportsAndAnswers(t *testing.T) {
	t.Parallel()
	p := newTestEnv(t)
	_, screen := p.up()
	assert.Contains(t, screen, "answer there as whoever got them")

	for line := range strings.Lines(screen) {
		if strings.HasPrefix(line, "curl ") && strings.Contains(line, "send-assistant-message") {
			p.curl(line)
		}
	}

	workspace := p.api + "/api/v2/w/" + string(demoWorkspace)

	require.Eventually(t, func() bool {
		return len(p.get(workspace + "/deliveries?status=delivered")["items"].([]any)) == 3
	}, time.Minute, 100*time.Millisecond, "both providers report what became of their messages")

	for _, answer := range []string{
		`{"from":"+14155550101","text":"See you on Friday"}`,
		`{"from":"ben@customers.example","text":"Thank you, paid"}`,
	} {
		request, err := http.NewRequestWithContext(
			t.Context(),
			http.MethodPost,
			p.inbox+"/sandbox/answers",
			strings.NewReader(answer),
		)

		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		p.do(request, http.StatusOK)
	}

	for chat, text := range map[string]string{"1": "See you on Friday", "2": "Thank you, paid"} {
		newest := p.get(workspace + "/chats/" + chat + "/messages?limit=1")
		assert.Contains(t, fmt.Sprint(newest), text)
		assert.Equal(t, true, p.get(workspace + "/chats/" + chat)["needs_response"])
	}
}

func TestKilledBeforeThePostItSendsOnceAfterTheRestart(t *testing.T) {
	t.Parallel()
	var asked, taken atomic.Int64
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(http.StatusTooManyRequests)

			return
		}

		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"sid":"SM%032d","status":"queued"}`, taken.Add(1))
	}))

	t.Cleanup(provider.Close)
	p := newTestEnv(t, twilioAt(provider.URL)...)
	started, _ := p.up()

	action := p.send()
	for !strings.Contains(fmt.Sprint(p.get(action+"?wait=1")), "twilio_429") {
		require.Zero(t, taken.Load())
	}

	started.Kill()
	p.up()
	done := p.await(action, func(a map[string]any) bool { return a["state"] == "succeeded" })
	assert.Equal(t, "succeeded", done["state"], done)
	assert.Equal(t, int64(1), taken.Load())
}

func TestKilledInMidPostItNeverPostsAgainAndSaysSo(t *testing.T) {
	t.Parallel()
	var taken atomic.Int64
	first := make(chan struct{})
	provider := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)

		if taken.Add(1) == 1 {
			close(first)
		}

		<-r.Context().Done() // it has the message, and will never say so
	}))

	t.Cleanup(provider.Close)
	p := newTestEnv(t, twilioAt(provider.URL)...)
	started, _ := p.up()
	action := p.send()

	<-first
	started.Kill()
	p.up()
	seen := p.await(action, func(a map[string]any) bool { return a["status"] == "unknown" })
	assert.Equal(t, "unknown", seen["status"], seen)
	assert.Contains(t, seen["explanation"], "May have been sent")
	assert.Equal(t, int64(1), taken.Load())
}

func twilioAt(url string) []string {
	return []string{
		"HANDRAIL_TWILIO_BASE_URL=" + url,
		"TWILIO_ACCOUNT_SID=" + sandboxAccount,
		"TWILIO_AUTH_TOKEN=" + sandboxToken,
	}
}

func TestATakenPortIsAClearError(t *testing.T) {
	t.Parallel()

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })

	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	for variable, value := range map[string]string{
		"HANDRAIL_ADDR":              "127.0.0.1:" + port,
		"HANDRAIL_DEV_TEMPORAL_PORT": port,
		"HANDRAIL_DEV_UI_PORT":       port,
		"HANDRAIL_DEV_SANDBOX_PORT":  port,
	} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			p := newTestEnv(t)
			started := programtest.Start(t, p.folder, append(p.environ, variable+"="+value))
			assert.Equal(t, 1, started.Wait())
			assert.Contains(t, started.Output(), "set "+variable)
			assert.Contains(t, started.Output(), port)
		})
	}
}

func TestTheSandboxRunsAlone(t *testing.T) {
	t.Parallel()
	p := newTestEnv(t)
	started := programtest.Start(t, p.folder, p.environ, "sandbox")
	assert.NotContains(t, started.Await("SENDGRID_API_KEY="), "HANDRAIL_PUBLIC_URL")
	assert.Empty(t, p.get(p.inbox + "/sandbox/messages.json")["messages"])
	assert.Equal(t, 0, started.Stop())

	_, err := os.Stat(filepath.Join(p.folder, ".handrail", "handrail.db"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestTheSandboxAloneShowsHowItIsVerified(t *testing.T) {
	t.Parallel()
	p := newTestEnv(t)
	port := strconv.Itoa(programtest.FreePorts(t, 1)[0])
	args := []string{"sandbox", "--port", port, "--callbacks-to", "http://127.0.0.1:8080/"}
	key := regexp.MustCompile(`HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY=(\S+)`)
	started := programtest.Start(t, p.folder, p.environ, args...)
	screen := started.Await("SENDGRID_API_KEY=")
	assert.Contains(t, screen, "HANDRAIL_PUBLIC_URL=http://127.0.0.1:8080 ")
	assert.Contains(t, screen, "http://127.0.0.1:"+port)
	assert.Equal(t, 0, started.Stop())
	again := programtest.Start(t, p.folder, p.environ, args...).Await("SENDGRID_API_KEY=")
	assert.Equal(t, key.FindString(screen), key.FindString(again), "what was configured goes on working")
}

func TestTemporalRunsAloneOnItsFile(t *testing.T) {
	t.Parallel()
	p := newTestEnv(t)
	port := strconv.Itoa(programtest.FreePorts(t, 1)[0])
	started := programtest.Start(t, p.folder, p.environ, "temporal", "--port", port)
	started.Await("TEMPORAL_ADDRESS=127.0.0.1:" + port)
	assert.FileExists(t, filepath.Join(p.folder, ".handrail", "temporal.db"))
	assert.Equal(t, 0, started.Stop(), started.Output())
}

func TestHelpNamesTheCommands(t *testing.T) {
	t.Parallel()
	started := programtest.Start(t, t.TempDir(), nil, "--help")
	assert.Equal(t, 0, started.Wait())

	for _, want := range []string{"up", "sandbox", "temporal"} {
		assert.Contains(t, started.Output(), want)
	}
}
