package api

import (
	"context"
	"net/http"
	"strings"

	"handrail/chat"
)

// mergeJSON says into whom a member is merged.
type mergeJSON struct {
	Into   chat.MemberID `json:"into" minimum:"1" doc:"The member that stays."`
	Reason string        `json:"reason,omitempty" doc:"Why, for the audit log, up to 500 characters."`
}

// memberMergeRoute registers the route that makes one member of two.
func (s *service) memberMergeRoute() {
	registerRoute(s, s.mergeMember, route{
		method:  http.MethodPost,
		path:    "/members/{member_id}/merge",
		access:  withScope(chat.ScopeMembersWrite),
		id:      "mergeMember",
		tag:     tagMembers,
		summary: "Merge a member into another one",
		description: "The member of the path becomes a part of the member `into`, which is the answer: its chats, " +
			"places in chats, messages and questions become that one's, and it is no member any more. Name, role " +
			"and tools of `into` stay, addresses that it lacks are added, and of consents and notifications the " +
			"stricter holds. It cannot be undone. A repetition changes nothing.\n\n409 for a person and an " +
			"assistant; two different phone numbers or email addresses; a member that goes and has, or had, API " +
			"keys; two who were asked by one contributor request. When `into` has API keys, `keys:admin` is needed " +
			"too: they reach the other one's chats then.",
		request:  mergeJSON{Into: 42},
		answer:   exampleMember,
		problems: []chat.Code{chat.CodeMemberNotFound, chat.CodeConflict, chat.CodeLastManager},
	})
}

type mergeMemberInput struct {
	memberPath

	Body mergeJSON
}

func (s *service) mergeMember(ctx context.Context, in *mergeMemberInput) (*memberOutput, error) {
	c := callFrom(ctx)

	reason := strings.TrimSpace(in.Body.Reason)
	if err := checkReason(reason, false); err != nil {
		return nil, err
	}

	stays, err := s.store.MergeMembers(ctx, c.workspace(), c.actor(), chat.MemberMerge{
		From:         in.MemberID,
		Into:         in.Body.Into,
		Reason:       reason,
		MayWidenKeys: c.principal.May(chat.ScopeKeysAdmin),
	})
	if err != nil {
		return nil, err
	}

	return &memberOutput{Body: presentMember(stays)}, nil
}
