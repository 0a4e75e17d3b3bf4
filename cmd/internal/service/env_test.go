package service_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/cmd/internal/service"
	"handrail/db"
	"handrail/db/dbtest"
	"handrail/sandbox"
	"handrail/temporaldev"
	"handrail/workflows"
)

// temporal is the one embedded server that the tests of this package share. Each test has
// a task queue and a database of its own, so none meets another's workflows.
var temporal = sync.OnceValues(func() (*temporaldev.Server, error) {
	return temporaldev.Start(
		context.Background(),
		temporaldev.Options{Namespace: "default", SearchAttributes: workflows.SearchAttributes()},
	)
})

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == asMCPServer {
		serveMCP()
		return
	}

	status := m.Run()

	if server, err := temporal(); err == nil {
		if err := server.Stop(); err != nil {
			slog.Error("embedded Temporal server did not stop", "error", err)
		}
	}

	os.Exit(status)
}

// env is a whole Handrail for one test: database, sandbox, API, worker.
type env struct {
	*testing.T
	store  *db.Store
	box    *sandbox.Sandbox
	config *config.Config
	// front is where the providers reach the API, whichever serves it at the moment.
	front *front
	url   string
	// metrics is where the process serves its metrics, host:port.
	metrics string
	secret  string
	// signing is the key that SendGrid signs with.
	signing *ecdsa.PrivateKey
	ws      chat.WorkspaceID
	people  people
	// stop stops API and worker; stopped waits until they have ended.
	stop, stopped func()
	// log is what API and worker have logged.
	log *writtenLog
}

// writtenLog keeps what is logged.
type writtenLog struct {
	mutex sync.Mutex
	text  strings.Builder
}

// Write keeps p.
func (l *writtenLog) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	return l.text.Write(p)
}

func (l *writtenLog) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	return l.text.String()
}

// people are who and what the test's workspace has.
type people struct {
	manager, assistant, ana, priya chat.Member
	sms, email                     chat.Chat
}

const (
	account     = "ACdeadbeefdeadbeefdeadbeefdeadbeef"
	token       = "sandboxtoken00000000000000000000"
	sendGridKey = "SG.sandbox.0"
)

// option changes an env before it starts.
type option func(*config.Config)

func withEncryption(c *config.Config) {
	c.EncryptionKeys = "test:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
}

// eachEngine runs a test on both databases.
func eachEngine(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()

	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, "sqlite:"+t.TempDir()+"/handrail.db")
	})

	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, dbtest.NewPostgresURL(t))
	})
}

func newEnv(t *testing.T, databaseURL string, options ...option) *env {
	t.Helper()
	return newEnvWithProviders(t, sandbox.Config{}, databaseURL, options...)
}

// newEnvWithProviders is newWorld with providers that behave as given.
func newEnvWithProviders(t *testing.T, providers sandbox.Config, databaseURL string, options ...option) *env {
	t.Helper()

	embedded, err := temporal()
	require.NoError(t, err)
	front := newFront(t)
	key, err := sandbox.NewSigningKey()
	require.NoError(t, err)
	public, err := sandbox.PublicKey(key)
	require.NoError(t, err)

	providers.AccountSID = account
	providers.AuthToken = token
	providers.SendGridKey = sendGridKey
	providers.SigningKey = key
	providers.EventURL = front.url + "/webhooks/sendgrid/events"
	providers.MailInboundURL = front.url + "/webhooks/sendgrid/inbound"
	providers.TwilioInboundURL = front.url + "/webhooks/twilio/inbound"
	box, err := sandbox.New(providers)
	require.NoError(t, err)

	providerServer := httptest.NewServer(box.Handler())

	t.Cleanup(func() {
		providerServer.Close()
		require.NoError(t, box.Close())
	})

	c, err := config.Load([]string{
		"DATABASE_URL=" + databaseURL,
		"HANDRAIL_TASK_QUEUE=" + uuid.NewString(),
		"HANDRAIL_LOG_LEVEL=error",
		"TWILIO_ACCOUNT_SID=" + account,
		"TWILIO_AUTH_TOKEN=" + token,
		"HANDRAIL_TWILIO_BASE_URL=" + providerServer.URL,
		"SENDGRID_API_KEY=" + sendGridKey,
		"HANDRAIL_SENDGRID_BASE_URL=" + providerServer.URL,
		"HANDRAIL_PUBLIC_URL=" + front.url,
		"HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY=" + public,
		"HANDRAIL_REPLY_DOMAIN=in.handrail.example",
	})

	require.NoError(t, err)

	for _, change := range options {
		change(c)
	}

	w := &env{
		T:       t,
		box:     box,
		config:  c,
		front:   front,
		secret:  chat.NewKeySecret(),
		signing: key,
		log:     &writtenLog{},
		ws:      chat.WorkspaceID(uuid.NewString()),
	}

	s := w.connect(embedded.Address())
	w.store = s.Store
	_, err = s.Migrate(t.Context())
	require.NoError(t, err)
	w.seed()
	w.start(s)

	return w
}

func (w *env) connect(address string) *service.Service {
	w.Helper()

	s, err := service.Connect(
		w.Context(),
		w.config,
		[]string{"TEMPORAL_ADDRESS=" + address},
		service.NewLogger(io.MultiWriter(os.Stderr, w.log), w.config),
	)

	require.NoError(w, err)

	s.Pages.ShowsComponents = true

	return s
}

// start runs the API and a worker until the test ends.
func (w *env) start(s *service.Service) {
	w.Helper()

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(w, err)
	w.url = "http://" + l.Addr().String()
	w.front.serves(w.url)

	metrics, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(w, err)

	w.metrics = metrics.Addr().String()

	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { requireNoError(w, s.ServeAPI(ctx, l)) })
	running.Go(func() { requireNoError(w, s.ServeMetrics(ctx, metrics)) })
	running.Go(func() { requireNoError(w, s.Work(ctx)) })
	running.Go(func() { requireNoError(w, s.Sequence(ctx)) })

	w.stop = cancel
	w.stopped = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		requireNoError(w, s.Close())
	})

	w.Cleanup(w.stopped)
}

// requireNoError is for goroutines, in which a test must not be ended.
func requireNoError(w *env, err error) {
	if err != nil {
		w.Errorf("%v", err)
	}
}

func (w *env) seed() {
	w.Helper()
	ctx := w.Context()
	require.NoError(w, w.store.CreateWorkspace(ctx, chat.Workspace{ID: w.ws, Name: w.Name(), CreatedAt: time.Now()}))

	member := func(m chat.Member) chat.Member {
		m.NotificationsEnabled = true
		m.Consents = chat.Consents{chat.ChannelSMS: chat.ConsentGranted}

		if m.Role == "" {
			m.Role = chat.RoleUser
		}

		made, err := w.store.CreateMember(ctx, w.ws, chat.Actor{}, m)
		require.NoError(w, err)

		return made
	}

	p := &w.people
	p.manager = member(chat.Member{Kind: chat.KindPerson, Role: chat.RoleManager, Name: "Mara Feld"})
	p.assistant = member(chat.Member{Kind: chat.KindAssistant, Name: "Robin"})
	p.ana = member(chat.Member{
		Kind:  chat.KindPerson,
		Name:  "Ana Lopez",
		Phone: "+14155550101",
		Email: "ana@customers.example",
	})

	p.priya = member(chat.Member{Kind: chat.KindPerson, Name: "Priya Raman"})
	by := chat.Actor{MemberID: p.manager.ID}
	_, err := w.store.CreateKey(
		ctx,
		w.ws,
		by,
		chat.Key{MemberID: p.manager.ID, Name: "test", Scopes: chat.AllScopes()},
		chat.HashKey(w.secret),
	)

	require.NoError(w, err)
	number, err := w.store.CreatePhoneNumber(ctx, w.ws, by, chat.PhoneNumber{Number: "+14155550100"})
	require.NoError(w, err)

	inbox, err := w.store.CreateInbox(
		ctx,
		w.ws,
		by,
		chat.Inbox{Address: "support@handrail.example", DisplayName: "Support"},
	)

	require.NoError(w, err)

	for _, l := range []chat.Label{{Name: "vip", Description: "Important customers"}, {Name: "billing", Description: "Invoices, payments, refunds"}} {
		_, err = w.store.CreateLabel(ctx, w.ws, by, l)
		require.NoError(w, err)
	}

	p.sms, err = w.store.CreateChat(ctx, w.ws, by, chat.NewChat{
		Channel:           chat.ChannelSMS,
		MemberID:          p.ana.ID,
		AssistantMemberID: &p.assistant.ID,
		PhoneNumberID:     &number.ID,
	})

	require.NoError(w, err)

	p.email, err = w.store.CreateChat(ctx, w.ws, by, chat.NewChat{
		Channel:           chat.ChannelEmail,
		Title:             "Invoice 1184",
		MemberID:          p.ana.ID,
		AssistantMemberID: &p.assistant.ID,
		InboxID:           &inbox.ID,
	})

	require.NoError(w, err)
	w.inbound(p.sms.ID, "Where is my order 7-1184? I paid the invoice on Monday, or I want a refund.")
}

func (w *env) inbound(id chat.ChatID, text string) {
	w.Helper()
	_, err := w.store.AddMessage(w.Context(), w.ws, id, chat.NewMessage{MemberID: w.people.ana.ID, Content: text})
	require.NoError(w, err)
}

func (w *env) chat(id chat.ChatID) chat.Chat {
	w.Helper()
	c, err := w.store.Chat(w.Context(), w.ws, id)
	require.NoError(w, err)

	return c
}

// response is an answer of the API.
type response struct {
	status int
	header http.Header
	body   map[string]any
	raw    string
}

// call asks the API as it is on the wire: these tests are about statuses, headers and bodies, refused ones too, which a
// client would not let them send or see. headers are name, value, name, value… What is only prepared for a test is
// asked for with [env.api], the generated client.
func (w *env) call(method, path string, body any, headers ...string) response {
	w.Helper()
	var payload io.Reader

	if body != nil {
		encoded, err := json.Marshal(body)
		require.NoError(w, err)

		payload = bytes.NewReader(encoded)
	}

	request, err := http.NewRequestWithContext(w.Context(), method, w.url+"/api/v2/w/"+string(w.ws)+path, payload)
	require.NoError(w, err)
	request.Header.Set("Authorization", "Bearer "+w.secret)

	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}

	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}

	answer, err := (&http.Client{}).Do(request)
	require.NoError(w, err)

	defer answer.Body.Close()

	raw, err := io.ReadAll(answer.Body)
	require.NoError(w, err)

	r := response{status: answer.StatusCode, header: answer.Header, raw: string(raw)}
	if len(raw) > 0 {
		require.NoError(w, json.Unmarshal(raw, &r.body), "%s", raw)
	}

	return r
}

// below is a Location as call takes it: without the workspace before it.
func (w *env) below(location string) string {
	w.Helper()
	path, ok := strings.CutPrefix(location, "/api/v2/w/"+string(w.ws))
	require.True(w, ok, location)

	return path
}

// at reads a value by its path in the answer: "message.tool_calls.0.status".
func (r response) at(path ...any) any {
	var here any = r.body

	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := here.(map[string]any)
			here = object[step]
		case int:
			list, _ := here.([]any)
			if step >= len(list) {
				return nil
			}

			here = list[step]
		}
	}

	return here
}

func sendPath(id chat.ChatID) string { return fmt.Sprintf("/chats/%d/send-assistant-message", id) }

func sendBody(text string, tools ...map[string]any) map[string]any {
	body := map[string]any{"message": text}
	if len(tools) > 0 {
		body["tool_calls"] = tools
	}

	return body
}

func newToolCall(name string, arguments map[string]any) map[string]any {
	return map[string]any{"name": name, "arguments": arguments}
}
