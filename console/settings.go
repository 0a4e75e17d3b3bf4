package console

import (
	"slices"

	"github.com/a-h/templ"

	"handrail/chat"
	"handrail/client"
)

// settingsPart is a page of the settings. Who has any of its scopes may see it.
type settingsPart struct {
	path   string
	name   string
	about  string
	scopes []chat.Scope
}

// settingsParts are the pages of the settings, in the order in which they are listed.
var settingsParts = []settingsPart{
	{
		path:   "/settings/webhooks",
		name:   "Webhook endpoints",
		about:  "Which programs are told what happens, how each stands, and what it has answered.",
		scopes: []chat.Scope{"webhooks:read"},
	},
	{
		path:   "/settings/notifications",
		name:   "Notifications",
		about:  "Which managers are told by mail or SMS what needs them, and what they were told.",
		scopes: []chat.Scope{"webhooks:read"},
	},
	{
		path:   "/settings/defaults",
		name:   "Defaults and brakes",
		about:  "What messages are sent from, and how many the assistant may send before a person decides.",
		scopes: []chat.Scope{"workspace:read"},
	},
	{
		path:   "/settings/senders",
		name:   "Senders",
		about:  "The phone numbers and inboxes that messages are sent from.",
		scopes: []chat.Scope{"chats:read", "workspace:admin"},
	},
	{
		path:   "/settings/suppressions",
		name:   "Suppressions",
		about:  "The addresses that get no messages, and why.",
		scopes: []chat.Scope{"deliveries:admin"},
	},
	{
		path:   "/settings/tools",
		name:   "Tools",
		about:  "What assistants may call, with a test of each.",
		scopes: []chat.Scope{"tools:read"},
	},
	{
		path:   "/settings/labels",
		name:   "Labels",
		about:  "What chats may be labelled with.",
		scopes: []chat.Scope{"labels:read"},
	},
	{
		path:   "/settings/summaries",
		name:   "Summaries",
		about:  "When chats are summarized by themselves, by which model, and in which language.",
		scopes: []chat.Scope{"workspace:read"},
	},
	{
		path:   "/settings/keys",
		name:   "API keys",
		about:  "Which keys and sessions may reach this workspace.",
		scopes: []chat.Scope{"keys:admin"},
	},
	{
		path:   "/settings/doctor",
		name:   "Doctor",
		about:  "What is wrong with the installation, and what to do.",
		scopes: []chat.Scope{"workspace:admin"},
	},
	{
		path:   "/settings/audit",
		name:   "Audit log",
		about:  "Who did what, and when.",
		scopes: []chat.Scope{"workspace:admin"},
	},
}

func (h *Handler) settingsRoutes() {
	h.page("/settings", h.showSettings)
	h.webhookRoutes()
	h.notificationRoutes()
	h.keyRoutes()
	h.auditRoutes()
	h.labelRoutes()
	h.summarySettingsRoutes()
	h.senderRoutes()
	h.toolRoutes()
	h.defaultsRoutes()
	h.suppressionRoutes()
	h.doctorRoutes()
}

func (h *Handler) showSettings(v *viewer) (templ.Component, error) { return settingsPage(v), nil }

// settingsParts returns the pages of the settings that the viewer may see.
func (v *viewer) settingsParts() []settingsPart {
	return slices.DeleteFunc(slices.Clone(settingsParts), func(part settingsPart) bool {
		return !slices.ContainsFunc(part.scopes, v.may)
	})
}

// deleteAt returns what a form does that deletes the object of its path, and leads to a page.
func deleteAt(page string, deleteObject func(v *viewer, id int64) error) func(v *viewer) (templ.SafeURL, error) {
	return func(v *viewer) (templ.SafeURL, error) {
		id, err := v.number("id")
		if err != nil {
			return "", err
		}

		return v.path(page), deleteObject(v, id)
	}
}

// noticeTypes returns the types of events that people can be told of, with what they mean.
func noticeTypes() []chat.EventTypeText {
	told := chat.NoticeTypes()

	return slices.DeleteFunc(chat.EventTypes(), func(text chat.EventTypeText) bool {
		return !slices.Contains(told, text.Type)
	})
}

// readTypes returns the types of events that a form has chosen.
func readTypes(v *viewer) []client.EventType { return readWords[client.EventType](v, "types") }
