package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"handrail/chat"
)

// NotificationStore keeps the rules by which members are told of events, and what they were told.
type NotificationStore interface {
	NotificationRules(ctx context.Context, ws chat.WorkspaceID) ([]chat.NotificationRule, error)
	NotificationRule(
		ctx context.Context,
		ws chat.WorkspaceID,
		id chat.NotificationRuleID,
	) (chat.NotificationRule, error)
	CreateNotificationRule(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		rule chat.NotificationRule,
	) (chat.NotificationRule, error)
	UpdateNotificationRule(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		id chat.NotificationRuleID,
		p chat.NotificationRulePatch,
	) (chat.NotificationRule, error)
	DeleteNotificationRule(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		id chat.NotificationRuleID,
	) error
	// TestNotificationRule stores a test for each member whom the rule tells.
	TestNotificationRule(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		id chat.NotificationRuleID,
	) ([]chat.Notice, error)
	Notices(ctx context.Context, ws chat.WorkspaceID, f chat.NoticeFilter) (chat.List[chat.Notice], error)
}

// notificationRuleJSON says who is told of which events.
type notificationRuleJSON struct {
	ID            chat.NotificationRuleID `json:"id"`
	Types         []eventTypeName         `json:"types"`
	MemberIDs     []chat.MemberID         `json:"member_ids" doc:"Who is told; all managers when empty."`
	Channel       addressedJSON           `json:"channel"`
	PhoneNumberID *chat.PhoneNumberID     `json:"phone_number_id"`
	InboxID       *chat.InboxID           `json:"inbox_id"`
	QuietSeconds  int64                   `json:"quiet_seconds"`
	Enabled       bool                    `json:"enabled"`
	Explanation   string                  `json:"explanation" doc:"How it stands, in a sentence."`
	NextMessageAt *time.Time              `json:"next_message_at"`
	CreatedAt     time.Time               `json:"created_at"`
	UpdatedAt     time.Time               `json:"updated_at"`
}

func presentNotificationRule(r chat.NotificationRule) notificationRuleJSON {
	shown := notificationRuleJSON{
		ID:            r.ID,
		Types:         append([]eventTypeName{}, wordsOf[eventTypeName](r.Types)...),
		MemberIDs:     append([]chat.MemberID{}, r.MemberIDs...),
		Channel:       addressedJSON(r.Channel),
		PhoneNumberID: r.PhoneNumberID,
		InboxID:       r.InboxID,
		QuietSeconds:  int64(r.Quiet / time.Second),
		Enabled:       r.Enabled,
		Explanation:   r.Explain(time.Now()),
		CreatedAt:     r.CreatedAt.UTC(),
		UpdatedAt:     r.UpdatedAt.UTC(),
	}

	if r.Enabled {
		shown.NextMessageAt = chat.UTC(r.Lane.NextAt)
	}

	return shown
}

// newNotificationRuleJSON makes a rule.
type newNotificationRuleJSON struct {
	Types         []eventTypeName     `json:"types,omitempty" doc:"When left out: chat.escalated, delivery.needs_review, sender.blocked and webhook_endpoint.disabled."`
	MemberIDs     []chat.MemberID     `json:"member_ids,omitempty" minimum:"1" maxItems:"50" uniqueItems:"true" doc:"Managers of the workspace; all of them when left out or empty."`
	Channel       *addressedJSON      `json:"channel,omitempty" doc:"email when left out."`
	PhoneNumberID *chat.PhoneNumberID `json:"phone_number_id,omitempty" minimum:"1" doc:"What SMS are sent from; the default, or the first, when left out."`
	InboxID       *chat.InboxID       `json:"inbox_id,omitempty" minimum:"1" doc:"What mails are sent from; the default, or the first, when left out."`
	QuietSeconds  *int64              `json:"quiet_seconds,omitempty" minimum:"0" maximum:"86400" doc:"How long events are collected for one message; 300 when left out."`
	Enabled       *bool               `json:"enabled,omitempty" doc:"true when left out."`
}

func (b *newNotificationRuleJSON) patch() chat.NotificationRulePatch {
	patch := notificationRulePatchJSON{
		Channel:       b.Channel,
		PhoneNumberID: b.PhoneNumberID,
		InboxID:       b.InboxID,
		QuietSeconds:  b.QuietSeconds,
		Enabled:       b.Enabled,
	}

	if b.Types != nil {
		patch.Types = &b.Types
	}

	if b.MemberIDs != nil {
		patch.MemberIDs = &b.MemberIDs
	}

	return patch.patch()
}

// notificationRulePatchJSON changes a rule.
type notificationRulePatchJSON struct {
	Types         *[]eventTypeName    `json:"types,omitempty"`
	MemberIDs     *[]chat.MemberID    `json:"member_ids,omitempty" minimum:"1" maxItems:"50" uniqueItems:"true" doc:"All managers when empty."`
	Channel       *addressedJSON      `json:"channel,omitempty"`
	PhoneNumberID *chat.PhoneNumberID `json:"phone_number_id,omitempty" nullable:"true" minimum:"1"`
	InboxID       *chat.InboxID       `json:"inbox_id,omitempty" nullable:"true" minimum:"1"`
	QuietSeconds  *int64              `json:"quiet_seconds,omitempty" minimum:"0" maximum:"86400"`
	Enabled       *bool               `json:"enabled,omitempty" doc:"A rule that is enabled again tells of what happens from then on."`
}

func (b *notificationRulePatchJSON) patch() chat.NotificationRulePatch {
	patch := chat.NotificationRulePatch{
		MemberIDs:     b.MemberIDs,
		PhoneNumberID: b.PhoneNumberID,
		InboxID:       b.InboxID,
		Enabled:       b.Enabled,
	}

	if b.Types != nil {
		patch.Types = new(wordsOf[chat.EventType](*b.Types))
	}

	if b.Channel != nil {
		patch.Channel = new(chat.Channel(*b.Channel))
	}

	if b.QuietSeconds != nil {
		patch.Quiet = new(time.Duration(*b.QuietSeconds) * time.Second)
	}

	return patch
}

// noticeJSON is a message that tells a member of events.
type noticeJSON struct {
	ID                 chat.NoticeID           `json:"id"`
	NotificationRuleID chat.NotificationRuleID `json:"notification_rule_id"`
	MemberID           chat.MemberID           `json:"member_id"`
	Channel            addressedJSON           `json:"channel"`
	Events             int                     `json:"events" doc:"How many events it tells of; 0 of a test."`
	Subject            string                  `json:"subject"`
	Status             string                  `json:"status" doc:"That of its delivery; waiting or failed if it has none."`
	Explanation        string                  `json:"explanation"`
	DeliveryID         *chat.DeliveryID        `json:"delivery_id"`
	CreatedAt          time.Time               `json:"created_at"`
}

func presentNotice(n chat.Notice) noticeJSON {
	shown := noticeJSON{
		ID:                 n.ID,
		NotificationRuleID: n.RuleID,
		MemberID:           n.MemberID,
		Channel:            addressedJSON(n.Channel),
		Events:             n.Events,
		Subject:            n.Text.Subject,
		Status:             n.Status(),
		Explanation:        n.Explain(),
		CreatedAt:          n.CreatedAt.UTC(),
	}

	if n.Delivery != nil {
		shown.DeliveryID = &n.Delivery.ID
	}

	return shown
}

func (s *service) listNotificationRules(
	ctx context.Context,
	in *pagedInput,
) (*listOutput[notificationRuleJSON], error) {
	all, err := s.store.NotificationRules(ctx, callFrom(ctx).workspace())
	if err != nil {
		return nil, err
	}

	idOf := func(r chat.NotificationRule) int64 { return int64(r.ID) }

	return pageOf(all, in.Paging, idOf, presentNotificationRule)
}

type createNotificationRuleInput struct{ Body newNotificationRuleJSON }

func (s *service) createNotificationRule(
	ctx context.Context,
	in *createNotificationRuleInput,
) (*created[notificationRuleJSON], error) {
	c := callFrom(ctx)
	rule := chat.NewNotificationRule(c.workspace())
	patch := in.Body.patch()

	if err := rule.Apply(&patch); err != nil {
		return nil, err
	}

	made, err := s.store.CreateNotificationRule(ctx, c.workspace(), c.actor(), rule)
	if err != nil {
		return nil, err
	}

	return &created[notificationRuleJSON]{
		Location: c.path(fmt.Sprintf("/notification-rules/%d", made.ID)),
		Body:     presentNotificationRule(made),
	}, nil
}

type notificationRulePath struct {
	NotificationRuleID chat.NotificationRuleID `inPath:"notification_rule_id"`
}

type notificationRuleOutput struct{ Body notificationRuleJSON }

func (s *service) getNotificationRule(
	ctx context.Context,
	in *notificationRulePath,
) (*notificationRuleOutput, error) {
	found, err := s.store.NotificationRule(ctx, callFrom(ctx).workspace(), in.NotificationRuleID)
	if err != nil {
		return nil, err
	}

	return &notificationRuleOutput{Body: presentNotificationRule(found)}, nil
}

type updateNotificationRuleInput struct {
	notificationRulePath

	Body notificationRulePatchJSON
}

func (s *service) updateNotificationRule(
	ctx context.Context,
	in *updateNotificationRuleInput,
) (*notificationRuleOutput, error) {
	c := callFrom(ctx)

	changed, err := s.store.UpdateNotificationRule(
		ctx,
		c.workspace(),
		c.actor(),
		in.NotificationRuleID,
		in.Body.patch(),
	)
	if err != nil {
		return nil, err
	}

	s.noticesChanged(c.workspace())

	return &notificationRuleOutput{Body: presentNotificationRule(changed)}, nil
}

func (s *service) deleteNotificationRule(ctx context.Context, in *notificationRulePath) (*struct{}, error) {
	c := callFrom(ctx)

	err := s.store.DeleteNotificationRule(ctx, c.workspace(), c.actor(), in.NotificationRuleID)
	if err == nil {
		s.noticesChanged(c.workspace())
	}

	return nil, err
}

// testedRuleJSON is what a test sends.
type testedRuleJSON struct {
	Items []noticeJSON `json:"items"`
}

type testedRuleOutput struct {
	Status int
	Body   testedRuleJSON
}

func (s *service) testNotificationRule(ctx context.Context, in *notificationRulePath) (*testedRuleOutput, error) {
	c := callFrom(ctx)

	made, err := s.store.TestNotificationRule(ctx, c.workspace(), c.actor(), in.NotificationRuleID)
	if err != nil {
		return nil, err
	}

	s.noticesChanged(c.workspace())

	out := testedRuleOutput{Status: http.StatusAccepted, Body: testedRuleJSON{Items: []noticeJSON{}}}
	for _, notice := range made {
		out.Body.Items = append(out.Body.Items, presentNotice(notice))
	}

	return &out, nil
}

type listNoticesInput struct {
	Paging

	NotificationRuleID chat.NotificationRuleID `query:"notification_rule_id" minimum:"1" doc:"Only of this rule."`
	Failed             bool                    `query:"failed" doc:"Only those that have not reached their member."`
}

func (s *service) listNotices(ctx context.Context, in *listNoticesInput) (*listOutput[noticeJSON], error) {
	part, err := s.store.Notices(ctx, callFrom(ctx).workspace(), chat.NoticeFilter{
		RuleID: in.NotificationRuleID,
		Failed: in.Failed,
		Page:   in.page(),
	})

	return presentList(part, err, presentNotice)
}

// noticesChanged has the workflow that tells people look, beside the request. What is lost is found by a sweep.
func (s *service) noticesChanged(ws chat.WorkspaceID) {
	step := chat.NoticeStep{WorkspaceID: ws}

	s.notifier.queue(notification{
		about: chat.NoticeWorkflowID(step),
		tell:  func(ctx context.Context) error { return s.engine.NoticesChanged(ctx, step) },
	})
}
