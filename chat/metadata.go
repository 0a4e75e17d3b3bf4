package chat

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what other systems keep with a member or a chat.
const (
	MaxExternalID    = 255
	MaxMetadata      = 50
	MaxMetadataKey   = 40
	MaxMetadataValue = 500
)

// Metadata is what other systems keep with a member or a chat. Handrail only stores it.
type Metadata map[string]string

// MetadataPatch changes metadata: a key with a value is set, one with nil is removed, others stay.
type MetadataPatch map[string]*string

// Apply returns the metadata with the changes of a patch. Neither of the two is changed.
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

// Validate checks metadata to be stored: CodeInvalidRequest naming the key.
func (m Metadata) Validate() error {
	if len(m) > MaxMetadata {
		return Invalid("metadata", "must have at most %d keys, it has %d", MaxMetadata, len(m))
	}

	for _, key := range slices.Sorted(maps.Keys(m)) {
		if key == "" || !fitsLine(key, MaxMetadataKey) {
			return Invalid(
				"metadata."+firstCharacters(key, MaxMetadataKey),
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

// firstCharacters cuts a text that is too long to be repeated.
func firstCharacters(text string, limit int) string {
	if characters := []rune(text); len(characters) > limit {
		return string(characters[:limit]) + "…"
	}

	return text
}

// CheckExternalID checks another system's id of a member or a chat, "" for none: CodeInvalidRequest naming the field.
func CheckExternalID(field, id string) error {
	invisible := func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }

	if utf8.RuneCountInString(id) > MaxExternalID || strings.ContainsFunc(id, invisible) {
		return Invalid(field, "must be 1 to %d visible characters, without spaces", MaxExternalID)
	}

	return nil
}
