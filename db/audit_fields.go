package db

import (
	"bytes"

	"handrail/chat"
)

// auditFields are the fields that the audit log compares, of each kind of row. What it tells of each is
// decided by [chat.AuditChanges]: those that stand here without being told are named when they change.

// changesOf is the detail of an audit entry that has an object before and after a change. Nil is one that
// is not there.
func changesOf(object chat.AuditObject, before, after map[string]any) changed {
	return changed{"changes": chat.AuditChanges(object, chat.CompareFields(before, after))}
}

// with adds a field to the detail.
func (d changed) with(field string, value any) changed {
	d[field] = value
	return d
}

// withReason adds why somebody has done it, if they have said so.
func (d changed) withReason(reason string) changed {
	if reason == "" {
		return d
	}

	return d.with("reason", reason)
}

func (r *memberRow) auditFields() map[string]any {
	return map[string]any{
		"kind":                  r.Kind,
		"role":                  r.Role,
		"name":                  r.Name,
		"email":                 r.Email,
		"phone":                 r.Phone,
		"sender_name":           r.SenderName,
		"notifications_enabled": r.NotificationsEnabled,
		"consent.sms":           r.ConsentSMS,
		"consent.email":         r.ConsentEmail,
		"tools":                 append([]string{}, r.Tools...),
		"external_id":           r.ExternalID,
		"metadata":              r.Metadata.Apply(nil),
	}
}

func (r *keyRow) auditFields() map[string]any {
	return map[string]any{
		"kind":       r.Kind,
		"member_id":  r.MemberID,
		"name":       r.Name,
		"scopes":     r.Scopes,
		"expires_at": r.ExpiresAt,
	}
}

func (r *chatRow) auditFields() map[string]any {
	return map[string]any{
		"channel":             r.Channel,
		"state":               r.State,
		"title":               r.Title,
		"summary":             r.Summary,
		"member_id":           r.MemberID,
		"assistant_member_id": r.AssistantMemberID,
		"phone_number_id":     r.PhoneNumberID,
		"inbox_id":            r.InboxID,
		"needs_response":      r.NeedsResponse,
		"external_id":         r.ExternalID,
		"metadata":            r.Metadata.Apply(nil),
	}
}

func (r *labelRow) auditFields() map[string]any {
	return map[string]any{
		"name":        r.Name,
		"color":       r.Color,
		"description": r.Description,
	}
}

func (r *inboxRow) auditFields() map[string]any {
	return map[string]any{
		"address":      r.Address,
		"display_name": r.DisplayName,
	}
}

func (r *phoneNumberRow) auditFields() map[string]any {
	return map[string]any{
		"name":                  r.Name,
		"number":                r.Number,
		"messaging_service_sid": r.MessagingServiceSID,
	}
}

func (r *suppressionRow) auditFields() map[string]any {
	return map[string]any{
		"channel": r.Channel,
		"reason":  r.Reason,
		"sender":  r.Sender,
		"address": r.Address,
	}
}

// settingsAuditFields are those of [chat.SummarySettings].
func settingsAuditFields(s *chat.SummarySettings) map[string]any {
	return map[string]any{
		"model":            s.Model,
		"language":         s.Language,
		"instructions":     s.Instructions,
		"token_budget":     s.TokenBudget,
		"label_threshold":  s.LabelThreshold,
		"quiet_seconds":    int64(s.QuietAfter.Seconds()),
		"every_messages":   s.EveryMessages,
		"automatic_labels": s.AutomaticLabels,
	}
}

// defaultsAuditFields are those of [chat.WorkspaceDefaults].
func defaultsAuditFields(d *chat.WorkspaceDefaults) map[string]any {
	return map[string]any{
		"assistant_member_id": d.AssistantMemberID,
		"phone_number_id":     d.PhoneNumberID,
		"inbox_id":            d.InboxID,
		"max_unanswered":      d.MaxUnanswered,
		"max_per_hour":        d.MaxPerHour,

		"max_segments_per_month": d.MaxSegmentsPerMonth,
		"when_taken_over":        d.WhenTakenOver,
	}
}

// toolChange is the detail of a change of a tool. Nil is one that is not there. Of secrets it tells the
// names, and that a value is another one.
func toolChange(before, after *chat.ToolDefinition) changed {
	changes := chat.ToolChanges(before, after)

	if before != nil && after != nil && !bytes.Equal(before.Sealed, after.Sealed) {
		changes = append(changes, chat.FieldChange{Field: "secret_values"})
	}

	name := before
	if after != nil {
		name = after
	}

	return changed{"name": name.Name, "changes": chat.AuditChanges(chat.AuditTool, changes)}
}

// auditFieldsBefore are those of the delivery that is tried again.
func (r *retryPlan) auditFieldsBefore() map[string]any {
	return map[string]any{
		"to":     r.old.To,
		"sender": r.old.Sender,
		"body":   r.old.Payload.Text,
	}
}

// auditFieldsAfter are those of the delivery that goes on.
func (r *retryPlan) auditFieldsAfter(is *deliveryRow) map[string]any {
	return map[string]any{
		"to":     is.To,
		"sender": is.Sender,
		"body":   is.Payload.Text,
	}
}

// auditedObjects are the objects whose fields an approval changes.
var auditedObjects = map[chat.ApprovalKind]chat.AuditObject{
	chat.ApprovalMemberRole: chat.AuditMember,
	chat.ApprovalToolChange: chat.AuditTool,
}
