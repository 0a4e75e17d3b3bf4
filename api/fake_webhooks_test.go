package api_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"

	"handrail/api"
	"handrail/chat"
)

// A call with this header, in whatever case, is signed for the fakes.
const (
	signedTwilio   = "X-Twilio-Signature"
	signedSendGrid = "X-Twilio-Email-Event-Webhook-Signature"
	goodSignature  = "good"
)

// fakeTwilio reads a body as the key of one report or message; "nonsense" it cannot read.
type fakeTwilio struct{ target string }

// fakeSendGrid reads each line of a body as the key of one report, and a mail's whole body
// as its key, unless that is longer than keys are.
type fakeSendGrid struct {
	bytes atomic.Int64
	hold  func()
}

var (
	_ api.TwilioWebhooks   = (*fakeTwilio)(nil)
	_ api.SendGridWebhooks = (*fakeSendGrid)(nil)
)

func checkReadable(header http.Header, name string, body []byte) error {
	if header.Get(name) != goodSignature {
		return chat.Errorf(chat.CodeInvalidSignature, "this call is not signed by its provider").
			Because(errors.New("the signature was checked for https://handrail.example"))
	}

	if string(body) == "nonsense" {
		return chat.Invalid("body", "must be what the provider sends")
	}

	return nil
}

func (f *fakeTwilio) Status(target string, header http.Header, body []byte) (chat.Report, error) {
	f.target = target

	return chat.Report{
		Provider:       chat.ProviderTwilio,
		Key:            string(body),
		Type:           "delivered",
		DeliveryStatus: chat.StatusDelivered,
	}, checkReadable(header, signedTwilio, body)
}

func (f *fakeTwilio) Inbound(target string, header http.Header, body []byte) (chat.Inbound, error) {
	f.target = target

	return chat.Inbound{
		Provider: chat.ProviderTwilio,
		Channel:  chat.ChannelSMS,
		Key:      string(body),
		From:     "+14155550123",
	}, checkReadable(header, signedTwilio, body)
}

// ReadInbound reads what it could not read before.
func (*fakeTwilio) ReadInbound(string, []byte) (chat.Inbound, error) {
	return chat.Inbound{Key: "again"}, nil
}

// ReadInbound reads what it could not read before.
func (*fakeSendGrid) ReadInbound(contentType string, body []byte) (chat.Inbound, error) {
	return chat.Inbound{Key: contentType + " " + string(body)}, nil
}

func (f *fakeSendGrid) Events(header http.Header, body []byte) ([]chat.Report, error) {
	var reports []chat.Report
	for key := range strings.Lines(string(body)) {
		reports = append(reports, chat.Report{
			Provider:       chat.ProviderSendGrid,
			Key:            strings.TrimSpace(key),
			Type:           "delivered",
			DeliveryStatus: chat.StatusDelivered,
		})
	}

	return reports, checkReadable(header, signedSendGrid, body)
}

func (f *fakeSendGrid) Inbound(header http.Header, body []byte) (chat.Inbound, error) {
	if f.hold != nil {
		f.hold()
	}

	f.bytes.Store(int64(len(body)))
	key := string(body[:min(len(body), 60)])

	return chat.Inbound{
		Provider: chat.ProviderSendGrid,
		Channel:  chat.ChannelEmail,
		Key:      key,
		From:     "ana@example.com",
	}, checkReadable(header, signedSendGrid, body)
}
