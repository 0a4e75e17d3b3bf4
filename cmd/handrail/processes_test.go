package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/cmd/internal/trial/programtest"
	"handrail/db"
	"handrail/db/dbtest"
	"handrail/sandbox"
	"handrail/temporaldev"
	"handrail/workflows"
)

// startTemporal is a Temporal server of the test's own.
func startTemporal(t *testing.T) *temporaldev.Server {
	t.Helper()

	server, err := temporaldev.Start(
		context.Background(),
		temporaldev.Options{Namespace: "default", SearchAttributes: workflows.SearchAttributes()},
	)

	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Stop()) })

	return server
}

// testCluster is an installation as in production: PostgreSQL, Temporal, and the programs as
// processes of their own.
type testCluster struct {
	*terminal
	box    *sandbox.Sandbox
	addr   string
	ws     string
	secret string
	chats  []chat.ChatID
	emails []chat.ChatID
}

func newTestCluster(t *testing.T, environ ...string) *testCluster {
	t.Helper()

	key, err := sandbox.NewSigningKey()
	require.NoError(t, err)
	public, err := sandbox.PublicKey(key)
	require.NoError(t, err)
	addr := "127.0.0.1:" + strconv.Itoa(programtest.FreePorts(t, 1)[0])
	hooks := "http://" + addr + "/webhooks/"
	box, err := sandbox.New(sandbox.Config{
		AccountSID:       "AC1",
		AuthToken:        "token",
		SendGridKey:      "SG.key",
		SigningKey:       key,
		TwilioInboundURL: hooks + "twilio/inbound",
		EventURL:         hooks + "sendgrid/events",
		MailInboundURL:   hooks + "sendgrid/inbound",
	})

	require.NoError(t, err)

	providers := httptest.NewServer(box.Handler())

	t.Cleanup(func() {
		providers.Close()
		assert.NoError(t, box.Close())
	})
	url := dbtest.NewPostgresURL(t)
	s := &testCluster{box: box, addr: addr, terminal: newTerminal(t, append(environ,
		"HANDRAIL_PUBLIC_URL=http://"+addr, "HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY="+public,
		"DATABASE_URL="+url, "TEMPORAL_ADDRESS="+startTemporal(t).Address(), "HANDRAIL_LOG_FORMAT=json",
		"TWILIO_ACCOUNT_SID=AC1",
		"TWILIO_AUTH_TOKEN=token",
		"HANDRAIL_TWILIO_BASE_URL="+providers.URL,
		"SENDGRID_API_KEY=SG.key",
		"HANDRAIL_SENDGRID_BASE_URL="+providers.URL,
		"HANDRAIL_ENCRYPTION_KEYS=k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")...)}

	s.must("migrate", "up")

	store, err := db.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	s.seed(store)

	return s
}

// seed makes customers with a chat each, through the store, and a key on the command line.
func (s *testCluster) seed(store *db.Store) {
	s.Helper()
	w := dbtest.Seed(s, store)
	s.ws = string(w.Workspace)

	by := chat.Actor{MemberID: w.Manager.ID}
	for i := range 10 {
		customer, err := store.CreateMember(s.Context(), w.Workspace, by, chat.Member{
			Kind:                 chat.KindPerson,
			Role:                 chat.RoleUser,
			Name:                 fmt.Sprintf("Customer %d", i),
			Phone:                fmt.Sprintf("+1415555020%d", i),
			Email:                fmt.Sprintf("customer%d@example.com", i),
			NotificationsEnabled: true,
			Consents: chat.Consents{
				chat.ChannelSMS:   chat.ConsentGranted,
				chat.ChannelEmail: chat.ConsentGranted,
			},
		})

		require.NoError(s, err)

		made, err := store.CreateChat(s.Context(), w.Workspace, by, chat.NewChat{
			Channel:           chat.ChannelSMS,
			MemberID:          customer.ID,
			AssistantMemberID: &w.Assistant.ID,
			PhoneNumberID:     &w.PhoneNumber.ID,
		})

		require.NoError(s, err)
		s.chats = append(s.chats, made.ID)
		made, err = store.CreateChat(s.Context(), w.Workspace, by, chat.NewChat{
			Channel:           chat.ChannelEmail,
			MemberID:          customer.ID,
			AssistantMemberID: &w.Assistant.ID,
			InboxID:           &w.Inbox.ID,
		})

		require.NoError(s, err)
		s.emails = append(s.emails, made.ID)
	}

	var key struct {
		Key string `json:"key"`
	}

	created := s.must(
		"keys",
		"create",
		"--workspace",
		s.ws,
		"--member",
		strconv.FormatInt(int64(w.Manager.ID), 10),
		"--name",
		"test",
		"--json",
	)

	require.NoError(s, json.Unmarshal([]byte(created), &key))
	s.secret = key.Key
}

// api starts an API process and returns its origin.
func (s *testCluster) api() (*programtest.Process, string) {
	s.Helper()
	return s.apiAt("127.0.0.1:" + strconv.Itoa(programtest.FreePorts(s, 1)[0]))
}

func (s *testCluster) apiAt(addr string) (*programtest.Process, string) {
	s.Helper()
	p := programtest.Start(s, s.TempDir(), append(s.environ, "HANDRAIL_ADDR="+addr), "api")
	p.Await("serving the API")

	return p, "http://" + addr
}

func (s *testCluster) worker() *programtest.Process {
	s.Helper()
	p := programtest.Start(s, s.TempDir(), s.environ, "worker")
	p.Await("Started Worker")

	return p
}

// send sends a text as a careful client does: a broken connection and a 503 are asked again
// with the same key at the next API, and a 202 is followed. It returns the status with which
// the message is done: accepted, or needs_review when nobody can tell whether the provider
// has it.
func (s *testCluster) send(apis []string, n int) string {
	send := fmt.Sprintf("/chats/%d/send-assistant-message", s.chats[n%len(s.chats)])
	for try := range 20 {
		api := apis[(n+try)%len(apis)]

		status, body, err := s.ask(
			http.MethodPost,
			api+"/api/v2/w/"+s.ws+send,
			fmt.Sprintf(`{"message":"message %d"}`, n),
			strconv.Itoa(n),
		)
		if err != nil || status == http.StatusServiceUnavailable {
			continue
		}

		if status == http.StatusAccepted {
			return s.follow(apis[1]+"/api/v2/w/"+s.ws+"/actions/"+body["action_id"].(string), n)
		}

		assert.Equal(s, http.StatusOK, status, body)

		return "accepted"
	}

	s.Errorf("message %d was not taken in twenty tries", n)

	return ""
}

// follow asks for an action until its message is done.
func (s *testCluster) follow(action string, n int) string {
	again := time.NewTicker(200 * time.Millisecond) // one that waits for a person answers at once
	defer again.Stop()
	var body map[string]any

	for began := time.Now(); time.Since(began) < 3*time.Minute; <-again.C {
		var code int

		var err error
		if code, body, err = s.ask(http.MethodGet, action+"?wait=10", "", ""); err != nil || code != http.StatusOK {
			continue
		}

		switch {
		case body["state"] == "succeeded":
			return "accepted"
		case body["status"] == "needs_review":
			return "needs_review"
		}
	}

	s.Errorf("message %d is not done: %v", n, body)

	return ""
}

func (s *testCluster) ask(method, url, body, key string) (int, map[string]any, error) {
	request, err := http.NewRequestWithContext(s.Context(), method, url, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}

	request.Header.Set("Authorization", "Bearer "+s.secret)

	if body != "" {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", key)
	}

	answer, err := (&http.Client{Timeout: 2 * time.Minute}).Do(request)
	if err != nil {
		return 0, nil, err
	}

	var decoded map[string]any
	err = errors.Join(json.NewDecoder(answer.Body).Decode(&decoded), answer.Body.Close())

	return answer.StatusCode, decoded, err
}

func TestTwoAPIsAndTwoWorkersOnPostgreSQL(t *testing.T) {
	t.Parallel()
	s := newTestCluster(t, "HANDRAIL_SETTLE=4s")
	first, one := s.api()
	_, two := s.api()
	lost := s.worker()
	s.worker()

	apis := []string{one, two}
	var sending sync.WaitGroup
	var once sync.Once

	var statuses [40]string
	for n := range statuses {
		sending.Go(func() {
			statuses[n] = s.send(apis, n)

			// With work under way, one worker dies hard and one API is asked to stop.
			if n >= 10 {
				once.Do(func() {
					sending.Go(lost.Kill)
					sending.Go(func() { assert.Equal(t, 0, first.Stop(), first.Output()) })
				})
			}
		})
	}

	sending.Wait()

	texts := make(map[string]int)
	for _, m := range s.box.Messages(sandbox.MessageFilter{}) {
		texts[m.Body]++
	}

	for n, status := range statuses {
		text := fmt.Sprintf("message %d", n)
		// The worker that died was about to hand it over: it waits for a person, and nothing posts
		// it again.
		if status == "needs_review" {
			assert.LessOrEqual(t, texts[text], 1, text)
			continue
		}

		assert.Equal(t, "accepted", status, text)
		assert.Equal(t, 1, texts[text], text)
	}

	t.Run("logs hold no text, address or secret", func(t *testing.T) {
		for _, secret := range []string{"message 1", "4155550", s.secret, "SG.key", "MDEyMzQ1"} {
			assert.NotContains(t, first.Output()+lost.Output(), secret)
		}
	})
}

func TestHealthFollowsTheAPI(t *testing.T) {
	t.Parallel()
	s := newTestCluster(t)
	_, origin := s.api()
	c := &terminal{T: t, environ: append(s.environ, "HANDRAIL_ADDR="+strings.TrimPrefix(origin, "http://"))}
	assert.Contains(t, c.must("health"), "ready")
}

func TestAPartThatIsAwayIsWaitedForAndNamed(t *testing.T) {
	t.Parallel()

	nobody := "127.0.0.1:" + strconv.Itoa(programtest.FreePorts(t, 1)[0])
	for what, environ := range map[string][]string{
		"DATABASE_URL":     {"DATABASE_URL=postgres://handrail:hunter2@" + nobody + "/handrail?sslmode=disable"},
		"TEMPORAL_ADDRESS": {"DATABASE_URL=" + dbtest.NewPostgresURL(t), "TEMPORAL_ADDRESS=" + nobody},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := programtest.Start(t, t.TempDir(), append(environ, "HANDRAIL_ADDR=127.0.0.1:0"), "all")
			output := p.Await("next_try_in")
			assert.Contains(t, output, "waiting")
			assert.Contains(t, output, what)
			assert.NotContains(t, output, "hunter2")
			assert.Equal(t, 1, p.Stop(), "it has not served")
		})
	}
}
