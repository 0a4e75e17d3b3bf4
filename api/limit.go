package api

import (
	"fmt"
	"math"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/time/rate"

	"handrail/chat"
)

// RateLimit is how many requests one key and its sessions may make: Burst at once, PerSecond over time.
type RateLimit struct {
	PerSecond float64
	Burst     int
}

// The limits that hold when none are given. Failed authentications are counted per
// remote address.
var (
	defaultKeyLimit     = RateLimit{PerSecond: 50, Burst: 100}
	defaultFailureLimit = RateLimit{PerSecond: 5, Burst: 200}

	defaultWorkspaceLimit = RateLimit{PerSecond: 200, Burst: 400}
	defaultAddressLimit   = RateLimit{PerSecond: 500, Burst: 1000}
)

// maxBuckets is when a limiter looks for buckets that are full again and can be dropped.
const maxBuckets = 10_000

// limiter has one token bucket for each key, in this process's memory.
type limiter[K comparable] struct {
	limit   RateLimit
	mutex   sync.Mutex
	buckets map[K]*rate.Limiter
}

func newLimiter[K comparable](limit, otherwise RateLimit) *limiter[K] {
	if limit.PerSecond <= 0 || limit.Burst <= 0 {
		limit = otherwise
	}

	return &limiter[K]{limit: limit, buckets: map[K]*rate.Limiter{}}
}

func (l *limiter[K]) bucket(key K) *rate.Limiter {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	if len(l.buckets) >= maxBuckets {
		for other, bucket := range l.buckets {
			if bucket.Tokens() >= float64(l.limit.Burst) {
				delete(l.buckets, other)
			}
		}
	}

	bucket, ok := l.buckets[key]
	if !ok {
		bucket = rate.NewLimiter(rate.Limit(l.limit.PerSecond), l.limit.Burst)
		l.buckets[key] = bucket
	}

	return bucket
}

// spend takes a token, and returns how long to wait when there is none.
func (l *limiter[K]) spend(key K) time.Duration {
	bucket := l.bucket(key)
	if bucket.Allow() {
		return 0
	}

	return l.seconds(1 - bucket.Tokens())
}

func (l *limiter[K]) seconds(tokens float64) time.Duration {
	return time.Duration(max(1, math.Ceil(tokens/l.limit.PerSecond))) * time.Second
}

// withinRate holds a key and its sessions to their rate, and says in the headers how much is left
// (draft-ietf-httpapi-ratelimit-headers).
func (s *service) withinRate(ctx huma.Context, c *requestInfo) error {
	l := s.keys
	quota := c.principal.Quota()

	wait := l.spend(quota)
	left := max(0, l.bucket(quota).Tokens())
	full := l.seconds(float64(l.limit.Burst) - left)
	window := l.seconds(float64(l.limit.Burst))

	ctx.SetHeader("RateLimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, l.limit.Burst, int(window.Seconds())))
	ctx.SetHeader("RateLimit", fmt.Sprintf(`"default";r=%d;t=%d`, int(left), int(full.Seconds())))

	if wait > 0 {
		return tooMany(ctx, wait, "this key has made too many requests, with its sessions")
	}

	return nil
}

// withinAddressRate holds an address to its rate, before anything is looked up for it.
func (s *service) withinAddressRate(ctx huma.Context, _ *requestInfo) error {
	if wait := s.addresses.spend(remoteHost(ctx)); wait > 0 {
		return tooMany(ctx, wait, "too many requests come from this address")
	}

	return nil
}

// withinWorkspaceRate holds all keys of a workspace together to its rate: a workspace with many
// keys takes no more from the others.
func (s *service) withinWorkspaceRate(ctx huma.Context, c *requestInfo) error {
	if wait := s.workspaces.spend(c.principal.WorkspaceID); wait > 0 {
		return tooMany(ctx, wait, "the keys of this workspace have together made too many requests")
	}

	return nil
}

func tooMany(ctx huma.Context, wait time.Duration, why string) error {
	seconds := int(wait.Seconds())
	ctx.SetHeader("Retry-After", strconv.Itoa(seconds))

	e := chat.Errorf(chat.CodeRateLimited, "%s; try again in %d s", why, seconds)
	e.Retryable = true

	return e
}

// remoteHost is the address of the connection. Headers that name another one can be
// written by anybody.
func remoteHost(ctx huma.Context) string {
	host, _, err := net.SplitHostPort(ctx.RemoteAddr())
	if err != nil {
		return ctx.RemoteAddr()
	}

	return host
}
