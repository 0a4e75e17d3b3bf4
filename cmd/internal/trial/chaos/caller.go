package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"handrail/cmd/internal/trial/testcluster"
)

// How a caller behaves.
const (
	// answerWithin ends a request that is not answered; the API answers a send after its
	// own wait at the latest.
	answerWithin = 30 * time.Second
	// askAgain is how long a caller waits before it repeats a request.
	askAgain = 250 * time.Millisecond
	// giveUpAfter is how long a caller repeats one request. It is longer than anything
	// that is killed stays away.
	giveUpAfter = 5 * time.Minute
)

// markerOf returns the text that sets a message apart from every other one, in all three truths.
func markerOf(n int) string { return fmt.Sprintf("chaos-%06d", n) }

// told is the last answer that a caller got about one send.
type told string

const (
	toldAccepted told = "accepted" // 200
	toldPending  told = "pending"  // 202
	toldUnknown  told = "unknown"  // 202, and that it may have been sent
	toldFailed   told = "failed"   // 500 delivery_failed
	toldRefused  told = "refused"  // 4xx
	toldNothing  told = "nothing"  // no definite answer in all the time
)

// promised reports whether Handrail answered that the message is, or will be, taken care of.
func (t told) promised() bool { return t == toldAccepted || t == toldPending || t == toldUnknown }

// answer is the end of one send from its caller's side.
type answer struct {
	marker string
	told   told
	code   string // of the problem, when it was refused or failed
	// later reports whether it was promised first, and refused when it was asked for again: a
	// send that is refused leaves nothing in the database.
	later bool
	tries int
	last  string // why there was no definite answer
}

// callers send, each one message after the other, with a key of its own: an API key may
// make only so many requests in a second.
type callers struct {
	apis     []string // origins
	seeded   *testcluster.Seeded
	client   *http.Client
	answered atomic.Int64
}

func newCallers(apis []string, s *testcluster.Seeded) *callers {
	client := &http.Client{
		Timeout:   answerWithin,
		Transport: &http.Transport{MaxIdleConnsPerHost: len(s.Secrets)},
	}

	return &callers{apis: apis, seeded: s, client: client}
}

// send makes all sends and returns what was told about each, in their order.
func (c *callers) send(ctx context.Context, sends int) []answer {
	answers := make([]answer, sends)
	var next atomic.Int64

	var working sync.WaitGroup
	for _, secret := range c.seeded.Secrets {
		working.Go(func() {
			for ctx.Err() == nil {
				n := int(next.Add(1)) - 1
				if n >= sends {
					return
				}

				answers[n] = c.sendOne(ctx, secret, n)
				c.answered.Add(1)
			}
		})
	}

	working.Wait()

	return answers
}

// sendOne repeats one request, at one API after the other, until the answer is definite.
func (c *callers) sendOne(ctx context.Context, secret string, n int) answer {
	a := answer{marker: markerOf(n), told: toldNothing}

	ctx, cancel := context.WithTimeout(ctx, giveUpAfter)
	defer cancel()

	for {
		got, err := c.ask(ctx, c.apis[(n+a.tries)%len(c.apis)], secret, n)
		a.tries++

		switch {
		case err != nil:
			a.last = err.Error()
		case got.told() == toldNothing:
			a.last = fmt.Sprintf("%d %s", got.status, got.code)
		default:
			a.told = got.told()
			a.code = got.code

			return a
		}

		select {
		case <-ctx.Done():
			return a

		case <-time.After(askAgain):
		}
	}
}

// askForMissing asks once more for the sends that were promised and that the database does
// not have, as a careful caller does, and notes which were refused.
func (c *callers) askForMissing(ctx context.Context, answers []answer, stored map[string]bool) {
	for n := range answers {
		a := &answers[n]
		if !a.missing(stored) {
			continue
		}

		got, err := c.ask(ctx, c.apis[n%len(c.apis)], c.seeded.Secrets[0], n)

		a.tries++
		if err == nil && got.told() == toldRefused {
			a.code = got.code
			a.later = true
		}
	}
}

// missing reports whether the send was promised and is not in the database yet.
func (a *answer) missing(stored map[string]bool) bool {
	return a.told.promised() && !a.later && !stored[a.marker]
}

// response is one answer of an API.
type response struct {
	status   int
	delivery string // the delivery's status, with a 202
	code     string // of the problem, if it is one
}

func (c *callers) ask(ctx context.Context, api, secret string, n int) (response, error) {
	body, err := json.Marshal(map[string]string{"message": markerOf(n) + ": your order is on its way."})
	if err != nil {
		return response{}, err
	}

	url := fmt.Sprintf(
		"%s/api/v2/w/%s/chats/%d/send-assistant-message",
		api,
		c.seeded.Workspace,
		c.seeded.Chats[n%len(c.seeded.Chats)],
	)

	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return response{}, err
	}

	request.Header.Set("Authorization", "Bearer "+secret)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", markerOf(n))

	res, err := c.client.Do(request)
	if err != nil {
		return response{}, err
	}

	defer func() { _ = res.Body.Close() }() // read to its end

	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return response{}, err
	}

	return readResponse(res.StatusCode, raw)
}

// readResponse reads what matters of an answer. A problem has a number for its status.
func readResponse(status int, raw []byte) (response, error) {
	var body struct {
		Status any    `json:"status"`
		Code   string `json:"code"`
	}

	if err := json.Unmarshal(raw, &body); err != nil {
		return response{}, fmt.Errorf("read an answer with status %d: %w", status, err)
	}

	delivery, _ := body.Status.(string)

	return response{status: status, delivery: delivery, code: body.Code}, nil
}

// told returns what the answer means to the caller. After toldNothing the request is
// repeated.
func (r response) told() told {
	switch {
	case r.status == http.StatusOK:
		return toldAccepted
	case r.status == http.StatusAccepted && r.delivery == "unknown":
		return toldUnknown
	case r.status == http.StatusAccepted:
		return toldPending
	case r.status == http.StatusInternalServerError && r.code == "delivery_failed":
		return toldFailed
	case r.status == http.StatusTooManyRequests || r.status >= http.StatusInternalServerError:
		return toldNothing
	}

	return toldRefused
}
