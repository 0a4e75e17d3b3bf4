package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"handrail/client"
)

type membersCommand struct {
	List      memberList      `cmd:"" help:"List members, or find the one who has an address."`
	Find      memberFind      `cmd:"" help:"Find members by an address, or by a part of their name."`
	Merge     memberMerge     `cmd:"" help:"Make a member a part of another one. This cannot be undone."`
	Delete    memberDelete    `cmd:"" help:"Delete a member to whom nothing refers."`
	OptOut    memberOptOut    `cmd:"" name:"opt-out" help:"Opt a member out of a channel: end all that waits to be sent there."`
	NotOptOut memberNotOptOut `cmd:"" name:"not-opt-out" help:"Decide that a member has not opted out: let what was held go on."`
}

// Help is shown by kong.
func (membersCommand) Help() string {
	return `An address belongs to one member of a workspace. Two members who are one person are merged: handrail
members merge 13 --into 12. Member 12 stays; the chats, messages and consents of member 13 become its own.

A member who was entered by mistake, and to whom nothing refers, can be deleted. Of any other the command says what
refers to it. Nothing that a person has written or was sent is erased.

If a customer may have asked not to be written to ("please stop texting me"), nothing more is sent to them over
that channel, and their chat needs a response because of possible_opt_out. The commands opt-out and not-opt-out
decide it. Both may be repeated.

` + exitHelp
}

type memberList struct {
	remote
	listing
	Name  string `help:"Only members with this in their name." placeholder:"TEXT"`
	Phone string `help:"Only the one with this phone number, however it is written." placeholder:"NUMBER"`
	Email string `help:"Only the one with this email address." placeholder:"ADDRESS"`

	ExternalID string `help:"Only the one with this id of another system." placeholder:"ID"`
}

// Run lists members.
func (l *memberList) Run(c *console) error {
	return showMembers(c, &l.remote, l.listing, &client.ListMembersParams{
		Q:          client.IfGiven(l.Name),
		Phone:      client.IfGiven(l.Phone),
		Email:      client.IfGiven(l.Email),
		ExternalID: client.IfGiven(l.ExternalID),
	})
}

type memberFind struct {
	remote
	listing
	Text string `arg:"" help:"A phone number that begins with +, an email address, or a part of the name."`
}

// Run finds members by whatever is known of them.
func (f *memberFind) Run(c *console) error {
	params := &client.ListMembersParams{Q: &f.Text}
	if isAddress(f.Text) {
		params = selectAddress(f.Text)
	}

	return showMembers(c, &f.remote, f.listing, params)
}

// isAddress reports whether a text is a phone number that begins with +, or an email address.
func isAddress(text string) bool { return strings.HasPrefix(text, "+") || strings.Contains(text, "@") }

// selectAddress returns the filter for the member with an email address or phone number.
func selectAddress(address string) *client.ListMembersParams {
	if strings.Contains(address, "@") {
		return &client.ListMembersParams{Email: &address}
	}

	return &client.ListMembersParams{Phone: &address}
}

// findMemberID returns the id of the member with an address, nil if nobody has it.
func (r *remote) findMemberID(c *console, address string) (*int64, error) {
	api, err := r.dial(c)
	if err != nil {
		return nil, err
	}

	found, err := fetchList[client.Member](api, listing{Limit: 1}, askMembers(selectAddress(address)))
	if err != nil || len(found.Items) == 0 {
		return nil, err
	}

	return &found.Items[0].ID, nil
}

// askMembers asks for the pages of a list of members.
func askMembers(params *client.ListMembersParams) pageQuestion {
	return func(api *apiClient, at position) (*http.Response, error) {
		params.Limit = at.limit
		params.Cursor = at.cursor

		return api.ListMembers(api.ctx, api.workspace, params)
	}
}

func showMembers(c *console, remote *remote, listing listing, params *client.ListMembersParams) error {
	return showList(c, remote, listing, listView[client.Member]{
		ask:     askMembers(params),
		empty:   "no such members",
		columns: []string{"ID", "KIND", "NAME", "PHONE", "EMAIL"},
		row: func(m *client.Member) []string {
			return []string{
				strconv.FormatInt(m.ID, 10),
				makePrintable(string(m.Kind)),
				makePrintable(m.Name),
				makePrintable(m.Phone),
				makePrintable(m.Email),
			}
		},
	})
}

type memberMerge struct {
	remote
	Member int64  `arg:"" help:"The member that goes."`
	Into   int64  `required:"" help:"The member that stays." placeholder:"ID"`
	Reason string `help:"The reason, for the audit log." placeholder:"TEXT"`
}

// Run merges a member into another one. A repetition changes nothing, so it is asked again when
// no answer comes.
func (m *memberMerge) Run(c *console) error {
	ask := func(api *apiClient) (*http.Response, error) {
		merge := client.Merge{Into: m.Into, Reason: client.IfGiven(m.Reason)}

		return api.MergeMember(c.ctx, api.workspace, m.Member, nil, merge, client.Repeatable)
	}

	return showOne(c, &m.remote, ask, func(_ *apiClient, stays *client.Member) error {
		fmt.Fprintf(
			c.out,
			"member %d is a part of member %d, %s, now\n",
			m.Member,
			stays.ID,
			makePrintable(stays.Name),
		)

		return nil
	})
}

type memberDelete struct {
	remote
	ID int64 `arg:"" help:"The member's id."`
}

// Run deletes a member.
func (d *memberDelete) Run(c *console) error {
	api, err := d.dial(c)
	if err != nil {
		return err
	}

	if _, err := api.read(api.DeleteMember(c.ctx, api.workspace, d.ID)); err != nil {
		return err
	}

	if !d.JSON {
		fmt.Fprintf(c.out, "member %d is deleted\n", d.ID)
	}

	return nil
}
