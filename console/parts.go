package console

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"handrail/client"
)

// The tones in which pages show states, from what is well to what has gone wrong.
const (
	toneGood  = "good"
	toneWait  = "wait"
	toneWarn  = "warn"
	toneBad   = "bad"
	tonePlain = "plain"
)

// statusTones are the tones of statuses of all kinds. What is not named is plain.
var statusTones = map[string]string{
	"accepted":       toneGood,
	"active":         toneGood,
	"answered":       toneGood,
	"approved":       toneGood,
	"confirmed_sent": toneGood,
	"delivered":      toneGood,
	"finished":       toneGood,
	"read":           toneGood,
	"ready":          toneGood,
	"sent":           toneGood,
	"succeeded":      toneGood,
	"taken":          toneGood,

	"pending": toneWait,
	"running": toneWait,
	"sending": toneWait,
	"waiting": toneWait,
	"open":    toneWait,
	"asked":   toneWait,

	"blocked":     toneWarn,
	"parked":      toneWarn,
	"paused":      toneWarn,
	"unconfirmed": toneWarn,
	"possible":    toneWarn,
	"orphaned":    toneWarn,

	"bounced":      toneBad,
	"confirmed":    toneBad,
	"expired":      toneBad,
	"failed":       toneBad,
	"needs_review": toneBad,
	"refused":      toneBad,
	"rejected":     toneBad,
	"suppressed":   toneBad,
	"undelivered":  toneBad,
	"unknown":      toneBad,
}

// toneOf returns the tone of a status.
func toneOf(status string) string {
	if tone, known := statusTones[status]; known {
		return tone
	}

	return tonePlain
}

// nameStatus returns a status as words.
func nameStatus(status string) string { return strings.ReplaceAll(status, "_", " ") }

// asSentence returns a text that begins with a capital letter and ends with a full stop.
func asSentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}

	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.ContainsAny(text[len(text)-1:], ".!?") {
		text += "."
	}

	return text
}

// onceField is the name of the field that identifies one use of a form. It becomes the Idempotency-Key of the call,
// so that a button which is pressed twice acts once.
const onceField = "once"

// newOnce returns the identity of one use of a form.
func newOnce() string { return uuid.NewString() }

// once returns the Idempotency-Key of the form; nil if the form has none.
func (v *viewer) once() *string { return client.IfGiven(v.PostFormValue(onceField)) }

// onceFor returns the Idempotency-Key of a step before the last one of a form; nil if the form has none.
func (v *viewer) onceFor(step string) *string {
	once := v.once()
	if once == nil {
		return nil
	}

	return new(*once + "-" + step)
}
