package twilio

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/twilio/twilio-go/client"

	"handrail/carrier"
	"handrail/chat"
)

// SignatureHeader holds Twilio's signature
// (https://www.twilio.com/docs/usage/webhooks/webhooks-security).
const SignatureHeader = "X-Twilio-Signature"

// Webhook reads what Twilio posts to us, once it is sure that it was Twilio. It is safe
// for concurrent use.
type Webhook struct {
	origin     string
	validators []client.RequestValidator
}

// NewWebhook makes a Webhook for posts to publicURL, our origin as Twilio was told it.
// The tokens are the account's primary auth tokens, more than one while they are changed;
// an empty one, which anybody could sign with, is refused.
func NewWebhook(publicURL string, tokens []string) (*Webhook, error) {
	if err := checkURL("public URL", publicURL); err != nil {
		return nil, err
	}

	if len(tokens) == 0 {
		return nil, errors.New("twilio: webhooks need an auth token")
	}

	w := &Webhook{origin: strings.TrimSuffix(publicURL, "/")}

	for _, token := range tokens {
		if token = strings.TrimSpace(token); token == "" {
			return nil, errors.New("twilio: an auth token for webhooks is empty")
		}

		w.validators = append(w.validators, client.NewRequestValidator(token))
	}

	return w, nil
}

// Status reads a status callback. The target is the path and query as they came; the
// claim that they name is the one of [Client.Submit]. The errors are invalid_signature,
// before anything is read, and invalid_request.
func (w *Webhook) Status(target string, header http.Header, body []byte) (chat.Report, error) {
	form, err := w.verified(target, header, body)
	if err != nil {
		return chat.Report{}, err
	}

	id, status := form.Get("MessageSid"), form.Get("MessageStatus")
	if !sid.MatchString(id) {
		return chat.Report{}, chat.Invalid("MessageSid", "must be the id of a message")
	}

	if status == "" {
		return chat.Report{}, chat.Invalid("MessageStatus", "must be given")
	}

	report := chat.Report{
		Provider:          chat.ProviderTwilio,
		Key:               "twilio:status:" + digestOf(id, status, form.Get("ErrorCode")),
		ProviderMessageID: id,
		Type:              carrier.Word(status),
		Accepts:           true,
		DeliveryStatus:    statusOf(status),
		Raw:               body,
	}

	if code, err := strconv.Atoi(form.Get("ErrorCode")); err == nil {
		explainCode(&report, code)
	}

	report.DeliveryID, report.Fence = claimOf(target)

	return report, nil
}

// verified is the form that Twilio has signed.
func (w *Webhook) verified(target string, header http.Header, body []byte) (url.Values, error) {
	signatures := header.Values(SignatureHeader)
	// A fragment is not part of what is signed, and no server ever sees one.
	genuine := len(signatures) == 1 && strings.HasPrefix(target, "/") && !strings.Contains(target, "#") &&
		slices.ContainsFunc(w.validators, func(v client.RequestValidator) bool {
			return v.ValidateBody(w.origin+target, body, signatures[0])
		})
	if !genuine {
		return nil, w.unsignedError(target)
	}

	contentType, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || contentType != "application/x-www-form-urlencoded" {
		return nil, chat.Invalid("header.Content-Type", "must be application/x-www-form-urlencoded")
	}

	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, chat.Invalid("body", "must be a form")
	}

	for _, values := range form {
		// The validator looks at the first value only.
		if len(values) > 1 {
			return nil, w.unsignedError(target)
		}
	}

	return form, checkFields(form)
}

// unsignedError refuses a call. Its cause, which is for logs, is the address that was checked: a public URL that is
// not the one at Twilio is the usual reason. The query is left out, since a stranger may have written it.
func (w *Webhook) unsignedError(target string) error {
	path, _, _ := strings.Cut(target, "?")

	return chat.Errorf(
		chat.CodeInvalidSignature,
		"this request is not signed by Twilio with a known auth token for this address; check the public URL and "+
			"the tokens",
	).Because(fmt.Errorf("the signature was checked for %s", w.origin+path))
}

var deliveryID = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// claimOf is the delivery and fence that a status callback's address names.
func claimOf(target string) (chat.DeliveryID, int64) {
	_, rawQuery, _ := strings.Cut(target, "?")

	query, err := url.ParseQuery(rawQuery)
	if err != nil || !deliveryID.MatchString(query.Get("d")) {
		return "", 0
	}

	fence, err := strconv.ParseInt(query.Get("a"), 10, 64)
	if err != nil {
		fence = 0
	}

	return chat.DeliveryID(query.Get("d")), max(0, fence)
}

// digestOf is one key for all of the parts, in this order.
func digestOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}
