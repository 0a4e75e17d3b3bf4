package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"handrail/chat"
)

// KeyJSON is an API key without its secret. The type is exported because huma finds
// the fields of what is embedded in exported types only.
type KeyJSON struct {
	ID         chat.KeyID    `json:"id"`
	Kind       chat.KeyKind  `json:"kind" enum:"key,login,session"`
	Name       string        `json:"name"`
	MemberID   chat.MemberID `json:"member_id" doc:"Whom the key acts as."`
	Scopes     []chat.Scope  `json:"scopes"`
	Hint       string        `json:"hint" doc:"The end of the key."`
	CreatedAt  time.Time     `json:"created_at"`
	ExpiresAt  *time.Time    `json:"expires_at"`
	LastUsedAt *time.Time    `json:"last_used_at" doc:"To the minute."`
	RevokedAt  *time.Time    `json:"revoked_at"`
}

func presentKey(k chat.Key) KeyJSON {
	return KeyJSON{
		ID:         k.ID,
		Kind:       k.Kind,
		Name:       k.Name,
		MemberID:   k.MemberID,
		Scopes:     k.Scopes,
		Hint:       k.Hint,
		CreatedAt:  k.CreatedAt.UTC(),
		ExpiresAt:  chat.UTC(k.ExpiresAt),
		LastUsedAt: chat.UTC(k.LastUsedAt),
		RevokedAt:  chat.UTC(k.RevokedAt),
	}
}

var exampleKey = KeyJSON{
	ID:        5,
	Kind:      chat.KeyLasting,
	Name:      "Shop backend",
	MemberID:  1,
	Scopes:    []chat.Scope{chat.ScopeChatsAdmin, chat.ScopeMembersRead},
	Hint:      "x7Qe",
	CreatedAt: exampleTime,
}

// createdKeyJSON is a key that was just made: the only time its secret is shown.
type createdKeyJSON struct {
	KeyJSON
	Key string `json:"key,omitempty" doc:"The key itself, never shown again."`
}

// newKeyJSON makes a key.
type newKeyJSON struct {
	Name      string         `json:"name" minLength:"1" maxLength:"100"`
	Scopes    []chat.Scope   `json:"scopes" minItems:"1" maxItems:"30" uniqueItems:"true" doc:"One that the asking key does not hold takes a second member."`
	MemberID  *chat.MemberID `json:"member_id,omitempty" minimum:"1" doc:"The asking key's own member when left out; another one takes a second member."`
	ExpiresAt *time.Time     `json:"expires_at,omitempty" doc:"It does not expire when left out."`
	// ApprovalID belongs to the request that was approved, repeated.
	ApprovalID chat.ApprovalID `json:"approval_id,omitempty" format:"uuid" doc:"With the same request again, once it is approved: the approval that it got."`
}

func (s *service) keyRoutes() {
	admin, notFound := withScope(chat.ScopeKeysAdmin), []chat.Code{chat.CodeKeyNotFound}
	grant := access{scope: chat.ScopeKeysAdmin, use: chat.UseGrant}

	registerRoute(s, s.listKeys, route{
		method:      http.MethodGet,
		path:        "/api-keys",
		access:      admin,
		id:          "listApiKeys",
		tag:         tagWorkspace,
		summary:     "List API keys",
		description: "Without their secrets.",
		answer:      listOf(exampleKey),
	})

	registerRoute(s, s.createKey, route{
		method:  http.MethodPost,
		path:    "/api-keys",
		access:  grant,
		id:      "createApiKey",
		tag:     tagWorkspace,
		summary: "Create an API key",
		status:  http.StatusCreated,
		secrets: []string{"key"},
		description: "`key` is shown in this answer only, and kept nowhere: an approved request is repeated with " +
			"`approval_id`, by the member who made it. A session makes no keys.",
		second: "a key for another member than the asking key's own, or with a scope that the asking key does not " +
			"hold.",
		request: newKeyJSON{
			Name:   "Shop backend",
			Scopes: []chat.Scope{chat.ScopeChatsAdmin, chat.ScopeMembersRead},
		},
		answer:   createdKeyJSON{KeyJSON: exampleKey, Key: "hr_EXAMPLExEXAMPLExEXAMPLExEXAMPLEx7Qe"},
		problems: append([]chat.Code{chat.CodeMemberNotFound}, useProblems()...),
	})

	registerRoute(s, s.getKey, route{
		method:   http.MethodGet,
		path:     "/api-keys/{api_key_id}",
		access:   admin,
		id:       "getApiKey",
		tag:      tagWorkspace,
		summary:  "Get an API key",
		answer:   exampleKey,
		problems: notFound,
	})

	registerRoute(s, s.revokeKey, route{
		method:  http.MethodDelete,
		path:    "/api-keys/{api_key_id}",
		access:  admin,
		id:      "revokeApiKey",
		tag:     tagWorkspace,
		summary: "Revoke an API key",
		description: "At once, and for good, with the sessions and login links that were made with it. It may be " +
			"asked twice.",
		problems: notFound,
	})
}

type listKeysInput struct {
	Paging
	Kind chat.KeyKind `query:"kind" enum:"key,login,session" default:"key" doc:"Those of this kind."`
}

func (s *service) listKeys(ctx context.Context, in *listKeysInput) (*listOutput[KeyJSON], error) {
	part, err := s.store.Keys(ctx, callFrom(ctx).workspace(), chat.KeyFilter{Page: in.page(), Kind: in.Kind})
	return presentList(part, err, presentKey)
}

type createKeyInput struct{ Body newKeyJSON }

func (s *service) createKey(ctx context.Context, in *createKeyInput) (*agreedOutput, error) {
	c := callFrom(ctx)
	secret := chat.NewKeySecret()
	key := chat.Key{
		WorkspaceID: c.workspace(),
		Kind:        chat.KeyLasting,
		MemberID:    valueOr(in.Body.MemberID, c.principal.MemberID),
		Name:        in.Body.Name,
		Scopes:      in.Body.Scopes,
		Hint:        chat.KeyHint(secret),
		ExpiresAt:   in.Body.ExpiresAt,
		Approval:    in.Body.ApprovalID,
	}

	if err := key.Validate(time.Now()); err != nil {
		return nil, err
	}

	made, err := s.store.CreateKey(ctx, c.workspace(), c.actor(), key, chat.HashKey(secret))
	if err != nil {
		return s.orAsk(ctx, err, func() (chat.NewApproval, error) {
			return chat.NewApproval{Kind: chat.ApprovalKey, Request: chat.ApprovalRequest{Key: key.Request()}}, nil
		})
	}

	return &agreedOutput{
		Status:   http.StatusCreated,
		Location: c.path(fmt.Sprintf("/api-keys/%d", made.ID)),
		Body:     createdKeyJSON{KeyJSON: presentKey(made), Key: secret},
	}, nil
}

// useProblems are the codes of an approval_id that allows nothing.
func useProblems() []chat.Code {
	return []chat.Code{chat.CodeApprovalNotFound, chat.CodeDecided, chat.CodeApprovalVoid}
}

type keyOutput struct{ Body KeyJSON }

type keyPath struct {
	KeyID chat.KeyID `inPath:"api_key_id"`
}

func (s *service) getKey(ctx context.Context, in *keyPath) (*keyOutput, error) {
	c := callFrom(ctx)

	found, err := s.store.Key(ctx, c.workspace(), in.KeyID)
	if err != nil {
		return nil, err
	}

	return &keyOutput{Body: presentKey(found)}, nil
}

func (s *service) revokeKey(ctx context.Context, in *keyPath) (*struct{}, error) {
	c := callFrom(ctx)
	return nil, s.store.RevokeKey(ctx, c.workspace(), c.actor(), in.KeyID, time.Now())
}
