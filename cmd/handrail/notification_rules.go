package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"handrail/client"
)

type rulesCommand struct {
	List   ruleList   `cmd:"" help:"List the notification rules, and how each stands."`
	Create ruleCreate `cmd:"" help:"Create a rule: members are told by email or SMS what needs a person."`
	Show   ruleShow   `cmd:"" help:"Show a notification rule."`
	Update ruleUpdate `cmd:"" help:"Change a notification rule. What you do not give stays as it is."`
	Test   ruleTest   `cmd:"" help:"Send each member of a rule a message that says that it is a test."`
	Delete ruleDelete `cmd:"" help:"Delete a notification rule, with what it has collected."`
}

// Help is shown by kong.
func (rulesCommand) Help() string {
	return `Notification rules say which members are told of which events (docs/notices.md). These commands need a key
with the scope webhooks:read, or webhooks:write for all but list and show.

` + exitHelp
}

type noticesCommand struct {
	List noticeList `cmd:"" help:"List the messages that have told members of events, newest first."`
}

// ruleOf is the argument of a command about one rule.
type ruleOf struct {
	ID int64 `arg:"" help:"The rule's id, as listed."`
}

// ruleView is a rule as the API shows it.
type ruleView struct{ client.NotificationRule }

func (v *ruleView) types() string {
	names := make([]string, len(v.Types))
	for i, name := range v.Types {
		names[i] = string(name)
	}

	return strings.Join(names, ", ")
}

func (v *ruleView) members() string {
	if len(v.MemberIds) == 0 {
		return "all managers"
	}

	names := make([]string, len(v.MemberIds))
	for i, id := range v.MemberIds {
		names[i] = strconv.FormatInt(id, 10)
	}

	return "members " + strings.Join(names, ", ")
}

func (v *ruleView) show(c *console) {
	f := facts{c}
	f.say("rule", "%d", v.ID)
	f.say("stands", "%s", v.Explanation)
	f.say("types", "%s", v.types())
	f.say("tells", "%s", v.members())
	f.say("channel", "%s", v.Channel)

	if v.InboxID != nil {
		f.say("sender", "inbox %d", *v.InboxID)
	}

	if v.PhoneNumberID != nil {
		f.say("sender", "phone number %d", *v.PhoneNumberID)
	}

	f.say("collects for", "%s", time.Duration(v.QuietSeconds)*time.Second)
	f.sayTime("next message", v.NextMessageAt)
	f.say("created", "%s (%s ago)", formatTime(v.CreatedAt), formatAge(v.CreatedAt))
}

// showRule makes a request that is answered with a rule, and shows it.
func showRule(c *console, r *remote, ask question) error {
	return showOne(c, r, ask, func(_ *apiClient, v *ruleView) error {
		v.show(c)
		return nil
	})
}

type ruleList struct {
	remote
	listing
}

// Run lists rules.
func (l *ruleList) Run(c *console) error {
	return showList(c, &l.remote, l.listing, listView[ruleView]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			return api.ListNotificationRules(
				c.ctx,
				api.workspace,
				&client.ListNotificationRulesParams{Limit: at.limit, Cursor: at.cursor},
			)
		},
		empty:   "no notification rules yet; create one with: handrail notification-rules create",
		columns: []string{"ID", "TELLS", "BY", "TYPES", "STANDS"},
		row: func(v *ruleView) []string {
			return []string{
				strconv.FormatInt(v.ID, 10),
				shortenText(v.members(), 30),
				string(v.Channel),
				shortenText(v.types(), 40),
				makePrintable(v.Explanation),
			}
		},
	})
}

// ruleFields are what may be given of a rule.
type ruleFields struct {
	Types       []string       `help:"Events to tell of, like chat.escalated, with commas." placeholder:"TYPE"`
	Members     []int64        `help:"Ids of managers to tell, with commas." placeholder:"ID"`
	Channel     string         `enum:"email,phone-sms," default:"" help:"email or phone-sms." placeholder:"CHANNEL"`
	Inbox       *int64         `help:"The inbox that mails are sent from." placeholder:"ID"`
	PhoneNumber *int64         `help:"The phone number that SMS are sent from." placeholder:"ID"`
	Quiet       *time.Duration `help:"How long events are collected for one message, like 5m." placeholder:"TIME"`
}

func (f *ruleFields) types() []client.EventType {
	var types []client.EventType
	for _, name := range f.Types {
		types = append(types, client.EventType(name))
	}

	return types
}

func (f *ruleFields) quietSeconds() *int64 {
	if f.Quiet == nil {
		return nil
	}

	return new(int64(f.Quiet.Seconds()))
}

type ruleCreate struct {
	remote
	ruleFields
}

// Run creates a rule. It is asked for once only: another try could make another.
func (r *ruleCreate) Run(c *console) error {
	return showRule(c, &r.remote, func(api *apiClient) (*http.Response, error) {
		return api.CreateNotificationRule(c.ctx, api.workspace, nil, client.NewNotificationRule{
			Types:         r.types(),
			MemberIds:     r.Members,
			Channel:       client.IfGiven(client.AddressedChannel(r.Channel)),
			InboxID:       r.Inbox,
			PhoneNumberID: r.PhoneNumber,
			QuietSeconds:  r.quietSeconds(),
		})
	})
}

type ruleShow struct {
	remote
	ruleOf
}

// Run shows a rule.
func (s *ruleShow) Run(c *console) error {
	return showRule(c, &s.remote, func(api *apiClient) (*http.Response, error) {
		return api.GetNotificationRule(c.ctx, api.workspace, s.ID)
	})
}

type ruleUpdate struct {
	remote
	ruleOf
	ruleFields

	AllManagers bool  `help:"Tell all managers, instead of the members that the rule names."`
	Enabled     *bool `help:"Switch the rule on or off." negatable:""`
}

// Run changes a rule.
func (u *ruleUpdate) Run(c *console) error {
	patch := client.NotificationRulePatch{
		Channel:      client.IfGiven(client.AddressedChannel(u.Channel)),
		QuietSeconds: u.quietSeconds(),
		Enabled:      u.Enabled,
	}

	if len(u.Types) > 0 {
		patch.Types = u.types()
	}

	if len(u.Members) > 0 || u.AllManagers {
		patch.MemberIds = append([]int64{}, u.Members...)
	}

	return showRule(c, &u.remote, func(api *apiClient) (*http.Response, error) {
		return api.UpdateNotificationRule(c.ctx, api.workspace, u.ID, patch)
	})
}

// noticeView is a notice as the API shows it.
type noticeView struct{ client.Notice }

type ruleTest struct {
	remote
	ruleOf
}

// Run has a test sent.
func (t *ruleTest) Run(c *console) error {
	ask := func(api *apiClient) (*http.Response, error) {
		return api.TestNotificationRule(c.ctx, api.workspace, t.ID, nil)
	}

	return showOne(c, &t.remote, ask, func(_ *apiClient, v *client.TestedRule) error {
		fmt.Fprintf(
			c.out,
			"%d to be told; see what became of it with: handrail notices list --rule %d\n",
			len(v.Items),
			t.ID,
		)

		return nil
	})
}

type ruleDelete struct {
	remote
	ruleOf
}

// Run deletes a rule.
func (d *ruleDelete) Run(c *console) error {
	api, err := d.dial(c)
	if err != nil {
		return err
	}

	if _, err := api.read(api.DeleteNotificationRule(c.ctx, api.workspace, d.ID)); err != nil {
		return err
	}

	fmt.Fprintf(c.out, "notification rule %d deleted\n", d.ID)

	return nil
}

type noticeList struct {
	remote
	listing

	Rule   int64 `help:"Only of this rule." placeholder:"ID"`
	Failed bool  `help:"Only those that have not reached their member."`
}

// Run lists notices.
func (l *noticeList) Run(c *console) error {
	return showList(c, &l.remote, l.listing, listView[noticeView]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			return api.ListNotices(c.ctx, api.workspace, &client.ListNoticesParams{
				Limit:              at.limit,
				Cursor:             at.cursor,
				NotificationRuleID: client.IfGiven(l.Rule),
				Failed:             client.IfGiven(l.Failed),
			})
		},
		empty:   "no such notices",
		columns: []string{"AT", "RULE", "MEMBER", "BY", "STATUS", "SUBJECT", "EXPLANATION"},
		row: func(v *noticeView) []string {
			return []string{
				formatTime(v.CreatedAt),
				strconv.FormatInt(v.NotificationRuleID, 10),
				strconv.FormatInt(v.MemberID, 10),
				string(v.Channel),
				makePrintable(v.Status),
				shortenText(v.Subject, 50),
				makePrintable(v.Explanation),
			}
		},
	})
}
