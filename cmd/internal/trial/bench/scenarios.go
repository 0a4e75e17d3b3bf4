package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"handrail/chat"
	"handrail/cmd/internal/trial/testcluster"
	"handrail/engine"
)

// scenario is one thing that is done over and over.
type scenario struct {
	name string
	// what explains it to readers of the report.
	what string
	// silent has the providers keep their receipts, so that only the way to the answer is
	// measured.
	silent bool
	// act runs it once on behalf of a caller, and returns the workflow that did it, "" for
	// none.
	act func(ctx context.Context, caller int) (string, error)
}

// The names of the scenarios.
const (
	scenarioFloor       = "floor"
	scenarioSix         = "six"
	scenarioPlain       = "plain"
	scenarioSend        = "send"
	scenarioSettled     = "settled"
	scenarioTools       = "tools"
	scenarioParticipant = "participant"
	scenarioSummarize   = "summarize"
)

// actor runs the scenarios.
type actor struct {
	cluster  *testcluster.Cluster
	seeded   *testcluster.Seeded
	sending  []chat.ChatID   // to send in
	reading  []chat.ChatID   // to be summarized
	model    chat.ChatID     // to be copied
	members  []chat.MemberID // to be added to chats
	temporal client.Client
	engine   *engine.Client // for the ids of actions
	baseline string         // origin
	http     *http.Client
	turn     atomic.Int64
	joined   atomic.Int64
}

func (a *actor) scenarios() []scenario {
	return []scenario{
		{name: scenarioFloor, what: "a workflow with one empty activity", act: a.floor},
		{
			name:   scenarioSix,
			what:   "a send as six activities",
			silent: true,
			act:    a.six,
		},
		{
			name:   scenarioPlain,
			what:   "a send without durability: a post and a row",
			silent: true,
			act:    a.plain,
		},
		{
			name:   scenarioSend,
			what:   "a send by SMS, to its answer",
			silent: true,
			act:    a.send,
		},
		{name: scenarioSettled, what: "a send by SMS, to its receipt", act: a.settled},
		{
			name:   scenarioTools,
			what:   "a send with three tools, to its answer",
			silent: true,
			act:    a.tools,
		},
		{name: scenarioParticipant, what: "a participant added", act: a.participant},
		{name: scenarioSummarize, what: "a chat of 20 messages summarized offline", act: a.summarize},
	}
}

func (a *actor) floor(ctx context.Context, _ int) (string, error) {
	return a.await(ctx, workflowFloor)
}

func (a *actor) six(ctx context.Context, _ int) (string, error) {
	return a.await(ctx, workflowSix, Sending{Chat: a.turn.Add(1) % baselineChats, Message: text})
}

func (a *actor) await(ctx context.Context, name string, args ...any) (string, error) {
	id := uuid.NewString()
	options := client.StartWorkflowOptions{ID: id, TaskQueue: baselineQueue}

	run, err := a.temporal.ExecuteWorkflow(ctx, options, name, args...)
	if err != nil {
		return "", err
	}

	return id, run.Get(ctx, nil)
}

// text is what is sent, of the length of an ordinary SMS.
const text = "Hello Ana, your order 4711 has left our house today and will be with you on Friday before noon. " +
	"Anything else we can do for you?"

func (a *actor) plain(ctx context.Context, _ int) (string, error) {
	return "", a.post(ctx, a.baseline+"/plain", "", "", Sending{Chat: a.turn.Add(1) % baselineChats, Message: text})
}

func (a *actor) send(ctx context.Context, caller int) (string, error) {
	return a.sendWith(ctx, caller, map[string]any{"message": text})
}

func (a *actor) tools(ctx context.Context, caller int) (string, error) {
	return a.sendWith(ctx, caller, map[string]any{"message": text, "tool_calls": []map[string]any{
		{"id": "1", "name": chat.ToolSetTitle, "arguments": map[string]string{"title": "Order 4711"}},
		{"id": "2", "name": chat.ToolSetState, "arguments": map[string]string{"state": "waiting"}},
		{"id": "3", "name": chat.ToolAddLabel, "arguments": map[string]string{"label": benchLabel}},
	}})
}

// benchLabel is a label of the workspace.
const benchLabel = "order"

func (a *actor) sendWith(ctx context.Context, caller int, body any) (string, error) {
	return a.request(ctx, caller, a.chatOf(caller), "/send-assistant-message", body)
}

// request asks for an action in a chat, and returns its workflow.
func (a *actor) request(ctx context.Context, caller int, id chat.ChatID, path string, body any) (string, error) {
	key := uuid.NewString()
	err := a.post(ctx, a.chatPath(id, path), a.secretOf(caller), key, body)

	return chat.ActionWorkflowID(a.seeded.Workspace, a.engine.ActionID(a.seeded.Workspace, key)), err
}

// settled sends, and waits until the workflow has the provider's receipt.
func (a *actor) settled(ctx context.Context, caller int) (string, error) {
	id, err := a.send(ctx, caller)
	if err != nil {
		return "", err
	}

	return id, a.temporal.GetWorkflow(ctx, id, "").Get(ctx, nil)
}

// participant adds everybody to every chat, one after the other.
func (a *actor) participant(ctx context.Context, caller int) (string, error) {
	n := int(a.joined.Add(1)) - 1
	if n >= len(a.members)*len(a.sending) {
		return "", errors.New("every member is already in every chat")
	}

	body := map[string]any{"member_id": a.members[n/len(a.sending)], "role": chat.ParticipantObserver}

	return a.request(ctx, caller, a.sending[n%len(a.sending)], "/participants", body)
}

func (a *actor) summarize(ctx context.Context, caller int) (string, error) {
	id := a.reading[caller%len(a.reading)]
	_, err := a.request(ctx, caller, id, "/summarize?update_labels=true", nil)

	return chat.SummaryWorkflowID(a.seeded.Workspace, id), err
}

// chatOf gives callers chats of their own, a few each, in turn.
func (a *actor) chatOf(caller int) chat.ChatID {
	each := len(a.sending) / mostCallers
	return a.sending[caller%mostCallers*each+int(a.turn.Add(1))%each]
}

// secretOf gives callers keys in turn: one may make only so many requests in a second.
func (a *actor) secretOf(caller int) string {
	return a.seeded.Secrets[(caller+int(a.turn.Load()))%len(a.seeded.Secrets)]
}

func (a *actor) chatPath(id chat.ChatID, rest string) string {
	return a.workspacePath(fmt.Sprintf("/chats/%d%s", id, rest))
}

func (a *actor) workspacePath(rest string) string {
	return a.cluster.APIs()[0] + "/api/v2/w/" + string(a.seeded.Workspace) + rest
}

// post asks for something that must be done with the answer, not promised.
func (a *actor) post(ctx context.Context, url, secret, key string, body any) error {
	status, err := a.do(ctx, httpCall{
		method: http.MethodPost,
		url:    url,
		secret: secret,
		key:    key,
		body:   body,
	})
	if err == nil && status == http.StatusAccepted {
		return fmt.Errorf("%s was answered with 202: the machine is too slow, or there are too many callers", url)
	}

	return err
}

// httpCall is a request to an API.
type httpCall struct {
	method string
	url    string
	secret string // of the API key
	key    string // the Idempotency-Key
	body   any
}

// do makes a request that must not be refused, and returns the status of its answer.
func (a *actor) do(ctx context.Context, c httpCall) (int, error) {
	var raw bytes.Buffer
	if c.body != nil {
		if err := json.NewEncoder(&raw).Encode(c.body); err != nil {
			return 0, err
		}
	}

	request, err := http.NewRequestWithContext(ctx, c.method, c.url, &raw)
	if err != nil {
		return 0, err
	}

	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.secret)

	if c.key != "" {
		request.Header.Set("Idempotency-Key", c.key)
	}

	response, err := a.http.Do(request)
	if err != nil {
		return 0, err
	}

	defer func() { _ = response.Body.Close() }() // read to its end

	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %d %s", c.method, request.URL.Path, response.StatusCode, answer)
	}

	return response.StatusCode, err
}

// silence has the providers keep their receipts, or send them again.
func (a *actor) silence(ctx context.Context, on bool) error {
	if on {
		return a.faults(ctx, "callback_never")
	}

	return a.faults(ctx)
}

// faults makes the providers misbehave in these ways, always, and in no others.
func (a *actor) faults(ctx context.Context, kinds ...string) error {
	faults := make([]map[string]any, len(kinds))
	for i, kind := range kinds {
		faults[i] = map[string]any{"fault": kind}
	}

	_, err := a.do(ctx, httpCall{method: http.MethodPut, url: a.cluster.Sandbox() + "/sandbox/faults", body: faults})

	return err
}

// newHTTP is a client that keeps a connection for every caller.
func newHTTP() *http.Client {
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: mostCallers}}
}
