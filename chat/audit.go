package chat

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// AuditObject is a kind of object in the audit log. Whether a field is told depends on whose it is.
type AuditObject string

// The objects whose fields the audit log tells of.
const (
	AuditMember          AuditObject = "member"
	AuditKey             AuditObject = "api_key"
	AuditChat            AuditObject = "chat"
	AuditParticipant     AuditObject = "participant"
	AuditLabel           AuditObject = "label"
	AuditInbox           AuditObject = "inbox"
	AuditPhoneNumber     AuditObject = "phone_number"
	AuditSender          AuditObject = "sender"
	AuditTool            AuditObject = "tool"
	AuditDelivery        AuditObject = "delivery"
	AuditSuppression     AuditObject = "suppression"
	AuditSummarySettings AuditObject = "summary_settings"
	AuditBulkRetry       AuditObject = "bulk_retry"
	AuditToolCall        AuditObject = "tool_call"
	AuditInbound         AuditObject = "inbound"
	AuditDefaults        AuditObject = "workspace_defaults"
	AuditWebhook         AuditObject = "webhook_endpoint"
	AuditNotification    AuditObject = "notification_rule"
)

// disclosure is how much the audit log tells of a field.
type disclosure int

const (
	// named: that it has changed. It holds for every field that no table names.
	named disclosure = iota
	// masked: the old and the new value, with all but a few characters hidden.
	masked
	// told: the old and the new value. Addresses in it are masked, and of a URL the host is told.
	told
)

// auditFields are the fields of which the audit log tells more than that they have changed: what somebody
// may do, what may be done to them, and where something goes. Names, texts and secrets are not among them.
var auditFields = map[AuditObject]map[string]disclosure{
	AuditMember: {
		"kind":                  told,
		"role":                  told,
		"tools":                 told,
		"notifications_enabled": told,
		"consent.sms":           told,
		"consent.email":         told,
		"phone":                 masked,
		"email":                 masked,
		"external_id":           masked,
	},
	AuditKey: {
		"kind":       told,
		"member_id":  told,
		"scopes":     told,
		"expires_at": told,
		"revoked":    told,
	},
	AuditChat: {
		"channel":             told,
		"state":               told,
		"member_id":           told,
		"assistant_member_id": told,
		"phone_number_id":     told,
		"inbox_id":            told,
		"needs_response":      told,
		"labels":              told,
		"external_id":         masked,
	},
	AuditParticipant: {
		"role": told,
	},
	AuditLabel: {
		"color": told,
	},
	AuditInbox: {
		"address": masked,
	},
	AuditPhoneNumber: {
		"number":                masked,
		"messaging_service_sid": masked,
	},
	AuditSender: {
		"sender": masked,
	},
	AuditTool: {
		"kind":            told,
		"name":            told,
		"enabled":         told,
		"assistants":      told,
		"risk":            told,
		"idempotent":      told,
		"timeout_seconds": told,
		"secrets":         told,
		"http.method":     told,
		"http.url":        told,
		"mcp.url":         told,
		"mcp.command":     told,

		"reaches_with_a_lower_risk": told,
	},
	AuditDelivery: {
		"submission": told,
		"sender":     told,
		"to":         masked,
	},
	AuditSuppression: {
		"channel": told,
		"reason":  told,
		"sender":  masked,
		"address": masked,
	},
	AuditSummarySettings: {
		"model":            told,
		"language":         told,
		"token_budget":     told,
		"label_threshold":  told,
		"quiet_seconds":    told,
		"every_messages":   told,
		"automatic_labels": told,
	},
	AuditBulkRetry: {
		"state":           told,
		"rate_per_second": told,
	},
	AuditToolCall: {
		"state": told,
	},
	AuditInbound: {
		"status": told,
	},
	AuditWebhook: {
		"url":             told,
		"types":           told,
		"payload":         told,
		"enabled":         told,
		"disabled_reason": told,
	},
	AuditNotification: {
		"types":           told,
		"member_ids":      told,
		"channel":         told,
		"phone_number_id": told,
		"inbox_id":        told,
		"quiet_seconds":   told,
		"enabled":         told,
	},
	AuditDefaults: {
		"assistant_member_id": told,
		"phone_number_id":     told,
		"inbox_id":            told,
		"max_unanswered":      told,
		"max_per_hour":        told,

		"max_segments_per_month": told,
		"when_taken_over":        told,
	},
}

// AuditedChange is what the audit log tells of one field. What was not there before has no old value, and
// what is not there afterwards no new one.
type AuditedChange struct {
	Old any `json:"old,omitempty"`
	New any `json:"new,omitempty"`
	// Changed is all that is told of names, texts and secrets.
	Changed bool `json:"changed,omitempty"`
}

// AuditChanges decides what the audit log tells of changes of an object, by field.
func AuditChanges(object AuditObject, changes []FieldChange) map[string]AuditedChange {
	shown := make(map[string]AuditedChange, len(changes))

	for _, c := range changes {
		switch auditFields[object][c.Field] {
		case told:
			shown[c.Field] = AuditedChange{Old: c.Before, New: c.After}
		case masked:
			shown[c.Field] = AuditedChange{Old: maskValue(c.Before), New: maskValue(c.After)}
		case named:
			shown[c.Field] = AuditedChange{Changed: true}
		}
	}

	return shown
}

// maskValue masks an address that is a field's value. Nothing stays nothing.
func maskValue(value any) any {
	if text, ok := value.(string); ok && text != "" {
		return MaskAddress(text)
	}

	return nil
}

// CompareFields lists the fields in which two states of an object differ, in the order of their names. A
// field that only one of them has, or that is empty in the other, has no value there. Nil is an object that
// is not there.
func CompareFields(before, after map[string]any) []FieldChange {
	fields := slices.Collect(maps.Keys(before))
	fields = slices.AppendSeq(fields, maps.Keys(after))
	slices.Sort(fields)

	var changes []FieldChange

	for _, field := range slices.Compact(fields) {
		was, is := before[field], after[field]
		if (before == nil || after == nil) && isEmpty(was) && isEmpty(is) || sameJSON(was, is) {
			continue
		}

		changes = append(changes, FieldChange{Field: field, Before: was, After: is})
	}

	return changes
}

// isEmpty reports whether a value says nothing of an object that is made or goes.
func isEmpty(value any) bool {
	v := reflect.ValueOf(value)
	if !v.IsValid() || v.IsZero() {
		return true
	}

	return (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.Len() == 0
}

// AuditDetail encodes the detail of an audit entry. In every text of it, whichever field it stands in,
// addresses, keys and what follows the host of a URL are hidden: people write such things into reasons too.
func AuditDetail(detail map[string]any) ([]byte, error) {
	if len(detail) == 0 {
		return []byte(`{}`), nil
	}

	encoded, err := json.Marshal(detail)
	if err != nil {
		return nil, fmt.Errorf("encode the detail of an audit entry: %w", err)
	}

	if !mayHide(encoded) {
		return encoded, nil
	}

	decoder := json.NewDecoder(strings.NewReader(string(encoded)))
	decoder.UseNumber()

	var values any
	if err := decoder.Decode(&values); err != nil {
		return nil, fmt.Errorf("decode the detail of an audit entry: %w", err)
	}

	return json.Marshal(maskTexts(values))
}

// mayHide reports whether there can be something to hide in an encoded detail.
func mayHide(encoded []byte) bool {
	text := string(encoded)

	return strings.ContainsAny(text, "@+\\") || strings.Contains(text, "://") || strings.Contains(text, KeyPrefix) ||
		phoneMention.MatchString(text)
}

// maskTexts masks all strings of a decoded JSON value.
func maskTexts(value any) any {
	switch value := value.(type) {
	case string:
		return MaskText(value)
	case []any:
		for i := range value {
			value[i] = maskTexts(value[i])
		}
	case map[string]any:
		for name := range value {
			value[name] = maskTexts(value[name])
		}
	}

	return value
}

// dots stand for what is hidden. There are always as many: how long it was is hidden too.
const dots = "•••••"

// MaskAddress hides most of a phone number, a mail address or the id of a messaging service: what remains
// tells two of them apart, and reaches nobody.
func MaskAddress(address string) string {
	if at := strings.LastIndex(address, "@"); at >= 0 {
		first, size := utf8.DecodeRuneInString(address[:at])
		if size == 0 || first == '"' || first == '<' {
			return dots + address[at:]
		}

		return string(first) + dots + address[at:]
	}

	characters := []rune(address)
	if len(characters) < leastMasked {
		return dots
	}

	return string(characters[:3]) + dots + string(characters[len(characters)-4:])
}

// leastMasked is how long a number must be for its ends to be shown.
const leastMasked = 10

var (
	urlMention   = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.\-]*://[^\s"<>]+`)
	mailMention  = regexp.MustCompile(`("[^"]*"|[^\s"<>(),;:]+)@[^\s"<>(),;:@]+`)
	keyMention   = regexp.MustCompile(KeyPrefix + `[A-Za-z0-9_\-]{8,}`)
	phoneMention = regexp.MustCompile(`\+?\(?[0-9][0-9 ().\-/]{5,}[0-9]`)
)

// MaskText hides the addresses, the API keys and the paths of URLs in a text.
func MaskText(text string) string {
	text = urlMention.ReplaceAllStringFunc(text, maskURL)
	text = MaskReplyTokens(text)
	text = keyMention.ReplaceAllString(text, KeyPrefix+dots)
	text = mailMention.ReplaceAllStringFunc(text, MaskAddress)

	return maskNumbers(text)
}

// maskURL leaves scheme and host of a URL.
func maskURL(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")

	host, beyond := rest, ""
	if end := strings.IndexAny(rest, `/?#\`); end >= 0 {
		host, beyond = rest[:end], rest[end:]
	}

	if at := strings.LastIndex(host, "@"); at >= 0 {
		host = host[at+1:]
	}

	if beyond != "" && beyond != "/" {
		beyond = "/…"
	}

	return scheme + "://" + host + beyond
}

// maskNumbers hides what may be a phone number: one with a plus, or ten to fifteen digits that are no part
// of an id or a time.
func maskNumbers(text string) string {
	var masked strings.Builder

	end := 0

	for _, found := range phoneMention.FindAllStringIndex(text, -1) {
		number := text[found[0]:found[1]]
		if !isPhone(number) || isPartOfID(text, found) {
			continue
		}

		masked.WriteString(text[end:found[0]])
		masked.WriteString(MaskAddress(digitsOf(number)))

		end = found[1]
	}

	return masked.String() + text[end:]
}

func isPhone(number string) bool {
	digits := len(strings.TrimPrefix(digitsOf(number), "+"))
	return number[0] == '+' || digits >= 10 && digits <= 15
}

// digitsOf is a number without what people write between its digits.
func digitsOf(number string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) || r == '+' {
			return r
		}

		return -1
	}, number)
}

// isPartOfID reports whether letters, or what joins the parts of an id or a time, stand beside a number.
func isPartOfID(text string, found []int) bool {
	if text[found[0]] == '+' {
		return false
	}

	before, _ := utf8.DecodeLastRuneInString(text[:found[0]])
	after, _ := utf8.DecodeRuneInString(text[found[1]:])

	return joinsID(before) || joinsID(after)
}

func joinsID(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == ':' || r == '_')
}
