package db_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// intruder asks in its own workspace for another one's things.
type intruder struct {
	s  *db.Store
	ws chat.WorkspaceID
	by chat.Actor
	// victim is the other workspace; sent and request are a send of its own and an
	// action that runs.
	victim  *dbtest.World
	sent    chat.AssistantMessageSent
	request chat.Request
	// bulk and suppression are the victim's too.
	bulk        chat.BulkRetry
	suppression chat.SuppressionID
	// inbound came in for the victim.
	inbound chat.InboundID
	// tool, a send that waits for its approval, and a question to contributors are too.
	tool     chat.ToolDefinition
	risky    chat.AssistantMessageSent
	question chat.ContributorRequest
	// version is of a run over the chat of the victim that writes nothing.
	version chat.SummaryID
	// endpoint is a webhook endpoint of the victim.
	endpoint chat.WebhookEndpointID
	// rule and notice are a notification rule of the victim, and what it has made.
	rule   chat.NotificationRuleID
	notice chat.NoticeID
	// token opens a stream of the victim's events.
	token [32]byte
	// third is a workspace that has nothing.
	third chat.WorkspaceID
}

// foreignTo is a workspace in which nothing has the victim's ids, not even by chance.
func (i *intruder) foreignTo() chat.WorkspaceID { return i.third }

// foreign is a request of the intruder's that names the victim's chat.
func (i *intruder) foreign() chat.Request {
	r := i.victim.Request(i.victim.SMS.ID)
	r.WorkspaceID, r.By = i.ws, i.by

	return r
}

// logIn is one with the victim's key in the intruder's workspace.
func (i *intruder) logIn() chat.LogIn {
	by := chat.Actor{MemberID: i.victim.Manager.ID, KeyID: i.victim.Key.ID}
	return chat.NewLogIn(i.ws, by, chat.KeySession.NewSecret(), time.Now())
}

// try is one attempt, and the code that must answer it; "" when it must find nothing.
type try struct {
	code chat.Code
	do   func(context.Context, *intruder) (any, error)
}

func anyResult[T any](value T, err error) (any, error) { return value, err }

func errorOnly(err error) (any, error) { return nil, err }

// victimsExternalID is that of the victim's customer.
const victimsExternalID = "crm-1"

// notOfAWorkspace are the methods that look at nothing inside of a workspace.
var notOfAWorkspace = []string{
	"Authenticate", "CheckWritable", "ClockOffset", "Close", "CountDuplicates", "CreateWorkspace", "Durability",
	"Changed", "Figures", "PoolStats", "ForgetEvents", "ForgetRequests", "ForgetSessions", "ForgetWebhookAttempts", "ForgottenSummaries", "HeldDeliveries", "HoldAfterFailover",
	"HoldUnsent", "LastCallbacks", "ListenEvents", "MessageOwners", "NumberEvents",
	"SenderAddresses", "SharedAddresses", "Timeline",
	// The operator's own.
	"GrantSender", "RevokeSender", "SenderGrants", "RevokedSenders",
	"MigrationsCurrent", "Ping", "ReplaceSealed", "SealedSecrets", "StaleDeliveries", "Transactions", "Workspace", "Workspaces",
	// What comes from outside names no workspace: tests of their own show whose it becomes.
	"ReceiveInbound", "RefuseInbound", "RecordReport",
	"Bun", "Engine", "Watched", // export_test.go
}

// tries has an entry for every other method of the store.
var tries = map[string]try{
	"CreateKey": {chat.CodeMemberNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.CreateKey(ctx, i.ws, i.by, chat.Key{MemberID: i.victim.Manager.ID, Name: "x"}, [32]byte{9}))
	}},
	"Key": {chat.CodeKeyNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.Key(ctx, i.ws, i.victim.Key.ID))
	}},
	"Keys": {"", func(ctx context.Context, i *intruder) (any, error) {
		list, err := i.s.Keys(ctx, i.ws, chat.KeyFilter{Page: chat.Page{Limit: 100}})
		return slices.DeleteFunc(list.Items, func(k chat.Key) bool { return k.WorkspaceID == i.ws }), err
	}},
	"KeyPrincipal": {chat.CodeUnauthenticated, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.KeyPrincipal(ctx, i.ws, i.victim.Key.ID, time.Now()))
	}},
	"CreateEventToken": {chat.CodeKeyNotFound, func(ctx context.Context, i *intruder) (any, error) {
		token := chat.EventToken{WorkspaceID: i.ws, KeyID: i.victim.Key.ID, ExpiresAt: time.Now()}
		return errorOnly(i.s.CreateEventToken(ctx, token, [32]byte{9}, time.Now()))
	}},
	"UseEventToken": {chat.CodeUnauthenticated, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.UseEventToken(ctx, i.ws, i.token, time.Now()))
	}},
	"CreateLogin": {chat.CodeUnauthenticated, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.CreateLogin(ctx, i.logIn()))
	}},
	"CreateSession": {chat.CodeUnauthenticated, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.CreateSession(ctx, i.logIn()))
	}},
	"OpenSession": {chat.CodeForbidden, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.OpenSession(ctx, i.logIn(), i.victim.Manager.Email))
	}},
	"Session": {chat.CodeKeyNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.Session(ctx, i.ws, i.victim.Key.ID))
	}},
	"EndSession": {chat.CodeKeyNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.EndSession(ctx, i.ws, chat.Actor{KeyID: i.victim.Key.ID}, time.Now()))
	}},
	"RevokeKey": {chat.CodeKeyNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.RevokeKey(ctx, i.ws, i.by, i.victim.Key.ID, time.Now()))
	}},
	"AuditLog": {"", func(ctx context.Context, i *intruder) (any, error) {
		list, err := i.s.AuditLog(ctx, i.ws, chat.AuditFilter{}, chat.Page{Limit: 100})

		return slices.DeleteFunc(
			list.Items,
			func(e chat.AuditEntry) bool { return e.MemberID == i.by.MemberID || e.MemberID == 0 },
		), err
	}},
	"CreateMember": {"", func(ctx context.Context, i *intruder) (any, error) {
		own := i.victim.Customer
		own.Phone = "+14155550198"
		own.Email = "own.customer@example.com"
		m, err := i.s.CreateMember(ctx, i.ws, i.by, own)

		return m.ID == i.victim.Customer.ID || m.WorkspaceID != i.ws, err
	}},
	"Member": {chat.CodeMemberNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.Member(ctx, i.ws, i.victim.Customer.ID))
	}},
	"Members": {"", func(ctx context.Context, i *intruder) (any, error) {
		list, err := i.s.Members(ctx, i.ws, chat.MemberFilter{Page: chat.Page{Limit: 100}})
		return slices.DeleteFunc(list.Items, func(m chat.Member) bool { return m.WorkspaceID == i.ws }), err
	}},
	"Events": {"", func(ctx context.Context, i *intruder) (any, error) {
		list, err := i.s.Events(ctx, i.ws, chat.EventFilter{Limit: 10_000})

		return slices.DeleteFunc(list.Items, func(e chat.Event) bool {
			return e.WorkspaceID == i.ws && e.ChatID != i.victim.SMS.ID && e.ChatID != i.victim.Email.ID
		}), err
	}},
	"UpdateMember": {chat.CodeMemberNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.UpdateMember(ctx, i.ws, i.by, i.victim.Customer.ID, chat.MemberPatch{Name: new("x")}))
	}},
	"DecideOptOut": {chat.CodeMemberNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.DecideOptOut(ctx, i.ws, chat.OptOutDecision{
			MemberID: i.victim.Customer.ID,
			Channel:  chat.ChannelSMS,
			OptedOut: true,
			By:       i.by,
		}))
	}},
	"UpsertMember": {"", func(ctx context.Context, i *intruder) (any, error) {
		m, _, err := i.s.UpsertMember(ctx, i.ws, i.by, chat.MemberUpsert{
			ExternalID: victimsExternalID,
			Patch:      chat.MemberPatch{Name: new("Mallory")},
		})

		return m.ID == i.victim.Customer.ID || m.WorkspaceID != i.ws, err
	}},
	"FindOrCreatePlace": {chat.CodeMemberNotFound, func(ctx context.Context, i *intruder) (any, error) {
		in := chat.DirectMessage{To: chat.MessageTo{MemberID: i.victim.Customer.ID}, Message: "Hello"}
		check := func(*chat.SendFacts) error { return nil }

		return anyResult(i.s.FindOrCreatePlace(ctx, i.ws, i.by, in, check))
	}},
	"WorkspaceDefaults": {"", func(ctx context.Context, i *intruder) (any, error) {
		defaults, err := i.s.WorkspaceDefaults(ctx, i.foreignTo())
		return defaults.UpdatedAt != nil, err
	}},
	"UpdateWorkspaceDefaults": {chat.CodeAssistantNotFound, func(ctx context.Context, i *intruder) (any, error) {
		theirs := chat.WorkspaceDefaults{AssistantMemberID: &i.victim.Assistant.ID}
		return anyResult(i.s.UpdateWorkspaceDefaults(ctx, i.ws, i.by, theirs))
	}},
	"MergeMembers": {chat.CodeMemberNotFound, func(ctx context.Context, i *intruder) (any, error) {
		in := chat.MemberMerge{From: i.victim.Customer.ID, Into: i.victim.Manager.ID}
		return anyResult(i.s.MergeMembers(ctx, i.ws, i.by, in))
	}},
	"DeleteMember": {chat.CodeMemberNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.DeleteMember(ctx, i.ws, i.by, i.victim.Customer.ID))
	}},
	"CreateChat": {chat.CodeMemberNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(
			i.s.CreateChat(ctx, i.ws, i.by, chat.NewChat{Channel: chat.ChannelSMS, MemberID: i.victim.Customer.ID}),
		)
	}},
	"Chat": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.Chat(ctx, i.ws, i.victim.SMS.ID))
	}},
	"ChatHead": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.ChatHead(ctx, i.ws, i.victim.SMS.ID, ""))
	}},
	"Chats": {"", func(ctx context.Context, i *intruder) (any, error) {
		list, err := i.s.Chats(ctx, i.ws, chat.ChatFilter{MemberID: i.victim.Customer.ID, Label: "vip", Page: pageOfTen()})
		return list.Items, err
	}},
	"UpdateChat": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.UpdateChat(ctx, i.ws, i.by, i.victim.SMS.ID, chat.ChatPatch{Title: new("x")}))
	}},
	"DeleteChat": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.DeleteChat(ctx, i.ws, i.by, i.victim.SMS.ID, true))
	}},
	"TakeOverChat": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.TakeOverChat(ctx, i.ws, i.by, i.victim.SMS.ID))
	}},
	"ReleaseChat": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.ReleaseChat(ctx, i.ws, i.by, i.victim.SMS.ID))
	}},
	"SenderWaiters": {"", func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.SenderWaiters(ctx, i.ws, "phone:1", 10))
	}},
	"TakesPart": {"", func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.TakesPart(ctx, i.ws, i.victim.SMS.ID, i.victim.Customer.ID))
	}},
	"Participants": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.Participants(ctx, i.ws, i.victim.SMS.ID))
	}},
	"UpdateParticipant": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.UpdateParticipant(ctx, i.ws, i.by, i.victim.SMS.ID, 1, chat.ParticipantOwner))
	}},
	"RemoveParticipant": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.RemoveParticipant(ctx, i.ws, i.by, i.victim.SMS.ID, 1))
	}},
	"Messages": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.Messages(ctx, i.ws, i.victim.SMS.ID, chat.MessagePage{Page: pageOfTen()}))
	}},
	"AddMessage": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(
			i.s.AddMessage(ctx, i.ws, i.victim.SMS.ID, chat.NewMessage{MemberID: i.victim.Customer.ID, Content: "x"}),
		)
	}},
	"RateMessage": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.RateMessage(ctx, i.ws, i.by, i.victim.SMS.ID, i.sent.MessageID, chat.Rating{Value: 1}))
	}},
	"CreateLabel": {"", func(ctx context.Context, i *intruder) (any, error) {
		l, err := i.s.CreateLabel(ctx, i.ws, i.by, chat.Label{ID: i.victim.VIP.ID, Name: "Own"})
		return l.ID == i.victim.VIP.ID, err
	}},
	"Labels": {"", func(ctx context.Context, i *intruder) (any, error) {
		labels, err := i.s.Labels(ctx, i.ws)
		return slices.DeleteFunc(labels, func(l chat.Label) bool { return l.ID != i.victim.VIP.ID }), err
	}},
	"Label": {chat.CodeLabelNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.Label(ctx, i.ws, i.victim.VIP.ID))
	}},
	"UpdateLabel": {chat.CodeLabelNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.UpdateLabel(ctx, i.ws, i.by, i.victim.VIP.ID, chat.LabelPatch{Name: new("x")}))
	}},
	"DeleteLabel": {chat.CodeLabelNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.DeleteLabel(ctx, i.ws, i.by, i.victim.VIP.ID))
	}},
	"CreatePhoneNumber": {"", func(ctx context.Context, i *intruder) (any, error) {
		if _, err := i.s.GrantSender(ctx, i.ws, "+14155550199"); err != nil {
			return nil, err
		}

		p, err := i.s.CreatePhoneNumber(
			ctx,
			i.ws,
			i.by,
			chat.PhoneNumber{ID: i.victim.PhoneNumber.ID, Number: "+14155550199"},
		)

		return p.ID == i.victim.PhoneNumber.ID, err
	}},
	"PhoneNumbers": {"", func(ctx context.Context, i *intruder) (any, error) {
		all, err := i.s.PhoneNumbers(ctx, i.ws)
		return slices.DeleteFunc(all, func(p chat.PhoneNumber) bool { return p.ID != i.victim.PhoneNumber.ID }), err
	}},
	"PhoneNumber": {chat.CodeSenderNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.PhoneNumber(ctx, i.ws, i.victim.PhoneNumber.ID))
	}},
	"UpdatePhoneNumber": {chat.CodeSenderNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(
			i.s.UpdatePhoneNumber(ctx, i.ws, i.by, i.victim.PhoneNumber.ID, chat.PhoneNumberPatch{Name: new("x")}),
		)
	}},
	"DeletePhoneNumber": {chat.CodeSenderNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.DeletePhoneNumber(ctx, i.ws, i.by, i.victim.PhoneNumber.ID))
	}},
	"CreateInbox": {"", func(ctx context.Context, i *intruder) (any, error) {
		if _, err := i.s.GrantSender(ctx, i.ws, "own@example.com"); err != nil {
			return nil, err
		}

		in, err := i.s.CreateInbox(ctx, i.ws, i.by, chat.Inbox{ID: i.victim.Inbox.ID, Address: "own@example.com"})

		return in.ID == i.victim.Inbox.ID, err
	}},
	"Inboxes": {"", func(ctx context.Context, i *intruder) (any, error) {
		all, err := i.s.Inboxes(ctx, i.ws)
		return slices.DeleteFunc(all, func(in chat.Inbox) bool { return in.ID != i.victim.Inbox.ID }), err
	}},
	"Inbox": {chat.CodeSenderNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.Inbox(ctx, i.ws, i.victim.Inbox.ID))
	}},
	"UpdateInbox": {chat.CodeSenderNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.UpdateInbox(ctx, i.ws, i.by, i.victim.Inbox.ID, chat.InboxPatch{DisplayName: new("x")}))
	}},
	"DeleteInbox": {chat.CodeSenderNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.DeleteInbox(ctx, i.ws, i.by, i.victim.Inbox.ID))
	}},
	"Action": {chat.CodeActionNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.Action(ctx, i.ws, i.sent.ActionID))
	}},
	"SentMessage": {chat.CodeActionNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.SentMessage(ctx, i.ws, i.sent.ActionID))
	}},
	"SendView": {chat.CodeActionNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.SendView(ctx, i.ws, i.sent.ActionID))
	}},
	"WorkspaceStatus": {"", func(ctx context.Context, i *intruder) (any, error) {
		status, err := i.s.WorkspaceStatus(ctx, i.ws)
		return status.Counts, err
	}},
	"SenderHealth": {"", func(ctx context.Context, i *intruder) (any, error) {
		health, err := i.s.SenderHealth(ctx, i.ws)

		return slices.DeleteFunc(health.Senders, func(h chat.SenderHealth) bool {
			return h.LastSuccess == nil && h.LastCallback == nil && h.Waiting == 0 && len(h.Minutes) == 0
		}), err
	}},
	"OpenDeliveries": {"", func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.OpenDeliveries(ctx, i.ws, i.sent.ActionID))
	}},
	"Actions": {"", func(ctx context.Context, i *intruder) (any, error) {
		list, err := i.s.Actions(ctx, i.ws, chat.ActionFilter{Page: pageOfTen()})
		return list.Items, err
	}},
	"Deliveries": {"", func(ctx context.Context, i *intruder) (any, error) {
		list, err := i.s.Deliveries(ctx, i.ws, chat.DeliveryFilter{Page: pageOfTen()})
		return list.Items, err
	}},
	"Delivery": {chat.CodeDeliveryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.Delivery(ctx, i.ws, i.sent.DeliveryID))
	}},
	"AddParticipant": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.AddParticipant(ctx, chat.AddParticipant{
			Request: i.foreign(), NewParticipant: chat.NewParticipant{MemberID: i.by.MemberID, Role: chat.ParticipantOwner},
		}))
	}},
	"PrepareAndClaim": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		sent, claim, err := i.s.PrepareAndClaim(
			ctx,
			chat.SendAssistantMessage{Request: i.foreign(), Message: "x"},
			dbtest.SendIDs(),
			dbtest.PlanText("x"),
			time.Now(),
			time.Minute,
		)

		return []any{sent, claim}, err
	}},
	"PrepareSend": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(
			i.s.PrepareSend(
				ctx,
				chat.SendAssistantMessage{Request: i.foreign(), Message: "x"},
				dbtest.SendIDs(),
				dbtest.PlanText("x"),
			),
		)
	}},
	"CompleteToolCall": {chat.CodeActionNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(
			i.s.CompleteToolCall(
				ctx,
				i.ws,
				i.sent.ActionID,
				0,
				func(context.Context, chat.ChatEditor) (json.RawMessage, error) {
					return nil, errors.New("the effect must not run")
				},
			),
		)
	}},
	"FailSend": {chat.CodeActionNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.FailSend(ctx, i.ws, i.sent.ActionID, 0, chat.Errorf(chat.CodeToolCallFailed, "x")))
	}},
	"Claim": {chat.CodeDeliveryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.Claim(ctx, i.ws, i.sent.DeliveryID, time.Now(), time.Minute))
	}},
	"RecordSubmission": {chat.CodeDeliveryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(
			i.s.RecordSubmission(
				ctx,
				i.ws,
				i.sent.DeliveryID,
				0,
				chat.Submission{Outcome: chat.OutcomeAccepted},
				time.Now(),
			),
		)
	}},
	"MarkExhausted": {chat.CodeDeliveryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.MarkExhausted(ctx, i.ws, i.sent.DeliveryID, time.Now()))
	}},
	"SettleUnknown": {chat.CodeDeliveryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.SettleUnknown(ctx, i.ws, i.sent.DeliveryID, time.Now()))
	}},
	"FindDelivery": {chat.CodeDeliveryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.FindDelivery(ctx, i.ws, i.sent.DeliveryID))
	}},
	"MarkUnconfirmed": {chat.CodeDeliveryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.MarkUnconfirmed(ctx, unconfirmed(i.ws, i.sent.DeliveryID), time.Now()))
	}},
	"CancelDelivery": {chat.CodeDeliveryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.CancelDelivery(ctx, i.ws, i.sent.DeliveryID, chat.Errorf(chat.CodeDeliveryFailed, "x")))
	}},
	"OrphanDelivery": {chat.CodeDeliveryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.OrphanDelivery(ctx, i.ws, i.sent.DeliveryID, time.Now()))
	}},
	"Decide": {chat.CodeDeliveryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		_, workflow, err := i.s.Decide(ctx, i.ws, i.sent.DeliveryID, chat.Decision{
			Verdict: chat.VerdictCancel,
			Reason:  "x",
			By:      i.by,
			At:      time.Now(),
		})

		return workflow, err
	}},
	"PrepareRetry": {chat.CodeDeliveryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.PrepareRetry(ctx, chat.RetryDelivery{Request: i.foreign(), DeliveryID: i.sent.DeliveryID},
			dbtest.SendIDs().DeliveryID, dbtest.PlanRetry))
	}},
	"Suppressions": {"", func(ctx context.Context, i *intruder) (any, error) {
		list, err := i.s.Suppressions(ctx, i.ws, chat.SuppressionFilter{Page: pageOfTen()})
		return list.Items, err
	}},
	"Inbound": {"", func(ctx context.Context, i *intruder) (any, error) {
		list, err := i.s.Inbound(ctx, i.ws, chat.InboundFilter{Page: pageOfTen()})
		return list.Items, err
	}},
	"InboundRecord": {chat.CodeInboundNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.InboundRecord(ctx, i.ws, i.inbound))
	}},
	"ReplayInbound": {chat.CodeInboundNotFound, func(ctx context.Context, i *intruder) (any, error) {
		replay := chat.ReplayInbound{WorkspaceID: i.ws, By: i.by, ID: i.inbound}
		record, _, err := i.s.ReplayInbound(ctx, replay, nil, time.Now())

		return record, err
	}},
	"AddSuppression": {chat.CodeSenderNotFound, func(ctx context.Context, i *intruder) (any, error) {
		_, isNew, err := i.s.AddSuppression(ctx, i.ws, i.by, chat.NewSuppression{
			Channel:       chat.ChannelSMS,
			Address:       i.victim.Customer.Phone,
			PhoneNumberID: i.victim.SMS.PhoneNumberID,
			Note:          "x",
		})

		return isNew, err
	}},
	"LiftSuppression": {chat.CodeSuppressionNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.LiftSuppression(ctx, i.ws, i.by, chat.SuppressionLift{ID: i.suppression}, time.Now()))
	}},
	"CountRetryCandidates": {"", func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.CountRetryCandidates(ctx, i.ws, chat.DeliveryFilter{}))
	}},
	"ForecastRetries": {"", func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.ForecastRetries(ctx, i.ws, chat.DeliveryFilter{}, true))
	}},
	"RetryCandidates": {"", func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.RetryCandidates(ctx, chat.BulkStep{WorkspaceID: i.ws, Limit: 10}))
	}},
	"BeginBulkRetry": {"", func(ctx context.Context, i *intruder) (any, error) {
		b, err := i.s.BeginBulkRetry(ctx, chat.NewBulkRetry{ID: i.bulk.ID, WorkspaceID: i.ws, By: i.by}, "own")
		return b.Selected != 0 || b.WorkflowID != "own", err
	}},
	"BulkRetry": {chat.CodeBulkRetryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.BulkRetry(ctx, i.foreignTo(), i.bulk.ID))
	}},
	"BulkRetries": {"", func(ctx context.Context, i *intruder) (any, error) {
		list, err := i.s.BulkRetries(ctx, i.ws, pageOfTen())
		return slices.DeleteFunc(list.Items, func(b chat.BulkRetry) bool { return b.WorkspaceID == i.ws }), err
	}},
	"SkipBulkRetry": {chat.CodeBulkRetryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.SkipBulkRetry(ctx, chat.BulkSkip{
			WorkspaceID: i.foreignTo(),
			ID:          i.bulk.ID,
			DeliveryID:  i.sent.DeliveryID,
			Why:         "x",
		}))
	}},
	"BulkProgress": {chat.CodeBulkRetryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.BulkProgress(ctx, chat.BulkStep{WorkspaceID: i.foreignTo(), ID: i.bulk.ID}))
	}},
	"BulkOverlaps": {"", func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.BulkOverlaps(ctx, i.ws, chat.DeliveryFilter{}))
	}},
	"BulkSkips": {chat.CodeBulkRetryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.BulkSkips(ctx, i.foreignTo(), chat.BulkSkipFilter{BulkRetryID: i.bulk.ID, Page: pageOfTen()}))
	}},
	"SetBulkState": {chat.CodeBulkRetryNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.SetBulkState(ctx, chat.BulkMove{
			WorkspaceID: i.foreignTo(),
			ID:          i.bulk.ID,
			By:          i.by,
			To:          chat.BulkCanceled,
			Note:        "x",
		}))
	}},
	"RecordActions": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.RecordActions(ctx, chat.ActionSummarizeChat, "x", i.foreign()))
	}},
}

// everyTry is all of them.
func everyTry() map[string]try {
	all := maps.Clone(tries)
	maps.Copy(all, toolTries)
	maps.Copy(all, summaryTries)
	maps.Copy(all, evidenceTries)
	maps.Copy(all, webhookTries)
	maps.Copy(all, noticeTries)

	return all
}

func TestEveryMethodIsTried(t *testing.T) {
	t.Parallel()

	for method := range reflect.TypeFor[*db.Store]().Methods() {
		_, has := everyTry()[method.Name]
		assert.NotEqual(t, has, slices.Contains(notOfAWorkspace, method.Name),
			"%s: add what it must answer to another workspace's ids", method.Name)
	}
}

func TestWorkspacesAreIsolated(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		own := dbtest.Seed(t, s)
		i := &intruder{
			s:      s,
			ws:     own.Workspace,
			by:     own.By,
			victim: dbtest.Seed(t, s),
		}

		i.seedEndpoint(t)
		i.seedNotice(t)
		addMessage(t, s, i.victim, i.victim.SMS.ID, "private")
		i.sent = i.victim.Prepare(t, s, i.victim.SMS.ID, "private", chat.ToolCall{ID: "a", Name: chat.ToolSetTitle})
		i.request = i.victim.Request(i.victim.SMS.ID)
		require.NoError(t, s.RecordActions(t.Context(), chat.ActionSummarizeChat, "summarize:1", i.request))

		_, err := s.UpdateChat(t.Context(), i.victim.Workspace, i.victim.By, i.victim.SMS.ID,
			chat.ChatPatch{LabelIDs: &[]chat.LabelID{i.victim.VIP.ID}})

		require.NoError(t, err)
		i.third = dbtest.Seed(t, s).Workspace
		seedRefusals(t, i)
		seedTools(t, i)
		seedSummary(t, i)
		seedPeople(t, i)
		i.token = newEventToken(t, s, i.victim, time.Now())
		numberAll(t, s)
		before := readWorkspace(t, s, i.victim.Workspace)

		for name, try := range everyTry() {
			got, err := try.do(t.Context(), i)
			require.Equal(t, try.code, chat.CodeOf(err), name)

			if try.code == "" {
				assert.True(t, isNothing(got), "%s found %v", name, got)
			}
		}

		assert.Equal(t, before, readWorkspace(t, s, i.victim.Workspace))
	})
}

// seedRefusals gives the victim a suppression, a delivery to be retried, and a bulk retry.
func seedRefusals(t *testing.T, i *intruder) {
	t.Helper()
	refused := i.victim.Prepare(t, i.s, i.victim.Email.ID, "private")
	d := i.victim.Claim(t, i.s, refused.DeliveryID, time.Now())
	_, err := i.s.RecordSubmission(
		t.Context(),
		i.victim.Workspace,
		d.ID,
		d.Fence,
		chat.Submission{Outcome: chat.OutcomeRejected},
		time.Now(),
	)
	require.NoError(t, err)

	_, err = i.s.RecordReport(t.Context(), chat.Report{
		Provider:   d.Provider,
		Key:        "unsubscribed",
		DeliveryID: d.ID,
		Type:       "unsubscribe",
		Suppress:   chat.SuppressedUnsubscribe,
	}, time.Now())
	require.NoError(t, err)
	list, err := i.s.Suppressions(t.Context(), i.victim.Workspace, chat.SuppressionFilter{Page: pageOfTen()})
	require.NoError(t, err)

	i.suppression = list.Items[0].ID
	kept := i.keyed()
	kept.WorkspaceID = i.victim.Workspace
	kept.ID = victimsKey
	_, err = i.s.BeginRequest(t.Context(), kept)
	require.NoError(t, err)

	i.bulk, err = i.s.BeginBulkRetry(
		t.Context(),
		i.victim.NewBulkRetry(chat.DeliveryFilter{Channel: chat.ChannelEmail}),
		"bulk:1",
	)
	require.NoError(t, err)
	require.Equal(t, 1, i.bulk.Selected)

	in := newMail("ana@example.com", "private")
	in.To, in.ReplyTokens = []string{"reply@in.example.com"}, tokensOf(t, i.s, refused.MessageID)
	require.Equal(t, i.victim.Email.ID, receiveInbound(t, i.s, in, time.Now()).ChatID)
	received, err := i.s.Inbound(t.Context(), i.victim.Workspace, chat.InboundFilter{Page: pageOfTen()})
	require.NoError(t, err)

	i.inbound = received.Items[0].ID
}

func isNothing(value any) bool {
	v := reflect.ValueOf(value)
	return !v.IsValid() || v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
}

// readWorkspace is all rows of a workspace as text.
func readWorkspace(t *testing.T, s *db.Store, ws chat.WorkspaceID) map[string][]map[string]any {
	t.Helper()

	all := map[string][]map[string]any{}

	for _, column := range readCatalog(t, s).Columns {
		table, rest, _ := strings.Cut(column, ".")
		if !strings.HasPrefix(rest, "workspace_id ") {
			continue
		}

		var rows []map[string]any
		err := s.Bun().
			NewSelect().
			Table(table).
			Where("workspace_id = ?", ws).
			OrderExpr("1, 2, 3").
			Scan(t.Context(), &rows)

		require.NoError(t, err)

		all[table] = rows
	}

	require.NotEmpty(t, all["deliveries"])

	return all
}
