package chat

import (
	"slices"
	"strings"
)

// Trust is what shows that a message that came in is by whom it names; "" for what was not
// judged, like a message that a member posted with a key.
type Trust string

// What may show it, and why it may not be shown.
const (
	// TrustToken: it was sent to the reply address of a mail that only its author was sent.
	TrustToken Trust = "reply_token"
	// TrustDKIM: the domain of its From has signed it.
	TrustDKIM Trust = "dkim"
	// TrustSPF: it came from a server that the domain of its From allows to send.
	TrustSPF Trust = "spf"
	// TrustCode: it carried the code of the question that it answers.
	TrustCode Trust = "confirmation_code"
	// TrustNumber: the phone network names the number, and nothing else speaks for it.
	TrustNumber Trust = "phone_number"
	// TrustNone: nothing speaks for the domain of its From.
	TrustNone Trust = "not_authenticated"
	// TrustNamed: a form, a group or a header names its author, for whom nothing speaks.
	TrustNamed Trust = "named_by_another"
	// TrustDoubtful: what should speak for it contradicts itself.
	TrustDoubtful Trust = "contradictory"
)

// Trusts lists them.
func Trusts() []Trust {
	return []Trust{
		TrustToken,
		TrustDKIM,
		TrustSPF,
		TrustCode,
		TrustNumber,
		TrustNone,
		TrustNamed,
		TrustDoubtful,
	}
}

// TrustLevel is how far a message is known to be by whom it names.
type TrustLevel string

// The levels. A number has one of its own: the phone network's word is more than nobody's and
// less than proof.
const (
	LevelVerified   TrustLevel = "verified"
	LevelNumber     TrustLevel = "phone_number"
	LevelUnverified TrustLevel = "unverified"
)

// TrustLevels lists the levels.
func TrustLevels() []TrustLevel { return []TrustLevel{LevelVerified, LevelNumber, LevelUnverified} }

// Level is the level, that of what nothing speaks for when it was not judged.
func (t Trust) Level() TrustLevel {
	switch t {
	case TrustToken, TrustDKIM, TrustSPF, TrustCode:
		return LevelVerified
	case TrustNumber:
		return LevelNumber
	case TrustNone, TrustNamed, TrustDoubtful:
	}

	return LevelUnverified
}

// HasAuthority reports whether the message may answer a question, give a consent that is less
// strict, and be a member's who has a role in the workspace. Nothing of that is needed for a
// message to be kept, nor for it to end what is sent to an address: who is strict needs no proof.
func (t Trust) HasAuthority() bool { return t.Level() != LevelUnverified }

// Explanation says in a sentence what shows it, "" for what was not judged.
func (t Trust) Explanation() string {
	switch t {
	case TrustToken:
		return "Verified: it was sent to the reply address of a mail that only this person was sent."
	case TrustDKIM:
		return "Verified: the sender's domain has signed this mail."
	case TrustSPF:
		return "Verified: this mail came from a server that the sender's domain allows to send."
	case TrustCode:
		return "Verified: it carried the code of the question that it answers."
	case TrustNumber:
		return "The phone network names this number as the sender. Numbers can be forged, so ask with a code where " +
			"it matters."
	case TrustNone:
		return "Not verified: nothing shows that this mail is from the address that it names. Anybody may have " +
			"written it."
	case TrustNamed:
		return "Not verified: a form or a group has sent this mail and names its author. Anybody may have " +
			"filled that in."
	case TrustDoubtful:
		return "Not verified: what the mail says of its sender contradicts itself. Treat it as a stranger's."
	}

	return ""
}

// MailEvidence is what the server that took a mail says of its sender.
type MailEvidence struct {
	// From is the domain of the mail's only From, "" when it has none, or several.
	From string
	// Signed are the domains whose signatures were right.
	Signed []string
	// AllowedBy is the domain of the envelope's sender when SPF has passed for it, "" otherwise:
	// also for a mail with a null sender, for which SPF speaks of the server's name only.
	AllowedBy string
	// Named reports that the author is not the one of From.
	Named bool
	// Doubtful reports that the evidence cannot be read in one way only.
	Doubtful bool
}

// Judge says whether anything shows that the mail is from its From. organisation returns the
// organizational domain of a domain, "" for one that has none.
//
// A signature or a passed SPF counts when its domain and that of From are the same or belong to
// the same organisation, as DMARC has it: RFC 7489 3.1, alignment in relaxed mode. One right
// signature is enough, however many others are wrong (RFC 6376 6.1).
func (e *MailEvidence) Judge(organisation func(domain string) string) Trust {
	aligned := func(domain string) bool { return isAligned(e.From, domain, organisation) }

	switch {
	case e.Named:
		return TrustNamed
	case e.Doubtful:
		return TrustDoubtful
	case slices.ContainsFunc(e.Signed, aligned):
		return TrustDKIM
	case aligned(e.AllowedBy):
		return TrustSPF
	}

	return TrustNone
}

func isAligned(from, domain string, organisation func(string) string) bool {
	if from == "" || domain == "" {
		return false
	}

	if strings.EqualFold(from, domain) {
		return true
	}

	owner := organisation(from)

	return owner != "" && strings.EqualFold(owner, organisation(domain))
}
