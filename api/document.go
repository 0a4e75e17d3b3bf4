package api

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"handrail/chat"
)

// Parts of the document to which others refer.
const (
	sharedSchemas    = "#/components/schemas/"
	sharedParameters = "#/components/parameters/"
	sharedResponses  = "#/components/responses/"
	sharedHeaders    = "#/components/headers/"
)

// publishDocument writes huma's document, which is JSON, as it is served: what stands in several places of huma's
// stands once among the components, so that the document stays small and generated clients have one type for one
// thing. checked is the same without the older names of fields: bodies are held to it after they have got the
// present ones.
func publishDocument(written []byte) (published, checked []byte, err error) {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(written))
	if err != nil {
		return nil, nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}

	root, isObject := parsed.(map[string]any)
	if !isObject {
		return nil, nil, errors.New("the OpenAPI document is no object")
	}

	components := objectIn(root, "components")
	paths := objectIn(root, "paths")

	found := map[string]any{}
	nameEnums(root, found)
	maps.Copy(objectIn(components, "schemas"), found)

	openAnswers(paths, objectIn(components, "schemas"))
	extendSchemas(objectIn(components, "schemas"))
	shareFields(objectIn(components, "schemas"))

	shareHeaders(paths, objectIn(components, "headers"))
	liftPathParameters(paths)
	eachParameterList(paths, trimParameters)
	maps.Copy(objectIn(components, "parameters"), shareParameters(paths))

	checked, err = canonicalJSON(root)
	if err != nil {
		return nil, nil, err
	}

	documentAliases(paths, objectIn(components, "schemas"))

	published, err = canonicalJSON(root)

	return published, checked, err
}

// objectIn returns the object that a member of another one is, an empty one if it is none.
func objectIn(parent map[string]any, name string) map[string]any {
	if child, ok := parent[name].(map[string]any); ok {
		return child
	}

	return map[string]any{}
}

// enumNames are the names of lists of values that stand in several places, by their sorted values. A test finds
// those that have none.
var enumNames = map[string]string{
	"add_participant retry_deliveries retry_delivery send_assistant_message summarize_chat":        "ActionKind",
	"address approval attempt contributor model person provider receipt sender tool tool_decision": "Waiting",
	"change_address change_sender change_text do_not_retry mend_account wait_and_retry":            "Advice",
	joinSorted(listWords(chat.Scopes())):                                                           "Scope",
	joinSorted(listWords(chat.Codes())):                                                            "ProblemCode",
	joinSorted(listWords(chat.SubmissionStates())):                                                 "SubmissionState",
	joinSorted(listWords(chat.DeliveryStatuses())):                                                 "CarrierStatus",
	joinSorted(eventTypeName("").Schema(nil).Enum):                                                 "EventType",
	joinSorted(listWords(chat.WebhookPayloads())):                                                  "WebhookPayload",

	joinSorted(listWords(chat.WebhookDisabledReasons())): "WebhookDisabledReason",

	joinSorted(deliveryStatus("").Schema(nil).Enum): "DeliveryStatus",

	"bounce carrier group_unsubscribe manual opt_out spam_report unsubscribe": "SuppressionReason",

	"failed parked running succeeded":                          "ActionState",
	"email phone-sms phone-voice web-chat":                     "Channel",
	"email phone-sms":                                          "AddressedChannel",
	"archived closed open waiting":                             "ChatState",
	"assistant contributor observer operator owner":            "ParticipantRole",
	"assistant person":                                         "MemberKind",
	"key login session":                                        "KeyKind",
	"manager user":                                             "MemberRole",
	"granted revoked unknown":                                  "ConsentState",
	"handrail sendgrid twilio":                                 "Provider",
	"confirmed none possible":                                  "Duplicate",
	"hold refuse":                                              "TakeoverPolicy",
	"automatic orphaned refused taken":                         "InboundStatus",
	"approved expired refused void waiting":                    "ApprovalState",
	"answered canceled defaulted expired failed open":          "ContributorRequestState",
	"approval read write":                                      "ToolRisk",
	"http mcp":                                                 "ToolSource",
	"builtin http mcp":                                         "ToolKind",
	"failed pending running skipped succeeded unknown waiting": "ToolCallStatus",
	"failed retry succeeded":                                   "ToolVerdict",
}

// nameEnums replaces each list of values that has a name by a reference, and adds it to the schemas.
func nameEnums(value any, schemas map[string]any) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			nameEnums(item, schemas)
		}

	case map[string]any:
		// The order is always the same: of two orders of the values, the document has the last one.
		for _, name := range slices.Sorted(maps.Keys(v)) {
			// What stands in an example is nobody's schema.
			if name != "example" && name != "examples" {
				nameEnums(v[name], schemas)
			}
		}

		values, _ := v["enum"].([]any)
		if name := enumNames[joinSorted(values)]; name != "" && v["type"] == huma.TypeString {
			schemas[name] = map[string]any{"type": huma.TypeString, "enum": values}

			delete(v, "type")
			delete(v, "enum")
			v["$ref"] = sharedSchemas + name
		}
	}
}

// joinSorted makes one text of values in any order.
func joinSorted(values []any) string {
	words := make([]string, len(values))
	for i, value := range values {
		words[i] = fmt.Sprint(value)
	}

	slices.Sort(words)

	return strings.Join(words, " ")
}

// extensions are objects that have all fields of another one, and more.
var extensions = map[string]string{
	"WholeAction":            "Action",
	"WholeDelivery":          "Delivery",
	"CreatedKey":             "Key",
	"CreatedTool":            "ToolDefinition",
	"CreatedWebhookEndpoint": "WebhookEndpoint",
}

// extendSchemas writes extensions as the other object and what they add to it.
func extendSchemas(schemas map[string]any) {
	for name, base := range extensions {
		extendSchema(schemas, name, base)
	}
}

// extendSchema writes an object as another one, some of whose fields it has, and what it adds.
func extendSchema(schemas map[string]any, name, base string) {
	whole := objectIn(schemas, name)
	shared := objectIn(objectIn(schemas, base), "properties")
	inherited := listIn(objectIn(schemas, base), "required")

	if len(whole) == 0 || len(shared) == 0 {
		return
	}

	maps.DeleteFunc(objectIn(whole, "properties"), func(field string, _ any) bool { return hasKey(shared, field) })

	added := slices.DeleteFunc(slices.Clone(listIn(whole, "required")), func(field any) bool {
		return slices.Contains(inherited, field)
	})
	setList(whole, "required", added)

	schemas[name] = map[string]any{"allOf": []any{map[string]any{"$ref": sharedSchemas + base}, whole}}
}

// openAnswers lets the objects that only answers have grow by fields: a client that was generated earlier has to
// take them. Objects of requests stay closed, since an unknown field there is a mistake.
func openAnswers(paths, schemas map[string]any) {
	asked := map[string]bool{}

	for _, item := range paths {
		path, _ := item.(map[string]any)
		for method := range path {
			findReferences(objectIn(path, method)["requestBody"], schemas, asked)
		}
	}

	for name := range schemas {
		if schema := objectIn(schemas, name); !asked[name] && schema["additionalProperties"] == false {
			delete(schema, "additionalProperties")
		}
	}
}

// findReferences adds the names of all schemas that a value refers to, there and further on.
func findReferences(value any, schemas map[string]any, found map[string]bool) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			findReferences(item, schemas, found)
		}

	case map[string]any:
		reference, _ := v["$ref"].(string)
		if name, ok := strings.CutPrefix(reference, sharedSchemas); ok && !found[name] {
			found[name] = true
			findReferences(schemas[name], schemas, found)
		}

		for _, item := range v {
			findReferences(item, schemas, found)
		}
	}
}

// shareHeaders replaces headers that are described among the components by references.
func shareHeaders(paths, described map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		path := objectIn(paths, name)

		for method := range path {
			answers := objectIn(objectIn(path, method), "responses")

			for status := range answers {
				headers := objectIn(objectIn(answers, status), "headers")

				for header := range headers {
					if hasKey(described, header) {
						headers[header] = map[string]any{"$ref": sharedHeaders + header}
					}
				}
			}
		}
	}
}

// trimParameters removes what huma says twice of a parameter, what says nothing, and what only huma understands.
func trimParameters(list []any) {
	for _, parameter := range list {
		p, _ := parameter.(map[string]any)
		schema := objectIn(p, "schema")

		if schema["description"] == p["description"] {
			delete(schema, "description")
		}

		if examples := listIn(schema, "examples"); len(examples) > 0 && p["in"] == "header" {
			p["example"] = examples[0]

			delete(schema, "examples")
		}

		if schema["deprecated"] == true {
			p["deprecated"] = true

			delete(schema, "deprecated")
		}

		// How several values are written is a matter of lists.
		if schema["type"] != huma.TypeArray {
			delete(p, "explode")
		}

		delete(schema, "patternDescription")
	}
}

// liftPathParameters moves the parameters of a path from its operations to the path itself.
func liftPathParameters(paths map[string]any) {
	for _, item := range paths {
		path, _ := item.(map[string]any)

		var lifted []any

		for _, operation := range path {
			given, _ := operation.(map[string]any)

			var own []any

			lifted = nil

			for _, parameter := range listIn(given, "parameters") {
				if p, _ := parameter.(map[string]any); p["in"] == "path" {
					lifted = append(lifted, parameter)
				} else {
					own = append(own, parameter)
				}
			}

			setList(given, "parameters", own)
		}

		setList(path, "parameters", lifted)
	}
}

func listIn(parent map[string]any, name string) []any {
	list, _ := parent[name].([]any)
	return list
}

// setList sets a member that is a list, and removes it when the list is empty.
func setList(parent map[string]any, name string, list []any) {
	if len(list) == 0 {
		delete(parent, name)
		return
	}

	parent[name] = list
}

// shareParameters replaces parameters that several operations have by references, and returns them by name. Of
// different ones with one name, the most frequent is shared.
func shareParameters(paths map[string]any) map[string]any {
	uses := map[string]int{}
	texts := map[string]string{}

	eachParameterList(paths, func(list []any) {
		for _, parameter := range list {
			text, name := describeParameter(parameter)
			uses[text]++

			most := texts[name]
			if uses[text] > 1 && (uses[text] > uses[most] || uses[text] == uses[most] && text < most) {
				texts[name] = text
			}
		}
	})

	shared := map[string]any{}

	eachParameterList(paths, func(list []any) {
		for i, parameter := range list {
			if text, name := describeParameter(parameter); texts[name] == text {
				shared[name] = parameter
				list[i] = map[string]any{"$ref": sharedParameters + name}
			}
		}
	})

	return shared
}

// eachParameterList calls do with the parameters of each path and of each operation, in the order of the paths.
func eachParameterList(paths map[string]any, do func(list []any)) {
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		path := objectIn(paths, name)
		do(listIn(path, "parameters"))

		for _, method := range slices.Sorted(maps.Keys(path)) {
			do(listIn(objectIn(path, method), "parameters"))
		}
	}
}

// describeParameter returns a parameter's JSON, which is the same for the same, and its name.
func describeParameter(parameter any) (text, name string) {
	written, err := canonicalJSON(parameter)
	if err != nil {
		return "", ""
	}

	p, _ := parameter.(map[string]any)
	name, _ = p["name"].(string)

	return string(written), name
}
