package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"handrail/chat"
	"handrail/db"
)

type keysCommand struct {
	Create keyCreate `cmd:"" help:"Create an API key and show its secret. This is the only time it is shown."`
	Login  keyLogin  `cmd:"" help:"Make a link that logs in to the console, once, within 10 minutes."`
	List   keyList   `cmd:"" help:"List a workspace's API keys, or its sessions."`
	Revoke keyRevoke `cmd:"" help:"Revoke an API key. It stops working at once."`
	Reseal keyReseal `cmd:"" help:"Encrypt the secrets of all tools with the first of HANDRAIL_ENCRYPTION_KEYS."`
}

type keyCreate struct {
	Workspace string        `required:"" help:"The workspace's id." placeholder:"UUID"`
	Member    int64         `required:"" help:"The id of the member that the key acts as." placeholder:"ID"`
	Name      string        `required:"" help:"What the key is for." placeholder:"NAME"`
	Scopes    []string      `help:"Scopes, comma-separated, like chats:admin,members:read. Default: all." placeholder:"SCOPE"`
	Expires   time.Duration `help:"How long the key is valid, like 720h. Default: it does not expire." placeholder:"DURATION"`
	JSON      bool          `help:"Write JSON."`
}

// Run creates a key.
func (c *keyCreate) Run(p *process) error {
	now := time.Now()
	secret := chat.NewKeySecret()
	key := chat.Key{
		MemberID: chat.MemberID(c.Member),
		Name:     c.Name,
		Scopes:   scopesOrAll(c.Scopes),
		Hint:     chat.KeyHint(secret),
	}

	if c.Expires != 0 {
		expires := now.Add(c.Expires)
		key.ExpiresAt = &expires
	}

	if err := key.Validate(now); err != nil {
		return err
	}

	return p.withStore(func(s *db.Store) error {
		made, err := s.CreateKey(
			p.ctx,
			chat.WorkspaceID(c.Workspace),
			p.operator(),
			key,
			chat.HashKey(secret),
		)
		if err != nil {
			return err
		}

		if c.JSON {
			return writeJSON(p.out, struct {
				keyView
				Secret string `json:"key"`
			}{viewKey(made), secret})
		}

		fmt.Fprintf(p.out, "%s\n\nSave key %d now: it is not shown again. Only its hash is stored.\n", secret, made.ID)

		return nil
	})
}

// scopesOrAll are the scopes that are given, or all.
func scopesOrAll(given []string) []chat.Scope {
	if len(given) == 0 {
		return chat.AllScopes()
	}

	scopes := make([]chat.Scope, len(given))
	for i, s := range given {
		scopes[i] = chat.Scope(s)
	}

	return scopes
}

type keyList struct {
	Workspace string `required:"" help:"The workspace's id." placeholder:"UUID"`
	Kind      string `enum:"key,login,session" default:"key" help:"Which kind: key, login or session."`
	JSON      bool   `help:"Write JSON."`
}

// Run lists keys.
func (c *keyList) Run(p *process) error {
	return p.withStore(func(s *db.Store) error {
		if _, err := s.Workspace(p.ctx, chat.WorkspaceID(c.Workspace)); err != nil {
			return err
		}

		var all []keyView

		for page := (chat.Page{Limit: 100}); ; {
			part, err := s.Keys(p.ctx, chat.WorkspaceID(c.Workspace), chat.KeyFilter{
				Page: page,
				Kind: chat.KeyKind(c.Kind),
			})
			if err != nil {
				return err
			}

			for _, k := range part.Items {
				all = append(all, viewKey(k))
			}

			if page.Cursor = part.NextCursor; page.Cursor == "" {
				break
			}
		}

		if c.JSON {
			return writeJSON(p.out, all)
		}

		if len(all) == 0 && c.Kind != string(chat.KeyLasting) {
			fmt.Fprintf(p.out, "no key of the kind %s\n", c.Kind)
			return nil
		}

		return showKeys(p, all)
	})
}

func showKeys(p *process, all []keyView) error {
	if len(all) == 0 {
		fmt.Fprintln(p.out, "no keys yet; create one with: handrail keys create")
		return nil
	}

	t := newTable(p.out, "ID", "NAME", "MEMBER", "ENDS IN", "SCOPES", "STATE", "LAST USED")

	for _, k := range all {
		used := "never"
		if k.LastUsedAt != nil {
			used = k.LastUsedAt.UTC().Format(time.RFC3339)
		}

		t.row(
			strconv.FormatInt(k.ID, 10),
			k.Name,
			strconv.FormatInt(k.MemberID, 10),
			"…"+k.Hint,
			strings.Join(k.Scopes, ","),
			k.State,
			used,
		)
	}

	return t.flush()
}

type keyRevoke struct {
	Workspace string `required:"" help:"The workspace's id." placeholder:"UUID"`
	ID        int64  `arg:"" help:"The key's id, as listed."`
}

// Run revokes a key.
func (c *keyRevoke) Run(p *process) error {
	return p.withStore(func(s *db.Store) error {
		err := s.RevokeKey(p.ctx, chat.WorkspaceID(c.Workspace), p.operator(), chat.KeyID(c.ID), time.Now())
		if err != nil {
			return err
		}

		fmt.Fprintf(p.out, "key %d is revoked\n", c.ID)

		return nil
	})
}

// keyView is a key as it is listed.
type keyView struct {
	ID         int64      `json:"id"`
	Kind       string     `json:"kind"`
	Name       string     `json:"name"`
	MemberID   int64      `json:"member_id"`
	Hint       string     `json:"hint"`
	Scopes     []string   `json:"scopes"`
	State      string     `json:"state"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
}

func viewKey(k chat.Key) keyView {
	v := keyView{
		ID:         int64(k.ID),
		Kind:       string(k.Kind),
		Name:       k.Name,
		MemberID:   int64(k.MemberID),
		Hint:       k.Hint,
		State:      "active",
		ExpiresAt:  k.ExpiresAt,
		LastUsedAt: k.LastUsedAt,
	}

	for _, s := range k.Scopes {
		v.Scopes = append(v.Scopes, string(s))
	}

	switch {
	case k.RevokedAt != nil:
		v.State = "revoked"
	case k.ExpiresAt != nil && k.ExpiresAt.Before(time.Now()):
		v.State = "expired"
	}

	return v
}
