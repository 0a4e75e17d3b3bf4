package api_test

import (
	"context"
	"time"

	"handrail/chat"
)

// noticeFacts is what the fake store knows of notification rules, and what it was last given.
type noticeFacts struct {
	rule         chat.NotificationRule
	noticeFilter chat.NoticeFilter
}

func oneRule() chat.NotificationRule {
	rule := chat.NewNotificationRule(home)
	rule.ID = 3
	rule.CreatedAt = noon
	rule.UpdatedAt = noon

	return rule
}

func oneNotice() chat.Notice {
	return chat.Notice{
		ID:           "01983c5e-8d00-7e2f-9a3b-4c5d6e7f8091",
		WorkspaceID:  home,
		RuleID:       3,
		Number:       1,
		MemberID:     5,
		Channel:      chat.ChannelEmail,
		Events:       2,
		Text:         chat.NoticeText{Subject: "2 things need a person"},
		State:        chat.NoticeFailed,
		ErrorMessage: "the recipient has no email address",
		CreatedAt:    noon,
	}
}

func (f *fakeStore) NotificationRules(context.Context, chat.WorkspaceID) ([]chat.NotificationRule, error) {
	return []chat.NotificationRule{f.rule}, f.fail
}

func (f *fakeStore) NotificationRule(
	context.Context,
	chat.WorkspaceID,
	chat.NotificationRuleID,
) (chat.NotificationRule, error) {
	return f.rule, f.fail
}

func (f *fakeStore) CreateNotificationRule(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	rule chat.NotificationRule,
) (chat.NotificationRule, error) {
	rule.ID = 3
	f.rule = rule

	return rule, f.change("CreateNotificationRule")
}

func (f *fakeStore) UpdateNotificationRule(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	_ chat.NotificationRuleID,
	p chat.NotificationRulePatch,
) (chat.NotificationRule, error) {
	if err := f.rule.Apply(&p); err != nil {
		return f.rule, err
	}

	return f.rule, f.change("UpdateNotificationRule")
}

func (f *fakeStore) DeleteNotificationRule(
	context.Context,
	chat.WorkspaceID,
	chat.Actor,
	chat.NotificationRuleID,
) error {
	return f.change("DeleteNotificationRule")
}

func (f *fakeStore) TestNotificationRule(
	context.Context,
	chat.WorkspaceID,
	chat.Actor,
	chat.NotificationRuleID,
) ([]chat.Notice, error) {
	notice := oneNotice()
	notice.Events = 0
	notice.State = chat.NoticeWaiting

	return []chat.Notice{notice}, f.change("TestNotificationRule")
}

func (f *fakeStore) Notices(
	_ context.Context,
	_ chat.WorkspaceID,
	filter chat.NoticeFilter,
) (chat.List[chat.Notice], error) {
	f.noticeFilter = filter

	sent := oneNotice()
	sent.State = chat.NoticeBegun
	sent.Delivery = &chat.Delivery{
		ID:             deliveryID,
		Channel:        chat.ChannelEmail,
		Provider:       chat.ProviderSendGrid,
		Submission:     chat.SubmissionAccepted,
		DeliveryStatus: chat.StatusDelivered,
		UpdatedAt:      time.Time{},
	}

	return chat.List[chat.Notice]{Items: []chat.Notice{sent, oneNotice()}}, f.fail
}

// NoticesChanged notes whose people are to be told.
func (f *fakeEngine) NoticesChanged(_ context.Context, step chat.NoticeStep) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	f.notices = append(f.notices, step)

	return nil
}
