package sendgrid

import (
	"crypto/ecdsa"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sendgrid/sendgrid-go/helpers/eventwebhook"

	"handrail/chat"
)

// Webhook reads what SendGrid posts to us, once it is sure that it was SendGrid. It is
// safe for concurrent use.
type Webhook struct {
	keys []*ecdsa.PublicKey
}

// NewWebhook makes a Webhook that believes what one of the keys has signed. They are the
// base64 that SendGrid shows for the signed event webhook and for the security policy of
// inbound parse, which may have a key each.
func NewWebhook(publicKeys []string) (*Webhook, error) {
	w := new(Webhook)

	for _, encoded := range publicKeys {
		key, err := readKey(strings.TrimSpace(encoded))
		if err != nil {
			return nil, err
		}

		w.keys = append(w.keys, key)
	}

	if len(w.keys) == 0 {
		return nil, errNoKey
	}

	return w, nil
}

var errNoKey = errors.New("sendgrid: webhooks need the public key of the signed webhook, as SendGrid shows it")

// readKey survives a key of another kind, at which SendGrid's helper panics.
func readKey(encoded string) (key *ecdsa.PublicKey, err error) {
	defer func() {
		if recover() != nil || err != nil || key == nil {
			key, err = nil, errNoKey
		}
	}()

	return eventwebhook.ConvertPublicKeyBase64ToECDSA(encoded)
}

// timestamp is the form of the time that is signed, in seconds. With any other, bytes could be
// moved between it and the body, because the signature is over the one after the other.
var timestamp = regexp.MustCompile(`^[0-9]{10}$`)

const (
	// olderThan is the oldest post that is believed: SendGrid repeats events for a day and mail for
	// three (https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/inbound-email#error-handling),
	// and clocks differ.
	olderThan = 7 * 24 * time.Hour
	// aheadBy is how far ahead of ours SendGrid's clock may be.
	aheadBy = 24 * time.Hour
)

// isTimely reports whether the time is one at which a post may have been signed that comes now.
func isTimely(signedAt string, now time.Time) bool {
	if !timestamp.MatchString(signedAt) {
		return false
	}

	seconds, err := strconv.ParseInt(signedAt, 10, 64)
	age := now.Sub(time.Unix(seconds, 0))

	return err == nil && -aheadBy <= age && age <= olderThan
}

// verify checks that one of the keys has signed the body, within days of now
// (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features).
func (w *Webhook) verify(header http.Header, body []byte) error {
	signatures := header.Values(eventwebhook.VerificationHTTPHeader)

	times := header.Values(eventwebhook.TimestampHTTPHeader)
	if len(signatures) == 1 && len(times) == 1 && isTimely(times[0], time.Now()) {
		for _, key := range w.keys {
			if genuine, err := eventwebhook.VerifySignature(key, body, signatures[0], times[0]); err == nil && genuine {
				return nil
			}
		}
	}

	return chat.Errorf(
		chat.CodeInvalidSignature,
		"this request is not signed by SendGrid with a known key within the last days; check that signing is on, "+
			"which public keys are configured, and the clock of this machine",
	)
}
