package db_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// noticeTries are those of everything about notification rules. The victim has one, with a notice.
var noticeTries = map[string]try{
	"NotificationRules": {"", func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.NotificationRules(ctx, i.ws))
	}},
	"NotificationRule": {chat.CodeRuleNotFound, func(ctx context.Context, i *intruder) (any, error) {
		_, err := i.s.NotificationRule(ctx, i.ws, i.rule)
		return nil, err
	}},
	"CreateNotificationRule": {chat.CodeInvalidRequest, func(ctx context.Context, i *intruder) (any, error) {
		rule := chat.NewNotificationRule(i.ws)
		rule.MemberIDs = []chat.MemberID{i.victim.Manager.ID}

		_, err := i.s.CreateNotificationRule(ctx, i.ws, i.by, rule)

		return nil, err
	}},
	"UpdateNotificationRule": {chat.CodeRuleNotFound, func(ctx context.Context, i *intruder) (any, error) {
		_, err := i.s.UpdateNotificationRule(ctx, i.ws, i.by, i.rule, chat.NotificationRulePatch{Enabled: new(false)})
		return nil, err
	}},
	"DeleteNotificationRule": {chat.CodeRuleNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.DeleteNotificationRule(ctx, i.ws, i.by, i.rule))
	}},
	"TestNotificationRule": {chat.CodeRuleNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.TestNotificationRule(ctx, i.ws, i.by, i.rule))
	}},
	"Notices": {"", func(ctx context.Context, i *intruder) (any, error) {
		list, err := i.s.Notices(ctx, i.ws, chat.NoticeFilter{RuleID: i.rule, Page: pageOfTen()})
		return len(list.Items), err
	}},
	"CollectNotices": {"", func(ctx context.Context, i *intruder) (any, error) {
		progress, err := i.s.CollectNotices(ctx, chat.NoticeStep{WorkspaceID: i.ws}, time.Now())
		return len(progress.Send), err
	}},
	"FailNotice": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		_, _, err := i.s.FailNotice(ctx, chat.NoticeFailure{WorkspaceID: i.ws, NoticeID: i.notice, Why: "no"})
		return nil, err
	}},
	"WaitingNotices": {"", func(ctx context.Context, i *intruder) (any, error) {
		waiting, err := i.s.WaitingNotices(ctx, []chat.WorkspaceID{i.ws}, time.Now())
		return len(waiting), err
	}},
}

// seedNotice gives the victim a notification rule, and a notice that is to be sent.
func (i *intruder) seedNotice(t *testing.T) {
	t.Helper()

	made, err := i.s.CreateNotificationRule(
		t.Context(),
		i.victim.Workspace,
		i.victim.By,
		chat.NewNotificationRule(i.victim.Workspace),
	)
	require.NoError(t, err)

	i.rule = made.ID

	notices, err := i.s.TestNotificationRule(t.Context(), i.victim.Workspace, i.victim.By, made.ID)
	require.NoError(t, err)
	require.NotEmpty(t, notices)

	i.notice = notices[0].ID
}
