package fuzzapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maker makes the values of one request.
type maker struct {
	*document
	places *places
	tools  *tools
	r      *rand.Rand
	// workspace is the workspace whose ids are used.
	workspace string
	// bounds says that some values are at the limits of their schemas, or beyond.
	bounds bool
	// origin is the address of the server that answers calls of tools.
	origin string
}

// rollChance reports true in percent of 100 cases.
func rollChance(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }

func pickOne[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// makeValue makes a value that fits the schema, or one at its limits if the maker has bounds. field is the name of the
// value in its object.
func (m *maker) makeValue(field string, schema object, depth int) any {
	schema = m.resolve(schema)

	if m.bounds && rollChance(m.r, 12) {
		return m.makeAtBounds(schema)
	}

	if examples := getList(schema, "examples"); len(examples) > 0 && rollChance(m.r, 15) {
		return examples[0]
	}

	for _, choice := range []string{"oneOf", "anyOf"} {
		shapes := getList(schema, choice)
		if len(shapes) == 0 {
			continue
		}

		if len(getObject(schema, "properties")) > 0 {
			return m.makeObject(m.chooseShape(schema, shapes), depth)
		}

		return m.makeValue(field, asObject(pickOne(m.r, shapes)), depth)
	}

	if enum := getList(schema, "enum"); len(enum) > 0 {
		return pickOne(m.r, enum)
	}

	switch m.chooseType(schema) {
	case "null":
		return nil
	case "boolean":
		return rollChance(m.r, 50)
	case "integer", "number":
		return m.makeNumber(field, schema)
	case "string":
		return m.makeText(field, schema)
	case "array":
		return m.makeList(field, schema, depth)
	case "object":
		return m.makeObject(schema, depth)
	}

	return m.makeAnything(depth)
}

// chooseShape returns the schema of an object for one of its shapes (oneOf, anyOf), without the properties that only
// the other shapes require.
func (m *maker) chooseShape(schema object, shapes []any) object {
	properties := maps.Clone(getObject(schema, "properties"))
	chosen := m.r.IntN(len(shapes))

	for i, shape := range shapes {
		for _, name := range getList(asObject(shape), "required") {
			if i != chosen {
				delete(properties, fmt.Sprint(name))
			}
		}
	}

	made := maps.Clone(schema)
	made["properties"] = properties
	made["required"] = slices.Concat(getList(schema, "required"), getList(asObject(shapes[chosen]), "required"))

	return made
}

// chooseType chooses one of a schema's types.
func (m *maker) chooseType(schema object) string {
	switch given := schema["type"].(type) {
	case string:
		return given
	case []any:
		if rollChance(m.r, 80) {
			return fmt.Sprint(given[0])
		}

		return fmt.Sprint(pickOne(m.r, given))
	}

	return ""
}

// makeObject makes an object with all required properties and some of the others.
func (m *maker) makeObject(schema object, depth int) any {
	made := object{}
	properties := getObject(schema, "properties")
	required := getList(schema, "required")
	share := pickOne(m.r, []int{0, 20, 40, 90})

	for _, name := range slices.Sorted(maps.Keys(properties)) {
		must := slices.Contains(required, any(name))

		// Another name of a field would be refused beside the field.
		if !must && asObject(properties[name])["deprecated"] == true {
			continue
		}

		if must || depth < 6 && rollChance(m.r, share) {
			made[name] = m.makeValue(name, asObject(properties[name]), depth+1)
		}
	}

	if more, has := schema["additionalProperties"].(object); has {
		for range m.r.IntN(3) {
			made[m.makeWord()] = m.makeValue("", more, depth+1)
		}
	}

	if schema["additionalProperties"] == true || len(properties) == 0 && schema["additionalProperties"] == nil {
		maps.Copy(made, asObject(m.makeArguments()))
	}

	return made
}

// makeList makes a list of at most three values.
func (m *maker) makeList(field string, schema object, depth int) any {
	least := getInt(schema, "minItems", 0)
	most := min(getInt(schema, "maxItems", 3), 3)
	made := []any{}

	for range least + m.r.IntN(most-least+1) {
		made = append(made, m.makeValue(strings.TrimSuffix(field, "s"), getObject(schema, "items"), depth+1))
	}

	if schema["uniqueItems"] != true {
		return made
	}

	unique := []any{}
	seen := map[string]bool{}

	for _, item := range made {
		if text := fmt.Sprint(item); !seen[text] {
			seen[text] = true

			unique = append(unique, item)
		}
	}

	return unique
}

// bodyIDs are the names that ids have in paths, by the names that they have in bodies and queries.
var bodyIDs = map[string]string{
	"assistant_member_id": "assistant_member_id",
	"assistant":           "assistant_member_id",
	"into":                "member_id",
	"memberId":            "member_id",
	"label_id":            "label_id",
	"key_id":              "api_key_id",
	"if_last_message":     "message_uuid",
}

// makeNumber makes an id that exists if the field is an id, else a number within the schema's limits.
func (m *maker) makeNumber(field string, schema object) any {
	name := field
	if other := bodyIDs[field]; other != "" {
		name = other
	}

	if id := m.places.pickID(m.r, m.workspace, name); id != "" && rollChance(m.r, 90) {
		return json.Number(id)
	}

	least := getInt(schema, "minimum", 0)
	most := getInt(schema, "maximum", least+20)

	if getText(schema, "type") == "number" {
		return float64(least) + m.r.Float64()*float64(most-least)
	}

	return least + m.r.IntN(most-least+1)
}

// makeText makes a time, an id that exists, a text of the form that the field needs, or any text of a fitting length.
func (m *maker) makeText(field string, schema object) any {
	switch getText(schema, "format") {
	case "date-time":
		return time.Now().Add(time.Duration(m.r.IntN(96)-48) * time.Hour).UTC().Format(time.RFC3339)

	case "uuid":
		name := field
		if other := bodyIDs[field]; other != "" {
			name = other
		}

		if id := m.places.pickID(m.r, m.workspace, name); id != "" && rollChance(m.r, 90) {
			return id
		}

		return m.makeUUID()
	}

	if text, known := m.makeKnownText(field); known {
		return text
	}

	return m.makeWords(getInt(schema, "minLength", 0), getInt(schema, "maxLength", 400))
}

// makeKnownText makes the text of a field whose form the document describes only in words. It reports false for other
// fields.
func (m *maker) makeKnownText(field string) (string, bool) {
	switch field {
	case "number":
		return grantedNumber(m.r.IntN(grantedSenders + 5)), true
	case "address":
		return grantedAddress(m.r.IntN(grantedSenders + 5)), true
	case "phone":
		return fmt.Sprintf("+1%03d555%04d", 200+m.r.IntN(700), m.r.IntN(10000)), true
	case "email":
		return fmt.Sprintf("%s%d@example.com", m.makeWord(), m.r.IntN(100000)), true
	case "color":
		return fmt.Sprintf("#%06x", m.r.IntN(1<<24)), true
	case "to", "sender":
		return pickOne(m.r, []string{"+14155550123", "ana@example.com", ""}), true
	case "url", "issuer":
		return m.origin + pickOne(m.r, []string{"/", "/orders/{id}", "/orders/7?x={id}"}), true
	case "arguments": // as OpenAI writes them
		text, _ := json.Marshal(m.makeArguments()) // they are JSON
		return string(text), true
	case "messaging_service_sid":
		return fmt.Sprintf("MG%032x", m.r.Uint64()), true
	case "cursor":
		kind := pickOne(m.r, []string{"chat_id", "member_id", "", "delivery_id"})
		return m.places.pickID(m.r, m.workspace, "next_cursor of "+kind), true
	case "external_id":
		if id := m.places.pickID(m.r, m.workspace, field); id != "" && rollChance(m.r, 40) {
			return id, true
		}

	case "tool":
		return m.chooseToolName(), true
	case "label":
		return m.places.pickID(m.r, m.workspace, "name of label_id"), true
	case "model":
		return pickOne(m.r, []string{"", "offline"}), true
	case "Prefer":
		return pickOne(m.r, []string{"respond-async", "wait=0", "wait=1", "respond-async, wait=1"}), true
	case "Idempotency-Key":
		return fmt.Sprintf("k%d", m.r.IntN(1<<30)), true
	}

	return "", false
}

func (m *maker) chooseToolName() string {
	if name := m.places.pickID(m.r, m.workspace, "name of tool_id"); name != "" && rollChance(m.r, 90) {
		return name
	}

	return m.makeWord()
}

// makeArguments makes an object whose form the document leaves open, such as the arguments of a tool.
func (m *maker) makeArguments() any {
	made := object{}

	for range m.r.IntN(3) {
		name := pickOne(m.r, []string{
			"label", "id", "state", "summary", "question", "member_id", "party_size", m.makeWord(),
		})
		made[name] = m.makeAnything(4)
	}

	return made
}

// makeAnything makes a value of any type.
func (m *maker) makeAnything(depth int) any {
	switch m.r.IntN(7) {
	case 0:
		return nil
	case 1:
		return rollChance(m.r, 50)
	case 2:
		return m.r.IntN(1000) - 10
	case 3:
		return m.r.Float64()
	case 4:
		if depth < 5 {
			return []any{m.makeAnything(depth + 1)}
		}

	case 5:
		if depth < 5 {
			return object{m.makeWord(): m.makeAnything(depth + 1)}
		}
	}

	return m.makeWords(0, 60)
}

var someWords = strings.Fields("order table Friday lamp invoice refund Ana seven please thanks late Zürich größer " +
	"東京 " +
	"مرحبا שלום naïve 😀 👩‍👩‍👧 e\u0301 ﬁ İ ß <b> \"quoted\" it's %s {{x}} $1 \\n -- ;DROP")

func (m *maker) makeWord() string {
	return fmt.Sprintf("%s%d", pickOne(m.r, someWords[:11]), m.r.IntN(1000))
}

// makeWords makes a text of at least least and at most most characters.
func (m *maker) makeWords(least, most int) string {
	var b strings.Builder

	for b.Len() < least || rollChance(m.r, 75) && b.Len() < 300 {
		b.WriteString(pickOne(m.r, someWords))
		b.WriteByte(' ')
	}

	text := []rune(b.String())
	if len(text) > most {
		text = text[:most]
	}

	return strings.TrimRight(string(text), " ") + strings.Repeat("x", max(0, least-len(text)))
}

func (m *maker) makeUUID() string {
	high := m.r.Uint64()&^0xf000 | 0x7000
	low := m.r.Uint64()>>2 | 1<<63

	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", high>>32, high>>16&0xffff, high&0xffff, low>>48, low&(1<<48-1))
}

// getInt returns the whole number that a schema has under a name, or without if it has none.
func getInt(schema object, name string, without int) int {
	number, isNumber := schema[name].(json.Number)
	if !isNumber {
		return without
	}

	n, err := strconv.ParseFloat(string(number), 64)
	if err != nil {
		return without
	}

	return int(n)
}
