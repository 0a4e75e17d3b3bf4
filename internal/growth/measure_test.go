package growth_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handrail/internal/growth"
)

// The test is not parallel: what others cost would count.
func TestMeasure(t *testing.T) {
	var kept []byte

	c := growth.Measure(func() { kept = make([]byte, 10<<20) })

	assert.Len(t, kept, 10<<20)
	assert.GreaterOrEqual(t, c.Bytes, uint64(10<<20))
	assert.Less(t, c.Bytes, uint64(20<<20))

	c = growth.Measure(func() {
		for begun := time.Now(); time.Since(begun) < 50*time.Millisecond; {
			kept[0]++
		}
	})
	assert.Positive(t, c.CPU)
}

func TestLimits(t *testing.T) {
	t.Parallel()

	assert.False(t, growth.Usual.Exceeded(growth.Cost{CPU: time.Second, Bytes: 1 << 20}, 100))
	assert.True(t, growth.Usual.Exceeded(growth.Cost{CPU: 3 * time.Second}, 100))
	assert.True(t, growth.Usual.Exceeded(growth.Cost{Bytes: 1 << 30}, 100))
	assert.False(t, growth.Usual.Exceeded(growth.Cost{CPU: 3 * time.Second, Bytes: 1 << 30}, 1<<20))
}
