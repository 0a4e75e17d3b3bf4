package chat

import "slices"

// AttentionPossibleOptOut is why a chat needs a response whose member may have asked not to be
// written to.
const AttentionPossibleOptOut = "possible_opt_out"

// OptOutDecision is what a person decides about a member on a channel: whether it has asked not
// to be written to.
type OptOutDecision struct {
	MemberID MemberID
	Channel  Channel
	// OptedOut is the decision.
	OptedOut bool
	// Reason is in the person's words, "" for none.
	Reason string
	By     Actor
}

// Validate checks what can be told without looking anything up: invalid_request.
func (d *OptOutDecision) Validate() error {
	if !slices.Contains(AddressedChannels(), d.Channel) {
		return Invalid("channel", "must be one of %s", joinAll(AddressedChannels()))
	}

	return nil
}

// OptOutDecided is what a decision about an opt-out has changed.
type OptOutDecided struct {
	Member Member
	// Deliveries is how many deliveries it has ended, or let go on.
	Deliveries int
	// Workflows follow them.
	Workflows []string
}
