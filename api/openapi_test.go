package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// document is the whole OpenAPI document as it is served.
func (w *world) document(t *testing.T) map[string]any {
	t.Helper()
	a := w.do(t, request{method: http.MethodGet, path: "/docs/openapi.json", key: "-"})
	require.Equal(t, http.StatusOK, a.StatusCode)

	return a.json
}

// operation is one entry of the document.
type operation struct {
	method, path string
	id           string
	tag          string
	request      any
	responses    map[string]any
	parameters   []any
	// problems are the codes that are its own, by status.
	problems map[string]any
}

// resolve returns what a part of the document refers to, and the part itself if it refers to nothing.
func resolve(document map[string]any, part any) any {
	reference, isReference := part.(map[string]any)["$ref"].(string)
	if !isReference {
		return part
	}

	var found any = document
	for name := range strings.SplitSeq(strings.TrimPrefix(reference, "#/"), "/") {
		found = found.(map[string]any)[name]
	}

	return found
}

func (w *world) operations(t *testing.T) []operation {
	t.Helper()
	var all []operation

	document := w.document(t)

	for path, item := range document["paths"].(map[string]any) {
		common, _ := item.(map[string]any)["parameters"].([]any)

		for method, raw := range item.(map[string]any) {
			if method == "parameters" {
				continue
			}

			op := raw.(map[string]any)
			o := operation{
				method:    strings.ToUpper(method),
				path:      path,
				id:        op["operationId"].(string),
				responses: op["responses"].(map[string]any),
			}

			o.tag = op["tags"].([]any)[0].(string)

			own, _ := op["parameters"].([]any)
			for _, parameter := range slices.Concat(common, own) {
				o.parameters = append(o.parameters, resolve(document, parameter))
			}

			o.problems, _ = op["x-problems"].(map[string]any)

			if body, ok := op["requestBody"].(map[string]any); ok {
				media, _ := body["content"].(map[string]any)["application/json"].(map[string]any)
				o.request = media["example"]
			}

			all = append(all, o)
		}
	}

	return all
}

// examplePath fills the document's examples into a path.
func (o operation) examplePath() string {
	path := o.path
	for _, raw := range o.parameters {
		p := raw.(map[string]any)
		if p["in"] == "path" {
			example, _ := json.Marshal(p["example"])
			path = strings.ReplaceAll(path, "{"+p["name"].(string)+"}", strings.Trim(string(example), `"`))
		}
	}

	return path
}

func (o operation) exampleRequest(t *testing.T) request {
	t.Helper()

	r := request{method: o.method, path: o.examplePath()}
	if o.id == "endSession" {
		r.key = sessionKey
	}

	if o.request != nil {
		body, err := json.Marshal(o.request)
		require.NoError(t, err)

		r.body = string(body)
	}

	return r
}

func TestDocumentDescribesExactlyTheRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	documented, served := map[string]bool{}, map[string]bool{}
	for _, o := range w.operations(t) {
		documented[o.method+" "+regexp.MustCompile(`\{(\w+)\}`).ReplaceAllString(o.path, ":$1")] = true
	}

	for _, r := range w.app.Fiber().GetRoutes(true) {
		// Webhooks are served with a slash at the end as well.
		served[r.Method+" "+strings.TrimSuffix(r.Path, "/")] = true
	}

	// What the page of the document loads, and what it leads to, belongs to it.
	maps.DeleteFunc(served, func(route string, _ bool) bool { return strings.HasPrefix(route, "GET /docs/") })

	assert.Equal(t, served, documented)
	assert.Greater(t, len(served), 40)
}

func TestDocumentIsTidy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	document := w.document(t)
	assert.Equal(t, "3.1.0", document["openapi"])

	tags := map[string]bool{}
	for _, tag := range document["tags"].([]any) {
		tags[tag.(map[string]any)["name"].(string)] = true
	}

	for _, o := range w.operations(t) {
		assert.Regexp(t, `^[a-z][A-Za-z]+$`, o.id)
		assert.True(t, tags[o.tag], o.tag)

		if !strings.HasPrefix(o.path, "/api/") {
			continue
		}

		assert.Equal(t, map[string]any{"$ref": "#/components/responses/Refused"}, o.responses["4XX"], o.id)
		assert.Equal(t, map[string]any{"$ref": "#/components/responses/Failed"}, o.responses["5XX"], o.id)
		assert.NotContains(t, o.responses, "default", o.id)
	}

	for name := range document["components"].(map[string]any)["schemas"].(map[string]any) {
		assert.Regexp(t, `^[A-Z][A-Za-z]+$`, name)
		assert.NotContains(t, name, "JSON")
	}
}

func TestExamplesFitTheirSchemas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	document := w.document(t)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource("openapi.json", document))

	checked := 0
	var walk func(at string, value any)
	walk = func(at string, value any) {
		switch v := value.(type) {
		case []any:
			for i, item := range v {
				walk(at+"/"+strconv.Itoa(i), item)
			}

		case map[string]any:
			schema, has := v["schema"].(map[string]any)
			if example, ok := v["example"]; ok && has && !strings.Contains(at, "/properties/") {
				checked++

				requireFits(t, compiler, at+"/schema", schema, example)
			}

			if examples, ok := v["examples"].([]any); ok && v["type"] != nil {
				for _, example := range examples {
					checked++

					requireFits(t, compiler, at, v, example)
				}
			}

			for name, item := range v {
				if name != "example" && name != "examples" {
					walk(at+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), item)
				}
			}
		}
	}

	walk("#", document)
	// Those of answers are checked beside their routes: TestAnswersFitTheirSchemas.
	assert.Greater(t, checked, 80)
}

func requireFits(t *testing.T, compiler *jsonschema.Compiler, at string, schema map[string]any, example any) {
	t.Helper()

	if ref, ok := schema["$ref"].(string); ok {
		at = ref
	}

	at = regexp.MustCompile(
		`[{}]`,
	).ReplaceAllStringFunc(
		at,
		func(s string) string { return map[string]string{"{": "%7B", "}": "%7D"}[s] },
	)

	compiled, err := compiler.Compile("openapi.json" + at)
	require.NoError(t, err)
	require.NoError(t, compiled.Validate(example), at)
}

// Whoever pastes an example must get an answer that fits the document.
func TestExamplesWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource("openapi.json", w.document(t)))

	for _, o := range w.operations(t) {
		if o.id == "getAction" || o.id == "resumeAction" || o.id == "cancelAction" || o.id == "changeAction" {
			continue // they have tables of their own: actions_test.go, resume_test.go, cancel_test.go
		}

		t.Run(o.id, func(t *testing.T) { //nolint:paralleltest // the compiler is not for several at once
			r := o.exampleRequest(t)
			w.store.server = o.id == "refreshTool" // the example's tool is an HTTP tool
			r.headers = map[string]string{signedTwilio: goodSignature, signedSendGrid: goodSignature}
			a := w.do(t, r)
			require.Less(t, a.StatusCode, 300, a.raw)
			described, ok := o.responses[strconv.Itoa(a.StatusCode)]
			require.True(t, ok, "status %d is not in the document", a.StatusCode)

			content, _ := described.(map[string]any)["content"].(map[string]any)

			media, ok := content["application/json"].(map[string]any)
			if !ok || media["schema"] == nil {
				return
			}

			requireFits(t, compiler, "", media["schema"].(map[string]any), a.json)
		})
	}
}
