package console

import (
	"encoding/json"

	"github.com/a-h/templ"

	"handrail/client"
)

func (h *Handler) auditRoutes() { h.page("/settings/audit", h.showAudit) }

func (h *Handler) showAudit(v *viewer) (templ.Component, error) {
	params, err := readAuditFilter(v)
	if err != nil {
		return nil, err
	}

	answer, err := v.ListAuditLogWithResponse(v.ctx(), v.ws(), params)
	if err != nil {
		return nil, err
	}

	for _, entry := range answer.JSON200.Items {
		v.learnNames(entry.MemberID)
	}

	return auditPage(v, params, answer.JSON200.Items, v.nextPage("/settings/audit", answer.JSON200.NextCursor)), nil
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

// readAuditFilter reads the filters of the audit log. Errors: that of a field that cannot be read.
func readAuditFilter(v *viewer) (params *client.ListAuditLogParams, err error) {
	params = &client.ListAuditLogParams{
		Limit:  new(pageLimit),
		Cursor: readCursor(v),
		Verb:   client.IfGiven(readText(v, "verb")),
		Object: client.IfGiven(readText(v, "object")),
	}

	if params.MemberID, err = readNumber(v, "member_id"); err != nil {
		return nil, err
	}

	if params.KeyID, err = readNumber(v, "key_id"); err != nil {
		return nil, err
	}

	if params.Since, err = readTime(v, "since"); err != nil {
		return nil, err
	}

	params.Until, err = readTime(v, "until")

	return params, err
}
