package testcluster

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"handrail/chat"
	"handrail/db"
)

// Seeded is a workspace to send in.
type Seeded struct {
	Workspace chat.WorkspaceID
	By        chat.Actor
	Chats     []chat.ChatID
	// Customers are whom the chats are with, in the order of the chats.
	Customers []chat.Member
	// From is the number that SMS are sent from.
	From string
	// Secrets are of API keys, one for each caller: a key may make only so many requests in
	// a second.
	Secrets []string
}

// SeedOptions say how much there is to be.
type SeedOptions struct {
	// Number is the workspace's own, and its address's: those of two must differ.
	Number int
	Keys   int
	Chats  int
	// EmailEvery makes every so many'th chat one by email, the others are by SMS; 0 makes
	// none.
	EmailEvery int
}

// Seed fills a workspace with its staff, keys and chats, each with a customer of its own.
func Seed(ctx context.Context, store *db.Store, o SeedOptions) (*Seeded, error) {
	s := seeder{store: store, SeedOptions: o, Seeded: &Seeded{Workspace: chat.WorkspaceID(uuid.NewString())}}
	if err := s.staff(ctx); err != nil {
		return nil, fmt.Errorf("seed the workspace: %w", err)
	}

	for n := range o.Keys {
		if err := s.key(ctx, n); err != nil {
			return nil, fmt.Errorf("seed the API keys: %w", err)
		}
	}

	for n := range o.Chats {
		if err := s.chat(ctx, n); err != nil {
			return nil, fmt.Errorf("seed the chats: %w", err)
		}
	}

	return s.Seeded, nil
}

type seeder struct {
	SeedOptions
	*Seeded
	store     *db.Store
	assistant chat.Member
	number    chat.PhoneNumber
	inbox     chat.Inbox
}

func (s *seeder) staff(ctx context.Context) error {
	workspace := chat.Workspace{ID: s.Workspace, Name: fmt.Sprintf("Trial %d", s.Number), CreatedAt: time.Now()}
	if err := s.store.CreateWorkspace(ctx, workspace); err != nil {
		return err
	}

	manager, err := s.member(ctx, chat.Member{Kind: chat.KindPerson, Role: chat.RoleManager, Name: "Manager"})
	if err != nil {
		return err
	}

	s.By = chat.Actor{MemberID: manager.ID}

	assistant := chat.Member{Kind: chat.KindAssistant, Role: chat.RoleUser, Name: "Assistant"}
	if s.assistant, err = s.member(ctx, assistant); err != nil {
		return err
	}

	number := chat.PhoneNumber{Name: "Support", Number: fmt.Sprintf("+1415555%04d", 100+s.Number)}
	address := fmt.Sprintf("support%d@example.com", s.Number)

	// Where there are several workspaces, each needs a grant for its senders.
	for _, sender := range []string{number.Number, address} {
		if _, err := s.store.GrantSender(ctx, s.Workspace, sender); err != nil {
			return err
		}
	}

	if s.number, err = s.store.CreatePhoneNumber(ctx, s.Workspace, s.By, number); err != nil {
		return err
	}

	s.From = s.number.Number

	s.inbox, err = s.store.CreateInbox(ctx, s.Workspace, s.By, chat.Inbox{Address: address, DisplayName: "Support"})

	return err
}

func (s *seeder) member(ctx context.Context, m chat.Member) (chat.Member, error) {
	m.NotificationsEnabled = true
	m.Consents = chat.Consents{chat.ChannelSMS: chat.ConsentGranted, chat.ChannelEmail: chat.ConsentGranted}

	return s.store.CreateMember(ctx, s.Workspace, s.By, m)
}

func (s *seeder) key(ctx context.Context, n int) error {
	secret := chat.NewKeySecret()
	_, err := s.store.CreateKey(ctx, s.Workspace, s.By, chat.Key{
		MemberID: s.By.MemberID,
		Name:     fmt.Sprintf("caller %d", n),
		Scopes:   chat.AllScopes(),
		Hint:     chat.KeyHint(secret),
	}, chat.HashKey(secret))

	s.Secrets = append(s.Secrets, secret)

	return err
}

func (s *seeder) chat(ctx context.Context, n int) error {
	customer, err := s.member(ctx, chat.Member{
		Kind:  chat.KindPerson,
		Role:  chat.RoleUser,
		Name:  fmt.Sprintf("Customer %d", n),
		Phone: fmt.Sprintf("+1%03d%07d", 416+s.Number, 6_000_000+n),
		Email: fmt.Sprintf("customer%d.%d@example.com", s.Number, n),
	})
	if err != nil {
		return err
	}

	in := chat.NewChat{
		Channel:           chat.ChannelSMS,
		Title:             "Order",
		MemberID:          customer.ID,
		AssistantMemberID: &s.assistant.ID,
		PhoneNumberID:     &s.number.ID,
	}

	if s.EmailEvery > 0 && n%s.EmailEvery == s.EmailEvery-1 {
		in.Channel = chat.ChannelEmail
		in.PhoneNumberID = nil
		in.InboxID = &s.inbox.ID
	}

	made, err := s.store.CreateChat(ctx, s.Workspace, s.By, in)
	s.Seeded.Chats = append(s.Seeded.Chats, made.ID)
	s.Customers = append(s.Customers, customer)

	return err
}
