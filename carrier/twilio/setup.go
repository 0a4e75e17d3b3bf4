package twilio

import (
	"context"
	"errors"
	"net/url"
	"slices"

	openapi "github.com/twilio/twilio-go/rest/api/v2010"
	messaging "github.com/twilio/twilio-go/rest/messaging/v1"

	"handrail/chat"
)

// InboundSetup is where Twilio sends what people write to one of the account's senders.
type InboundSetup struct {
	// Sender is a phone number in E.164, or the SID of a messaging service.
	Sender string
	// URL and Method are those of the webhook; URL is "" for none.
	URL    string
	Method string
	// ByNumber reports that a messaging service leaves it to the webhooks of its numbers.
	ByNumber bool
}

// CheckAccount asks Twilio whether the account is known and active: [carrier.ErrCredentials], or an
// error that says in words what is wrong. It repeats no secret.
func (c *Client) CheckAccount(ctx context.Context) error {
	var account openapi.ApiV2010Account

	err := c.read(ctx, &account, func(r *request) error {
		_, err := r.api().FetchAccount(c.config.AccountSID)
		return err
	})

	switch {
	case chat.CodeOf(err) == chat.CodeNotFound:
		return errors.New("twilio: the account does not exist at the configured address")
	case err != nil:
		return err
	case textOf(account.Status) != "active":
		return errors.New("twilio: the account is " + textOf(account.Status))
	}

	return nil
}

// InboundSetups lists where Twilio sends what comes in for each phone number and each messaging
// service of the account
// (https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource,
// https://www.twilio.com/docs/messaging/api/service-resource).
func (c *Client) InboundSetups(ctx context.Context) ([]InboundSetup, error) {
	numbers, err := c.listNumbers(ctx)
	if err != nil {
		return nil, err
	}

	services, err := c.listServices(ctx)

	return slices.Concat(numbers, services), err
}

func (c *Client) listNumbers(ctx context.Context) ([]InboundSetup, error) {
	var all []InboundSetup

	err := followPages(func(token, number string) (*string, error) {
		var page openapi.ListIncomingPhoneNumberResponse

		err := c.read(ctx, &page, func(r *request) error {
			params := (&openapi.ListIncomingPhoneNumberParams{}).SetPageSize(pageSize)
			_, err := r.api().PageIncomingPhoneNumber(params, token, number)

			return err
		})

		for i := range page.IncomingPhoneNumbers {
			n := &page.IncomingPhoneNumbers[i]
			all = append(all, InboundSetup{
				Sender: textOf(n.PhoneNumber),
				URL:    textOf(n.SmsUrl),
				Method: textOf(n.SmsMethod),
			})
		}

		return page.NextPageUri, err
	})

	return all, err
}

func (c *Client) listServices(ctx context.Context) ([]InboundSetup, error) {
	var all []InboundSetup

	err := followPages(func(token, number string) (*string, error) {
		var page messaging.ListServiceResponse

		err := c.read(ctx, &page, func(r *request) error {
			_, err := r.messaging().PageService((&messaging.ListServiceParams{}).SetPageSize(pageSize), token, number)
			return err
		})

		for i := range page.Services {
			s := &page.Services[i]
			all = append(all, InboundSetup{
				Sender:   textOf(s.Sid),
				URL:      textOf(s.InboundRequestUrl),
				Method:   textOf(s.InboundMethod),
				ByNumber: s.UseInboundWebhookOnNumber != nil && *s.UseInboundWebhookOnNumber,
			})
		}

		return page.Meta.NextPageUrl, err
	})

	return all, err
}

// followPages reads a list page by page, up to [maxPages]. fetch reads one, and returns the link to
// the next.
func followPages(fetch func(token, number string) (next *string, err error)) error {
	var token, number string

	for range maxPages {
		next, err := fetch(token, number)
		if err != nil {
			return err
		}

		if token, number = pageOf(next); token == "" && number == "" {
			return nil
		}
	}

	return nil
}

// pageOf is where a list goes on, as its link to the next page says; both are "" at its end.
func pageOf(next *string) (token, number string) {
	u, err := url.Parse(textOf(next))
	if err != nil {
		return "", ""
	}

	query := u.Query()

	return query.Get("PageToken"), query.Get("Page")
}
