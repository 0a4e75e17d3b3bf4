package api

import (
	"context"
	"net/http"
	"strings"

	"handrail/chat"
)

// optOutJSON is a person's decision whether a member has opted out of a channel.
type optOutJSON struct {
	Channel addressedJSON `json:"channel"`
	Reason  string        `json:"reason,omitempty" doc:"How that is known, for the audit log, up to 500 characters."`
}

// optOutDecidedJSON is what the decision has changed.
type optOutDecidedJSON struct {
	Success    bool          `json:"success"`
	Member     memberJSON    `json:"member"`
	Channel    addressedJSON `json:"channel"`
	Deliveries int           `json:"deliveries" doc:"How many deliveries it has ended, or let go on."`
}

func exampleOptOut(consent chat.Consent) optOutDecidedJSON {
	member := exampleMember
	member.Consent.SMS = consent

	return optOutDecidedJSON{
		Success:    true,
		Member:     member,
		Channel:    addressedJSON(chat.ChannelSMS),
		Deliveries: 2,
	}
}

func (s *service) optOutRoutes() {
	registerRoute(s, s.optOut, route{
		method:  http.MethodPost,
		path:    "/members/{member_id}/opt-out",
		access:  withScope(chat.ScopeMembersWrite),
		id:      "optOutMember",
		tag:     tagMembers,
		summary: "Opt a member out of a channel",
		description: "The member's consent is revoked, and all that waits to be sent to it over the channel ends " +
			"with `recipient_opted_out`. This decides what a chat with the attention reason `possible_opt_out` asks. " +
			"It may be asked twice.",
		request:  optOutJSON{Channel: addressedJSON(chat.ChannelSMS), Reason: "Wrote: please stop texting me."},
		answer:   exampleOptOut(chat.ConsentRevoked),
		problems: []chat.Code{chat.CodeMemberNotFound},
	})

	registerRoute(s, s.notOptOut, route{
		method:  http.MethodPost,
		path:    "/members/{member_id}/not-opt-out",
		access:  withScope(chat.ScopeMembersWrite),
		id:      "notOptOutMember",
		tag:     tagMembers,
		summary: "Decide that a member has not opted out",
		description: "What was held with `possible_opt_out` goes on. Consent and suppressions stay as they are. It " +
			"may be asked twice.",
		request:  optOutJSON{Channel: addressedJSON(chat.ChannelSMS), Reason: "It was about another matter."},
		answer:   exampleOptOut(chat.ConsentGranted),
		problems: []chat.Code{chat.CodeMemberNotFound},
	})
}

type optOutInput struct {
	memberPath

	Body optOutJSON
}

type optOutOutput struct{ Body optOutDecidedJSON }

func (s *service) optOut(ctx context.Context, in *optOutInput) (*optOutOutput, error) {
	return s.decideOptOut(ctx, in, true)
}

func (s *service) notOptOut(ctx context.Context, in *optOutInput) (*optOutOutput, error) {
	return s.decideOptOut(ctx, in, false)
}

// decideOptOut stores the decision, and tells the workflows of what waited for it. That may fail:
// they look at the store too.
func (s *service) decideOptOut(ctx context.Context, in *optOutInput, optedOut bool) (*optOutOutput, error) {
	c := callFrom(ctx)
	reason := strings.TrimSpace(in.Body.Reason)

	if err := checkReason(reason, false); err != nil {
		return nil, err
	}

	decided, err := s.store.DecideOptOut(ctx, c.workspace(), chat.OptOutDecision{
		MemberID: in.MemberID,
		Channel:  chat.Channel(in.Body.Channel),
		OptedOut: optedOut,
		Reason:   reason,
		By:       c.actor(),
	})
	if err != nil {
		return nil, err
	}

	s.notifyAll(decided.Workflows)

	return &optOutOutput{Body: optOutDecidedJSON{
		Success:    true,
		Member:     presentMember(decided.Member),
		Channel:    in.Body.Channel,
		Deliveries: decided.Deliveries,
	}}, nil
}
