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
	var envelope struct {
		Error struct {
			Code any `json:"code"` // a number at some servers
			Type any `json:"type"`
		} `json:"error"`
	}

	c := Complaint{text: unescaped.Replace(strings.ToLower(string(read)))}
	if json.Unmarshal(read, &envelope) == nil {
		for _, field := range []any{envelope.Error.Code, envelope.Error.Type} {
			if word, ok := field.(string); ok {
				c.words = append(c.words, word)
			}
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

func (c *Complaint) mentions(words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(c.text, w) })
}

// RefusesFormat reports whether the complaint is about the form asked for, by one of the
// words that only it has in a request.
func (c *Complaint) RefusesFormat(words ...string) bool {
	invalid := c.status == http.StatusBadRequest || c.status == http.StatusUnprocessableEntity
	return invalid && !c.TooLong() && c.mentions(words...)
}

// TooLong reports whether the request holds more than the model can.
func (c *Complaint) TooLong() bool {
	switch c.status {
	case http.StatusRequestEntityTooLarge:
		return true
	case http.StatusTooManyRequests:
		// OpenAI for a request that is by itself over the tokens of a minute: waiting does not help.
		return c.mentions("request too large")
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusInternalServerError:
		return c.mentions(overlong...)
	}

	return false
}

// overlong are the words of OpenAI, Anthropic, vLLM, llama.cpp, Google, TGI, SGLang, TensorRT-LLM, Bedrock,
// Groq, Mistral, Moonshot and others for more than a model holds.
var overlong = []string{
	"context_length_exceeded", "string_above_max_length", "maximum context length", "context length",
	"prompt is too long", "request_too_large", "exceed context limit",
	"exceed_context_size", "context size", "context window", "input token count",
	"maximum model length", "max_new_tokens` must be <=", "too many tokens", "input is too long",
	"exceeds maximum input length", "maximum prompt length", "max_num_tokens", "exceeded model token limit",
	"prompt exceeds max length", "size limit exceeded", "longer than the model", "reduce the length",
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

	var failure struct {
		Code json.Number `json:"code"`
	}
	if json.Unmarshal(envelope.Error, &failure) == nil {
		if code, err := failure.Code.Int64(); err == nil && code >= http.StatusBadRequest && code < 600 {
			c.status = int(code)
		}
	}

	for word, status := range statusOfWord {
		if slices.Contains(c.words, word) {
			c.status = status
		}
	}

	return &c
}

// statusOfWord are the statuses that failures have outside an answer of status 200 (Anthropic, "Errors").
var statusOfWord = map[string]int{
	"overloaded_error":      529,
	"rate_limit_error":      http.StatusTooManyRequests,
	"api_error":             http.StatusInternalServerError,
	"invalid_request_error": http.StatusBadRequest,
	"authentication_error":  http.StatusUnauthorized,
	"not_found_error":       http.StatusNotFound,
}
