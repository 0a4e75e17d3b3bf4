package llm_test

import (
	"strconv"
	"time"
)

// hostedServers are those of the makers of models.
func hostedServers() map[string]cells {
	return map[string]cells{
		"OpenAI":       openAICells(),
		"Azure OpenAI": azureCells(),
		"Anthropic":    anthropicCells(),
		"Mistral":      mistralCells(),
		"Groq":         groqCells(),
	}
}

// https://platform.openai.com/docs/guides/error-codes, /docs/guides/rate-limits (headers),
// /docs/guides/structured-outputs (refusals, models without a schema).
func openAICells() cells {
	failure := func(status int, code, message string) wireReply {
		return refusesWith(status, `{"error":{"message":"`+message+`","type":"x","param":null,"code":"`+code+`"}}`)
	}
	limited := func(header map[string]string) []wireReply {
		reply := failure(429, "rate_limit_exceeded", "Rate limit reached for small on tokens per min (TPM)")
		reply.header = header

		return replies(reply)
	}

	return cells{
		"good": {replies(completes(`"content":`+quoted(parcelAnswer)+`,"refusal":null,"annotations":[]`,
			usage110+`,"service_tier":"default","system_fingerprint":"fp_1"`)), saved(110)},
		"no json_schema": {replies(
			failure(400, "unsupported_value", "Invalid parameter: 'response_format' of type 'json_schema' is not "+
				"supported with this model."), completesWell()), saved(110)},
		"too long": {replies(failure(400, "context_length_exceeded",
			"This model's maximum context length is 8192 tokens.")), isTooLong()},
		"more than a minute's tokens": {replies(failure(429, "rate_limit_exceeded",
			"Request too large for small on tokens per min (TPM): Limit 30000, Requested 40000.")), isTooLong()},
		"rate, in seconds":      {limited(map[string]string{"Retry-After": "17"}), later("openai_429", 17*time.Second)},
		"rate, in milliseconds": {limited(map[string]string{"Retry-After-Ms": "7500"}), later("openai_429", 7500*time.Millisecond)},
		"rate, by its reset": {limited(map[string]string{
			"X-Ratelimit-Remaining-Requests": "59", "X-Ratelimit-Reset-Requests": "1s",
			"X-Ratelimit-Remaining-Tokens": "0", "X-Ratelimit-Reset-Tokens": "6m0s",
		}), later("openai_429", 6*time.Minute)},
		"quota": {replies(failure(429, "insufficient_quota", "You exceeded your current quota")), final("quota")},
		"overloaded": {replies(refusesWith(503, `{"error":{"message":"The engine is currently overloaded, please try `+
			`again later","type":"server_error","param":null,"code":null}}`)), outcome{code: "openai_503", says: "too much to do"}},
		"no such model":  {replies(failure(404, "model_not_found", "The model `small` does not exist")), final("does not have the model small")},
		"wrong key":      {replies(failure(401, "invalid_api_key", "Incorrect API key provided: sk-abc")), final("credentials are refused")},
		"refusal":        {replies(completes(`"content":null,"refusal":"I can't help with that."`, usage110)), final("refuses")},
		"usage missing":  {replies(completes(`"content":`+quoted(parcelAnswer), "")), saved(0)},
		"content filter": {replies(wireReply{body: `{"choices":[{"index":0,"finish_reason":"content_filter","message":{"role":"assistant","content":""}}]}`}), final("refuses")},
	}
}

// https://learn.microsoft.com/azure/ai-services/openai/concepts/content-filter, /how-to/quota,
// /reference (error response, api-key), microsoft/azurechat#351 (filtered prompts).
func azureCells() cells {
	return cells{
		"good": {replies(completes(`"content":`+quoted(parcelAnswer)+`,"refusal":null`, usage110+
			`,"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]`)), saved(110)},
		"no json_schema": {replies(refusesWith(400, `{"error":{"message":"response_format value as json_schema is enabled `+
			`only for api versions 2024-08-01-preview and later","type":"invalid_request_error","param":null,"code":null}}`),
			completesWell()), saved(110)},
		"too long": {replies(refusesWith(400, `{"error":{"message":"This model's maximum context length is 8192 tokens. Please `+
			`reduce the length of the messages.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`)), isTooLong()},
		"rate": {replies(wireReply{
			status: 429, header: map[string]string{"Retry-After": "6", "Retry-After-Ms": "5900"},
			body: `{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation have exceeded token ` +
				`rate limit of your current pricing tier. Please retry after 6 seconds."}}`,
		}), later("openai_429", 5900*time.Millisecond)},
		"overloaded": {replies(refusesWith(503, `{"error":{"code":"InternalServerError","message":"The service is temporarily `+
			`unable to process your request. Please try again later."}}`)), later("openai_503", 0)},
		"no such model": {replies(refusesWith(404, `{"error":{"code":"DeploymentNotFound","message":"The API deployment for `+
			`this resource does not exist."}}`)), final("does not have the model small")},
		"wrong key": {replies(refusesWith(401, `{"error":{"code":"401","message":"Access denied due to invalid subscription `+
			`key or wrong API endpoint. sk-abc"}}`)), final("credentials are refused")},
		"wrong key, at the gateway": {replies(refusesWith(401, `{"statusCode":401,"message":"Unauthorized. Access token is missing"}`)), final("credentials are refused")},
		"prompt filtered": {replies(refusesWith(400, `{"error":{"message":"The response was filtered due to the prompt `+
			`triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter",`+
			`"status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{}}}}`)), final("refuses")},
		"answer filtered": {replies(wireReply{body: `{"choices":[{"finish_reason":"content_filter","index":0,"message":` +
			`{"role":"assistant"},"content_filter_results":{"violence":{"filtered":true}}}]` + usage110 + `}`}), final("refuses")},
	}
}

// https://docs.anthropic.com/en/api/errors, /en/api/rate-limits (headers), /en/api/messages (stop reasons).
func anthropicCells() cells {
	says := func(stop, content, usage string) wireReply {
		return wireReply{body: `{"id":"msg_1","type":"message","role":"assistant","model":"small-1","stop_reason":"` + stop +
			`","stop_sequence":null,"content":[` + content + `],"usage":` + usage + `}`}
	}
	failure := func(status int, kind, message string) wireReply {
		return refusesWith(status, `{"type":"error","error":{"type":"`+kind+`","message":"`+message+`"},"request_id":"req_1"}`)
	}
	text := `{"type":"text","text":` + quoted(parcelAnswer) + `}`
	used := `{"input_tokens":80,"cache_creation_input_tokens":20,"cache_read_input_tokens":0,"output_tokens":10}`

	rate := failure(429, "rate_limit_error", "This request would exceed your organization's rate limit")
	rate.header = map[string]string{"Retry-After": "12"}
	reset := failure(429, "rate_limit_error", "This request would exceed your organization's rate limit")
	reset.header = map[string]string{
		"Anthropic-Ratelimit-Requests-Remaining":     "7",
		"Anthropic-Ratelimit-Requests-Reset":         inSeconds(3000).UTC().Format(time.RFC3339),
		"Anthropic-Ratelimit-Input-Tokens-Remaining": "0",
		"Anthropic-Ratelimit-Input-Tokens-Reset":     inSeconds(90).UTC().Format(time.RFC3339),
	}

	return cells{
		"good":          {replies(says("end_turn", text, used)), saved(110)},
		"with thoughts": {replies(says("end_turn", `{"type":"thinking","thinking":"{\"title\":\"no\"}","signature":"x"},`+text, used)), saved(110)},
		"no schema": {replies(failure(400, "invalid_request_error", "output_config.format: Extra inputs are not permitted"),
			says("end_turn", text, used)), saved(110)},
		"too long":           {replies(failure(400, "invalid_request_error", "prompt is too long: 213456 tokens > 200000 maximum")), isTooLong()},
		"too many bytes":     {replies(failure(413, "request_too_large", "Request exceeds the maximum size")), isTooLong()},
		"context exceeded":   {replies(says("model_context_window_exceeded", "", used)), isTooLong()},
		"rate":               {replies(rate), later("anthropic_429", 12*time.Second)},
		"rate, by its reset": {replies(reset), laterAt("anthropic_429", 90)},
		"overloaded":         {replies(failure(529, "overloaded_error", "Overloaded")), outcome{code: "anthropic_529", says: "too much to do"}},
		"overloaded, in a 200": {
			replies(wireReply{body: `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`}),
			outcome{code: "anthropic_529", says: "too much to do"},
		},
		"no such model": {replies(failure(404, "not_found_error", "model: small")), final("does not have the model small")},
		"wrong key":     {replies(failure(401, "authentication_error", "invalid x-api-key sk-abc")), final("credentials are refused")},
		"no credit":     {replies(failure(400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.")), final("quota")},
		"refusal":       {replies(says("refusal", "", used)), final("refuses")},
		"usage missing": {replies(says("end_turn", text, "null")), saved(0)},
	}
}

// mistralai/client-python (models.HTTPValidationError), raycast/extensions#31107 (429, code 1300),
// continuedev/continue#6185 (capacity), editor-code-assistant/eca#231 (422 with a message that is an object).
func mistralCells() cells {
	flat := func(status int, kind, code, message string) wireReply {
		return refusesWith(status, `{"object":"error","message":"`+message+`","type":"`+kind+`","param":null,"code":"`+code+`"}`)
	}

	return cells{
		"good": {replies(completes(`"content":`+quoted(parcelAnswer)+`,"tool_calls":null,"prefix":false`, usage110)), saved(110)},
		"in parts": {replies(completes(`"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm. {\"title\":\"no\"}"}]},`+
			`{"type":"text","text":`+quoted(parcelAnswer)+`}]`, usage110)), saved(110)},
		"no json_schema": {replies(refusesWith(422, `{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body",`+
			`"response_format","json_schema"],"msg":"Extra inputs are not permitted"}]},"type":"invalid_request_error","param":null,"code":null}`),
			completesWell()), saved(110)},
		"too long": {replies(flat(400, "invalid_request_prompt", "3051", "Prompt contains 40000 tokens and 0 draft tokens, too "+
			"large for model with 32768 maximum context length")), isTooLong()},
		"rate":                      {replies(flat(429, "rate_limited", "1300", "Rate limit exceeded")), later("openai_429", 0)},
		"overloaded":                {replies(flat(429, "service_tier_capacity_exceeded", "3505", "Service tier capacity exceeded for this model.")), later("openai_429", 0)},
		"no such model":             {replies(flat(400, "invalid_model", "1500", "Invalid model: small")), final("does not have the model small")},
		"wrong key":                 {replies(refusesWith(401, `{"detail":"Unauthorized"}`)), final("credentials are refused")},
		"wrong key, at the gateway": {replies(refusesWith(401, `{"message":"Unauthorized","request_id":"sk-abc"}`)), final("credentials are refused")},
		"usage odd":                 {replies(completes(`"content":`+quoted(parcelAnswer), `,"usage":{"prompt_tokens":100.0,"completion_tokens":10,"prompt_audio_seconds":{}}`)), saved(110)},
	}
}

// https://console.groq.com/docs/errors, /docs/rate-limits (headers; retry-after with 429 only), /docs/structured-outputs,
// /docs/reasoning (message.reasoning), /docs/flex-processing (498).
func groqCells() cells {
	failure := func(status int, kind, code, message string) wireReply {
		return refusesWith(status, `{"error":{"message":"`+message+`","type":"`+kind+`","code":"`+code+`"}}`)
	}
	rate := failure(429, "tokens", "rate_limit_exceeded", "Rate limit reached for model `small` on tokens per minute (TPM). Please try again in 7.66s.")
	rate.header = map[string]string{"Retry-After": "8"}
	reset := failure(429, "tokens", "rate_limit_exceeded", "Rate limit reached")
	reset.header = map[string]string{
		"X-Ratelimit-Remaining-Requests": "14000", "X-Ratelimit-Reset-Requests": "2m59.56s",
		"X-Ratelimit-Remaining-Tokens": "12", "X-Ratelimit-Reset-Tokens": "7.66s",
	}

	return cells{
		"good": {replies(completes(`"content":`+quoted(parcelAnswer)+`,"reasoning":"Ana asks."`, `,"x_groq":{"id":"req_1"},"usage":{`+
			`"queue_time":0.1,"prompt_tokens":100,"prompt_time":0.01,"completion_tokens":10,"completion_time":0.2,"total_time":0.3}`)), saved(110)},
		"no json_schema": {replies(failure(400, "invalid_request_error", "", "This model does not support response format `json_schema`."),
			completesWell()), saved(110)},
		"json_validate_failed": {replies(refusesWith(400, `{"error":{"message":"Failed to generate JSON. Please adjust your prompt.",`+
			`"type":"invalid_request_error","code":"json_validate_failed","failed_generation":"{"}}`), completesWell()), saved(110)},
		"too long":           {replies(failure(400, "invalid_request_error", "context_length_exceeded", "Please reduce the length of the messages or completion.")), isTooLong()},
		"more than a minute": {replies(failure(413, "tokens", "rate_limit_exceeded", "Request too large for model `small`: Limit 6000, Requested 7591")), isTooLong()},
		"rate":               {replies(rate), later("openai_429", 8*time.Second)},
		"rate, by its reset": {replies(reset), later("openai_429", 7660*time.Millisecond)},
		"overloaded":         {replies(failure(498, "capacity", "capacity_exceeded", "Flex tier capacity exceeded")), outcome{code: "openai_498", says: "too much to do"}},
		"overloaded, 503":    {replies(wireReply{status: 503, header: map[string]string{"Retry-After": strconv.Itoa(20)}, body: `{"error":{"message":"Over capacity","type":"internal_server_error"}}`}), later("openai_503", 20*time.Second)},
		"no such model":      {replies(failure(404, "invalid_request_error", "model_not_found", "The model `small` does not exist or you do not have access to it.")), final("does not have the model small")},
		"wrong key":          {replies(failure(401, "invalid_request_error", "invalid_api_key", "Invalid API Key sk-abc")), final("credentials are refused")},
	}
}
