package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

// What the providers' APIs tell of an account and of its webhooks. The sandbox has the senders that it is configured
// with or that something was sent from, and calls the webhooks that it is configured with for all of them.

func (s *Sandbox) routeTwilioSetup(mux *http.ServeMux) {
	mux.Handle("GET /2010-04-01/Accounts/{account_json}", s.twilio(s.showAccount))
	mux.Handle("GET /2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json", s.twilio(s.listNumbers))
	mux.Handle("GET /v1/Services", s.twilio(s.listServices))
}

func (s *Sandbox) showAccount(w http.ResponseWriter, r *http.Request) *twilioProblem {
	if r.PathValue("account_json") != s.config.AccountSID+".json" {
		return notFound(r)
	}

	writeJSON(w, http.StatusOK, map[string]string{
		"sid":           s.config.AccountSID,
		"friendly_name": "Sandbox",
		"status":        "active",
		"type":          "Full",
	})

	return nil
}

func (s *Sandbox) listNumbers(w http.ResponseWriter, _ *http.Request) *twilioProblem {
	numbers := []map[string]any{}

	for _, number := range mergeNames(s.config.Numbers, s.sendersOf(func(m Message) string { return m.From })) {
		numbers = append(numbers, map[string]any{
			"phone_number": number,
			"sms_url":      s.config.TwilioInboundURL,
			"sms_method":   http.MethodPost,
		})
	}

	writeJSON(w, http.StatusOK, map[string]any{"incoming_phone_numbers": numbers, "next_page_uri": nil})

	return nil
}

func (s *Sandbox) listServices(w http.ResponseWriter, _ *http.Request) *twilioProblem {
	services := []map[string]any{}

	for _, sid := range s.sendersOf(func(m Message) string { return m.MessagingServiceSID }) {
		services = append(services, map[string]any{
			"sid":                           sid,
			"inbound_request_url":           s.config.TwilioInboundURL,
			"inbound_method":                http.MethodPost,
			"use_inbound_webhook_on_number": false,
		})
	}

	writeJSON(w, http.StatusOK, map[string]any{"services": services, "meta": map[string]any{"next_page_url": nil}})

	return nil
}

// sendersOf lists the senders of outgoing messages.
func (s *Sandbox) sendersOf(sender func(Message) string) []string {
	var all []string

	for _, m := range s.Messages(MessageFilter{}) {
		all = append(all, sender(m))
	}

	return mergeNames(all)
}

// mergeNames lists each of the names once, sorted, without empty ones.
func mergeNames(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)

	return slices.DeleteFunc(slices.Compact(all), func(name string) bool { return name == "" })
}

func (s *Sandbox) routeSendGridSetup(mux *http.ServeMux) {
	mux.HandleFunc("GET /v3/scopes", s.sendGrid(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string][]string{"scopes": {
			"mail.send",
			"user.webhooks.event.settings.read",
			"user.webhooks.parse.settings.read",
		}})
	}))
	mux.HandleFunc("GET /v3/user/webhooks/event/settings/all", s.sendGrid(s.showEventWebhook))
	mux.HandleFunc("GET /v3/user/webhooks/parse/settings", s.sendGrid(s.showInboundParse))
}

func (s *Sandbox) showEventWebhook(w http.ResponseWriter, _ *http.Request) {
	webhooks := []map[string]any{}

	if s.config.EventURL != "" {
		webhooks = append(webhooks, map[string]any{
			"enabled":           true,
			"url":               s.config.EventURL,
			"bounce":            true,
			"deferred":          true,
			"delivered":         true,
			"dropped":           true,
			"processed":         true,
			"spam_report":       true,
			"unsubscribe":       true,
			"group_resubscribe": true,
			"group_unsubscribe": true,
			"public_key":        "of the sandbox",
		})
	}

	writeJSON(w, http.StatusOK, map[string]any{"max_allowed": 1, "webhooks": webhooks})
}

// showInboundParse has the hosts that answers to a mail go to.
func (s *Sandbox) showInboundParse(w http.ResponseWriter, _ *http.Request) {
	var answered []string

	for _, m := range s.Mails() {
		for _, a := range m.ReplyTo {
			_, host, _ := strings.Cut(a.Email, "@")
			answered = append(answered, host)
		}
	}

	settings := []map[string]any{}

	for _, host := range mergeNames(s.config.ReplyHosts, answered) {
		settings = append(settings, map[string]any{"hostname": host, "url": s.config.MailInboundURL})
	}

	writeJSON(w, http.StatusOK, map[string]any{"result": settings})
}
