// Package codec owns the encryption of what Temporal keeps: every payload of a workflow,
// activity or update is sealed with AES-256-GCM under a key of ours before it leaves the
// process, so that histories hold no text.
package codec

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

const (
	encoding    = "binary/encrypted"
	metadataKey = "encryption-key-id"
)

// Codec seals and opens payloads. The first key seals, all of them open, so that keys
// can be rotated while old histories stay readable.
type Codec struct {
	// sealID is the id of the key that seals, "" if there is none.
	sealID  string
	ids     []string
	keys    map[string]cipher.AEAD
	missing missingKeys
	// takesUnsealed reports that payloads which are not sealed are read all the same.
	takesUnsealed bool
}

var _ converter.PayloadCodecWithSerializationContext = (*Codec)(nil)

// Plain returns a codec without keys. It seals nothing. What somebody else has sealed it cannot
// open, and says so as a codec that lacks the key does.
func Plain() *Codec { return &Codec{} }

// KeyIDs lists the ids of the keys, the one that seals first.
func (c *Codec) KeyIDs() []string { return slices.Clone(c.ids) }

// Parse reads keys as "id:base64 of 32 bytes", comma-separated. It never repeats key
// material in an error.
func Parse(list string) (*Codec, error) {
	c := &Codec{keys: make(map[string]cipher.AEAD)}

	for i, entry := range strings.Split(list, ",") {
		id, encoded, ok := strings.Cut(strings.TrimSpace(entry), ":")
		if !ok || id == "" {
			return nil, fmt.Errorf("key %d must be id:base64", i+1)
		}

		if _, twice := c.keys[id]; twice {
			return nil, fmt.Errorf("key id %q is given twice", id)
		}

		key, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(key) != 32 {
			return nil, fmt.Errorf("key %q must be 32 bytes in base64", id)
		}

		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("use key %q: %w", id, err)
		}

		// A fresh random nonce per payload: safe for 2^32 payloads under one key
		// (NIST SP 800-38D 8.3), then rotate.
		if c.keys[id], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, fmt.Errorf("use key %q: %w", id, err)
		}

		if i == 0 {
			c.sealID = id
		}

		c.ids = append(c.ids, id)
	}

	return c, nil
}

// TakeUnsealed has Decode read payloads that are not sealed, as they are from the time before there were
// keys. Without it whoever can write to Temporal could put a payload of their own there.
func (c *Codec) TakeUnsealed() { c.takesUnsealed = true }

// Encode seals payloads with the first key, for no workflow.
func (c *Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return c.encodeFor("", payloads)
}

// Decode opens payloads that Encode sealed with any of the keys.
func (c *Codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return c.decodeFor("", payloads)
}

// encodeFor seals payloads for one place: only there they can be opened.
func (c *Codec) encodeFor(place string, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	if c.sealID == "" {
		return payloads, nil
	}

	sealed := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		plain, err := proto.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("marshal payload: %w", err)
		}

		sealed[i] = &commonpb.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding), metadataKey: []byte(c.sealID)},
			Data:     c.keys[c.sealID].Seal(nil, nil, plain, joinAssociatedData(c.sealID, place)), //nolint:gosec // a GCM with random nonces takes none
		}
	}

	return sealed, nil
}

// joinAssociatedData returns what is authenticated with a payload, so that neither can be swapped: the id of the key,
// and the place of the payload.
func joinAssociatedData(keyID, place string) []byte {
	if place == "" {
		return []byte(keyID)
	}

	return []byte(keyID + "\x00" + place)
}

// decodeFor opens payloads that were sealed for one place.
func (c *Codec) decodeFor(place string, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	opened := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		if string(p.GetMetadata()[converter.MetadataEncoding]) != encoding {
			if c.sealID != "" && !c.takesUnsealed {
				return nil, fmt.Errorf(
					"%w: it is not sealed; HANDRAIL_ENCRYPTION_OPTIONAL=true takes such payloads",
					ErrSealed,
				)
			}

			opened[i] = p

			continue
		}

		id := string(p.GetMetadata()[metadataKey])

		key, ok := c.keys[id]
		if !ok {
			c.missing.add(id)

			return nil, fmt.Errorf("%w: it is sealed with key %q, which is not configured", ErrSealed, id)
		}

		plain, err := key.Open(nil, nil, p.GetData(), joinAssociatedData(id, place))
		if err != nil {
			return nil, fmt.Errorf(
				"%w: it was changed, or belongs to another workflow, or the key of the id %q is another one",
				ErrSealed,
				id,
			)
		}

		opened[i] = &commonpb.Payload{}
		if err := proto.Unmarshal(plain, opened[i]); err != nil {
			return nil, fmt.Errorf("unmarshal payload: %w", err)
		}
	}

	return opened, nil
}

// Seal encrypts bytes with the first key, for what is kept outside Temporal. It opens for the same place
// only, which may be "". What it returns names the key: its id, a NUL, and the sealed bytes.
func (c *Codec) Seal(place string, plain []byte) ([]byte, error) {
	if c.sealID == "" {
		return nil, errors.New("there is no key to seal with")
	}

	sealed := append([]byte(c.sealID), 0)

	return c.keys[c.sealID].Seal(sealed, nil, plain, joinAssociatedData(c.sealID, place)), nil //nolint:gosec // a GCM with random nonces takes none
}

// Open decrypts what Seal has made for the place, with whichever key it names.
func (c *Codec) Open(place string, sealed []byte) ([]byte, error) {
	id, data, ok := strings.Cut(string(sealed), "\x00")

	key, known := c.keys[id]
	if ok && !known {
		c.missing.add(id)
	}

	if !ok || !known {
		return nil, errors.New("it is sealed with a key that is not configured")
	}

	plain, err := key.Open(nil, nil, []byte(data), joinAssociatedData(id, place))
	if err != nil {
		return nil, errors.New("it cannot be opened: it was changed or moved, or the key of this id is another one")
	}

	return plain, nil
}

// Reseal seals with the first key, and for the place, what another key has sealed, or what was sealed for
// no place. It reports false, and returns nothing, if that is so already.
func (c *Codec) Reseal(place string, sealed []byte) (fresh []byte, changed bool, err error) {
	id, _, _ := strings.Cut(string(sealed), "\x00")

	plain, err := c.Open(place, sealed)
	if err == nil && id == c.sealID {
		return nil, false, nil
	}

	if err != nil {
		if plain, err = c.Open("", sealed); err != nil {
			return nil, false, err
		}
	}

	fresh, err = c.Seal(place, plain)

	return fresh, true, err
}
