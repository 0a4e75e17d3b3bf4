package console

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/a-h/templ"

	"handrail/client"
)

// draft is a message that is to be sent, with the tools that run first, as its form has it.
type draft struct {
	text string
	// seen is the uuid of the last message that its author has read; "" if the chat had none.
	seen  string
	calls []draftCall
}

// draftCall is a tool that runs before the message is sent.
type draftCall struct {
	tool client.Tool
	form toolForm
}

// previewView is what the preview of a message shows.
type previewView struct {
	draft draft
	chat  *client.Chat
	tools []client.Tool
	// newer is what was written since the message that the author has seen, the oldest first.
	newer []client.Message
	// shown is the message as it would leave; nil if the API does not say, because of what the draft has.
	shown *client.Preview
	// isToolNew reports whether a tool was chosen just now, whose arguments are still to be given.
	isToolNew bool
	// problem is why it does not say.
	problem *refusal
	// health says whether it would wait; nil if that is not known.
	health *client.WorkspaceHealth
	// taker is the name of another person who has taken the chat over; "" for nobody.
	taker string
	// once identifies this use of the form.
	once string
}

// parseDraft returns the draft of a posted form. Tools that it takes out are left out, and one that it adds comes last.
func parseDraft(v *viewer, tools []client.Tool) draft {
	d := draft{
		text: v.PostFormValue("message"),
		seen: v.PostFormValue("seen"),
	}

	for i, name := range readValues(v, "call") {
		prefix := prefixOfCall(i)
		if v.PostForm.Get(prefix+"remove") == "true" {
			continue
		}

		if tool := findTool(tools, name); tool != nil {
			call := draftCall{
				tool: *tool,
				form: newToolForm(prefix, tool.Schema, v.PostForm),
			}
			d.calls = append(d.calls, call)
		}
	}

	if tool := findTool(tools, v.PostFormValue("add")); tool != nil {
		d.calls = append(d.calls, draftCall{
			tool: *tool,
			form: newToolForm(prefixOfCall(len(d.calls)), tool.Schema, nil),
		})
	}

	return d
}

// findTool returns the tool of a name; nil if the chat does not have it.
func findTool(tools []client.Tool, name string) *client.Tool {
	for i := range tools {
		if tools[i].Name == name {
			return &tools[i]
		}
	}

	return nil
}

// prefixOfCall begins the names of the fields of a tool call.
func prefixOfCall(i int) string { return "call." + strconv.Itoa(i) + "." }

// toolCalls returns the tool calls as the API takes them. Errors: arguments that are not of the field's type.
func (d *draft) toolCalls() ([]client.Send_ToolCalls_Item, error) {
	var items []client.Send_ToolCalls_Item

	for i := range d.calls {
		call := &d.calls[i]

		arguments, err := call.form.arguments()
		if err != nil {
			return nil, newInvalid("the arguments of the tool " + call.tool.Name + ": " + err.Error())
		}

		var item client.Send_ToolCalls_Item
		if err = item.FromPlainCall(client.PlainCall{Name: call.tool.Name, Arguments: arguments}); err != nil {
			return nil, err
		}

		items = append(items, item)
	}

	return items, nil
}

// newSend returns what the API is asked to send: a person speaks as the assistant. Errors: those of [draft.toolCalls].
func (d *draft) newSend() (client.Send, error) {
	calls, err := d.toolCalls()
	if err != nil {
		return client.Send{}, err
	}

	author := client.MemberKindPerson

	return client.Send{
		Message:       d.text,
		AuthorKind:    &author,
		IfLastMessage: client.IfGiven(d.seen),
		ToolCalls:     calls,
	}, nil
}

// showPreview shows a message as it would be sent, and what the customer has written since its author looked.
func (h *Handler) showPreview(v *viewer) (templ.Component, error) {
	id, err := v.number("id")
	if err != nil {
		return nil, err
	}

	found, err := v.GetChatWithResponse(v.ctx(), v.ws(), id, &client.GetChatParams{})
	if err != nil {
		return nil, err
	}

	tools, err := listChatTools(v, id)
	if err != nil {
		return nil, err
	}

	view := &previewView{
		draft: parseDraft(v, tools),
		chat:  found.JSON200,
		tools: tools,
		once:  newOnce(),
	}

	view.health = readHealth(v)

	if isUnanswered(v.refusal) {
		view.once = v.PostFormValue(onceField)
	}

	if err = view.loadNewer(v); err != nil {
		return nil, err
	}

	if v.isTakenByOther(view.chat) {
		v.learnNames(*view.chat.TakenOverBy)
		view.taker = v.nameOf(*view.chat.TakenOverBy)
	}

	// A tool that was chosen just now has no arguments yet: nothing can be said of it.
	if view.isToolNew = v.PostFormValue("add") != ""; !view.isToolNew {
		if err = view.loadPreview(v); err != nil {
			return nil, err
		}
	}

	return previewPage(v, view), nil
}

// loadPreview loads how the message would leave. What the API refuses about the draft is shown beside it, so that
// nothing that was typed is lost.
func (p *previewView) loadPreview(v *viewer) error {
	send, err := p.draft.newSend()
	if err == nil {
		var answer *client.PreviewMessageResponse

		answer, err = v.PreviewMessageWithResponse(
			v.ctx(),
			v.ws(),
			p.chat.ID,
			&client.PreviewMessageParams{},
			send,
		)
		if err == nil {
			p.shown = answer.JSON200
			return nil
		}
	}

	refused := refusalOf(err)
	if refused == nil || refused.status != http.StatusBadRequest {
		return err
	}

	if v.refusal == nil {
		p.problem = refused
	}

	return nil
}

// loadNewer loads what anybody has written after the message that the author has seen. They are shown, so the
// form that is sent next has seen them.
func (p *previewView) loadNewer(v *viewer) error {
	answer, err := v.ListMessagesWithResponse(v.ctx(), v.ws(), p.chat.ID, newMessagesParams(v, nil))
	if err != nil {
		return err
	}

	messages := answer.JSON200.Items // the newest first

	for i := range messages {
		if messages[i].UUID == p.draft.seen {
			break
		}

		p.newer = append([]client.Message{messages[i]}, p.newer...)
	}

	if len(messages) > 0 {
		p.draft.seen = messages[0].UUID
	}

	return nil
}

// sendDraft sends the message as a person who speaks as the assistant.
func (h *Handler) sendDraft(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	tools, err := listChatTools(v, id)
	if err != nil {
		return "", err
	}

	d := parseDraft(v, tools)

	send, err := d.newSend()
	if err != nil {
		return "", err
	}

	v.saysItself = true

	if err = checkTakeover(v, id); err != nil {
		return "", err
	}

	prefer := sendWait

	answer, err := v.SendAssistantMessageWithResponse(
		v.ctx(),
		v.ws(),
		id,
		&client.SendAssistantMessageParams{IdempotencyKey: v.once(), Prefer: &prefer},
		send,
	)
	if failed := failedDelivery(err); failed != "" {
		return v.deliveryPath(failed), nil
	} else if err != nil {
		return "", explainNoAnswer(err)
	}

	action := ""

	switch {
	case answer.JSON202 != nil:
		action = answer.JSON202.ActionID
	case answer.JSON200 != nil:
		action = answer.JSON200.ActionID
	}

	return v.sentPath(id, action), nil
}

// takeoverField is the field by which somebody says from whom a send takes the chat over.
const takeoverField = "take_over_from"

// checkTakeover refuses a send in a chat that another person has taken over, unless its author has said that they take
// it from that person.
func checkTakeover(v *viewer, id int64) error {
	found, err := v.GetChatWithResponse(v.ctx(), v.ws(), id, &client.GetChatParams{})
	if err != nil {
		return err
	}

	c := found.JSON200
	if !v.isTakenByOther(c) || v.PostFormValue(takeoverField) == formatCount(*c.TakenOverBy) {
		return nil
	}

	return newInvalid("somebody else has taken this chat over meanwhile. Say below that you take it from them")
}

// failedDelivery returns the id of the delivery by which a message has failed; "" if it has not come so far. Such a
// message stands in the chat: it is retried there, and not sent a second time.
func failedDelivery(err error) string {
	if refused, ok := errors.AsType[*client.Error](err); ok {
		return client.ValueOf(refused.DeliveryID)
	}

	return ""
}

// codeNoAnswer is the code of a send that the API has not answered.
const codeNoAnswer = "no_answer"

// explainNoAnswer returns a refusal of a send that has had no answer, so that its text is not lost, and other errors as
// they are.
func explainNoAnswer(err error) error {
	if refusalOf(err) != nil || !client.IsTransient(err) {
		return err
	}

	return &client.Error{Problem: client.Problem{
		Status: http.StatusBadGateway,
		Code:   codeNoAnswer,
		Detail: "the API has not answered, so that the message may be under way or not. Send it from here again " +
			"without a change: it is then sent once",
	}}
}

// isUnanswered reports whether a send has had no answer. It is repeated with the same Idempotency-Key then.
func isUnanswered(r *refusal) bool { return r != nil && r.code == codeNoAnswer }
