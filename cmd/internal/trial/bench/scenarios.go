package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"handrail/chat"
	handrail "handrail/client"
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
	// apis are clients of the API, one for each key; http asks the others.
	apis   []*handrail.API
	http   *http.Client
	turn   atomic.Int64
	joined atomic.Int64
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
	sending := Sending{Chat: a.turn.Add(1) % baselineChats, Message: text}

	return "", a.do(ctx, http.MethodPost, a.baseline+"/plain", sending)
}

func (a *actor) send(ctx context.Context, caller int) (string, error) {
	return a.sendIn(ctx, caller, a.chatOf(caller), handrail.Send{Message: text})
}

func (a *actor) tools(ctx context.Context, caller int) (string, error) {
	send := handrail.Send{Message: text}

	for i, call := range []handrail.PlainCall{
		{Name: chat.ToolSetTitle, Arguments: map[string]any{"title": "Order 4711"}},
		{Name: chat.ToolSetState, Arguments: map[string]any{"state": "waiting"}},
		{Name: chat.ToolAddLabel, Arguments: map[string]any{"label": benchLabel}},
	} {
		call.ID = new(strconv.Itoa(i + 1))

		var item handrail.Send_ToolCalls_Item
		if err := item.FromPlainCall(call); err != nil {
			return "", fmt.Errorf("write a tool call: %w", err)
		}

		send.ToolCalls = append(send.ToolCalls, item)
	}

	return a.sendIn(ctx, caller, a.chatOf(caller), send)
}

// benchLabel is a label of the workspace.
const benchLabel = "order"

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

	body := handrail.NewParticipant{
		MemberID: int64(a.members[n/len(a.sending)]),
		Role:     new(handrail.ParticipantRoleObserver),
	}

	return a.request(caller, func(api *handrail.API, key *string) (*http.Response, error) {
		return api.AddParticipant(
			ctx,
			a.workspace(),
			int64(a.sending[n%len(a.sending)]),
			&handrail.AddParticipantParams{IdempotencyKey: key},
			body,
		)
	})
}

func (a *actor) summarize(ctx context.Context, caller int) (string, error) {
	id := a.reading[caller%len(a.reading)]

	_, err := a.request(caller, func(api *handrail.API, key *string) (*http.Response, error) {
		return api.SummarizeChat(
			ctx,
			a.workspace(),
			int64(id),
			&handrail.SummarizeChatParams{UpdateLabels: new(true), IdempotencyKey: key},
		)
	})

	return chat.SummaryWorkflowID(a.seeded.Workspace, id), err
}

// chatOf gives callers chats of their own, a few each, in turn.
func (a *actor) chatOf(caller int) chat.ChatID {
	each := len(a.sending) / mostCallers
	return a.sending[caller%mostCallers*each+int(a.turn.Add(1))%each]
}

// do asks a server that is not the API: the baselines, or the sandbox. It must not be refused.
func (a *actor) do(ctx context.Context, method, url string, body any) error {
	var raw bytes.Buffer
	if err := json.NewEncoder(&raw).Encode(body); err != nil {
		return err
	}

	request, err := http.NewRequestWithContext(ctx, method, url, &raw)
	if err != nil {
		return err
	}

	request.Header.Set("Content-Type", "application/json")

	response, err := a.http.Do(request)
	if err != nil {
		return err
	}

	defer func() { _ = response.Body.Close() }() // read to its end

	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %d %s", method, request.URL.Path, response.StatusCode, answer)
	}

	return err
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

	return a.do(ctx, http.MethodPut, a.cluster.Sandbox()+"/sandbox/faults", faults)
}

// newHTTP is a client that keeps a connection for every caller.
func newHTTP() *http.Client {
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: mostCallers}}
}
