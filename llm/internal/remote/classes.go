package remote

import (
	"net/http"
	"slices"
	"strings"
)

// class is what a failure means, whatever server it comes from.
type class int

// The classes. What is in none of them is refused.
const (
	refusedRequest class = iota
	tooLong
	filtered
	quotaUsed
	unknownModel
	wrongKey
	limitedRate
	overloaded
	// passing may be otherwise later, for a reason that nobody knows.
	passing
)

// sign is what a failure of a class looks like: one of the statuses, and, where the sign has reasons or
// words, one of these. A reason is the server's own word for the failure, words are a part of its text in
// lower case.
type sign struct {
	class    class
	statuses []int
	reasons  []string
	words    []string
}

// Statuses beside those of RFC 9110: Groq's for "flex tier capacity exceeded", and Anthropic's and
// Cloudflare's for a server that has too much to do.
const (
	statusCapacityExceeded = 498
	statusOverloaded       = 529
)

var (
	// invalidStatuses are those with which servers refuse what is in a request.
	invalidStatuses = []int{
		http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusInternalServerError,
	}
	refusalStatuses = []int{http.StatusBadRequest, http.StatusForbidden, http.StatusUnprocessableEntity}
)

// signs are all that are known; the first that fits counts. Where they come from stands in llm/servers_*_test.go,
// server by server.
var signs = []sign{
	{tooLong, []int{http.StatusRequestEntityTooLarge}, nil, nil},
	// OpenAI for a request that is by itself over the tokens of a minute: waiting does not help.
	{tooLong, []int{http.StatusTooManyRequests}, nil, []string{"request too large"}},
	{
		tooLong,
		[]int{http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusInternalServerError},
		nil,
		overlong,
	},

	// Azure OpenAI (content_filter), OpenRouter (403 with the reasons of its moderation).
	{filtered, refusalStatuses, []string{"content_filter", "content_policy_violation"}, []string{
		"responsibleaipolicyviolation", "content management policy", "flagged_input", "input flagged",
	}},

	// OpenAI, Anthropic, OpenRouter.
	{quotaUsed, []int{http.StatusPaymentRequired}, nil, nil},
	{
		quotaUsed,
		[]int{http.StatusBadRequest, http.StatusForbidden, http.StatusTooManyRequests},
		[]string{"insufficient_quota", "billing_error"},
		[]string{"credit balance"},
	},

	// OpenAI, Groq (model_not_found), Anthropic (not_found_error), Mistral (invalid_model), Azure, vLLM, Ollama,
	// OpenRouter, LM Studio.
	{
		unknownModel,
		[]int{http.StatusBadRequest, http.StatusNotFound},
		[]string{"model_not_found", "not_found_error", "invalid_model", "DeploymentNotFound"},
		[]string{"` does not exist", "not found, try pulling", "is not a valid model", "no models loaded"},
	},

	{wrongKey, []int{http.StatusUnauthorized, http.StatusForbidden}, nil, nil},
	{limitedRate, []int{http.StatusTooManyRequests}, nil, nil},
	{overloaded, []int{http.StatusServiceUnavailable, statusOverloaded, statusCapacityExceeded}, nil, nil},

	// TGI answers 424 for whatever it could not generate.
	{
		passing,
		[]int{http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusFailedDependency},
		nil,
		nil,
	},
}

// overlong are the words of OpenAI, Anthropic, vLLM, llama.cpp, Google, TGI, SGLang, TensorRT-LLM, Bedrock,
// Groq, Mistral, Moonshot, LM Studio and others for more than a model holds.
var overlong = []string{
	"context_length_exceeded", "string_above_max_length", "maximum context length", "context length",
	"prompt is too long", "request_too_large", "exceed context limit",
	"exceed_context_size", "context size", "context window", "input token count",
	"maximum model length", "max_new_tokens` must be <=", "too many tokens", "input is too long",
	"exceeds maximum input length", "maximum prompt length", "max_num_tokens", "exceeded model token limit",
	"prompt exceeds max length", "size limit exceeded", "longer than the model", "reduce the length", ">= n_ctx",
}

// class returns what the complaint means.
func (c *Complaint) class() class {
	i := slices.IndexFunc(signs, c.shows)

	switch {
	case i >= 0:
		return signs[i].class
	case c.status == http.StatusNotFound:
		// In whatever words: the path or the model.
		return unknownModel
	case c.status >= http.StatusInternalServerError:
		return passing
	}

	return refusedRequest
}

func (c *Complaint) shows(s sign) bool {
	wordy := len(s.reasons) > 0 || len(s.words) > 0
	// An error within an answer of status 200 may have no status of its own.
	ofStatus := slices.Contains(s.statuses, c.status) || wordy && c.withoutStatus

	isNamed := slices.ContainsFunc(s.reasons, func(reason string) bool { return slices.Contains(c.words, reason) })

	return ofStatus && (!wordy || isNamed || c.mentions(s.words...))
}

// RefusesFormat reports whether the complaint is about the form asked for, by one of the
// words that only it has in a request.
func (c *Complaint) RefusesFormat(words ...string) bool {
	invalid := c.status == http.StatusBadRequest || c.status == http.StatusUnprocessableEntity
	return invalid && c.class() != tooLong && c.mentions(words...)
}

// MayRefuseFormat reports whether a failure may be about the form of the answer, though no word of it says so:
// servers compile a grammar of the schema, and fail in the words of whatever does that for them. It is not if
// it is known what the failure means.
func (c *Complaint) MayRefuseFormat() bool {
	isKnown := slices.ContainsFunc(signs, c.shows)
	return !isKnown && slices.Contains(invalidStatuses, c.status)
}

func (c *Complaint) mentions(words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(c.text, w) })
}
