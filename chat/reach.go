package chat

import "slices"

// Reach is how a contributor can be asked.
type Reach struct {
	Member Member
	// Channel, Provider, Sender, From and To are empty when the contributor cannot be
	// reached; Why then says what is missing.
	Channel  Channel
	Provider Provider
	Sender   string
	From, To string
	Why      string
}

// ReachFacts is all that decides how a chat's contributors are reached.
type ReachFacts struct {
	// Senders ask the contributors: the chat's own, else the workspace's oldest.
	Senders Senders
	// Suppressed has at least the suppressions of these senders for the members asked about.
	Suppressed []Suppression
}

// Reach says how a member is asked: over the first channel against which nothing speaks.
func (f *ReachFacts) Reach(m *Member) Reach {
	reach := Reach{Member: *m}
	if !m.NotificationsEnabled {
		reach.Why = "notifications are disabled"
		return reach
	}

	for _, spec := range channelTable {
		if !spec.AsksContributors {
			continue
		}

		if why := f.whyNot(m, spec); why != "" {
			reach.Why = joinReasons(reach.Why, "by "+spec.Name+": "+why)
			continue
		}

		sender, _ := f.Senders.find(spec.Sender)

		return Reach{
			Member:   *m,
			Channel:  spec.Channel,
			Provider: spec.Provider,
			Sender:   sender.Scope,
			From:     sender.From,
			To:       m.Address(spec.Address),
		}
	}

	return reach
}

// whyNot says what speaks against asking the member over the channel, "" for nothing.
func (f *ReachFacts) whyNot(m *Member, spec ChannelSpec) string {
	address := m.Address(spec.Address)
	sender, ok := f.Senders.find(spec.Sender)

	switch {
	case address == "":
		return "there is no " + spec.Address.name()
	case !ok:
		return "the workspace has no " + spec.Sender.name() + " to send from"
	case m.Consents.On(spec.Channel) == ConsentRevoked, f.isSuppressed(spec.Channel, sender.From, address):
		return "the member has opted out"
	}

	return ""
}

func (f *ReachFacts) isSuppressed(channel Channel, from, address string) bool {
	return slices.ContainsFunc(f.Suppressed, func(s Suppression) bool {
		return s.Channel == channel && (s.SenderAddress == "" || s.SenderAddress == FoldAddress(from)) &&
			s.Address == FoldAddress(address)
	})
}

func joinReasons(reasons, reason string) string {
	if reasons == "" {
		return reason
	}

	return reasons + "; " + reason
}
