package api

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// schemaListPage is what all lists have beside their entries.
const schemaListPage = "ListPage"

// families are objects of answers that have fields in common, by the name of the schema that these stand in.
var families = map[string][]string{
	"CallOutcome": {"ToolCall", "ListedToolCall", "MessageCall"},
}

// shareFields writes what the members of a family have in common once. It is for objects that only answers have:
// those of requests are closed, and a closed object cannot be made of two.
func shareFields(schemas map[string]any) {
	grouped := maps.Clone(families)

	for name := range schemas {
		if strings.HasSuffix(name, "List") && hasKey(objectIn(objectIn(schemas, name), "properties"), "next_cursor") {
			grouped[schemaListPage] = append(grouped[schemaListPage], name)
		}
	}

	for base, members := range grouped {
		shareFamily(schemas, base, members)
	}
}

// shareFamily moves the fields that are the same in all members to the schema base.
func shareFamily(schemas map[string]any, base string, members []string) {
	common := maps.Clone(objectIn(objectIn(schemas, members[0]), "properties"))
	required := slices.Clone(listIn(objectIn(schemas, members[0]), "required"))

	for _, name := range members {
		member := objectIn(schemas, name)
		fields := objectIn(member, "properties")

		maps.DeleteFunc(common, func(field string, schema any) bool { return !isSameJSON(schema, fields[field]) })
		required = slices.DeleteFunc(required, func(field any) bool {
			return !slices.Contains(listIn(member, "required"), field)
		})
	}

	if len(common) == 0 {
		return
	}

	required = slices.DeleteFunc(required, func(field any) bool { return !hasKey(common, field.(string)) })

	shared := map[string]any{"type": huma.TypeObject, "properties": common}
	setList(shared, "required", required)

	schemas[base] = shared

	for _, name := range members {
		extendSchema(schemas, name, base)
	}
}

// isSameJSON reports whether two values are written the same.
func isSameJSON(a, b any) bool {
	first, err := json.Marshal(a)
	if err != nil {
		return false
	}

	second, err := json.Marshal(b)

	return err == nil && string(first) == string(second)
}
