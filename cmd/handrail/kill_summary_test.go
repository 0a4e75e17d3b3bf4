package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// modelServer is an OpenAI-compatible server that writes "old" about a chat it reads for the
// first time and "new" from then on, with another label each. It holds what it writes the
// second time as long as the chat is named.
type modelServer struct {
	*httptest.Server
	mutex sync.Mutex
	read  map[string]int
	holds string
	came  chan string
}

func newModelServer(t *testing.T) *modelServer {
	t.Helper()

	a := &modelServer{read: map[string]int{}, came: make(chan string, 100)}
	a.Server = httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(a.Close)

	return a
}

func (a *modelServer) serve(w http.ResponseWriter, r *http.Request) {
	prompt, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}

	_, name, _ := strings.Cut(string(prompt), "parcel ")
	name = name[:1]

	a.mutex.Lock()
	a.read[name]++
	text := "new"
	label := "Billing"
	hold := a.holds == name && a.read[name] == 2

	if a.read[name] == 1 {
		text, label = "old", "VIP"
	}

	a.mutex.Unlock()

	a.came <- name

	if hold { // until the worker is gone
		<-r.Context().Done()
		return
	}

	content, _ := json.Marshal(map[string]any{
		"title":          text,
		"summary":        text,
		"open_questions": []any{},
		"next_steps":     []any{},
		"key_points":     []any{map[string]any{"text": text, "messages": []int{1}}},
		"labels": []any{map[string]any{"name": label, "confidence": 1, "evidence": []any{
			map[string]any{"message": 1, "quote": "parcel " + name},
		}}},
	})

	answer, _ := json.Marshal(map[string]any{
		"id":     "1",
		"object": "chat.completion",
		"model":  "author-1",
		"choices": []any{
			map[string]any{
				"index":         0,
				"finish_reason": "stop",
				"message":       map[string]any{"role": "assistant", "content": string(content)},
			},
		},
	})

	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer)
}

// fetchChatState is what a chat shows, in one word for each of its parts.
func fetchChatState(t *testing.T, s *testCluster, chat string) string {
	t.Helper()

	status, c, err := s.ask(http.MethodGet, chat, "", "")
	if !assert.NoError(t, err) || //nolint:testifylint // asked in a goroutine too
		!assert.Equal(t, http.StatusOK, status, c) {
		return ""
	}

	parts := []string{fmt.Sprint(c["title"]), fmt.Sprint(c["summary"])}
	for _, p := range c["key_points"].([]any) {
		parts = append(parts, fmt.Sprint(p.(map[string]any)["text"]))
	}

	for _, l := range c["labels"].([]any) {
		parts = append(parts, fmt.Sprint(l.(map[string]any)["name"]))
	}

	return strings.Join(parts, " ")
}

// TestKilledInMidSummaryLeavesTheOldOrTheNewState kills the worker while the model writes,
// and right after it has written, one chat after the other, and looks all the time.
func TestKilledInMidSummaryLeavesTheOldOrTheNewState(t *testing.T) {
	t.Parallel()
	model := newModelServer(t)
	s := newTestCluster(t, "OPENAI_API_KEY=key", "OPENAI_BASE_URL="+model.URL)
	_, api := s.api()
	doomed := s.worker()
	allowed := []string{"old old old VIP", "new new new Billing"}

	for n := range 4 {
		name := strconv.Itoa(n)
		chat := fmt.Sprintf("%s/api/v2/w/%s/chats/%d", api, s.ws, s.chats[n])
		s.post(chat+"/messages", fmt.Sprintf(`{"content":"Where is my parcel %d?"}`, n), name)
		s.post(chat+"/summarize?update_labels=true", "{}", "old"+name)
		require.Equal(t, allowed[0], fetchChatState(t, s, chat))
		<-model.came

		s.post(chat+"/messages", fmt.Sprintf(`{"content":"Hello? parcel %d!"}`, n), name+"b")

		if n%2 == 0 {
			model.mutex.Lock()
			model.holds = name
			model.mutex.Unlock()
		}

		asked := make(chan string, 1)

		go func() {
			status, answer, err := s.ask(http.MethodPost, chat+"/summarize?update_labels=true", "{}", "new"+name)
			asked <- fmt.Sprint(status, answer["title"], err)
		}()

		<-model.came
		doomed.Kill()
		assert.Contains(t, allowed, fetchChatState(t, s, chat))
		doomed = s.worker()

		require.Eventually(t, func() bool { // the key may ask 50 times a second
			shown := fetchChatState(t, s, chat)
			assert.Contains(t, allowed, shown, "never a mix")

			return shown == allowed[1]
		}, time.Minute, 40*time.Millisecond)

		select {
		case answer := <-asked:
			assert.Regexp(t, "^20[02]", answer)

		case <-time.After(time.Minute):
			t.Fatal("the caller got no answer")
		}

		for len(model.came) > 0 {
			<-model.came
		}
	}
}
