package schema

import (
	"errors"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxSteps is how many subschemas one value is held against at most. References can make a
// schema of a kilobyte ask for more than any machine can do.
const maxSteps = 100_000

// errBeyond says that a value cannot be held against a schema.
var errBeyond = errors.New("a value cannot be checked")

// meter counts the work of one check at a time. The library has no limit of its own, but
// asks an extension for every subschema.
type meter struct {
	mutex sync.Mutex
	steps int
}

func (m *meter) vocabulary() *jsonschema.Vocabulary {
	return &jsonschema.Vocabulary{
		URL:     "https://handrail.invalid/meter",
		Compile: func(*jsonschema.CompilerContext, map[string]any) (jsonschema.SchemaExt, error) { return m, nil },
	}
}

// Validate counts.
func (m *meter) Validate(*jsonschema.ValidatorContext, any) {
	if m.steps++; m.steps > maxSteps {
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

	m.steps = 0

	return check()
}
