// Package canonical owns the form of an address: a person who is reached at one address has it
// in one form, however it was typed. The API and the store both ask it, so that nothing enters
// by another way.
package canonical

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"

	"handrail/chat"
)

// Address is the one form of an address that somebody has typed into a field of a request: "" of
// "", an error of invalid_request naming the field if it cannot exist. The errors speak of what
// would be right.
func Address(field string, kind chat.AddressKind, address string) (string, error) {
	if address == "" {
		return "", nil
	}

	switch kind {
	case chat.AddressPhone:
		if number, ok := formatPhone(address); ok {
			return number, nil
		}

		return "", chat.Invalid(
			field,
			"must be a number that exists, in the form +14155550123 (E.164): "+
				"plus, country code and number, digits only",
		)

	case chat.AddressEmail:
		if mail, ok := formatEmail(address); ok {
			return mail, nil
		}

		return "", chat.Invalid(field, "must be an address like ana@example.com")

	case chat.AddressNone:
	}

	return "", chat.Invalid(field, "must be empty")
}

// Of is the one form of an address that came from outside. What is no address, as the name or
// the short code that a text message may come from, stays as it is.
func Of(kind chat.AddressKind, address string) string {
	if form, err := Address("address", kind, address); err == nil {
		return form
	}

	return address
}

// Member puts the addresses of a member into their one form: invalid_request naming the field.
func Member(m *chat.Member) error {
	var err error

	if m.Phone, err = Address("phone", chat.AddressPhone, m.Phone); err != nil {
		return err
	}

	m.Email, err = Address("email", chat.AddressEmail, m.Email)

	return err
}

// MessageTo puts the address that a message goes to into its one form, as [Member] does.
func MessageTo(to *chat.MessageTo) error {
	var err error

	if to.Phone, err = Address("to.phone", chat.AddressPhone, to.Phone); err != nil {
		return err
	}

	to.Email, err = Address("to.email", chat.AddressEmail, to.Email)

	return err
}

// Patch puts the addresses that a patch changes into their one form, as [Member] does.
func Patch(p *chat.MemberPatch) error {
	for _, given := range []struct {
		field   string
		kind    chat.AddressKind
		address **string
	}{
		{"phone", chat.AddressPhone, &p.Phone},
		{"email", chat.AddressEmail, &p.Email},
	} {
		if *given.address == nil {
			continue
		}

		form, err := Address(given.field, given.kind, **given.address)
		if err != nil {
			return err
		}

		// A pointer of its own: the caller's text stays as it is.
		*given.address = &form
	}

	return nil
}

// formatPhone returns a number in E.164 as the library formats it, without the zero or the one that is
// dialed within its country; ok is false for a number that cannot exist. A typo found here costs
// a second, one found by the provider a failed delivery, so a number must be valid and not only
// possible, which is a question of length alone. The fictitious numbers of demonstrations,
// 555-0100 to 555-0199, are valid to the library.
func formatPhone(number string) (form string, ok bool) {
	// The library would read letters as digits, and drop an extension or a mark between them.
	if !chat.IsE164(number) {
		return "", false
	}

	parsed, err := phonenumbers.Parse(number, "")
	if err != nil || !phonenumbers.IsValidNumber(parsed) {
		return "", false
	}

	return phonenumbers.Format(parsed, phonenumbers.E164), true
}

// domains maps a domain to what is asked of the DNS: lower case, composed, in ASCII
// (UTS 46, RFC 5891 5). Underscores and hyphens in odd places are left to whoever owns it.
var domains = idna.New(
	idna.MapForLookup(),
	idna.Transitional(false),
	idna.StrictDomainName(false),
	idna.CheckHyphens(false),
	idna.VerifyDNSLength(true),
)

// formatEmail returns an address with its domain in ASCII and lower case; ok is false for what is no
// address. What stands before the at sign is its host's to read (RFC 5321 2.4), so it is kept
// as it is written, and only compared without case.
func formatEmail(address string) (form string, ok bool) {
	if !chat.IsEmailAddress(address) {
		return "", false
	}

	at := strings.LastIndexByte(address, '@')

	domain := strings.ToLower(address[at+1:])
	if !strings.HasPrefix(domain, "[") { // an address literal, RFC 5321 4.1.3
		ascii, err := domains.ToASCII(domain)
		if err != nil {
			return "", false
		}

		domain = ascii
	}

	form = address[:at+1] + domain

	return form, chat.IsEmailAddress(form)
}
