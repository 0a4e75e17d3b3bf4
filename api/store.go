package api

import (
	"context"
	"time"

	"handrail/chat"
)

// Store is what the routes read and change. Every method looks only inside the workspace
// it is given, and answers a [chat.Error] with the code of the object that is missing.
type Store interface {
	KeyStore
	SessionStore
	RequestStore
	MemberStore
	ChatStore
	ParticipantStore
	MessageStore
	LabelStore
	SenderStore
	ActionStore
	DeliveryStore
	BulkRetryStore
	SuppressionStore
	ToolStore
	ApprovalStore
	ToolCallStore
	ContributorStore
	SummaryStore
	WebhookStore
	InboundStore
	HealthStore
	SenderHealthStore
	EventStore
	WebhookEndpointStore
	NotificationStore
	DefaultsStore
	AuditLog(
		ctx context.Context,
		ws chat.WorkspaceID,
		filter chat.AuditFilter,
		page chat.Page,
	) (chat.List[chat.AuditEntry], error)
}

// KeyStore keeps API keys, of whose secrets it knows the SHA-256 only.
type KeyStore interface {
	// Authenticate answers CodeUnauthenticated for a key that is unknown, expired or revoked.
	Authenticate(ctx context.Context, hash [32]byte, now time.Time) (chat.Principal, error)
	// CreateKey answers CodeApprovalNeeded for a key that reaches further than who asks for it.
	CreateKey(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, key chat.Key, hash [32]byte) (chat.Key, error)
	Keys(ctx context.Context, ws chat.WorkspaceID, filter chat.KeyFilter) (chat.List[chat.Key], error)
	Key(ctx context.Context, ws chat.WorkspaceID, id chat.KeyID) (chat.Key, error)
	// RevokeKey may be asked twice.
	RevokeKey(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, id chat.KeyID, now time.Time) error
}

// RequestStore keeps the answers to requests with an Idempotency-Key that are no actions.
type RequestStore interface {
	// BeginRequest answers with what the first request with the key was answered with, nil if this is the first. Then
	// it is carried out in the context of [chat.WithKeyedRequest], and ended by KeepAnswer or FreeRequest.
	BeginRequest(ctx context.Context, in chat.KeyedRequest) (*chat.RequestAnswer, error)
	KeepAnswer(ctx context.Context, in chat.KeyedRequest, answer chat.RequestAnswer) error
	// FreeRequest frees the key of one that was not carried out; even if it has stored something, if it says so.
	FreeRequest(ctx context.Context, in chat.KeyedRequest, even bool) error
	// HasRequest reports whether a request that is no action has the key that an id is made of.
	HasRequest(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (bool, error)
}

// MemberStore keeps people and assistants.
//
// CreateMember, UpdateMember and UpsertMember answer CodeApprovalNeeded where they would make a manager.
type MemberStore interface {
	CreateMember(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, member chat.Member) (chat.Member, error)
	MergeMembers(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, in chat.MemberMerge) (chat.Member, error)
	// DeleteMember answers CodeMemberInUse for a member to whom something refers.
	DeleteMember(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, id chat.MemberID) error
	Member(ctx context.Context, ws chat.WorkspaceID, id chat.MemberID) (chat.Member, error)
	Members(ctx context.Context, ws chat.WorkspaceID, filter chat.MemberFilter) (chat.List[chat.Member], error)
	UpdateMember(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		id chat.MemberID,
		patch chat.MemberPatch,
	) (chat.Member, error)
	// UpsertMember makes a member with an external id or changes the one that has it, and reports whether it was made.
	UpsertMember(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		in chat.MemberUpsert,
	) (chat.Member, bool, error)
	// DecideOptOut answers CodeMemberNotFound, and CodeInvalidRequest for a channel on which
	// nobody can opt out. The same decision twice is one.
	DecideOptOut(ctx context.Context, ws chat.WorkspaceID, decision chat.OptOutDecision) (chat.OptOutDecided, error)
}

// ChatStore keeps chats.
type ChatStore interface {
	CreateChat(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, in chat.NewChat) (chat.Chat, error)
	Chat(ctx context.Context, ws chat.WorkspaceID, id chat.ChatID) (chat.Chat, error)
	ChatHead(ctx context.Context, ws chat.WorkspaceID, id chat.ChatID, action chat.ActionID) (chat.ChatHead, error)
	Chats(ctx context.Context, ws chat.WorkspaceID, filter chat.ChatFilter) (chat.List[chat.Chat], error)
	UpdateChat(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		id chat.ChatID,
		patch chat.ChatPatch,
	) (chat.Chat, error)
	// DeleteChat answers CodeOpenActions when sends or retries are going on in the chat that are not to be canceled.
	DeleteChat(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		id chat.ChatID,
		cancel bool,
	) (chat.ChatDeleted, error)
	// FindOrCreatePlace finds or makes the member and the chat of a message. What check refuses leaves nothing behind.
	FindOrCreatePlace(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		in chat.DirectMessage,
		check chat.CheckFacts,
	) (chat.DirectPlace, error)
	// TakeOverChat and ReleaseChat say who answers in a chat, and change nothing that is so already.
	TakeOverChat(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, id chat.ChatID) (chat.Chat, error)
	ReleaseChat(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, id chat.ChatID) (chat.Chat, error)
	// TakesPart reports whether a member has a place in a chat; a chat that does not
	// exist is no error.
	TakesPart(ctx context.Context, ws chat.WorkspaceID, id chat.ChatID, member chat.MemberID) (bool, error)
}

// ParticipantStore keeps the members' places in chats.
type ParticipantStore interface {
	Participants(ctx context.Context, ws chat.WorkspaceID, id chat.ChatID) ([]chat.Participant, error)
	UpdateParticipant(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		id chat.ChatID,
		participant chat.ParticipantID,
		role chat.ParticipantRole,
	) (chat.Participant, error)
	RemoveParticipant(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		id chat.ChatID,
		participant chat.ParticipantID,
	) error
}

// MessageStore keeps what was said.
type MessageStore interface {
	Messages(
		ctx context.Context,
		ws chat.WorkspaceID,
		id chat.ChatID,
		page chat.MessagePage,
	) (chat.List[chat.Message], error)
	AddMessage(ctx context.Context, ws chat.WorkspaceID, id chat.ChatID, in chat.NewMessage) (chat.Message, error)
	RateMessage(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		id chat.ChatID,
		message chat.MessageID,
		rating chat.Rating,
	) (chat.Message, error)
}

// LabelStore keeps a workspace's labels.
type LabelStore interface {
	CreateLabel(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, label chat.Label) (chat.Label, error)
	Labels(ctx context.Context, ws chat.WorkspaceID) ([]chat.Label, error)
	Label(ctx context.Context, ws chat.WorkspaceID, id chat.LabelID) (chat.Label, error)
	UpdateLabel(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		id chat.LabelID,
		patch chat.LabelPatch,
	) (chat.Label, error)
	DeleteLabel(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, id chat.LabelID) error
}

// SenderStore keeps what messages are sent from.
type SenderStore interface {
	CreatePhoneNumber(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		number chat.PhoneNumber,
	) (chat.PhoneNumber, error)
	PhoneNumbers(ctx context.Context, ws chat.WorkspaceID) ([]chat.PhoneNumber, error)
	PhoneNumber(ctx context.Context, ws chat.WorkspaceID, id chat.PhoneNumberID) (chat.PhoneNumber, error)
	UpdatePhoneNumber(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		id chat.PhoneNumberID,
		patch chat.PhoneNumberPatch,
	) (chat.PhoneNumber, error)
	DeletePhoneNumber(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, id chat.PhoneNumberID) error

	CreateInbox(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, inbox chat.Inbox) (chat.Inbox, error)
	Inboxes(ctx context.Context, ws chat.WorkspaceID) ([]chat.Inbox, error)
	Inbox(ctx context.Context, ws chat.WorkspaceID, id chat.InboxID) (chat.Inbox, error)
	UpdateInbox(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		id chat.InboxID,
		patch chat.InboxPatch,
	) (chat.Inbox, error)
	DeleteInbox(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, id chat.InboxID) error
}

// ActionStore tells how actions stand.
type ActionStore interface {
	Action(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (chat.Action, error)
	// RecordEndedAction stores that an action was ended in Temporal before it had stored anything, unless
	// it has; Action tells what is stored then.
	RecordEndedAction(ctx context.Context, a chat.Action) (bool, error)
	// AuditLookUp notes who has a delivery's provider asked.
	AuditLookUp(ctx context.Context, ws chat.WorkspaceID, id chat.DeliveryID, by chat.Actor) error
	// LoadSendFacts returns what decides about a send, which it does not begin.
	LoadSendFacts(ctx context.Context, in chat.SendAssistantMessage) (*chat.SendFacts, error)
	// ChangeSend changes the text or the address of a send that has not left, and returns the workflow that follows
	// it: already_sending, and conflict.
	ChangeSend(
		ctx context.Context,
		in chat.ChangeSend,
		plan func(*chat.SendFacts, *chat.Delivery) (chat.SendPlan, error),
	) (workflow string, err error)
	// AuditResume notes who has an action taken up again, and why.
	AuditResume(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID, by chat.Actor, reason string) error
	// SentMessage is the present state of a send.
	SentMessage(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (chat.AssistantMessageSent, error)
	// SendView is the present state of a send, with all that it may wait for.
	SendView(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (chat.SendView, error)
	// Actions lists actions, the newest first, with what they wait for.
	Actions(ctx context.Context, ws chat.WorkspaceID, f chat.ActionFilter) (chat.List[chat.ActionView], error)
	// WorkspaceStatus counts what goes on in a workspace, and what needs a person.
	WorkspaceStatus(ctx context.Context, ws chat.WorkspaceID) (chat.WorkspaceStatus, error)
}

// DeliveryStore tells how deliveries stand, and takes what people decide about them.
type DeliveryStore interface {
	Deliveries(ctx context.Context, ws chat.WorkspaceID, filter chat.DeliveryFilter) (chat.List[chat.Delivery], error)
	// Delivery is the one with its attempts and events.
	Delivery(ctx context.Context, ws chat.WorkspaceID, id chat.DeliveryID) (chat.Delivery, error)
	// Decide records a person's word: cancel, sent or not_sent. It answers with the
	// delivery as it then is, and the workflow that follows it; CodeConflict when the
	// delivery's state does not allow it.
	Decide(
		ctx context.Context,
		ws chat.WorkspaceID,
		id chat.DeliveryID,
		decision chat.Decision,
	) (chat.Delivery, string, error)
}

// BulkRetryStore tells how bulk retries stand.
type BulkRetryStore interface {
	// CountRetryCandidates counts what a bulk retry with this filter would retry.
	CountRetryCandidates(
		ctx context.Context,
		ws chat.WorkspaceID,
		filter chat.DeliveryFilter,
	) ([]chat.RetryCount, error)
	// ForecastRetries says which of the first deliveries of a bulk retry with this filter it would skip, and why.
	ForecastRetries(
		ctx context.Context,
		ws chat.WorkspaceID,
		filter chat.DeliveryFilter,
		acknowledged bool,
	) (chat.RetryForecast, error)
	// BulkOverlaps are the unfinished bulk retries that are to retry some of what one with this filter would.
	BulkOverlaps(ctx context.Context, ws chat.WorkspaceID, filter chat.DeliveryFilter) ([]chat.BulkOverlap, error)
	// BulkSkips are the deliveries that a bulk retry could not retry.
	BulkSkips(ctx context.Context, ws chat.WorkspaceID, f chat.BulkSkipFilter) (chat.List[chat.BulkSkipped], error)
	BulkRetry(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (chat.BulkRetry, error)
	BulkRetries(ctx context.Context, ws chat.WorkspaceID, page chat.Page) (chat.List[chat.BulkRetry], error)
	// SetBulkState may be asked twice; CodeConflict for a move that is not legal.
	SetBulkState(ctx context.Context, in chat.BulkMove) (chat.BulkRetry, error)
}

// ToolStore keeps HTTP tools and MCP servers.
type ToolStore interface {
	CreateTool(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		d chat.ToolDefinition,
	) (chat.ToolDefinition, error)
	Tools(ctx context.Context, ws chat.WorkspaceID, filter chat.ToolFilter) (chat.List[chat.ToolDefinition], error)
	Tool(ctx context.Context, ws chat.WorkspaceID, id chat.ToolID) (chat.ToolDefinition, error)
	// UpdateTool stores a definition that was read and changed: CodeConflict when another
	// change came between, CodeApprovalNeeded when it takes a second member.
	UpdateTool(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		d chat.ToolDefinition,
	) (chat.ToolDefinition, error)
	// ReviewTool says whether storing a definition takes a second member: a new one when it has
	// no ID.
	ReviewTool(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		d chat.ToolDefinition,
	) (chat.ToolReview, error)
	DeleteTool(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, id chat.ToolID) error
	SaveDiscovered(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, in chat.Discovery) error
	// BeginToolTest notes that a tool is to be run beside any send: CodeApprovalNeeded,
	// CodeConflict when it was changed meanwhile.
	BeginToolTest(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, in chat.ToolTest) error
	// ChatTools are the tools that the chat's assistant may use, the built-in ones too.
	ChatTools(ctx context.Context, ws chat.WorkspaceID, id chat.ChatID) ([]chat.Tool, error)
}

// ApprovalStore keeps what a second person decides.
type ApprovalStore interface {
	Approval(ctx context.Context, ws chat.WorkspaceID, id chat.ApprovalID) (chat.Approval, error)
	// Approvals lists those in any of the states, all without one.
	Approvals(
		ctx context.Context,
		ws chat.WorkspaceID,
		states []chat.ApprovalState,
		page chat.Page,
	) (chat.List[chat.Approval], error)
	// RequestApproval asks for a second member's word on what the store has answered
	// CodeApprovalNeeded to.
	RequestApproval(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		in chat.NewApproval,
	) (chat.Approval, error)
	// DecideApproval answers with the workflow that waits, if one does: CodeOwnRequest for who
	// has asked for it, CodeDecided when it is decided or its deadline is over,
	// CodeApprovalVoid, with the workflow too, when what it is about was changed.
	DecideApproval(
		ctx context.Context,
		ws chat.WorkspaceID,
		in chat.ApprovalDecision,
	) (chat.Approval, string, error)
}

// ToolCallStore tells of tool calls, and takes a person's word on them.
type ToolCallStore interface {
	// ToolCalls are listed without what they were given and have answered.
	ToolCalls(
		ctx context.Context,
		ws chat.WorkspaceID,
		filter chat.ToolCallFilter,
	) (chat.List[chat.ListedToolCall], error)
	// ResolveToolCall answers with the workflow that waits: CodeConflict unless nobody knows
	// how the call went.
	ResolveToolCall(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		key chat.ToolCallKey,
		d chat.ToolDecision,
	) (chat.ToolCall, string, error)
	// ToolCallMessages are the messages that bring this call, each with only that call.
	ToolCallMessages(
		ctx context.Context,
		ws chat.WorkspaceID,
		id chat.ChatID,
		callID string,
		page chat.Page,
	) (chat.List[chat.Message], error)
}

// ContributorStore keeps questions to contributors.
type ContributorStore interface {
	ContributorRequest(
		ctx context.Context,
		ws chat.WorkspaceID,
		id chat.ContributorRequestID,
	) (chat.ContributorRequest, error)
	ContributorRequests(
		ctx context.Context,
		ws chat.WorkspaceID,
		filter chat.ContributorFilter,
	) (chat.List[chat.ContributorRequest], error)
	// AnswerRequest may be asked twice with one message id: CodeDecided when the request is
	// over, CodeMemberNotFound for a member who was not asked.
	AnswerRequest(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		id chat.ContributorRequestID,
		in chat.ContributorAnswer,
		now time.Time,
	) (chat.ContributorRequest, error)
	// ExtendRequest may be asked twice for one deadline: CodeDecided when the request is over.
	ExtendRequest(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		in chat.ContributorExtension,
		now time.Time,
	) (chat.ContributorRequest, error)
	// EndRequest may be asked twice; a request that is over stays as it is.
	EndRequest(
		ctx context.Context,
		by chat.Actor,
		in chat.ContributorStep,
		now time.Time,
	) (chat.ContributorRequest, error)
}

// SummaryStore keeps the versions of summaries, and how a workspace wants them.
type SummaryStore interface {
	// Summaries lists a chat's versions, newest first.
	Summaries(
		ctx context.Context,
		ws chat.WorkspaceID,
		id chat.ChatID,
		page chat.Page,
	) (chat.List[chat.SummaryVersion], error)
	SummaryVersion(
		ctx context.Context,
		ws chat.WorkspaceID,
		id chat.ChatID,
		version chat.SummaryID,
	) (chat.SummaryVersion, error)
	// RestoreSummary makes an older version the chat's, as a person's: CodeConflict for one
	// that is not a summary.
	RestoreSummary(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		id chat.ChatID,
		version chat.SummaryID,
	) (chat.Chat, error)
	// UndoLabels takes back what a run has changed of the chat's labels, except what
	// somebody has touched since. It may be asked twice.
	UndoLabels(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		id chat.ChatID,
		version chat.SummaryID,
	) (chat.Chat, error)
	SummarySettings(ctx context.Context, ws chat.WorkspaceID) (chat.SummarySettings, error)
	UpdateSummarySettings(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		settings chat.SummarySettings,
	) (chat.SummarySettings, error)
}

// WebhookStore takes what providers tell. A provider knows no workspace: the store finds
// whose delivery or sender it is. Each call is one transaction, and may be repeated.
type WebhookStore interface {
	RecordReport(ctx context.Context, r chat.Report, now time.Time) (chat.Reported, error)
	// ReceiveInbound stores a message under id, unless it was stored before.
	ReceiveInbound(ctx context.Context, in chat.Inbound, id chat.MessageID, now time.Time) (chat.Arrival, error)
	// RefuseInbound keeps a signed post that could not be read.
	RefuseInbound(ctx context.Context, in chat.RefusedInbound, now time.Time) error
}

// InboundStore tells what came in, and takes it once more.
type InboundStore interface {
	Inbound(ctx context.Context, ws chat.WorkspaceID, filter chat.InboundFilter) (chat.List[chat.InboundRecord], error)
	InboundRecord(ctx context.Context, ws chat.WorkspaceID, id chat.InboundID) (chat.InboundRecord, error)
	// ReplayInbound may be asked twice. read reads what could not be read before.
	ReplayInbound(
		ctx context.Context,
		in chat.ReplayInbound,
		read chat.ReadInbound,
		now time.Time,
	) (chat.InboundRecord, chat.Arrival, error)
}
