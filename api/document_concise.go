package api

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// pathWholeDocument is where the document is with all its sentences.
const pathWholeDocument = pathDocs + "/openapi.json"

// aboutConcise ends the description of the concise document.
const aboutConcise = "\n\nHere stands the form of everything. What each field means, the rules of each operation and " +
	"the codes of its problems stand in the same document at `" + pathWholeDocument + "`, which `/docs` shows."

// responseProblem is any answer with a problem, in the concise document.
const responseProblem = "Problem"

// shortenDocument makes the concise document of the whole one: the same paths, parameters, types, bounds, lists of
// values and examples. Of an operation it has the first sentence, and of fields none. Problems have one answer.
func shortenDocument(whole []byte) ([]byte, error) {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(whole))
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}

	root, _ := parsed.(map[string]any)
	components := objectIn(root, "components")

	for _, item := range objectIn(root, "paths") {
		path, _ := item.(map[string]any)

		for method := range path {
			shortenOperation(objectIn(path, method))
		}
	}

	removeDescriptions(components["schemas"])
	mergeProblemAnswers(objectIn(components, "responses"))
	shareAnswers(objectIn(root, "paths"), objectIn(components, "responses"))

	info := objectIn(root, "info")
	info["description"] = aboutAPI + aboutConcise

	return canonicalJSON(root)
}

// shortenOperation leaves an operation its first sentence, and one answer for all problems.
func shortenOperation(operation map[string]any) {
	if text, has := operation["description"].(string); has {
		operation["description"] = firstSentence(text)
	}

	delete(operation, extensionProblems)

	answers := objectIn(operation, "responses")

	for _, status := range []string{"4XX", "5XX"} {
		if hasKey(answers, status) {
			delete(answers, status)
			answers["default"] = map[string]any{"$ref": sharedResponses + responseProblem}
		}
	}
}

// firstSentence returns the text to the end of its first sentence.
func firstSentence(text string) string {
	text, _, _ = strings.Cut(text, "\n")

	if first, _, more := strings.Cut(text, ". "); more {
		return first + "."
	}

	return text
}

// removeDescriptions removes those of a schema and of all in it. A field that is called description stays.
func removeDescriptions(value any) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			removeDescriptions(item)
		}

	case map[string]any:
		if _, isText := v["description"].(string); isText {
			delete(v, "description")
		}

		for name, item := range v {
			if name != "example" && name != "examples" && name != "default" {
				removeDescriptions(item)
			}
		}
	}
}

// mergeProblemAnswers makes one answer of the two for problems.
func mergeProblemAnswers(answers map[string]any) {
	refused := objectIn(answers, responseRefused)
	failed := objectIn(answers, responseFailed)

	problem := maps.Clone(refused)
	problem["description"] = fmt.Sprint(refused["description"], " ", failed["description"])

	delete(answers, responseRefused)
	delete(answers, responseFailed)

	answers[responseProblem] = problem
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
