package mcpserver

import (
	"regexp"

	"handrail/client"
)

// keyMeta is the name of a request's metadata in which a client may give the Idempotency-Key of a call. Handrail itself
// gives it there when it calls a tool of an MCP server.
const keyMeta = "handrail.dev/idempotency-key"

// keyPattern matches valid Idempotency-Keys.
var keyPattern = regexp.MustCompile(`^[!-~]{8,255}$`)

// keyed has the arguments that all tools have that begin an action.
type keyed struct {
	IdempotencyKey string `json:"idempotency_key,omitempty" minLength:"8" maxLength:"255" pattern:"^[!-~]+$" jsonschema:"Names this call. Give a new random text, such as a UUID, for each thing you want done, and the same one when you repeat the call: it is then done once. When left out, the answer has the one that was made for it."`
}

// keyedArguments are arguments with an Idempotency-Key.
type keyedArguments interface {
	chooseKey(meta map[string]any)
	key() string
}

// chooseKey keeps the key of the arguments, or else uses that of the request's metadata, or else makes one. It does not
// use a progress token or the id of a request, because clients use these again for other calls.
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

// keyedError is the error of a call that can be repeated with its key.
type keyedError struct {
	error
	key string
}

// Unwrap returns what went wrong.
func (e *keyedError) Unwrap() error { return e.error }

// addKey returns the error with the key of the call, if the call has one.
func addKey(err error, arguments any) error {
	if k, ok := arguments.(keyedArguments); ok {
		return &keyedError{error: err, key: k.key()}
	}

	return err
}
