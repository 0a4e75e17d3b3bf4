package schema

import (
	"cmp"
	"iter"
	"maps"
	"regexp/syntax"
	"slices"

	"handrail/budget"
	"handrail/chat"
)

// patternSize is how large a regular expression is, with what it repeats written out: of [a-z]{1,100}
// it is a hundred. One that cannot be read is for the compiler to refuse.
func patternSize(pattern string) int {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0
	}

	return expressionSize(parsed)
}

func expressionSize(e *syntax.Regexp) int {
	size := 1 + len(e.Rune)/2
	for _, part := range e.Sub {
		size += expressionSize(part)
	}

	if e.Op == syntax.OpRepeat {
		size *= max(e.Min, e.Max, 1)
	}

	return size
}

// dynamic are references that are followed to places which only a value decides, where its cost is not
// counted.
var dynamic = []string{"$dynamicRef", "$recursiveRef"}

// measureKeywords returns the size of all patterns of a schema, and a keyword that it must not have, if it
// has one.
func measureKeywords(document any) (size int, refused string) {
	items := func(values iter.Seq[any]) {
		for item := range values {
			more, keyword := measureKeywords(item)
			size += more
			refused = cmp.Or(refused, keyword)
		}
	}

	switch v := document.(type) {
	case []any:
		items(slices.Values(v))
	case map[string]any:
		if pattern, ok := v["pattern"].(string); ok {
			size += patternSize(pattern)
		}

		if patterns, ok := v["patternProperties"].(map[string]any); ok {
			for pattern := range patterns {
				size += patternSize(pattern)
			}
		}

		for _, keyword := range dynamic {
			if _, ok := v[keyword]; ok {
				refused = keyword
			}
		}

		items(maps.Values(v))
	}

	return size, refused
}

// checkKeywords refuses a schema whose patterns are so large that compiling them, or using them, takes
// long, and one with references that a value decides. It returns an error that names field.
func checkKeywords(field string, document any) error {
	size, refused := measureKeywords(document)

	if refused != "" {
		return chat.Invalid(field, "must not have %s; use $ref", refused)
	}

	if size > budget.MaxPatternSize {
		return chat.Invalid(
			field,
			"must have patterns of at most %d signs together, with what they repeat written out",
			budget.MaxPatternSize,
		)
	}

	return nil
}
