package main

import (
	"bytes"
	"fmt"
	"io"
	"text/template"
	"time"
)

// screen is what stands in the terminal once everything runs.
type screen struct {
	API, UI, Inbox string
	// Console is the login link.
	Console string
	// Metrics is "" if none are served.
	Metrics        string
	Workspace, Key string
	// SecondKey is for approvals, Friday the next one at 19:00, in RFC 3339.
	SecondKey, Friday string
	Demo              demo
	DataDir           string
	Took              time.Duration
	// Answers reports whether the sandbox reports to this API, and passes on what is answered.
	Answers bool
}

var ready = template.Must(template.New("ready").Parse(`
Handrail is ready after {{.Took}}. Data: {{.DataDir}}   Stop: Ctrl-C   Delete the data: make dev-reset

  API           {{.API}}/api/v2/w/{{.Workspace}}
  API docs      {{.API}}/docs     and the guide, with all of the documentation: {{.API}}/docs/guide
  Console       {{.Console}}
                (the link logs in once, within 10 minutes; later: the workspace {{.Workspace}} and the key)
  Temporal UI   {{or .UI "off (HANDRAIL_DEV_UI_PORT=0)"}}
  Sandbox inbox {{.Inbox}}     the SMS and emails that the sandbox got{{if .Answers}}; answer there as whoever got them{{end}}
{{- if .Metrics}}
  Metrics       {{.Metrics}}
{{- end}}
  Key           {{.Key}}   (this machine only; to approve: {{.SecondKey}})

Paste these into another terminal. Each may be pasted again:

# 1. Send as the assistant, by SMS and by email; a tool runs first
curl -sS -w '\n' '{{.API}}/api/v2/w/{{.Workspace}}/chats/{{"{"}}{{.Demo.SMSChat}},{{.Demo.EmailChat}}{{"}"}}/send-assistant-message' -H 'Authorization: Bearer {{.Key}}' -H 'Content-Type: application/json' -d '{"message":"Thank you for writing. **We have changed it** and send you the confirmation today.","tool_calls":[{"name":"set_state","arguments":{"state":"waiting"}}]}'

# 2. Book a table with a tool, then send (the booking is on the inbox page)
curl -sS -w '\n' {{.API}}/api/v2/w/{{.Workspace}}/chats/{{.Demo.SMSChat}}/send-assistant-message -H 'Authorization: Bearer {{.Key}}' -H 'Content-Type: application/json' -d '{"message":"Six people on Friday at 7 pm: your table is booked.","tool_calls":[{"name":"book_table","arguments":{"name":"Lopez","people":6,"at":"{{.Friday}}"}}]}'

# 3. Add a participant to the chat; with its Idempotency-Key, a second time gets the same answer
curl -sS -w '\n' {{.API}}/api/v2/w/{{.Workspace}}/chats/{{.Demo.EmailChat}}/participants -H 'Authorization: Bearer {{.Key}}' -H 'Content-Type: application/json' -H 'Idempotency-Key: demo-participant' -d '{"memberId":{{.Demo.Contributor}},"role":"contributor"}'

# 4. Summarize a chat and choose its labels
curl -sS -w '\n' -X POST '{{.API}}/api/v2/w/{{.Workspace}}/chats/{{.Demo.SMSChat}}/summarize?update_labels=true' -H 'Authorization: Bearer {{.Key}}'

`))

// nextFriday returns 19:00 of the next Friday.
func nextFriday(now time.Time) string {
	now = now.UTC()
	days := (int(time.Friday-now.Weekday())+6)%7 + 1 // 1 to 7: never today

	return time.Date(now.Year(), now.Month(), now.Day()+days, 19, 0, 0, 0, time.UTC).Format(time.RFC3339)
}

func (s screen) show(w io.Writer) error {
	// Written at once, so that no line of the log gets into its middle.
	var all bytes.Buffer

	err := ready.Execute(&all, s)
	if err == nil {
		_, err = all.WriteTo(w)
	}

	if err != nil {
		return fmt.Errorf("show the ready screen: %w", err)
	}

	return nil
}
