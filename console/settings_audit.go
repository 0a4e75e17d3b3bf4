package console

import (
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

	return auditPage(v, params, answer.JSON200.Items, v.nextPage("/settings/audit", answer.JSON200.NextCursor)), nil
}

// readAuditFilter reads the filters of the audit log. Errors: that of a field that cannot be read.
func readAuditFilter(v *viewer) (params *client.ListAuditLogParams, err error) {
	params = &client.ListAuditLogParams{
		Limit:  new(int64(pageLimit)),
		Cursor: readPosition(v),
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
