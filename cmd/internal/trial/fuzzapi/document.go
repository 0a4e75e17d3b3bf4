package fuzzapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// object is a JSON object, such as a part of the OpenAPI document.
type object = map[string]any

// document is the OpenAPI document of the API, with validators for its schemas.
type document struct {
	root       object
	operations []*operation
	// answers are the schemas of the answers, by "operation status", where the status may be a class such as 4XX.
	answers map[string]*jsonschema.Schema
	// bodies are the schemas of the requests' bodies, by operation.
	bodies map[string]*jsonschema.Schema
	// parameters are the schemas of the parameters in queries, by "operation name".
	parameters map[string]*jsonschema.Schema
	// collections are the names of ids by the path of their list: the ids of "/chats" are named chat_id.
	collections map[string]string
}

// operation is one method of one path.
type operation struct {
	id, method, path string
	parameters       []parameter
	// body is the schema of the body, nil without one, or with one that is not JSON.
	body object
	// media is the Content-Type of the body, "" without one.
	media   string
	example any
	answers map[string]answer
	// codes are the codes of problems that only this operation documents, by status.
	codes map[string][]string
	// needsNoKey reports whether the operation is called without an API key.
	needsNoKey bool
}

// parameter is a parameter of an operation, in its path, query or headers.
type parameter struct {
	name, in string
	required bool
	schema   object
	example  any
}

// answer is what the document says about one status of an operation.
type answer struct {
	media  []string
	schema any
	// headers are the names of the documented headers.
	headers []string
}

// readDocument reads the OpenAPI document that the API serves.
func readDocument(raw []byte) (*document, error) {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}

	root, isObject := parsed.(object)
	if !isObject {
		return nil, errors.New("the OpenAPI document is no object")
	}

	d := &document{root: root, collections: map[string]string{}}
	paths := getObject(root, "paths")

	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := getObject(paths, path)

		for _, method := range slices.Sorted(maps.Keys(item)) {
			if method != "parameters" {
				d.operations = append(d.operations, d.readOperation(path, method, item))
			}
		}

		if list, name, found := cutLastParameter(path); found {
			d.collections[list] = name
		}
	}

	return d, d.compileSchemas()
}

// cutLastParameter cuts "/chats/{chat_id}" into "/chats" and "chat_id".
func cutLastParameter(path string) (list, name string, found bool) {
	at := strings.LastIndex(path, "/{")
	if at < 0 || !strings.HasSuffix(path, "}") {
		return "", "", false
	}

	return path[:at], path[at+2 : len(path)-1], true
}

// findOperations returns the operations with the ids. An id that is named twice gives its operation twice.
func (d *document) findOperations(ids []string) []*operation {
	var found []*operation

	for _, id := range ids {
		for _, op := range d.operations {
			if op.id == id {
				found = append(found, op)
			}
		}
	}

	return found
}

func (d *document) readOperation(path, method string, item object) *operation {
	given := getObject(item, method)

	op := &operation{
		id:      getText(given, "operationId"),
		method:  strings.ToUpper(method),
		path:    path,
		answers: map[string]answer{},
		codes:   map[string][]string{},
	}

	if security, isList := given["security"].([]any); isList && len(security) == 0 {
		op.needsNoKey = true
	}

	for _, raw := range slices.Concat(getList(item, "parameters"), getList(given, "parameters")) {
		p := d.resolve(raw)
		op.parameters = append(op.parameters, parameter{
			name:     getText(p, "name"),
			in:       getText(p, "in"),
			required: p["required"] == true,
			schema:   d.resolve(p["schema"]),
			example:  p["example"],
		})
	}

	for media, content := range getObject(d.resolve(given["requestBody"]), "content") {
		op.media = media
		op.example = d.resolve(content)["example"]

		if schema, has := d.resolve(content)["schema"].(object); has && media == mediaJSON {
			op.body = schema
		}
	}

	for status, raw := range getObject(given, "responses") {
		op.answers[status] = d.readAnswer(raw)
	}

	for status, codes := range getObject(given, "x-problems") {
		for _, code := range asList(codes) {
			op.codes[status] = append(op.codes[status], fmt.Sprint(code))
		}
	}

	return op
}

func (d *document) readAnswer(raw any) answer {
	given := d.resolve(raw)
	a := answer{headers: slices.Sorted(maps.Keys(getObject(given, "headers")))}

	for media, content := range getObject(given, "content") {
		a.media = append(a.media, media)

		if schema, has := d.resolve(content)["schema"]; has {
			a.schema = schema
		}
	}

	return a
}

// resolve returns the object that a part of the document refers to, or is.
func (d *document) resolve(part any) object {
	for {
		here, _ := part.(object)

		reference, isReference := here["$ref"].(string)
		if !isReference {
			return here
		}

		part = d.root
		for name := range strings.SplitSeq(strings.TrimPrefix(reference, "#/"), "/") {
			part = getObject(object{"": part}, "")[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
		}
	}
}

// findAnswer returns what the document says about an answer with this status, and the name that it gives the status,
// such as 4XX. It reports false if the status is not documented.
func (o *operation) findAnswer(status int) (answer, string, bool) {
	text := strconv.Itoa(status)
	for _, written := range []string{text, text[:1] + "XX", "default"} {
		if a, has := o.answers[written]; has {
			return a, written, true
		}
	}

	return answer{}, "", false
}

// compileSchemas makes the validators. Those of answers are strict: an undocumented field is a fault, although clients
// must accept one.
func (d *document) compileSchemas() error {
	closed := object{}
	schemas := getObject(getObject(d.root, "components"), "schemas")

	for name, schema := range schemas {
		closed[name] = closeSchema(schema, true)
		closed[name+openSuffix] = closeSchema(schema, false)
	}

	answers := object{}
	bodies := object{}
	parameters := object{}

	for _, op := range d.operations {
		if op.body != nil {
			bodies[op.id] = op.body
		}

		for _, p := range op.parameters {
			if p.in == "query" {
				parameters[op.id+" "+p.name] = p.schema
			}
		}

		for status, a := range op.answers {
			if a.schema != nil {
				answers[op.id+" "+status] = closeSchema(a.schema, true)
			}
		}
	}

	var err error
	if d.answers, err = compileAll(answers, closed, checkUTC); err != nil {
		return err
	}

	if d.parameters, err = compileAll(parameters, schemas, checkTime); err != nil {
		return err
	}

	d.bodies, err = compileAll(bodies, schemas, checkTime)

	return err
}

// compileAll makes validators of schemas, which may refer to shared ones. check validates times.
func compileAll(schemas, shared object, check func(any) error) (map[string]*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	compiler.RegisterFormat(&jsonschema.Format{Name: "int64", Validate: checkInt64})
	compiler.RegisterFormat(&jsonschema.Format{Name: "date-time", Validate: check})

	resource := object{"components": object{"schemas": shared}, "all": schemas}

	if err := compiler.AddResource("all.json", resource); err != nil {
		return nil, fmt.Errorf("take the OpenAPI document as schemas: %w", err)
	}

	compiled := map[string]*jsonschema.Schema{}

	for name := range schemas {
		schema, err := compiler.Compile("all.json#/all/" + strings.ReplaceAll(name, " ", "%20"))
		if err != nil {
			return nil, fmt.Errorf("compile the schema of %s: %w", name, err)
		}

		compiled[name] = schema
	}

	return compiled, nil
}

// openSuffix ends the names of the schemas that allow further fields, because other schemas extend them.
const openSuffix = ".open"

// closeSchema copies a schema so that no nested object allows undocumented properties. closed says whether that holds
// for the schema itself as well.
func closeSchema(schema any, closed bool) any {
	given, isObject := schema.(object)
	if !isObject {
		return schema
	}

	made := object{}

	for name, value := range given {
		switch name {
		case "properties":
			made[name] = mapObject(value, func(s any) any { return closeSchema(s, true) })
		case "items", "additionalProperties":
			made[name] = closeSchema(value, true)
		case "oneOf", "anyOf":
			made[name] = mapList(value, func(s any) any { return closeSchema(s, true) })
		case "allOf":
			made[name] = mapList(value, openSchema)
		case "example", "examples", "default":
		default:
			made[name] = value
		}
	}

	_, decided := made["additionalProperties"]
	if closed && !decided && (made["properties"] != nil || made["allOf"] != nil) {
		made["unevaluatedProperties"] = false
	}

	return made
}

// openSchema is closeSchema for a part of an allOf, whose other parts add properties.
func openSchema(schema any) any {
	if reference := getText(asObject(schema), "$ref"); reference != "" {
		return object{"$ref": reference + openSuffix}
	}

	return closeSchema(schema, false)
}

func checkInt64(value any) error {
	number, isNumber := value.(json.Number)
	if !isNumber {
		return nil
	}

	_, err := strconv.ParseInt(string(number), 10, 64)

	return err
}

// utc matches the times that the API promises: RFC 3339 in UTC.
var utc = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`)

func checkUTC(value any) error {
	if text, isText := value.(string); isText && !utc.MatchString(text) {
		return errors.New("it is not in UTC")
	}

	return checkTime(value)
}

func checkTime(value any) error {
	text, isText := value.(string)
	if !isText {
		return nil
	}

	_, err := time.Parse(time.RFC3339, text)

	return err
}

func getObject(parent object, name string) object { return asObject(parent[name]) }

func getList(parent object, name string) []any { return asList(parent[name]) }

func getText(parent object, name string) string {
	text, _ := parent[name].(string)
	return text
}

func asObject(value any) object {
	o, _ := value.(object)
	return o
}

func asList(value any) []any {
	list, _ := value.([]any)
	return list
}

func mapObject(value any, change func(any) any) object {
	made := object{}
	for name, item := range asObject(value) {
		made[name] = change(item)
	}

	return made
}

func mapList(value any, change func(any) any) []any {
	var made []any
	for _, item := range asList(value) {
		made = append(made, change(item))
	}

	return made
}
