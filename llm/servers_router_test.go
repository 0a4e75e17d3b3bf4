package llm_test

import (
	"strconv"
	"time"
)

// routers stand before the servers of others.
func routers() map[string]cells { return map[string]cells{"OpenRouter": openRouterCells()} }

// https://openrouter.ai/docs/api/reference/errors-and-debugging, /docs/api/reference/limits,
// /docs/guides/features/structured-outputs, /docs/use-cases/reasoning-tokens (message.reasoning).
func openRouterCells() cells {
	failure := func(status int, message, more string) wireReply {
		return refusesWith(status, `{"error":{"message":"`+message+`","code":`+strconv.Itoa(status)+more+`},"user_id":"u"}`)
	}
	within := func(code int, message, more string) wireReply {
		reply := failure(code, message, more)
		reply.status = 0

		return reply
	}
	rate := failure(429, "Rate limit exceeded: free-models-per-min. ", "")
	rate.header = map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": strconv.FormatInt(inSeconds(40).UnixMilli(), 10)}
	retry := failure(503, "There is no available model provider that meets your routing requirements", "")
	retry.header = map[string]string{"Retry-After": "30"}

	return cells{
		"good": {replies(wireReply{body: "\n         \n         \n" + completes(`"content":`+quoted(parcelAnswer)+`,"refusal":null,"reasoning":"Ana asks.",`+
			`"reasoning_details":[{"type":"reasoning.text","text":"Ana asks."}]`, usage110+`,"provider":"X"`).body}), saved(110)},
		"no json_schema":            {replies(failure(404, "No endpoints found that can handle the requested parameters.", ""), completesWell()), saved(110)},
		"too long":                  {replies(failure(400, "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000 tokens.", "")), isTooLong()},
		"too long, at its provider": {replies(failure(400, "Provider returned error", `,"metadata":{"raw":"{\"error\":{\"message\":\"prompt is too long\"}}","provider_name":"X"}`)), isTooLong()},
		"too long, in a 200":        {replies(within(400, "This endpoint's maximum context length is 8192 tokens.", "")), isTooLong()},
		"rate, by its reset":        {replies(rate), laterAt("openai_429", 40)},
		"rate, in a 200":            {replies(within(429, "Provider returned error", `,"metadata":{"raw":"small is temporarily rate-limited upstream","provider_name":"X"}`)), later("openai_429", 0)},
		"overloaded":                {replies(retry), later("openai_503", 30*time.Second)},
		"provider down, in a 200":   {replies(within(502, "Provider returned error", "")), later("openai_502", 0)},
		"error in the choice": {replies(wireReply{body: `{"id":"gen-1","provider":"X","model":"small","choices":[{"index":0,"finish_reason":"error",` +
			`"native_finish_reason":"error","message":{"role":"assistant","content":"{\"ti"},"error":{"code":429,"message":"slow down"}}]}`}), later("openai_429", 0)},
		"error in the choice, without code": {replies(wireReply{body: `{"id":"gen-1","choices":[{"index":0,"finish_reason":"error",` +
			`"message":{"role":"assistant","content":""}}]}`}), later("openai_stopped", 0)},
		"no such model":                 {replies(failure(400, "small is not a valid model ID", "")), final("does not have the model small")},
		"no such model, none serves it": {replies(failure(404, "No endpoints found for small.", ""), failure(404, "No endpoints found for small.", "")), final("does not have the model small")},
		"wrong key":                     {replies(failure(401, "No auth credentials found", "")), final("credentials are refused")},
		"no credits":                    {replies(failure(402, "Insufficient credits. Add more using https://openrouter.ai/credits", "")), final("quota")},
		"moderated":                     {replies(failure(403, "Input flagged", `,"metadata":{"reasons":["violence"],"flagged_input":"sk-abc","provider_name":"X"}`)), final("refuses")},
		"data policy":                   {replies(failure(404, "No endpoints found matching your data policy.", ""), failure(404, "No endpoints found matching your data policy.", "")), final("does not have the model small")},
		"usage with cost":               {replies(completes(`"content":`+quoted(parcelAnswer), `,"usage":{"prompt_tokens":100,"completion_tokens":10,"total_tokens":110,"cost":0.0001,"is_byok":false}`)), saved(110)},
	}
}
