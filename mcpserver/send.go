package mcpserver

import (
	"context"
	"encoding/json"
	"fmt"

	"handrail/client"
)

// toolCall is a call of one of the workspace's tools before a message is sent.
type toolCall struct {
	Name      string          `json:"name" minLength:"1" maxLength:"97" jsonschema:"The tool's name."`
	Arguments json.RawMessage `json:"arguments" jsonschema:"What the tool is called with."`
}

// message has the arguments that both sends have.
type message struct {
	keyed
	Message   string     `json:"message" minLength:"1" maxLength:"100000" jsonschema:"The text, in Markdown: up to 1,600 characters by SMS and 100,000 by email. Write it ready to be read: it is sent as it is."`
	ToolCalls []toolCall `json:"tool_calls,omitempty" maxItems:"20" jsonschema:"Tools of the workspace to run first, in this order; if one fails, nothing is sent. Leave it out unless you were told of a tool."`
}

type sendArguments struct {
	message
	ChatID        int64  `json:"chat_id" minimum:"1" jsonschema:"The chat's id."`
	IfLastMessage string `json:"if_last_message,omitempty" maxLength:"36" jsonschema:"The id of the last message that you have read in the chat. If the customer has written since, nothing is sent and you are told what they wrote. Give it whenever you answer somebody."`
}

const sendHelp = "A sent message cannot be taken back. The answer says whether the provider accepted it, or what it " +
	"waits for, such as a second member's approval."

func sendMessageTool() *tool {
	return newTool(
		toolDoc{
			name:  "send_message",
			title: "Send a message in a chat",
			description: "Sends a message to the customer of a chat as its assistant, by the chat's channel. " +
				sendHelp,
			effect:     commits,
			reachesOut: true,
			scopes:     []string{"chats:admin"},
			route:      "sendAssistantMessage",
		},
		sendMessage,
	)
}

func sendMessage(ctx context.Context, by *caller, in *sendArguments) (*outcome, error) {
	body := client.Send{
		Message:       in.Message,
		IfLastMessage: client.IfGiven(in.IfLastMessage),
	}

	var err error
	if body.ToolCalls, err = readCalls[client.Send_ToolCalls_Item](in.ToolCalls); err != nil {
		return nil, err
	}

	answer, err := by.api.SendAssistantMessageWithResponse(
		ctx,
		by.workspace,
		in.ChatID,
		&client.SendAssistantMessageParams{IdempotencyKey: new(in.key()), Prefer: by.preferWait()},
		body,
	)
	if err != nil {
		return nil, err
	}

	if answer.JSON202 != nil {
		return describeAction(answer.JSON202).keepKey(in.key()), nil
	}

	sent, err := requireAnswer(answer.JSON200, answer.HTTPResponse)
	if err != nil {
		return nil, err
	}

	o := describeSent(sent.ActionID, sent.Message.UUID, &sent.Delivery)
	o.ChatID = in.ChatID

	return o.keepKey(in.key()), nil
}

// readCalls turns tool calls into the items of a request. Numbers keep all their digits.
func readCalls[Item any, P interface {
	*Item
	json.Unmarshaler
}](calls []toolCall) ([]Item, error) {
	var items []Item // nil if there are no calls, so that the request has no list

	for _, call := range calls {
		encoded, err := json.Marshal(call)
		if err != nil {
			return nil, fmt.Errorf("encode a tool call: %w", err)
		}

		var item Item
		if err = P(&item).UnmarshalJSON(encoded); err != nil {
			return nil, fmt.Errorf("copy a tool call: %w", err)
		}

		items = append(items, item)
	}

	return items, nil
}

type messagePersonArguments struct {
	message
	MemberID   int64  `json:"member_id,omitempty" minimum:"1" jsonschema:"To whom: a member from find_people. Give exactly one of member_id, external_id, phone and email."`
	ExternalID string `json:"external_id,omitempty" maxLength:"255" jsonschema:"To whom: the id that your own systems have for them."`
	Phone      string `json:"phone,omitempty" maxLength:"20" jsonschema:"To whom: a phone number such as +14155550104. Somebody is made if nobody has it."`
	Email      string `json:"email,omitempty" maxLength:"254" jsonschema:"To whom: an email address. Somebody is made if nobody has it."`
	Name       string `json:"name,omitempty" maxLength:"200" jsonschema:"With phone or email: the name of somebody who is made."`
	Channel    string `json:"channel,omitempty" enum:"phone-sms,email" jsonschema:"By which channel. When left out: phone-sms for a phone, email for an email, else what fits the person."`
	Title      string `json:"title,omitempty" maxLength:"200" jsonschema:"The title of a chat that is made."`
}

func messagePersonTool() *tool {
	return newTool(
		toolDoc{
			name:  "message_person",
			title: "Send a message to somebody",
			description: "Sends a message to somebody by their phone number, email address or id, and finds or " +
				"creates the chat. To answer in a chat that you have read, use send_message. " + sendHelp,
			effect:     commits,
			reachesOut: true,
			scopes:     []string{"chats:admin"},
			route:      "sendMessage",
		},
		messagePerson,
	)
}

func messagePerson(ctx context.Context, by *caller, in *messagePersonArguments) (*outcome, error) {
	body := client.DirectMessage{
		Message: in.Message,
		Channel: client.IfGiven(client.Channel(in.Channel)),
		Title:   client.IfGiven(in.Title),
		To: client.MessageTo{
			MemberID:   client.IfGiven(in.MemberID),
			ExternalID: client.IfGiven(in.ExternalID),
			Phone:      client.IfGiven(in.Phone),
			Email:      client.IfGiven(in.Email),
			Name:       client.IfGiven(in.Name),
		},
	}

	var err error
	if body.ToolCalls, err = readCalls[client.DirectMessage_ToolCalls_Item](in.ToolCalls); err != nil {
		return nil, err
	}

	answer, err := by.api.SendMessageWithResponse(
		ctx,
		by.workspace,
		&client.SendMessageParams{IdempotencyKey: new(in.key()), Prefer: by.preferWait()},
		body,
	)
	if err != nil {
		return nil, err
	}

	if answer.JSON202 != nil {
		return describeAction(answer.JSON202).keepKey(in.key()), nil
	}

	sent, err := requireAnswer(answer.JSON200, answer.HTTPResponse)
	if err != nil {
		return nil, err
	}

	o := describeSent(sent.ActionID, sent.Message.UUID, &sent.Delivery)
	o.ChatID = sent.ChatID
	o.MemberID = sent.MemberID

	return o.keepKey(in.key()), nil
}
