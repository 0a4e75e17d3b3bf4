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

func compileSchema(t *testing.T, document string) *schema.Schema {
	t.Helper()

	s, err := schema.Compile("expects", json.RawMessage(document))
	require.NoError(t, err)

	return s
}

func TestCheckNamesEveryPathAndRule(t *testing.T) {
	t.Parallel()

	s := compileSchema(
		t,
		`{"type":"object","properties":{"when":{"type":"string","minLength":3},"people":{"type":"array",`+
			`"items":{"type":"integer"}}},"required":["when"],"additionalProperties":false}`,
	)

	for value, field := range map[string]string{
		`{"when":"now"}`:                  "",
		`{}`:                              "arguments.when",
		`{"when":"a"}`:                    "arguments.when",
		`{"when":"now","people":[1,"x"]}`: "arguments.people.1",
		`{"when":"now","who":1}`:          "arguments.who",
		`[]`:                              "arguments",
		`{`:                               "arguments",
	} {
		err := s.Check(chat.CodeInvalidToolArguments, "arguments", json.RawMessage(value))
		if field == "" {
			require.NoError(t, err)
			continue
		}

		refused := chat.AsError(err)
		require.Equal(t, chat.CodeInvalidToolArguments, refused.Code, value)
		require.NotEmpty(t, refused.Fields)
		assert.Equal(t, field, refused.Fields[0].Field, value)
	}

	both := chat.AsError(s.Check(chat.CodeInvalidToolArguments, "arguments", json.RawMessage(`{"people":["x"]}`)))
	assert.Len(t, both.Fields, 2)
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()

	for document, says := range map[string]string{
		`{`:                                     "no JSON",
		`[]`:                                    "an object like",
		`{"type":"strnig"}`:                     "type",
		`{"type":"string","pattern":"("}`:       "pattern",
		`{"$ref":"https://example.com/schema"}`: "not followed",
		`{"$ref":"file:///etc/passwd"}`:         "not followed",
		`{"$ref":"#/nowhere"}`:                  "nowhere",
		`{"description":"` + strings.Repeat("x", schema.MaxSize) + `"}`: "bytes",
	} {
		_, err := schema.Compile("http.schema", json.RawMessage(document))
		refused := chat.AsError(err)
		require.Equal(t, chat.CodeInvalidRequest, refused.Code, document)
		assert.Equal(t, "http.schema", refused.Fields[0].Field)
		assert.Contains(t, refused.Message, says, document)
	}
}

// TestFormatsAreAsserted: arguments in the wrong form fail before the first tool of a message runs, and not at the API
// that a tool calls.
func TestFormatsAreAsserted(t *testing.T) {
	t.Parallel()

	for format, values := range map[string]struct{ fits, breaks []string }{
		"date-time": {[]string{"2026-11-22T10:00:00Z"}, []string{"2026-11-22", "tomorrow", "2026-13-22T10:00:00Z"}},
		"email":     {[]string{"ana@example.com"}, []string{"ana", "ana@", "@example.com", "Ana <ana@example.com>"}},
		"uri":       {[]string{"https://example.com/a?b=c"}, []string{"example", "/a/b", "https://exa mple.com"}},
		"uuid":      {[]string{"01934f6e-7f3c-7c4e-9d2b-1f4d5a6b7c8d"}, []string{"01934f6e", "not-a-uuid"}},
	} {
		arguments, err := schema.Compile("http.schema", json.RawMessage(
			`{"type":"object","properties":{"value":{"type":"string","format":"`+format+`"}}}`,
		))
		require.NoError(t, err)

		check := func(value string) error {
			text, err := json.Marshal(map[string]string{"value": value})
			require.NoError(t, err)

			return arguments.Check(chat.CodeInvalidToolArguments, "arguments", text)
		}

		for _, value := range values.fits {
			require.NoError(t, check(value), "%s %s", format, value)
		}

		for _, value := range values.breaks {
			refused := check(value)
			require.Equal(t, chat.CodeInvalidToolArguments, chat.CodeOf(refused), "%s %s", format, value)
			assert.Equal(t, "arguments.value", chat.AsError(refused).Fields[0].Field)
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()

	for expects, answers := range map[string]map[string]string{
		`{"type":"string"}`: {"The red one.": `"The red one."`, "12": `"12"`, `"quoted"`: `"quoted"`},
		`{"type":"boolean"}`: {
			"Yes!":               "true",
			"y":                  "true",
			"ok, thanks":         "true",
			"Nein, leider":       "false",
			"no":                 "false",
			"Sí.":                "true",
			"oui":                "true",
			"👍":                  "true",
			"perhaps":            "",
			"yes and no":         "",
			"":                   "",
			"I know":             "",
			"yes, since Tuesday": "",
			"no, sorry":          "false",
			"1":                  "true",
			"No problem!":        "",
			"ok but not today":   "",
			"Yes, but I can't":   "",
			"1 of us":            "",
			"yes if it rains":    "",
			"No idea":            "",
			"I can’t":            "",
		},
		`{"type":"integer"}`: {
			"about 12": "",
			"12 of 20": "",
			"twelve":   "12",
			"007":      "7",
			"-3":       "-3",
			"2.5":      "",
			"1,000":    "",
			"A-12":     "",
			"12-14":    "",
			"room 12":  "",
			"12.":      "12",
			"x12":      "",
			"(12)":     "12",
		},
		`{"type":"number","maximum":10}`: {
			"2,5 kg":    "",
			"2,5":       "2.5",
			"2.5":       "2.5",
			"11":        "",
			"1.000":     "",
			"1e1000001": "",
		},
		`{"enum":["red","white"]}`: {
			"RED.":               `"red"`,
			"the white, please":  `"white"`,
			"red or white":       "",
			"the red one":        `"red"`,
			"blue":               "",
			"not red":            "",
			"anything but white": "",
		},
		`{"type":"integer","enum":[1,2]}`:                          {"2": "2", "3": ""},
		`{"type":"object","properties":{"ok":{"type":"boolean"}}}`: {"yes": `{"ok":true}`, `{"ok":false}`: `{"ok":false}`, "hm": ""},
		`{"type":"object","properties":{"a":{},"b":{}}}`:           {`{"a":1}`: `{"a":1}`, "a": ""},
		`{"type":"array","items":{"type":"integer"},"minItems":1}`: {"[1,2]": "[1,2]", "1": ""},
		`{"type":["boolean","null"]}`:                              {"Yes": "true", "nah": "false", "null": "", "hm": ""},
		`{"anyOf":[{"type":"boolean"},{"type":"null"}]}`:           {"ok": "true", "Ok?": ""},
		`{"anyOf":[{"type":"boolean"},{"type":"string"}]}`:         {"ok": "true", "Ok?": `"Ok?"`},
		`{"oneOf":[{"type":"boolean"},{"type":"integer"}]}`:        {"no": "false", "7": "7", "1": ""},
		`{"oneOf":[{"const":"red"},{"const":"white"}]}`:            {"White, please": `"white"`, "no white": ""},
		`{"enum":["yes","no","later"]}`:                            {"Sure": `"yes"`, "Nein": `"no"`, "Later!": `"later"`, "yes, later": ""},
		`{"enum":["red","red wine",null]}`:                         {"Red wine please": `"red wine"`, "red": `"red"`, "null": "", "<nil>": ""},
		`{"type":"string","pattern":"^[A-Z]{2}$"}`:                 {"DE": `"DE"`, "de": ""},
	} {
		s := compileSchema(t, expects)
		for text, want := range answers {
			got, err := s.Read(text)
			if want == "" {
				assert.Equal(t, chat.CodeInvalidAnswer, chat.CodeOf(err), "%s: %q was read as %s", expects, text, got)
				continue
			}

			require.NoError(t, err, "%s: %q", expects, text)
			assert.JSONEq(t, want, string(got), "%s: %q", expects, text)
		}
	}
}

// FuzzRead reads anything with any schema: what is read fits.
func FuzzRead(f *testing.F) {
	f.Add(`{"type":"boolean"}`, "yes")
	f.Add(`{"type":"number"}`, "about 3,5")
	f.Add(`{"enum":["a",1,null]}`, "A")
	f.Add(`{"$ref":"#"}`, "x")
	f.Add(`{"type":"object","properties":{"a":{"type":"integer"}}}`, "7")

	f.Fuzz(func(t *testing.T, expects, text string) {
		growth.Check(t, len(expects)+len(text), func() {
			s, err := schema.Compile("expects", json.RawMessage(expects))
			if err != nil {
				return
			}

			answer, err := s.Read(text)
			if err != nil {
				return
			}

			require.True(t, json.Valid(answer))
			require.NoError(t, s.Check(chat.CodeInvalidAnswer, "answer", answer))
		})
	})
}

func TestAValueBeyondMeasureIsRefused(t *testing.T) {
	t.Parallel()
	s := compileSchema(t, `{"minimum":1}`)
	assert.Equal(
		t,
		chat.CodeInvalidAnswer,
		chat.CodeOf(s.Check(chat.CodeInvalidAnswer, "answer", json.RawMessage(`1e1000001`))),
	)

	require.NoError(t, s.Check(chat.CodeInvalidAnswer, "answer", json.RawMessage(`2`)), "and the schema works on")

	levels := make([]string, 0, 40)
	for i := range 40 {
		levels = append(
			levels,
			fmt.Sprintf(`"l%d":{"allOf":[{"$ref":"#/$defs/l%d"},{"$ref":"#/$defs/l%[2]d"}]}`, i, i+1),
		)
	}

	s = compileSchema(t, `{"$ref":"#/$defs/l0","$defs":{`+strings.Join(levels, ",")+`,"l40":{"type":"integer"}}}`)
	assert.Equal(
		t,
		chat.CodeInvalidAnswer,
		chat.CodeOf(s.Check(chat.CodeInvalidAnswer, "answer", json.RawMessage(`1`))),
	)
}

// FuzzCompile compiles anything: it is a schema, or refused with the field's name.
func FuzzCompile(f *testing.F) {
	f.Add(`{"type":"object","$defs":{"a":{"$ref":"#"}}}`)
	f.Add(`{"$schema":"http://json-schema.org/draft-04/schema#","pattern":"("}`)

	f.Fuzz(func(t *testing.T, document string) {
		growth.Check(t, len(document), func() {
			s, err := schema.Compile("field", json.RawMessage(document))
			if err != nil {
				require.Equal(t, "field", chat.AsError(err).Fields[0].Field)
				return
			}

			_ = s.Check(chat.CodeInvalidAnswer, "answer", json.RawMessage(`{"a":[1,"x",null]}`))
		})
	})
}
