package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"handrail/chat"
	"handrail/client"
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
	// askAtOnce is for how many missing sends is asked at a time.
	askAtOnce = 50
)

// markerOf returns what sets a send apart from every other one: it is the send's idempotency
// key, and part of its text, unless it has the text of another send.
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
	// text is the marker in the text of the send: another one's, if the two have the same text.
	text string
	told told
	code string // of the problem, when it was refused or failed
	// later reports whether it was promised first, and refused, or ended with a reason, when it
	// was asked for again: such a send leaves nothing in the database.
	later bool
	// running reports whether its action still ran when it was last asked for.
	running bool
	tries   int
	last    string // why there was no definite answer
}

// callers send, each one message after the other, with a key of its own: an API key may
// make only so many requests in a second.
type callers struct {
	apis   []string // origins
	seeded *testcluster.Seeded
	client *http.Client
	// texts are the markers in the texts of all sends, in their order.
	texts []string
	// admit waits until the n'th of so many sends may begin.
	admit    func(ctx context.Context, n, sends int)
	answered atomic.Int64
	// askedUntil is the send before which askForMissing goes on.
	askedUntil int
}

func newCallers(apis []string, s *testcluster.Seeded, texts []string) *callers {
	doer := &http.Client{
		Timeout:   answerWithin,
		Transport: &http.Transport{MaxIdleConnsPerHost: len(s.Secrets)},
	}

	return &callers{
		apis:   apis,
		seeded: s,
		client: doer,
		texts:  texts,
		admit:  func(context.Context, int, int) {},
	}
}

// api returns the n'th API, in turn.
func (c *callers) api(n int) string { return c.apis[n%len(c.apis)] }

// send makes all sends and returns what was told about each, in their order.
func (c *callers) send(ctx context.Context) []answer {
	sends := len(c.texts)
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

				c.admit(ctx, n, sends)

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
	a := answer{marker: markerOf(n), text: c.texts[n], told: toldNothing}

	ctx, cancel := context.WithTimeout(ctx, giveUpAfter)
	defer cancel()

	for {
		got, err := c.ask(ctx, c.api(n+a.tries), secret, n)
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

// askForMissing asks for the sends that were promised and that the database does not have, as a
// careful caller does: how the action stands, and if there is none, for the same send again. It
// notes which were refused, and which were ended with a reason. It asks for some at a time, and
// goes on with others the next time: most of what is missing only waits for its turn.
func (c *callers) askForMissing(ctx context.Context, answers []answer, stored map[string]bool) {
	asked := 0

	for i := range answers {
		n := (c.askedUntil + i) % len(answers)

		a := &answers[n]
		if !a.missing(stored) {
			continue
		}

		if asked++; asked > askAtOnce {
			c.askedUntil = n
			return
		}

		a.tries++

		code, err := c.askAction(ctx, n)
		a.running = err == nil && code == ""

		if err == nil && code == noAction {
			var got response
			if got, err = c.ask(ctx, c.api(n), c.seeded.Secrets[0], n); got.told() == toldRefused {
				code = got.code
			}
		}

		if err == nil && code != "" && code != noAction {
			a.code = code
			a.later = true
		}
	}
}

// noAction is the code of the problem that there is no such action.
const noAction = string(chat.CodeActionNotFound)

// errUntold says that the API could not tell how an action stands.
var errUntold = errors.New("the API cannot tell how the action stands")

// dial returns a client of an API that does not repeat requests: callers repeat them at one API after the other.
func (c *callers) dial(api, secret string) (*client.API, error) {
	return client.New(api, secret, client.WithDoer(c.client), client.WithRetries(1, 0))
}

// askAction asks how the action of the n'th send stands. It returns the code of the problem
// that it has ended with, noAction if there is no such action, and "" if it goes on.
func (c *callers) askAction(ctx context.Context, n int) (string, error) {
	api, err := c.dial(c.api(n), c.seeded.Secrets[0])
	if err != nil {
		return "", err
	}

	id := chat.DeriveActionID(string(c.seeded.Workspace), markerOf(n))
	got, err := api.GetActionWithResponse(ctx, string(c.seeded.Workspace), string(id), nil)

	switch refusal, isRefusal := errors.AsType[*client.Error](err); {
	case isRefusal && refusal.Status == http.StatusNotFound:
		return string(refusal.Code), nil
	case isRefusal:
		return "", errUntold
	case err != nil:
		return "", fmt.Errorf("ask how an action stands: %w", err)
	case got.JSON200 == nil:
		return "", errUntold
	case got.JSON200.State == client.ActionStateFailed && got.JSON200.Problem != nil:
		return string(got.JSON200.Problem.Code), nil
	}

	return "", nil
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

// ask sends the n'th message once. It returns an error if there is no answer.
func (c *callers) ask(ctx context.Context, address, secret string, n int) (response, error) {
	api, err := c.dial(address, secret)
	if err != nil {
		return response{}, err
	}

	sent, err := api.SendAssistantMessageWithResponse(
		ctx,
		string(c.seeded.Workspace),
		int64(c.seeded.Chats[n%len(c.seeded.Chats)]),
		&client.SendAssistantMessageParams{IdempotencyKey: new(markerOf(n))},
		client.Send{Message: c.texts[n] + ": your order is on its way."},
	)

	switch refusal, isRefusal := errors.AsType[*client.Error](err); {
	case isRefusal:
		return response{status: int(refusal.Status), code: string(refusal.Code)}, nil
	case err != nil:
		return response{}, fmt.Errorf("send a message: %w", err)
	case sent.JSON202 != nil:
		return response{status: http.StatusAccepted, delivery: sent.JSON202.Status}, nil
	}

	return response{status: sent.StatusCode()}, nil
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
