package api

import (
	"net/http"

	"handrail/chat"
)

func exampleNotificationRule() notificationRuleJSON {
	return notificationRuleJSON{
		ID:            3,
		Types:         []eventTypeName{eventTypeName(chat.EventChatEscalated)},
		MemberIDs:     []chat.MemberID{5},
		Channel:       addressedJSON(chat.ChannelEmail),
		InboxID:       new(chat.InboxID(1)),
		QuietSeconds:  300,
		Enabled:       true,
		Explanation:   "3 events wait; next message 10:07 UTC.",
		NextMessageAt: &exampleTime,
		CreatedAt:     exampleTime,
		UpdatedAt:     exampleTime,
	}
}

func exampleNotice() noticeJSON {
	return noticeJSON{
		ID:                 "01983c5e-8d00-7e2f-9a3b-4c5d6e7f8091",
		NotificationRuleID: 3,
		MemberID:           5,
		Channel:            addressedJSON(chat.ChannelEmail),
		Events:             3,
		Subject:            "3 things need a person: 3 chats ask for a person",
		Status:             string(chat.NoticeFailed),
		Explanation:        "Not sent: the recipient has no email address.",
		CreatedAt:          exampleTime,
	}
}

// aboutNotifications is all that somebody needs who has people told.
const aboutNotifications = "The members are told by a message of their own what needs a person: ids and what to " +
	"do, no texts and no addresses. What happens within `quiet_seconds` of the first event is one message. " +
	"A delivery that needs review is told an hour later, if it still does. A notice that fails raises no other one."

func (s *service) notificationRoutes() {
	s.notificationReadRoutes()
	s.notificationChangeRoutes()
}

func (s *service) notificationReadRoutes() {
	read := withScope(chat.ScopeWebhooksRead)

	registerRoute(s, s.listNotificationRules, route{
		method:      http.MethodGet,
		path:        "/notification-rules",
		access:      read,
		id:          "listNotificationRules",
		tag:         tagNotices,
		summary:     "List notification rules",
		description: "By id.",
		answer:      listOf(exampleNotificationRule()),
	})

	registerRoute(s, s.getNotificationRule, route{
		method:   http.MethodGet,
		path:     "/notification-rules/{notification_rule_id}",
		access:   read,
		id:       "getNotificationRule",
		tag:      tagNotices,
		summary:  "Get a notification rule",
		answer:   exampleNotificationRule(),
		problems: []chat.Code{chat.CodeRuleNotFound},
	})

	registerRoute(s, s.listNotices, route{
		method:      http.MethodGet,
		path:        "/notices",
		access:      read,
		id:          "listNotices",
		tag:         tagNotices,
		summary:     "List notices",
		description: "The newest first, and what became of each.",
		answer:      listOf(exampleNotice()),
	})
}

func (s *service) notificationChangeRoutes() {
	write := withScope(chat.ScopeWebhooksWrite)
	shown := exampleNotificationRule()

	registerRoute(s, s.createNotificationRule, route{
		method:      http.MethodPost,
		path:        "/notification-rules",
		access:      write,
		id:          "createNotificationRule",
		tag:         tagNotices,
		summary:     "Create a notification rule",
		description: aboutNotifications,
		status:      http.StatusCreated,
		answer:      shown,
		problems:    []chat.Code{chat.CodeSenderNotFound},
		request:     newNotificationRuleJSON{Types: shown.Types, MemberIDs: shown.MemberIDs},
	})

	registerRoute(s, s.updateNotificationRule, route{
		method:      http.MethodPatch,
		path:        "/notification-rules/{notification_rule_id}",
		access:      write,
		id:          "updateNotificationRule",
		tag:         tagNotices,
		summary:     "Update a notification rule",
		description: "Fields that are left out stay as they are.",
		request:     notificationRulePatchJSON{QuietSeconds: new(int64(300))},
		answer:      shown,
		problems:    []chat.Code{chat.CodeRuleNotFound, chat.CodeSenderNotFound},
	})

	registerRoute(s, s.deleteNotificationRule, route{
		method:      http.MethodDelete,
		path:        "/notification-rules/{notification_rule_id}",
		access:      write,
		id:          "deleteNotificationRule",
		tag:         tagNotices,
		summary:     "Delete a notification rule",
		description: "What it has collected is not told.",
		problems:    []chat.Code{chat.CodeRuleNotFound},
	})

	registerRoute(s, s.testNotificationRule, route{
		method:  http.MethodPost,
		path:    "/notification-rules/{notification_rule_id}/test",
		access:  write,
		id:      "testNotificationRule",
		tag:     tagNotices,
		summary: "Test a notification rule",
		description: "Each member is sent a message that says that it is a test. `GET /notices` says what became " +
			"of it.",
		status:   http.StatusAccepted,
		answer:   testedRuleJSON{Items: []noticeJSON{exampleNotice()}},
		problems: []chat.Code{chat.CodeRuleNotFound},
	})
}
