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
	read := readBody(response)

	var envelope struct {
		Error struct {
			Code any `json:"code"` // a number at some servers
			Type any `json:"type"`
		} `json:"error"`
	}

	c := Complaint{status: response.StatusCode, text: strings.ToLower(string(read))}
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
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return c.mentions(overlong...)
	}

	return false
}

// overlong are the words of OpenAI, Anthropic, vLLM, llama.cpp and Google for more than a
// model holds.
var overlong = []string{
	"context_length_exceeded", "string_above_max_length", "maximum context length", "context length",
	"prompt is too long", "request_too_large", "exceed context limit",
	"exceed_context_size", "context size", "context window", "input token count",
}
