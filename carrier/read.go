package carrier

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"handrail/chat"
)

const (
	// ReadTimeout bounds one question, from the dial to the last byte of the answer.
	// Nothing is lost with an answer that is not waited for: it can be asked again.
	ReadTimeout = 10 * time.Second
	// maxPage is the most bytes of an answer to a question that are read. A page of 50
	// text messages, each of 1600 characters escaped, has half of that.
	maxPage = 1 << 20
)

// ErrCredentials says that the provider does not know the credentials, or has revoked them.
var ErrCredentials = errors.New("the credentials are refused")

// Read makes requests that change nothing at the provider, and may be repeated at will. It
// returns what ask returns, unless there was no full answer: then the error says why and
// names no address, which the text of net/http's own would.
func (p *Poster) Read(
	ctx context.Context,
	ask func(ctx context.Context, client *http.Client) (Answer, error),
) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, min(p.timeout, ReadTimeout))
	defer cancel()

	answer, err := ask(ctx, p.reader)
	switch {
	case err == nil:
		return answer, nil
	case errors.Is(err, context.Canceled):
		return Answer{}, fmt.Errorf("a question to the provider was called off: %w", context.Canceled)
	case timedOut(err):
		return Answer{}, errors.New("the provider did not answer a question in time")
	}

	return Answer{}, errors.New("the provider could not be asked, or its answer broke off")
}

// Refused is the error for an answer that is no success: [chat.RetryLaterError] with the
// provider's wait for 429, CodeNotFound for 404, [ErrCredentials] for 401, and a plain error for
// the others, which may pass. It repeats nothing of the answer's body.
func (a *Answer) Refused(provider chat.Provider) error {
	switch a.Status {
	case http.StatusTooManyRequests:
		return &chat.RetryLaterError{
			After: a.retryAfter(),
			Code:  fmt.Sprintf("%s_%d", provider, a.Status), Message: "too many questions at once",
		}

	case http.StatusUnauthorized:
		return fmt.Errorf("%s: %w", provider, ErrCredentials)

	case http.StatusNotFound:
		return chat.Errorf(chat.CodeNotFound, "the provider does not know this message")
	}

	return fmt.Errorf("%s answered a question with status %d", provider, a.Status)
}
