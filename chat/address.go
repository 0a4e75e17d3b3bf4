package chat

import (
	"net/mail"
	"regexp"
	"strings"
	"unicode/utf8"
)

// AddressKind is what a person is reached at over a channel.
type AddressKind string

// The kinds of addresses: none, a phone number in E.164, an email address.
const (
	AddressNone  AddressKind = ""
	AddressPhone AddressKind = "phone"
	AddressEmail AddressKind = "email"
)

// valid reports whether an address has the form of its kind.
func (k AddressKind) valid(address string) bool {
	switch k {
	case AddressPhone:
		return IsE164(address)
	case AddressEmail:
		return IsEmailAddress(address)
	case AddressNone:
	}

	return false
}

// name is the address within a sentence: "the recipient has no phone number".
func (k AddressKind) name() string {
	switch k {
	case AddressPhone:
		return "phone number"
	case AddressEmail:
		return "email address"
	case AddressNone:
	}

	return "address"
}

// example describes a right address within a sentence.
func (k AddressKind) example() string {
	switch k {
	case AddressPhone:
		return "an E.164 number like +14155550123"
	case AddressEmail:
		return "an address like ana@example.com"
	case AddressNone:
	}

	return "empty"
}

// missing says that somebody has no address of the kind: no_phone or no_email.
func (k AddressKind) missing() error {
	switch k {
	case AddressPhone:
		return Errorf(CodeNoPhone, "the recipient has no phone number")
	case AddressEmail:
		return Errorf(CodeNoEmail, "the recipient has no email address")
	case AddressNone:
	}

	return nil
}

// FoldAddress is the form in which addresses are compared, of an address in its one form
// (package canonical). Stored beside the address, never made by a database: what SQLite and
// PostgreSQL call lower case are two things.
func FoldAddress(address string) string { return strings.ToLower(address) }

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// IsE164 reports whether s has the form of an international number (ITU-T E.164). Whether
// the number can exist, and is in its one form, is for package canonical to say.
func IsE164(s string) bool { return e164.MatchString(s) }

// The first part of an address: an atom with dots wherever they are, or a quoted string
// (RFC 5322 3.4.1). Dots at the end and two in a row are in addresses that Japanese carriers
// have given out for years, though RFC 5322 allows them in quotes only.
var (
	dottedLocal = regexp.MustCompile(`^[^\s\p{C}\p{Z}"(),:;<>@\[\]\\]+$`)
	quotedLocal = regexp.MustCompile(`^"(?:[^"\\\p{C}]|\\[^\p{C}])+"$`)
)

// IsEmailAddress reports whether s is a bare address: no display name, no comment, no quotes
// that it does not need, at most 254 octets (RFC 5321 4.5.3.1.3).
func IsEmailAddress(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || len(s) > 254 || !utf8.ValidString(s) {
		return false
	}

	local, domain := s[:at], s[at+1:]
	if !dottedLocal.MatchString(local) {
		if !quotedLocal.MatchString(local) || dottedLocal.MatchString(local[1:len(local)-1]) {
			return false
		}
	}

	a, err := mail.ParseAddress("a@" + domain)

	return err == nil && a.Name == "" && a.Address == "a@"+domain
}
