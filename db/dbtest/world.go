package dbtest

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/uuidv7"
)

// World is a workspace with one of everything.
type World struct {
	Workspace chat.WorkspaceID
	// By is the manager, through Key.
	By        chat.Actor
	Manager   chat.Member
	Assistant chat.Member
	// Customer has a phone number and an email address.
	Customer    chat.Member
	PhoneNumber chat.PhoneNumber
	Inbox       chat.Inbox
	VIP         chat.Label
	Billing     chat.Label
	// SMS and Email are chats with the customer, without messages; the manager is their
	// operator.
	SMS   chat.Chat
	Email chat.Chat
	// Key holds every scope; Secret is what a caller sends.
	Key    chat.Key
	Secret string
}

// Hash is what is stored of the key.
func (w *World) Hash() [32]byte { return chat.HashKey(w.Secret) }

// Seed makes a new world in the store. The first one of a store writes from +14155550100 and
// support@example.com, each further one has senders of its own.
func Seed(tb testing.TB, s *db.Store) *World {
	tb.Helper()

	others, err := s.Workspaces(tb.Context())
	require.NoError(tb, err)

	w := &World{Workspace: chat.WorkspaceID(uuid.NewString()), Secret: chat.KeyPrefix + rand.Text()}
	require.NoError(tb, s.CreateWorkspace(tb.Context(), chat.Workspace{ID: w.Workspace, Name: "Test"}))
	w.seedMembers(tb, s)

	number := chat.PhoneNumber{Name: "Support", Number: "+14155550100"}
	inbox := chat.Inbox{Address: "support@example.com", DisplayName: "Support"}

	if n := len(others); n > 0 {
		number.Number = fmt.Sprintf("+1415555%04d", 1000+n)
		inbox.Address = fmt.Sprintf("support-%d@example.com", n)
	}

	w.Grant(tb, s, number.Number)
	w.Grant(tb, s, inbox.Address)

	w.PhoneNumber, err = s.CreatePhoneNumber(tb.Context(), w.Workspace, w.By, number)
	require.NoError(tb, err)

	w.Inbox, err = s.CreateInbox(tb.Context(), w.Workspace, w.By, inbox)
	require.NoError(tb, err)

	w.VIP, err = s.CreateLabel(tb.Context(), w.Workspace, w.By, chat.Label{Name: "VIP", Color: "#ff8800"})
	require.NoError(tb, err)

	billing := chat.Label{Name: "Billing", Description: "Invoices and payments"}
	w.Billing, err = s.CreateLabel(tb.Context(), w.Workspace, w.By, billing)
	require.NoError(tb, err)

	operator := []chat.NewParticipant{{MemberID: w.Manager.ID, Role: chat.ParticipantOperator}}
	w.SMS, err = s.CreateChat(tb.Context(), w.Workspace, w.By, chat.NewChat{
		Channel:           chat.ChannelSMS,
		Title:             "Late parcel",
		MemberID:          w.Customer.ID,
		AssistantMemberID: &w.Assistant.ID,
		PhoneNumberID:     &w.PhoneNumber.ID,
		Participants:      operator,
	})
	require.NoError(tb, err)

	w.Email, err = s.CreateChat(tb.Context(), w.Workspace, w.By, chat.NewChat{
		Channel:           chat.ChannelEmail,
		Title:             "Invoice",
		MemberID:          w.Customer.ID,
		AssistantMemberID: &w.Assistant.ID,
		InboxID:           &w.Inbox.ID,
		Participants:      operator,
	})
	require.NoError(tb, err)

	return w
}

// Grant lets the workspace enter a sender.
func (w *World) Grant(tb testing.TB, s *db.Store, sender string) {
	tb.Helper()

	_, err := s.GrantSender(tb.Context(), w.Workspace, sender)
	require.NoError(tb, err)
}

func (w *World) seedMembers(tb testing.TB, s *db.Store) {
	tb.Helper()

	member := func(m chat.Member) chat.Member {
		created, err := s.CreateMember(tb.Context(), w.Workspace, w.By, m)
		require.NoError(tb, err)

		return created
	}

	manager := NewPerson("Mona Manager", "", "")
	manager.Role = chat.RoleManager
	w.Manager = member(manager)
	w.By.MemberID = w.Manager.ID

	var err error

	w.Key, err = s.CreateKey(tb.Context(), w.Workspace, w.By, chat.Key{
		MemberID: w.Manager.ID,
		Name:     "test",
		Scopes:   chat.AllScopes(),
		Hint:     w.Secret[len(w.Secret)-4:],
	}, w.Hash())
	require.NoError(tb, err)

	w.By.KeyID = w.Key.ID

	assistant := NewPerson("Handy", "", "")
	assistant.Kind = chat.KindAssistant
	w.Assistant = member(assistant)

	w.Customer = member(NewPerson("Ana Lopez", "+14155550123", "ana@example.com"))
}

// NewPerson returns a person to be stored, who may be written to and has not consented or refused; ""
// leaves phone or email out.
func NewPerson(name, phone, email string) chat.Member {
	return chat.Member{
		Kind:                 chat.KindPerson,
		Role:                 chat.RoleUser,
		Name:                 name,
		Phone:                phone,
		Email:                email,
		NotificationsEnabled: true,
	}
}

// Request is a fresh request concerning the chat, without an idempotency key.
func (w *World) Request(id chat.ChatID) chat.Request {
	return chat.Request{
		ActionID:    uuidv7.New[chat.ActionID](),
		WorkspaceID: w.Workspace,
		ChatID:      id,
		By:          w.By,
		Fingerprint: chat.Fingerprint{"message": "digest"},
	}
}

// Send asks for text to be sent in the chat as the assistant.
func (w *World) Send(id chat.ChatID, text string, calls ...chat.ToolCall) chat.SendAssistantMessage {
	return chat.SendAssistantMessage{Request: w.Request(id), Message: text, ToolCalls: calls}
}

// Prepare stores a send of text in the chat, ready to be claimed.
func (w *World) Prepare(
	tb testing.TB,
	s *db.Store,
	id chat.ChatID,
	text string,
	calls ...chat.ToolCall,
) chat.AssistantMessageSent {
	tb.Helper()
	prepared, err := s.PrepareSend(tb.Context(), w.Send(id, text, calls...), SendIDs(), PlanText(text))
	require.NoError(tb, err)

	return prepared
}

// PlanText plans by the rules of the domain and posts text as it is.
func PlanText(text string) func(*chat.SendFacts) (chat.SendPlan, error) {
	return func(facts *chat.SendFacts) (chat.SendPlan, error) {
		plan, err := facts.Plan(text)
		plan.Payload = chat.Payload{Text: text, Segments: 1}

		return plan, err
	}
}

// PlanRetry plans a retry without a change by the rules of the domain.
func PlanRetry(facts *chat.SendFacts, old *chat.Delivery) (chat.SendPlan, error) {
	return facts.PlanRetry(old, chat.Change{})
}

// Retry asks for a delivery to be tried again.
func (w *World) Retry(id chat.DeliveryID, change chat.Change) chat.RetryDelivery {
	return chat.RetryDelivery{
		Request:    w.Request(0),
		DeliveryID: id,
		Change:     change,
		Reason:     "the customer asked",

		AcknowledgeDuplicate: true,
	}
}

// NewBulkRetry asks for all deliveries of the filter to be tried again.
func (w *World) NewBulkRetry(f chat.DeliveryFilter) chat.NewBulkRetry {
	return chat.NewBulkRetry{
		ID:          uuidv7.New[chat.ActionID](),
		WorkspaceID: w.Workspace,
		By:          w.By,
		Fingerprint: chat.Fingerprint{"filter": "digest"},
		Filter:      f,
		Rate:        chat.DefaultBulkRate,
		Failures:    chat.DefaultBulkFailures,
		Reason:      "after the outage",
	}
}

// SendIDs are fresh ids for a send.
func SendIDs() chat.SendIDs {
	return chat.SendIDs{MessageID: uuidv7.New[chat.MessageID](), DeliveryID: uuidv7.New[chat.DeliveryID]()}
}

// Claim claims a delivery for a minute from now on; it must be granted.
func (w *World) Claim(tb testing.TB, s *db.Store, id chat.DeliveryID, now time.Time) chat.Delivery {
	tb.Helper()
	claim, err := s.Claim(tb.Context(), w.Workspace, id, now, time.Minute)
	require.NoError(tb, err)
	require.True(tb, claim.Granted, "the claim must be granted: %s", claim.Delivery.ErrorCode)

	return claim.Delivery
}
