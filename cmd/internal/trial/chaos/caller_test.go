package chaos

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
	"handrail/cmd/internal/trial/testcluster"
)

// api answers the n-th request of each key with the n-th of the answers, and notes who
// asked for what.
type api struct {
	*httptest.Server
	mu      sync.Mutex
	asked   map[string][]string // bodies by idempotency key
	answers []func(http.ResponseWriter)
	// action answers how an action stands.
	action func(http.ResponseWriter)
}

func newAPI(t *testing.T, answers ...func(http.ResponseWriter)) *api {
	t.Helper()

	a := &api{asked: map[string][]string{}, answers: answers}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			a.action(w)
			return
		}

		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		a.mu.Lock()
		key := r.Header.Get("Idempotency-Key")
		n := len(a.asked[key])
		a.asked[key] = append(a.asked[key], r.URL.Path+" "+string(body))
		a.mu.Unlock()
		a.answers[min(n, len(a.answers)-1)](w)
	}))

	t.Cleanup(a.Close)

	return a
}

// requests are those so far, by idempotency key.
func (a *api) requests() map[string][]string {
	a.mu.Lock()
	defer a.mu.Unlock()

	return maps.Clone(a.asked)
}

func answerWith(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
}

func cutConnection(http.ResponseWriter) { panic(http.ErrAbortHandler) }

// ownTexts are the texts of sends of which each has its own.
func ownTexts(sends int) []string { return chooseTexts(1, sends, 1, false) }

func TestACallerRepeatsUntilTheAnswerIsDefinite(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		answers []func(http.ResponseWriter)
		want    answer
	}{
		"accepted": {
			[]func(http.ResponseWriter){answerWith(200, `{"delivery":{}}`)},
			answer{told: toldAccepted, tries: 1},
		},
		"pending": {
			[]func(http.ResponseWriter){answerWith(202, `{"status":"sending"}`)},
			answer{told: toldPending, tries: 1},
		},
		"unknown": {
			[]func(http.ResponseWriter){answerWith(202, `{"status":"unknown"}`)},
			answer{told: toldUnknown, tries: 1},
		},
		"failed": {
			[]func(http.ResponseWriter){answerWith(500, `{"status":500,"code":"delivery_failed"}`)},
			answer{told: toldFailed, code: "delivery_failed", tries: 1},
		},
		"refused": {
			[]func(http.ResponseWriter){answerWith(400, `{"status":400,"code":"recipient_opted_out"}`)},
			answer{told: toldRefused, code: "recipient_opted_out", tries: 1},
		},
		"cut off, away, too fast, half an answer": {
			[]func(http.ResponseWriter){
				cutConnection, answerWith(503, `{"status":503,"code":"unavailable"}`), answerWith(
					429,
					`{"status":429,"code":"rate_limited"}`,
				),
				answerWith(500, `{"status":500,"code":"internal"}`), answerWith(200, `{"deli`), answerWith(200, `{}`),
			},
			answer{told: toldAccepted, tries: 6, last: "send a message: unexpected end of JSON input"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := newAPI(t, c.answers...)
			got := newCallers(
				[]string{one.URL},
				&testcluster.Seeded{Workspace: "w", Chats: []chat.ChatID{7}, Secrets: []string{"hr_1"}},
				ownTexts(1),
			).send(t.Context())

			c.want.marker = "chaos-000000"
			c.want.text = "chaos-000000"
			assert.Equal(t, []answer{c.want}, got)
			assert.Len(t, one.requests(), 1, "one key for all tries")

			for _, asked := range one.requests()["chaos-000000"] {
				assert.Equal(
					t,
					`/api/v2/w/w/chats/7/send-assistant-message {"message":"chaos-000000: your order is on its way."}`,
					asked,
				)
			}
		})
	}
}

// What the API says of an action, by its state.
const (
	runningAction = `{"state":"running"}`
	failedAction  = `{"state":"failed","problem":{"status":503,"code":"unavailable"}}`
	missingAction = `{"status":404,"code":"action_not_found"}`
)

func TestWhatWasPromisedAndIsMissingIsAskedForOnceMore(t *testing.T) {
	t.Parallel()

	promised := answerWith(202, `{"status":"running"}`)
	refused := answerWith(400, `{"status":400,"code":"recipient_opted_out"}`)

	for name, c := range map[string]struct {
		action  func(http.ResponseWriter)
		answers []func(http.ResponseWriter)
		code    string
		later   bool
		running bool
	}{
		"it still runs":              {action: answerWith(200, runningAction), answers: []func(http.ResponseWriter){promised}, running: true},
		"it was ended in Temporal":   {action: answerWith(200, failedAction), answers: []func(http.ResponseWriter){promised}, code: "unavailable", later: true},
		"it was refused":             {action: answerWith(404, missingAction), answers: []func(http.ResponseWriter){promised, refused}, code: "recipient_opted_out", later: true},
		"it is begun again":          {action: answerWith(404, missingAction), answers: []func(http.ResponseWriter){promised}},
		"nobody knows now":           {action: answerWith(503, `{"status":503,"code":"unavailable"}`), answers: []func(http.ResponseWriter){promised}},
		"the API is away":            {action: cutConnection, answers: []func(http.ResponseWriter){promised}},
		"it was refused, half heard": {action: answerWith(404, missingAction), answers: []func(http.ResponseWriter){promised, cutConnection}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			one := newAPI(t, c.answers...)
			one.action = c.action
			callers := newCallers(
				[]string{one.URL},
				&testcluster.Seeded{Workspace: "w", Chats: []chat.ChatID{7}, Secrets: []string{"hr_1"}},
				ownTexts(2),
			)

			answers := callers.send(t.Context())
			callers.askForMissing(t.Context(), answers, map[string]bool{markerOf(0): true})

			assert.Equal(t, []answer{
				{marker: markerOf(0), text: markerOf(0), told: toldPending, tries: 1},
				{
					marker:  markerOf(1),
					text:    markerOf(1),
					told:    toldPending,
					code:    c.code,
					later:   c.later,
					running: c.running,
					tries:   2,
				},
			}, answers)

			callers.askForMissing(t.Context(), answers, map[string]bool{markerOf(0): true})
			assert.Equal(t, c.later, answers[1].tries == 2, "it is asked for until the answer is definite")
		})
	}
}

func TestAnEqualTextIsThatOfAnotherSendToTheChat(t *testing.T) {
	t.Parallel()

	texts := chooseTexts(3, 400, 20, true)
	equal := countEqual(texts)
	assert.InDelta(t, 400*equalShare, equal, 15)
	assert.Equal(t, texts, chooseTexts(3, 400, 20, true), "it can be repeated")

	for n, text := range texts {
		if text != markerOf(n) {
			assert.Equal(t, texts[n-20], text)
		}
	}

	one := newAPI(t, answerWith(200, `{}`))
	s := &testcluster.Seeded{Workspace: "w", Chats: []chat.ChatID{1}, Secrets: []string{"hr_1"}}
	answers := newCallers([]string{one.URL}, s, []string{markerOf(0), markerOf(0)}).send(t.Context())
	assert.Equal(t, markerOf(1), answers[1].marker, "the key is its own")
	assert.Equal(t, one.requests()[markerOf(0)], one.requests()[markerOf(1)])
}

func TestCallersShareTheSendsAndTheAPIs(t *testing.T) {
	t.Parallel()
	down, up := newAPI(t, cutConnection), newAPI(t, answerWith(200, `{}`))
	s := &testcluster.Seeded{Workspace: "w", Chats: []chat.ChatID{1, 2}, Secrets: []string{"hr_1", "hr_2", "hr_3"}}
	callers := newCallers([]string{down.URL, up.URL}, s, ownTexts(20))

	answers := callers.send(t.Context())
	for n, a := range answers {
		assert.Equal(t, markerOf(n), a.marker)
		assert.Equal(t, toldAccepted, a.told)
	}

	assert.Len(t, up.requests(), 20)
	assert.Len(t, down.requests(), 10, "every other send begins there")
	assert.Equal(t, int64(20), callers.answered.Load())
}

func TestItIsAskedForSomeOfTheMissingAtATime(t *testing.T) {
	t.Parallel()

	const sends = askAtOnce + 10

	one := newAPI(t, answerWith(202, `{"status":"running"}`))
	one.action = answerWith(200, runningAction)
	callers := newCallers(
		[]string{one.URL},
		&testcluster.Seeded{Workspace: "w", Chats: []chat.ChatID{7}, Secrets: []string{"hr_1"}},
		ownTexts(sends),
	)
	answers := callers.send(t.Context())

	tries := func(n int) int { return answers[n].tries - 1 }

	callers.askForMissing(t.Context(), answers, nil)
	assert.Equal(t, []int{1, 0}, []int{tries(askAtOnce - 1), tries(askAtOnce)})

	callers.askForMissing(t.Context(), answers, nil)
	assert.Equal(t, []int{2, 1, 1}, []int{tries(0), tries(askAtOnce), tries(sends - 1)}, "it goes on, and begins anew")
}
