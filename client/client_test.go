package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/client"
)

const (
	workspace = "11111111-1111-4111-8111-111111111111"
	action    = "01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e"
	busy      = `{"code":"unavailable","detail":"the database does not answer","status":503}`
	done      = `{"action_id":"` + action + `","state":"succeeded","result":{"success":true}}`
)

// reply is one answer of a server that plays the API.
type reply struct {
	status  int
	body    string
	headers map[string]string
}

// played is a server that plays the API: it gives its replies one after the other, the last one again and again.
type played struct {
	mutex    sync.Mutex
	replies  []reply
	requests []*http.Request
	bodies   []string
}

func (p *played) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	body, _ := io.ReadAll(r.Body)
	p.requests = append(p.requests, r)
	p.bodies = append(p.bodies, string(body))

	next := p.replies[0]
	if len(p.replies) > 1 {
		p.replies = p.replies[1:]
	}

	w.Header().Set("Content-Type", "application/json")

	for name, value := range next.headers {
		w.Header().Set(name, value)
	}

	w.WriteHeader(next.status)
	_, _ = io.WriteString(w, next.body)
}

// playAPI starts a server with replies, and returns a client of it.
func playAPI(t *testing.T, replies ...reply) (*client.API, *played) {
	t.Helper()

	p := &played{replies: replies}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)

	api, err := client.New(
		server.URL, "hr_test",
		client.WithUserAgent("tests/1"),
		client.WithRetries(3, time.Millisecond),
	)
	require.NoError(t, err)

	return api, p
}

func TestARequestCarriesTheKey(t *testing.T) {
	t.Parallel()

	api, p := playAPI(t, reply{status: http.StatusOK, body: `{"id":7,"state":"open"}`})

	got, err := api.GetChatWithResponse(t.Context(), workspace, 7, nil)
	require.NoError(t, err)
	require.NotNil(t, got.JSON200)
	assert.Equal(t, int64(7), got.JSON200.ID)
	assert.Equal(t, client.ChatStateOpen, got.JSON200.State)

	sent := p.requests[0]
	assert.Equal(t, "/api/v2/w/"+workspace+"/chats/7", sent.URL.Path)
	assert.Equal(t, "Bearer hr_test", sent.Header.Get("Authorization"))
	assert.Equal(t, "tests/1", sent.Header.Get("User-Agent"))
}

func TestARefusalIsAnError(t *testing.T) {
	t.Parallel()

	api, _ := playAPI(t, reply{
		status: http.StatusConflict,
		body: `{"code":"conflict","detail":"there is one","status":409,"retryable":true,` +
			`"errors":[{"field":"body.name","message":"must be another one"}]}`,
		headers: map[string]string{"X-Request-Id": "r1", "Retry-After": "3"},
	})

	_, err := api.CreateLabelWithResponse(t.Context(), workspace, nil, client.NewLabel{Name: "vip"})

	var refusal *client.Error
	require.ErrorAs(t, err, &refusal)
	assert.True(t, client.HasCode(err, client.ProblemCodeConflict))
	assert.False(t, client.HasCode(err, client.ProblemCodeInternal))
	assert.Equal(t, int64(http.StatusConflict), refusal.Status)
	assert.Equal(t, "r1", refusal.RequestID)
	assert.Equal(t, 3*time.Second, refusal.RetryAfter)
	assert.Equal(t, "body.name", refusal.Errors[0].Field)
	assert.EqualError(t, err, "there is one (conflict); body.name must be another one")
}

func TestWhatDoesNoHarmIsRepeated(t *testing.T) {
	t.Parallel()

	message := client.Send{Message: "Hello"}
	send := func(api *client.API, params *client.SendAssistantMessageParams, editors ...client.RequestEditorFn) error {
		_, err := api.SendAssistantMessageWithResponse(t.Context(), workspace, 7, params, message, editors...)
		return err
	}

	tests := map[string]struct {
		ask   func(api *client.API) error
		tries int
	}{
		"a GET": {
			ask: func(api *client.API) error {
				_, err := api.GetStatusWithResponse(t.Context(), workspace)
				return err
			},
			tries: 3,
		},
		"a POST with a key": {
			ask: func(api *client.API) error {
				return send(api, &client.SendAssistantMessageParams{IdempotencyKey: new("k")})
			},
			tries: 3,
		},
		"a POST that is marked": {
			ask:   func(api *client.API) error { return send(api, nil, client.Repeatable) },
			tries: 3,
		},
		"another POST": {
			ask:   func(api *client.API) error { return send(api, nil) },
			tries: 1,
		},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			api, p := playAPI(t, reply{status: http.StatusServiceUnavailable, body: busy})

			err := tt.ask(api)
			assert.True(t, client.IsTransient(err), "%v", err)
			require.Len(t, p.requests, tt.tries)
			assert.Equal(t, p.bodies[0], p.bodies[tt.tries-1], "the body is sent again")
		})
	}
}

func TestSomethingElseThanTheAPI(t *testing.T) {
	t.Parallel()

	api, p := playAPI(t, reply{status: http.StatusBadGateway, body: "<html>"})

	_, err := api.GetStatusWithResponse(t.Context(), workspace)
	assert.True(t, client.IsTransient(err))
	assert.Len(t, p.requests, 3, "a proxy that does not reach the API is asked again")

	var other *client.UnexpectedAnswerError
	require.ErrorAs(t, err, &other)
	assert.Equal(t, "502 Bad Gateway", other.Status)

	_, err = client.New("handrail.example.com", "hr_test")
	require.ErrorContains(t, err, "https://")

	api, err = client.New("http://127.0.0.1:1", "hr_test", client.WithRetries(2, time.Millisecond))
	require.NoError(t, err)

	_, err = api.GetStatusWithResponse(t.Context(), workspace)

	var nobody *client.UnreachableError
	require.ErrorAs(t, err, &nobody)
	assert.Equal(t, "http://127.0.0.1:1", nobody.Address)
	assert.True(t, client.IsTransient(err))
}

func TestAContextEndsRetries(t *testing.T) {
	t.Parallel()

	api, p := playAPI(t, reply{
		status:  http.StatusTooManyRequests,
		body:    `{"code":"rate_limited","detail":"too many","status":429}`,
		headers: map[string]string{"Retry-After": "20"},
	})

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()

	_, err := api.GetStatusWithResponse(ctx, workspace)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Len(t, p.requests, 1, "the server is asked again when it says")
}

func TestWaitForAction(t *testing.T) {
	t.Parallel()

	running := reply{status: http.StatusOK, body: `{"action_id":"` + action + `","state":"running"}`}
	failed := `{"action_id":"` + action + `","state":"failed",` +
		`"problem":{"code":"delivery_failed","detail":"the number does not exist","status":500}}`

	api, p := playAPI(t, running, reply{status: http.StatusOK, body: done})

	ended, err := api.WaitForAction(t.Context(), workspace, action)
	require.NoError(t, err)
	assert.Equal(t, client.ActionStateSucceeded, ended.State)
	assert.Equal(t, "25", p.requests[0].URL.Query().Get("wait"))

	result, err := ended.Result.AsMessageSent()
	require.NoError(t, err)
	assert.True(t, result.Success)

	api, _ = playAPI(t, reply{status: http.StatusOK, body: strings.Replace(done, "succeeded", "parked", 1)})

	ended, err = api.WaitForAction(t.Context(), workspace, action)
	require.NoError(t, err)
	assert.Equal(t, client.ActionStateParked, ended.State, "a person is not waited for")

	api, _ = playAPI(t, reply{status: http.StatusOK, body: failed})

	ended, err = api.WaitForAction(t.Context(), workspace, action)
	assert.True(t, client.HasCode(err, client.ProblemCodeDeliveryFailed), "%v", err)
	assert.Equal(t, client.ActionStateFailed, ended.State)
}

// TestAnActionWithoutAnOutcomeIsNoSuccess waits for actions that say neither what they did nor why not.
func TestAnActionWithoutAnOutcomeIsNoSuccess(t *testing.T) {
	t.Parallel()

	for _, body := range []string{`{"state":"failed"}`, `{"state":"exploded"}`, `{}`, `null`} {
		api, _ := playAPI(t, reply{status: http.StatusOK, body: body})

		_, err := api.WaitForAction(t.Context(), workspace, action)
		_, ok := errors.AsType[*client.UnexpectedAnswerError](err)
		assert.True(t, ok, "%s: %v", body, err)
	}
}

func TestItemsReadsAllPages(t *testing.T) {
	t.Parallel()

	api, p := playAPI(
		t,
		reply{status: http.StatusOK, body: `{"items":[{"id":1},{"id":2}],"next_cursor":"c2"}`},
		reply{status: http.StatusOK, body: `{"items":[{"id":3}],"next_cursor":null}`},
	)

	chats := client.Items[client.Chat](func(cursor *string) (*http.Response, error) {
		return api.ListChats(t.Context(), workspace, &client.ListChatsParams{Cursor: cursor, Limit: new(int64(2))})
	})

	var ids []int64

	for chat, err := range chats {
		require.NoError(t, err)

		ids = append(ids, chat.ID)
	}

	assert.Equal(t, []int64{1, 2, 3}, ids)
	assert.Equal(t, "limit=2", p.requests[0].URL.RawQuery)
	assert.Equal(t, "c2", p.requests[1].URL.Query().Get("cursor"))

	api, _ = playAPI(t, reply{status: http.StatusForbidden, body: `{"code":"forbidden","detail":"no","status":403}`})

	for _, err := range client.Items[client.Chat](func(*string) (*http.Response, error) {
		return api.ListChats(t.Context(), workspace, nil)
	}) {
		assert.True(t, client.HasCode(err, client.ProblemCodeForbidden))
	}
}

// TestHostileLists end with an error: one whose next page is the same again, and what is no list.
func TestHostileLists(t *testing.T) {
	t.Parallel()

	for body, seen := range map[string]int{
		`{"items":[{"id":1}],"next_cursor":"c"}`: 2,
		`{"items":[],"next_cursor":"c"}`:         0,
		`{}`:                                     0,
		`null`:                                   0,
		`{"items":7}`:                            0,
		`<html>`:                                 0,
	} {
		api, p := playAPI(t, reply{status: http.StatusOK, body: body})

		var last error

		ids := 0

		for _, err := range client.Items[client.Chat](func(cursor *string) (*http.Response, error) {
			return api.ListChats(t.Context(), workspace, &client.ListChatsParams{Cursor: cursor})
		}) {
			if last = err; err == nil {
				ids++
			}

			require.Less(t, len(p.requests), 5, body)
		}

		_, ok := errors.AsType[*client.UnexpectedAnswerError](last)
		assert.True(t, ok, "%s: %v", body, last)
		assert.Equal(t, seen, ids, body)
	}
}

// TestAnEndlessAnswerIsGivenUp reads an answer that is longer than any of the API.
func TestAnEndlessAnswerIsGivenUp(t *testing.T) {
	t.Parallel()

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")

		blanks := bytes.Repeat([]byte(" "), 1<<20)
		for _, err := io.WriteString(w, "{}"); err == nil; {
			_, err = w.Write(blanks)
		}
	}))
	t.Cleanup(server.Close)

	api, err := client.New(server.URL, "hr_test")
	require.NoError(t, err)

	_, err = api.GetStatusWithResponse(t.Context(), workspace)
	require.ErrorContains(t, err, "64 MiB")
	assert.False(t, client.IsTransient(err))
}

// TestARedirectGetsNoKey has the API's address lead elsewhere.
func TestARedirectGetsNoKey(t *testing.T) {
	t.Parallel()

	_, elsewhere := playAPI(t, reply{status: http.StatusOK, body: `{}`})
	other := httptest.NewServer(elsewhere)
	t.Cleanup(other.Close)

	api, _ := playAPI(t, reply{
		status:  http.StatusTemporaryRedirect,
		headers: map[string]string{"Location": other.URL},
	})

	_, err := api.GetStatusWithResponse(t.Context(), workspace)
	_, ok := errors.AsType[*client.UnexpectedAnswerError](err)
	assert.True(t, ok, "%v", err)
	assert.Empty(t, elsewhere.requests)
}

// TestAnEmptyListIsSent: leaving a list out and emptying it are two things.
func TestAnEmptyListIsSent(t *testing.T) {
	t.Parallel()

	written, err := json.Marshal(client.MemberPatch{Tools: []string{}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"tools":[]}`, string(written))

	written, err = json.Marshal(client.MemberPatch{Name: new("Ana")})
	require.NoError(t, err)
	assert.JSONEq(t, `{"name":"Ana"}`, string(written))
}

// TestEveryOperationHasAMethod holds what was generated to the document, without the generator; `make check` compares
// it byte by byte.
func TestEveryOperationHasAMethod(t *testing.T) {
	t.Parallel()

	raw, err := os.ReadFile("openapi.json")
	require.NoError(t, err)

	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}

	require.NoError(t, json.Unmarshal(raw, &document))

	left := map[string]bool{"docs": true, "openapi": true}
	methods := reflect.TypeFor[client.API]()
	found := 0

	for path, operations := range document.Paths {
		for verb, text := range operations {
			if verb == "parameters" {
				continue
			}

			var operation struct {
				ID   string   `json:"operationId"`
				Tags []string `json:"tags"`
			}

			require.NoError(t, json.Unmarshal(text, &operation))

			name := strings.ToUpper(operation.ID[:1]) + operation.ID[1:]
			name = strings.Replace(name, "Api", "API", 1)
			_, has := methods.MethodByName(name)

			assert.Equal(t, operation.Tags[0] != "Webhooks" && !left[operation.ID], has, "%s %s: %s", verb, path, name)

			found++
		}
	}

	assert.Greater(t, found, 90)
}
