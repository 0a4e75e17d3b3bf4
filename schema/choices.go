package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// choices are the values that alone fit, found by their keys.
type choices struct {
	keys map[string]bool
	// nested reports whether there are lists or objects among them.
	nested bool
	// broken is the rule that a value breaks that is none of them.
	broken jsonschema.ErrorKind
}

func newChoices(values []any, single bool) *choices {
	c := &choices{keys: map[string]bool{}, broken: &kind.Enum{Want: values}}
	if single {
		c.broken = &kind.Const{Want: values[0]}
	}

	for _, value := range values {
		c.keys[keyOf(value)] = true
		c.nested = c.nested || entriesOf(value) > 0
	}

	return c
}

// notChosenError says which rule a value breaks that is none of the choices.
type notChosenError struct{ broken jsonschema.ErrorKind }

// Error is what the library says of the rule.
func (e *notChosenError) Error() string { return shortKind(e.broken).LocalizedString(english) }

func (c *choices) check(value any, m *meter) error {
	if entriesOf(value) > 0 {
		if !c.nested {
			return &notChosenError{c.broken}
		}

		m.spend(sizeOf(value))
	}

	if !c.keys[keyOf(value)] {
		return &notChosenError{c.broken}
	}

	return nil
}

// sizeOf is how many values there are in a value.
func sizeOf(value any) int {
	size := 1

	switch v := value.(type) {
	case []any:
		for _, item := range v {
			size += sizeOf(item)
		}

	case map[string]any:
		for _, item := range v {
			size += sizeOf(item)
		}
	}

	return size
}

// keyOf is the same text for values that JSON Schema calls equal (draft 2020-12 core, 4.2.2): 1 and
// 1.0, and objects whatever the order of their fields.
func keyOf(value any) string {
	switch v := value.(type) {
	case string:
		return strconv.Quote(v)
	case json.Number:
		if number, ok := new(big.Rat).SetString(string(v)); ok {
			return number.RatString()
		}

		return string(v)

	case []any:
		keys := make([]string, len(v))
		for i, item := range v {
			keys[i] = keyOf(item)
		}

		return "[" + strings.Join(keys, ",") + "]"

	case map[string]any:
		keys := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			keys = append(keys, strconv.Quote(name)+":"+keyOf(v[name]))
		}

		return "{" + strings.Join(keys, ",") + "}"
	}

	return fmt.Sprint(value)
}
