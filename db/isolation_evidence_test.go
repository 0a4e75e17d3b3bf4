package db_test

import (
	"context"
	"time"

	"handrail/chat"
)

// evidenceTries are the tries of what is known of deliveries and actions from outside.
var evidenceTries = map[string]try{
	"BeginRequest": {"", func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.BeginRequest(ctx, i.keyed()))
	}},
	"KeepAnswer": {"", func(ctx context.Context, i *intruder) (any, error) {
		return false, i.s.KeepAnswer(ctx, i.keyed(), chat.RequestAnswer{Status: 500})
	}},
	"FreeRequest": {"", func(ctx context.Context, i *intruder) (any, error) {
		return false, i.s.FreeRequest(ctx, i.keyed(), true)
	}},
	"HasRequest": {"", func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.HasRequest(ctx, i.ws, victimsKey))
	}},
	"AuditLookUp": {chat.CodeDeliveryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.AuditLookUp(ctx, i.ws, i.sent.DeliveryID, i.by))
	}},
	"LoadSendFacts": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.LoadSendFacts(ctx, chat.SendAssistantMessage{
			Request: chat.Request{WorkspaceID: i.ws, ChatID: i.foreign().ChatID},
		}))
	}},
	"ChangeSend": {chat.CodeDeliveryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.ChangeSend(ctx, chat.ChangeSend{
			WorkspaceID: i.ws,
			ActionID:    i.sent.ActionID,
			DeliveryID:  i.sent.DeliveryID,
			Change:      chat.Change{Body: "stolen"},
			By:          i.by,
		}, func(facts *chat.SendFacts, old *chat.Delivery) (chat.SendPlan, error) {
			return facts.PlanRetry(old, chat.Change{Body: "stolen"})
		}))
	}},
	"AuditResume": {chat.CodeActionNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.AuditResume(ctx, i.ws, i.sent.ActionID, i.by, "x"))
	}},
	"RecordEndedAction": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.RecordEndedAction(ctx, chat.Action{
			ID:          "0199aaaa-0000-7000-8000-00000000000b",
			WorkspaceID: i.ws,
			Kind:        chat.ActionSendAssistantMessage,
			ChatID:      i.foreign().ChatID,
			Problem:     chat.EndedInTemporal("", "terminated"),
		}))
	}},
	"CloseEvidence": {chat.CodeDeliveryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.CloseEvidence(ctx, i.ws, i.sent.DeliveryID))
	}},
	"EvidenceRivals": {chat.CodeDeliveryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.EvidenceRivals(ctx, i.ws, i.sent.DeliveryID))
	}},
	"RecordAmbiguity": {chat.CodeDeliveryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.RecordAmbiguity(
			ctx,
			i.ws,
			i.sent.DeliveryID,
			[]chat.Report{{ProviderMessageID: "SM1"}},
			time.Now(),
		))
	}},
}

// victimsKey is the id of a key that the victim has used, and nobody else.
const victimsKey chat.ActionID = "0199bbbb-0000-8000-8000-00000000000c"

// keyed is a request of the intruder's with the id of an action of the victim's.
func (i *intruder) keyed() chat.KeyedRequest {
	return chat.KeyedRequest{
		WorkspaceID: i.ws,
		ID:          i.request.ActionID,
		Holder:      "intruder",
		Fingerprint: chat.Fingerprint{chat.FieldPath: "a"},
	}
}
