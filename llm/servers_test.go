package llm_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/llm"
	"handrail/llm/anthropic"
	"handrail/llm/openai"
)

// The answer that stand-ins wrap as their servers do.
const (
	parcelAnswer = `{"title":"Late parcel","summary":"Ana waits for her parcel.","key_points":[{"text":"It is late.",` +
		`"messages":[1]}],"open_questions":[],"next_steps":[]}`
	parcelTitle = "Late parcel"
)

// wireReply is one answer of a stand-in. The zero value of status is 200.
type wireReply struct {
	status int
	header map[string]string
	body   string
}

// outcome is what Handrail makes of a stand-in's answers: a summary, or a failure that is final or may pass.
type outcome struct {
	// code is "" for a summary, the code of a [chat.Error], or that of a [chat.RetryLaterError].
	code string
	// wait is what the server asks for, at most if it says a time.
	wait    time.Duration
	atATime bool
	// says is a part of the message.
	says string
	// tokens are those that are counted.
	tokens int64
}

// situation is a cell of the matrix: what a server answers, and what becomes of it.
type situation struct {
	replies []wireReply
	want    outcome
}

// cells are the situations of one server.
type cells map[string]situation

// saved is the outcome of an answer that is used.
func saved(tokens int64) outcome { return outcome{tokens: tokens} }

// final is the outcome of a failure that trying again does not help.
func final(says string) outcome {
	return outcome{code: string(chat.CodeSummarizationFailed), says: says}
}

// isTooLong is the outcome of a text that the model does not hold.
func isTooLong() outcome { return outcome{code: string(chat.CodeTooLongForModel)} }

// later is the outcome of a failure that may pass.
func later(code string, wait time.Duration) outcome { return outcome{code: code, wait: wait} }

// laterAt is later for a server that says at what time, in so many seconds.
func laterAt(code string, seconds int) outcome {
	return outcome{code: code, wait: time.Duration(seconds) * time.Second, atATime: true}
}

func replies(all ...wireReply) []wireReply { return all }

func refusesWith(status int, body string) wireReply { return wireReply{status: status, body: body} }

// completes is an answer of the chat completions API: the message's fields beside its role, and what
// stands beside the choices.
func completes(message, beside string) wireReply {
	return wireReply{body: `{"id":"1","object":"chat.completion","created":1,"model":"small-1","choices":[{"index":0,` +
		`"finish_reason":"stop","message":{"role":"assistant",` + message + `}}]` + beside + `}`}
}

// completesWell is a plain answer with usage.
func completesWell() wireReply { return completes(`"content":`+quoted(parcelAnswer), usage110) }

const usage110 = `,"usage":{"prompt_tokens":100,"completion_tokens":10,"total_tokens":110}`

func quoted(text string) string {
	encoded, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}

	return string(encoded)
}

// TestServers is the matrix: each server, in each situation that its documentation or its source describes.
func TestServers(t *testing.T) {
	t.Parallel()

	servers := maps.Collect(func(yield func(string, cells) bool) {
		for _, some := range []map[string]cells{hostedServers(), ownServers(), routers()} {
			for name, cell := range some {
				if !yield(name, cell) {
					return
				}
			}
		}
	})

	require.Len(t, servers, 12)

	for _, server := range slices.Sorted(maps.Keys(servers)) {
		for name, cell := range servers[server] {
			t.Run(fmt.Sprintf("%s: %s", server, name), func(t *testing.T) {
				t.Parallel()
				cell.check(t, server == "Anthropic")
			})
		}
	}
}

func (s *situation) check(t *testing.T, isAnthropic bool) {
	t.Helper()

	provider, asked := standIn(t, isAnthropic, s.replies)
	written, usage, err := llm.New(provider, llm.Config{}).Summarize(t.Context(), chat.Reading{
		Messages: []chat.Line{{ID: "a", Text: "Where is my parcel?"}},
	})

	assert.Len(t, s.replies, asked(), "requests")

	if s.want.code == "" {
		require.NoError(t, err)
		assert.Equal(t, parcelTitle, written.Title)
		assert.Equal(t, []chat.Point{{Text: "It is late.", Messages: []chat.MessageID{"a"}}}, written.KeyPoints)
		assert.Equal(t, s.want.tokens, usage.Tokens())

		return
	}

	require.Error(t, err)

	if wait, ok := errors.AsType[*chat.RetryLaterError](err); ok {
		assert.Equal(t, s.want.code, wait.Code)
		s.want.checkWait(t, wait.After)
	} else {
		assert.Equal(t, s.want.code, string(chat.CodeOf(err)), "%v", err)
	}

	assert.Contains(t, err.Error(), s.want.says)
	assert.NotContains(t, err.Error(), "sk-", "the server's words stay out")
}

func (o *outcome) checkWait(t *testing.T, wait time.Duration) {
	t.Helper()

	if !o.atATime {
		assert.Equal(t, o.wait, wait)
		return
	}

	assert.Positive(t, wait)
	assert.LessOrEqual(t, wait, o.wait)
}

// standIn is a server that gives its replies one after the other, and a model that asks it.
func standIn(t *testing.T, isAnthropic bool, replies []wireReply) (provider llm.Provider, asked func() int) {
	t.Helper()

	var (
		mutex sync.Mutex
		count int
	)

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()

		reply := replies[min(count, len(replies)-1)]
		count++

		w.Header().Set("Content-Type", "application/json")

		for name, value := range reply.header {
			w.Header().Set(name, value)
		}

		w.WriteHeader(max(reply.status, http.StatusOK))

		_, err := w.Write([]byte(reply.body))
		assert.NoError(t, err)
	}))
	t.Cleanup(server.Close)

	asked = func() int {
		mutex.Lock()
		defer mutex.Unlock()

		return count
	}

	if isAnthropic {
		model, err := anthropic.New(anthropic.Config{APIKey: "sk-key", BaseURL: server.URL, Model: "small"})
		require.NoError(t, err)

		return model, asked
	}

	model, err := openai.New(openai.Config{APIKey: "sk-key", BaseURL: server.URL + "/v1", Model: "small"})
	require.NoError(t, err)

	return model, asked
}

// inSeconds is a time from now on, as servers write it.
func inSeconds(seconds int) time.Time { return time.Now().Add(time.Duration(seconds) * time.Second) }
