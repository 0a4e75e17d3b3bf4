package chat

import (
	"maps"
	"slices"
)

// MemberMerge asks for one member to be made a part of another: what is From's becomes Into's, and
// From is no member any more.
type MemberMerge struct {
	From MemberID
	Into MemberID
	// Reason is "" if none was given.
	Reason string
	// MayWidenKeys reports that who asks may make keys. It is needed when Into has any that work:
	// they reach From's chats from then on.
	MayWidenKeys bool
}

// MergeMembers is the member that into becomes: conflict when the two cannot be one. Its name, its
// role and its tools stay as they are, so that nobody gets more rights. It gets the addresses that
// it does not have, the external id likewise, and the metadata under keys that it does not have. Of what both have said
// about being written to the stricter holds.
func MergeMembers(from, into Member) (Member, error) {
	switch {
	case from.Kind != into.Kind:
		return Member{}, Errorf(CodeConflict, "a person and an assistant cannot be one member")
	case from.Phone != "" && into.Phone != "" && from.Phone != into.Phone:
		return Member{}, refuseMerge("phone numbers", "phone")
	case from.Email != "" && into.Email != "" && FoldAddress(from.Email) != FoldAddress(into.Email):
		return Member{}, refuseMerge("email addresses", "email")
	case from.ExternalID != "" && into.ExternalID != "" && from.ExternalID != into.ExternalID:
		return Member{}, refuseMerge("external ids", "external_id")
	}

	merged := into
	merged.Metadata = from.Metadata.Apply(nil)
	maps.Copy(merged.Metadata, into.Metadata)

	if len(merged.Metadata) > MaxMetadata {
		return Member{}, Errorf(
			CodeConflict,
			"the two have more than %d keys of metadata together: remove some first",
			MaxMetadata,
		)
	}

	merged.NotificationsEnabled = from.NotificationsEnabled && into.NotificationsEnabled
	merged.Consents = Consents{}

	for _, channel := range Channels() {
		if spec := channel.Spec(); spec.TakesConsent() {
			merged.Consents[channel] = StricterConsent(from.Consents.On(channel), into.Consents.On(channel))
		}
	}

	if merged.Phone == "" {
		merged.Phone = from.Phone
	}

	if merged.Email == "" {
		merged.Email = from.Email
	}

	if merged.ExternalID == "" {
		merged.ExternalID = from.ExternalID
	}

	return merged, nil
}

// refuseMerge says that a member has one address of a kind, and that a person must choose.
func refuseMerge(what, field string) error {
	return Errorf(
		CodeConflict,
		"the two have different %s, and a member has one: take away the one that no longer holds, with %s empty",
		what,
		field,
	)
}

// StricterConsent is the one of two consents that allows less: a refusal before a consent, and
// anything that was said before nothing.
func StricterConsent(a, b Consent) Consent {
	for _, consent := range []Consent{ConsentRevoked, ConsentGranted} {
		if a == consent || b == consent {
			return consent
		}
	}

	return ConsentUnknown
}

// StrongerRole is the one of two roles in a chat that comes first in [ParticipantRoles]: a member
// who has both keeps the place that the chat cannot be without.
func StrongerRole(a, b ParticipantRole) ParticipantRole {
	all := ParticipantRoles()
	if slices.Index(all, a) <= slices.Index(all, b) {
		return a
	}

	return b
}
