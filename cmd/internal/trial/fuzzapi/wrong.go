package fuzzapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// hostileTexts are texts that often break programs.
var hostileTexts = []json.RawMessage{
	json.RawMessage(`""`),
	json.RawMessage(`" "`),
	json.RawMessage(`"\u0000"`),
	json.RawMessage(`"a\u0000b"`),
	json.RawMessage(`"\ud800"`),
	json.RawMessage(`"\udfff\ud800"`),
	json.RawMessage(`"\ufffe\uffff"`),
	json.RawMessage(`"\u202eabc\u202c"`),
	json.RawMessage(`"\u200b"`),
	json.RawMessage(`"\u0001\u001f\u007f\u0085"`),
	json.RawMessage(`"\r\n\r\n"`),
	json.RawMessage(`"a\r\nBcc: x@example.com"`),
	json.RawMessage(`"'; DROP TABLE chats; --"`),
	json.RawMessage(`"../../etc/passwd"`),
	json.RawMessage(`"%00%2f%zz"`),
	json.RawMessage(`"{{7*7}}${7*7}"`),
	json.RawMessage(`"null"`),
	json.RawMessage(`"00000000-0000-0000-0000-000000000000"`),
	json.RawMessage(`"0000-01-01T00:00:00Z"`),
	json.RawMessage(`"0001-01-01T00:00:00Z"`),
	json.RawMessage(`"9999-12-31T23:59:59.999999999Z"`),
	json.RawMessage(`"2026-02-29T25:61:61+99:99"`),
	json.RawMessage(`"2016-12-31T23:59:60Z"`),
	json.RawMessage(`"2026-11-22T10:00:00+23:59"`),
	json.RawMessage(`"http://169.254.169.254/"`),
	json.RawMessage(`"http://[::1]:1/"`),
	json.RawMessage(`"file:///etc/passwd"`),
	json.RawMessage(`"a@b@c"`),
	json.RawMessage(`"+"`),
	json.RawMessage(`"+999999999999999"`),
}

var hostileNumbers = []json.RawMessage{
	json.RawMessage(`0`),
	json.RawMessage(`-0`),
	json.RawMessage(`-1`),
	json.RawMessage(`1`),
	json.RawMessage(`1.0`),
	json.RawMessage(`1.5`),
	json.RawMessage(`1e2`),
	json.RawMessage(`1e400`),
	json.RawMessage(`-1e400`),
	json.RawMessage(`1e-400`),
	json.RawMessage(`2147483647`),
	json.RawMessage(`2147483648`),
	json.RawMessage(`4294967296`),
	json.RawMessage(`9007199254740993`),
	json.RawMessage(`9223372036854775807`),
	json.RawMessage(`9223372036854775808`),
	json.RawMessage(`-9223372036854775808`),
	json.RawMessage(`-9223372036854775809`),
	json.RawMessage(`100000000000000000000000000000000000000`),
}

var hostileOthers = []json.RawMessage{
	json.RawMessage(`null`),
	json.RawMessage(`true`),
	json.RawMessage(`[]`),
	json.RawMessage(`{}`),
	json.RawMessage(`[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]`),
	json.RawMessage(`[null]`),
	json.RawMessage(`{"":""}`),
	json.RawMessage(`{"a":{"b":{"c":{"d":{"e":{}}}}}}`),
	json.RawMessage(`{"$ref":"#"}`),
	json.RawMessage(`{"type":"nonsense"}`),
	json.RawMessage(`{"type":"object","properties":{"x":{"$ref":"http://example.com/"}}}`),
	json.RawMessage(`{"__proto__":1}`),
}

// longestText is the most characters of a text that is made to reach its maxLength.
const longestText = 100_000

// makeAtBounds makes a value at the limits of a schema or just beyond them, or a hostile one.
func (m *maker) makeAtBounds(schema object) any {
	switch m.chooseType(schema) {
	case "integer", "number":
		if bounds := listNumberBounds(schema); len(bounds) > 0 && rollChance(m.r, 50) {
			return pickOne(m.r, bounds)
		}

		return pickOne(m.r, hostileNumbers)

	case "string":
		if most := getInt(schema, "maxLength", 0); most > 0 && most <= longestText && rollChance(m.r, 60) {
			letter := pickOne(m.r, []string{"x", "é", "😀", "漢", "\u0301", " "})
			return strings.Repeat(letter, most-1+m.r.IntN(3))
		}

		return pickOne(m.r, hostileTexts)

	case "array":
		return m.makeLongList(schema)

	case "object":
		return m.makeWideObject(schema)
	}

	return pickOne(m.r, slices.Concat(hostileTexts, hostileNumbers, hostileOthers))
}

// listNumberBounds returns the limits of a number and their neighbours.
func listNumberBounds(schema object) []any {
	var bounds []any

	for _, name := range []string{"minimum", "maximum"} {
		if schema[name] != nil {
			bound := getInt(schema, name, 0)
			bounds = append(bounds, bound-1, bound, bound+1)
		}
	}

	return bounds
}

// makeLongList makes a list with no entry, one, as many as it may have, or one more.
func (m *maker) makeLongList(schema object) any {
	most := getInt(schema, "maxItems", 20)
	size := pickOne(m.r, []int{0, 1, most, most + 1})
	made := make([]any, 0, size)
	plain := *m
	plain.bounds = false

	for range size {
		made = append(made, plain.makeValue("", getObject(schema, "items"), 5))
	}

	return made
}

// makeWideObject makes an empty object, or one with many members.
func (m *maker) makeWideObject(schema object) any {
	if rollChance(m.r, 40) {
		return object{}
	}

	more, _ := schema["additionalProperties"].(object)
	made := object{}

	for n := range pickOne(m.r, []int{1, 20, 50, 51, 300}) {
		name := pickOne(m.r, []string{"k", "é", strings.Repeat("k", 41), "a.b", "\x00"})
		made[fmt.Sprintf("%s%d", name, n)] = m.makeValue("", more, 5)
	}

	return made
}

// spoil makes a body wrong in one or two places.
func (m *maker) spoil(body any) any {
	for range 1 + m.r.IntN(2) {
		body = m.spoilOnce(body)
	}

	return body
}

func (m *maker) spoilOnce(body any) any {
	switch v := body.(type) {
	case object:
		return m.spoilObject(maps.Clone(v))

	case []any:
		if len(v) > 0 && rollChance(m.r, 70) {
			changed := slices.Clone(v)
			at := m.r.IntN(len(changed))
			changed[at] = m.spoilOnce(changed[at])

			return changed
		}
	}

	return pickOne(m.r, slices.Concat(hostileTexts, hostileNumbers, hostileOthers))
}

func (m *maker) spoilObject(body object) any {
	names := slices.Sorted(maps.Keys(body))

	switch choice := m.r.IntN(10); {
	case choice == 0:
		return pickOne(m.r, slices.Concat(hostileNumbers, hostileOthers))
	case choice <= 2:
		name := pickOne(m.r, []string{"surprise", "", "id", "created_at", "a.b[0]", "ünknown", "\x00"})
		body[name] = m.makeAnything(0)
	case choice <= 4 && len(names) > 0:
		delete(body, pickOne(m.r, names))
	case len(names) > 0:
		name := pickOne(m.r, names)
		body[name] = m.spoilOnce(body[name])
	}

	return body
}

// brokenBodies are bodies that are not one JSON value, or one that no operation accepts.
var brokenBodies = []string{
	``,
	` `,
	`{`,
	`{"message":`,
	`{"a":1,}`,
	`{'a':1}`,
	`{"a":1}{"b":2}`,
	`{"a":1} x`,
	`{"message":"x","message":"y"}`,
	`{"reason":"x","reason":"x"}`,
	"\ufeff{}",
	"{\"message\":\"\xff\xfe\"}",
	"{\"\xc3\":1}",
	`nul`,
	`NaN`,
	`{"a":Infinity}`,
	`{"a":01}`,
	`{"a":"\x41"}`,
	"{\"a\":\"\n\"}",
	`<xml/>`,
	`a=b&c=d`,
	strings.Repeat("[", 2000),
	strings.Repeat(`{"a":`, 2000),
	`{"a":` + strings.Repeat("9", 5000) + `}`,
	`{"` + strings.Repeat("k", 5000) + `":1}`,
}

// otherMedia are values of Content-Type that no operation accepts.
var otherMedia = []string{
	"text/plain", "application/xml", "application/json; charset=latin1", "multipart/form-data", "x",
	"application/json;;",
}
