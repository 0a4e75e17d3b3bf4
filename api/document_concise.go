package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// pathWholeDocument is where the document is with all its sentences.
const pathWholeDocument = pathDocs + "/openapi.json"

// aboutConcise ends the description of the concise document.
const aboutConcise = "\n\nThis is the form of everything. `" + pathWholeDocument + "`, which `/docs` shows, also has " +
	"what it means, and examples."

// responseProblem is any answer with a problem, in the concise document. All operations refer to it.
const responseProblem = "Err"

// shortenDocument makes the concise document of the whole one: the same paths, parameters, types, bounds, lists of
// values and events, but not the size of integers. Of an operation it has the title. Problems have one answer.
func shortenDocument(whole []byte) ([]byte, error) {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(whole))
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}

	root, _ := parsed.(map[string]any)
	components := objectIn(root, "components")
	paths := objectIn(root, "paths")

	for _, item := range paths {
		path, _ := item.(map[string]any)

		for method := range path {
			shortenOperation(objectIn(path, method))
		}
	}

	for _, kind := range []string{"schemas", "parameters", "headers"} {
		removeEachExplanation(objectIn(components, kind))
	}

	eachParameterList(paths, func(list []any) { removeExplanations(list) })

	for _, tag := range listIn(root, "tags") {
		removeExplanations(tag)
	}

	removeAnswerHeaders(paths, components)
	shortenWebhooks(root)
	mergeProblemAnswers(objectIn(components, "responses"))
	shortenAnswers(objectIn(components, "responses"))
	shareAnswers(paths, objectIn(components, "responses"))
	inlineProblemHeaders(components)
	removeIntegerFormats(root)
	shareIDs(root, objectIn(components, "schemas"))

	shortenParameterNames(paths, objectIn(components, "parameters"))

	info := objectIn(root, "info")
	info["description"] = firstSentences(aboutAPI) + aboutConcise

	return canonicalJSON(root)
}

// shortNames are the names that the parameters have among the shared ones which nearly all operations refer to. The
// parameters themselves keep theirs.
var shortNames = map[string]string{
	"workspace_uuid":      "w",
	"Idempotency-Key":     "k",
	"limit":               "n",
	"cursor":              "c",
	"order":               "o",
	"total":               "t",
	"webhook_endpoint_id": "hook",
}

// shortenParameterNames gives shared parameters their short names.
func shortenParameterNames(paths, shared map[string]any) {
	for long, short := range shortNames {
		if parameter, isShared := shared[long]; isShared {
			shared[short] = parameter
			delete(shared, long)
		}
	}

	eachParameterList(paths, func(list []any) {
		for _, item := range list {
			parameter, _ := item.(map[string]any)
			reference, _ := parameter["$ref"].(string)

			if short := shortNames[strings.TrimPrefix(reference, sharedParameters)]; short != "" {
				parameter["$ref"] = sharedParameters + short
			}
		}
	})
}

// shortenOperation leaves an operation its title, and one answer for all problems.
func shortenOperation(operation map[string]any) {
	delete(operation, "description")
	delete(operation, extensionProblems)
	removeExamples(operation)

	answers := objectIn(operation, "responses")

	for _, status := range []string{"4XX", "5XX"} {
		if hasKey(answers, status) {
			delete(answers, status)
			answers["default"] = map[string]any{"$ref": sharedResponses + responseProblem}
		}
	}
}

// removeExamples removes those of the operation's body.
func removeExamples(operation map[string]any) {
	forms := objectIn(objectIn(operation, "requestBody"), "content")
	for name := range forms {
		form := objectIn(forms, name)

		delete(form, "example")
		delete(form, "examples")
	}
}

// firstSentences returns a text of paragraphs with the first sentence of each.
func firstSentences(text string) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, paragraph := range paragraphs {
		paragraphs[i] = firstSentence(paragraph)
	}

	return strings.Join(paragraphs, "\n\n")
}

// firstSentence returns the text to the end of its first sentence.
func firstSentence(text string) string {
	if first, _, more := strings.Cut(text, ". "); more {
		return first + "."
	}

	return text
}

// removeExplanations removes the descriptions and examples of a schema, a parameter or a header, and of all in it.
// Fields with these names stay.
func removeExplanations(value any) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			removeExplanations(item)
		}

	case map[string]any:
		delete(v, "description")
		delete(v, "examples")

		if _, isParameter := v["in"].(string); isParameter {
			delete(v, "example")
		}

		for name, item := range v {
			switch name {
			case "default", "enum":
			case "properties":
				removeEachExplanation(objectIn(v, name))
			default:
				removeExplanations(item)
			}
		}
	}
}

// removeEachExplanation does so for each of a set of schemas, parameters or headers, by their names.
func removeEachExplanation(named map[string]any) {
	for _, item := range named {
		removeExplanations(item)
	}
}

// removeAnswerHeaders removes the headers of each operation's own answers, and leaves those of problems.
func removeAnswerHeaders(paths, components map[string]any) {
	eachAnswer(paths, func(answers map[string]any, status string) {
		delete(objectIn(answers, status), "headers")
	})

	used := objectIn(objectIn(objectIn(components, "responses"), responseRefused), "headers")

	maps.DeleteFunc(objectIn(components, "headers"), func(name string, _ any) bool { return !hasKey(used, name) })
}

// shortenAnswers leaves the first sentence of what answers are said to be.
func shortenAnswers(answers map[string]any) {
	for name := range answers {
		answer := objectIn(answers, name)
		if text, isText := answer["description"].(string); isText {
			answer["description"] = firstSentence(text)
		}
	}
}

// mergeProblemAnswers makes one answer of the two for problems.
func mergeProblemAnswers(answers map[string]any) {
	problem := maps.Clone(objectIn(answers, responseRefused))
	problem["description"] = "It was not done, or its outcome is not known: `code` says why."

	delete(answers, responseRefused)
	delete(answers, responseFailed)

	answers[responseProblem] = problem
}

// inlineProblemHeaders puts the shared headers where they stand: all problems are one answer, so none stands twice.
func inlineProblemHeaders(components map[string]any) {
	shared := objectIn(components, "headers")
	headers := objectIn(objectIn(objectIn(components, "responses"), responseProblem), "headers")

	for name := range headers {
		if header, isShared := shared[name]; isShared {
			headers[name] = header
		}
	}

	delete(components, "headers")
}

// removeIntegerFormats removes the size of the integers, which says nothing of their values. Ids keep theirs.
func removeIntegerFormats(value any) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			removeIntegerFormats(item)
		}

	case map[string]any:
		if v["type"] == huma.TypeInteger && v["format"] == "int64" && !isID(v) {
			delete(v, "format")
		}

		for _, item := range v {
			removeIntegerFormats(item)
		}
	}
}

// schemaID is the schema of ids that are numbers, of which there are many.
const schemaID = "ID"

// isID reports whether a schema is that of ids that are numbers.
func isID(schema map[string]any) bool {
	return len(schema) == 3 && schema["type"] == huma.TypeInteger && schema["format"] == "int64" &&
		fmt.Sprint(schema["minimum"]) == "1"
}

// shareIDs replaces each schema of ids that are numbers by a reference.
func shareIDs(root any, schemas map[string]any) {
	replaceIDs(root)

	schemas[schemaID] = map[string]any{
		"type":    huma.TypeInteger,
		"format":  "int64",
		"minimum": json.Number("1"),
	}
}

func replaceIDs(value any) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			replaceIDs(item)
		}

	case map[string]any:
		if isID(v) {
			clear(v)

			v["$ref"] = sharedSchemas + schemaID
		}

		for name, item := range v {
			if name != "example" && name != "examples" {
				replaceIDs(item)
			}
		}
	}
}

// answerSuffixes end the names of shared answers, by their status.
var answerSuffixes = map[string]string{"200": "Answer", "201": "Created", "202": "Accepted"}

// shareAnswers replaces answers that several operations have by references. Of different ones with one schema, the
// most frequent is shared.
func shareAnswers(paths, shared map[string]any) {
	uses := map[string]int{}
	texts := map[string]string{}

	eachAnswer(paths, func(answers map[string]any, status string) {
		text, name := describeAnswer(answers[status], status)
		uses[text]++

		most := texts[name]
		if name != "" && uses[text] > 1 && (uses[text] > uses[most] || uses[text] == uses[most] && text < most) {
			texts[name] = text
		}
	})

	eachAnswer(paths, func(answers map[string]any, status string) {
		if text, name := describeAnswer(answers[status], status); name != "" && texts[name] == text {
			shared[name] = answers[status]
			answers[status] = map[string]any{"$ref": sharedResponses + name}
		}
	})
}

// eachAnswer calls do with the answers of each operation, for each status, in the order of the paths.
func eachAnswer(paths map[string]any, do func(answers map[string]any, status string)) {
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		path := objectIn(paths, name)

		for _, method := range slices.Sorted(maps.Keys(path)) {
			answers := objectIn(objectIn(path, method), "responses")

			for _, status := range slices.Sorted(maps.Keys(answers)) {
				do(answers, status)
			}
		}
	}
}

// describeAnswer returns an answer's JSON, which is the same for the same, and the name that it would have: "" if its
// body is no named schema.
func describeAnswer(answer any, status string) (text, name string) {
	written, err := canonicalJSON(answer)
	if err != nil {
		return "", ""
	}

	given, _ := answer.(map[string]any)
	schema := objectIn(objectIn(objectIn(given, "content"), "application/json"), "schema")
	reference, _ := schema["$ref"].(string)

	if reference == "" || answerSuffixes[status] == "" {
		return string(written), ""
	}

	return string(written), strings.TrimPrefix(reference, sharedSchemas) + answerSuffixes[status]
}
