package sandbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Twilio's signature is HMAC-SHA1
	"encoding/base64"
	"hash/crc32"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	untilSent      = 1 // times Config.CallbackDelay, after the answer
	untilDelivered = 3 // the same, after it was sent
	untilRetry     = 40
	// untilContradicted is the same, after it was reported as undelivered.
	untilContradicted = 20
	// unreachable is https://www.twilio.com/docs/api/errors/30003.
	unreachable = 30003
)

// messageStages are what is still ahead of a message.
func (s *Sandbox) messageStages(m Message) []stage {
	delivered := move{SID: m.SID, Status: "delivered"}
	undelivered := move{SID: m.SID, Status: "undelivered", ErrorCode: unreachable}

	var stages []stage

	switch {
	case m.Contradicted && m.Status == "undelivered":
		return []stage{s.messageStage(delivered, untilContradicted)}
	case m.Contradicted:
		stages = []stage{
			s.messageStage(undelivered, untilDelivered),
			s.messageStage(delivered, untilContradicted),
		}

	case m.Doomed:
		stages = []stage{s.messageStage(undelivered, untilDelivered)}
	default:
		stages = []stage{s.messageStage(delivered, untilDelivered)}
	}

	if m.Status == "sent" {
		return stages
	}

	sent := move{SID: m.SID, Status: "sent"}
	if m.From == "" {
		sent.From = pooledNumber(m.MessagingServiceSID)
	}

	return append([]stage{s.messageStage(sent, untilSent)}, stages...)
}

func (s *Sandbox) messageStage(next move, delays int) stage {
	var reached Message

	return stage{
		after: time.Duration(delays) * s.config.CallbackDelay,
		reach: func() bool {
			next.At = currentTime()
			if err := s.arrived.record(record{Move: &next}); err != nil {
				s.logger.Error("the sandbox could not keep a new status", "error", err)
				return false
			}

			m, found := s.arrived.message(next.SID)
			reached = m

			return found
		},
		tell: func(ctx context.Context) { s.callBack(ctx, reached) },
	}
}

// pooledNumber is the sender that a messaging service picks, always the same.
func pooledNumber(service string) string {
	digits := strconv.Itoa(int(crc32.ChecksumIEEE([]byte(service)) % 10_000))
	return "+1500555" + strings.Repeat("0", 4-len(digits)) + digits
}

// callBack posts a message's status to its StatusCallback, if it has one.
func (s *Sandbox) callBack(ctx context.Context, m Message) {
	address := m.Form.Get("StatusCallback")
	if address == "" {
		return
	}

	form := url.Values{
		"MessageSid":    {m.SID},
		"SmsSid":        {m.SID},
		"MessageStatus": {m.Status},
		"SmsStatus":     {m.Status},
		"To":            {m.To},
		"From":          {m.From},
		"AccountSid":    {s.config.AccountSID},
		"ApiVersion":    {"2010-04-01"},
	}

	if m.MessagingServiceSID != "" {
		form.Set("MessagingServiceSid", m.MessagingServiceSID)
	}

	if m.ErrorCode != 0 {
		form.Set("ErrorCode", strconv.Itoa(m.ErrorCode))
	}

	if m.ended() {
		form.Set("RawDlrDoneDate", m.UpdatedAt.Format("0601021504"))
	}

	p, with := s.twilioCall(address, form)
	s.call(ctx, p, with)
}

// twilioCall signs a form for a webhook. The fragment says how patient Twilio is; it is
// neither sent nor signed: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides.
func (s *Sandbox) twilioCall(address string, form url.Values) (posting, retryPolicy) {
	address, overrides, _ := strings.Cut(address, "#")

	return posting{
		url: address,
		header: http.Header{
			"Content-Type":               {"application/x-www-form-urlencoded; charset=UTF-8"},
			"X-Twilio-Signature":         {SignForm(s.config.AuthToken, address, form)},
			"I-Twilio-Idempotency-Token": {newSID("")},
			"User-Agent":                 {"TwilioProxy/1.1"},
		},
		body: []byte(form.Encode()),
	}, s.twilioRetries(overrides)
}

// SignForm returns the X-Twilio-Signature of a form that is posted to an address: https://www.twilio.com/docs/usage/security.
func SignForm(token, address string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(token))
	_, _ = mac.Write([]byte(address))

	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			_, _ = mac.Write([]byte(name + value))
		}
	}

	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (s *Sandbox) twilioRetries(overrides string) retryPolicy {
	query, _ := url.ParseQuery(overrides) // what cannot be read is not asked for

	retries, err := strconv.Atoi(query.Get("rc"))
	if err != nil || retries < 0 || retries > 5 {
		retries = 1
	}

	policy := strings.Split(query.Get("rp"), ",")

	return retryPolicy{
		retries: retries,
		pause:   untilRetry * s.config.CallbackDelay,
		worth: func(r WebhookResult) bool {
			asked := func(what string) bool { return slices.Contains(policy, what) || slices.Contains(policy, "all") }

			switch {
			case r.OK():
				return false
			case r.Status == 0:
				return true // Twilio tells connect and read failures apart; both come with the default
			case r.Status >= 500:
				return asked("5xx")
			default:
				return asked("4xx")
			}
		},
	}
}
