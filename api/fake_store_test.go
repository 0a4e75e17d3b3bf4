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
	// secondDelivery is a retry of deliveryID.
	secondDelivery chat.DeliveryID = "01934f6e-7f5b-7e22-9b3d-3f4a5b6c7d8e"
	actionOne      chat.ActionID   = "01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e"
)

var noon = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

// Keys that the fake store knows.
const (
	managerKey = "hr_manager00000000000000000000000000"
	userKey    = "hr_user000000000000000000000000000000"
	noScopeKey = "hr_noscope0000000000000000000000000000"
	foreignKey = "hr_foreign0000000000000000000000000000"
	expiredKey = "hr_expired0000000000000000000000000000"
	sessionKey = "hr_session_00000000000000000000000000"
	loginKey   = "hr_login_0000000000000000000000000000"
)

// fakeStore answers with what a test puts into its fields, and notes every change that it
// is asked for.
type fakeStore struct {
	mutex   sync.Mutex
	changes []string
	toolFacts
	peopleFacts
	summaryFacts
	endpointFacts
	noticeFacts

	principals map[[32]byte]chat.Principal
	chat       func(chat.ChatID) (chat.Chat, error)
	takesPart  func(chat.ChatID, chat.MemberID) (bool, error)
	action     func(chat.ActionID) (chat.Action, error)
	sent       func(chat.ActionID) (chat.AssistantMessageSent, error)
	delivery   func(chat.DeliveryID) (chat.Delivery, error)
	decide     func(chat.Decision) (chat.Delivery, string, error)
	bulk       func(chat.ActionID) (chat.BulkRetry, error)
	overlaps   []chat.BulkOverlap
	report     func(context.Context, chat.Report) (chat.Reported, error)
	receive    func(context.Context, chat.Inbound) (chat.Arrival, error)
	replay     func(chat.ReadInbound) (chat.InboundRecord, chat.Arrival, error)
	// refused are the posts that could not be read, inboundFilter is the last one asked with.
	refused       []chat.RefusedInbound
	inboundFilter chat.InboundFilter
	// actions are what is listed.
	actions []chat.ActionView
	status  chat.WorkspaceStatus
	health  chat.Health
	// needsSecond makes what may take a second member take one.
	needsSecond bool
	// fail is returned by every change, and by what has no field of its own.
	fail error
	ping error

	clockOffset time.Duration

	unmigrated bool

	// What the latest calls were given.
	chatFilter     chat.ChatFilter
	messagePage    chat.MessagePage
	memberFilter   chat.MemberFilter
	deliveryFilter chat.DeliveryFilter
	skipFilter     chat.BulkSkipFilter
	actionFilter   chat.ActionFilter
	newChat        chat.NewChat
	chatPatch      chat.ChatPatch
	member         chat.Member
	merge          chat.MemberMerge
	memberPatch    chat.MemberPatch

	suppressionFilter chat.SuppressionFilter
	newMessage        chat.NewMessage
	rating            chat.Rating
	key               chat.Key
	keyHash           [32]byte
	labels            []chat.Label
	participants      []chat.Participant
	bulkState         chat.BulkState
	eventFilter       chat.EventFilter
	eventTokens       map[[32]byte]chat.EventToken
	bulkNote          string
	bulkRate          int
	resumed           []string
	changedSends      []chat.ChangeSend
	// sendFacts are what decides about a send, nil for those of the first chat.
	sendFacts *chat.SendFacts
	// recordEnded is told of actions that were ended in Temporal; without it they are stored.
	recordEnded func(context.Context, chat.Action) (bool, error)
	keyedFacts
	sessionFacts
	directFacts
	// messages are those of the chat, nil for one of each kind.
	messages []chat.Message
	// deliveries are what is listed, nil for the one that is unknown.
	deliveries []chat.Delivery
	// openActions are going on in the chat.
	openActions []chat.OpenAction
}

var _ api.Store = (*fakeStore)(nil)

func newFakeStore() *fakeStore {
	manager := chat.Principal{
		KeyID:       1,
		WorkspaceID: home,
		MemberID:    1,
		Role:        chat.RoleManager,
		Scopes:      chat.AllScopes(),
	}

	user := manager
	scopeless := manager
	stranger := manager
	user.KeyID = 2
	user.MemberID = 42
	user.Role = chat.RoleUser
	scopeless.KeyID = 3
	scopeless.MemberID = 9
	scopeless.Scopes = nil
	stranger.KeyID, stranger.WorkspaceID = 4, foreign

	session := manager
	login := manager
	session.KeyKind = chat.KeySession
	session.ParentID = manager.KeyID
	login.KeyID = 6
	login.KeyKind = chat.KeyLogin

	return &fakeStore{
		endpointFacts: endpointFacts{endpoint: oneEndpoint()},
		noticeFacts:   noticeFacts{rule: oneRule()},
		eventTokens:   map[[32]byte]chat.EventToken{},
		principals: map[[32]byte]chat.Principal{
			chat.HashKey(managerKey): manager,
			chat.HashKey(userKey):    user,
			chat.HashKey(noScopeKey): scopeless,
			chat.HashKey(foreignKey): stranger,
			chat.HashKey(sessionKey): session,
			chat.HashKey(loginKey):   login,
		},
		participants: []chat.Participant{{
			ID:         12,
			ChatID:     chatOne,
			MemberID:   42,
			MemberName: "Ana Lopez",
			MemberKind: chat.KindPerson,
			Role:       chat.ParticipantContributor,
			CreatedAt:  noon,
		}},
		labels: []chat.Label{{
			ID:        3,
			Name:      "vip",
			Color:     "#3366ff",
			CreatedAt: noon,
		}},
	}
}

// change notes a change, and answers with the failure that a test has set.
func (f *fakeStore) change(what string) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	f.changes = append(f.changes, what)

	return f.fail
}

// changeAlone is change for what may take a second member.
func (f *fakeStore) changeAlone(what string) error {
	if f.needsSecond {
		return chat.Errorf(chat.CodeApprovalNeeded, "it takes a second member")
	}

	return f.change(what)
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

func (f *fakeStore) CreateKey(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	key chat.Key,
	hash [32]byte,
) (chat.Key, error) {
	f.key, f.keyHash = key, hash
	key.ID = 5

	return key, f.changeAlone("CreateKey")
}

func (f *fakeStore) Keys(_ context.Context, _ chat.WorkspaceID, filter chat.KeyFilter) (chat.List[chat.Key], error) {
	return chat.List[chat.Key]{
		Items: []chat.Key{{ID: 5, Kind: filter.Kind, Name: "Shop", Scopes: []chat.Scope{chat.ScopeChatsRead}}},
	}, f.fail
}

func (f *fakeStore) Key(context.Context, chat.WorkspaceID, chat.KeyID) (chat.Key, error) {
	return chat.Key{ID: 5, Kind: chat.KeyLasting, Name: "Shop", Scopes: []chat.Scope{chat.ScopeChatsRead}}, f.fail
}

func (f *fakeStore) RevokeKey(context.Context, chat.WorkspaceID, chat.Actor, chat.KeyID, time.Time) error {
	return f.change("RevokeKey")
}

func (f *fakeStore) CreateMember(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	m chat.Member,
) (chat.Member, error) {
	f.member = m
	m.ID = 42

	return m, f.changeAlone("CreateMember")
}

func (f *fakeStore) MergeMembers(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	in chat.MemberMerge,
) (chat.Member, error) {
	f.merge = in
	return ana(), f.change("MergeMembers")
}

func (f *fakeStore) DeleteMember(context.Context, chat.WorkspaceID, chat.Actor, chat.MemberID) error {
	return f.change("DeleteMember")
}

func ana() chat.Member {
	return chat.Member{
		ID:       42,
		Kind:     chat.KindPerson,
		Role:     chat.RoleUser,
		Name:     "Ana Lopez",
		Consents: chat.Consents{chat.ChannelSMS: chat.ConsentGranted},
	}
}

func (f *fakeStore) Member(context.Context, chat.WorkspaceID, chat.MemberID) (chat.Member, error) {
	return ana(), f.fail
}

func (f *fakeStore) Members(
	_ context.Context,
	_ chat.WorkspaceID,
	filter chat.MemberFilter,
) (chat.List[chat.Member], error) {
	f.memberFilter = filter
	if f.nobody {
		return chat.List[chat.Member]{}, f.fail
	}

	return chat.List[chat.Member]{Items: []chat.Member{ana()}, NextCursor: "next"}, f.fail
}

func (f *fakeStore) UpdateMember(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	_ chat.MemberID,
	patch chat.MemberPatch,
) (chat.Member, error) {
	f.memberPatch = patch
	return ana(), f.changeAlone("UpdateMember")
}

func (f *fakeStore) AuditLog(context.Context, chat.WorkspaceID, chat.AuditFilter, chat.Page) (chat.List[chat.AuditEntry], error) {
	return chat.List[chat.AuditEntry]{Items: []chat.AuditEntry{{
		ID:     1,
		Verb:   "member.created",
		Object: "42",
		At:     noon,
	}}}, f.fail
}

// Events notes the filter, and has one event of a chat and one of none.
func (f *fakeStore) Events(_ context.Context, ws chat.WorkspaceID, filter chat.EventFilter) (chat.EventList, error) {
	f.eventFilter = filter

	if filter.After > 1000 {
		return chat.EventList{
			Next:   filter.After,
			Latest: 9,
			Oldest: 2,
		}, f.fail
	}

	return chat.EventList{
		Items: []chat.Event{
			{
				ID:           "e1",
				WorkspaceID:  ws,
				Sequence:     7,
				ChatID:       chatOne,
				ChatSequence: 3,
				Type:         chat.EventDeliveryUndelivered,
				SubjectID:    "d1",
				At:           noon,
				Data:         chat.EventData{Status: "undelivered", ErrorCode: "twilio_30007"},
			},
			{
				ID:          "e2",
				WorkspaceID: ws,
				Sequence:    8,
				Type:        chat.EventSenderBlocked,
				SubjectID:   "phone:1",
				At:          noon,
			},
		},
		Next:   8,
		Latest: 9,
		Oldest: 2,
	}, f.fail
}

// ListenEvents hears nothing: streams look.
func (f *fakeStore) ListenEvents(ctx context.Context, _ func(chat.WorkspaceID)) error {
	<-ctx.Done()

	return ctx.Err()
}

func (f *fakeStore) CreateEventToken(_ context.Context, token chat.EventToken, hash [32]byte, _ time.Time) error {
	f.eventTokens[hash] = token

	return f.change("CreateEventToken")
}

func (f *fakeStore) UseEventToken(
	ctx context.Context,
	ws chat.WorkspaceID,
	hash [32]byte,
	_ time.Time,
) (chat.Principal, error) {
	token, ok := f.eventTokens[hash]
	if !ok || token.WorkspaceID != ws {
		return chat.Principal{}, chat.Errorf(chat.CodeUnauthenticated, "expired on Monday")
	}

	delete(f.eventTokens, hash)

	return f.KeyPrincipal(ctx, ws, token.KeyID, time.Time{})
}

func (f *fakeStore) KeyPrincipal(
	_ context.Context,
	ws chat.WorkspaceID,
	id chat.KeyID,
	_ time.Time,
) (chat.Principal, error) {
	for _, p := range f.principals {
		if p.WorkspaceID == ws && p.KeyID == id {
			return p, nil
		}
	}

	return chat.Principal{}, chat.Errorf(chat.CodeUnauthenticated, "expired on Monday")
}

func (f *fakeStore) CheckWritable(context.Context) error { return f.ping }

func (f *fakeStore) ClockOffset(context.Context) (time.Duration, error) { return f.clockOffset, f.ping }

func (f *fakeStore) MigrationsCurrent(context.Context) (bool, error) { return !f.unmigrated, nil }
