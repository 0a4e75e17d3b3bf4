package api

import (
	"fmt"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/budget"
	"handrail/chat"
)

// RateLimit is how many requests one key and its sessions may make: Burst at once, PerSecond over time.
type RateLimit = budget.Rate

// The limits that hold when none are given. Failed authentications are counted per
// remote address.
var (
	defaultKeyLimit     = RateLimit{PerSecond: 50, Burst: 100}
	defaultFailureLimit = RateLimit{PerSecond: 5, Burst: 200}

	defaultWorkspaceLimit = RateLimit{PerSecond: 200, Burst: 400}
	defaultAddressLimit   = RateLimit{PerSecond: 500, Burst: 1000}
)

// newBuckets returns the buckets of a limit; otherwise is the limit that holds when none is given.
func newBuckets[K comparable](limit, otherwise RateLimit) *budget.Buckets[K] {
	if limit.PerSecond <= 0 || limit.Burst <= 0 {
		limit = otherwise
	}

	return budget.NewBuckets[K](limit)
}

// withinRate holds a key and its sessions to their rate, and says in the headers how much is left
// (draft-ietf-httpapi-ratelimit-headers).
func (s *service) withinRate(ctx huma.Context, c *requestInfo) error {
	limit := s.keys.Rate()
	balance := s.keys.Spend(c.principal.Quota())

	ctx.SetHeader(
		"RateLimit-Policy",
		fmt.Sprintf(`"default";q=%d;w=%d`, limit.Burst, int(limit.Window().Seconds())),
	)
	ctx.SetHeader(
		"RateLimit",
		fmt.Sprintf(`"default";r=%d;t=%d`, balance.Left, int(balance.FullIn.Seconds())),
	)

	if balance.Wait > 0 {
		return tooMany(ctx, balance.Wait, "this key has made too many requests, with its sessions")
	}

	return nil
}

// withinAddressRate holds an address to its rate, before anything is looked up for it.
func (s *service) withinAddressRate(ctx huma.Context, _ *requestInfo) error {
	if wait := s.addresses.Spend(remoteNetwork(ctx)).Wait; wait > 0 {
		return tooMany(ctx, wait, "too many requests come from this address")
	}

	return nil
}

// withinWorkspaceRate holds all keys of a workspace together to its rate: a workspace with many
// keys takes no more from the others.
func (s *service) withinWorkspaceRate(ctx huma.Context, c *requestInfo) error {
	if wait := s.workspaces.Spend(c.principal.WorkspaceID).Wait; wait > 0 {
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

// remoteNetwork is by what the address of the connection is counted. Headers that name another one can be written by
// anybody.
func remoteNetwork(ctx huma.Context) string { return budget.NetworkOf(ctx.RemoteAddr()) }
