package console

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	"handrail/client"
)

// The fields of an address that has a search: as it was typed, or sealed.
const (
	searchField = "q"
	sealedField = "search"
)

// isPersonal reports whether a text may be a phone number or an email address, which stand in no address.
func isPersonal(text string) bool { return strings.Contains(text, "@") || mayBePhone(text) }

// newSearchQuery returns the query of an address that repeats a search, so that one can come back to what was found. A
// phone number or an email address is sealed in it.
func newSearchQuery(v *viewer, text string) url.Values {
	switch {
	case text == "":
		return url.Values{}
	case isPersonal(text):
		return url.Values{sealedField: {v.session.seal(text)}}
	}

	return url.Values{searchField: {text}}
}

// searchText returns what the address of a page searches for.
func searchText(v *viewer) string {
	if sealed := v.URL.Query().Get(sealedField); sealed != "" {
		return v.session.unseal(sealed)
	}

	return strings.TrimSpace(v.URL.Query().Get(searchField))
}

// searchPosted registers a search form, which leads to the address that repeats the search. keep are the names of the
// other fields of the form that stand in the address.
func (h *Handler) searchPosted(page string, keep ...string) {
	h.mux.HandleFunc("POST "+Root+"/w/{workspace}"+page, func(w http.ResponseWriter, r *http.Request) {
		v, ok := h.viewForm(w, r)
		if !ok {
			return
		}

		query := newSearchQuery(v, strings.TrimSpace(v.PostFormValue(searchField)))

		for _, field := range keep {
			if value := v.PostFormValue(field); value != "" {
				query.Set(field, value)
			}
		}

		http.Redirect(w, r, string(v.pathWith(page, query)), http.StatusSeeOther)
	})
}

// newCipher returns the cipher of what only this session can read.
func (s session) newCipher() (cipher.AEAD, error) {
	mac := hmac.New(sha256.New, []byte(s.key))
	_, _ = mac.Write([]byte("handrail console search")) // a hash takes everything

	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return nil, err
	}

	return cipher.NewGCMWithRandomNonce(block)
}

// seal returns a text that may stand in an address, from which only this session learns what was sealed.
func (s session) seal(text string) string {
	sealing, err := s.newCipher()
	if err != nil {
		return ""
	}

	sealed := sealing.Seal(nil, nil, []byte(text), nil) //nolint:gosec // the cipher makes a random nonce of its own

	return base64.RawURLEncoding.EncodeToString(sealed)
}

// unseal returns what was sealed; "" if it was not sealed in this session.
func (s session) unseal(sealed string) string {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return ""
	}

	sealing, err := s.newCipher()
	if err != nil {
		return ""
	}

	text, err := sealing.Open(nil, nil, raw, nil)
	if err != nil {
		return ""
	}

	return string(text)
}

// fewestDigits is how many digits a phone number has at least.
const fewestDigits = 5

// betweenDigits is what people write between the digits of a phone number.
const betweenDigits = "-./() \u00a0"

// mayBePhone reports whether a text may be a phone number: it has digits, and what people write between them.
func mayBePhone(text string) bool {
	digits := 0

	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			digits++
		case r != '+' && !strings.ContainsRune(betweenDigits, r):
			return false
		}
	}

	return digits >= fewestDigits
}

// formatPhone returns a phone number as the API takes it: with a plus, and without what people write between digits.
func formatPhone(text string) string {
	digits := strings.Map(func(r rune) rune {
		if r == '+' || strings.ContainsRune(betweenDigits, r) {
			return -1
		}

		return r
	}, text)

	if digits == "" {
		return ""
	}

	return "+" + digits
}

// listPhones returns the phone numbers that a text may mean: those that it is in the countries of the workspace's own
// numbers, if it does not name its country, and then the one that it is with a plus.
func listPhones(v *viewer, text string) ([]string, error) {
	whole := formatPhone(text)
	if whole == "" || strings.Contains(text, "+") {
		return []string{whole}, nil
	}

	senders, _, err := listPhoneNumbers(v)
	if err != nil {
		return nil, err
	}

	var phones []string

	for i := range senders {
		if phone := formatNational(text, senders[i].Number); phone != "" && !slices.Contains(phones, phone) {
			phones = append(phones, phone)
		}
	}

	if !slices.Contains(phones, whole) {
		phones = append(phones, whole)
	}

	return phones, nil
}

// formatNational returns the number that a text is in the country of another number; "" if it is none there.
func formatNational(text, other string) string {
	known, err := phonenumbers.Parse(other, "")
	if err != nil {
		return ""
	}

	parsed, err := phonenumbers.Parse(text, phonenumbers.GetRegionCodeForNumber(known))
	if err != nil || !phonenumbers.IsValidNumber(parsed) {
		return ""
	}

	return phonenumbers.Format(parsed, phonenumbers.E164)
}

// searchMembers returns a page of the members whose field has a text. A phone number may be written as people write
// it. Errors: those of the API, such as a number that cannot be.
func searchMembers(v *viewer, by, text string, cursor *client.Cursor) (*client.MemberList, error) {
	texts := []string{text}

	if by == byPhone && text != "" {
		var err error
		if texts, err = listPhones(v, text); err != nil {
			return nil, err
		}
	}

	var found *client.MemberList

	for i, candidate := range texts {
		params := newMemberSearch(by, candidate)
		params.Cursor = cursor

		answer, err := v.ListMembersWithResponse(v.ctx(), v.ws(), params)
		if err != nil && (found == nil || i == 0 || !isInvalid(err)) {
			return nil, err
		}

		if err == nil {
			found = answer.JSON200
		}

		if found != nil && len(found.Items) > 0 {
			break
		}
	}

	return found, nil
}

// isInvalid reports whether the API says that a field cannot have what was asked for.
func isInvalid(err error) bool {
	refused := refusalOf(err)

	return refused != nil && refused.status == http.StatusBadRequest
}
