package twilio

import (
	"encoding/json"
	"strconv"

	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"handrail/carrier"
	"handrail/chat"
)

// judge says what the answer means. It returns an error when there is none, or when an
// answer that began well broke off.
func (r *request) judge(out *chat.Outgoing, message *openapi.ApiV2010Message, err error) (chat.Submission, error) {
	a := &r.answer

	requestID := a.Header.Get("Twilio-Request-Id")
	switch {
	case a.Status == 0:
		return chat.Submission{}, err
	case a.Success() && r.broken != nil:
		return chat.Submission{HTTPStatus: a.Status, ProviderRequestID: requestID}, r.broken
	case a.Success() && err == nil && message.Sid != nil && *message.Sid != "":
		return chat.Submission{
			Outcome:           chat.OutcomeAccepted,
			HTTPStatus:        a.Status,
			ProviderRequestID: requestID,
			ProviderMessageID: *message.Sid,
			DeliveryStatus:    carrierState(message),
			Segments:          segmentsOf(message, out.Payload.Segments),
		}, nil
	}

	s := judgeRefusal(a)
	s.ProviderRequestID = requestID

	return s, nil
}

// judgeRefusal judges an answer that is no acceptance: by its status first, because Twilio
// adds codes over time, and within the 4xx by the code.
func judgeRefusal(a *carrier.Answer) chat.Submission {
	var problem struct {
		Code int `json:"code"`
	}

	understood := json.Unmarshal(a.Body, &problem) == nil && problem.Code != 0
	if a.Success() || !understood {
		problem.Code = 0
	}

	v := carrier.ByStatus(a.Status, understood)
	if known, ok := chat.FindProviderCode(chat.TwilioCode(problem.Code)); ok && known.Outcome != "" &&
		a.Status >= 400 && a.Status <= 499 && v.Outcome != chat.OutcomeNotProcessed {
		v = carrier.Verdict{
			Outcome:         known.Outcome,
			Words:           known.Meaning,
			RecipientScoped: known.RecipientScoped,
		}
	}

	return a.Submission(chat.ProviderTwilio, problem.Code, v)
}

// carrierState is Twilio's word for where the message stands, none if we do not know it.
func carrierState(message *openapi.ApiV2010Message) chat.DeliveryStatus {
	return statusOf(textOf(message.Status))
}

// statusOf is what a word of Twilio's means. The words we know are Twilio's own
// (https://www.twilio.com/docs/messaging/api/message-resource#message-status-values);
// those that are only ours, or that nobody knows, say nothing.
func statusOf(word string) chat.DeliveryStatus {
	switch s := chat.DeliveryStatus(word); s {
	case chat.StatusScheduled, chat.StatusAccepted, chat.StatusQueued, chat.StatusSending, chat.StatusSent,
		chat.StatusDelivered, chat.StatusUndelivered, chat.StatusFailed, chat.StatusCanceled, chat.StatusRead:
		return s
	case chat.StatusNone, chat.StatusDeferred, chat.StatusUnconfirmed, chat.StatusBounced:
	}

	return chat.StatusNone
}

// segmentsOf is Twilio's count; it is 0 at first with a messaging service, and ours is
// taken until a report brings the real one.
func segmentsOf(message *openapi.ApiV2010Message, ours int) int {
	if message.NumSegments != nil {
		if n, err := strconv.Atoi(*message.NumSegments); err == nil && n > 0 {
			return n
		}
	}

	return ours
}
