package service_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/cmd/internal/config"
)

// scribe is an OpenAI-compatible server that summarizes whatever it is given, counts a
// token for every four characters, and remembers what it was asked.
type scribe struct {
	*httptest.Server
	mu      sync.Mutex
	prompts []string
	// longest is the most characters that it takes at a time, 0 for any number.
	longest int
	// refusals is how many requests more it refuses for their rate, retryAfter what it says then.
	refusals   int
	retryAfter string
}

// busy has the next requests refused for their rate.
func (s *scribe) busy(retryAfter string, requests int) {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.retryAfter = retryAfter
	s.refusals = requests
}

func newScribe(t *testing.T) *scribe {
	t.Helper()

	s := &scribe{}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)

	return s
}

func (s *scribe) option(c *config.Config) {
	c.LLM = config.OpenAI
	c.OpenAIAPIKey = "key"
	c.OpenAIBaseURL = s.URL
	c.LLMModel = "scribe-1"
}

// asked is how often it was asked.
func (s *scribe) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()

	return len(s.prompts)
}

var numbered = regexp.MustCompile(`"id":(\d+)`)

func (s *scribe) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}

	w.Header().Set("Content-Type", "application/json")
	s.mu.Lock()
	defer s.mu.Unlock()

	s.prompts = append(s.prompts, string(body))
	if s.refusals > 0 {
		s.refusals--
		w.Header().Set("Retry-After", s.retryAfter)
		w.WriteHeader(http.StatusTooManyRequests)

		_, _ = io.WriteString(w, `{"error":{"message":"slow down","code":"rate_limit_exceeded"}}`)

		return
	}

	if s.longest > 0 && len(body) > s.longest {
		w.WriteHeader(http.StatusBadRequest)

		_, _ = io.WriteString(
			w,
			`{"error":{"message":"maximum context length","type":"invalid_request_error",`+
				`"code":"context_length_exceeded"}}`,
		)

		return
	}

	text, _ := json.Marshal(writtenOf(string(body)))
	answer, _ := json.Marshal(map[string]any{
		"id":     "1",
		"object": "chat.completion",
		"model":  "scribe-1-2026",
		"choices": []any{
			map[string]any{
				"index":         0,
				"finish_reason": "stop",
				"message":       map[string]any{"role": "assistant", "content": string(text)},
			},
		},
		"usage": map[string]any{"prompt_tokens": len(body) / 4, "completion_tokens": len(text) / 4},
	})

	_, _ = w.Write(answer)
}

// writtenOf is an answer of usual size that cites the last messages of the prompt, or, of
// a prompt of earlier summaries alone, what those cite.
func writtenOf(prompt string) map[string]any {
	prompt = strings.ReplaceAll(prompt, `\"`, `"`)

	id := "1"
	if all := numbered.FindAllStringSubmatch(prompt, -1); len(all) > 0 {
		id = all[len(all)-1][1]
	}

	points := func(what string) []any {
		var all []any
		for i := range 4 {
			all = append(all, map[string]any{
				"text":     fmt.Sprintf("%s %d: the customer was told that the parcel comes on Tuesday.", what, i),
				"messages": []any{json.Number(id)},
			})
		}

		return all
	}

	a := map[string]any{
		"title":          "Order 7-1184",
		"summary":        strings.Repeat("Ana asks where her order is. ", 8),
		"key_points":     points("Fact"),
		"open_questions": points("Question"),
		"next_steps":     points("Step"),
	}

	if strings.Contains(prompt, `"labels"`) {
		a["labels"] = []any{
			map[string]any{
				"name":       "billing",
				"confidence": 0.9,
				"evidence":   []any{map[string]any{"message": 1, "quote": "I want a refund"}},
			},
			map[string]any{
				"name":       "refund-approved",
				"confidence": 1,
				"evidence":   []any{map[string]any{"message": 1, "quote": "I want a refund"}},
			},
		}
	}

	return a
}

// summaries are the versions of the SMS chat, newest first.
func (w *env) summaries() []chat.SummaryVersion {
	w.Helper()
	list, err := w.store.Summaries(w.Context(), w.ws, w.people.sms.ID, chat.Page{Limit: 100})
	require.NoError(w, err)

	return list.Items
}

func (w *env) summarize(query string) response {
	w.Helper()
	return w.call("POST", fmt.Sprintf("/chats/%d/summarize%s", w.people.sms.ID, query), nil, "Prefer", "wait=60")
}

func TestTenNewMessagesCostATwentiethOfTheFirstThousand(t *testing.T) {
	t.Parallel()
	s := newScribe(t)
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", s.option)
	say := func(n int) {
		for i := range n {
			w.inbound(
				w.people.sms.ID,
				fmt.Sprintf(
					"Message %d: the parcel with the lamp was to come on Tuesday, and I have been waiting at the "+
						"door since nine.",
					i,
				),
			)
		}
	}

	say(999)

	r := w.summarize("")
	require.Equal(t, http.StatusOK, r.status, r.raw)

	first := w.summaries()[0]
	assert.Equal(t, []any{chat.ModeFull, 1000}, []any{first.Mode, first.Covered})
	assert.Greater(t, first.Requests, 2, "it was read in parts, which were merged")
	assert.NotEmpty(t, first.KeyPoints)

	say(10)

	r = w.summarize("")
	require.Equal(t, http.StatusOK, r.status, r.raw)

	second := w.summaries()[0]
	assert.Equal(t, []any{chat.ModeIncremental, 1010, 1}, []any{second.Mode, second.Covered, second.Requests})
	assert.NotEmpty(t, second.KeyPoints)

	t.Logf(
		"the first run: %d tokens, the second: %d, one in %.1f",
		first.Tokens(),
		second.Tokens(),
		float64(first.Tokens())/float64(second.Tokens()),
	)

	assert.LessOrEqual(t, 20*second.Tokens(), first.Tokens())

	r = w.summarize("")
	require.Equal(t, http.StatusOK, r.status, r.raw)

	third := w.summaries()[0]
	assert.Equal(t, []any{chat.ModeUnchanged, int64(0)}, []any{third.Mode, third.Tokens()}, "nothing new costs nothing")
}

func TestATextThatIsTooLongForTheModelIsSplit(t *testing.T) {
	t.Parallel()
	s := newScribe(t)
	s.longest = 30_000

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", s.option)
	for i := range 200 {
		w.inbound(w.people.sms.ID, fmt.Sprintf("Message %d %s", i, strings.Repeat("word ", 40)))
	}

	r := w.summarize("")
	require.Equal(t, http.StatusOK, r.status, r.raw)

	v := w.summaries()[0]
	assert.Equal(t, 201, v.Covered)
	assert.Greater(t, v.Requests, 3)

	for _, p := range append(v.KeyPoints, v.NextSteps...) {
		assert.NotEmpty(t, p.Messages)
	}
}

func TestASummaryFromAskingToUndoing(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		s := newScribe(t)
		w := newEnv(t, url, s.option)
		r := w.summarize("?update_labels=true")
		require.Equal(t, http.StatusOK, r.status, r.raw)
		assert.Equal(t, "scribe-1-2026", r.at("summary_model"))
		assert.Equal(t, "billing", r.at("labels", 0, "name"))
		assert.Equal(t, "model", r.at("labels", 0, "source"))
		assert.NotContains(t, r.raw, "refund-approved")
		assert.InDelta(t, 0, r.at("stale_by"), 0)

		base := fmt.Sprintf("/chats/%d", w.people.sms.ID)
		run := r.at("summary_id").(string)

		w.inbound(w.people.sms.ID, "Hello?")
		assert.InDelta(t, 1, w.call("GET", base, nil).at("stale_by"), 0)
		r = w.call("PATCH", base, map[string]any{"summary": "Ana waits. I have called her."})
		require.Equal(t, http.StatusOK, r.status, r.raw)
		assert.Equal(t, true, r.at("summary_edited"))
		r = w.summarize("")
		assert.Equal(t, []any{http.StatusConflict, "summary_edited"}, []any{r.status, r.at("code")}, r.raw)
		assert.Equal(t, 1, s.asked(), "no token is spent on what would not be shown")

		r = w.summarize("?overwrite=true")
		require.Equal(t, http.StatusOK, r.status, r.raw)
		assert.Equal(t, false, r.at("summary_edited"))

		r = w.call("POST", base+"/summaries/"+run+"/restore", nil)
		require.Equal(t, http.StatusOK, r.status, r.raw)
		assert.InDelta(t, 1, r.at("stale_by"), 0)
		r = w.call("POST", base+"/summaries/"+run+"/undo-labels", nil)
		require.Equal(t, http.StatusOK, r.status, r.raw)
		assert.Empty(t, r.at("labels"))
		r = w.summarize("?update_labels=true&overwrite=true")
		require.Equal(t, http.StatusOK, r.status, r.raw)
		assert.Empty(t, r.at("labels"), "what was undone is not done again")

		list := w.call("GET", base+"/summaries", nil)

		kinds := []any{}
		for i := range list.at("items").([]any) {
			kinds = append(kinds, list.at("items", i, "kind"))
		}

		assert.Equal(t, []any{"model", "restored", "model", "person", "model"}, kinds, "what was refused is no run")
	})
}

func TestABudgetThatIsUsedUpRefuses(t *testing.T) {
	t.Parallel()
	s := newScribe(t)
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", s.option)
	r := w.call(
		"PATCH",
		"/summary-settings",
		map[string]any{"token_budget": 10, "language": "de", "instructions": "Kurz und knapp."},
	)

	require.Equal(t, http.StatusOK, r.status, r.raw)
	r = w.summarize("")
	require.Equal(t, http.StatusOK, r.status, r.raw)
	assert.Contains(t, s.prompts[0], "Kurz und knapp.")
	w.inbound(w.people.sms.ID, "Hello?")
	w.inbound(w.people.sms.ID, "Hello??")
	r = w.summarize("")
	assert.Equal(t, []any{http.StatusBadRequest, "token_budget_exceeded"}, []any{r.status, r.at("code")}, r.raw)
	assert.Equal(t, 1, s.asked())

	r = w.call("GET", "/summary-settings", nil)
	assert.Greater(t, r.at("tokens_used"), 10.0)
	r = w.call("PATCH", "/summary-settings", map[string]any{"model": "offline"})
	require.Equal(t, http.StatusOK, r.status, r.raw)
	r = w.summarize("")
	require.Equal(t, http.StatusOK, r.status, "what costs nothing needs no budget: %s", r.raw)
	assert.Equal(t, "offline", r.at("summary_model"))
	r = w.call("PATCH", "/summary-settings", map[string]any{"model": "anthropic/claude-haiku-4-5"})
	assert.Equal(t, []any{http.StatusBadRequest, "model"}, []any{r.status, r.at("errors", 0, "field")}, r.raw)
}

func TestAChatIsSummarizedByItself(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		r := w.call("PATCH", "/summary-settings", map[string]any{"every_messages": 3, "automatic_labels": true})
		require.Equal(t, http.StatusOK, r.status, r.raw)

		for range 2 {
			r = w.call(
				"POST",
				fmt.Sprintf("/chats/%d/messages", w.people.sms.ID),
				map[string]any{"content": "I want a refund of my invoice."},
			)

			require.Equal(t, http.StatusCreated, r.status, r.raw)
		}

		w.eventually(func() bool { return w.chat(w.people.sms.ID).Summary != "" })
		v := w.summaries()[0]
		assert.Equal(t, []any{true, w.people.manager.ID, 3}, []any{v.Automatic, v.RequestedBy, v.Covered})
		w.awaitClosed(fmt.Sprintf("autosummary:%s:%d", w.ws, w.people.sms.ID))
		assert.Len(t, w.summaries(), 1)
	})
}
