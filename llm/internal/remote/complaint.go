package remote

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Complaint is what a server says is wrong with a request. It is looked at, never shown.
type Complaint struct {
	status int
	// withoutStatus reports that the status is not the server's.
	withoutStatus bool
	// text is all of it, in lower case.
	text string
	// words are the fields that name the failure.
	words []string
}

// Read finds the complaint in a response of status 400 and more.
func Read(response *http.Response) Complaint {
	c := readComplaint(readBody(response))
	c.status = response.StatusCode

	return c
}

// unescaped are the signs that some libraries escape in JSON.
var unescaped = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&")

func readComplaint(read []byte) Complaint {
	c := Complaint{text: unescaped.Replace(strings.ToLower(string(read)))}

	var envelope struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(read, &envelope) != nil {
		return c
	}

	// The error is an object, or a text or nothing beside the fields of one.
	failure := envelope.Error
	if len(failure) == 0 || failure[0] != '{' {
		failure = read
	}

	var named struct {
		Code      any `json:"code"` // a number at some servers
		Type      any `json:"type"`
		ErrorType any `json:"error_type"`
	}
	if json.Unmarshal(failure, &named) != nil {
		return c
	}

	for _, field := range []any{named.Code, named.Type, named.ErrorType} {
		if word, ok := field.(string); ok {
			c.words = append(c.words, word)
		}
	}

	return c
}

var identifier = regexp.MustCompile(`^[a-z][a-z_]{2,40}$`)

// reason is the server's own word for the failure, such as context_length_exceeded; only
// what can be nothing but such a word.
func (c *Complaint) reason() string {
	for _, word := range c.words {
		if identifier.MatchString(word) {
			return word
		}
	}

	return ""
}

// ErrorWithin is the complaint in an answer of status 200, nil for none: {"error": {"code": 429, …}}, with the
// status of the model's own server, or the words of a failure.
func ErrorWithin(body string) *Complaint {
	var envelope struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal([]byte(body), &envelope) != nil || len(envelope.Error) == 0 || string(envelope.Error) == "null" {
		return nil
	}

	c := readComplaint([]byte(body))
	c.status = http.StatusBadGateway
	c.withoutStatus = true

	var failure struct {
		Code json.Number `json:"code"`
	}
	if json.Unmarshal(envelope.Error, &failure) == nil {
		if code, err := failure.Code.Int64(); err == nil && code >= http.StatusBadRequest && code < 600 {
			c.status = int(code)
			c.withoutStatus = false
		}
	}

	for word, status := range statusOfWord {
		if slices.Contains(c.words, word) {
			c.status = status
			c.withoutStatus = false
		}
	}

	return &c
}

// statusOfWord are the statuses that failures have outside an answer of status 200 (Anthropic, "Errors").
var statusOfWord = map[string]int{
	"overloaded_error":      statusOverloaded,
	"rate_limit_error":      http.StatusTooManyRequests,
	"api_error":             http.StatusInternalServerError,
	"invalid_request_error": http.StatusBadRequest,
	"authentication_error":  http.StatusUnauthorized,
	"not_found_error":       http.StatusNotFound,
}
