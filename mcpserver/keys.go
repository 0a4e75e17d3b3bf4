package mcpserver

import (
	"regexp"

	"handrail/client"
)

// keyMeta is where a client may give a call's Idempotency-Key beside its arguments. Handrail itself gives it there when
// it calls a tool of an MCP server.
const keyMeta = "handrail.dev/idempotency-key"

// keyPattern is what an Idempotency-Key may be.
var keyPattern = regexp.MustCompile(`^[!-~]{8,255}$`)

// keyed are the arguments of a tool that begins something.
type keyed struct {
	IdempotencyKey string `json:"idempotency_key,omitempty" minLength:"8" maxLength:"255" pattern:"^[!-~]+$" jsonschema:"Names this call. Give a new random text, such as a UUID, for each thing you want done, and the same one when you repeat the call: it is then done once. When left out, the answer has the one that was made for it."`
}

// keyedArguments are arguments with an Idempotency-Key.
type keyedArguments interface {
	chooseKey(meta map[string]any)
	key() string
}

// chooseKey keeps the key of the arguments, or else takes that of the request, or else makes one. A progress token and
// the id of a request are none: clients use them again for other calls.
func (k *keyed) chooseKey(meta map[string]any) {
	if k.IdempotencyKey != "" {
		return
	}

	if given, ok := meta[keyMeta].(string); ok && keyPattern.MatchString(given) {
		k.IdempotencyKey = given
		return
	}

	k.IdempotencyKey = client.NewIdempotencyKey()
}

func (k *keyed) key() string { return k.IdempotencyKey }

// keyedError is the error of a call that may be repeated with its key.
type keyedError struct {
	error
	key string
}

// Unwrap returns what went wrong.
func (e *keyedError) Unwrap() error { return e.error }

// keepKey returns an error that has the key of the call.
func keepKey(err error, arguments any) error {
	if k, ok := arguments.(keyedArguments); ok {
		return &keyedError{error: err, key: k.key()}
	}

	return err
}
