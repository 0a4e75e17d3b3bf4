package twilio

import (
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"handrail/chat"
)

// Twilio signs a form's names and values run together, in the order of the names
// (https://www.twilio.com/docs/usage/webhooks/webhooks-security). So one signature holds for every
// form that runs together to the same text, and a text message may be written so that a part of it
// looks like other fields. Which form it was is told by the formats: here each field that is read
// has one that cannot hold another field, and no other field may hold one that is read.

// fieldForm is the format of a field: its value must match one of the patterns, within its length.
type fieldForm []boundedPattern

// boundedPattern bounds a value's length by itself: a repetition up to 100 of all letters would take a hundred
// copies of them.
type boundedPattern struct {
	pattern *regexp.Regexp
	longest int
}

// newForm is a format of one pattern. The length is in characters.
func newForm(pattern string, longest int) fieldForm {
	return fieldForm{{
		pattern: regexp.MustCompile(`^(?:` + pattern + `)$`),
		longest: longest,
	}}
}

func (f fieldForm) matches(value string) bool {
	length := utf8.RuneCountInString(value)

	return slices.ContainsFunc(f, func(p boundedPattern) bool {
		return length <= p.longest && p.pattern.MatchString(value)
	})
}

var (
	// addressForm is an address on another channel, which has a scheme, a number, a short code, or the
	// name of a sender.
	addressForm = slices.Concat(
		newForm(`[A-Za-z]{2,20}:[\pL\pN+_.@-]*`, 120),
		newForm(`\+[0-9]{1,19}|[\pL\pN][\pL\pN _.,&'*/-]*`, 20),
	)
	sidForm = newForm(`[A-Z]{2}[0-9a-fA-F]{32}`, 34)
	// serviceForm is empty where no service is used.
	serviceForm = newForm(`(?:[A-Z]{2}[0-9a-fA-F]{32})?`, 34)
	// accountForm may be shorter, as it is where Twilio is played. It cannot hold "Body".
	accountForm = newForm(`AC[0-9a-fA-F]+`, 34)
	placeForm   = newForm(`[\pL\pN .,'’()/&-]*`, 60)
	numberForm  = newForm(`[0-9]+`, 6)
	wordForm    = newForm(`[A-Za-z_ -]+`, 40)
)

// knownFields are the fields that are read, and those whose names begin as theirs do
// (https://www.twilio.com/docs/messaging/guides/webhook-request,
// https://www.twilio.com/docs/messaging/guides/track-outbound-message-status).
var knownFields = map[string]fieldForm{
	"AccountSid":          accountForm,
	"ApiVersion":          newForm(`[0-9]{4}-[0-9]{2}-[0-9]{2}`, 10),
	"ErrorCode":           newForm(`[0-9]*`, 6),
	"From":                addressForm,
	"FromCity":            placeForm,
	"FromCountry":         placeForm,
	"FromState":           placeForm,
	"FromZip":             placeForm,
	"MessageSid":          sidForm,
	"MessageStatus":       wordForm,
	"MessagingServiceSid": serviceForm,
	"NumMedia":            numberForm,
	"NumSegments":         numberForm,
	"OptOutType":          newForm(`[A-Za-z]*`, 20),
	"SmsMessageSid":       sidForm,
	"SmsSid":              sidForm,
	"SmsStatus":           wordForm,
	"To":                  addressForm,
	"ToCity":              placeForm,
	"ToCountry":           placeForm,
	"ToState":             placeForm,
	"ToZip":               placeForm,
}

var (
	// mediaField are the fields of files, of which there are ten at most.
	mediaField = regexp.MustCompile(`^Media(?:Url|ContentType)[0-9]{1,2}$`)
	// mediaValue is a URL or a media type, which have no blanks.
	mediaValue = regexp.MustCompile(`^[!-~]{0,1000}$`)
	// fieldName is the form of every name of Twilio's.
	fieldName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]{0,63}$`)
	// readField is the name of a field that is read, where a value may follow it. "To" begins many
	// words, so what it is followed by must look like a number or a scheme.
	readField = regexp.MustCompile(`(?:From|(?:Message|Account|Sms|SmsMessage|MessagingService)Sid|` +
		`MessageStatus|SmsStatus|NumMedia|OptOutType|ErrorCode|Media(?:Url|ContentType)[0-9])[\pL\pN+]|` +
		`To(?:\+|[0-9]|[a-z]{2,20}:)`)
)

// bodyField is the one field that may hold anything, also what looks like other fields.
const bodyField = "Body"

// checkFields refuses a form whose fields do not have Twilio's formats, and so may be another form
// than the one that was signed. The error names the field and never shows what is in it.
func checkFields(form url.Values) error {
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if !fieldName.MatchString(name) {
			return chat.Invalid("body", "must have fields of Twilio's only")
		}

		if name == bodyField {
			continue
		}

		value := form.Get(name)

		if !hasForm(name, value) {
			return chat.Invalid(name, "must have the format that Twilio gives it")
		}

		if longer := findLongerField(form, name, value); longer != "" {
			return chat.Invalid(name, "must not be the beginning of %s", longer)
		}

		if holdsField(name, value) {
			return chat.Invalid(name, "must not hold what looks like another field")
		}
	}

	return nil
}

func hasForm(name, value string) bool {
	if form, ok := knownFields[name]; ok {
		return form.matches(value)
	}

	switch {
	case mediaField.MatchString(name):
		return mediaValue.MatchString(value)
	// It comes before Body, which would be a part of it otherwise.
	case name == "AddOns":
		return json.Valid([]byte(value))
	}

	return true
}

// findLongerField returns the field that the name and the beginning of the value are the name of,
// and that the form does not have: From with the value "CityROME" may have been FromCity.
func findLongerField(form url.Values, name, value string) string {
	for _, longer := range slices.Sorted(maps.Keys(knownFields)) {
		rest, ok := strings.CutPrefix(longer, name)
		if ok && rest != "" && strings.HasPrefix(value, rest) && !form.Has(longer) {
			return longer
		}
	}

	return ""
}

// holdsField reports whether a field that is read may begin within this one. A known name holds
// others, which begin nothing: SmsMessageSid.
func holdsField(name, value string) bool {
	_, known := knownFields[name]
	if known || mediaField.MatchString(name) {
		return readField.MatchString(value)
	}

	return readField.MatchString(name + value)
}
