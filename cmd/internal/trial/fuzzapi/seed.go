package fuzzapi

import (
	"context"
	"fmt"

	"handrail/chat"
	"handrail/cmd/internal/trial/testcluster"
	"handrail/db"
	"handrail/uuidv7"
)

// Caller is somebody who makes requests: an API key, and the workspace in the requests' paths.
type Caller struct {
	Name      string
	Workspace string
	Secret    string
}

// Callers are all callers of a run, and the people of the workspace whom it needs.
type Callers struct {
	// Managers and Seconds are keys of two managers with all scopes. Each has several, because the rate of a key is
	// limited.
	Managers, Seconds []Caller
	// Reader is a manager's key that may read chats only, User that of a member who is no manager.
	Reader, User Caller
	// Strangers are keys of another workspace's manager.
	Strangers []Caller
	// Number is the workspace's phone number, Customers are the numbers of the customers of its SMS chats.
	Number    string
	Customers []string
	// Contributors are the ids of members who can be asked, Asking those of chats that they take part in.
	Contributors, Asking []string
	// Spared are the ids of the members and keys above, by the names of their ids in paths.
	Spared map[string][]string
}

// keysEach is how many keys a caller has who makes many requests.
const keysEach = 12

// The numbers of the two workspaces, from which their phone numbers are made.
const (
	workspaceNumber = 31
	strangersNumber = 32
)

// grantedSenders is how many further numbers, and how many further addresses, the workspace may enter.
const grantedSenders = 40

func grantedNumber(n int) string { return fmt.Sprintf("+1628555%04d", n) }

func grantedAddress(n int) string { return fmt.Sprintf("desk%d@example.com", n) }

// Seed makes two workspaces with all callers.
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

// contributorCount is how many contributors there are. By SMS each is asked one question at a time.
const contributorCount = 3

// addOthers makes the second manager, the contributors, the key with one scope and the member who is no manager.
func (c *Callers) addOthers(ctx context.Context, store *db.Store, ours *testcluster.Seeded) error {
	second, err := store.CreateMember(ctx, ours.Workspace, chat.Actor{}, chat.Member{
		Kind: chat.KindPerson,
		Role: chat.RoleManager,
		Name: "Second manager",
	})
	if err != nil {
		return fmt.Errorf("make the second manager: %w", err)
	}

	if err := c.addContributors(ctx, store, ours); err != nil {
		return err
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

// addContributors makes members who can be asked, each in a chat by SMS.
func (c *Callers) addContributors(ctx context.Context, store *db.Store, ours *testcluster.Seeded) error {
	for n := range contributorCount {
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

		id := ours.Chats[2*n] // the others are by email
		c.Asking = append(c.Asking, fmt.Sprint(id))

		_, err = store.AddParticipant(ctx, chat.AddParticipant{
			Request: chat.Request{
				ActionID:    uuidv7.New[chat.ActionID](),
				WorkspaceID: ours.Workspace,
				ChatID:      id,
			},
			NewParticipant: chat.NewParticipant{MemberID: asked.ID, Role: chat.ParticipantContributor},
		})
		if err != nil {
			return fmt.Errorf("add a contributor: %w", err)
		}
	}

	return nil
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
		keys, err := store.Keys(ctx, workspace, chat.KeyFilter{Page: chat.Page{Limit: 100}})
		if err != nil {
			return fmt.Errorf("list the keys: %w", err)
		}

		for _, key := range keys.Items {
			c.Spared["api_key_id"] = append(c.Spared["api_key_id"], fmt.Sprint(key.ID))
		}
	}

	return nil
}
