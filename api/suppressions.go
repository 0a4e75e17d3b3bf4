package api

import (
	"context"
	"net/http"
	"time"

	"handrail/chat"
)

// suppressionJSON is an address that a sender does not write to.
type suppressionJSON struct {
	ID            chat.SuppressionID     `json:"id"`
	Channel       addressedJSON          `json:"channel"`
	Sender        string                 `json:"sender" doc:"phone: and the phone number's id, or inbox: and the inbox's id. Empty if the workspace does not have this sender at present; the suppression holds when it is entered again."`
	SenderAddress string                 `json:"sender_address" doc:"What the suppression belongs to, in lower case: a number, a messaging service or the address of an inbox."`
	Address       string                 `json:"address"`
	Reason        chat.SuppressionReason `json:"reason" enum:"opt_out,carrier,group_unsubscribe,unsubscribe,bounce,spam_report" doc:"opt_out: the recipient said STOP. carrier: the provider says that the recipient has opted out. The others are what the provider reported."`
	CreatedAt     time.Time              `json:"created_at"`
}

func presentSuppression(one chat.Suppression) suppressionJSON {
	return suppressionJSON{
		ID:            one.ID,
		Channel:       addressedJSON(one.Channel),
		Sender:        one.Sender,
		SenderAddress: one.SenderAddress,
		Address:       one.Address,
		Reason:        one.Reason,
		CreatedAt:     one.CreatedAt.UTC(),
	}
}

func (s *service) suppressionRoutes() {
	admin := withScope(chat.ScopeDeliveriesAdmin)
	registerRoute(s, s.listSuppressions, route{
		method:      http.MethodGet,
		path:        "/suppressions",
		access:      admin,
		id:          "listSuppressions",
		tag:         tagDeliveries,
		summary:     "List suppressions",
		description: "The newest first.",
		answer: listOf(suppressionJSON{
			ID:            9,
			Channel:       addressedJSON(chat.ChannelSMS),
			Sender:        "phone:1",
			SenderAddress: "+14155550100",
			Address:       "+14155550123",
			Reason:        chat.SuppressedOptOut,
			CreatedAt:     exampleTime,
		}),
	})

	registerRoute(s, s.liftSuppression, route{
		method:  http.MethodDelete,
		path:    "/suppressions/{suppression_id}",
		access:  admin,
		id:      "liftSuppression",
		tag:     tagDeliveries,
		summary: "Delete a suppression",
		description: "Only when the recipient wants that. A provider that keeps a list of its own goes on refusing " +
			"until the recipient answers START, or is taken from that list.",
		problems: []chat.Code{chat.CodeSuppressionNotFound},
	})
}

func (s *service) listSuppressions(ctx context.Context, in *pagedInput) (*listOutput[suppressionJSON], error) {
	part, err := s.store.Suppressions(ctx, callFrom(ctx).workspace(), in.page())
	return presentList(part, err, presentSuppression)
}

type suppressionPath struct {
	SuppressionID chat.SuppressionID `inPath:"suppression_id"`
}

func (s *service) liftSuppression(ctx context.Context, in *suppressionPath) (*struct{}, error) {
	c := callFrom(ctx)

	return nil, s.store.LiftSuppression(
		ctx,
		c.workspace(),
		c.actor(),
		in.SuppressionID,
		time.Now(),
	)
}
