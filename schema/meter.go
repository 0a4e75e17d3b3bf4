package schema

import (
	"errors"
	"regexp"
	"slices"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"handrail/budget"
)

// errBeyond says that a value cannot be held against a schema.
var errBeyond = errors.New("a value cannot be checked")

// meter counts the work of one check at a time. The library has no limit of its own. It asks for the
// format of a value after its type and before everything below it, so that is where the meter sits.
type meter struct {
	mutex sync.Mutex
	work  *budget.Work
}

// spend stops the check when there was enough work.
func (m *meter) spend(steps int) {
	if m.work != nil && !m.work.Spend(steps) {
		panic(errBeyond)
	}
}

// run checks, and returns errBeyond when that takes too much work, or the library panics:
// it does for numbers whose exponent math/big refuses.
func (m *meter) run(check func() error) (err error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	defer func() {
		if recover() != nil {
			err = errBeyond
		}
	}()

	m.work = budget.NewWork(budget.MaxSchemaSteps, budget.MaxSchemaTime)

	return check()
}

// matchesPerStep is how many characters, times the size of a pattern, are matched in the time of a
// step.
const matchesPerStep = 200

// metered is a pattern whose matches are counted.
type metered struct {
	*regexp.Regexp
	meter *meter
	size  int
}

// MatchString reports whether the text matches.
func (p *metered) MatchString(text string) bool {
	p.meter.spend(1 + len(text)*p.size/matchesPerStep)
	return p.Regexp.MatchString(text)
}

// compilePattern is the library's engine of patterns.
func (m *meter) compilePattern(pattern string) (jsonschema.Regexp, error) {
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}

	return &metered{
		Regexp: compiled,
		meter:  m,
		size:   patternSize(pattern),
	}, nil
}

// attach puts the meter into a compiled schema and all that it is made of. Choices are looked up
// there, too: the library compares a value with each of them.
func (m *meter) attach(s *jsonschema.Schema, seen map[*jsonschema.Schema]bool) {
	if s == nil || seen[s] || s.Bool != nil {
		return
	}

	seen[s] = true
	parts := partsOf(s)
	names := namesIn(s)

	var chosen []*choices
	if s.Const != nil {
		chosen = append(chosen, newChoices([]any{*s.Const}, true))
		s.Const = nil
	}

	if s.Enum != nil {
		chosen = append(chosen, newChoices(s.Enum.Values, false))
		s.Enum = nil
	}

	// The library checks a format of this name by other means.
	named := s.Format
	if named == nil {
		named = &jsonschema.Format{Name: "meter", Validate: func(any) error { return nil }}
	}

	s.Format = &jsonschema.Format{Name: named.Name + " ", Validate: func(value any) error {
		m.spend(1 + len(parts) + entriesOf(value)*(1+len(s.PatternProperties)))

		if _, ok := value.(map[string]any); ok {
			m.spend(names)
		}

		for _, c := range chosen {
			if err := c.check(value, m); err != nil {
				return err
			}
		}

		return named.Validate(value)
	}}

	for _, part := range parts {
		m.attach(part, seen)
	}
}

// entriesOf is how many values lie directly in a value.
func entriesOf(value any) int {
	switch v := value.(type) {
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	}

	return 0
}

// partsOf are the schemas that a schema refers to.
func partsOf(s *jsonschema.Schema) []*jsonschema.Schema {
	parts := []*jsonschema.Schema{
		s.Ref, s.Not, s.If, s.Then, s.Else, s.PropertyNames, s.UnevaluatedProperties,
		s.Contains, s.Items2020, s.UnevaluatedItems, s.ContentSchema,
	}

	for _, more := range [][]*jsonschema.Schema{s.AllOf, s.AnyOf, s.OneOf, s.PrefixItems} {
		parts = append(parts, more...)
	}

	for _, more := range []map[string]*jsonschema.Schema{s.Properties, s.DependentSchemas} {
		for _, part := range more {
			parts = append(parts, part)
		}
	}

	for _, part := range s.PatternProperties {
		parts = append(parts, part)
	}

	others := []any{s.AdditionalProperties, s.Items, s.AdditionalItems}
	for _, dependency := range s.Dependencies {
		others = append(others, dependency)
	}

	for _, other := range others {
		switch o := other.(type) {
		case *jsonschema.Schema:
			parts = append(parts, o)
		case []*jsonschema.Schema:
			parts = append(parts, o...)
		}
	}

	return slices.DeleteFunc(parts, func(part *jsonschema.Schema) bool { return part == nil })
}

// namesIn is how many names of fields a schema asks an object for.
func namesIn(s *jsonschema.Schema) int {
	names := len(s.Required)
	for _, required := range s.DependentRequired {
		names += len(required)
	}

	for _, dependency := range s.Dependencies {
		if required, ok := dependency.([]string); ok {
			names += len(required)
		}
	}

	return names
}
