package chat

import (
	"errors"
	"fmt"
	"time"
)

// Code names a failure for programs. Codes are stable: clients branch on them.
type Code string

// The codes of Handrail's API, by the kind of failure they belong to.
const (
	// KindInvalid: the request cannot be carried out as it is.
	CodeInvalidRequest    Code = "invalid_request"
	CodeInvalidRole       Code = "invalid_role"
	CodeParticipantExists Code = "participant_exists"
	CodeLastOwner         Code = "last_owner"
	// CodeLastManager is the last manager of a workspace, who must stay one.
	CodeLastManager         Code = "last_manager"
	CodeNoPhone             Code = "no_phone"
	CodeNoEmail             Code = "no_email"
	CodeNotificationsOff    Code = "notifications_disabled"
	CodeRecipientOptedOut   Code = "recipient_opted_out"
	CodeSenderNotConfigured Code = "sender_not_configured"
	CodeSenderNotGranted    Code = "sender_not_granted"
	CodeChannelNotSupported Code = "channel_not_supported"
	CodeChatArchived        Code = "chat_archived"
	CodeMessageTooLong      Code = "message_too_long"
	// CodeDefaultMissing is a chat that cannot be made, because the workspace has no default for what it needs.
	CodeDefaultMissing       Code = "default_missing"
	CodeUnknownTool          Code = "unknown_tool"
	CodeInvalidToolArguments Code = "invalid_tool_arguments"
	CodeNothingToSummarize   Code = "nothing_to_summarize"
	CodeNotRatable           Code = "not_ratable"
	// CodeTokenBudget is a workspace that has used the tokens of its month.
	CodeTokenBudget Code = "token_budget_exceeded" //nolint:gosec // no credential
	// CodeToolUnavailable is a tool or MCP server that cannot be reached, or answers nonsense.
	CodeToolUnavailable Code = "tool_unavailable"
	// CodeAddressRefused is a URL that leads where tools must not go.
	CodeAddressRefused Code = "address_refused"
	// CodeInvalidAnswer is an answer that is not what a contributor was asked for.
	CodeInvalidAnswer Code = "invalid_answer"
	// CodeEncryptionOff is a secret that cannot be kept, because no keys are configured.
	CodeEncryptionOff Code = "encryption_not_configured"
	// KindUnauthenticated and KindForbidden.
	CodeUnauthenticated Code = "unauthenticated"
	CodeForbidden       Code = "forbidden"
	// CodeInvalidSignature is a webhook that its provider did not sign.
	CodeInvalidSignature Code = "invalid_signature"
	// CodeOwnRequest is somebody who wants to approve what they have asked for, themselves or
	// through a member or key that they have made lately.
	CodeOwnRequest Code = "own_request"
	// CodeApprovalNeeded is what a second member has to agree to first. Callers of the API get
	// the approval that waits instead.
	CodeApprovalNeeded Code = "approval_needed"
	// KindNotFound.
	CodeNotFound            Code = "not_found"
	CodeWorkspaceNotFound   Code = "workspace_not_found"
	CodeChatNotFound        Code = "chat_not_found"
	CodeMemberNotFound      Code = "member_not_found"
	CodeAssistantNotFound   Code = "assistant_not_found"
	CodeParticipantNotFound Code = "participant_not_found"
	CodeMessageNotFound     Code = "message_not_found"
	CodeLabelNotFound       Code = "label_not_found"
	CodeSenderNotFound      Code = "sender_not_found"
	CodeDeliveryNotFound    Code = "delivery_not_found"
	CodeActionNotFound      Code = "action_not_found"
	CodeKeyNotFound         Code = "api_key_not_found"
	CodeSuppressionNotFound Code = "suppression_not_found"
	CodeInboundNotFound     Code = "inbound_not_found"
	CodeBulkRetryNotFound   Code = "bulk_retry_not_found"
	CodeToolNotFound        Code = "tool_not_found"
	CodeToolCallNotFound    Code = "tool_call_not_found"
	CodeApprovalNotFound    Code = "approval_not_found"
	CodeRequestNotFound     Code = "contributor_request_not_found"
	CodeSummaryNotFound     Code = "summary_not_found"
	CodeWebhookNotFound     Code = "webhook_endpoint_not_found"
	CodeEventNotFound       Code = "event_not_found"
	CodeRuleNotFound        Code = "notification_rule_not_found"
	// KindConflict.
	CodeIdempotencyKeyReused Code = "idempotency_key_reused"
	// CodeRequestInProgress is a request whose Idempotency-Key belongs to one that is still carried out.
	CodeRequestInProgress Code = "request_in_progress"
	// CodeAnswerLost is a request whose Idempotency-Key belongs to one that was carried out, and whose answer
	// nobody has.
	CodeAnswerLost Code = "answer_lost"
	// CodeAlreadySending is an action that cannot be canceled any more, because an attempt may have left.
	CodeAlreadySending Code = "already_sending"
	// CodeChatMovedOn is a send whose caller has not seen what the customer has written since.
	CodeChatMovedOn Code = "chat_moved_on"
	// CodeTakenOver is a send of the assistant in a chat that a person has taken over.
	CodeTakenOver Code = "taken_over"
	// CodeOpenActions is a chat in which something is still going on.
	CodeOpenActions   Code = "open_actions"
	CodeAlreadyExists Code = "already_exists"
	CodeInUse         Code = "in_use"
	// CodeMemberInUse is a member to whom something refers, which cannot be deleted.
	CodeMemberInUse Code = "member_in_use"
	// CodeAddressTaken is an address that another member of the workspace has.
	CodeAddressTaken Code = "address_taken"
	// CodeExternalIDTaken is an external id that another member, or another chat, of the workspace has.
	CodeExternalIDTaken Code = "external_id_taken"
	// CodeSummaryEdited is a summary that a person wrote and that is not to be overwritten.
	CodeSummaryEdited Code = "summary_edited"
	// CodeDecided is a decision that was taken already.
	CodeDecided Code = "already_decided"
	// CodeApprovalVoid is an approval of something that was changed since it was asked for.
	CodeApprovalVoid Code = "approval_void"
	// CodeTooManyApprovals is a request that takes a second member, of somebody for whom too many wait already.
	CodeTooManyApprovals Code = "too_many_approvals"
	// CodeActionGone is a decision about an action whose workflow no longer runs.
	CodeActionGone Code = "action_gone"
	// CodeBulkOverlap is a bulk retry beside another that is to retry some of the same deliveries.
	CodeBulkOverlap Code = "bulk_retry_overlaps"
	CodeConflict    Code = "conflict"
	// Transport kinds.
	CodeMethodNotAllowed     Code = "method_not_allowed"
	CodeBodyTooLarge         Code = "body_too_large"
	CodeUnsupportedMediaType Code = "unsupported_media_type"
	CodeRateLimited          Code = "rate_limited"
	// KindFailed: the request was fine and what it asked for failed for good.
	CodeDeliveryFailed      Code = "delivery_failed"
	CodeToolCallFailed      Code = "tool_call_failed"
	CodeSummarizationFailed Code = "summarization_failed"
	// CodeRecordLost is a message that was handed to its provider, whose delivery was gone when
	// the answer was to be recorded. It may have been sent.
	CodeRecordLost Code = "delivery_record_lost"
	// CodeTooLongForModel is a text that does not fit a model at once. No caller sees it: the
	// text is split.
	CodeTooLongForModel Code = "too_long_for_model"
	// CodeApprovalRefused and CodeApprovalExpired end a send before its tools have run.
	CodeApprovalRefused Code = "approval_refused"
	CodeApprovalExpired Code = "approval_expired"
	// CodeActionEnded is an action whose workflow somebody ended in Temporal, or which ended there
	// by itself, before it had done anything. It can be resumed.
	CodeActionEnded Code = "action_ended"
	// KindUnavailable and KindInternal.
	CodeUnavailable Code = "unavailable"
	CodeInternal    Code = "internal"
)

// Kind groups codes by what a caller can do about them. Adapters translate kinds, not
// codes: HTTP into a status, Temporal into retry or not.
type Kind int

// The kinds of failure.
const (
	// KindInternal is a fault of ours or of a part we depend on; trying again may help.
	KindInternal Kind = iota
	// KindInvalid is a request that must change before it can succeed.
	KindInvalid
	// KindUnauthenticated is a missing, unknown, expired or revoked key.
	KindUnauthenticated
	// KindForbidden is a key without the scope that is needed.
	KindForbidden
	// KindNotFound is an object that does not exist for this caller.
	KindNotFound
	// KindMethod is a path that exists under another method.
	KindMethod
	// KindConflict is a request at odds with something that exists.
	KindConflict
	// KindTooLarge is a body over the limit.
	KindTooLarge
	// KindMedia is a body of another content type.
	KindMedia
	// KindRateLimited is a caller who must wait.
	KindRateLimited
	// KindFailed is work that was done in full and failed for good.
	KindFailed
	// KindUnavailable is a part that does not answer now.
	KindUnavailable
)

var kinds = map[Code]Kind{
	CodeUnauthenticated:      KindUnauthenticated,
	CodeForbidden:            KindForbidden,
	CodeInvalidSignature:     KindForbidden,
	CodeOwnRequest:           KindForbidden,
	CodeSenderNotGranted:     KindForbidden,
	CodeApprovalNeeded:       KindForbidden,
	CodeNotFound:             KindNotFound,
	CodeWorkspaceNotFound:    KindNotFound,
	CodeChatNotFound:         KindNotFound,
	CodeMemberNotFound:       KindNotFound,
	CodeAssistantNotFound:    KindNotFound,
	CodeParticipantNotFound:  KindNotFound,
	CodeMessageNotFound:      KindNotFound,
	CodeLabelNotFound:        KindNotFound,
	CodeSenderNotFound:       KindNotFound,
	CodeDeliveryNotFound:     KindNotFound,
	CodeActionNotFound:       KindNotFound,
	CodeKeyNotFound:          KindNotFound,
	CodeInboundNotFound:      KindNotFound,
	CodeSuppressionNotFound:  KindNotFound,
	CodeBulkRetryNotFound:    KindNotFound,
	CodeToolNotFound:         KindNotFound,
	CodeToolCallNotFound:     KindNotFound,
	CodeApprovalNotFound:     KindNotFound,
	CodeRequestNotFound:      KindNotFound,
	CodeSummaryNotFound:      KindNotFound,
	CodeWebhookNotFound:      KindNotFound,
	CodeEventNotFound:        KindNotFound,
	CodeRuleNotFound:         KindNotFound,
	CodeSummaryEdited:        KindConflict,
	CodeDecided:              KindConflict,
	CodeApprovalVoid:         KindConflict,
	CodeTooManyApprovals:     KindConflict,
	CodeIdempotencyKeyReused: KindConflict,
	CodeRequestInProgress:    KindConflict,
	CodeAnswerLost:           KindConflict,
	CodeAlreadySending:       KindConflict,
	CodeChatMovedOn:          KindConflict,
	CodeTakenOver:            KindConflict,
	CodeOpenActions:          KindConflict,
	CodeAlreadyExists:        KindConflict,
	CodeInUse:                KindConflict,
	CodeMemberInUse:          KindConflict,
	CodeAddressTaken:         KindConflict,
	CodeExternalIDTaken:      KindConflict,
	CodeActionGone:           KindConflict,
	CodeBulkOverlap:          KindConflict,
	CodeConflict:             KindConflict,
	CodeApprovalRefused:      KindConflict,
	CodeApprovalExpired:      KindConflict,
	CodeMethodNotAllowed:     KindMethod,
	CodeBodyTooLarge:         KindTooLarge,
	CodeUnsupportedMediaType: KindMedia,
	CodeRateLimited:          KindRateLimited,
	CodeUnavailable:          KindUnavailable,
	CodeActionEnded:          KindUnavailable,
	CodeInternal:             KindInternal,
	CodeDeliveryFailed:       KindFailed,
	CodeRecordLost:           KindFailed,
	CodeToolCallFailed:       KindFailed,
	CodeSummarizationFailed:  KindFailed,
	CodeTooLongForModel:      KindFailed,
}

// Kind tells what group the code belongs to. Codes not listed otherwise are KindInvalid.
func (c Code) Kind() Kind {
	if k, ok := kinds[c]; ok {
		return k
	}

	return KindInvalid
}

// FieldError says what is wrong with one field of a request, and what would be right.
type FieldError struct {
	// Field is the place in the request as the caller spelled it: "message",
	// "tool_calls[0].name", "path.chat_id", "query.limit", "header.Idempotency-Key".
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error is the one error type of Handrail. Message and Fields are safe to show to a
// caller: they name no credential, no query and no other tenant's data.
type Error struct {
	Code    Code         `json:"code"`
	Message string       `json:"message"`
	Fields  []FieldError `json:"fields,omitempty"`
	// DeliveryID and ActionID are set when the failure belongs to one.
	DeliveryID string `json:"delivery_id,omitempty"`
	ActionID   string `json:"action_id,omitempty"`
	// ErrorCode is the provider's code, with CodeDeliveryFailed.
	ErrorCode string `json:"error_code,omitempty"`
	// MemberID is the other member: who has the address or the external id that was asked for, or into
	// whom the one that was asked for was merged. ChatID is the other chat, which has the external id.
	MemberID MemberID `json:"member_id,omitempty"`
	ChatID   ChatID   `json:"chat_id,omitempty"`
	// Retryable tells the caller that the same request may succeed later.
	Retryable bool `json:"retryable,omitempty"`
	// ToolCalls are the results so far, with CodeToolCallFailed.
	ToolCalls []ToolCall `json:"tool_calls,omitempty"`

	cause error
}

// Errorf makes an Error with a caller-safe message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid makes a CodeInvalidRequest that names one field and what would be right.
func Invalid(field, format string, args ...any) *Error {
	return InvalidAs(CodeInvalidRequest, field, format, args...)
}

// InvalidAs is [Invalid] with a more telling code.
func InvalidAs(code Code, field, format string, args ...any) *Error {
	message := fmt.Sprintf(format, args...)
	return &Error{Code: code, Message: field + " " + message, Fields: []FieldError{{Field: field, Message: message}}}
}

// Unavailable makes a CodeUnavailable that says that the same may succeed later.
func Unavailable(message string) *Error {
	return &Error{Code: CodeUnavailable, Message: message, Retryable: true}
}

// about names the field that e is about, and returns e.
func (e *Error) about(field string) *Error {
	e.Fields = []FieldError{{Field: field, Message: e.Message}}
	return e
}

// NamingField returns e with a field: if it is about a request that must change, and names none, with the one that
// its code is about. So every refusal of a request says where to look.
func (e *Error) NamingField() *Error {
	if e.Code.Kind() != KindInvalid || len(e.Fields) > 0 {
		return e
	}

	text, known := FindProblemText(e.Code)
	if !known {
		return e
	}

	named := *e
	named.Fields = []FieldError{{Field: text.Field, Message: e.Message}}

	return &named
}

// ConcludesAction reports whether e is how an action has ended, other than a refusal of the request for it.
func (e *Error) ConcludesAction() bool {
	return e.Code.Kind() == KindFailed || e.Code == CodeApprovalRefused || e.Code == CodeApprovalExpired
}

// Error returns the caller-safe message and, for logs, the cause behind it.
func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.cause)
	}

	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Unwrap returns the cause, which is never shown to callers.
func (e *Error) Unwrap() error { return e.cause }

// Because attaches what went wrong underneath, for logs only, and returns e.
func (e *Error) Because(cause error) *Error {
	e.cause = cause
	return e
}

// AsError finds the Error in err. For any other non-nil error it makes one of
// CodeInternal whose message says nothing of the cause; for nil it returns nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}

	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}

	return (&Error{Code: CodeInternal, Message: "internal error", Retryable: true}).Because(err)
}

// CodeOf is the code of err, CodeInternal for errors that are not ours, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}

	return AsError(err).Code
}

// Final reports that trying the same again cannot help: the request, or what it asks for,
// must change first, or another run must carry it out.
func (e *Error) Final() bool {
	if e.Code == CodeActionEnded {
		return true
	}

	k := e.Code.Kind()

	return k != KindInternal && k != KindUnavailable && k != KindRateLimited
}

// RetryLaterError says that nothing is wrong for good, and when to try again.
type RetryLaterError struct {
	// After is how long to wait; 0 leaves it to whoever retries.
	After time.Duration
	// Code and Message say why, for operators; they hold no address and no text.
	Code    string
	Message string

	cause error
}

// Error returns the reason and, for logs, the cause behind it.
func (r *RetryLaterError) Error() string {
	if r.cause != nil {
		return fmt.Sprintf("%s: %s: %v", r.Code, r.Message, r.cause)
	}

	return r.Code + ": " + r.Message
}

// Unwrap returns the cause, which is never shown.
func (r *RetryLaterError) Unwrap() error { return r.cause }

// Because attaches what went wrong underneath, for logs only, and returns r.
func (r *RetryLaterError) Because(cause error) *RetryLaterError {
	r.cause = cause
	return r
}
