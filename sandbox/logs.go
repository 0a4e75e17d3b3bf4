package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	defaultLogs = 10
	maxLogs     = 1000
	maxEvents   = 100
)

// logSummary is a mail in a list of the Email Logs, logDetail the mail alone; both as
// https://www.twilio.com/docs/sendgrid/api-reference/email-logs shows them.
type logSummary struct {
	FromEmail   string `json:"from_email"`
	SGMessageID string `json:"sg_message_id"`
	Subject     string `json:"subject"`
	ToEmail     string `json:"to_email"`
	Reason      string `json:"reason,omitempty"`
	Status      string `json:"status"`
	CreatedAt   string `json:"sg_message_id_created_at"`
}

type logDetail struct {
	FromEmail   string            `json:"from_email"`
	SGMessageID string            `json:"sg_message_id"`
	Subject     string            `json:"subject"`
	ToEmail     string            `json:"to_email"`
	Status      string            `json:"status"`
	APIKeyID    string            `json:"api_key_id"`
	ClientIP    string            `json:"client_ip"`
	Events      []map[string]any  `json:"events"`
	Category    []string          `json:"category,omitempty"`
	CustomArgs  map[string]string `json:"custom_args"`
}

func (m Mail) listed(at time.Time) bool { return m.ListedAt == nil || !m.ListedAt.After(at) }

func (m Mail) reason() string {
	switch m.Status() {
	case "bounced":
		return unknownMailbox
	case "delivered":
		return "250 2.0.0 OK"
	}

	return ""
}

func (s *Sandbox) listLogs(w http.ResponseWriter, r *http.Request) {
	request := struct {
		Query string `json:"query"`
		Limit int    `json:"limit"`
	}{Limit: defaultLogs}

	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, toolLimit)).Decode(&request); err != nil {
		s.refuseMail(w, r, http.StatusBadRequest, mailProblem{Message: "invalid request body"})
		return
	}

	if request.Limit < 1 || request.Limit > maxLogs {
		s.refuseMail(w, r, http.StatusBadRequest, mailProblem{Message: "limit must be between 1 and 1000"})
		return
	}

	matches, err := parseLogQuery(request.Query)
	if err != nil {
		s.refuseMail(w, r, http.StatusBadRequest, mailProblem{Message: "invalid query: " + err.Error()})
		return
	}

	found := []logSummary{}
	for _, k := range slices.Backward(s.arrived.look().mails) {
		if m := k.now(); len(found) < request.Limit && m.listed(currentTime()) && matches(m) {
			found = append(found, m.logSummary())
		}
	}

	writeJSON(w, http.StatusOK, map[string][]logSummary{"messages": found})
}

func (m Mail) logSummary() logSummary {
	return logSummary{
		FromEmail:   m.From.Email,
		SGMessageID: m.SGMessageID,
		Subject:     m.Subject,
		ToEmail:     m.To[0].Email,
		Reason:      m.reason(),
		Status:      m.Status(),
		CreatedAt:   m.ReceivedAt.Format(time.RFC3339),
	}
}

func (s *Sandbox) showLog(w http.ResponseWriter, r *http.Request) {
	m, found := s.arrived.mail(r.PathValue("id"))
	if !found || !m.listed(currentTime()) {
		s.refuseMail(w, r, http.StatusNotFound, mailProblem{Message: "message not found"})
		return
	}

	detail := logDetail{
		FromEmail:   m.From.Email,
		SGMessageID: m.SGMessageID,
		Subject:     m.Subject,
		ToEmail:     m.To[0].Email,
		Status:      m.Status(),
		ClientIP:    "127.0.0.1",
		Events:      []map[string]any{},
		Category:    m.Categories,
		CustomArgs:  m.CustomArgs,
	}
	if detail.CustomArgs == nil {
		detail.CustomArgs = map[string]string{}
	}

	for _, event := range m.Events[max(len(m.Events)-maxEvents, 0):] {
		detail.Events = append(detail.Events, m.logEvent(event, m.To[0].Email))
	}

	writeJSON(w, http.StatusOK, detail)
}

// condition is one part of a query; the parts are joined by AND.
var condition = regexp.MustCompile(
	`^\s*([a-z_]+)\s*(=|>=|<=|>|<|IN)\s*(TIMESTAMP\s*)?("[^"]*"|'[^']*'|\([^)]*\))\s*(?:AND\s|$)`,
)

// parseLogQuery reads the language of POST /v3/logs: fields, operators and AND, case-sensitive.
func parseLogQuery(query string) (func(Mail) bool, error) {
	var all []func(Mail) bool

	for rest := query; strings.TrimSpace(rest) != ""; {
		part := condition.FindStringSubmatch(rest)
		if part == nil {
			return nil, errors.New("it must be conditions joined by AND")
		}

		matches, err := parseCondition(part[1], part[2], part[3] != "", part[4])
		if err != nil {
			return nil, err
		}

		all = append(all, matches)
		rest = rest[len(part[0]):]
	}

	return func(m Mail) bool {
		return !slices.ContainsFunc(all, func(matches func(Mail) bool) bool { return !matches(m) })
	}, nil
}

func parseCondition(field, operator string, isTime bool, value string) (func(Mail) bool, error) {
	switch {
	case field == "sg_message_id_created_at" && isTime && operator != "=" && operator != "IN":
		at, err := time.Parse(time.RFC3339, unquoteText(value))
		if err != nil {
			return nil, errors.New("a TIMESTAMP must be as 2006-01-02T15:04:05Z")
		}

		return func(m Mail) bool { return holdsOperator(m.ReceivedAt.Compare(at), operator) }, nil

	case operator == "=" && !isTime && logFields[field] != nil && value[0] != '(':
		want := unquoteText(value)
		return func(m Mail) bool { return logFields[field](m) == want }, nil
	case operator == "IN" && (field == "status" || field == "categories") && value[0] == '(':
		wanted := unquoteList(value)

		return func(m Mail) bool {
			if field == "status" {
				return slices.Contains(wanted, m.Status())
			}

			return slices.ContainsFunc(m.Categories, func(c string) bool { return slices.Contains(wanted, c) })
		}, nil
	}

	return nil, fmt.Errorf("%s %s is not allowed", field, operator)
}

var logFields = map[string]func(Mail) string{
	"sg_message_id": func(m Mail) string { return m.SGMessageID },
	"subject":       func(m Mail) string { return m.Subject },
	"to_email":      func(m Mail) string { return m.To[0].Email },
	"reason":        Mail.reason,
}

func holdsOperator(order int, operator string) bool {
	switch operator {
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	case "<":
		return order < 0
	}

	return order <= 0
}

func unquoteText(quoted string) string { return strings.Trim(quoted, `"'`) }

func unquoteList(list string) []string {
	var values []string
	for value := range strings.SplitSeq(strings.Trim(list, "()"), ",") {
		values = append(values, unquoteText(strings.TrimSpace(value)))
	}

	return values
}
