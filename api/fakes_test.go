package api_test

import (
	"context"
	"sync"
	"time"

	"handrail/api"
	"handrail/chat"
)

const (
	home    chat.WorkspaceID = "11111111-1111-4111-8111-111111111111"
	foreign chat.WorkspaceID = "22222222-2222-4222-8222-222222222222"

	chatOne    chat.ChatID     = 7
	messageOne chat.MessageID  = "01934f6e-7f3c-7c4e-9d2b-1f4d5a6b7c8d"
	deliveryID chat.DeliveryID = "01934f6e-7f4a-7d11-8a2c-2e3f4a5b6c7d"
	actionOne  chat.ActionID   = "01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e"
)

var noon = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

// Keys that the fake store knows.
const (
	managerKey = "hr_manager00000000000000000000000000"
	userKey    = "hr_user000000000000000000000000000000"
	noScopeKey = "hr_noscope0000000000000000000000000000"
	foreignKey = "hr_foreign0000000000000000000000000000"
	expiredKey = "hr_expired0000000000000000000000000000"
)

// fakeStore answers with what a test puts into its fields, and notes every change that it
// is asked for.
type fakeStore struct {
	mutex   sync.Mutex
	changes []string

	principals map[[32]byte]chat.Principal
	chat       func(chat.ChatID) (chat.Chat, error)
	takesPart  func(chat.ChatID, chat.MemberID) (bool, error)
	action     func(chat.ActionID) (chat.Action, error)
	sent       func(chat.ActionID) (chat.AssistantMessageSent, error)
	delivery   func(chat.DeliveryID) (chat.Delivery, error)
	// fail is returned by every change, and by what has no field of its own.
	fail      error
	ping      error
	unmigrated bool

	// What the latest calls were given.
	chatFilter     chat.ChatFilter
	messagePage    chat.MessagePage
	memberFilter   chat.MemberFilter
	deliveryFilter chat.DeliveryFilter
	newChat        chat.NewChat
	chatPatch      chat.ChatPatch
	member         chat.Member
	memberPatch    chat.MemberPatch
	newMessage     chat.NewMessage
	rating         chat.Rating
	key            chat.Key
	keyHash        [32]byte
	labels         []chat.Label
	participants   []chat.Participant
}

var _ api.Store = (*fakeStore)(nil)

func newFakeStore() *fakeStore {
	manager := chat.Principal{KeyID: 1, WorkspaceID: home, MemberID: 1, Role: chat.RoleManager, Scopes: chat.AllScopes()}
	user, scopeless, stranger := manager, manager, manager
	user.KeyID, user.MemberID, user.Role = 2, 42, chat.RoleUser
	scopeless.KeyID, scopeless.MemberID, scopeless.Scopes = 3, 9, nil
	stranger.KeyID, stranger.WorkspaceID = 4, foreign
	return &fakeStore{
		principals: map[[32]byte]chat.Principal{
			api.HashKey(managerKey): manager, api.HashKey(userKey): user, api.HashKey(noScopeKey): scopeless, api.HashKey(foreignKey): stranger,
		},
		participants: []chat.Participant{{ID: 12, ChatID: chatOne, MemberID: 42, MemberName: "Ana Lopez", MemberKind: chat.KindPerson, Role: chat.ParticipantContributor, CreatedAt: noon}},
		labels:       []chat.Label{{ID: 3, Name: "vip", Color: "#3366ff", CreatedAt: noon}},
	}
}

// change notes a change, and answers with the failure that a test has set.
func (f *fakeStore) change(what string) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.changes = append(f.changes, what)
	return f.fail
}

func (f *fakeStore) changed() []string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.changes
}

func (f *fakeStore) Authenticate(_ context.Context, hash [32]byte, _ time.Time) (chat.Principal, error) {
	if p, ok := f.principals[hash]; ok {
		return p, nil
	}
	return chat.Principal{}, chat.Errorf(chat.CodeUnauthenticated, "expired on Monday")
}

func (f *fakeStore) CreateKey(_ context.Context, _ chat.WorkspaceID, _ chat.Actor, key chat.Key, hash [32]byte) (chat.Key, error) {
	f.key, f.keyHash = key, hash
	key.ID = 5
	return key, f.change("CreateKey")
}

func (f *fakeStore) Keys(context.Context, chat.WorkspaceID, chat.Page) (chat.List[chat.Key], error) {
	return chat.List[chat.Key]{Items: []chat.Key{{ID: 5, Name: "Shop", Scopes: []chat.Scope{chat.ScopeChatsRead}}}}, f.fail
}

func (f *fakeStore) Key(context.Context, chat.WorkspaceID, chat.KeyID) (chat.Key, error) {
	return chat.Key{ID: 5, Name: "Shop", Scopes: []chat.Scope{chat.ScopeChatsRead}}, f.fail
}

func (f *fakeStore) RevokeKey(context.Context, chat.WorkspaceID, chat.Actor, chat.KeyID, time.Time) error {
	return f.change("RevokeKey")
}

func (f *fakeStore) CreateMember(_ context.Context, _ chat.WorkspaceID, _ chat.Actor, m chat.Member) (chat.Member, error) {
	f.member = m
	m.ID = 42
	return m, f.change("CreateMember")
}

func ana() chat.Member {
	return chat.Member{ID: 42, Kind: chat.KindPerson, Role: chat.RoleUser, Name: "Ana Lopez", ConsentSMS: chat.ConsentGranted, ConsentEmail: chat.ConsentUnknown}
}

func (f *fakeStore) Member(context.Context, chat.WorkspaceID, chat.MemberID) (chat.Member, error) {
	return ana(), f.fail
}

func (f *fakeStore) Members(_ context.Context, _ chat.WorkspaceID, filter chat.MemberFilter) (chat.List[chat.Member], error) {
	f.memberFilter = filter
	return chat.List[chat.Member]{Items: []chat.Member{ana()}, NextCursor: "next"}, f.fail
}

func (f *fakeStore) UpdateMember(_ context.Context, _ chat.WorkspaceID, _ chat.Actor, _ chat.MemberID, patch chat.MemberPatch) (chat.Member, error) {
	f.memberPatch = patch
	return ana(), f.change("UpdateMember")
}

func (f *fakeStore) CreateChat(_ context.Context, _ chat.WorkspaceID, _ chat.Actor, in chat.NewChat) (chat.Chat, error) {
	f.newChat = in
	return smsChat(), f.change("CreateChat")
}

func smsChat() chat.Chat {
	return chat.Chat{
		ID: chatOne, WorkspaceID: home, Channel: chat.ChannelSMS, State: chat.StateOpen, Title: "Late delivery", MemberID: 42,
		Attention: 5, Answered: 4, NeedsResponse: true, Summary: "Ana asks.", SummaryModel: "offline", SummaryUpdatedAt: &noon,
		Labels: []chat.Label{{ID: 3, Name: "vip", Color: "#3366ff"}}, LastActivityAt: noon, CreatedAt: noon, UpdatedAt: noon,
	}
}

func (f *fakeStore) Chat(_ context.Context, ws chat.WorkspaceID, id chat.ChatID) (chat.Chat, error) {
	if f.chat != nil {
		return f.chat(id)
	}
	if id != chatOne || ws != home {
		return chat.Chat{}, chat.Errorf(chat.CodeChatNotFound, "there is no chat %d", id)
	}
	return smsChat(), nil
}

func (f *fakeStore) Chats(_ context.Context, _ chat.WorkspaceID, filter chat.ChatFilter) (chat.List[chat.Chat], error) {
	f.chatFilter = filter
	return chat.List[chat.Chat]{Items: []chat.Chat{smsChat()}}, f.fail
}

func (f *fakeStore) UpdateChat(_ context.Context, _ chat.WorkspaceID, _ chat.Actor, _ chat.ChatID, patch chat.ChatPatch) (chat.Chat, error) {
	f.chatPatch = patch
	return smsChat(), f.change("UpdateChat")
}

func (f *fakeStore) DeleteChat(context.Context, chat.WorkspaceID, chat.Actor, chat.ChatID) error {
	return f.change("DeleteChat")
}

func (f *fakeStore) TakesPart(_ context.Context, _ chat.WorkspaceID, id chat.ChatID, member chat.MemberID) (bool, error) {
	if f.takesPart != nil {
		return f.takesPart(id, member)
	}
	return id == chatOne && member == 42, nil
}

func (f *fakeStore) Participants(context.Context, chat.WorkspaceID, chat.ChatID) ([]chat.Participant, error) {
	return f.participants, f.fail
}

func (f *fakeStore) UpdateParticipant(_ context.Context, _ chat.WorkspaceID, _ chat.Actor, _ chat.ChatID, _ chat.ParticipantID, role chat.ParticipantRole) (chat.Participant, error) {
	p := f.participants[0]
	p.Role = role
	return p, f.change("UpdateParticipant")
}

func (f *fakeStore) RemoveParticipant(context.Context, chat.WorkspaceID, chat.Actor, chat.ChatID, chat.ParticipantID) error {
	return f.change("RemoveParticipant")
}

func inbound() chat.Message {
	return chat.Message{Number: 1040, ID: messageOne, ChatID: chatOne, MemberID: new(chat.MemberID(42)), Role: chat.RoleUserMessage, Content: "Where is it?", State: chat.MessageReceived, CreatedAt: noon}
}

func outbound() chat.Message {
	m := inbound()
	m.Number, m.Role, m.Content, m.State, m.DeliveryID = 1041, chat.RoleAssistantMessage, "On its way.", chat.MessageSent, deliveryID
	m.ToolCalls = []chat.ToolCall{{ID: "call_1", Name: "add_label", Arguments: []byte(`{"label":"vip"}`), State: chat.ToolCallSucceeded, Result: []byte(`{}`)}}
	return m
}

func (f *fakeStore) Messages(_ context.Context, _ chat.WorkspaceID, _ chat.ChatID, page chat.MessagePage) (chat.List[chat.Message], error) {
	f.messagePage = page
	return chat.List[chat.Message]{Items: []chat.Message{outbound(), inbound()}, NextCursor: "older"}, f.fail
}

func (f *fakeStore) AddMessage(_ context.Context, _ chat.WorkspaceID, _ chat.ChatID, in chat.NewMessage) (chat.Message, error) {
	f.newMessage = in
	return inbound(), f.change("AddMessage")
}

func (f *fakeStore) RateMessage(_ context.Context, _ chat.WorkspaceID, _ chat.Actor, _ chat.ChatID, _ chat.MessageID, rating chat.Rating) (chat.Message, error) {
	f.rating = rating
	m := outbound()
	m.Rating = &rating
	return m, f.change("RateMessage")
}

func (f *fakeStore) CreateLabel(_ context.Context, _ chat.WorkspaceID, _ chat.Actor, l chat.Label) (chat.Label, error) {
	l.ID = 3
	return l, f.change("CreateLabel")
}

func (f *fakeStore) Labels(context.Context, chat.WorkspaceID) ([]chat.Label, error) {
	return f.labels, f.fail
}

func (f *fakeStore) Label(context.Context, chat.WorkspaceID, chat.LabelID) (chat.Label, error) {
	return f.labels[0], f.fail
}

func (f *fakeStore) UpdateLabel(context.Context, chat.WorkspaceID, chat.Actor, chat.LabelID, chat.LabelPatch) (chat.Label, error) {
	return f.labels[0], f.change("UpdateLabel")
}

func (f *fakeStore) DeleteLabel(context.Context, chat.WorkspaceID, chat.Actor, chat.LabelID) error {
	return f.change("DeleteLabel")
}

func (f *fakeStore) CreatePhoneNumber(_ context.Context, _ chat.WorkspaceID, _ chat.Actor, n chat.PhoneNumber) (chat.PhoneNumber, error) {
	n.ID = 1
	return n, f.change("CreatePhoneNumber")
}

func (f *fakeStore) PhoneNumbers(context.Context, chat.WorkspaceID) ([]chat.PhoneNumber, error) {
	return []chat.PhoneNumber{{ID: 1, Number: "+14155550100"}}, f.fail
}

func (f *fakeStore) PhoneNumber(context.Context, chat.WorkspaceID, chat.PhoneNumberID) (chat.PhoneNumber, error) {
	return chat.PhoneNumber{ID: 1, Number: "+14155550100"}, f.fail
}

func (f *fakeStore) UpdatePhoneNumber(context.Context, chat.WorkspaceID, chat.Actor, chat.PhoneNumberID, chat.PhoneNumberPatch) (chat.PhoneNumber, error) {
	return chat.PhoneNumber{ID: 1, Number: "+14155550100"}, f.change("UpdatePhoneNumber")
}

func (f *fakeStore) DeletePhoneNumber(context.Context, chat.WorkspaceID, chat.Actor, chat.PhoneNumberID) error {
	return f.change("DeletePhoneNumber")
}

func (f *fakeStore) CreateInbox(_ context.Context, _ chat.WorkspaceID, _ chat.Actor, i chat.Inbox) (chat.Inbox, error) {
	i.ID = 1
	return i, f.change("CreateInbox")
}

func (f *fakeStore) Inboxes(context.Context, chat.WorkspaceID) ([]chat.Inbox, error) {
	return []chat.Inbox{{ID: 1, Address: "support@example.com"}}, f.fail
}

func (f *fakeStore) Inbox(context.Context, chat.WorkspaceID, chat.InboxID) (chat.Inbox, error) {
	return chat.Inbox{ID: 1, Address: "support@example.com"}, f.fail
}

func (f *fakeStore) UpdateInbox(context.Context, chat.WorkspaceID, chat.Actor, chat.InboxID, chat.InboxPatch) (chat.Inbox, error) {
	return chat.Inbox{ID: 1, Address: "support@example.com"}, f.change("UpdateInbox")
}

func (f *fakeStore) DeleteInbox(context.Context, chat.WorkspaceID, chat.Actor, chat.InboxID) error {
	return f.change("DeleteInbox")
}

func (f *fakeStore) Action(_ context.Context, _ chat.WorkspaceID, id chat.ActionID) (chat.Action, error) {
	if f.action != nil {
		return f.action(id)
	}
	return chat.Action{}, chat.Errorf(chat.CodeActionNotFound, "there is no action %s", id)
}

func (f *fakeStore) SentMessage(_ context.Context, _ chat.WorkspaceID, id chat.ActionID) (chat.AssistantMessageSent, error) {
	if f.sent != nil {
		return f.sent(id)
	}
	return chat.AssistantMessageSent{}, chat.Errorf(chat.CodeActionNotFound, "there is no action %s", id)
}

func (f *fakeStore) Deliveries(_ context.Context, _ chat.WorkspaceID, filter chat.DeliveryFilter) (chat.List[chat.Delivery], error) {
	f.deliveryFilter = filter
	return chat.List[chat.Delivery]{Items: []chat.Delivery{unknownDelivery()}}, f.fail
}

func unknownDelivery() chat.Delivery {
	return chat.Delivery{
		ID: deliveryID, ChatID: chatOne, MessageID: messageOne, ActionID: actionOne, Channel: chat.ChannelSMS, Provider: chat.ProviderTwilio,
		Submission: chat.SubmissionUnknown, From: "+14155550100", To: "+14155550123", ErrorCode: chat.ErrorTimeout, Fence: 1, UnknownSince: &noon,
		CreatedAt: noon, UpdatedAt: noon, Attempts: []chat.Attempt{{Fence: 1, StartedAt: noon, FinishedAt: &noon, GotConnection: true, Outcome: chat.OutcomeUnknown, ErrorCode: chat.ErrorTimeout}},
		Events: []chat.ProviderEvent{
			{Provider: chat.ProviderTwilio, Type: "queued", Raw: []byte("MessageStatus=queued"), ReceivedAt: noon},
			{Provider: chat.ProviderTwilio, Type: "sent", Raw: []byte(`{"event":"sent"}`), ReceivedAt: noon},
		},
	}
}

func (f *fakeStore) Delivery(_ context.Context, _ chat.WorkspaceID, id chat.DeliveryID) (chat.Delivery, error) {
	if f.delivery != nil {
		return f.delivery(id)
	}
	return unknownDelivery(), f.fail
}

func (f *fakeStore) AuditLog(context.Context, chat.WorkspaceID, chat.Page) (chat.List[chat.AuditEntry], error) {
	return chat.List[chat.AuditEntry]{Items: []chat.AuditEntry{{ID: 1, Verb: "member.created", Object: "42", At: noon}}}, f.fail
}

func (f *fakeStore) Ping(context.Context) error                      { return f.ping }
func (f *fakeStore) MigrationsCurrent(context.Context) (bool, error) { return !f.unmigrated, nil }

// fakeEngine carries out actions by the functions that a test gives it.
type fakeEngine struct {
	mutex   sync.Mutex
	started []any
	waits   []time.Duration

	add       func(context.Context, chat.AddParticipant) (chat.Answer[chat.ParticipantAdded], error)
	send      func(context.Context, chat.SendAssistantMessage) (chat.Answer[chat.AssistantMessageSent], error)
	summarize func(context.Context, chat.SummarizeChat) (chat.Answer[chat.ChatSummarized], error)
	await     func(context.Context, chat.Action) error
	action    func(chat.ActionID) (chat.Action, error)
	ping      error
}

var _ api.Engine = (*fakeEngine)(nil)

func (f *fakeEngine) note(started any, wait time.Duration) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.started, f.waits = append(f.started, started), append(f.waits, wait)
}

func (f *fakeEngine) all() []any {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.started
}

func (f *fakeEngine) ActionID(chat.WorkspaceID, string) chat.ActionID { return actionOne }

func (f *fakeEngine) AddParticipant(ctx context.Context, in chat.AddParticipant, wait time.Duration) (chat.Answer[chat.ParticipantAdded], error) {
	f.note(in, wait)
	if f.add != nil {
		return f.add(ctx, in)
	}
	return chat.Answer[chat.ParticipantAdded]{Value: chat.ParticipantAdded{ParticipantID: 7, Message: "Ana Lopez added as contributor"}}, nil
}

func accepted() chat.AssistantMessageSent {
	return chat.AssistantMessageSent{
		ActionID: actionOne, Number: 1041, MessageID: messageOne, Content: "On its way.", CreatedAt: noon,
		ToolCalls: []chat.ToolCall{{ID: "call_1", Name: "add_label", Arguments: []byte(`{"label":"vip"}`), State: chat.ToolCallSucceeded, Result: []byte(`{}`)}},
		Receipt: chat.Receipt{
			DeliveryID: deliveryID, Channel: chat.ChannelSMS, Provider: chat.ProviderTwilio, Submission: chat.SubmissionAccepted, Status: "accepted",
			ProviderMessageID: "SM1", Segments: 1,
		},
	}
}

func (f *fakeEngine) SendAssistantMessage(ctx context.Context, in chat.SendAssistantMessage, wait time.Duration) (chat.Answer[chat.AssistantMessageSent], error) {
	f.note(in, wait)
	if f.send != nil {
		return f.send(ctx, in)
	}
	return chat.Answer[chat.AssistantMessageSent]{Value: accepted()}, nil
}

func (f *fakeEngine) SummarizeChat(ctx context.Context, in chat.SummarizeChat, wait time.Duration) (chat.Answer[chat.ChatSummarized], error) {
	f.note(in, wait)
	if f.summarize != nil {
		return f.summarize(ctx, in)
	}
	return chat.Answer[chat.ChatSummarized]{Value: chat.ChatSummarized{ActionID: in.ActionID, Model: "offline"}}, nil
}

func (f *fakeEngine) Await(ctx context.Context, action chat.Action, wait time.Duration) error {
	f.note(action.ID, wait)
	if f.await != nil {
		return f.await(ctx, action)
	}
	return chat.ErrStillRunning
}

func (f *fakeEngine) Action(_ context.Context, _ chat.WorkspaceID, id chat.ActionID) (chat.Action, error) {
	if f.action != nil {
		return f.action(id)
	}
	return chat.Action{}, chat.Errorf(chat.CodeActionNotFound, "there is no action %s", id)
}

func (f *fakeEngine) Ping(context.Context) error { return f.ping }
