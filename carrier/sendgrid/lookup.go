package sendgrid

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sendgrid/rest"
	"github.com/sendgrid/sendgrid-go"

	"handrail/carrier"
	"handrail/chat"
)

// maxLogs bounds a search of the logs, which has no pages.
const maxLogs = 100

// loggedMessage is a message in SendGrid's logs
// (https://www.twilio.com/docs/sendgrid/api-reference/email-logs). A list holds no
// custom_args and no events, one message does.
type loggedMessage struct {
	ID         string            `json:"sg_message_id"`
	To         string            `json:"to_email"`
	Status     string            `json:"status"`
	CreatedAt  time.Time         `json:"sg_message_id_created_at"`
	CustomArgs map[string]string `json:"custom_args"`
	Events     []struct {
		Event      string            `json:"event"`
		Reason     string            `json:"reason"`
		CustomArgs map[string]string `json:"custom_args"`
	} `json:"events"`

	raw []byte
}

// arg is a custom argument of the message; SendGrid shows them beside its events too.
func (l *loggedMessage) arg(name string) string {
	if value, ok := l.CustomArgs[name]; ok {
		return value
	}

	for i := range l.Events {
		if value, ok := l.Events[i].CustomArgs[name]; ok {
			return value
		}
	}

	return ""
}

// Find asks SendGrid's logs for what the delivery has become, oldest first: messages to
// the recipient, made in the time given, that carry the delivery's id. Every failure is an
// error and says nothing about the message, [chat.RetryLaterError] when SendGrid asks to
// wait.
func (c *Client) Find(ctx context.Context, q chat.ProviderQuery) ([]chat.Report, error) {
	if strings.ContainsAny(q.To, "\"\\\n") {
		return nil, errors.New("sendgrid: the logs cannot be searched for this address")
	}

	const layout = "2006-01-02T15:04:05Z"

	messages, err := c.search(ctx, fmt.Sprintf(
		`to_email = "%s" AND sg_message_id_created_at >= TIMESTAMP "%s" AND sg_message_id_created_at <= TIMESTAMP "%s"`,
		q.To, q.Since.UTC().Format(layout), q.Until.UTC().Add(time.Second).Format(layout)))
	if err != nil {
		return nil, err
	}

	slices.SortStableFunc(
		messages,
		func(a, b loggedMessage) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID)) },
	)

	var found []chat.Report

	for i := range messages {
		message, err := c.message(ctx, messages[i].ID)
		switch {
		case chat.CodeOf(err) == chat.CodeNotFound: // listed before it can be read
			return nil, errors.New("sendgrid: a message in the logs cannot be read yet")
		case err != nil:
			return nil, err
		case message.arg("delivery_id") == string(q.DeliveryID):
			found = append(found, message.report())
		}
	}

	if len(found) == 0 && len(messages) == maxLogs {
		return nil, errors.New("sendgrid: too many messages to this recipient to look through")
	}

	return found, nil
}

// Fetch asks SendGrid's logs where the message stands; CodeNotFound when they do not know
// it. The logs have ids of their own, which begin with the X-Message-Id and cannot be
// searched by their beginning: a message whose id is only that may be in the logs all the
// same, and [Client.Find] finds it. Every other failure says nothing about the message.
func (c *Client) Fetch(ctx context.Context, providerMessageID string) (chat.Report, error) {
	message, err := c.message(ctx, providerMessageID)
	if chat.CodeOf(err) == chat.CodeNotFound && messageID.MatchString(providerMessageID) {
		message, err = c.begins(ctx, providerMessageID)
	}

	if err != nil {
		return chat.Report{}, err
	}

	return message.report(), nil
}

// begins is the message whose id begins with the X-Message-Id.
func (c *Client) begins(ctx context.Context, id string) (loggedMessage, error) {
	messages, err := c.search(ctx, `sg_message_id = "`+id+`"`)
	if err != nil {
		return loggedMessage{}, err
	}

	for i := range messages {
		if shortID(messages[i].ID) == id {
			return c.message(ctx, messages[i].ID)
		}
	}

	return loggedMessage{}, unknownMessage()
}

func unknownMessage() error {
	return chat.Errorf(chat.CodeNotFound, "the provider does not know this message")
}

// messageID is the form of a message's id, which goes into paths and searches.
var messageID = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$`)

// search lists the messages in the logs that the query is true for.
func (c *Client) search(ctx context.Context, query string) ([]loggedMessage, error) {
	body, err := json.Marshal(map[string]any{"query": query, "limit": maxLogs})
	if err != nil {
		return nil, fmt.Errorf("a search of SendGrid's logs: %w", err)
	}

	answer, err := c.ask(ctx, rest.Post, "/v3/logs", body)
	if err != nil {
		return nil, err
	}

	if answer.Status == http.StatusNotFound {
		return nil, errors.New("sendgrid: the configured address has no logs")
	}

	if !answer.Success() {
		return nil, answer.Refused(chat.ProviderSendGrid)
	}

	var list struct {
		Messages []loggedMessage `json:"messages"`
	}
	if json.Unmarshal(answer.Body, &list) != nil || list.Messages == nil {
		return nil, errors.New("sendgrid: the answer is not a list of messages")
	}

	return list.Messages, nil
}

// message is one message of the logs, by their own id for it.
func (c *Client) message(ctx context.Context, id string) (loggedMessage, error) {
	if !messageID.MatchString(id) {
		return loggedMessage{}, unknownMessage()
	}

	answer, err := c.ask(ctx, rest.Get, "/v3/logs/"+id, nil)
	if err != nil {
		return loggedMessage{}, err
	}

	if !answer.Success() {
		return loggedMessage{}, answer.Refused(chat.ProviderSendGrid)
	}

	message := loggedMessage{raw: answer.Body}
	if json.Unmarshal(answer.Body, &message) != nil || shortID(message.ID) != shortID(id) {
		return loggedMessage{}, errors.New("sendgrid: the answer is not the message that was asked for")
	}

	return message, nil
}

// ask makes one request that changes nothing. The search is a POST so that addresses stay
// out of logs on the way.
func (c *Client) ask(ctx context.Context, method rest.Method, path string, body []byte) (carrier.Answer, error) {
	return c.poster.Read(ctx, func(ctx context.Context, hc *http.Client) (carrier.Answer, error) {
		request := sendgrid.GetRequest(c.config.APIKey, path, c.config.BaseURL)
		request.Method, request.Body = method, body

		res, err := (&rest.Client{HTTPClient: hc}).SendWithContext(ctx, request)
		if err != nil {
			return carrier.Answer{}, err
		}

		return carrier.Answer{Status: res.StatusCode, Header: res.Headers, Body: []byte(res.Body)}, nil
	})
}

// report is what a message in the logs tells. That it is there proves that it was taken.
func (l *loggedMessage) report() chat.Report {
	kind := l.Status
	switch l.Status {
	case "bounced":
		kind = eventBounce
	case "blocked":
		kind = eventBlocked
	}

	id := shortID(l.ID)
	r := chat.Report{
		Provider:          chat.ProviderSendGrid,
		Key:               "lookup:sendgrid:" + id + ":" + l.Status,
		ProviderMessageID: id,
		DeliveryID:        chat.DeliveryID(l.arg("delivery_id")),
		Type:              carrier.Word(l.Status),
		MadeAt:            l.CreatedAt.UTC(),
		Raw:               l.raw,
	}

	r.Fence, _ = strconv.ParseInt(l.arg("fence"), 10, 64)
	explainEvent(&r, kind, l.reason(), "")
	r.Accepts = true

	return r
}

// reason is why the message was dropped, "" when it was not.
func (l *loggedMessage) reason() string {
	for i := range l.Events {
		if l.Events[i].Event == eventDropped {
			return l.Events[i].Reason
		}
	}

	return ""
}
