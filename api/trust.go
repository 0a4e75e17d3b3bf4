package api

import (
	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// trustJSON is what shows that a message that came in is by whom it names.
type trustJSON struct {
	Level       trustLevel  `json:"level" doc:"verified: something shows that it is from its author. phone_number: only the phone network says so. unverified: nothing does; such a mail answers no question, gives no consent and is no manager's."`
	Reason      trustReason `json:"reason" doc:"What shows it, or why nothing does."`
	Explanation string      `json:"explanation"`
}

// Words of chat whose values the OpenAPI document takes from chat's own lists.
type (
	trustLevel  chat.TrustLevel
	trustReason chat.Trust
)

// Schema lists all levels.
func (trustLevel) Schema(huma.Registry) *huma.Schema { return enumOf(chat.TrustLevels()) }

// Schema lists all reasons.
func (trustReason) Schema(huma.Registry) *huma.Schema { return enumOf(chat.Trusts()) }

// presentTrust is nil for what was not judged.
func presentTrust(trust chat.Trust) *trustJSON {
	if trust == "" {
		return nil
	}

	return &trustJSON{
		Level:       trustLevel(trust.Level()),
		Reason:      trustReason(trust),
		Explanation: trust.Explanation(),
	}
}
