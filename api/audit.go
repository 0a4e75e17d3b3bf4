package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"handrail/chat"
)

// auditEntryJSON is one change somebody made.
type auditEntryJSON struct {
	ID        int64           `json:"id"`
	At        time.Time       `json:"at"`
	Verb      string          `json:"verb" example:"member.created"`
	Object    string          `json:"object" doc:"The id of what was changed."`
	MemberID  chat.MemberID   `json:"member_id" doc:"Who did it."`
	KeyID     chat.KeyID      `json:"key_id" doc:"0 is the command line."`
	RequestID string          `json:"request_id"`
	Detail    json.RawMessage `json:"detail" doc:"changes has the old and the new value of each field: addresses masked, of a URL the host; of names, texts and secrets only that they have changed."`
}

func presentAuditEntry(e chat.AuditEntry) auditEntryJSON {
	shown := auditEntryJSON{
		ID:        e.ID,
		At:        e.At.UTC(),
		Verb:      e.Verb,
		Object:    e.Object,
		MemberID:  e.MemberID,
		KeyID:     e.KeyID,
		RequestID: e.RequestID,
		Detail:    json.RawMessage(e.Detail),
	}

	if len(e.Detail) == 0 {
		shown.Detail = json.RawMessage(`{}`)
	}

	return shown
}

const exampleChanges = `{"changes":{"role":{"old":"user","new":"manager"},` +
	`"phone":{"old":"+14•••••0101","new":"+14•••••0199"},"name":{"changed":true}}}`

func (s *service) auditRoutes() {
	registerRoute(s, s.listAuditLog, route{
		method:      http.MethodGet,
		path:        "/audit-log",
		access:      withScope(chat.ScopeWorkspaceAdmin),
		id:          "listAuditLog",
		tag:         tagWorkspace,
		summary:     "List audit log entries",
		description: "The newest first.",
		answer: listOf(presentAuditEntry(chat.AuditEntry{
			ID:     99,
			At:     exampleTime,
			Verb:   "member.updated",
			Object: "42",
			Detail: []byte(exampleChanges),
			Actor:  chat.Actor{MemberID: 1, KeyID: 5, RequestID: exampleRequest},
		})),
	})
}

type listAuditLogInput struct {
	Paging
	Verb     string        `query:"verb" maxLength:"100" doc:"A verb, like member.updated; member stands for all that begin with member."`
	Object   string        `query:"object" maxLength:"200" doc:"The id of what was changed."`
	MemberID chat.MemberID `query:"member_id" minimum:"1" doc:"Who did it."`
	KeyID    chat.KeyID    `query:"key_id" minimum:"1" doc:"With which API key."`
	Since    time.Time     `query:"since" doc:"Only from then on."`
	Until    time.Time     `query:"until" doc:"Only before then."`
}

func (s *service) listAuditLog(ctx context.Context, in *listAuditLogInput) (*listOutput[auditEntryJSON], error) {
	filter := chat.AuditFilter{
		Verb:     in.Verb,
		Object:   in.Object,
		MemberID: in.MemberID,
		KeyID:    in.KeyID,
		Since:    timeIfGiven(in.Since),
		Until:    timeIfGiven(in.Until),
	}

	part, err := s.store.AuditLog(ctx, callFrom(ctx).workspace(), filter, in.page())

	return presentList(part, err, presentAuditEntry)
}
