package chaos

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"handrail/chat"
	"handrail/db"
)

// seeded is the workspace that everything is sent in.
type seeded struct {
	workspace chat.WorkspaceID
	chats     []chat.ChatID
	secrets   []string // of API keys, one for each caller
}

// sendsPerChat is how many messages a chat gets: enough that they meet at its address.
const sendsPerChat = 10

// emailEvery makes every fourth chat one by email, the others are by SMS.
const emailEvery = 4

// marker is what tells a message from every other one, in all three truths.
func marker(n int) string { return fmt.Sprintf("chaos-%06d", n) }

// seed fills an empty database with a workspace, its chats and its keys.
func seed(ctx context.Context, url string, o Options) (*seeded, error) {
	store, err := db.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = store.Close() }() // all is stored, or reported as an error
	s := seeder{store: store, seeded: &seeded{workspace: chat.WorkspaceID(uuid.NewString())}}
	if err := s.staff(ctx); err != nil {
		return nil, fmt.Errorf("seed the workspace: %w", err)
	}
	for n := range o.Callers {
		if err := s.key(ctx, n); err != nil {
			return nil, fmt.Errorf("seed the API keys: %w", err)
		}
	}
	for n := range max(emailEvery, o.Sends/sendsPerChat) {
		if err := s.chat(ctx, n); err != nil {
			return nil, fmt.Errorf("seed the chats: %w", err)
		}
	}
	return s.seeded, nil
}

type seeder struct {
	*seeded
	store     *db.Store
	by        chat.Actor
	assistant chat.Member
	number    chat.PhoneNumber
	inbox     chat.Inbox
}

func (s *seeder) staff(ctx context.Context) error {
	if err := s.store.CreateWorkspace(ctx, chat.Workspace{ID: s.workspace, Name: "Chaos", CreatedAt: time.Now()}); err != nil {
		return err
	}
	manager, err := s.member(ctx, chat.Member{Kind: chat.KindPerson, Role: chat.RoleManager, Name: "Manager"})
	if err != nil {
		return err
	}
	s.by = chat.Actor{MemberID: manager.ID}
	if s.assistant, err = s.member(ctx, chat.Member{Kind: chat.KindAssistant, Role: chat.RoleUser, Name: "Assistant"}); err != nil {
		return err
	}
	if s.number, err = s.store.CreatePhoneNumber(ctx, s.workspace, s.by, chat.PhoneNumber{Name: "Support", Number: "+14155550100"}); err != nil {
		return err
	}
	s.inbox, err = s.store.CreateInbox(ctx, s.workspace, s.by, chat.Inbox{Address: "support@example.com", DisplayName: "Support"})
	return err
}

func (s *seeder) member(ctx context.Context, m chat.Member) (chat.Member, error) {
	m.NotificationsEnabled, m.ConsentSMS, m.ConsentEmail = true, chat.ConsentGranted, chat.ConsentGranted
	return s.store.CreateMember(ctx, s.workspace, s.by, m)
}

func (s *seeder) key(ctx context.Context, n int) error {
	secret := chat.NewKeySecret()
	_, err := s.store.CreateKey(ctx, s.workspace, s.by, chat.Key{
		MemberID: s.by.MemberID, Name: fmt.Sprintf("caller %d", n), Scopes: chat.AllScopes(), Hint: chat.KeyHint(secret),
	}, chat.HashKey(secret))
	s.secrets = append(s.secrets, secret)
	return err
}

func (s *seeder) chat(ctx context.Context, n int) error {
	customer, err := s.member(ctx, chat.Member{
		Kind: chat.KindPerson, Role: chat.RoleUser, Name: fmt.Sprintf("Customer %d", n),
		Phone: fmt.Sprintf("+1415%07d", 6_000_000+n), Email: fmt.Sprintf("customer%d@example.com", n),
	})
	if err != nil {
		return err
	}
	in := chat.NewChat{
		Channel: chat.ChannelSMS, Title: "Order", MemberID: customer.ID, AssistantMemberID: &s.assistant.ID, PhoneNumberID: &s.number.ID,
	}
	if n%emailEvery == emailEvery-1 {
		in.Channel, in.PhoneNumberID, in.InboxID = chat.ChannelEmail, nil, &s.inbox.ID
	}
	made, err := s.store.CreateChat(ctx, s.workspace, s.by, in)
	s.chats = append(s.chats, made.ID)
	return err
}
