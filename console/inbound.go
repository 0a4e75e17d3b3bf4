package console

import (
	"github.com/a-h/templ"

	"handrail/client"
)

// inboundStatuses are the statuses of what came in, what needs somebody first.
var inboundStatuses = []client.InboundStatus{
	client.InboundStatusOrphaned,
	client.InboundStatusRefused,
	client.InboundStatusAutomatic,
	client.InboundStatusTaken,
}

// inboundView is what the list of what came in shows.
type inboundView struct {
	// status and channel are the filters as the query has them.
	status  string
	channel string
	items   []client.Inbound
	next    templ.SafeURL
}

func (h *Handler) showInboundList(v *viewer) (templ.Component, error) {
	query := v.URL.Query()
	view := inboundView{
		status:  query.Get("status"),
		channel: query.Get("channel"),
	}

	limit := pageLength

	answer, err := v.ListInboundWithResponse(v.ctx(), v.ws(), &client.ListInboundParams{
		Status:  client.OnlyGiven(client.InboundStatus(view.status)),
		Channel: client.IfGiven(client.AddressedChannel(view.channel)),
		Cursor:  v.cursor(),
		Limit:   &limit,
	})
	if err != nil {
		return nil, err
	}

	view.items = answer.JSON200.Items
	view.next = v.withCursor("/inbound", answer.JSON200.NextCursor)

	return inboundListPage(v, &view), nil
}

func (h *Handler) showInbound(v *viewer) (templ.Component, error) {
	id, err := v.uuid("id")
	if err != nil {
		return nil, err
	}

	v.answersAt(v.inboundPath(id))

	answer, err := v.GetInboundWithResponse(v.ctx(), v.ws(), id)
	if err != nil {
		return nil, err
	}

	return inboundPage(v, answer.JSON200), nil
}

func (h *Handler) replayArrival(v *viewer) (templ.SafeURL, error) {
	id, err := v.uuid("id")
	if err != nil {
		return "", err
	}

	_, err = v.ReplayInboundWithResponse(v.ctx(), v.ws(), id, &client.ReplayInboundParams{IdempotencyKey: v.once()})

	return v.inboundPath(id), err
}

// inboundPath returns the path of the page of something that came in.
func (v *viewer) inboundPath(id string) templ.SafeURL { return v.path("/inbound/" + id) }

// inboundMessagePath returns where the message stands that something became.
func (v *viewer) inboundMessagePath(in *client.Inbound) templ.SafeURL {
	path := v.chatPath(client.ValueOf(in.ChatID))

	if in.MessageID != nil {
		path += templ.SafeURL("?message=" + *in.MessageID + "#" + messageAnchor(*in.MessageID))
	}

	return path
}

// canReplay reports whether something came in that is in no chat, so that reading it again may change that.
func canReplay(in *client.Inbound) bool {
	return in.Status == client.InboundStatusOrphaned || in.Status == client.InboundStatusRefused
}

// nameAuthor returns the name and the address from which something came in.
func nameAuthor(in *client.Inbound) string {
	if name := client.ValueOf(in.FromName); name != "" {
		return name + " (" + in.From + ")"
	}

	return in.From
}
