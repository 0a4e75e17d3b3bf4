package console

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"handrail/chat"
	"handrail/client"
)

// noticesShown is how many of the newest notices the page of notifications shows at once.
const noticesShown = 20

func (h *Handler) notificationRoutes() {
	h.page("/settings/notifications", h.showNotifications)

	h.form("/settings/notifications", h.createNotificationRule, h.showNotifications)
	h.form("/settings/notifications/{id}", h.updateNotificationRule, h.showNotifications)
	h.formThatTells("/settings/notifications/{id}/test", h.testNotificationRule, h.showNotifications)
	h.form("/settings/notifications/{id}/enabled", h.enableNotificationRule, h.showNotifications)
	h.form(
		"/settings/notifications/{id}/delete",
		deleteAt("/settings/notifications", deleteNotificationRule),
		h.showNotifications,
	)
}

// notificationsView is what the page of notifications shows.
type notificationsView struct {
	rules   []client.NotificationRule
	notices []client.Notice
	next    templ.SafeURL
	// managers are those whom a rule may name, as far as they are loaded; isCut reports whether there may be more.
	managers []client.Member
	isCut    bool
	// tested are the notices of a test that was just made.
	tested []client.Notice
}

func (h *Handler) showNotifications(v *viewer) (templ.Component, error) {
	view, err := readNotifications(v)
	if err != nil {
		return nil, err
	}

	return notificationsPage(v, view), nil
}

// readNotifications reads the rules, and a page of the notices. There are few rules: they are one page.
func readNotifications(v *viewer) (*notificationsView, error) {
	rules, err := v.ListNotificationRulesWithResponse(v.ctx(), v.ws(), &client.ListNotificationRulesParams{
		Limit: new(mostListed),
	})
	if err != nil {
		return nil, err
	}

	params := &client.ListNoticesParams{
		Limit:  new(int64(noticesShown)),
		Cursor: readCursor(v),
		Failed: client.IfGiven(v.URL.Query().Get("failed") != ""),
	}

	if params.NotificationRuleID, err = readNumber(v, "rule"); err != nil {
		return nil, err
	}

	notices, err := v.ListNoticesWithResponse(v.ctx(), v.ws(), params)
	if err != nil {
		return nil, err
	}

	people, err := listMembersOf(v, client.MemberKindPerson)
	if err != nil {
		return nil, err
	}

	isCut := !v.may("members:read") || int64(len(people)) == mostListed
	managers := slices.DeleteFunc(people, func(m client.Member) bool { return m.Role != client.MemberRoleManager })

	for _, rule := range rules.JSON200.Items {
		v.learnNames(slices.Clone(rule.MemberIds)...)
	}

	for _, notice := range notices.JSON200.Items {
		v.learnNames(notice.MemberID)
	}

	return &notificationsView{
		rules:    rules.JSON200.Items,
		notices:  notices.JSON200.Items,
		next:     v.nextPage("/settings/notifications", notices.JSON200.NextCursor),
		managers: managers,
		isCut:    isCut,
	}, nil
}

// newRule is what the form of a new rule begins with.
var newRule = client.NotificationRule{
	Channel:      client.AddressedChannelEmail,
	QuietSeconds: int64(chat.DefaultQuiet / time.Second),
}

// tellsNobody reports whether a rule is to tell managers, but reaches none of them.
func tellsNobody(rule client.NotificationRule) bool {
	return rule.Enabled && strings.Contains(rule.Explanation, chat.NobodyTold)
}

// updateNotificationRule replaces what a rule says: the form has all of it but the sender.
func (h *Handler) updateNotificationRule(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	members, err := readManagers(v)
	if err != nil {
		return "", err
	}

	quiet, err := readNumber(v, "quiet_seconds")
	if err != nil {
		return "", err
	}

	// No members are all managers. No types are refused by the API: a rule without any tells nothing.
	_, err = v.UpdateNotificationRuleWithResponse(v.ctx(), v.ws(), id, client.NotificationRulePatch{
		Channel:      client.IfGiven(client.AddressedChannel(readText(v, "channel"))),
		MemberIds:    append([]int64{}, members...),
		QuietSeconds: quiet,
		Types:        append([]client.EventType{}, readTypes(v)...),
	})

	return v.path("/settings/notifications"), err
}

func (h *Handler) createNotificationRule(v *viewer) (templ.SafeURL, error) {
	members, err := readManagers(v)
	if err != nil {
		return "", err
	}

	quiet, err := readNumber(v, "quiet_seconds")
	if err != nil {
		return "", err
	}

	params := &client.CreateNotificationRuleParams{IdempotencyKey: v.once()}
	_, err = v.CreateNotificationRuleWithResponse(v.ctx(), v.ws(), params, client.NewNotificationRule{
		Channel:      client.IfGiven(client.AddressedChannel(readText(v, "channel"))),
		MemberIds:    members,
		QuietSeconds: quiet,
		Types:        readTypes(v),
	})

	return v.path("/settings/notifications"), err
}

// readManagers reads the managers whom a rule is to tell: those that are chosen, and one that is named. Errors: that of
// a field that cannot be read, and those of [findMember].
func readManagers(v *viewer) ([]int64, error) {
	var ids []int64

	for _, text := range readValues(v, "member_ids") {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, newInputError("member_ids", "must be the number of a member")
		}

		ids = append(ids, id)
	}

	named, err := readMember(v, "manager")
	if err != nil {
		return nil, err
	}

	if named != nil && !slices.Contains(ids, *named) {
		ids = append(ids, *named)
	}

	return ids, nil
}

// offeredManagers returns the numbers of the managers whom the form of a rule offers: those that are loaded, and those
// that the rule names already.
func (n *notificationsView) offeredManagers(rule client.NotificationRule) []int64 {
	ids := make([]int64, 0, len(n.managers))
	for i := range n.managers {
		ids = append(ids, n.managers[i].ID)
	}

	for _, id := range rule.MemberIds {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}

	return ids
}

// testNotificationRule sends a test, and shows what became of it.
func (h *Handler) testNotificationRule(v *viewer) (templ.Component, error) {
	id, err := v.number("id")
	if err != nil {
		return nil, err
	}

	params := &client.TestNotificationRuleParams{IdempotencyKey: v.once()}

	answer, err := v.TestNotificationRuleWithResponse(v.ctx(), v.ws(), id, params)
	if err != nil {
		return nil, err
	}

	view, err := readNotifications(v)
	if err != nil {
		return nil, err
	}

	view.tested = answer.JSON202.Items

	return notificationsPage(v, view), nil
}

// enableNotificationRule enables or disables a rule, as the form says.
func (h *Handler) enableNotificationRule(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	_, err = v.UpdateNotificationRuleWithResponse(v.ctx(), v.ws(), id, client.NotificationRulePatch{
		Enabled: new(v.PostFormValue("enabled") == "true"),
	})

	return v.path("/settings/notifications"), err
}

func deleteNotificationRule(v *viewer, id int64) error {
	_, err := v.DeleteNotificationRuleWithResponse(v.ctx(), v.ws(), id)

	return err
}

// rulePath returns the path of a form of a rule.
func rulePath(v *viewer, rule client.NotificationRule, command string) templ.SafeURL {
	return v.path("/settings/notifications/" + formatCount(rule.ID) + "/" + command)
}
