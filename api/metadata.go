package api

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

const aboutMetadata = "`metadata` is merged: a key with a value is set, a key with null is removed, others stay."

// metadataJSON is data of other systems that is stored with a member or a chat.
type metadataJSON map[string]string

// Schema is called by huma. The rules of the keys are checked by chat.
func (metadataJSON) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type:                 huma.TypeObject,
		Description:          "What your own systems keep here: at most 50 keys of 1 to 40 characters, texts of at most 500.",
		AdditionalProperties: &huma.Schema{Type: huma.TypeString},
		Examples:             []any{map[string]string{"plan": "gold"}},
	}
}

func presentMetadata(m chat.Metadata) metadataJSON { return metadataJSON(m.Apply(nil)) }

// metadataPatchJSON changes metadata.
type metadataPatchJSON map[string]*string

// Schema is called by huma.
func (metadataPatchJSON) Schema(r huma.Registry) *huma.Schema {
	schema := metadataJSON{}.Schema(r)
	schema.Description += " Those that are left out stay, null removes one."
	schema.AdditionalProperties = &huma.Schema{Type: huma.TypeString, Nullable: true}

	return schema
}

// clearableJSON is a text of a request that null or the empty text removes.
type clearableJSON struct {
	Text  string
	IsSet bool
}

// newClearable returns a text that was given.
func newClearable(text string) clearableJSON { return clearableJSON{Text: text, IsSet: true} }

// Schema is called by huma.
func (clearableJSON) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Nullable: true}
}

// UnmarshalJSON reads a text or null.
func (c *clearableJSON) UnmarshalJSON(data []byte) error {
	c.IsSet = true
	c.Text = ""

	return json.Unmarshal(data, &c.Text)
}

// MarshalJSON writes the text.
func (c clearableJSON) MarshalJSON() ([]byte, error) { return json.Marshal(c.Text) }

// pointer returns the text, nil if it was not given.
func (c clearableJSON) pointer() *string {
	if !c.IsSet {
		return nil
	}

	return &c.Text
}
