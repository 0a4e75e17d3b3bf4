package api

import (
	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// Words of chat whose values the OpenAPI document takes from chat's own lists.
type (
	channelJSON   chat.Channel
	addressedJSON chat.Channel
	providerJSON  chat.Provider
)

// Schema lists all channels.
func (channelJSON) Schema(huma.Registry) *huma.Schema { return enumOf(chat.Channels()) }

// Schema lists the channels that write to an address.
func (addressedJSON) Schema(huma.Registry) *huma.Schema { return enumOf(chat.AddressedChannels()) }

// Schema lists all providers.
func (providerJSON) Schema(huma.Registry) *huma.Schema { return enumOf(chat.Providers()) }

// enumOf makes a schema of its own each time, since a field adds its tags to it.
func enumOf[T ~string](values []T) *huma.Schema {
	schema := &huma.Schema{Type: huma.TypeString}
	for _, value := range values {
		schema.Enum = append(schema.Enum, string(value))
	}

	return schema
}
