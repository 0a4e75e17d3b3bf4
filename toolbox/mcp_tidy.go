package toolbox

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// exactMeta carries the structured content of a result as its server has written it: the SDK decodes
// numbers as float64, and an id above 2^53 would become another one.
const exactMeta = "handrail.dev/structured-content"

// document is a JSON object whose values are as they were written.
type document map[string]json.RawMessage

func readDocument(raw json.RawMessage) (document, bool) {
	var object document
	err := json.Unmarshal(raw, &object)

	return object, err == nil && object != nil
}

// decodeExact decodes JSON with its numbers as they are written.
func decodeExact(raw json.RawMessage, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()

	return decoder.Decode(into) //nolint:wrapcheck // it is only asked whether it could be read
}

func (d document) set(name string, value any) {
	encoded, err := json.Marshal(value)
	if err == nil {
		d[name] = encoded
	}
}

// tidyMessage returns a message of a server in the form that the SDK reads. Servers send what their
// libraries let them: content as a text, kinds of content that nobody knows, null for a list. A message
// that is none is returned as it is.
func tidyMessage(raw []byte) []byte {
	message, ok := readDocument(bytes.TrimPrefix(bytes.TrimSpace(raw), []byte("\ufeff")))
	if !ok {
		return raw
	}

	if said, is := message["error"]; is {
		message.set("error", tidyError(said))
	}

	if result, is := message["result"]; is {
		message["result"] = tidyResult(result)
	}

	encoded, err := json.Marshal(message)
	if err != nil {
		return raw
	}

	return encoded
}

// serverError is the code of an error that gives none (JSON-RPC 2.0, 5.1: -32000 to -32099).
const serverError = -32000

// tidyError returns an error with a number as its code and a text as its message.
func tidyError(raw json.RawMessage) document {
	given, ok := readDocument(raw)
	if !ok {
		given = document{"message": raw}
	}

	clean := document{}
	clean.set("code", serverError)
	clean.set("message", "")

	var code int64
	if json.Unmarshal(given["code"], &code) == nil && code != 0 {
		clean.set("code", code)
	}

	if data, is := given["data"]; is {
		clean["data"] = data // it says, for one, which versions the server speaks
	}

	var message any
	if json.Unmarshal(given["message"], &message) == nil {
		clean.set("message", tidyLine(strings.Join(reasonsIn(message, 0), "; ")))
	}

	return clean
}

// tidyResult tidies what a server answers to tools/call and tools/list.
func tidyResult(raw json.RawMessage) json.RawMessage {
	result, ok := readDocument(raw)
	if !ok {
		// Some answer with the bare result.
		result = document{"content": tidyContent(raw)}
	}

	if content, is := result["content"]; is {
		result["content"] = tidyContent(content)
	}

	if tools, is := result["tools"]; is {
		result["tools"] = tidyTools(tools)
	}

	keepExact(result)

	encoded, err := json.Marshal(result)
	if err != nil {
		return raw
	}

	return encoded
}

// keepExact puts the structured content into the metadata too, as the text that it is.
func keepExact(result document) {
	meta, ok := readDocument(result["_meta"])
	if !ok {
		delete(result, "_meta")

		meta = document{}
	}

	delete(meta, exactMeta)

	structured, is := result["structuredContent"]
	if is && string(structured) != "null" {
		meta.set(exactMeta, string(structured))
	}

	if len(meta) > 0 {
		result.set("_meta", meta)
	}
}

// isMessage reports whether a line is a message, or a list of them.
func isMessage(line []byte) bool {
	message, ok := readDocument(line)
	if !ok {
		return len(line) > 0 && line[0] == '[' && json.Valid(line)
	}

	for _, name := range []string{"jsonrpc", "method", "result", "error"} {
		if _, is := message[name]; is {
			return true
		}
	}

	return false
}

// contentKinds are those that the SDK knows (MCP 2025-11-25, Tools, "Tool Result").
var contentKinds = []string{"text", "image", "audio", "resource", "resource_link"}

// tidyContent returns a list of content that can be read: a text is a list of one, and what is of an
// unknown kind is left out.
func tidyContent(raw json.RawMessage) json.RawMessage {
	var items []json.RawMessage

	if json.Unmarshal(raw, &items) != nil {
		items = []json.RawMessage{raw}
	}

	kept := make([]json.RawMessage, 0, len(items))

	for _, item := range items {
		if clean, ok := tidyItem(item); ok {
			kept = append(kept, clean)
		}
	}

	encoded, err := json.Marshal(kept)
	if err != nil {
		return json.RawMessage(`[]`)
	}

	return encoded
}

func tidyItem(raw json.RawMessage) (json.RawMessage, bool) {
	item, ok := readDocument(raw)
	if !ok {
		return textItem(raw)
	}

	var kind string

	_ = json.Unmarshal(item["type"], &kind) // "" is no kind

	switch {
	case kind == "text" || kind == "" && item["text"] != nil:
		return textItem(item["text"])
	case !slices.Contains(contentKinds, kind):
		return nil, false
	}

	// What the SDK cannot read is not worth the whole answer.
	delete(item, "annotations")
	delete(item, "_meta")

	encoded, err := json.Marshal(item)

	return encoded, err == nil
}

// textItem is a text as content. What is no text stands there as JSON.
func textItem(raw json.RawMessage) (json.RawMessage, bool) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, false
	}

	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}

	encoded, err := json.Marshal(map[string]string{"type": "text", "text": text})

	return encoded, err == nil
}

// tidyTools keeps of each tool what is used of it.
func tidyTools(raw json.RawMessage) json.RawMessage {
	var tools []json.RawMessage

	_ = json.Unmarshal(raw, &tools) // no list is none

	kept := make([]document, 0, len(tools))

	for _, one := range tools {
		given, ok := readDocument(one)
		if !ok {
			continue
		}

		kept = append(kept, tidyTool(given))
	}

	encoded, err := json.Marshal(kept)
	if err != nil {
		return json.RawMessage(`[]`)
	}

	return encoded
}

func tidyTool(given document) document {
	clean := document{"inputSchema": dropNulls(given["inputSchema"])}

	for _, name := range []string{"name", "description"} {
		var text string
		if json.Unmarshal(given[name], &text) == nil {
			clean.set(name, text)
		}
	}

	var hints struct {
		ReadOnlyHint bool `json:"readOnlyHint"`
	}
	if json.Unmarshal(given["annotations"], &hints) == nil && hints.ReadOnlyHint {
		clean.set("annotations", hints)
	}

	return clean
}

// dropNulls leaves out of a schema the keywords that are null, as libraries write those that are not set.
// No keyword but those for values may be null (JSON Schema 2020-12). It decodes the schema once: to do so
// for each level would cost the square of its depth.
func dropNulls(raw json.RawMessage) json.RawMessage {
	var schema map[string]any
	if decodeExact(raw, &schema) != nil || schema == nil {
		return json.RawMessage(`{"type":"object"}`)
	}

	dropNullsIn(schema)

	encoded, err := json.Marshal(schema)
	if err != nil {
		return raw
	}

	return encoded
}

// valueKeywords have values where other keywords have schemas.
var valueKeywords = []string{"default", "const", "enum", "examples"}

func dropNullsIn(value any) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			dropNullsIn(item)
		}

	case map[string]any:
		for name, item := range value {
			switch {
			case slices.Contains(valueKeywords, name):
			case item == nil:
				delete(value, name)
			default:
				dropNullsIn(item)
			}
		}
	}
}
