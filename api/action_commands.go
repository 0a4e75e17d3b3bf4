package api

import (
	"context"
	"strings"
	"time"

	"handrail/chat"
)

type resumeActionInput struct {
	Body reasonJSON
}

// resumeAction starts an action again that was ended before it had done anything.
func (s *service) resumeAction(ctx context.Context, in *resumeActionInput) (*actionOutput, error) {
	c := callFrom(ctx)
	action := c.action

	reason := strings.TrimSpace(in.Body.Reason)
	if err := checkReason(reason, true); err != nil {
		return nil, err
	}

	// An action that already runs again needs nothing.
	if action.State != chat.ActionRunning {
		if err := action.Resumable(); err != nil {
			return nil, err
		}

		// The entry comes first, so that no action runs without one. An entry without a run only says that it was asked
		// for.
		if err := s.store.AuditResume(ctx, c.workspace(), action.ID, c.actor(), reason); err != nil {
			return nil, err
		}

		if err := s.engine.Resume(ctx, action); err != nil {
			return nil, err
		}

		action.State = chat.ActionRunning
		action.Problem = nil
	}

	body, err := s.present(ctx, action)
	if err != nil {
		return nil, err
	}

	return &actionOutput{Body: body}, nil
}

// Renderer renders a text in Markdown as a provider's payload.
type Renderer interface {
	Render(channel chat.Channel, facts *chat.SendFacts, message string, id chat.MessageID) (chat.Payload, error)
}

// changeActionJSON changes a send. Fields that are left out stay as they are.
type changeActionJSON struct {
	Message string `json:"message,omitempty" minLength:"1" doc:"The new text, in Markdown."`
	To      string `json:"to,omitempty" minLength:"1" doc:"Another address of the chat's channel: a phone number like +14155550123, or an email address."`
	Reason  string `json:"reason,omitempty" doc:"Why, for the audit log: at most 500 characters."`
}

type changeActionInput struct{ Body changeActionJSON }

// changeProblems returns the codes of a text or an address that cannot be sent.
func changeProblems() []chat.Code {
	return []chat.Code{
		chat.CodeMessageTooLong,
		chat.CodeChatNotFound,
		chat.CodeChatArchived,
		chat.CodeParticipantNotFound,
		chat.CodeNoPhone,
		chat.CodeNoEmail,
		chat.CodeRecipientOptedOut,
		chat.CodeNotificationsOff,
		chat.CodeSenderNotConfigured,
		chat.CodeSenderNotFound,
	}
}

// changeAction changes a send that has not left. The store makes sure that no claim happens meanwhile.
func (s *service) changeAction(ctx context.Context, in *changeActionInput) (*actionOutput, error) {
	c := callFrom(ctx)

	reason := strings.TrimSpace(in.Body.Reason)
	if err := checkReason(reason, false); err != nil {
		return nil, err
	}

	view := chat.ActionView{Action: c.action}
	if err := s.findParts(ctx, &view); err != nil {
		return nil, err
	}

	if err := view.CheckChange(); err != nil {
		return nil, err
	}

	change := chat.ChangeSend{
		WorkspaceID: c.workspace(),
		ActionID:    view.ID,
		DeliveryID:  view.Delivery.ID,
		Change:      chat.Change{Body: in.Body.Message, To: in.Body.To},
		Reason:      reason,
		By:          c.actor(),
	}

	workflowID, err := s.store.ChangeSend(
		ctx,
		change,
		func(facts *chat.SendFacts, old *chat.Delivery) (chat.SendPlan, error) {
			return facts.PlanChange(old, change.Change, s.renderer.Render)
		},
	)
	if err != nil {
		return nil, err
	}

	s.notifier.notify(workflowID, view.Delivery.Snapshot())

	body, err := s.present(ctx, view.Action)
	if err != nil {
		return nil, err
	}

	return &actionOutput{Body: body}, nil
}

type cancelActionInput struct{ Body reasonJSON }

// cancelAction cancels an action that has not left, with its delivery. The store makes sure that no claim happens
// meanwhile.
func (s *service) cancelAction(ctx context.Context, in *cancelActionInput) (*actionOutput, error) {
	c := callFrom(ctx)

	reason := strings.TrimSpace(in.Body.Reason)
	if err := checkReason(reason, true); err != nil {
		return nil, err
	}

	view := chat.ActionView{Action: c.action}
	if err := s.findParts(ctx, &view); err != nil {
		return nil, err
	}

	if err := view.CheckCancel(); err != nil {
		return nil, err
	}

	if err := s.cancelParts(ctx, &view, reason); err != nil {
		return nil, err
	}

	action, err := s.findAction(ctx, c.workspace(), c.action.ID)
	if err != nil {
		return nil, err
	}

	body, err := s.present(ctx, action)
	if err != nil {
		return nil, err
	}

	return &actionOutput{Body: body}, nil
}

// cancelParts cancels the bulk retry or the delivery of an action. It returns an error if an attempt has begun
// meanwhile.
func (s *service) cancelParts(ctx context.Context, view *chat.ActionView, reason string) error {
	c := callFrom(ctx)

	if view.Kind == chat.ActionRetryDeliveries {
		_, err := s.moveBulkRetry(ctx, chat.BulkMove{
			ID:   view.ID,
			To:   chat.BulkCanceled,
			Note: reason,
		})

		return err
	}

	decided, workflowID, err := s.store.Decide(ctx, c.workspace(), view.Delivery.ID, chat.Decision{
		Verdict:  chat.VerdictCancel,
		Reason:   reason,
		ActionID: view.ID,
		By:       c.actor(),
		At:       time.Now(),
	})
	if err != nil {
		return err
	}

	s.notifier.notify(workflowID, decided.Snapshot())

	return nil
}

// nextForAction returns the commands that the caller may use on an action: none for who may only read it. A place in
// the chat is not asked for again.
func nextForAction(view *chat.ActionView, caller *chat.Principal) []chat.ActionCommand {
	if askers := askersOf(view.Kind); !askers.own && !askers.admits(caller) {
		return []chat.ActionCommand{}
	}

	return append([]chat.ActionCommand{}, view.Commands(caller.KeyID)...)
}
