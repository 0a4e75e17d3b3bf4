package budget

import (
	"math"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is how often something may be done: Burst times at once, PerSecond over time.
type Rate struct {
	PerSecond float64
	Burst     int
}

// MaxBuckets is how many keys a [Buckets] remembers at most, and half of it how many it remembers at least. A key that
// was not used for longer than so many others has a full bucket, most likely, and is forgotten.
const MaxBuckets = 10_000

// Buckets holds each key to a rate, by a bucket of tokens in memory. It is for several at once.
type Buckets[K comparable] struct {
	rate  Rate
	mutex sync.Mutex
	// recent are those that were used last, older those that were used before them. When there are too many recent
	// ones, they become the older ones, and these are forgotten: nobody has to look through all of them.
	recent, older map[K]*rate.Limiter
}

// NewBuckets returns full buckets.
func NewBuckets[K comparable](r Rate) *Buckets[K] {
	return &Buckets[K]{
		rate:   r,
		recent: map[K]*rate.Limiter{},
	}
}

// Rate returns the rate of each key.
func (b *Buckets[K]) Rate() Rate { return b.rate }

// Balance is what a key has left. Times are in whole seconds, rounded up.
type Balance struct {
	// Wait is how long to wait until there is a token again; 0: one was taken.
	Wait time.Duration
	// Left is how many whole tokens are left.
	Left int
	// FullIn is when the bucket will be full again.
	FullIn time.Duration
}

// Spend takes a token of a key, if there is one.
func (b *Buckets[K]) Spend(key K) Balance {
	now := time.Now()
	bucket := b.find(key)
	isTaken := bucket.AllowN(now, 1)
	left := max(0, bucket.TokensAt(now))

	balance := Balance{
		Left:   int(left),
		FullIn: b.rate.timeFor(float64(b.rate.Burst) - left),
	}

	if !isTaken {
		balance.Wait = b.rate.timeFor(1 - left)
	}

	return balance
}

// find returns the bucket of a key: a full one for a key that is not known.
func (b *Buckets[K]) find(key K) *rate.Limiter {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	if found, ok := b.recent[key]; ok {
		return found
	}

	found, ok := b.older[key]
	if !ok {
		found = rate.NewLimiter(rate.Limit(b.rate.PerSecond), b.rate.Burst)
	}

	if len(b.recent) >= MaxBuckets/2 {
		b.older = b.recent
		b.recent = map[K]*rate.Limiter{}
	}

	b.recent[key] = found

	return found
}

// Window returns how long an empty bucket takes to be full.
func (r Rate) Window() time.Duration { return r.timeFor(float64(r.Burst)) }

// timeFor returns how long so many tokens take to come, one second at least.
func (r Rate) timeFor(tokens float64) time.Duration {
	return time.Duration(max(1, math.Ceil(tokens/r.PerSecond))) * time.Second
}

// NetworkOf returns by what a stranger's address is counted: an IPv4 address by itself, an IPv6 address by its /64,
// since whoever has one of these has all. The address may have a port. What is no address is returned as it is.
func NetworkOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}

	parsed, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}

	parsed = parsed.Unmap().WithZone("")
	if parsed.Is4() {
		return parsed.String()
	}

	const ofOneStranger = 64

	return netip.PrefixFrom(parsed, ofOneStranger).Masked().String()
}
