package schema_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/internal/growth"
	"handrail/schema"
)

// choices is a schema of a list whose entries are one of so many texts.
func choices(n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprintf(`"w%d"`, i)
	}

	return `{"items":{"enum":[` + strings.Join(words, ",") + `]}}`
}

func listOf(item string, n int) string { return "[" + strings.Repeat(item+",", n-1) + item + "]" }

// The test is not parallel: what others cost would count.
func TestWhatIsWrongCostsLittle(t *testing.T) {
	const quote = `"`

	for name, c := range map[string]struct{ schema, value string }{
		"90,000 that are none of 5,000": {choices(5000), listOf(`"x"`, 90_000)},
		"numbers that are none of many": {`{"items":{"enum":` + listOf("1", 20_000) + `}}`, listOf("2", 90_000)},
		"260 KB of wrong entries":       {`{"items":{"type":"string"}}`, listOf("1", 90_000)},
		"names that are not known":      {`{"additionalProperties":false}`, namedFields(40_000)},
		"names that are missing":        {`{"items":{"required":` + listNames(5000) + `}}`, listOf("{}", 50_000)},
		"a long text, a large pattern":  {`{"pattern":"^` + strings.Repeat("[a-z]{1,1000}", 10) + `[0-9]$"}`, quote + strings.Repeat("a", 250_000) + quote},
		"long texts that do not match":  {`{"items":{"pattern":"^b"}}`, listOf(quote+strings.Repeat("a", 10_000)+quote, 100)},
		"names and patterns":            {`{"patternProperties":{"^[a-z]{1,900}$":{},"^[a-y]{1,900}$":{}}}`, namedFields(40_000)},
	} {
		s, err := schema.Compile("schema", json.RawMessage(c.schema))
		require.NoError(t, err, name)

		var refused *chat.Error

		cost := growth.Measure(func() {
			refused = chat.AsError(s.Check(chat.CodeInvalidToolArguments, "arguments", json.RawMessage(c.value)))
		})

		require.NotNil(t, refused, name)
		assert.Equal(t, chat.CodeInvalidToolArguments, refused.Code, name)
		assert.LessOrEqual(t, len(refused.Fields), 20, name)
		assert.Less(t, cost.Bytes, uint64(200<<20), name)

		for _, f := range refused.Fields {
			assert.Less(t, len(f.Field)+len(f.Message), 1500, name)
		}
	}
}

func listNames(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf(`"p%d"`, i)
	}

	return "[" + strings.Join(names, ",") + "]"
}

func namedFields(n int) string {
	fields := make([]string, n)
	for i := range fields {
		fields[i] = fmt.Sprintf(`"p%d":1`, i)
	}

	return "{" + strings.Join(fields, ",") + "}"
}

func TestValuesThatAreBeyondMeasure(t *testing.T) {
	t.Parallel()

	s, err := schema.Compile("schema", json.RawMessage(`{}`))
	require.NoError(t, err)

	for value, says := range map[string]string{
		`{"a":` + strings.Repeat("[", 1100) + strings.Repeat("]", 1100) + `}`: "arguments.a[0][0] must not hold more than 100",
		`{"a":[` + strings.Repeat("1,", 100_000) + `1]}`:                      "arguments.a must have at most 100000 values",
		`{"a":[1,1e99999]}`: "arguments.a[1] must be a number",
		`{"` + strings.Repeat("a", 80_000) + `":` + listOf("1", 80_000) + `}`: "must have a name of at most 1000 bytes",
	} {
		err := s.Check(chat.CodeInvalidToolArguments, "arguments", json.RawMessage(value))
		assert.Equal(t, chat.CodeInvalidToolArguments, chat.CodeOf(err))
		assert.ErrorContains(t, err, says)
	}
}

func TestValuesThatAreLargeAndFit(t *testing.T) {
	t.Parallel()

	for expects, value := range map[string]string{
		choices(200):                            listOf(`"w7"`, 1000),
		`{"items":{"pattern":"^[A-Z]{2,40}$"}}`: listOf(`"ABCDEFGH"`, 5000),
		`{"items":{"type":"integer"}}`:          listOf("7", 90_000),
	} {
		s, err := schema.Compile("schema", json.RawMessage(expects))
		require.NoError(t, err)
		assert.NoError(t, s.Check(chat.CodeInvalidToolArguments, "arguments", json.RawMessage(value)))
	}
}

func TestSchemasThatCostTooMuch(t *testing.T) {
	t.Parallel()

	for document, says := range map[string]string{
		`{"pattern":"` + strings.Repeat("[a-z]{1,1000}", 60) + `"}`:                                                                        "patterns of at most",
		`{"patternProperties":{"` + strings.Repeat("b{1,999}", 30) + `":{}},"items":{"pattern":"` + strings.Repeat("a{1,999}", 30) + `"}}`: "patterns of at most",
		strings.Repeat(`{"not":`, 1100) + `{}` + strings.Repeat(`}`, 1100):                                                                 "must not hold more than 100",
		`{"minimum":1e999999}`:                                "must be a number",
		`{"items":{"$dynamicRef":"#a"},"$dynamicAnchor":"a"}`: "must not have $dynamicRef",
	} {
		_, err := schema.Compile("http.schema", json.RawMessage(document))
		require.ErrorContains(t, err, says)
		assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err))
	}
}

// The test is not parallel: what others cost would count.
func TestALongAnswerTakesLittleMemory(t *testing.T) {
	words := make([]string, 5000)
	for i := range words {
		words[i] = fmt.Sprintf(`"w%d"`, i)
	}

	s, err := schema.Compile("expects", json.RawMessage(`{"enum":[`+strings.Join(words, ",")+`]}`))
	require.NoError(t, err)

	cost := growth.Measure(func() {
		_, err = s.Read(strings.Repeat("no such word ", 8000))
	})

	assert.Equal(t, chat.CodeInvalidAnswer, chat.CodeOf(err))
	assert.Less(t, cost.Bytes, uint64(50<<20))
}

// Choices are compared as JSON Schema compares, whatever the way in which they are looked up.
func TestChoices(t *testing.T) {
	t.Parallel()

	s, err := schema.Compile("schema", json.RawMessage(`{"enum":["a",1,null,true,[1,"b"],{"x":1,"y":[2]},"1"]}`))
	require.NoError(t, err)

	for _, value := range []string{`"a"`, `1`, `1.0`, `1e0`, `null`, `true`, `[1.0,"b"]`, `{"y":[2],"x":1.0}`, `"1"`} {
		require.NoError(t, s.Check(chat.CodeInvalidRequest, "value", json.RawMessage(value)), value)
	}

	for _, value := range []string{`"b"`, `2`, `false`, `"null"`, `"true"`, `[1]`, `["b",1]`, `{"x":1}`, `{}`, `"[1,\"b\"]"`} {
		err := s.Check(chat.CodeInvalidRequest, "value", json.RawMessage(value))
		require.ErrorContains(t, err, "value must fit its schema", value)
	}

	only, err := schema.Compile("schema", json.RawMessage(`{"properties":{"a":{"const":"yes","type":"string"}}}`))
	require.NoError(t, err)
	require.NoError(t, only.Check(chat.CodeInvalidRequest, "value", json.RawMessage(`{"a":"yes"}`)))
	assert.ErrorContains(t, only.Check(chat.CodeInvalidRequest, "value", json.RawMessage(`{"a":"no"}`)), "value must be 'yes'")
}
