package chat

import "slices"

// SendPreview is how a message would leave a chat if it were sent now.
type SendPreview struct {
	Channel Channel
	// From is the sender's number or address, To the recipient's; "" for what the chat lacks.
	From string
	To   string
	// Payload is what the provider would get.
	Payload Payload
	// Refusal is why a send would be refused now, nil if it would not.
	Refusal *Error
	// NeedsApproval reports whether the message would wait for a second member, because of its tools.
	NeedsApproval bool
}

// previewID stands for the id that a message gets when it is sent.
const previewID MessageID = "preview"

// CheckCalls checks tool calls against what the chat's assistant may use.
type CheckCalls func(calls []ToolCall, facts *SendFacts) error

// Preview says how a message would leave, by the rules that a send follows. What keeps it from being sent is no error
// of the preview: it is its refusal. Errors: invalid_request and message_too_long for a text that cannot be rendered.
func (f *SendFacts) Preview(in *SendAssistantMessage, render RenderText, check CheckCalls) (SendPreview, error) {
	preview := SendPreview{
		Channel:       f.Chat.Channel,
		NeedsApproval: f.needsApproval(in.ToolCalls),
	}

	if f.Recipient != nil {
		place, err := f.addressPlan(f.Chat.Channel.Spec())
		if err == nil {
			preview.From = place.From
			preview.To = place.To
		}
	}

	_, err := f.Plan(in.Message)
	if err := preview.refuse(err); err != nil {
		return SendPreview{}, err
	}

	if err := preview.refuse(check(in.ToolCalls, f)); err != nil {
		return SendPreview{}, err
	}

	preview.Payload, err = render(f.Chat.Channel, f, in.Message, previewID)

	if slices.Contains([]Code{CodeInvalidRequest, CodeMessageTooLong}, CodeOf(err)) {
		return SendPreview{}, err
	}

	if err := preview.refuse(err); err != nil {
		return SendPreview{}, err
	}

	return preview, nil
}

// needsApproval reports whether one of the calls has to be approved by a second member.
func (f *SendFacts) needsApproval(calls []ToolCall) bool {
	return slices.ContainsFunc(calls, func(call ToolCall) bool {
		return slices.ContainsFunc(f.Tools, func(tool Tool) bool {
			return tool.Name == call.Name && tool.Risk == RiskApproval
		})
	})
}

// refuse keeps the first error as the refusal. It returns an error that is no refusal, but a fault.
func (p *SendPreview) refuse(err error) error {
	if err != nil && CodeOf(err) == CodeInternal {
		return err
	}

	if p.Refusal == nil {
		p.Refusal = AsError(err)
	}

	return nil
}
