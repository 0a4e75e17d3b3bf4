package twilio

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"handrail/carrier"
	"handrail/carrier/render"
	"handrail/chat"
)

const (
	pageSize = 50
	// maxPages bounds a search. One recipient with more messages in a few minutes is
	// not served by an answer anyway.
	maxPages = 10
)

// Find asks Twilio for the messages that the look-up may be about, oldest first: sent
// over the API to the recipient, from the same sender, made in the time given, with the very text or
// what Twilio may have made of it ([chat.EvidenceText]). Twilio keeps no id of ours, so two alike
// cannot be told apart here. Every failure is an error and says nothing about the message,
// [chat.RetryLaterError] when Twilio asks to wait.
func (c *Client) Find(ctx context.Context, q chat.ProviderQuery) ([]chat.Report, error) {
	var found []chat.Report

	var token, number string
	for range maxPages {
		page, err := c.page(ctx, q.To, token, number)
		if err != nil {
			return nil, err
		}

		older := len(page.Messages) > 0
		for i := range page.Messages {
			m := &page.Messages[i]

			created, err := time.Parse(time.RFC1123Z, textOf(m.DateCreated))
			if err != nil {
				return nil, errors.New("twilio: the time of a message cannot be read")
			}

			older = older && created.Before(q.Since)

			if matchesQuery(m, &q) && !created.Before(q.Since) && !created.After(q.Until) {
				report := reportOf(m)
				report.MadeAt = created.UTC()
				found = append(found, report)
			}
		}

		// The list is sorted with the newest first: beyond a page that is too old, all is.
		token, number = pageOf(page.NextPageUri)
		if older || token == "" && number == "" {
			slices.Reverse(found)
			return found, nil
		}
	}

	return nil, errors.New("twilio: too many messages to this recipient to look through")
}

// Fetch asks Twilio where the message stands; CodeNotFound when Twilio does not know it.
// Every other failure says nothing about the message.
func (c *Client) Fetch(ctx context.Context, providerMessageID string) (chat.Report, error) {
	if !sid.MatchString(providerMessageID) {
		return chat.Report{}, chat.Errorf(chat.CodeNotFound, "this is not the id of a message at Twilio")
	}

	var message openapi.ApiV2010Message

	err := c.read(ctx, &message, func(r *request) error {
		_, err := r.api().FetchMessage(providerMessageID, nil)
		return err
	})
	if err != nil {
		return chat.Report{}, err
	}

	if textOf(message.Sid) != providerMessageID {
		return chat.Report{}, errors.New("twilio: the answer is not the message that was asked for")
	}

	return reportOf(&message), nil
}

// sid is the form of a message's id, which goes into a path.
var sid = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)

func (c *Client) page(ctx context.Context, to, token, number string) (*openapi.ListMessageResponse, error) {
	var page openapi.ListMessageResponse

	err := c.read(ctx, &page, func(r *request) error {
		_, err := r.api().PageMessage((&openapi.ListMessageParams{}).SetTo(to).SetPageSize(pageSize), token, number)
		return err
	})
	if err != nil {
		// There is no such list without the account; that is not an empty one.
		if chat.CodeOf(err) == chat.CodeNotFound {
			return nil, errors.New("twilio: the account does not exist at the configured address")
		}

		return nil, err
	}

	if page.Messages == nil {
		return nil, errors.New("twilio: the answer is not a list of messages")
	}

	return &page, nil
}

// read asks one question and decodes its answer.
func (c *Client) read(ctx context.Context, into any, ask func(*request) error) error {
	answer, err := c.poster.Read(ctx, func(ctx context.Context, hc *http.Client) (carrier.Answer, error) {
		r := &request{client: c, ctx: ctx, http: hc}

		err := ask(r)
		if r.answer.Status == 0 {
			return carrier.Answer{}, err
		}

		return r.answer, r.broken
	})
	switch {
	case err != nil:
		return err
	case !answer.Success():
		return answer.Refused(chat.ProviderTwilio)
	case json.Unmarshal(answer.Body, into) != nil:
		return errors.New("twilio: the answer cannot be read")
	}

	return nil
}

// matchesQuery reports whether the message is what was asked for, its time aside.
func matchesQuery(m *openapi.ApiV2010Message, q *chat.ProviderQuery) bool {
	from, service := m.From, textOf(m.MessagingServiceSid)
	if strings.HasPrefix(q.From, "MG") {
		from, service = m.MessagingServiceSid, ""
	}

	// What a messaging service has sent from a number of its pool was not posted with the number.
	return service == "" && textOf(m.Direction) == "outbound-api" && textOf(from) == q.From && textOf(m.To) == q.To &&
		matchesText(m, &q.Payload) && textOf(m.Sid) != ""
}

// matchesText reports whether the message's text is the one that was posted, or what Twilio may
// have made of it. A text that was changed must have as many segments as the one that was posted,
// or as it has itself: what was changed may be longer or shorter, but not cut. Twilio counts none
// at first.
func matchesText(m *openapi.ApiV2010Message, posted *chat.Payload) bool {
	shown := textOf(m.Body)
	if shown == posted.Posted() {
		return true
	}

	if chat.EvidenceText(shown) != chat.EvidenceText(posted.Posted()) {
		return false
	}

	counted := segmentsOf(m, 0)

	return counted == 0 || posted.Segments == 0 || counted == posted.Segments || counted == render.SegmentCount(shown)
}

// reportOf is what a message at Twilio tells. That it is there proves that it was taken,
// even where its status is a word that we do not know.
func reportOf(m *openapi.ApiV2010Message) chat.Report {
	raw, _ := json.Marshal(m) // strings and numbers only
	r := chat.Report{
		Provider:          chat.ProviderTwilio,
		Key:               "lookup:twilio:" + textOf(m.Sid) + ":" + textOf(m.Status),
		ProviderMessageID: textOf(m.Sid),
		Type:              carrier.Word(textOf(m.Status)),
		Accepts:           true,
		DeliveryStatus:    carrierState(m),
		Segments:          segmentsOf(m, 0),
		Raw:               raw,
	}

	if m.ErrorCode != nil {
		explainCode(&r, *m.ErrorCode)
	}

	return r
}

// textOf is the string, "" for null.
func textOf(s *string) string {
	if s == nil {
		return ""
	}

	return *s
}
