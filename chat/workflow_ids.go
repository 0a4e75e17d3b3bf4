package chat

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// This file makes the ids of all workflows, and of the actions that other actions start. They
// hold ids only, never a text, an address or a key.

// ActionWorkflowID is the workflow that carries out an action.
func ActionWorkflowID(ws WorkspaceID, id ActionID) string {
	return "action:" + string(ws) + ":" + string(id)
}

// ParseActionWorkflowID is the action that a workflow carries out; ok is false for a workflow that
// is no action's own.
func ParseActionWorkflowID(workflowID string) (ws WorkspaceID, id ActionID, ok bool) {
	rest, isAction := strings.CutPrefix(workflowID, "action:")
	workspace, action, found := strings.Cut(rest, ":")

	if !isAction || !found || action == "" {
		return "", "", false
	}

	return WorkspaceID(workspace), ActionID(action), true
}

// SummaryWorkflowID is the workflow that summarizes a chat, for whoever asks.
func SummaryWorkflowID(ws WorkspaceID, id ChatID) string {
	return fmt.Sprintf("summary:%s:%d", ws, id)
}

// AutoSummaryWorkflowID is the workflow that summarizes a chat by itself.
func AutoSummaryWorkflowID(ws WorkspaceID, id ChatID) string {
	return fmt.Sprintf("autosummary:%s:%d", ws, id)
}

// ContributorWorkflowID is the workflow that puts a request to its contributors and waits
// for the answers.
func ContributorWorkflowID(ws WorkspaceID, id ContributorRequestID) string {
	return "contributors:" + string(ws) + ":" + string(id)
}

// WebhookWorkflowID is the workflow that tells a webhook endpoint of events.
func WebhookWorkflowID(in WebhookStep) string {
	return fmt.Sprintf("webhooks:%s:%d", in.WorkspaceID, in.EndpointID)
}

// DeriveActionID is a UUIDv8 (RFC 9562 5.8) of its parts: the same ones make the same id.
func DeriveActionID(parts ...string) ActionID {
	id := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80

	return ActionID(fmt.Sprintf("%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:16]))
}
