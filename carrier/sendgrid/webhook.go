package sendgrid

import (
	"crypto/ecdsa"
	"errors"
	"net/http"
	"regexp"
	"strings"

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

// timestamp is the form of the time that is signed. With any other, bytes could be moved
// between it and the body, because the signature is over the one after the other.
var timestamp = regexp.MustCompile(`^[0-9]{1,20}$`)

// verify checks that one of the keys has signed the body
// (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features).
// Old posts are believed too: SendGrid repeats one for a day, and reading one twice
// changes nothing.
func (w *Webhook) verify(header http.Header, body []byte) error {
	signatures := header.Values(eventwebhook.VerificationHTTPHeader)

	times := header.Values(eventwebhook.TimestampHTTPHeader)
	if len(signatures) == 1 && len(times) == 1 && timestamp.MatchString(times[0]) {
		for _, key := range w.keys {
			if genuine, err := eventwebhook.VerifySignature(key, body, signatures[0], times[0]); err == nil && genuine {
				return nil
			}
		}
	}

	return chat.Errorf(
		chat.CodeInvalidSignature,
		"this request is not signed by SendGrid with a known key; check that signing is on and which public keys "+
			"are configured",
	)
}
