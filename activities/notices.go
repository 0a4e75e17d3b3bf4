package activities

import (
	"context"
	"time"

	"handrail/chat"
)

// NoticeStore keeps the rules by which members are told of events, and what they were told.
type NoticeStore interface {
	// CollectNotices reads new events for the rules of a workspace, makes what is due, and returns what is to be sent.
	CollectNotices(ctx context.Context, step chat.NoticeStep, now time.Time) (chat.NoticeProgress, error)
	// FailNotice records why a notice has not reached its member. It reports false if that was recorded before.
	FailNotice(ctx context.Context, in chat.NoticeFailure) (chat.Notice, bool, error)
}

// CollectNotices makes the notices of a workspace that are due, and returns all that are to be sent. Idempotent: one
// that was returned before is the same one.
func (a *Activities) CollectNotices(ctx context.Context, in chat.NoticeStep) (chat.NoticeProgress, error) {
	progress, err := a.Store.CollectNotices(ctx, in, a.now())

	for _, rule := range progress.Untold {
		a.Logger.WarnContext(
			ctx,
			"nobody could be told of events: the members of the notification rule are gone",
			"workspace_id", in.WorkspaceID,
			"notification_rule_id", rule,
		)
	}

	return progress, err
}

// FailNotice records that a notice has not reached its member, and says so in the log. Nobody is told of that by
// another notice. Idempotent: it is recorded, logged and counted once.
func (a *Activities) FailNotice(ctx context.Context, in chat.NoticeFailure) (struct{}, error) {
	notice, isNew, err := a.Store.FailNotice(ctx, in)
	if err != nil || !isNew {
		return struct{}{}, err
	}

	a.Meter.CountFailedNotice(notice.Channel)
	a.Logger.WarnContext(
		ctx,
		"a member was not told of events",
		"workspace_id", in.WorkspaceID,
		"notice_id", in.NoticeID,
		"notification_rule_id", notice.RuleID,
		"member_id", notice.MemberID,
		"error", in.Why,
	)

	return struct{}{}, nil
}
