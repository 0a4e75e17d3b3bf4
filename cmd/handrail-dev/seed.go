package main

import (
	"context"
	"fmt"
	"time"

	"handrail/chat"
	"handrail/db"
)

// The demo workspace and its keys, which open nothing but a loopback address.
const (
	demoWorkspace = chat.WorkspaceID("11111111-1111-4111-8111-111111111111")
	demoKey       = "hr_dev_00000000000000000000000000000000"
	// secondKey is another manager's, who may approve what the first one asks for.
	secondKey = "hr_dev_11111111111111111111111111111111"
	// demoNumber is what the workspace sends SMS from.
	demoNumber = "+14155550100"
)

// demo are the ids that the ready screen shows.
type demo struct {
	SMSChat, EmailChat chat.ChatID
	Contributor        chat.MemberID
}

// seeder fills the demo workspace and remembers the first thing that went wrong.
type seeder struct {
	ctx   context.Context //nolint:containedctx // lives for one call of seed
	store *db.Store
	by    chat.Actor
	err   error
}

// seedDemo makes the demo workspace at the first start, and finds it again later. Its tools are
// at the sandbox, which must be running.
func seedDemo(ctx context.Context, store *db.Store, box preparer, sandbox string) (demo, error) {
	if _, err := store.Workspace(ctx, demoWorkspace); err == nil {
		return findDemo(ctx, store)
	} else if chat.CodeOf(err) != chat.CodeWorkspaceNotFound {
		return demo{}, err
	}

	s := &seeder{ctx: ctx, store: store}
	d := s.fill()
	s.tools(box, sandbox)

	if s.err != nil {
		return demo{}, fmt.Errorf("fill the demo workspace: %w", s.err)
	}

	return d, nil
}

func findDemo(ctx context.Context, store *db.Store) (demo, error) {
	var d demo

	chats, err := store.Chats(ctx, demoWorkspace, chat.ChatFilter{Page: chat.Page{Limit: 100}})
	if err != nil {
		return d, err
	}

	for _, c := range chats.Items {
		// The demo's own chats are older than all that were made since.
		switch c.Channel { //nolint:exhaustive // the demo shows two channels
		case chat.ChannelSMS:
			d.SMSChat = olderChat(d.SMSChat, c.ID)
		case chat.ChannelEmail:
			d.EmailChat = olderChat(d.EmailChat, c.ID)
		}
	}

	members, err := store.Members(
		ctx,
		demoWorkspace,
		chat.MemberFilter{Query: contributorName, Page: chat.Page{Limit: 1}},
	)
	if err == nil && len(members.Items) > 0 {
		d.Contributor = members.Items[0].ID
	}

	return d, err
}

// olderChat returns the smaller id; 0 is none.
func olderChat(a, b chat.ChatID) chat.ChatID {
	if a == 0 {
		return b
	}

	return min(a, b)
}

const contributorName = "Priya Raman"

func (s *seeder) fill() demo {
	workspace := chat.Workspace{ID: demoWorkspace, Name: "Demo", CreatedAt: time.Now()}
	if s.err = s.store.CreateWorkspace(s.ctx, workspace); s.err != nil {
		return demo{}
	}

	manager := s.member(chat.Member{
		Kind:  chat.KindPerson,
		Role:  chat.RoleManager,
		Name:  "Mara Feld",
		Email: "mara@handrail.example",
	})

	s.by.MemberID = manager.ID
	assistant := s.member(chat.Member{Kind: chat.KindAssistant, Name: "Robin"})

	ana := s.customer("Ana Lopez", "+14155550101", "ana@customers.example")
	ben := s.customer("Ben Okafor", "+14155550102", "ben@customers.example")
	priya := s.customer(contributorName, "+14155550103", "priya@customers.example")

	s.key(manager.ID, "Development", demoKey)

	second := s.member(chat.Member{
		Kind:  chat.KindPerson,
		Role:  chat.RoleManager,
		Name:  "Noor Haddad",
		Email: "noor@handrail.example",
	})

	s.key(second.ID, "Development, a second person", secondKey)

	number := s.phoneNumber()
	inbox := s.inbox()

	s.labels()

	s.defaults(chat.WorkspaceDefaults{
		AssistantMemberID: &assistant.ID,
		PhoneNumberID:     &number.ID,
		InboxID:           &inbox.ID,
	})

	sms := s.fillSMSChat(chat.NewChat{
		MemberID:          ana.ID,
		AssistantMemberID: &assistant.ID,
		PhoneNumberID:     &number.ID,
		Participants:      []chat.NewParticipant{{MemberID: priya.ID, Role: chat.ParticipantContributor}},
	})

	email := s.fillEmailChat(chat.NewChat{
		MemberID:          ben.ID,
		AssistantMemberID: &assistant.ID,
		InboxID:           &inbox.ID,
	})

	return demo{SMSChat: sms.ID, EmailChat: email.ID, Contributor: priya.ID}
}

func (s *seeder) customer(name, phone, email string) chat.Member {
	return s.member(chat.Member{
		Kind:  chat.KindPerson,
		Name:  name,
		Phone: phone,
		Email: email,
	})
}

// fillSMSChat makes the chat by SMS, about a booking.
func (s *seeder) fillSMSChat(c chat.NewChat) chat.Chat {
	c.Channel = chat.ChannelSMS
	c.Title = "Booking"
	made := s.chat(c)

	s.says(made.ID, c.MemberID,
		"Hi! I booked a table for four on Friday at 7 pm, the name is Lopez.",
		"Two more friends want to come along. Can you make it six people?",
		"And is there still a place on the terrace? My mother uses a wheelchair.")

	return made
}

// fillEmailChat makes the chat by email, about an invoice.
func (s *seeder) fillEmailChat(c chat.NewChat) chat.Chat {
	c.Channel = chat.ChannelEmail
	c.Title = "Invoice 2026-1184"
	made := s.chat(c)

	s.says(
		made.ID,
		c.MemberID,
		"Hello,\n\nour invoice 2026-1184 of 3 November shows 12 seats, but we have used 9 since October. "+
			"Could you correct it and send us a new one?\n\nBest regards\nBen Okafor",
		"Hello again,\n\nthe payment is due on Thursday. Please tell me whether I should pay the invoice as it is "+
			"or wait for the corrected one.\n\nBen",
	)

	return made
}

// runStep runs one step of the seeding unless an earlier one has failed.
func runStep[T any](s *seeder, do func() (T, error)) T {
	var made T
	if s.err == nil {
		made, s.err = do()
	}

	return made
}

func (s *seeder) member(m chat.Member) chat.Member {
	m.NotificationsEnabled = true
	m.Consents = chat.Consents{chat.ChannelSMS: chat.ConsentGranted, chat.ChannelEmail: chat.ConsentGranted}

	if m.Role == "" {
		m.Role = chat.RoleUser
	}

	return runStep(s, func() (chat.Member, error) { return s.store.CreateMember(s.ctx, demoWorkspace, s.by, m) })
}

func (s *seeder) phoneNumber() chat.PhoneNumber {
	return runStep(s, func() (chat.PhoneNumber, error) {
		line := chat.PhoneNumber{Name: "Support line", Number: demoNumber}
		return s.store.CreatePhoneNumber(s.ctx, demoWorkspace, s.by, line)
	})
}

func (s *seeder) inbox() chat.Inbox {
	return runStep(s, func() (chat.Inbox, error) {
		box := chat.Inbox{Address: "support@handrail.example", DisplayName: "Handrail Demo"}
		return s.store.CreateInbox(s.ctx, demoWorkspace, s.by, box)
	})
}

func (s *seeder) defaults(d chat.WorkspaceDefaults) {
	runStep(s, func() (chat.WorkspaceDefaults, error) {
		return s.store.UpdateWorkspaceDefaults(s.ctx, demoWorkspace, s.by, d)
	})
}

func (s *seeder) key(member chat.MemberID, name, secret string) {
	runStep(s, func() (chat.Key, error) {
		return s.store.CreateKey(s.ctx, demoWorkspace, s.by, chat.Key{
			MemberID: member,
			Name:     name,
			Scopes:   chat.AllScopes(),
			Hint:     chat.KeyHint(secret),
		}, chat.HashKey(secret))
	})
}

func (s *seeder) labels() {
	for _, l := range []chat.Label{
		{
			Name:        "booking",
			Color:       "#3366ff",
			Description: "Tables, reservations, changes of date, time or number of guests",
		},
		{Name: "billing", Color: "#cc6600", Description: "Invoices, payments, refunds, prices"},
		{Name: "accessibility", Color: "#228855", Description: "Wheelchair, hearing, sight, allergies"},
		{Name: "vip", Color: "#aa33aa", Description: "Important customers"},
	} {
		runStep(s, func() (chat.Label, error) { return s.store.CreateLabel(s.ctx, demoWorkspace, s.by, l) })
	}
}

func (s *seeder) chat(c chat.NewChat) chat.Chat {
	return runStep(s, func() (chat.Chat, error) { return s.store.CreateChat(s.ctx, demoWorkspace, s.by, c) })
}

func (s *seeder) says(c chat.ChatID, m chat.MemberID, texts ...string) {
	for _, text := range texts {
		runStep(s, func() (chat.Message, error) {
			return s.store.AddMessage(s.ctx, demoWorkspace, c, chat.NewMessage{MemberID: m, Content: text})
		})
	}
}
