package chat

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of external ids and metadata, in characters and keys.
const (
	MaxExternalID    = 255
	MaxMetadata      = 50
	MaxMetadataKey   = 40
	MaxMetadataValue = 500
)

// Metadata is data of other systems about a member or a chat. Handrail only stores it.
type Metadata map[string]string

// MetadataPatch changes metadata: a key with a value is set, one with nil is removed, others stay.
type MetadataPatch map[string]*string

// Apply returns a copy of the metadata with the changes of a patch.
func (m Metadata) Apply(p MetadataPatch) Metadata {
	changed := Metadata{}
	maps.Copy(changed, m)

	for key, value := range p {
		if value == nil {
			delete(changed, key)
			continue
		}

		changed[key] = *value
	}

	return changed
}

// Validate returns CodeInvalidRequest, naming the key, for metadata beyond its limits.
func (m Metadata) Validate() error {
	if len(m) > MaxMetadata {
		return Invalid("metadata", "must have at most %d keys, it has %d", MaxMetadata, len(m))
	}

	for _, key := range slices.Sorted(maps.Keys(m)) {
		if key == "" || !fitsLine(key, MaxMetadataKey) {
			return Invalid(
				"metadata."+shortenText(key, MaxMetadataKey),
				"must be a key of 1 to %d characters on one line",
				MaxMetadataKey,
			)
		}

		if utf8.RuneCountInString(m[key]) > MaxMetadataValue {
			return Invalid("metadata."+key, "must have at most %d characters", MaxMetadataValue)
		}
	}

	return nil
}

// shortenText returns the first characters of a longer text, followed by "…".
func shortenText(text string, limit int) string {
	if characters := []rune(text); len(characters) > limit {
		return string(characters[:limit]) + "…"
	}

	return text
}

// CheckExternalID returns CodeInvalidRequest, naming the field, for an invalid external id. "" is none, and valid.
func CheckExternalID(field, id string) error {
	invisible := func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }

	if utf8.RuneCountInString(id) > MaxExternalID || strings.ContainsFunc(id, invisible) {
		return Invalid(field, "must be 1 to %d visible characters, without spaces", MaxExternalID)
	}

	return nil
}
