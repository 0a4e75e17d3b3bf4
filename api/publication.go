package api

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// publication is what a service makes of its routes. It is never changed.
type publication struct {
	// document is the whole one, concise what is left of it without its explanations.
	document []byte
	concise  []byte
	// bodies are the validators of the bodies, by operation id.
	bodies map[string]*jsonschema.Schema
}

// publications are those that this process has made, by the SHA-256 of huma's document. A server makes one. Tests make
// hundreds of services with the same routes, and most of their time would be spent here.
var publications sync.Map

// publish returns the publication of a service whose routes are all registered.
func (s *service) publish() (*publication, error) {
	written, err := json.Marshal(s.api.OpenAPI())
	if err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}

	key := sha256.Sum256(written)
	if made, ok := publications.Load(key); ok {
		return made.(*publication), nil //nolint:forcetypeassert // nothing else is stored
	}

	made, err := newPublication(written, s.bodyTypes)
	if err != nil {
		return nil, err
	}

	publications.Store(key, made)

	return made, nil
}

// newPublication makes a publication of huma's document, as JSON. bodyTypes are the references of the bodies'
// schemas by operation id.
func newPublication(written []byte, bodyTypes map[string]string) (*publication, error) {
	document, checked, err := publishDocument(written)
	if err != nil {
		return nil, err
	}

	concise, err := shortenDocument(document)
	if err != nil {
		return nil, err
	}

	bodies, err := compileBodies(checked, bodyTypes)
	if err != nil {
		return nil, err
	}

	return &publication{document: document, concise: concise, bodies: bodies}, nil
}
