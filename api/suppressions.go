package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"handrail/canonical"
	"handrail/chat"
)

// SuppressionStore keeps the addresses that are not written to.
type SuppressionStore interface {
	Suppressions(
		ctx context.Context,
		ws chat.WorkspaceID,
		filter chat.SuppressionFilter,
	) (chat.List[chat.Suppression], error)
	// AddSuppression reports whether there was none; the same once more changes nothing.
	AddSuppression(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		in chat.NewSuppression,
	) (chat.Suppression, bool, error)
	LiftSuppression(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		in chat.SuppressionLift,
		now time.Time,
	) error
}

// suppressionJSON is an address that a sender does not write to.
type suppressionJSON struct {
	ID            chat.SuppressionID     `json:"id"`
	Channel       addressedJSON          `json:"channel"`
	Sender        string                 `json:"sender" doc:"phone: and the phone number's id, or inbox: and the inbox's id. Empty for all senders, and for one that the workspace does not have at present."`
	SenderAddress string                 `json:"sender_address" doc:"What it belongs to: a number, a messaging service or an inbox's address, in lower case. Empty: all senders."`
	Address       string                 `json:"address"`
	Reason        chat.SuppressionReason `json:"reason" enum:"opt_out,carrier,group_unsubscribe,unsubscribe,bounce,spam_report,manual" doc:"opt_out: the recipient said STOP. carrier: they opted out at the provider. manual: a member entered it. The others are what the provider reported."`
	Note          string                 `json:"note,omitempty" doc:"With manual: why."`
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
		Note:          one.Note,
		CreatedAt:     one.CreatedAt.UTC(),
	}
}

var exampleSuppression = suppressionJSON{
	ID:            9,
	Channel:       addressedJSON(chat.ChannelSMS),
	Sender:        "phone:1",
	SenderAddress: "+14155550100",
	Address:       "+14155550123",
	Reason:        chat.SuppressedOptOut,
	CreatedAt:     exampleTime,
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
		answer:      listOf(exampleSuppression),
	})

	registerRoute(s, s.createSuppression, route{
		method:  http.MethodPost,
		path:    "/suppressions",
		access:  admin,
		id:      "createSuppression",
		tag:     tagDeliveries,
		summary: "Create a suppression",
		description: "The address gets no messages any more, and what waits for it ends: from one sender, or without " +
			"`phone_number_id` and `inbox_id` from all. No START lifts it. 200 when it is there already.",
		request: newSuppressionJSON{
			Channel: addressedJSON(chat.ChannelSMS),
			Address: "+14155550123",
			Reason:  "She has asked by phone.",
		},
		answer:    exampleSuppression,
		createsOr: true,
		problems:  []chat.Code{chat.CodeSenderNotFound},
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

type listSuppressionsInput struct {
	Paging
	Channel addressedJSON            `query:"channel"`
	Address string                   `query:"address" maxLength:"254" doc:"The phone number or the email address." example:"+14155550123"`
	Reason  []chat.SuppressionReason `query:"reason" enum:"opt_out,carrier,group_unsubscribe,unsubscribe,bounce,spam_report,manual" doc:"For any of these reasons."`
}

func (s *service) listSuppressions(
	ctx context.Context,
	in *listSuppressionsInput,
) (*listOutput[suppressionJSON], error) {
	address, err := canonical.Address("query.address", addressKind(in.Address), in.Address)
	if err != nil {
		return nil, err
	}

	part, err := s.store.Suppressions(ctx, callFrom(ctx).workspace(), chat.SuppressionFilter{
		Channel: chat.Channel(in.Channel),
		Address: address,
		Reasons: in.Reason,
		Page:    in.page(),
	})

	return presentList(part, err, presentSuppression)
}

// addressKind returns whether an address is an email address or a phone number.
func addressKind(address string) chat.AddressKind {
	if strings.Contains(address, "@") {
		return chat.AddressEmail
	}

	return chat.AddressPhone
}

// newSuppressionJSON adds a suppression.
type newSuppressionJSON struct {
	Channel       addressedJSON       `json:"channel"`
	Address       string              `json:"address" minLength:"1" maxLength:"254" doc:"The phone number or the email address."`
	PhoneNumberID *chat.PhoneNumberID `json:"phone_number_id,omitempty" minimum:"1" doc:"Only from this phone number."`
	InboxID       *chat.InboxID       `json:"inbox_id,omitempty" minimum:"1" doc:"Only from this inbox."`
	Reason        string              `json:"reason" minLength:"1" doc:"Why, for the audit log, up to 500 characters."`
}

type createSuppressionInput struct{ Body newSuppressionJSON }

type suppressionOutput struct {
	Status   int
	Location string `header:"Location" doc:"Where it is found."`
	Body     suppressionJSON
}

func (s *service) createSuppression(ctx context.Context, in *createSuppressionInput) (*suppressionOutput, error) {
	c := callFrom(ctx)
	asked := chat.NewSuppression{
		Channel:       chat.Channel(in.Body.Channel),
		Address:       in.Body.Address,
		PhoneNumberID: in.Body.PhoneNumberID,
		InboxID:       in.Body.InboxID,
		Note:          strings.TrimSpace(in.Body.Reason),
	}

	address, err := canonical.Address("address", asked.Channel.Spec().Address, asked.Address)
	if err != nil {
		return nil, err
	}

	asked.Address = address

	if err := asked.Validate(); err != nil {
		return nil, err
	}

	added, isNew, err := s.store.AddSuppression(ctx, c.workspace(), c.actor(), asked)
	if err != nil {
		return nil, err
	}

	out := &suppressionOutput{Status: http.StatusOK, Body: presentSuppression(added)}
	if isNew {
		out.Status = http.StatusCreated
		out.Location = c.path("/suppressions?address=" + url.QueryEscape(added.Address))
	}

	return out, nil
}

type suppressionPath struct {
	SuppressionID chat.SuppressionID `inPath:"suppression_id"`
}

type liftSuppressionInput struct {
	suppressionPath

	Reason string `query:"reason" doc:"Why, for the audit log, up to 500 characters." example:"She asks for messages again."`
}

func (s *service) liftSuppression(ctx context.Context, in *liftSuppressionInput) (*struct{}, error) {
	c := callFrom(ctx)

	reason := strings.TrimSpace(in.Reason)
	if err := checkReason(reason, false); err != nil {
		return nil, err
	}

	return nil, s.store.LiftSuppression(
		ctx,
		c.workspace(),
		c.actor(),
		chat.SuppressionLift{ID: in.SuppressionID, Reason: reason},
		time.Now(),
	)
}
