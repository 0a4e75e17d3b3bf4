package chat

// Consent is a member's word on being written to over one channel.
type Consent string

// The values of consent.
const (
	ConsentUnknown Consent = "unknown"
	ConsentGranted Consent = "granted"
	ConsentRevoked Consent = "revoked"
)

// Consents are a member's consents by channel. It is unknown on the channels that are missing.
type Consents map[Channel]Consent

// On returns the consent on a channel.
func (c Consents) On(channel Channel) Consent {
	if consent, ok := c[channel]; ok {
		return consent
	}

	return ConsentUnknown
}

// validate checks consents that are to be stored.
func (c Consents) validate() error {
	for _, channel := range Channels() {
		consent, given := c[channel]
		spec := channel.Spec()

		switch {
		case !given:
		case !spec.TakesConsent():
			return Invalid("consent."+string(channel), "cannot be given: nobody is written to over this channel")
		case consent != ConsentUnknown && consent != ConsentGranted && consent != ConsentRevoked:
			return Invalid("consent."+string(channel), "must be unknown, granted or revoked")
		}
	}

	return nil
}

// TakesConsent reports whether the channel writes to an address of a person, whose consent
// counts then.
func (s *ChannelSpec) TakesConsent() bool { return s.CanSend() && s.Address != AddressNone }
