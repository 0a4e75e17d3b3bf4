package budget_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"handrail/budget"
)

// TestAKeyIsHeldToItsRate, whatever others do.
func TestAKeyIsHeldToItsRate(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		const second = time.Second

		buckets := budget.NewBuckets[string](budget.Rate{PerSecond: 0.1, Burst: 2})
		assert.Equal(t, 20*second, buckets.Rate().Window())

		assert.Equal(t, budget.Balance{Left: 1, FullIn: 10 * second}, buckets.Spend("a"))
		assert.Equal(t, budget.Balance{Left: 0, FullIn: 20 * second}, buckets.Spend("a"))
		assert.Equal(t, budget.Balance{Wait: 10 * second, FullIn: 20 * second}, buckets.Spend("a"))
		assert.Equal(t, budget.Balance{Left: 1, FullIn: 10 * second}, buckets.Spend("b"), "another key has its own")

		time.Sleep(4 * second) // by the clock of the test

		assert.Equal(t, 6*second, buckets.Spend("a").Wait, "what is refused takes nothing")

		time.Sleep(6 * second)

		assert.Zero(t, buckets.Spend("a").Wait)
		assert.Equal(t, 10*second, buckets.Spend("a").Wait)

		time.Sleep(time.Hour)

		assert.Equal(t, budget.Balance{Left: 1, FullIn: 10 * second}, buckets.Spend("a"), "no more than the burst")
	})
}

// TestManyKeysAreNotRememberedForEver: the one that was not used for longest is forgotten, and those in use are not.
func TestManyKeysAreNotRememberedForEver(t *testing.T) {
	t.Parallel()

	buckets := budget.NewBuckets[int](budget.Rate{PerSecond: 0.001, Burst: 1})

	const busy, idle = -1, -2

	assert.Zero(t, buckets.Spend(idle).Wait)
	assert.Zero(t, buckets.Spend(busy).Wait)

	for key := range 3 * budget.MaxBuckets {
		assert.Zero(t, buckets.Spend(key).Wait)

		if key%100 == 0 {
			assert.NotZero(t, buckets.Spend(busy).Wait, "it is still known")
		}
	}

	assert.LessOrEqual(t, budget.CountKeys(buckets), budget.MaxBuckets)
	assert.NotZero(t, buckets.Spend(3*budget.MaxBuckets-1).Wait, "the newest is known")
	assert.Zero(t, buckets.Spend(idle).Wait, "the oldest is forgotten")
}

// TestAStrangerIsCountedByTheirNetwork, and not by each of the addresses that they have.
func TestAStrangerIsCountedByTheirNetwork(t *testing.T) {
	t.Parallel()

	for address, network := range map[string]string{
		"192.0.2.7:1234":            "192.0.2.7",
		"192.0.2.7":                 "192.0.2.7",
		"[::ffff:192.0.2.7]:80":     "192.0.2.7",
		"[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::1":      "2001:db8:1:2::/64",
		"[2001:db8:1:3::1]:80":      "2001:db8:1:3::/64",
		"[fe80::1%eth0]:80":         "fe80::/64",
		"[::1]:80":                  "::/64",
		"pipe":                      "pipe",
		"":                          "",
	} {
		assert.Equal(t, network, budget.NetworkOf(address), address)
	}
}
