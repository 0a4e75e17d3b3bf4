package reply

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// What begins a subject here is left out where subjects are compared.
func TestPrefixesOfForwardsAreNoPartOfASubject(t *testing.T) {
	t.Parallel()

	for _, l := range languages {
		for _, prefix := range slices.Concat(l.subjectForwards, l.subjectAnswers) {
			assert.Equal(t, "order 7", chat.NormalizeSubject(prefix+": Order 7"), prefix)
		}
	}
}
