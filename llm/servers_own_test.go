package llm_test

import "time"

// ownServers are those that people run themselves.
func ownServers() map[string]cells {
	return map[string]cells{
		"vLLM":      vllmCells(),
		"Ollama":    ollamaCells(),
		"LM Studio": lmStudioCells(),
		"llama.cpp": llamaCells(),
		"TGI":       tgiCells(),
		"SGLang":    sglangCells(),
	}
}

// vllm/entrypoints/openai/protocol.py (ErrorResponse), serving_engine.py (_validate_input), api_server.py
// (AuthenticationMiddleware), reasoning outputs: message.reasoning, before that reasoning_content.
func vllmCells() cells {
	old := func(status, kind, message string) string {
		return `{"object":"error","message":"` + message + `","type":"` + kind + `","param":null,"code":` + status + `}`
	}
	now := func(status, kind, message string) string {
		return `{"error":{"message":"` + message + `","type":"` + kind + `","param":null,"code":` + status + `}}`
	}

	return cells{
		"good": {replies(completes(`"content":`+quoted("\n\n"+parcelAnswer)+`,"refusal":null,"reasoning":null,"tool_calls":[],"function_call":null`,
			usage110+`,"prompt_logprobs":null,"kv_transfer_params":null`)), saved(110)},
		"all of it reasoning": {replies(completes(`"content":null,"reasoning":`+quoted("Ana asks.\n"+parcelAnswer), usage110)), saved(110)},
		"no json_schema": {replies(refusesWith(400, now("400", "BadRequestError", "The provided JSON schema contains features "+
			"not supported by xgrammar.")), completesWell()), saved(110)},
		"too long": {replies(refusesWith(400, now("400", "BadRequestError", "This model's maximum context length is 4096 tokens. "+
			"However, you requested 4203 tokens in the messages, Please reduce the length of the messages. None"))), isTooLong()},
		"too long, before": {replies(refusesWith(400, old("400", "BadRequestError", "The decoder prompt (length 9000) is longer "+
			"than the maximum model length of 8192."))), isTooLong()},
		"too long to leave room": {replies(refusesWith(400, now("400", "BadRequestError", "'max_tokens' or 'max_completion_tokens' is "+
			"too large: 8000. This model's maximum context length is 4096 tokens and your request has 2778 input tokens"))), isTooLong()},
		"engine dead":           {replies(refusesWith(500, now("500", "InternalServerError", "EngineCore encountered an issue.")), refusesWith(500, "")), later("openai_500", 0)},
		"no such model":         {replies(refusesWith(404, now("404", "NotFoundError", "The model `small` does not exist."))), final("does not have the model small")},
		"no such model, before": {replies(refusesWith(404, old("404", "NotFoundError", "The model `small` does not exist."))), final("does not have the model small")},
		"wrong key":             {replies(refusesWith(401, `{"error":"Unauthorized"}`)), final("credentials are refused")},
	}
}

// ollama/ollama openai/openai.go (NewError, toChatCompletion), server/sched.go (ErrMaxQueue), server/routes.go,
// ollama#3876 (model not found). Ollama cuts what is too long by itself.
func ollamaCells() cells {
	failure := func(status int, kind, message string) wireReply {
		return refusesWith(status, `{"error":{"message":"`+message+`","type":"`+kind+`","param":null,"code":null}}`)
	}

	return cells{
		"good":                  {replies(completes(`"content":`+quoted(parcelAnswer), `,"system_fingerprint":"fp_ollama"`+usage110)), saved(110)},
		"thoughts in the text":  {replies(completes(`"content":`+quoted("<think>\nHm, {\"title\": \"x\"}\n</think>\n\n"+parcelAnswer), usage110)), saved(110)},
		"all of it reasoning":   {replies(completes(`"content":"","reasoning":`+quoted(parcelAnswer), usage110)), saved(110)},
		"no json_schema":        {replies(failure(500, "api_error", "failed to parse grammar"), completesWell()), saved(110)},
		"too long":              {replies(failure(400, "invalid_request_error", "the input length exceeds the context length")), isTooLong()},
		"overloaded":            {replies(failure(503, "api_error", "server busy, please try again.  maximum pending requests exceeded")), outcome{code: "openai_503", says: "too much to do"}},
		"no such model":         {replies(failure(404, "not_found_error", `model \"small\" not found, try pulling it first`)), final("does not have the model small")},
		"no such model, before": {replies(failure(404, "api_error", `model 'small' not found, try pulling it first`)), final("does not have the model small")},
		"out of memory": {replies(failure(500, "api_error", "model requires more system memory (8.0 GiB) than is available"),
			refusesWith(500, "")), later("openai_500", 0)},
		"wrong key": {replies(refusesWith(401, `{"error":"unauthorized"}`)), final("credentials are refused")},
	}
}

// lmstudio-ai/lmstudio-bug-tracker#237, #2256, #2322 (too long, with status 200), Gitlawb/openclaude#353 (the error is a
// text), anomalyco/opencode#11141.
func lmStudioCells() cells {
	return cells{
		"good": {replies(completes(`"content":`+quoted("```json\n"+parcelAnswer+"\n```")+`,"reasoning_content":"","tool_calls":[]`,
			`,"stats":{},"system_fingerprint":"small"`+usage110)), saved(110)},
		"no json_object": {replies(refusesWith(400, `{"error":"'response_format.type' must be 'json_schema' or 'text'"}`),
			refusesWith(400, `{"error":"'response_format.type' must be 'json_schema' or 'text'"}`), completesWell()), saved(110)},
		"too long": {replies(refusesWith(400, `{"error":"The number of tokens to keep from the initial prompt is greater than the `+
			`context length (n_keep: 13055>= n_ctx: 4096). Try to load the model with a larger context length, or provide a shorter input."}`)), isTooLong()},
		"too long, other words": {replies(refusesWith(400, `{"error":"Cannot truncate prompt with n_keep (15028) >= n_ctx (7424)"}`)), isTooLong()},
		"too long, in a 200":    {replies(wireReply{body: `{"error":"Context size has been exceeded."}`}), isTooLong()},
		"overloaded, in a 200":  {replies(wireReply{body: `{"error":"The model has crashed without additional information. (Exit code: null)"}`}), later("openai_502", 0)},
		"no such model": {replies(refusesWith(404, `{"error":{"message":"Model \"small\" not found","type":"invalid_request_error",`+
			`"param":"model","code":"model_not_found"}}`)), final("does not have the model small")},
		"no model loaded": {replies(refusesWith(400, `{"error":{"message":"No models loaded. Please load a model in the developer page or `+
			`use the lms load command.","type":"invalid_request_error","param":"model","code":null}}`)), final("does not have the model small")},
		"usage zero": {replies(completes(`"content":`+quoted(parcelAnswer), `,"usage":{"prompt_tokens":-1,"completion_tokens":0}`)), saved(0)},
	}
}

// ggml-org/llama.cpp tools/server/server.cpp: format_error_response, exceed_context_size_error, middleware_validate_api_key,
// middleware_server_state ("Loading model"), common/sampling.cpp (grammars). It answers for any name of a model.
func llamaCells() cells {
	failure := func(status int, code, kind, message, more string) wireReply {
		return refusesWith(status, `{"error":{"code":`+code+`,"message":"`+message+`","type":"`+kind+`"`+more+`}}`)
	}

	return cells{
		"good": {replies(completes(`"content":`+quoted(parcelAnswer+"<|im_end|>"), `,"timings":{"prompt_n":100}`+usage110)), saved(110)},
		"no json_schema": {replies(failure(400, "400", "invalid_request_error", "Failed to initialize samplers: failed to parse grammar", ""),
			completesWell()), saved(110)},
		"no json_schema, as a server's error": {replies(failure(500, "500", "server_error", "Failed to initialize samplers: failed to parse grammar", ""),
			completesWell()), saved(110)},
		"too long": {replies(failure(400, "400", "exceed_context_size_error", "the request exceeds the available context size. try increasing it",
			`,"n_prompt_tokens":9000,"n_ctx":4096`)), isTooLong()},
		"too long, before": {replies(failure(500, "500", "server_error", "the request exceeds the available context size. try increasing "+
			"the context size or enable context shift", "")), isTooLong()},
		"loading":   {replies(failure(503, "503", "unavailable_error", "Loading model", "")), outcome{code: "openai_503", says: "too much to do"}},
		"wrong key": {replies(failure(401, "401", "authentication_error", "Invalid API Key sk-abc", "")), final("credentials are refused")},
		"no slot":   {replies(failure(503, "503", "unavailable_error", "no slot available", "")), later("openai_503", 0)},
	}
}

// huggingface/text-generation-inference router/src/server.rs (ErrorResponse), router/src/infer/mod.rs (InferError),
// router/src/validation.rs; #2749 (validation errors with status 200).
func tgiCells() cells {
	failure := func(status int, kind, message string) wireReply {
		return refusesWith(status, `{"error":"`+message+`","error_type":"`+kind+`"}`)
	}
	long := "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 9000 `inputs` tokens and 100 `max_new_tokens`"

	return cells{
		"good": {replies(completes(`"content":`+quoted(parcelAnswer), `,"system_fingerprint":"3.3.4-sha"`+usage110)), saved(110)},
		"no json_schema": {replies(wireReply{
			status: 422, header: map[string]string{"Content-Type": "text/plain; charset=utf-8"},
			body: "Failed to deserialize the JSON body into the target type: response_format: unknown variant `json_schema`, expected one of " +
				"`json`, `regex` at line 1 column 300",
		},
			wireReply{status: 422, body: "response_format: unknown variant `json_object`"}, completesWell()), saved(110)},
		"no grammar":         {replies(failure(422, "tool_error", "Tool error: Grammar error"), completesWell()), saved(110)},
		"too long":           {replies(failure(422, "validation", long)), isTooLong()},
		"too long, in a 200": {replies(wireReply{body: `{"error":"` + long + `","error_type":"validation"}`}), isTooLong()},
		"overloaded":         {replies(failure(429, "overloaded", "Model is overloaded")), later("openai_429", 0)},
		"generation failed":  {replies(failure(424, "generation", "Request failed during generation: Server error: CUDA out of memory")), later("openai_424", 0)},
		"wrong key":          {replies(wireReply{status: 401, header: map[string]string{"Content-Type": "text/plain"}}), final("credentials are refused")},
		"incomplete":         {replies(failure(500, "incomplete_generation", "Incomplete generation"), refusesWith(500, "")), later("openai_500", 0)},
	}
}

// sgl-project/sglang python/sglang/srt/entrypoints/openai/protocol.py (ErrorResponse), managers/tokenizer_manager.py
// (too long; The request queue is full), utils.py (add_api_key_middleware); QwenLM/Qwen3#1321.
func sglangCells() cells {
	failure := func(status int, code, kind, message string) wireReply {
		return refusesWith(status, `{"object":"error","message":"`+message+`","type":"`+kind+`","param":null,"code":`+code+`}`)
	}

	return cells{
		"good": {replies(completes(`"content":`+quoted(parcelAnswer)+`,"reasoning_content":null,"tool_calls":null`,
			`,"metadata":{"weight_version":"default"},"usage":{"prompt_tokens":100,"total_tokens":110,"completion_tokens":10,"prompt_tokens_details":null}`)), saved(110)},
		"no json_schema": {replies(failure(400, "400", "BadRequestError", "Failed to compile json grammar: unsupported"), completesWell()), saved(110)},
		"too long":       {replies(failure(400, "400", "BadRequestError", "The input (61709 tokens) is longer than the model's context length (40960 tokens).")), isTooLong()},
		"too long to leave room": {replies(failure(400, "400", "BadRequestError", "Requested token count exceeds the model's maximum context "+
			"length of 40960 tokens.")), isTooLong()},
		"too long, other words": {replies(failure(400, "400", "BadRequestError", "The input (9000 tokens) exceeds maximum input length (8192)")), isTooLong()},
		"overloaded": {replies(wireReply{
			status: 503, header: map[string]string{"Retry-After": "5"},
			body: `{"object":"error","message":"The request queue is full.","type":"SERVICE_UNAVAILABLE","param":null,"code":503}`,
		}), later("openai_503", 5*time.Second)},
		"wrong key":  {replies(refusesWith(401, `{"error":"Unauthorized"}`)), final("credentials are refused")},
		"usage null": {replies(completes(`"content":`+quoted(parcelAnswer), `,"usage":null`)), saved(0)},
	}
}
