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
	// workspace is whose ids are used.
	workspace string
	// bounds makes values at the bounds of what is right, and beyond.
	bounds bool
	// origin is where tools may be called.
	origin string
}

// chance reports true in so many of a hundred cases.
func chance(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }

func pickOne[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// value makes one that fits the schema, or is at its bounds. field is the name under which it is.
func (m *maker) value(field string, schema object, depth int) any {
	schema = m.resolve(schema)

	if m.bounds && chance(m.r, 12) {
		return m.atBounds(schema)
	}

	if examples := listIn(schema, "examples"); len(examples) > 0 && chance(m.r, 15) {
		return examples[0]
	}

	for _, choice := range []string{"oneOf", "anyOf"} {
		shapes := listIn(schema, choice)
		if len(shapes) == 0 {
			continue
		}

		if len(objectIn(schema, "properties")) > 0 {
			return m.object(m.withShape(schema, shapes), depth)
		}

		return m.value(field, asObject(pickOne(m.r, shapes)), depth)
	}

	if enum := listIn(schema, "enum"); len(enum) > 0 {
		return pickOne(m.r, enum)
	}

	switch m.typeOf(schema) {
	case "null":
		return nil
	case "boolean":
		return chance(m.r, 50)
	case "integer", "number":
		return m.number(field, schema)
	case "string":
		return m.text(field, schema)
	case "array":
		return m.list(field, schema, depth)
	case "object":
		return m.object(schema, depth)
	}

	return m.anything(depth)
}

// withShape returns an object's schema with one of its shapes, which say what it must have, and without what only the
// others must have.
func (m *maker) withShape(schema object, shapes []any) object {
	properties := maps.Clone(objectIn(schema, "properties"))
	chosen := m.r.IntN(len(shapes))

	for i, shape := range shapes {
		for _, name := range listIn(asObject(shape), "required") {
			if i != chosen {
				delete(properties, fmt.Sprint(name))
			}
		}
	}

	made := maps.Clone(schema)
	made["properties"] = properties
	made["required"] = slices.Concat(listIn(schema, "required"), listIn(asObject(shapes[chosen]), "required"))

	return made
}

// typeOf chooses one of a schema's types.
func (m *maker) typeOf(schema object) string {
	switch given := schema["type"].(type) {
	case string:
		return given
	case []any:
		if chance(m.r, 80) {
			return fmt.Sprint(given[0])
		}

		return fmt.Sprint(pickOne(m.r, given))
	}

	return ""
}

// object makes one with all that it must have, and some of what it may have.
func (m *maker) object(schema object, depth int) any {
	made := object{}
	properties := objectIn(schema, "properties")
	required := listIn(schema, "required")
	share := pickOne(m.r, []int{0, 20, 40, 90})

	for _, name := range slices.Sorted(maps.Keys(properties)) {
		must := slices.Contains(required, any(name))

		// Another name of a field would be refused beside the field.
		if !must && asObject(properties[name])["deprecated"] == true {
			continue
		}

		if must || depth < 6 && chance(m.r, share) {
			made[name] = m.value(name, asObject(properties[name]), depth+1)
		}
	}

	if more, has := schema["additionalProperties"].(object); has {
		for range m.r.IntN(3) {
			made[m.word()] = m.value("", more, depth+1)
		}
	}

	if schema["additionalProperties"] == true || len(properties) == 0 && schema["additionalProperties"] == nil {
		maps.Copy(made, asObject(m.arguments()))
	}

	return made
}

func (m *maker) list(field string, schema object, depth int) any {
	least := intIn(schema, "minItems", 0)
	most := min(intIn(schema, "maxItems", 3), 3)
	made := []any{}

	for range least + m.r.IntN(most-least+1) {
		made = append(made, m.value(strings.TrimSuffix(field, "s"), objectIn(schema, "items"), depth+1))
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

// bodyIDs are the names of the ids in paths that fields of bodies and queries have under other names.
var bodyIDs = map[string]string{
	"assistant_member_id": "assistant_member_id",
	"assistant":           "assistant_member_id",
	"into":                "member_id",
	"memberId":            "member_id",
	"label_id":            "label_id",
	"key_id":              "api_key_id",
	"if_last_message":     "message_uuid",
}

func (m *maker) number(field string, schema object) any {
	name := field
	if other := bodyIDs[field]; other != "" {
		name = other
	}

	if id := m.places.id(m.r, m.workspace, name); id != "" && chance(m.r, 90) {
		return json.Number(id)
	}

	least := intIn(schema, "minimum", 0)
	most := intIn(schema, "maximum", least+20)

	if textIn(schema, "type") == "number" {
		return float64(least) + m.r.Float64()*float64(most-least)
	}

	return least + m.r.IntN(most-least+1)
}

func (m *maker) text(field string, schema object) any {
	switch textIn(schema, "format") {
	case "date-time":
		return time.Now().Add(time.Duration(m.r.IntN(96)-48) * time.Hour).UTC().Format(time.RFC3339)

	case "uuid":
		name := field
		if other := bodyIDs[field]; other != "" {
			name = other
		}

		if id := m.places.id(m.r, m.workspace, name); id != "" && chance(m.r, 90) {
			return id
		}

		return m.uuid()
	}

	if text, known := m.known(field); known {
		return text
	}

	return m.words(intIn(schema, "minLength", 0), intIn(schema, "maxLength", 400))
}

// known makes the text of a field whose form the document says in words.
func (m *maker) known(field string) (string, bool) {
	switch field {
	case "number":
		return grantedNumber(m.r.IntN(grantedSenders + 5)), true
	case "address":
		return grantedAddress(m.r.IntN(grantedSenders + 5)), true
	case "phone":
		return fmt.Sprintf("+1%03d555%04d", 200+m.r.IntN(700), m.r.IntN(10000)), true
	case "email":
		return fmt.Sprintf("%s%d@example.com", m.word(), m.r.IntN(100000)), true
	case "color":
		return fmt.Sprintf("#%06x", m.r.IntN(1<<24)), true
	case "to", "sender":
		return pickOne(m.r, []string{"+14155550123", "ana@example.com", ""}), true
	case "url", "issuer":
		return m.origin + pickOne(m.r, []string{"/", "/orders/{id}", "/orders/7?x={id}"}), true
	case "arguments": // as OpenAI writes them
		text, _ := json.Marshal(m.arguments()) // they are JSON
		return string(text), true
	case "messaging_service_sid":
		return fmt.Sprintf("MG%032x", m.r.Uint64()), true
	case "cursor":
		of := pickOne(m.r, []string{"chat_id", "member_id", "", "delivery_id"})
		return m.places.id(m.r, m.workspace, "next_cursor of "+of), true
	case "external_id":
		if id := m.places.id(m.r, m.workspace, field); id != "" && chance(m.r, 40) {
			return id, true
		}

	case "tool":
		return m.toolName(), true
	case "label":
		return m.places.id(m.r, m.workspace, "name of label_id"), true
	case "model":
		return pickOne(m.r, []string{"", "offline"}), true
	case "Prefer":
		return pickOne(m.r, []string{"respond-async", "wait=0", "wait=1", "respond-async, wait=1"}), true
	case "Idempotency-Key":
		return fmt.Sprintf("k%d", m.r.IntN(1<<30)), true
	}

	return "", false
}

func (m *maker) toolName() string {
	if name := m.places.id(m.r, m.workspace, "name of tool_id"); name != "" && chance(m.r, 90) {
		return name
	}

	return m.word()
}

// arguments makes those of a tool, or any other free object.
func (m *maker) arguments() any {
	made := object{}

	for range m.r.IntN(3) {
		name := pickOne(m.r, []string{
			"label", "id", "state", "summary", "question", "member_id", "party_size", m.word(),
		})
		made[name] = m.anything(4)
	}

	return made
}

// anything makes a value where the document takes any.
func (m *maker) anything(depth int) any {
	switch m.r.IntN(7) {
	case 0:
		return nil
	case 1:
		return chance(m.r, 50)
	case 2:
		return m.r.IntN(1000) - 10
	case 3:
		return m.r.Float64()
	case 4:
		if depth < 5 {
			return []any{m.anything(depth + 1)}
		}

	case 5:
		if depth < 5 {
			return object{m.word(): m.anything(depth + 1)}
		}
	}

	return m.words(0, 60)
}

var someWords = strings.Fields("order table Friday lamp invoice refund Ana seven please thanks late Zürich größer " +
	"東京 " +
	"مرحبا שלום naïve 😀 👩‍👩‍👧 e\u0301 ﬁ İ ß <b> \"quoted\" it's %s {{x}} $1 \\n -- ;DROP")

func (m *maker) word() string {
	return fmt.Sprintf("%s%d", pickOne(m.r, someWords[:11]), m.r.IntN(1000))
}

// words makes a text of a length between the two.
func (m *maker) words(least, most int) string {
	var b strings.Builder

	for b.Len() < least || chance(m.r, 75) && b.Len() < 300 {
		b.WriteString(pickOne(m.r, someWords))
		b.WriteByte(' ')
	}

	text := []rune(b.String())
	if len(text) > most {
		text = text[:most]
	}

	return strings.TrimRight(string(text), " ") + strings.Repeat("x", max(0, least-len(text)))
}

func (m *maker) uuid() string {
	high := m.r.Uint64()&^0xf000 | 0x7000
	low := m.r.Uint64()>>2 | 1<<63

	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", high>>32, high>>16&0xffff, high&0xffff, low>>48, low&(1<<48-1))
}

// intIn returns the whole number of a schema under a name, and what is given without one.
func intIn(schema object, name string, without int) int {
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
