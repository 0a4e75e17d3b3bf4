package carrier

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"handrail/chat"
	"handrail/retryafter"
)

// maxRetryAfter bounds what a provider may ask us to wait.
const maxRetryAfter = 24 * time.Hour

// Answer is a provider's answer over HTTP, its body read.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// ReadAnswer reads and closes the response. With an error, the answer holds what came
// before the connection broke.
func ReadAnswer(res *http.Response) (Answer, error) {
	defer res.Body.Close()

	body, err := io.ReadAll(res.Body)
	if err != nil {
		err = fmt.Errorf("reading the provider's answer: %w", err)
	}

	return Answer{Status: res.StatusCode, Header: res.Header, Body: body}, err
}

// Success reports whether the status is one of 200 to 299.
func (a *Answer) Success() bool { return a.Status >= 200 && a.Status <= 299 }

// Submission is what the answer comes to under the verdict. The code is the provider's
// own, or 0 when it gave none; the status then takes its place.
func (a *Answer) Submission(provider chat.Provider, code int, v Verdict) chat.Submission {
	if code == 0 {
		code = a.Status
	}

	s := chat.Submission{
		Outcome:         v.Outcome,
		RecipientScoped: v.RecipientScoped,
		HTTPStatus:      a.Status,
		ErrorCode:       string(provider) + "_" + strconv.Itoa(code),
		ErrorMessage:    v.Words,
	}

	if v.Outcome == chat.OutcomeNotProcessed {
		s.RetryAfter = a.retryAfter()
	}

	return s
}

// retryAfter returns how long the provider asks to wait, or 0.
func (a *Answer) retryAfter() time.Duration {
	wait, _ := retryafter.Parse(a.Header.Get("Retry-After"), time.Now(), maxRetryAfter)

	return wait
}
