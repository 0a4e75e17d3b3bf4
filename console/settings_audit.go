package console

import (
	"encoding/json"

	"github.com/a-h/templ"

	"handrail/client"
)

func (h *Handler) auditRoutes() { h.page("/settings/audit", h.showAudit) }

// auditView is what the page of the audit log shows.
type auditView struct {
	filter *client.ListAuditLogParams
	items  []client.AuditEntry
	next   templ.SafeURL
	// members are those whom the field offers.
	members []client.Member
}

func (h *Handler) showAudit(v *viewer) (templ.Component, error) {
	members, err := listMembers(v)
	if err != nil {
		return nil, err
	}

	filter, err := readAuditFilter(v)
	if isInvalid(err) {
		v.refusal = refusalOf(err)
		return auditPage(v, &auditView{filter: filter, members: members}), nil
	} else if err != nil {
		return nil, err
	}

	answer, err := v.ListAuditLogWithResponse(v.ctx(), v.ws(), filter)
	if err != nil {
		return nil, err
	}

	for _, entry := range answer.JSON200.Items {
		v.learnNames(entry.MemberID)
	}

	v.learnNames(client.ValueOf(filter.MemberID))

	return auditPage(v, &auditView{
		filter:  filter,
		items:   answer.JSON200.Items,
		next:    v.nextPage("/settings/audit", answer.JSON200.NextCursor),
		members: members,
	}), nil
}

// auditedMember returns the member of the filter as its field has it: what was typed, where that names nobody.
func (v *viewer) auditedMember(filter *client.ListAuditLogParams) string {
	if v.refusal != nil {
		return readText(v, "member_id")
	}

	return v.offerID(filter.MemberID)
}

// describeKey returns with which key an entry of the audit log was made, in words. The command line on the server has
// none, and notes who has called it.
func describeKey(entry client.AuditEntry) string {
	var noted struct {
		Operator string `json:"operator"`
	}

	isNoted := json.Unmarshal(entry.Detail, &noted) == nil && noted.Operator != ""

	switch {
	case entry.KeyID != 0:
		return "key " + formatCount(entry.KeyID)
	case isNoted:
		return "command line on the server, as " + noted.Operator
	}

	return "without a key"
}

// isOwn reports whether Handrail itself has made the entry, and nobody else.
func isOwn(entry client.AuditEntry) bool {
	return entry.MemberID == 0 && describeKey(entry) == "without a key"
}

// readAuditFilter reads the filters of the audit log. Errors: that of a field that cannot be read, with the filters as
// far as they could be.
func readAuditFilter(v *viewer) (params *client.ListAuditLogParams, err error) {
	params = &client.ListAuditLogParams{
		Limit:  new(pageLimit),
		Cursor: readCursor(v),
		Verb:   v.given("verb"),
		Object: v.given("object"),
	}

	if params.MemberID, err = readMember(v, "member_id"); err != nil {
		return params, err
	}

	if params.KeyID, err = readNumber(v, "key_id"); err != nil {
		return params, err
	}

	if params.Since, err = readTime(v, "since"); err != nil {
		return params, err
	}

	params.Until, err = readTime(v, "until")

	return params, err
}
