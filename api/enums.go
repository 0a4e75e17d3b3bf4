package api

import (
	"reflect"

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

// Types of chat whose values the document takes from chat's own lists too. huma asks these types instead, so that
// the fields keep theirs.
type (
	scopeWord      chat.Scope
	codeWord       chat.Code
	submissionWord chat.SubmissionState
	carrierWord    chat.DeliveryStatus
)

// Schema lists all scopes.
func (scopeWord) Schema(huma.Registry) *huma.Schema { return enumOf(chat.Scopes()) }

// Schema lists all codes.
func (codeWord) Schema(huma.Registry) *huma.Schema { return enumOf(chat.Codes()) }

// Schema lists how it may stand with what a provider is to be given.
func (submissionWord) Schema(huma.Registry) *huma.Schema { return enumOf(chat.SubmissionStates()) }

// Schema lists what a provider may say of a message.
func (carrierWord) Schema(huma.Registry) *huma.Schema { return enumOf(chat.DeliveryStatuses()) }

// aliasWords makes huma ask the types above.
func aliasWords(registry huma.Registry) {
	registry.RegisterTypeAlias(reflect.TypeFor[chat.Scope](), reflect.TypeFor[scopeWord]())
	registry.RegisterTypeAlias(reflect.TypeFor[chat.Code](), reflect.TypeFor[codeWord]())
	registry.RegisterTypeAlias(reflect.TypeFor[chat.SubmissionState](), reflect.TypeFor[submissionWord]())
	registry.RegisterTypeAlias(reflect.TypeFor[chat.DeliveryStatus](), reflect.TypeFor[carrierWord]())
}

// listWords returns words as JSON has them.
func listWords[T ~string](values []T) []any {
	words := make([]any, len(values))
	for i, value := range values {
		words[i] = string(value)
	}

	return words
}

// enumOf makes a schema of its own each time, since a field adds its tags to it.
func enumOf[T ~string](values []T) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: listWords(values)}
}
