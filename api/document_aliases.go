package api

import (
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

// documentAliases adds the older names of fields to the bodies that take them, as rename does: at the top, in to,
// and in the objects of participants. A field that is required is so under one of its names.
func documentAliases(paths, schemas map[string]any) {
	for _, item := range paths {
		path, _ := item.(map[string]any)

		for method := range path {
			content := objectIn(objectIn(objectIn(path, method), "requestBody"), "content")
			body := resolveSchema(objectIn(objectIn(content, "application/json"), "schema"), schemas)

			fields := objectIn(body, "properties")
			participants := objectIn(objectIn(fields, "participants"), "items")

			addAliases(body)
			addAliases(resolveSchema(objectIn(fields, "to"), schemas))
			addAliases(resolveSchema(participants, schemas))
		}
	}
}

// resolveSchema returns the schema that one refers to, and itself if it refers to none.
func resolveSchema(schema, schemas map[string]any) map[string]any {
	reference, _ := schema["$ref"].(string)
	if reference == "" {
		return schema
	}

	return objectIn(schemas, reference[len(sharedSchemas):])
}

// addAliases adds the older names to the fields of one schema.
func addAliases(schema map[string]any) {
	fields := objectIn(schema, "properties")

	for alias, name := range aliases {
		field := objectIn(fields, name)
		if len(field) == 0 || hasKey(fields, alias) {
			continue
		}

		older := maps.Clone(field)
		older["deprecated"] = true
		older["description"] = "Another name of " + name + "."
		fields[alias] = older

		required := listIn(schema, "required")
		if !slices.Contains(required, any(name)) {
			continue
		}

		others := slices.DeleteFunc(slices.Clone(required), func(field any) bool { return field == name })
		setList(schema, "required", others)

		schema["anyOf"] = []any{requireField(name), requireField(alias)}
	}
}

// requireField is the schema of an object that has the field.
func requireField(name string) map[string]any {
	return map[string]any{"type": huma.TypeObject, "required": []any{name}}
}
