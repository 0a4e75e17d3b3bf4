package console

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parseSchema(t *testing.T, text string) any {
	t.Helper()

	var schema any
	require.NoError(t, json.Unmarshal([]byte(text), &schema))

	return schema
}

func TestFieldsOfAToolFollowItsSchema(t *testing.T) {
	fields := listToolFields(parseSchema(t, `{"properties":{
		"b":{"type":"string","maxLength":20,"description":"A word."},
		"a":{"type":"string"},
		"note":{"type":"string"},
		"essay":{"type":"string","maxLength":2000},
		"at":{"type":"string","format":"date-time"},
		"day":{"type":"string","format":"date"},
		"code":{"type":"string","pattern":"^[a-z]+$"},
		"n":{"type":"number"},
		"yes":{"type":"boolean"},
		"one":{"enum":["x","y"]},
		"mixed":{"enum":["x",1]},
		"parts":{"type":"object"},
		"either":{"anyOf":[{"type":"string"},{"type":"number"}]},
		"any":true
	},"required":["n"]}`))

	kinds := map[string]string{}
	for _, f := range fields {
		kinds[f.name] = f.kind
	}

	assert.Equal(t, map[string]string{
		"a":      fieldLine,
		"note":   fieldText,
		"essay":  fieldText,
		"at":     fieldTime,
		"b":      fieldLine,
		"day":    fieldDate,
		"code":   fieldLine,
		"n":      fieldNumber,
		"yes":    fieldBoolean,
		"one":    fieldChoice,
		"mixed":  fieldJSON,
		"parts":  fieldJSON,
		"either": fieldJSON,
		"any":    fieldJSON,
	}, kinds)
	assert.Equal(t, "n", fields[0].name, "what is required is first")
	assert.Equal(t, "a", fields[1].name)
	assert.True(t, fields[0].isRequired)
}

func TestAToolWithoutPropertiesTakesItsArgumentsAsJSON(t *testing.T) {
	for _, schema := range []string{`{"type":"object"}`, `true`, `null`, `{"properties":{}}`} {
		form := newToolForm("", parseSchema(t, schema), nil)
		assert.Empty(t, form.fields, schema)

		arguments, err := form.arguments()
		require.NoError(t, err)
		assert.Empty(t, arguments)

		form.raw = `{"a":1}`
		arguments, err = form.arguments()
		require.NoError(t, err)
		assert.Len(t, arguments, 1)

		form.raw = `{"a":9007199254740993}`
		arguments, err = form.arguments()
		require.NoError(t, err)
		assert.Equal(t, json.Number("9007199254740993"), arguments["a"])

		for _, raw := range []string{"null", "[1]", "{", `"a"`, "{} {}"} {
			form.raw = raw
			_, err = form.arguments()
			require.Error(t, err, raw)
		}
	}
}

func TestLargeNumbersOfAToolAreKeptAsTheyWereTyped(t *testing.T) {
	field := toolField{name: "n", kind: fieldNumber, value: " 9007199254740993 "}

	value, err := field.parse()
	require.NoError(t, err)

	encoded, err := json.Marshal(value)
	require.NoError(t, err)
	assert.JSONEq(t, "9007199254740993", string(encoded))

	for _, wrong := range []string{"two", "1e", `"5"`, "null", "0x10", "NaN", "1 2"} {
		field.value = wrong
		_, err = field.parse()
		require.Error(t, err, wrong)
	}
}

func TestATimeOfAToolIsTypedInUTC(t *testing.T) {
	for typed, want := range map[string]string{
		"2026-12-04T19:00":          "2026-12-04T19:00:00Z",
		"2026-12-04T19:00:05":       "2026-12-04T19:00:05Z",
		"2026-12-04T19:00:00+02:00": "2026-12-04T19:00:00+02:00",
		"Friday":                    "Friday",
	} {
		field := toolField{name: "at", kind: fieldTime, value: typed}

		value, err := field.parse()
		require.NoError(t, err)
		assert.Equal(t, want, value)
	}
}
