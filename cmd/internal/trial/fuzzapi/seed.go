package fuzzapi

import (
	"context"
	"fmt"

	"handrail/chat"
	"handrail/cmd/internal/trial/testcluster"
	"handrail/db"
)

// Caller is who asks: a key, and the workspace that is asked about.
type Caller struct {
	Name      string
	Workspace string
	Secret    string
}

// Callers are all who ask.
type Callers struct {
	// Managers and Seconds are keys of two managers with all scopes, several each: one key may make only so many
	// requests in a second.
	Managers, Seconds []Caller
	// Reader is a manager's key that may read chats only, User that of a member who is no manager.
	Reader, User Caller
	// Strangers are keys of another workspace's manager.
	Strangers []Caller
	// Number is the workspace's, Customers are whom its chats by SMS are with.
	Number    string
	Customers []string
	// Contributors are the ids of members who can be asked.
	Contributors []string
	// Spared are the ids of the members and keys above, by the names of their ids in paths.
	Spared map[string][]string
}

// keysEach is how many keys a caller has that asks often.
const keysEach = 12

// Numbers of the two workspaces, which their phone numbers are made from.
const (
	workspaceNumber = 31
	strangersNumber = 32
)

// grantedSenders is how many numbers, and how many addresses, the workspace may enter beside those it has.
const grantedSenders = 40

func grantedNumber(n int) string { return fmt.Sprintf("+1628555%04d", n) }

func grantedAddress(n int) string { return fmt.Sprintf("desk%d@example.com", n) }

// Seed makes two workspaces with everybody who asks.
func Seed(ctx context.Context, store *db.Store) (*Callers, error) {
	ours, err := testcluster.Seed(ctx, store, testcluster.SeedOptions{
		Number:     workspaceNumber,
		Keys:       keysEach,
		Chats:      6,
		EmailEvery: 2,
	})
	if err != nil {
		return nil, err
	}

	theirs, err := testcluster.Seed(ctx, store, testcluster.SeedOptions{
		Number:     strangersNumber,
		Keys:       2,
		Chats:      2,
		EmailEvery: 2,
	})
	if err != nil {
		return nil, err
	}

	c := &Callers{Spared: map[string][]string{}, Number: ours.From}
	for _, customer := range ours.Customers {
		c.Customers = append(c.Customers, customer.Phone)
	}

	c.spareMember(ours.By.MemberID)
	c.spareMember(theirs.By.MemberID)

	for _, secret := range ours.Secrets {
		c.Managers = append(c.Managers, Caller{Name: "manager", Workspace: string(ours.Workspace), Secret: secret})
	}

	for _, secret := range theirs.Secrets {
		c.Strangers = append(c.Strangers, Caller{Name: "stranger", Workspace: string(theirs.Workspace), Secret: secret})
	}

	if err := c.addOthers(ctx, store, ours); err != nil {
		return nil, err
	}

	for n := range grantedSenders {
		for _, sender := range []string{grantedNumber(n), grantedAddress(n)} {
			if _, err := store.GrantSender(ctx, ours.Workspace, sender); err != nil {
				return nil, fmt.Errorf("grant a sender: %w", err)
			}
		}
	}

	return c, c.spareKeys(ctx, store, ours.Workspace, theirs.Workspace)
}

// contributors is how many there are: each is asked one question at a time.
const contributors = 12

// addOthers makes those who can be asked, the second manager, the key with few scopes, and the member who is no manager.
func (c *Callers) addOthers(ctx context.Context, store *db.Store, ours *testcluster.Seeded) error {
	second, err := store.CreateMember(ctx, ours.Workspace, chat.Actor{}, chat.Member{
		Kind: chat.KindPerson,
		Role: chat.RoleManager,
		Name: "Second manager",
	})
	if err != nil {
		return fmt.Errorf("make the second manager: %w", err)
	}

	for n := range contributors {
		asked, err := store.CreateMember(ctx, ours.Workspace, chat.Actor{}, chat.Member{
			Kind:                 chat.KindPerson,
			Role:                 chat.RoleUser,
			Name:                 fmt.Sprintf("Contributor %d", n),
			Phone:                fmt.Sprintf("+1604555%04d", n),
			NotificationsEnabled: true,
			Consents:             chat.Consents{chat.ChannelSMS: chat.ConsentGranted},
		})
		if err != nil {
			return fmt.Errorf("make a contributor: %w", err)
		}

		c.spareMember(asked.ID)
		c.Contributors = append(c.Contributors, fmt.Sprint(asked.ID))
	}

	c.spareMember(second.ID)
	c.spareMember(ours.Customers[0].ID)

	for range keysEach / 2 {
		made, err := makeKey(ctx, store, ours.Workspace, second.ID, chat.AllScopes())
		if err != nil {
			return err
		}

		made.Name = "second"
		c.Seconds = append(c.Seconds, made)
	}

	if c.Reader, err = makeKey(ctx, store, ours.Workspace, second.ID, []chat.Scope{"chats:read"}); err != nil {
		return err
	}

	c.Reader.Name = "reader"

	c.User, err = makeKey(ctx, store, ours.Workspace, ours.Customers[0].ID, chat.AllScopes())
	c.User.Name = "user"

	return err
}

func makeKey(
	ctx context.Context,
	store *db.Store,
	workspace chat.WorkspaceID,
	member chat.MemberID,
	scopes []chat.Scope,
) (Caller, error) {
	secret := chat.NewKeySecret()
	key := chat.Key{
		MemberID: member,
		Name:     "fuzz",
		Scopes:   scopes,
		Hint:     chat.KeyHint(secret),
	}

	if _, err := store.CreateKey(ctx, workspace, chat.Actor{}, key, chat.HashKey(secret)); err != nil {
		return Caller{}, fmt.Errorf("make a key: %w", err)
	}

	return Caller{Workspace: string(workspace), Secret: secret}, nil
}

func (c *Callers) spareMember(id chat.MemberID) {
	c.Spared["member_id"] = append(c.Spared["member_id"], fmt.Sprint(id))
}

func (c *Callers) spareKeys(ctx context.Context, store *db.Store, workspaces ...chat.WorkspaceID) error {
	for _, workspace := range workspaces {
		keys, err := store.Keys(ctx, workspace, chat.Page{Limit: 100})
		if err != nil {
			return fmt.Errorf("list the keys: %w", err)
		}

		for _, key := range keys.Items {
			c.Spared["api_key_id"] = append(c.Spared["api_key_id"], fmt.Sprint(key.ID))
		}
	}

	return nil
}
