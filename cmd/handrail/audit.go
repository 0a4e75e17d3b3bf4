package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"handrail/client"
)

type auditCommand struct {
	List auditList `cmd:"" help:"List who has done what, the newest first."`
}

// Help is shown by kong.
func (auditCommand) Help() string {
	return `The audit log has what members have done with their keys, and the operator with the command line: what was
done, to what, and the old and the new value of what has changed. Addresses are masked; of names, texts and secrets
it says only that they have changed. It takes the scope workspace:admin. --json shows each entry whole.

` + exitHelp
}

// auditView is an audit entry as the API shows it.
type auditView struct{ client.AuditEntry }

// told is the detail in one line: the changes first, then the rest.
func (e *auditView) told() string {
	var (
		parts  []string
		detail map[string]any
	)

	// What has no details has none to tell.
	_ = json.Unmarshal(e.Detail, &detail)

	changes, _ := detail["changes"].(map[string]any)
	for _, field := range slices.Sorted(maps.Keys(changes)) {
		change, _ := changes[field].(map[string]any)
		if change["changed"] == true {
			parts = append(parts, field+" changed")
			continue
		}

		parts = append(parts, fmt.Sprintf("%s: %s → %s", field, auditValue(change, "old"), auditValue(change, "new")))
	}

	for _, field := range slices.Sorted(maps.Keys(detail)) {
		if field != "changes" {
			parts = append(parts, field+" "+auditValue(detail, field))
		}
	}

	return strings.Join(parts, ", ")
}

// auditValue is a value in words; a dash stands for none.
func auditValue(values map[string]any, name string) string {
	switch value := values[name].(type) {
	case nil:
		return "–"
	case string:
		return value
	default:
		encoded, err := json.Marshal(value)
		if err != nil {
			return "?"
		}

		return string(encoded)
	}
}

type auditList struct {
	remote
	listing
	Verb   string `help:"Only this verb, like member.updated; member stands for all that begin with member." placeholder:"VERB"`
	Object string `help:"Only what was done to the object with this id." placeholder:"ID"`
	Member int64  `name:"member-id" help:"Only what this member did." placeholder:"ID"`
	Key    int64  `name:"key-id" help:"Only what was done with this API key." placeholder:"ID"`
	Since  moment `help:"Only from then on: how long ago, like 2h, or a time like 2026-11-22T10:00:00Z." placeholder:"WHEN"`
	Until  moment `help:"Only before then, written as with --since." placeholder:"WHEN"`
}

// Run lists the audit log.
func (l *auditList) Run(c *console) error {
	params := &client.ListAuditLogParams{
		Verb:     client.IfGiven(l.Verb),
		Object:   client.IfGiven(l.Object),
		MemberID: client.IfGiven(l.Member),
		KeyID:    client.IfGiven(l.Key),
		Since:    l.Since.time(),
		Until:    l.Until.time(),
	}

	return showList(c, &l.remote, l.listing, listView[auditView]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			params.Limit = at.limit
			params.Cursor = at.cursor

			return api.ListAuditLog(c.ctx, api.workspace, params)
		},
		empty:   "no entries",
		columns: []string{"AT", "MEMBER", "KEY", "VERB", "OBJECT", "DETAIL"},
		row: func(e *auditView) []string {
			return []string{
				formatTime(e.At),
				strconv.FormatInt(e.MemberID, 10),
				formatID(e.KeyID),
				makePrintable(e.Verb),
				makePrintable(e.Object),
				makePrintable(e.told()),
			}
		},
	})
}
