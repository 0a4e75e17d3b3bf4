package sendgrid

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"handrail/carrier"
	"handrail/chat"
)

// judgeAnswer says what the answer means. Only 202 is an acceptance, with or without an id; 200
// is the answer to a validation in sandbox mode, which is never asked for.
func judgeAnswer(a *carrier.Answer) chat.Submission {
	if a.Status == http.StatusAccepted {
		return chat.Submission{
			Outcome:           chat.OutcomeAccepted,
			HTTPStatus:        a.Status,
			DeliveryStatus:    chat.StatusQueued,
			ProviderMessageID: a.Header.Get("X-Message-Id"),
		}
	}

	var problem struct {
		Errors []struct {
			Field string `json:"field"`
		} `json:"errors"`
	}

	understood := json.Unmarshal(a.Body, &problem) == nil && len(problem.Errors) > 0

	v := carrier.ByStatus(a.Status, understood)
	if understood && fieldPath.MatchString(problem.Errors[0].Field) {
		v.Words += " (field " + problem.Errors[0].Field + ")"
	}

	s := a.Submission(chat.ProviderSendGrid, 0, v)
	if s.Outcome == chat.OutcomeNotProcessed && s.RetryAfter == 0 {
		s.RetryAfter = untilReset(a.Header.Get("X-Ratelimit-Reset"), time.Now())
	}

	return s
}

// fieldPath is a place in the request. SendGrid's messages repeat addresses, so only the
// place is passed on, and only when it can be nothing else.
var fieldPath = regexp.MustCompile(
	`^(personalizations|from|reply_to|subject|content|headers|custom_args|tracking_settings)(\.[a-z0-9_]{1,20}){0,4}$`)

// untilReset reads X-RateLimit-Reset, the second (Unix time) in which SendGrid takes
// requests again; 0 when it is missing or past.
func untilReset(header string, now time.Time) time.Duration {
	at, err := strconv.ParseInt(header, 10, 64)
	if err != nil {
		return 0
	}

	return min(max(0, time.Unix(at, 0).Sub(now)), time.Hour)
}
