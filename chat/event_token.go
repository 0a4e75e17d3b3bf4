package chat

import (
	"crypto/rand"
	"strings"
	"time"
)

const (
	// EventTokenPrefix begins every token for a stream.
	EventTokenPrefix = "hrt_"
	// EventTokenLife is how long a token for a stream may be used.
	EventTokenLife = time.Minute
)

// EventToken lets its bearer open one stream of events, with the rights that its key has then. It is for browsers,
// whose EventSource cannot send a key.
type EventToken struct {
	WorkspaceID WorkspaceID
	KeyID       KeyID
	ExpiresAt   time.Time
}

// NewEventToken returns a token that stands for a principal's key, and the token's secret.
func NewEventToken(p *Principal, now time.Time) (EventToken, string) {
	token := EventToken{
		WorkspaceID: p.WorkspaceID,
		KeyID:       p.KeyID,
		ExpiresAt:   now.Add(EventTokenLife),
	}

	return token, EventTokenPrefix + strings.ToLower(rand.Text()+rand.Text())
}

// IsEventToken reports whether a text has the form of a token's secret.
func IsEventToken(secret string) bool {
	return strings.HasPrefix(secret, EventTokenPrefix) && len(secret) == len(EventTokenPrefix)+2*len(rand.Text())
}
